"""Periodograms on arrays, a module for each method, with the NUFFT that two of them share and what a peak is worth.

They take a checked light curve (`Series`) and frequencies, and know nothing of candidates or of stars. Which method is
called by which name stands in lightcurves.periods.spectra.
"""
