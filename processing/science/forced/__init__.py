"""Forced photometry at given positions, its PSF and systematic errors. Pure."""
