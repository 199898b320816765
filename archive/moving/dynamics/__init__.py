"""Orbits and where they are seen: elements, n-body motion, ephemerides, crossings. Pure; no Django."""

from archive.moving.dynamics.crossings import Crossings, ExposureTable, exposures_crossed
from archive.moving.dynamics.ephemeris import Ephemeris, ephemeris
from archive.moving.dynamics.errors import (
    BadOrbitError,
    DynamicsError,
    EphemerisOutOfRangeError,
    UnknownObservatoryError,
)
from archive.moving.dynamics.observer import ZTF, Observer, observer_at, utc_to_tdb
from archive.moving.dynamics.orbit import AsteroidElements, CometElements, Orbit, state_at_epoch
from archive.sky.sphere import point_in_quadrilateral, unit_vectors

__all__ = [
    "ZTF",
    "AsteroidElements",
    "BadOrbitError",
    "CometElements",
    "Crossings",
    "DynamicsError",
    "Ephemeris",
    "EphemerisOutOfRangeError",
    "ExposureTable",
    "Observer",
    "Orbit",
    "UnknownObservatoryError",
    "ephemeris",
    "exposures_crossed",
    "observer_at",
    "point_in_quadrilateral",
    "state_at_epoch",
    "unit_vectors",
    "utc_to_tdb",
]
