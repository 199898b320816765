"""The science pipeline: from a raw quadrant to a calibrated image with catalogs."""
