"""SODA 1.0: cutouts of images by region, synchronous and as jobs."""
