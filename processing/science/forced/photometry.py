"""Forced photometry: the flux of a point source at a given place on one image, whether or not one is seen there.

Only the amplitude of the PSF is fitted. On a difference image the PSF is that of the difference; on a science image it
is modelled from stars near the place. In both cases the flux scale is that of the image's own PSF catalog, so that the
image's zero point holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sep
from scipy.ndimage import maximum_filter
from scipy.signal import fftconvolve

from archive.sky.sphere import separation
from processing.science.forced.psf import (
    HALF,
    ForcedConfig,
    LocalPsf,
    Section,
    Stars,
    box_of,
    fit_radius,
    half_area,
    model_psf,
    radius_of,
    scatter,
)
from processing.science.forced.systematics import difference_stamp, residue_of_stars

OK, FEW_SKY, MOSTLY_BAD, SOME_BAD, NO_REFERENCE_SOURCE, NO_REFERENCE_CATALOG = 0, 54, 55, 56, 57, 58
OFF_EDGE, FAILED = 61, 64
STATUS = {
    OK: "nothing to remark",
    FEW_SKY: "fewer than 100 usable pixels for the sky: no flux",
    MOSTLY_BAD: "more than half of the pixels of the fit are bad: no flux",
    SOME_BAD: "bad pixels among those of the fit, left out",
    NO_REFERENCE_SOURCE: "no source of the reference within 5 arcsec",
    NO_REFERENCE_CATALOG: "no catalog of the reference",
    OFF_EDGE: "the stamp reaches beyond the image",
    FAILED: "the image could not be measured",
}
MIN_PLACES = 2000  # pixels, of which every twelfth or so is independent
MEDIAN_ERROR = 1.2533  # error of a median over that of a mean


@dataclass(frozen=True)
class Forced:
    """One measurement. flux, sigma (DN of the image's zero point); chi2: reduced; ap, ap_sigma: within the aperture,
    corrected by the factor `correction` for the light outside; sky: level (DN); noise: of a pixel of sky (DN); fwhm
    (px); limit: flux of 5 sigma where nothing shines (DN); stars: of the PSF; error: relative, of its amplitude;
    status: codes, empty where there is nothing to remark. What could not be measured is NaN."""

    flux: float = np.nan
    sigma: float = np.nan
    chi2: float = np.nan
    ap: float = np.nan
    ap_sigma: float = np.nan
    correction: float = np.nan
    sky: float = np.nan
    noise: float = np.nan
    fwhm: float = np.nan
    limit: float = np.nan
    stars: int = 0
    error: float = np.nan
    status: tuple[int, ...] = ()


def measure(section: Section, found: LocalPsf | None = None, config: ForcedConfig | None = None) -> Forced:
    """Forced photometry at the section's place.

    Parameters
    ----------
    found : LocalPsf, from `model_psf`; modelled here where not given

    Returns
    -------
    Forced
        with status FAILED where there is no PSF at all

    The weights of the pixels follow from a model of their variance, not from their own noisy values, which would bias
    the flux: noise of the sky as it is around the place, photons of the catalog's stars there and of the target,
    photons of the reference. The error holds those, the error of the sky's level, and the relative error of the PSF. On
    a difference, what subtraction leaves of constant stars is taken off, in proportion to the reference's flux, and how
    far these are from each other is held.

    Source of the status codes: ZTF Forced Photometry Service (Masci et al. 2023, arXiv:2305.16279).
    """
    config = config or ForcedConfig()
    if section.bad.all():
        return Forced(status=(FEW_SKY,))
    found = found or model_psf(section, config)
    if found is None:
        return Forced(status=(FAILED,))
    return _Measurer(section, found, config).result()


class _Measurer:
    """One measurement, in steps that share the stamp."""

    def __init__(self, section: Section, found: LocalPsf, config: ForcedConfig):
        self.section, self.found, self.config = section, found, config
        self.frame = section.science if section.difference is None else section.difference
        self.bad = section.bad | ~np.isfinite(self.frame)
        # A science image has nothing of the reference in it.
        self.reference_light = 0.0 if section.difference is None else max(section.reference_flux, 0.0)

    def result(self) -> Forced:
        box, inner = box_of(self.section.x, self.section.y, self.frame.shape)
        if box is None:
            return Forced(status=(OFF_EDGE,))
        codes = [] if inner.shape == (2 * HALF + 1, 2 * HALF + 1) else [OFF_EDGE]
        clean, pixels = self._without_neighbours()
        if pixels.sum() < self.config.min_sky:
            return Forced(status=(FEW_SKY, *codes))
        sky, noise, count = self._sky(clean, pixels)
        psf = self._psf()
        if self.section.difference is not None:
            part = bounds(self.section.x, self.section.y, self.frame.shape, self.config.places)
            noise *= correlation(self.frame[part], self._shows_stars()[part], psf, self.config)
        psf, radius = _part(psf, box, self.section), _part(radius_of(self.section.x, self.section.y), box, self.section)
        fwhm = 2 * np.sqrt(half_area(self._psf()) / np.pi)
        within = radius <= fit_radius(self._psf(), self.config)
        bad = self.bad[box] | (psf <= 0)
        share = (self.bad[box] & within).sum() / max(within.sum(), 1)
        if share > 0.5:
            return Forced(sky=sky, noise=noise, fwhm=fwhm, status=(MOSTLY_BAD, *codes))
        codes = ([SOME_BAD] if share else []) + codes
        light = clean[box].astype(float) - sky
        static = self._static_variance(box, psf)
        flux, sigma, variance = self._fit(light, psf, within & ~bad, noise, static, count)
        chi2 = self._chi2(light, psf, within & ~bad, flux, variance)
        ap, ap_sigma, correction = self._aperture(light, variance, psf, box)
        scale = self.found.scale
        empty = noise * np.sqrt(1 / (psf[within & ~bad] ** 2).sum())
        reference_light = self.reference_light / scale
        residue, residue_error = (
            residue_of_stars(self.section, self.found, self.config) if reference_light > 0 else (0.0, 0.0)
        )
        flux -= residue * reference_light
        systematic = np.hypot(self.found.error * flux, residue_error * reference_light)
        return Forced(
            flux=float(flux * scale), sigma=float(np.hypot(sigma, systematic) * scale), chi2=float(chi2), ap=ap,
            ap_sigma=float(np.hypot(ap_sigma, systematic * scale)), correction=correction, sky=float(sky),
            noise=float(noise), fwhm=float(fwhm), limit=float(5 * empty * scale), stars=self.found.stars,
            error=self.found.error, status=tuple(codes),
        )  # fmt: skip

    def _without_neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """The frame without the catalog's other stars (in a difference they are gone), and pixels that show sky."""
        section, s = self.section, self.section.stars
        rows, columns = np.ogrid[: self.frame.shape[0], : self.frame.shape[1]]
        radius = np.hypot(columns - section.x, rows - section.y)
        reach = self.config.noise_radius + HALF
        near = np.flatnonzero(np.hypot(s.x - section.x, s.y - section.y) < reach)
        clean, covered = self.frame.astype(np.float32, copy=True), self.bad.copy()
        for k in near:
            box, _ = box_of(s.x[k], s.y[k], self.frame.shape)
            if box is None:
                continue
            covered[box] |= _part(radius_of(s.x[k], s.y[k]), box, _Place(s.x[k], s.y[k])) < self.config.star_radius
            is_target = np.hypot(s.x[k] - section.x, s.y[k] - section.y) <= self.config.same
            if section.difference is None and not is_target:
                stamp = _part(self.found.at(s.x[k], s.y[k]), box, _Place(s.x[k], s.y[k]))
                clean[box] -= (s.flux[k] / self.found.scale * stamp).astype(np.float32)
        return clean, ~covered & (radius > self.config.sky_inner) & (radius < self.config.noise_radius)

    def _shows_stars(self) -> np.ndarray:
        """Pixels near stars of the catalog, and bad ones: bool (ny, nx)."""
        s, covered = self.section.stars, self.bad.copy()
        rows, columns = np.rint(s.y).astype(int), np.rint(s.x).astype(int)
        inside = (rows >= 0) & (rows < covered.shape[0]) & (columns >= 0) & (columns < covered.shape[1])
        covered[rows[inside], columns[inside]] = True
        return maximum_filter(covered.view(np.uint8), round(2 * self.config.star_radius) + 1).view(bool)

    def _sky(self, clean: np.ndarray, pixels: np.ndarray) -> tuple[float, float, int]:
        """Level near the place, noise of a pixel, and how many pixels gave the level."""
        noise = scatter(clean[pixels])
        rows, columns = np.nonzero(pixels)
        near = np.hypot(columns - self.section.x, rows - self.section.y) < self.config.sky_outer
        values = clean[pixels][near] if near.sum() >= self.config.min_sky else clean[pixels]
        middle = np.median(values)
        values = values[np.abs(values - middle) < 3 * noise]
        return float(np.median(values)), noise, len(values)

    def _psf(self) -> np.ndarray:
        """PSF of the frame that is measured, at the place, of sum 1."""
        section = self.section
        if section.difference is None:
            return self.found.at(section.x, section.y)
        return difference_stamp(section, self.found, section.x, section.y, self.config)

    def _static_variance(self, box, psf: np.ndarray) -> np.ndarray:
        """Variance by photons of the catalog's stars, the target's among them, and of the reference, DN^2."""
        section, s = self.section, self.section.stars
        out = np.zeros(psf.shape)
        near = np.flatnonzero(np.hypot(s.x - section.x, s.y - section.y) < 2 * HALF)
        self.known = False
        for k in near:
            out += _overlap(self.found.at(s.x[k], s.y[k]), s.x[k], s.y[k], box) * max(s.flux[k], 0.0)
            self.known |= bool(np.hypot(s.x[k] - section.x, s.y[k] - section.y) <= self.config.same)
        return out / section.gain + self.reference_light * psf / section.reference_gain

    def _fit(self, light, psf, use, noise, static, count):
        """Amplitude and its error, in light of the stamp; variance of the pixels, DN^2."""
        flux = (light[use] * psf[use]).sum() / (psf[use] ** 2).sum()
        for _ in range(2):
            own = 0.0 if self.known else max(flux, 0.0) * np.maximum(psf, 0) * self.found.scale / self.section.gain
            variance = noise**2 + static + own
            weight = psf[use] / variance[use]
            norm = (weight * psf[use]).sum()
            flux = (weight * light[use]).sum() / norm
        level = MEDIAN_ERROR * noise / np.sqrt(count) * weight.sum() / norm
        return flux, float(np.hypot(norm**-0.5, level)), variance

    def _chi2(self, light, psf, use, flux, variance) -> float:
        total = variance + (self.config.profile_error * flux * psf) ** 2
        return float(((light - flux * psf)[use] ** 2 / total[use]).sum() / max(use.sum() - 1, 1))

    def _aperture(self, light, variance, psf, box) -> tuple[float, float, float]:
        """Flux in the aperture and its error in the catalog's unit, and the factor that was applied."""
        x, y = self.section.x - box[1].start, self.section.y - box[0].start
        radius, mask = self.config.aperture / 2, np.ascontiguousarray(self.bad[box])
        light, variance, psf = (np.ascontiguousarray(v, dtype=np.float64) for v in (light, variance, psf))
        ap, _, _ = sep.sum_circle(np.where(mask, 0.0, light), [x], [y], radius, mask=mask, subpix=10)
        power, _, _ = sep.sum_circle(variance, [x], [y], radius, subpix=10)
        part, _, _ = sep.sum_circle(psf, [x], [y], radius, subpix=10)
        correction = self.found.scale / float(part[0]) if part[0] > 0 else np.nan
        return float(ap[0] * correction), float(np.sqrt(power[0]) * correction), correction


@dataclass(frozen=True)
class _Place:
    x: float
    y: float


def _part(stamp: np.ndarray, box, place) -> np.ndarray:
    """The part of a stamp about a place that lies in its box."""
    top, left = box[0].start - round(float(place.y)) + HALF, box[1].start - round(float(place.x)) + HALF
    return stamp[top : top + box[0].stop - box[0].start, left : left + box[1].stop - box[1].start]


def _overlap(stamp: np.ndarray, x: float, y: float, box) -> np.ndarray:
    """A stamp about (x, y) on the pixels of another box; 0 beyond the stamp."""
    ny, nx = box[0].stop - box[0].start, box[1].stop - box[1].start
    out = np.zeros((ny, nx))
    dy, dx = round(float(y)) - HALF - box[0].start, round(float(x)) - HALF - box[1].start
    side = 2 * HALF + 1
    y0, y1, x0, x1 = max(dy, 0), min(dy + side, ny), max(dx, 0), min(dx + side, nx)
    if y0 < y1 and x0 < x1:
        out[y0:y1, x0:x1] = np.maximum(stamp[y0 - dy : y1 - dy, x0 - dx : x1 - dx], 0)
    return out


def bounds(x: float, y: float, shape: tuple[int, int], half: int) -> tuple[slice, slice] | None:
    """Rows and columns within `half` pixels of a place; None where the frame has none."""
    rows = slice(max(round(float(y)) - half, 0), min(round(float(y)) + half + 1, shape[0]))
    columns = slice(max(round(float(x)) - half, 0), min(round(float(x)) + half + 1, shape[1]))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def stars_within(catalog, part: tuple[slice, slice]) -> Stars:
    """The sources of a PSF catalog (columns xpos, ypos, flux, snr, sharp, flags) in a part of its image."""
    x = np.asarray(catalog["xpos"], float) - 1 - part[1].start
    y = np.asarray(catalog["ypos"], float) - 1 - part[0].start
    width, height = part[1].stop - part[1].start, part[0].stop - part[0].start
    rows = np.flatnonzero((x > -HALF) & (x < width + HALF) & (y > -HALF) & (y < height + HALF))
    values = (np.asarray(catalog[name], float)[rows] for name in ("flux", "snr", "sharp", "flags"))
    return Stars(x[rows], y[rows], *values)


def correlation(frame: np.ndarray, covered: np.ndarray, psf: np.ndarray, config: ForcedConfig) -> float:
    """Scatter of PSF fluxes at places where nothing shines, over that which the pixels' own scatter lets expect.

    Pixels of a difference are not independent: the reference was interpolated. frame : float32 (ny, nx), DN; covered :
    bool (ny, nx), left out; 1.0 where there are too few places.
    """
    free = ~covered
    if free.sum() < MIN_PLACES:
        return 1.0
    kernel = np.where(radius_of(0, 0) <= fit_radius(psf, config), psf, 0.0)
    values = np.where(free, frame - np.median(frame[free]), 0.0)
    noise = scatter(values[free])
    values = np.clip(values, -5 * noise, 5 * noise)
    fluxes = fftconvolve(values, kernel[::-1, ::-1], mode="same")
    weights = fftconvolve(free.astype(np.float32), kernel[::-1, ::-1] ** 2, mode="same") / (kernel**2).sum()
    places = free & (weights > 0.98)
    if places.sum() < MIN_PLACES:
        return 1.0
    return scatter(fluxes[places]) / (noise * float(np.sqrt((kernel**2).sum())))


def reference_light(catalog, ra: float, dec: float, ratio: float, gain: float, within: float = 1.5) -> dict[str, float]:
    """Light of a reference at a position: `reference_flux` and `reference_gain` of a Section.

    catalog : its PSF catalog, columns ra, dec (deg), flux (DN); ratio : science image over reference, as the pipeline
    of the difference matched them; gain : e-/DN of the reference; within : arcsec
    """
    distance = 3600 * separation(catalog["ra"], catalog["dec"], ra, dec)  # arcsec
    near = int(np.argmin(distance)) if len(distance) else 0
    flux = float(catalog["flux"][near]) * ratio if len(distance) and distance[near] <= within else 0.0
    return {"reference_flux": max(flux, 0.0), "reference_gain": gain / ratio}
