"""The archive: products, releases, access rights; every service that hands them out."""
