"""Pipelines of calibrations: bias, flats, the pixel mask, optical distortion."""
