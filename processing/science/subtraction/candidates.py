"""Candidates: peaks of the significance image of a difference, and what is measured of each."""

from dataclasses import dataclass

import numpy as np
import sep
from numba import njit
from scipy.interpolate import RectBivariateSpline

from archive.survey.robust import FWHM_TO_SIGMA, robust_scatter
from processing.science.subtraction.zogy import Subtraction

BOX = 31  # side of the stamp that sky and shape are measured on, px
SKY_INNER, SKY_OUTER = 10.0, 15.0
FIT_STEPS = 8
MAX_MOVE = 2.0
APERTURE, BIG_APERTURE = 14.0, 18.0  # diameters, px
NOTHING = -999.0


@dataclass(frozen=True)
class Measured:
    """Candidates as columns, arrays (n,). x, y: 0-based px; positive: brighter than the reference; scorr:
    significance, positive; flux, sigma: of the PSF fit (DN, positive); chi2: reduced; ap, ap_sigma, big,
    big_sigma: fluxes in apertures of 14 and 18 px (DN); sky: local level (DN); a, b: sigmas along and
    across (px); fwhm (px); sumrat, nneg, nbad: of the central 5x5; d_ratio, s_ratio: D and S at the peak
    over their scatter; sharpness: likeness to a point source, 0 to 1."""

    x: np.ndarray
    y: np.ndarray
    positive: np.ndarray
    scorr: np.ndarray
    flux: np.ndarray
    sigma: np.ndarray
    chi2: np.ndarray
    ap: np.ndarray
    ap_sigma: np.ndarray
    big: np.ndarray
    big_sigma: np.ndarray
    sky: np.ndarray
    a: np.ndarray
    b: np.ndarray
    fwhm: np.ndarray
    sumrat: np.ndarray
    nneg: np.ndarray
    nbad: np.ndarray
    d_ratio: np.ndarray
    s_ratio: np.ndarray
    sharpness: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


@njit(cache=True)
def _peaks_kernel(scorr, excluded, threshold, edge):
    ny, nx = scorr.shape
    found = []
    for y in range(edge, ny - edge):
        for x in range(edge, nx - edge):
            value = abs(scorr[y, x])
            if not value > threshold or excluded[y, x]:
                continue
            sign = 1.0 if scorr[y, x] > 0 else -1.0
            highest = True
            for j in range(-2, 3):
                for i in range(-2, 3):
                    other = sign * scorr[y + j, x + i]
                    if other > value or (other == value and (j < 0 or (j == 0 and i < 0))):
                        highest = False
            if highest:
                found.append((x, y))
    return found


