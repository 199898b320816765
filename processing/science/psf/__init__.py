"""The point-spread function: its model, PSF photometry, blended stars. Pure."""
