"""What we hold and who may see it: products, releases, access; every service that hands it out."""
