"""What can go wrong with an orbit."""


class DynamicsError(ValueError):
    """Base of this package's errors."""


class BadOrbit(DynamicsError):
    """Elements that describe no orbit, or one that cannot be propagated."""


class UnknownObservatory(DynamicsError):
    """An observatory code that is not in the table."""


class EphemerisOutOfRange(DynamicsError):
    """A time outside the planetary ephemeris."""
