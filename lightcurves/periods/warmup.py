"""Load or compile every kernel and plan once, so that no search waits for it."""

import numpy as np

from lightcurves.periods.search.find import find_period
from lightcurves.periods.spectra import METHODS, periodogram


def warm_up() -> None:
    """Search a small light curve by every method (a second, when nothing is cached yet some twenty)."""
    t = np.arange(40.0) ** 1.01
    mag, err, band = np.sin(t) + 0.01 * np.cos(7 * t), np.full(40, 0.02), np.arange(40) % 2
    for method in METHODS:
        periodogram(t, mag, err, band, method, fmax=1.0)
    find_period(t, mag, err, band)
