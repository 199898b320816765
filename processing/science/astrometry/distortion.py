"""The usual projection of a quadrant, beside the camera's nominal geometry: the prior of astrometry.

Solutions of many frames differ by pointing, a little rotation and refraction; what they share (where the quadrant lies
in the focal plane, its scale and turn, its distortion) is a property of the camera. Taken as the first guess it lets
the pattern match search less, and frames with few stars keep the distortion that they cannot measure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from processing.science import tpv
from processing.science.errors import UnusableFrameError


@dataclass(frozen=True)
class DistortionPrior:
    """shift: (2,) deg, of CRVAL in the tangent plane of the nominal one; matrix: (2, 2), found CD times the inverse of
    the nominal; pv: (2, 17); scatter: rms over the frames of the pixel positions about this mean, arcsec, pointing and
    turn of each frame taken out; frames: how many."""

    shift: np.ndarray
    matrix: np.ndarray
    pv: np.ndarray
    scatter: float
    frames: int

    def applied(self, nominal: tpv.Tpv) -> tpv.Tpv:
        """The nominal projection of another frame of the quadrant, with what is known of it."""
        crval = np.array(tpv.deproject(self.shift[0], self.shift[1], nominal.crval), float)
        return replace(nominal, crval=crval, cd=self.matrix @ nominal.cd, pv=self.pv.copy())


def distortion_prior(
    nominal: Sequence[tpv.Tpv], found: Sequence[tpv.Tpv], shape: tuple[int, int], min_frames: int = 5
) -> DistortionPrior:
    """The median of what frames of one quadrant show.

    Parameters
    ----------
    nominal, found : sequences of Tpv
        Expected and solved projection of each frame, with the same CRPIX.
    shape : (ny, nx)

    Raises
    ------
    UnusableFrameError
        if there are fewer than `min_frames`.

    The coefficients of one frame move together, but all frames fit the same terms in the same units, so that the
    median of each coefficient follows the distortion that they share; `scatter` tells how well.
    """
    if len(found) < min_frames:
        raise UnusableFrameError(
            f"{len(found)} solved frames: a distortion prior needs {min_frames}", frames=len(found)
        )
    shifts = [
        tpv.project(solved.crval[0], solved.crval[1], guess.crval) for guess, solved in zip(nominal, found, strict=True)
    ]
    matrices = [solved.cd @ np.linalg.inv(guess.cd) for guess, solved in zip(nominal, found, strict=True)]
    prior = DistortionPrior(
        np.median(np.array(shifts, float), axis=0),
        np.median(matrices, axis=0),
        np.median([solved.pv for solved in found], axis=0),
        0.0,
        len(found),
    )
    rms = [_misfit(prior.applied(guess), solved, shape) for guess, solved in zip(nominal, found, strict=True)]
    return replace(prior, scatter=float(np.median(rms)))


def _misfit(expected: tpv.Tpv, found: tpv.Tpv, shape: tuple[int, int], side: int = 12) -> float:
    """Rms distance (arcsec) of two projections over the frame after the best linear map between them."""
    ny, nx = shape
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, nx - 1, side), np.linspace(0, ny - 1, side)))
    target = np.column_stack(tpv.project(*tpv.pixel_to_sky(found, x, y), found.crval))
    source = np.column_stack([np.ones(len(x)), *tpv.project(*tpv.pixel_to_sky(expected, x, y), found.crval)])
    left = target - source @ np.linalg.lstsq(source, target, rcond=None)[0]
    return 3600.0 * float(np.sqrt(np.mean(np.sum(left**2, axis=1))))
