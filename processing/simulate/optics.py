"""The optics: pointing, distortion, the point-spread function across a quadrant, vignetting.

What belongs to the instrument is a function of the readout channel and never changes; what belongs to one
exposure is drawn from its own random stream.
"""

from dataclasses import dataclass

import numpy as np
from astropy.io.fits import Header
from astropy.wcs import WCS

from archive.survey.camera import Camera, ccd_quadrant, nominal_wcs, pixel_to_plane, plane_to_sky
from processing.simulate.randomness import stream

INSTRUMENT_SEED = 48
POINTING_SCATTER_ARCSEC = 10.0
ROTATION_SCATTER_DEG = 0.01
SCALE_SCATTER = 3e-5
QUADRATIC_PV, CUBIC_PV = (4, 5, 6), (7, 8, 9, 10)
STATIC_PV = {4: 2e-4, 5: 2e-4, 6: 2e-4, 7: 2e-4, 8: 1e-4, 9: 2e-4, 10: 1e-4}
"""Typical size of the distortion's coefficients, as in a real header."""
EXPOSURE_PV = 1e-5
"""How much the quadratic and cubic coefficients change from exposure to exposure."""
VIGNETTING_AT_CORNER = 0.16
FOCAL_RADIUS_DEG = 5.1
HALO_SHARE = 0.12
HALO_WIDTH = 2.0
"""FWHM of the halo over that of the core."""


@dataclass(frozen=True)
class Pointing:
    """The true pointing of the telescope: boresight, rotation (deg), relative scale, change of distortion."""

    ra: float
    dec: float
    rotation: float
    scale: float
    distortion: tuple[float, ...]


@dataclass(frozen=True)
class PointSpread:
    """The point-spread function of one quadrant in one exposure.

    Core: elliptical Moffat, beta 3. Halo: `HALO_SHARE` of the light in a Moffat of beta 2, `HALO_WIDTH`
    times wider and displaced. `fwhm` in pixels; the rows of `terms` multiply (1, u, v, u^2, u v, v^2), u and
    v from -1 to 1 across the quadrant: relative FWHM, e1, e2, halo displacement in x and y (pixels).
    """

    fwhm: float
    terms: np.ndarray


def draw_pointing(rng: np.random.Generator, ra: float, dec: float) -> Pointing:
    """Scatter the telescope about the requested boresight (deg): some 10" and 0.01 deg of rotation."""
    east, north = rng.normal(0, POINTING_SCATTER_ARCSEC / 3600.0 / np.sqrt(2.0), 2)
    true_ra, true_dec = plane_to_sky(east, north, ra, dec)
    count = 2 * len(QUADRATIC_PV + CUBIC_PV)
    return Pointing(
        float(true_ra),
        float(true_dec),
        float(rng.normal(0, ROTATION_SCATTER_DEG)),
        float(1.0 + rng.normal(0, SCALE_SCATTER)),
        tuple(float(value) for value in rng.normal(0, EXPOSURE_PV, count)),
    )


def true_wcs(camera: Camera, rcid: int, pointing: Pointing) -> dict[str, object]:
    """Header cards of the exact WCS (TPV) of a quadrant in one exposure."""
    cards = nominal_wcs(camera, *ccd_quadrant(rcid), pointing.ra, pointing.dec, pointing.rotation)
    rng = stream(INSTRUMENT_SEED, "distortion", rcid)
    change = iter(pointing.distortion)
    for axis in (1, 2):
        cards[f"PV{axis}_1"] = pointing.scale
        for term in QUADRATIC_PV + CUBIC_PV:
            cards[f"PV{axis}_{term}"] = float(rng.normal(0, STATIC_PV[term])) + next(change)
    return cards


def wcs_of(cards: dict[str, object]) -> WCS:
    """An astropy WCS from header cards."""
    return WCS(Header(cards))


def sky_to_pixel(cards: dict[str, object], ra, dec) -> tuple[np.ndarray, np.ndarray]:
    """Positions (deg) to 0-based pixels, distortion included. Positions must lie near the quadrant."""
    x, y = wcs_of(cards).wcs_world2pix(np.asarray(ra, float), np.asarray(dec, float), 0)
    return x, y


def draw_point_spread(rng: np.random.Generator, rcid: int, fwhm: float) -> PointSpread:
    """PSF of one quadrant: the channel's own pattern plus a little of the exposure's focus and tracking."""
    own = stream(INSTRUMENT_SEED, "psf", rcid)
    size = np.array([[0.03], [0.02], [0.02], [0.1], [0.1]]) * np.array([1, 1, 1, 0.5, 0.5, 0.5])
    terms = own.normal(0, 1, (5, 6)) * size
    terms += rng.normal(0, 0.25, (5, 6)) * size
    terms[0, 0] = 0.0
    terms[0, 3] += 0.03
    terms[0, 5] += 0.03
    terms[3:, 0] += own.normal(0, 0.15, 2)
    return PointSpread(float(fwhm), terms)


def point_spread_at(psf: PointSpread, camera: Camera, x, y) -> np.ndarray:
    """FWHM (pixels), e1, e2, halo shift in x and y (pixels) at 0-based pixels: array (5, n)."""
    u, v = 2.0 * np.asarray(x) / camera.nx - 1.0, 2.0 * np.asarray(y) / camera.ny - 1.0
    u, v = np.clip(u, -1.3, 1.3), np.clip(v, -1.3, 1.3)
    values = psf.terms @ np.array([np.ones_like(u), u, v, u * u, u * v, v * v])
    values[0] = psf.fwhm * (1.0 + values[0])
    values[1:3] = np.clip(values[1:3], -0.3, 0.3)
    return values


def vignetting(camera: Camera, rcid: int) -> np.ndarray:
    """Part of the light that reaches each pixel of a quadrant, 1 at the boresight: float32 (ny, nx)."""
    ccdid, qid = ccd_quadrant(rcid)
    step = 32
    x, y = np.arange(0, camera.nx + step, step), np.arange(0, camera.ny + step, step)
    grid_x, grid_y = np.meshgrid(x, y)
    east, north = pixel_to_plane(camera, ccdid, qid, grid_x + 1, grid_y + 1)
    coarse = 1.0 - VIGNETTING_AT_CORNER * (np.hypot(east, north) / (FOCAL_RADIUS_DEG * camera.layout_scale)) ** 4
    return upsample(coarse, step, camera.ny, camera.nx)


def upsample(coarse, step, ny, nx):
    """Bilinear from nodes every `step` pixels to all pixels, float32."""
    fx, fy = np.arange(nx) / step, np.arange(ny) / step
    ix, iy = fx.astype(int), fy.astype(int)
    wx, wy = (fx - ix).astype("f4"), (fy - iy).astype("f4")[:, None]
    coarse = coarse.astype("f4")
    rows = coarse[:, ix] * (1 - wx) + coarse[:, ix + 1] * wx
    return rows[iy] * (1 - wy) + rows[iy + 1] * wy
