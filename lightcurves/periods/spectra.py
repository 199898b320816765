"""One interface to all methods: light curve in, periodogram with its peaks out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lightcurves.periods.choices import MEANINGS, Peak
from lightcurves.periods.grid import FrequencyGrid, Series, baseline_of, frequency_grid, split_bands
from lightcurves.periods.methods.boxes import boxes_of
from lightcurves.periods.methods.fold import dispersion, entropy_of, variance_ratio
from lightcurves.periods.methods.harmonics import harmonic_power, terms_of
from lightcurves.periods.methods.lombscargle import multiband_power, normalised
from lightcurves.periods.methods.plavchan import plavchan_of

Frequencies = FrequencyGrid | np.ndarray
HARMONICS = 3


@dataclass(frozen=True)
class Periodogram:
    """Power by frequency; whatever the method, more is better.

    method : one of METHODS
    frequency : cycles per day, power : arrays (nf,)
    n_points, n_bands : that were used
    chi2 : of the constant model, where the power is the share of it that a model takes away; else 0
    n_parameters : of that model
    most : the largest power there can be; a parabola through three points may reach beyond it
    """

    method: str
    frequency: np.ndarray = field(repr=False)
    power: np.ndarray = field(repr=False)
    n_points: int
    n_bands: int
    baseline: float
    chi2: float = 0.0
    n_parameters: int = 0
    most: float = np.inf

    def peaks(self, n: int = 10) -> tuple[Peak, ...]:
        """The n highest maxima that lie more than two resolutions (1/baseline) apart, highest first."""
        order = np.argsort(self.frequency)
        frequency, power = self.frequency[order], self.power[order]
        return tuple(self._refined(frequency, power, k) for k in top_peaks(power, frequency, n, 2.0 / self.baseline))

    def _refined(self, frequency: np.ndarray, power: np.ndarray, k: int) -> Peak:
        """The top of the parabola through three points, no farther than half a step away."""
        if not 0 < k < len(power) - 1:
            return Peak(float(1 / frequency[k]), float(0.5 / self.baseline / frequency[k] ** 2), float(power[k]))
        around, values = frequency[k - 1 : k + 2], power[k - 1 : k + 2]
        bend, slope, _ = np.polyfit(around - frequency[k], values, 2)
        shift = 0.0 if bend >= 0 else float(np.clip(-0.5 * slope / bend, *(0.5 * (around[[0, 2]] - frequency[k]))))
        at = float(frequency[k] + shift)
        top = float(values[1] + slope * shift + bend * shift**2) if bend < 0 else float(values[1])
        return Peak(1.0 / at, self._error(frequency, power, k, bend) / at**2, min(top, self.most))

    def _error(self, frequency: np.ndarray, power: np.ndarray, k: int, bend: float) -> float:
        """Of the frequency. chi2 rises by its own value per degree of freedom at one standard deviation; by 1, as the
        uncertainties of the points have it, where the model leaves less than these."""
        if self.chi2 > 0 and bend < 0:
            left = max(1.0 - power[k], 0.0) / max(self.n_points - self.n_parameters, 1)
            return float(np.sqrt(max(left, 1.0 / self.chi2) / -bend))
        half = 0.5 * (power[k] + np.median(power))
        low = k - int(np.argmax(power[k::-1] < half))
        high = k + int(np.argmax(power[k:] < half))
        return max(float(0.5 * (frequency[high] - frequency[low])), 0.5 * _least_step(frequency, k))


def _least_step(frequency: np.ndarray, k: int) -> float:
    """To the nearer neighbour of a frequency inside a list."""
    return float(min(frequency[k] - frequency[k - 1], frequency[k + 1] - frequency[k]))


def top_peaks(power: np.ndarray, frequency: np.ndarray, n: int, apart: float) -> np.ndarray:
    """Places of the n highest local maxima that lie at least `apart` cycles per day from each other."""
    rising = np.r_[True, power[1:] >= power[:-1]]
    falling = np.r_[power[:-1] >= power[1:], True]
    maxima = np.flatnonzero(rising & falling)
    taken: list[int] = []
    for k in maxima[np.argsort(-power[maxima], kind="stable")]:
        if all(abs(frequency[k] - frequency[j]) >= apart for j in taken):
            taken.append(int(k))
            if len(taken) == n:
                break
    return np.array(taken, dtype=np.int64)


@dataclass(frozen=True)
class Method:
    """meaning : of the power, for people; cost : of one point at one frequency, in folds (20 ns); share: see above;
    most : the largest power there can be."""

    meaning: str
    power: Callable[..., np.ndarray]
    cost: float
    share: bool = False
    most: float = np.inf


def _listed(grid: Frequencies) -> np.ndarray:
    return grid.frequencies() if isinstance(grid, FrequencyGrid) else np.asarray(grid, dtype=np.float64)


def _ls(bands: list[Series], grid: Frequencies, shape: str = "own", normalisation: str = "standard") -> np.ndarray:
    if isinstance(grid, FrequencyGrid):
        return multiband_power(bands, grid, shape, normalisation)
    if shape != "own":
        raise ValueError(f"shape={shape!r}: needs a uniform grid of frequencies")
    return normalised(
        harmonic_power(bands, grid, 1), sum(part.chi2 for series in bands for part in series.parts()), normalisation
    )


def _harmonics(bands: list[Series], grid: Frequencies, terms: int = HARMONICS) -> np.ndarray:
    return harmonic_power(bands, grid, terms)


def _aov(bands: list[Series], grid: Frequencies, n_bins: int | None = None) -> np.ndarray:
    return variance_ratio(bands, _listed(grid), n_bins or bins_for(bands))


def _pdm(bands: list[Series], grid: Frequencies, n_bins: int | None = None) -> np.ndarray:
    return 1.0 - dispersion(bands, _listed(grid), n_bins or bins_for(bands))


def _ce(bands: list[Series], grid: Frequencies, n_phase: int | None = None, n_levels: int = 5) -> np.ndarray:
    frequencies = _listed(grid)
    entropy = _averaged(bands, lambda series: entropy_of(series, frequencies, n_phase or bins_for([series]), n_levels))
    return entropy.max() - entropy


def _bls(bands: list[Series], grid: Frequencies, qmin: float = 0.01, qmax: float = 0.15, durations=None) -> np.ndarray:
    frequencies = _listed(grid)
    chi2 = np.array([series.chi2 for series in bands])
    powers = [boxes_of(series, frequencies, qmin, qmax, durations).power for series in bands]
    return np.tensordot(chi2 / chi2.sum(), np.array(powers), axes=1)


def _plav(bands: list[Series], grid: Frequencies, width: float = 0.06, n_worst: int = 10) -> np.ndarray:
    frequencies = _listed(grid)
    return _averaged(bands, lambda series: plavchan_of(series, frequencies, width, n_worst))


def _averaged(bands: list[Series], of: Callable[[Series], np.ndarray]) -> np.ndarray:
    """Mean over the bands, each counting by its points."""
    return np.average([of(series) for series in bands], axis=0, weights=[series.t.size for series in bands])


def bins_for(bands: list[Series], most: int = 20) -> int:
    """Phase bins that the fullest band fills with three points each, 4 .. most."""
    return int(np.clip(max(series.t.size for series in bands) // 3, 4, most))


METHODS = {
    "ls": Method(MEANINGS["ls"], _ls, 0.0, share=True, most=1.0),
    "harmonics": Method(MEANINGS["harmonics"], _harmonics, 0.05, share=True, most=1.0),
    "aov": Method(MEANINGS["aov"], _aov, 1.0),
    "pdm": Method(MEANINGS["pdm"], _pdm, 1.0),
    "ce": Method(MEANINGS["ce"], _ce, 1.0),
    "bls": Method(MEANINGS["bls"], _bls, 4.0, most=1.0),
    "plav": Method(MEANINGS["plav"], _plav, 12.0),
}


def periodogram(
    t,
    mag,
    err,
    band=None,
    method: str = "ls",
    frequencies: Frequencies | None = None,
    fmin: float | None = None,
    fmax: float = 10.0,
    oversample: float = 5.0,
    curve=None,
    **options,
) -> Periodogram:
    """The periodogram of a light curve in any number of bands, which share the period, not the shape.

    Parameters
    ----------
    t : array (n,), days
    mag, err : arrays (n,), magnitudes
    band : array (n,) of labels, or None
    method : one of METHODS
    frequencies : FrequencyGrid, or array (nf,) of any order and spacing; None: a grid from fmin to fmax
    fmin, fmax : cycles per day; without fmin: one cycle in the baseline
    oversample : grid points per width of a peak
    curve : array (n,) of labels, or None: the light curve that each point is of; those of a band differ by offsets
    options : of the method: `shape`, `normalisation` (ls), `terms` (harmonics), `n_bins` (aov, pdm), `n_phase`,
        `n_levels` (ce), `qmin`, `qmax`, `durations` (bls), `width`, `n_worst` (plav)

    Raises
    ------
    UnusableLightCurveError
        where no period can be found in the points: the message says why.
    ValueError
        where a parameter is out of range; the message names it.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r}: use one of {', '.join(METHODS)}")
    bands = split_bands(t, mag, err, band, curve=curve)
    if frequencies is None:
        baseline = baseline_of(bands)
        frequencies = frequency_grid(baseline, 1.0 / baseline if fmin is None else fmin, fmax, oversample)
    return of_bands(bands, method, frequencies, **options)


def of_bands(bands: list[Series], method: str, frequencies: Frequencies, **options) -> Periodogram:
    """As periodogram, of bands that were checked."""
    listed = _listed(frequencies)
    if listed.ndim != 1 or not listed.size or not (np.isfinite(listed).all() and (listed > 0).all()):
        raise ValueError("frequencies: must be positive numbers of cycles per day, at least one")
    chosen = METHODS[method]
    power = chosen.power(bands, frequencies, **options)
    n, chi2, parameters = sum(series.t.size for series in bands), 0.0, 0
    standard = options.get("normalisation", "standard") == "standard"
    if chosen.share and standard:
        terms = options.get("terms", HARMONICS) if method == "harmonics" else 1
        chi2 = sum(part.chi2 for series in bands for part in series.parts())
        parameters = sum(series.n_curves + 2 * terms_of(series, terms) for series in bands) + 1
    return Periodogram(
        method, listed, power, n, len(bands), baseline_of(bands), chi2, parameters, chosen.most if standard else np.inf
    )
