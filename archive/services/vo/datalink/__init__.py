"""DataLink 1.1: everything that belongs to a product, each with what it is to it."""
