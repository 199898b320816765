"""Astrometry: solving, registration of images, optical distortion, frames. Pure."""
