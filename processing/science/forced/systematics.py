"""Systematic errors of forced photometry: the residue that a subtraction leaves of constant stars.

It is measured as forced photometry measures its target. Fluxes of a star in image and reference come from two models of
the PSF. How well these agree near a position shows in the difference alone: constant stars should be gone from it.
"""

from __future__ import annotations

import numpy as np

from archive.survey.robust import robust_scatter
from processing.science.forced.psf import (
    HALF,
    MIN_TIED,
    ForcedConfig,
    LocalPsf,
    Section,
    amplitude,
    box_of,
    fit_radius,
    move,
    radius_of,
    scatter,
)

STEPS, MOST = 60, 0.05  # scatters that are tried, and the largest of them, relative
CLIP = 4.0  # sigmas
LARGEST = 0.3  # of a star's flux; what changed by more varies


def difference_stamp(section: Section, found: LocalPsf, x: float, y: float, config: ForcedConfig) -> np.ndarray:
    """The difference's PSF at a place, (25, 25) about its nearest pixel, of sum 1.

    Only the one at the centre of the image is known. Under a deep reference it is the science image's, which is known
    at the place itself; otherwise it is taken to change as that one does.
    """
    _, psf = section.of_difference()
    here, central = psf / psf.sum(), section.central_psf
    if found.model is not None and central is not None and central.any():
        central = central / central.sum()
        if np.abs(here - central).max() < config.alike * central.max():
            return found.at(x, y)
        here = here + found.at(round(float(x)), round(float(y))) - central
    return move(here, x - round(float(x)), y - round(float(y)))


def residue_of_stars(section: Section, found: LocalPsf, config: ForcedConfig) -> tuple[float, float]:
    """Residue of the stars that gave the PSF in the difference, relative to their flux: its mean, and how far a single
    star may be from it beyond its noise. Where too few tell: 0, and the error of the PSF."""
    difference, _ = section.of_difference()
    stars, bad = section.stars, section.bad | ~np.isfinite(difference)
    if len(found.rows) < MIN_TIED:
        return 0.0, found.error
    level, noise = np.median(difference[~bad][::3]), scatter(difference[~bad][::3])
    reach = fit_radius(difference_stamp(section, found, section.x, section.y, config), config)
    measured = []
    for k in found.rows:
        x, y, light = stars.x[k], stars.y[k], stars.flux[k]
        box, inner = box_of(x, y, difference.shape)
        if box is None or not inner.size == inner.sum() == (2 * HALF + 1) ** 2:
            continue
        stamp = difference_stamp(section, found, x, y, config)
        use = (radius_of(x, y) <= reach) & ~bad[box] & (stamp > 0)
        photons = light * np.maximum(stamp, 0) * (1 / section.gain + 1 / section.reference_gain)
        flux, sigma = amplitude(difference[box] - level, stamp, noise**2 + photons, use)
        measured.append((flux * found.scale / light, sigma * found.scale / light))
    values = np.array(measured).reshape(-1, 2)
    values = values[np.isfinite(values).all(axis=1) & (np.abs(values[:, 0]) < LARGEST)]
    if len(values) < MIN_TIED:
        return 0.0, found.error
    mean, error, excess = mean_and_excess(values[:, 0], values[:, 1], config.least_error)
    return mean, float(np.hypot(error, excess))


def mean_and_excess(values: np.ndarray, noises: np.ndarray, least: float) -> tuple[float, float, float]:
    """The mean of values with Gaussian noises (n,), its error, and their scatter beyond the noise, `least` at least.

    The scatter is the most likely one; values of 4 sigma and more are left out.
    """
    steps, keep = np.geomspace(least, MOST, STEPS)[:, None], np.ones(len(values), bool)
    mean, excess = np.median(values), robust_scatter(values)
    for _ in range(4):
        keep = np.abs(values - mean) < CLIP * np.hypot(noises, excess)
        variance = noises[keep] ** 2 + steps**2
        means = (values[keep] / variance).sum(axis=1) / (1 / variance).sum(axis=1)
        likelihood = -(np.log(variance) + (values[keep] - means[:, None]) ** 2 / variance).sum(axis=1)
        best = int(np.argmax(likelihood))
        mean, excess, error = means[best], steps[best, 0], (1 / variance[best]).sum() ** -0.5
    return float(mean), float(error), float(excess)
