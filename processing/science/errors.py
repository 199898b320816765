"""Errors of frames that cannot be processed. Each error carries the measurements made so far."""


class ScienceError(Exception):
    """A frame cannot be carried further by one step.

    Parameters
    ----------
    message : str
        Names the quantity, its value, and what would be right.
    **measurements
        Numbers known at that point; the runner stores them with the failed job.
    """

    def __init__(self, message: str, **measurements):
        super().__init__(message)
        self.measurements = measurements


class UnusableFrameError(ScienceError):
    """The pixels themselves are unfit: wrong shape, saturated, not finite, no overscan."""


class NoPsfModelError(ScienceError):
    """Too few clean stars to model the point-spread function."""


class NoAstrometryError(ScienceError):
    """No trustworthy match of the detections to the astrometric catalog."""


class NoPhotometricCalibrationError(ScienceError):
    """No trustworthy zero point from the photometric calibrators."""
