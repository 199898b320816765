"""Pages of products: searches, one product's page, pictures and cutouts, quality, lists of positions and targets.

images, product_rows
            the search, an image's page, and rows as tables show them
sky         the sky map
quality     quality numbers of a set of images
positions, targets
            products around lists
"""
