"""Errors of orbits: what can go wrong with one."""


class DynamicsError(ValueError):
    """Base of this package's errors."""


class BadOrbitError(DynamicsError):
    """Elements that describe no orbit, or one that cannot be propagated."""


class UnknownObservatoryError(DynamicsError):
    """An observatory code that is not in the table."""


class EphemerisOutOfRangeError(DynamicsError):
    """A time outside the planetary ephemeris."""
