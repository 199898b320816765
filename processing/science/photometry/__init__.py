"""Photometry: apertures, zero points, star flats, star-galaxy separation, quality. Pure."""
