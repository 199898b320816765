"""Motions on the sky from the points of light curves: straight lines through positions in time.

Parallax is not fitted: over years it averages out, and 1 mas of it is 1 % of the least motion that is acted upon.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lightcurves.photometry.columns import FAST, MIDDLE, MOTION

LEAST_POINTS = 5
LEAST_DAYS = 30.0  # between first and last: less says nothing of a star's motion
YEAR = 365.25  # d
MAS = 1 / 3.6e6  # deg
SURE = 5.0  # sigmas


def motions(offsets: np.ndarray, mjd: np.ndarray, ra: np.ndarray, dec: np.ndarray, good: np.ndarray) -> dict:
    """Mean place and motion of many sources, whose points lie one after the other.

    Parameters
    ----------
    offsets : int array (n_objects + 1,), points of object i are offsets[i] .. offsets[i + 1] - 1
    mjd, ra, dec : arrays (n,), days, degrees
    good : bool array (n,), points to use

    Returns
    -------
    dict of float64 arrays (n_objects,)
        meanra, meandec (deg) at meanmjd; pmra (times cos(dec)) and pmdec with their errors, mas/yr. The errors follow
        from the scatter about the line. NaN where there are too few points in too short a time.
    """
    offsets = np.ascontiguousarray(offsets, dtype=np.int64)
    mjd, ra, dec = (np.ascontiguousarray(values, dtype=np.float64) for values in (mjd, ra, dec))
    out = np.full((offsets.size - 1, len(MIDDLE) + len(MOTION)), np.nan)
    _lines(offsets, mjd, ra, dec, np.ascontiguousarray(good, dtype=np.bool_), out)
    return {name: out[:, k] for k, name in enumerate((*MIDDLE, *MOTION))}


def is_fast(pmra, pmdec, pmraerr, pmdecerr) -> np.ndarray:
    """Whether motions (mas/yr) are fast and sure enough to look for a star where it has gone: bool array."""
    speed, error = np.hypot(pmra, pmdec), np.hypot(pmraerr, pmdecerr)
    return (speed > FAST) & (speed > SURE * error)


def place_at(mjd: float, meanra, meandec, meanmjd, pmra, pmdec) -> tuple[np.ndarray, np.ndarray]:
    """Right ascension and declination (deg) at a time, from what `motions` gives."""
    years = (mjd - meanmjd) / YEAR
    dec = meandec + pmdec * years * MAS
    return (meanra + pmra * years * MAS / np.cos(np.radians(meandec))) % 360, dec


@njit(cache=True, nogil=True)
def _lines(offsets, t, ra, dec, good, out):
    for i in range(offsets.shape[0] - 1):
        first, last = offsets[i], offsets[i + 1]
        n = 0
        tm = x = y = 0.0
        start, end = np.inf, -np.inf
        for k in range(first, last):
            if good[k]:
                n += 1
                tm += t[k]
                # RA may cross 0 within one star: count from its first point
                x += (ra[k] - ra[first] + 180.0) % 360.0 - 180.0
                y += dec[k]
                start, end = min(start, t[k]), max(end, t[k])
        if n == 0:
            continue
        tm, x, y = tm / n, x / n, y / n
        out[i, 0], out[i, 1], out[i, 2] = (ra[first] + x) % 360.0, y, tm
        if n < LEAST_POINTS or end - start < LEAST_DAYS:
            continue
        cos_dec = np.cos(np.deg2rad(y))
        stt = stx = sty = sxx = syy = 0.0
        for k in range(first, last):
            if good[k]:
                dt = (t[k] - tm) / YEAR
                dx = ((ra[k] - ra[first] + 180.0) % 360.0 - 180.0 - x) * cos_dec / MAS
                dy = (dec[k] - y) / MAS
                stt += dt * dt
                stx += dt * dx
                sty += dt * dy
                sxx += dx * dx
                syy += dy * dy
        out[i, 3], out[i, 4] = stx / stt, sty / stt
        out[i, 5] = np.sqrt(max(sxx - stx * stx / stt, 0.0) / (n - 2) / stt)
        out[i, 6] = np.sqrt(max(syy - sty * sty / stt, 0.0) / (n - 2) / stt)