def find_peaks(
    scorr: np.ndarray, excluded: np.ndarray, threshold: float = 5.0, edge: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (x, y), 0-based, where |scorr| is above the threshold and highest of its sign within 5x5.

    excluded : bool (ny, nx), pixels that no candidate may stand on; edge : px left out along the edges.
    """
    found = np.array(_peaks_kernel(scorr, excluded, threshold, edge), dtype=int).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def measure(
    subtraction: Subtraction,
    extra_variance: np.ndarray,
    bad: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
) -> Measured:
    """Measure candidates on the difference image; negative ones on its negative.

    Parameters
    ----------
    subtraction : Subtraction
    extra_variance : float32 (ny, nx), DN^2: photon noise of the sources in both images
    bad : bool (ny, nx)
    x, y : peaks, 0-based pixels
    """
    measurer = _Measurer(subtraction, extra_variance, bad)
    rows = [measurer.one(int(column), int(row)) for column, row in zip(x, y, strict=True)]
    names = list(Measured.__dataclass_fields__)
    columns = {name: np.array([row[name] for row in rows], dtype=float) for name in names}
    columns["positive"] = columns["positive"].astype(bool)
    columns["nneg"], columns["nbad"] = columns["nneg"].astype(int), columns["nbad"].astype(int)
    return Measured(**columns)


class _Measurer:
    """Measures one candidate after the other; keeps the splines of the PSFs of the tiles."""

    def __init__(self, subtraction: Subtraction, extra_variance: np.ndarray, bad: np.ndarray):
        self.subtraction, self.extra, self.bad = subtraction, extra_variance, bad
        half = BOX // 2
        self.half = half
        offsets = np.arange(-half, half + 1)
        self.dx, self.dy = np.meshgrid(offsets, offsets)
        self.radius = np.hypot(self.dx, self.dy)
        self.splines: dict[tuple[int, int], tuple] = {}

    def one(self, column: int, row: int) -> dict:
        sign = 1.0 if self.subtraction.scorr[row, column] > 0 else -1.0
        stamp, bad, extra = self._cut(column, row)
        stamp = sign * stamp
        annulus = (self.radius >= SKY_INNER) & (self.radius <= SKY_OUTER) & ~bad
        sky, noise = _sky(stamp[annulus], self.subtraction.noise)
        light = stamp - sky
        variance = noise**2 + np.maximum(extra, 0.0)
        spline, width = self._psf(column, row)
        flux, sigma, chi2, ox, oy = self._fit(light, variance, bad, spline, width)
        shape = self._shape(light, width, ox, oy)
        core = np.s_[self.half - 2 : self.half + 3, self.half - 2 : self.half + 3]
        centre = light[core]
        smooth = _median3(light[self.half - 3 : self.half + 4, self.half - 3 : self.half + 4])
        total = np.abs(smooth).sum()
        fluxes = [self._aperture(light, variance, bad, ox, oy, diameter) for diameter in (APERTURE, BIG_APERTURE)]
        s_ratio = abs(float(self.subtraction.scorr[row, column]))
        return {
            "x": column + ox, "y": row + oy, "positive": sign > 0, "scorr": s_ratio,
            "flux": flux, "sigma": sigma, "chi2": chi2,
            "ap": fluxes[0][0], "ap_sigma": fluxes[0][1], "big": fluxes[1][0], "big_sigma": fluxes[1][1],
            "sky": sign * sky, **shape,
            "sumrat": float(smooth.sum() / total) if total > 0 else 0.0,
            "nneg": int((centre < 0).sum()), "nbad": int(bad[core].sum()),
            "d_ratio": float(light[self.half, self.half] / noise), "s_ratio": s_ratio,
            "sharpness": float(np.exp(-0.5 * (np.log(max(shape["fwhm"], 0.1) / (width / FWHM_TO_SIGMA)) / 0.3) ** 2)),
        }  # fmt: skip

    def _cut(self, column, row):
        """Stamps of difference, bad pixels and extra variance; beyond the edge all is bad."""
        ny, nx = self.bad.shape
        rows, columns = row + self.dy, column + self.dx
        outside = (rows < 0) | (rows >= ny) | (columns < 0) | (columns >= nx)
        rows, columns = np.clip(rows, 0, ny - 1), np.clip(columns, 0, nx - 1)
        difference = self.subtraction.difference[rows, columns].astype(float)
        return difference, self.bad[rows, columns] | outside, self.extra[rows, columns].astype(float)

    def _psf(self, column, row):
        """Spline of the PSF of the difference and the sigma of its core (px)."""
        tile = self.subtraction.tile_of(column, row)
        if tile not in self.splines:
            stamp = self.subtraction.psfs[tile].astype(float)
            half = stamp.shape[0] // 2
            axis = np.arange(-half, half + 1)
            # The area above half maximum of a well sampled profile.
            fine = np.linspace(-half, half, 16 * half + 1)
            spline = RectBivariateSpline(axis, axis, stamp)
            above = (spline(fine, fine) > 0.5 * stamp.max()).sum() / 64.0
            self.splines[tile] = spline, 2 * np.sqrt(above / np.pi) * FWHM_TO_SIGMA
        return self.splines[tile]

    def _fit(self, light, variance, bad, spline, width):
        """Flux, error, reduced chi square and place of the PSF, by Gauss-Newton steps."""
        reach = max(3.0, 2.2 * width)
        size = int(np.ceil(reach)) + 1
        box = np.s_[self.half - size : self.half + size + 1, self.half - size : self.half + size + 1]
        axis = np.arange(-size, size + 1, dtype=float)
        use = (self.radius[box] <= reach) & ~bad[box]
        if use.sum() < 6:
            use = self.radius[box] <= reach
        data, weight = light[box][use], 1.0 / variance[box][use]
        ox = oy = flux = sigma = 0.0
        for step in range(FIT_STEPS):
            model = spline(axis - oy, axis - ox)[use]
            by_x = -spline(axis - oy, axis - ox, dy=1)[use]
            by_y = -spline(axis - oy, axis - ox, dx=1)[use]
            norm = (weight * model * model).sum()
            flux, sigma = (weight * model * data).sum() / norm, norm**-0.5
            if flux <= 0 or step == FIT_STEPS - 1:
                break
            left = data - flux * model
            design = flux * np.column_stack([by_x, by_y])
            matrix = design.T @ (weight[:, None] * design)
            # A prior of half a pixel keeps the faintest where they were found.
            moves = np.linalg.solve(matrix + 4.0 * np.eye(2), design.T @ (weight * left) - 4.0 * np.array([ox, oy]))
            ox, oy = (float(np.clip(old + new, -MAX_MOVE, MAX_MOVE)) for old, new in zip((ox, oy), moves, strict=True))
            if np.abs(moves).max() < 2e-3:
                break
        left = data - flux * spline(axis - oy, axis - ox)[use]
        return float(flux), float(sigma), float((weight * left**2).sum() / max(use.sum() - 3, 1)), ox, oy

    def _shape(self, light, width, ox, oy):
        """Sigmas along both axes from moments under a Gaussian window, the window taken out again."""
        window = 1.5 * width**2 + 0.5
        dx, dy = self.dx - ox, self.dy - oy
        weighted = np.exp(-0.5 * (dx * dx + dy * dy) / window) * light
        total = weighted.sum()
        if total <= 0:
            return {"a": NOTHING, "b": NOTHING, "fwhm": NOTHING}
        moments = np.array([(weighted * u * v).sum() / total for u, v in ((dx, dx), (dx, dy), (dy, dy))])
        low, high = np.linalg.eigvalsh(np.array([[moments[0], moments[1]], [moments[1], moments[2]]]))
        # A Gaussian of variance s under a window w has the variance s w / (s + w).
        minor, major = (s * window / max(window - s, 0.02 * window) for s in (max(low, 0.05), max(high, 0.05)))
        a, b = float(np.sqrt(major)), float(np.sqrt(minor))
        return {"a": a, "b": b, "fwhm": float(2 * np.sqrt(np.log(2) * (a * a + b * b)))}

    def _aperture(self, light, variance, bad, ox, oy, diameter):
        x, y = self.half + ox, self.half + oy
        mask = np.ascontiguousarray(bad)
        flux, _, _ = sep.sum_circle(np.ascontiguousarray(light), [x], [y], diameter / 2, mask=mask, subpix=5)
        power, _, _ = sep.sum_circle(np.ascontiguousarray(variance), [x], [y], diameter / 2, subpix=5)
        return float(flux[0]), float(np.sqrt(power[0]))


def _sky(values: np.ndarray, fallback: float) -> tuple[float, float]:
    """Clipped median and robust scatter."""
    if len(values) < 20:
        return 0.0, fallback
    for _ in range(2):
        middle = np.median(values)
        scatter = robust_scatter(values, middle)
        values = values[np.abs(values - middle) <= 3 * max(scatter, 1e-9)]
    return float(np.median(values)), float(max(scatter, 0.5 * fallback))


def _median3(stamp: np.ndarray) -> np.ndarray:
    """Running median of 3x3 pixels; the border is lost."""
    ny, nx = stamp.shape
    views = [stamp[j : ny - 2 + j, i : nx - 2 + i] for j in range(3) for i in range(3)]
    return np.median(views, axis=0)
