"""Offsets between light curves of one star that come from different fields and quadrants. No Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archive.survey.robust import MAD_TO_SIGMA

WINDOW = 0.5  # d: points of two curves this near in time are a pair
FEWEST_PAIRS = 3
MEDIAN_COST = 1.2533  # by which a median's error exceeds a mean's


@dataclass(frozen=True)
class Offset:
    """The offset of a light curve against another one of its star.

    value : mag, to be taken from the curve; error : mag, None where it is not known; pairs : points in pairs with the
    other curve, 0 where medians were compared; reference : the other curve, or the curve itself where it is the one
    """

    value: float
    error: float | None
    pairs: int
    reference: int


def fitted_offsets(columns: Mapping[str, np.ndarray]) -> dict[int, Offset]:
    """The offset of each light curve against the one of its filter that has most good points.

    Parameters
    ----------
    columns : arrays (n,): oid, filtercode, mjd (d), mag, catflags

    Returns
    -------
    dict
        By oid; of curves without good points none. The reference curve has the offset 0.

    Pairs of points within half a day are compared, so that a variable star has its own changes on neither side; the
    offset is the median of their differences. Where there are fewer than three pairs, medians of the curves are
    compared, which is right for a star that is constant only.
    """
    good = (columns["catflags"] == 0) & np.isfinite(columns["mag"]) & np.isfinite(columns["mjd"])
    oid, band, mjd, mag = (columns[name][good] for name in ("oid", "filtercode", "mjd", "mag"))
    found: dict[int, Offset] = {}
    for code in np.unique(band):
        curves = {int(one): (mjd[oid == one], mag[oid == one]) for one in np.unique(oid[band == code])}
        reference = max(curves, key=lambda one: (len(curves[one][0]), -one))
        for one, curve in curves.items():
            found[one] = Offset(0.0, 0.0, 0, one) if one == reference else _against(curve, curves[reference], reference)
    return found


def _against(curve: tuple, other: tuple, reference: int) -> Offset:
    differences = _pairs(*curve, *other)
    if len(differences) < FEWEST_PAIRS:
        return Offset(float(np.median(curve[1]) - np.median(other[1])), None, 0, reference)
    middle = float(np.median(differences))
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(differences - middle)))
    return Offset(middle, MEDIAN_COST * scatter / len(differences) ** 0.5, len(differences), reference)


def _pairs(mjd: np.ndarray, mag: np.ndarray, other_mjd: np.ndarray, other_mag: np.ndarray) -> np.ndarray:
    """Differences to the nearest point in time of the other curve, where one is near."""
    order = np.argsort(other_mjd)
    times, values = other_mjd[order], other_mag[order]
    after = np.clip(np.searchsorted(times, mjd), 1, max(len(times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    nearest = np.where(np.abs(times[after] - mjd) < np.abs(times[before] - mjd), after, before)
    return (mag - values[nearest])[np.abs(times[nearest] - mjd) <= WINDOW]
