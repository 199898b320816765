"""Periodograms of light curves in several bands, with limits on what one question may cost. No Django."""

from __future__ import annotations

import numpy as np

from lightcurves.periods.choices import HIGHEST_FREQUENCY, METHODS, Peak, Spectrum
from lightcurves.periods.config import PeriodConfig
from lightcurves.periods.costs import seconds
from lightcurves.periods.grid import FrequencyGrid, Series, baseline_of, frequency_grid, split_bands
from lightcurves.periods.methods.boxes import fractions
from lightcurves.periods.search.find import find_period
from lightcurves.periods.spectra import of_bands

MOST_FREQUENCIES = 3_000_000
MOST_SECONDS = 20.0  # of one core, by `lightcurves.periods.costs`
OVERSAMPLE = 5.0
ERROR_FLOOR = 0.01  # mag
N_PEAKS = 10
BOXES, BOX_BINS = (0.01, 0.15), 300  # shortest and longest dip, phase bins: what `bls` looks for unless told
WIDTH = 3000  # values that are handed out


def periodogram(
    t, mag, err, band, method: str = "ls", fmin: float | None = None, fmax: float = 10.0, curve=None, **options
) -> Spectrum:
    """Search a light curve for its period.

    Parameters
    ----------
    t : array (n,), days
    mag, err : arrays (n,), magnitudes
    band : array (n,), a label per point; bands share the period, not the shape
    method : one of METHODS
    fmin, fmax : cycles per day; without fmin: one cycle in the baseline
    curve : array (n,), a label per point, or None: light curves of one band share its shape and differ by offsets
    options : of the method, as lightcurves.periods.periodogram has them

    Raises
    ------
    UnusableLightCurveError
        where no band can be searched; the message says why.
    ValueError
        where a parameter is out of range, or the search would take too long; the message names it.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r}: use one of {', '.join(METHODS)}")
    bands = split_bands(t, mag, err, band, ERROR_FLOOR, curve)
    grid = _grid(bands, fmin, fmax)
    check_cost(method, grid, sum(series.t.size for series in bands), fmax, len(bands))
    if method == "search":
        return _searched(t, mag, err, band, curve, grid, fmax)
    found = of_bands(bands, method, grid, **options)
    peaks, thin = found.peaks(N_PEAKS), _thinned(found.power)
    return Spectrum(method, found.frequency[thin], found.power[thin], peaks, peaks[0].period, grid.n, found.n_points)


def check_cost(method: str, grid: FrequencyGrid, n_points: int, fmax: float, n_bands: int = 1) -> None:
    """Raise ValueError where a periodogram would take much longer than a person waits."""
    bins, durations = (n_bands * BOX_BINS, len(fractions(*BOXES))) if method == "bls" else (0, 1)
    takes = seconds(method, n_points, grid.n, bins, durations)
    if takes > MOST_SECONDS:
        allowed = grid.start + MOST_SECONDS / takes * grid.n * grid.step
        raise ValueError(
            f"fmax={fmax:g}: {method} at {grid.n} frequencies of {n_points} points takes some {takes:.0f} s, at most "
            f"{MOST_SECONDS:g} are given; use ls, or fmax up to {allowed:.3g}"
        )


def _searched(t, mag, err, band, curve, grid: FrequencyGrid, fmax: float) -> Spectrum:
    config = PeriodConfig(fmin=grid.start, fmax=fmax, oversample=OVERSAMPLE, error_floor=ERROR_FLOOR)
    found = find_period(t, mag, err, band, config, curve)
    peaks = tuple(Peak(candidate.period, candidate.period_error, candidate.score) for candidate in found.candidates)
    thin = _thinned(found.power)
    return Spectrum(
        "search", found.frequencies[thin], found.power[thin], peaks, found.period, len(found.power), found.n_points,
        found.confidence,
    )  # fmt: skip


def _grid(bands: list[Series], fmin: float | None, fmax: float) -> FrequencyGrid:
    baseline = baseline_of(bands)
    if not 0 < fmax <= HIGHEST_FREQUENCY:
        raise ValueError(f"fmax={fmax:g}: must be positive and at most {HIGHEST_FREQUENCY:g} cycles per day")
    fmin = 1 / baseline if fmin is None else fmin
    if not 0 < fmin < fmax:
        raise ValueError(f"fmin={fmin:.4g}: must be positive and below fmax={fmax:g} cycles per day")
    grid = frequency_grid(baseline, fmin, fmax, OVERSAMPLE)
    if grid.n > MOST_FREQUENCIES:
        raise ValueError(f"fmax={fmax:g}: {grid.n} frequencies over {baseline:.0f} days; at most {MOST_FREQUENCIES}")
    return grid


def _thinned(power: np.ndarray) -> np.ndarray:
    """Rows to hand out: of each stretch of frequencies the highest."""
    each = -(-len(power) // WIDTH)
    rows = np.arange(0, len(power), each)
    return np.array([start + int(np.argmax(power[start : start + each])) for start in rows])
