"""Light on a quadrant: stars, galaxies, trails, ghosts, sky, in electrons before the detector answers."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from archive.survey.camera import Camera
from processing.simulate.conditions import Conditions
from processing.simulate.optics import HALO_SHARE, HALO_WIDTH, PointSpread, point_spread_at, sky_to_pixel

CORE_BETA, HALO_BETA = 3, 2
FWHM_PER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
GAUSS_NODES = np.array([-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526]) / 2
GAUSS_WEIGHTS = np.array([0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538]) / 2
"""Four-point Gauss-Legendre rule across one pixel."""
INTEGRATE_WITHIN = 2.5
"""Pixels nearer than this many FWHM are integrated, farther ones taken at their centre."""
SMALLEST_RADIUS, LARGEST_RADIUS = 6.0, 250.0
CUT_AT_SKY_SIGMA = 0.02
MARGIN = 120.0
"""Stars this many pixels outside still shine into the quadrant,"""
GHOST_MARGIN = 340.0
"""and this many those that throw ghosts and halos."""

EXPONENTIAL_SIGMA = np.array([0.1245, 0.3012, 0.5844, 1.1339])
EXPONENTIAL_SHARE = np.array([0.0085, 0.0654, 0.3136, 0.6125])
"""Four Gaussians for an exponential disc of half-light radius 1: non-negative least squares of the profile
weighted
with radius, the best of all fours from 16 widths; the light within any radius is right to 0.025 of the
total."""

GHOST_BRIGHTER_THAN = 10.0
GHOST_SHARE, GHOST_INNER, GHOST_OUTER = 2e-3, 22.0, 58.0
GHOST_MIRROR = 0.04
"""A ghost lies on the line from the boresight to its star, this part of the distance further out."""
HALO_DISC_SHARE, HALO_DISC_RADIUS = 2e-2, 363.0
TRAIL_STEP = 0.4


@dataclass(frozen=True)
class SatelliteTrail:
    """A satellite across the focal plane: a point on it, direction (deg), crest (DN) and width (px)."""

    east: float
    north: float
    angle: float
    peak: float
    sigma: float = 1.3


@dataclass(frozen=True)
class Scene:
    """Light on one quadrant: electrons (ny, nx) float32 before vignetting, and where each source lies.

    `row` indexes the table of visible sources; x, y are 0-based pixels; flux is in electrons.
    """

    electrons: np.ndarray
    row: np.ndarray
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray


def render_scene(
    camera: Camera,
    visible: np.ndarray,
    cards: dict[str, object],
    psf: PointSpread,
    conditions: Conditions,
    zp: float,
    ghost_offset: tuple[float, float] = (0.0, 0.0),
) -> Scene:
    """Render everything visible on one quadrant.

    Parameters
    ----------
    visible : array of VISIBLE_DTYPE, positions near the quadrant
    cards : the exact WCS of the quadrant
    psf : its point-spread function
    conditions : background (DN) and colour coefficient are used
    zp : zero point of this quadrant, mag for 1 DN in the whole exposure
    ghost_offset : where the ghost of a star at the quadrant's centre lies from it, pixels
    """
    x, y = sky_to_pixel(cards, visible["ra"], visible["dec"])
    near = np.isfinite(x) & np.isfinite(y)
    margin = np.where(visible["mag"] < GHOST_BRIGHTER_THAN, GHOST_MARGIN, MARGIN)
    near &= (x > -margin) & (x < camera.nx + margin) & (y > -margin) & (y < camera.ny + margin)
    row = np.flatnonzero(near)
    part, x, y = visible[row], x[row], y[row]
    mag_instrumental = part["mag"] - zp - conditions.colour_coefficient * part["colour"]
    flux = camera.gain * 10 ** (-0.4 * mag_instrumental.astype("f8"))
    image = _background(camera, conditions.background * camera.gain)
    threshold = CUT_AT_SKY_SIGMA * np.sqrt(conditions.background * camera.gain)
    for piece in _pieces(part, x, y, flux, camera):
        _draw_points(image, camera, psf, threshold, *piece)
    for i in np.flatnonzero(part["mag"] < GHOST_BRIGHTER_THAN):
        dx = ghost_offset[0] + GHOST_MIRROR * (x[i] - (camera.nx - 1) / 2)
        dy = ghost_offset[1] + GHOST_MIRROR * (y[i] - (camera.ny - 1) / 2)
        add_ring(image, x[i] + dx, y[i] + dy, flux[i] * GHOST_SHARE, GHOST_INNER, GHOST_OUTER)
        add_ring(image, x[i], y[i], flux[i] * HALO_DISC_SHARE, 0.0, HALO_DISC_RADIUS)
    return Scene(image, row, x, y, flux)


def _background(camera, level):
    """Sky with a slight slope, electrons."""
    u = np.linspace(-1, 1, camera.nx, dtype="f4")
    v = np.linspace(-1, 1, camera.ny, dtype="f4")[:, None]
    return (level * (1.0 + 0.008 * u - 0.006 * v + 0.004 * u * v)).astype("f4")


def _pieces(part, x, y, flux, camera):
    """Split sources into points and Gaussians: x, y, flux, extra tensor (xx, xy, yy; sigma^2 in pixels^2)."""
    trail = np.hypot(part["trail_east"], part["trail_north"])
    point = (part["radius"] <= 0) & (trail == 0)
    none = np.zeros((3, int(point.sum())))
    yield x[point], y[point], flux[point], none
    galaxy = part["radius"] > 0
    g = part[galaxy]
    radius = g["radius"] / 3600.0 / camera.pixel_scale
    # Position angle runs from north through east; in pixels north is -y and east is -x.
    angle = np.radians(g["angle"].astype("f8"))
    along = np.array([-np.sin(angle), -np.cos(angle)])
    q2 = g["axis_ratio"].astype("f8") ** 2
    shape = np.array(
        [
            along[0] ** 2 + q2 * along[1] ** 2,
            along[0] * along[1] * (1 - q2),
            along[1] ** 2 + q2 * along[0] ** 2,
        ]
    )
    for sigma, share in zip(EXPONENTIAL_SIGMA, EXPONENTIAL_SHARE, strict=True):
        yield x[galaxy], y[galaxy], flux[galaxy] * share, shape * (sigma * radius) ** 2
    for i in np.flatnonzero((part["radius"] <= 0) & (trail > 0)):
        scale = 1.0 / 3600.0 / camera.pixel_scale
        dx, dy = -part["trail_east"][i] * scale, -part["trail_north"][i] * scale
        count = int(np.ceil(np.hypot(dx, dy) / TRAIL_STEP)) + 1
        where = (np.arange(count) + 0.5) / count - 0.5
        yield x[i] + where * dx, y[i] + where * dy, np.full(count, flux[i] / count), np.zeros((3, count))


def _draw_points(image, camera, psf, threshold, x, y, flux, extra):
    """Core and halo of each source."""
    fwhm, e1, e2, shift_x, shift_y = point_spread_at(psf, camera, x, y)
    core = _moffat_tensor(fwhm, e1, e2, extra, CORE_BETA)
    add_moffats(image, x, y, flux * (1 - HALO_SHARE), core, CORE_BETA, threshold, (GAUSS_NODES, GAUSS_WEIGHTS))
    halo = _moffat_tensor(fwhm * HALO_WIDTH, e1, e2, extra, HALO_BETA)
    add_moffats(
        image, x + shift_x, y + shift_y, flux * HALO_SHARE, halo, HALO_BETA, threshold,
        (GAUSS_NODES, GAUSS_WEIGHTS),
    )  # fmt: skip


def _moffat_tensor(fwhm, e1, e2, extra, beta):
    """Squared scale of a Moffat as a tensor (xx, xy, yy), widened by a Gaussian tensor (`extra`, sigma^2).

    Widths are added as if both were Gaussians, which is exact for points and good to a few per cent of the
    width for galaxies.
    """
    per_fwhm2 = 1.0 / (4.0 * (2.0 ** (1.0 / beta) - 1.0))
    scale2 = fwhm**2 * per_fwhm2 / np.sqrt(1.0 - e1**2 - e2**2)
    widen = extra * FWHM_PER_SIGMA**2 * per_fwhm2
    return scale2 * (1 + e1) + widen[0], scale2 * e2 + widen[1], scale2 * (1 - e1) + widen[2]


@njit(cache=True, fastmath=True)
def add_moffats(image, xs, ys, fluxes, tensor, beta, threshold, rule):
    """Add pixel-integrated elliptical Moffat profiles of integer `beta` (2 or 3), in place.

    image : float32 (ny, nx); xs, ys : 0-based pixels; fluxes : total of each profile
    tensor : (xx, xy, yy), squared scale, pixels^2, of intensity (1 + d^T M^-1 d)^-beta
    threshold : profiles are cut where they fall below this value per pixel
    rule : nodes and weights of the integration over a pixel, along one axis
    """
    mxx, mxy, myy = tensor
    nodes, weights = rule
    ny, nx = image.shape
    for i in range(xs.size):
        det = mxx[i] * myy[i] - mxy[i] * mxy[i]
        a, b, c = myy[i] / det, -mxy[i] / det, mxx[i] / det
        norm = fluxes[i] * (beta - 1) / (np.pi * np.sqrt(det))
        scale = np.sqrt(0.5 * (mxx[i] + myy[i]))
        reach = scale * max(norm / threshold, 1.0) ** (0.5 / beta)
        reach = min(max(reach, SMALLEST_RADIUS), LARGEST_RADIUS)
        near2 = (INTEGRATE_WITHIN * 1.1 * scale) ** 2
        for jy in range(max(0, int(ys[i] - reach)), min(ny - 1, int(ys[i] + reach) + 1) + 1):
            dy = jy - ys[i]
            for jx in range(max(0, int(xs[i] - reach)), min(nx - 1, int(xs[i] + reach) + 1) + 1):
                dx = jx - xs[i]
                r2 = dx * dx + dy * dy
                if r2 > reach * reach:
                    continue
                if r2 < near2:
                    value = 0.0
                    for p in range(4):
                        sy = dy + nodes[p]
                        for q in range(4):
                            sx = dx + nodes[q]
                            t = 1.0 + a * sx * sx + 2.0 * b * sx * sy + c * sy * sy
                            value += weights[p] * weights[q] / (t * t * t if beta == 3 else t * t)
                else:
                    t = 1.0 + a * dx * dx + 2.0 * b * dx * dy + c * dy * dy
                    value = 1.0 / (t * t * t if beta == 3 else t * t)
                image[jy, jx] += norm * value


@njit(cache=True)
def add_ring(image, x, y, flux, inner, outer):
    """Add an evenly lit ring (an out-of-focus pupil) of total `flux` between two radii (px), in place."""
    ny, nx = image.shape
    level = flux / (np.pi * (outer * outer - inner * inner))
    for jy in range(max(0, int(y - outer)), min(ny - 1, int(y + outer) + 1) + 1):
        for jx in range(max(0, int(x - outer)), min(nx - 1, int(x + outer) + 1) + 1):
            r2 = (jx - x) ** 2 + (jy - y) ** 2
            if inner * inner <= r2 < outer * outer:
                image[jy, jx] += level


@njit(cache=True)
def add_line(image, x0, y0, cos_angle, sin_angle, peak, sigma):
    """Add an endless line through (x0, y0): Gaussian profile of crest `peak` and width `sigma`, in place."""
    ny, nx = image.shape
    reach = 5.0 * sigma
    for jy in range(ny):
        for jx in range(nx):
            distance = (jx - x0) * sin_angle - (jy - y0) * cos_angle
            if abs(distance) < reach:
                image[jy, jx] += peak * np.exp(-0.5 * (distance / sigma) ** 2)
