"""The period search: Lomb-Scargle finds, folding decides.

1. Multiband Lomb-Scargle on a complete grid (a few ms per light curve); a coarse phase-dispersion scan beside
   it, because narrow eclipses leave little in a sine.
2. The best peaks of both, their multiples and their aliases of one and two days are refined and ranked by the
   scatter about the folded, binned curve of all bands.
3. The winner is tried at 2 and 3 times its period: P against 2P with twice the bins are nested models, so
   Fisher's F tells whether odd and even cycles differ. This resolves most eclipsing binaries without doubling
   pulsators; two equal eclipses half a cycle apart cannot be told from one.
"""

from dataclasses import dataclass, field

import numpy as np

from lightcurves.periods.fold import folded_chi2
from lightcurves.periods.grid import MIN_POINTS, TooFewPoints, checked_series, frequency_grid
from lightcurves.periods.lombscargle import false_alarm_probability, multiband_lomb_scargle

SIDEREAL_PER_DAY = 1.00273790935
_POOR_DESCRIPTION = 1.5
_DOUBLINGS = 2


@dataclass(frozen=True)
class PeriodConfig:
    """What the search turns on.

    fmin, fmax : cycles/day (fmin None: half a cycle in the baseline)
    oversample : grid points per peak width
    n_peaks : peaks kept of each scan
    error_floor : mag, added in quadrature to the errors
    scan_by_folding : also scan the grid by phase dispersion
    least_gain : Fisher's F from which 2P and 3P are believed
    """

    fmin: float | None = None
    fmax: float = 10.0
    oversample: float = 5.0
    n_peaks: int = 15
    error_floor: float = 0.01
    scan_by_folding: bool = True
    least_gain: tuple[float, float] = (2.1, 4.0)


@dataclass(frozen=True)
class Candidate:
    """A period (days) and theta, the folded scatter over the total scatter (small is good)."""

    period: float
    theta: float


@dataclass(frozen=True)
class PeriodResult:
    """What find_period found.

    period : days
    confidence : 0..1, how far it beats the best period that is not a multiple of it: 1 - theta/theta_rival
    false_alarm : chance that noise makes the highest Lomb-Scargle peak
    theta : folded scatter over total scatter at the period
    candidates : the ranked rivals, best first
    frequencies, power : the multiband Lomb-Scargle periodogram, cycles/day and 0..1
    n_points : points used
    """

    period: float
    confidence: float
    false_alarm: float
    theta: float
    candidates: tuple[Candidate, ...]
    frequencies: np.ndarray = field(repr=False)
    power: np.ndarray = field(repr=False)
    n_points: int = 0


@dataclass(frozen=True)
class _Bands:
    """Bands without mean: lists of (t, y, w); chi2 of the constant model; points in all."""

    series: list
    chi2: float
    n: int
    baseline: float


def _split(t, mag, err, band, floor):
    """One series per band; bands with fewer than MIN_POINTS points are left out."""
    t, mag, err = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(t, mag, err))
    band = np.zeros(t.shape, dtype=np.int64) if band is None else np.asarray(band)
    if band.shape != t.shape:
        raise ValueError(f"band has {band.size} values: must have {t.size}, one per point")
    usable = np.isfinite(t) & np.isfinite(mag) & np.isfinite(err)
    series = []
    for name in np.unique(band[usable]):
        rows = usable & (band == name)
        if rows.sum() >= MIN_POINTS:
            ts, ys, es = checked_series(t[rows], mag[rows], err[rows])
            series.append((ts, ys, np.hypot(es, floor)))
    if not series:
        raise TooFewPoints(f"{int(usable.sum())} usable points in all: no band has {MIN_POINTS}")
    return series


def _prepare(series):
    first = min(t[0] for t, _, _ in series)
    last = max(t[-1] for t, _, _ in series)
    prepared, chi2 = [], 0.0
    for t, y, err in series:
        w = 1.0 / err**2
        y = y - np.sum(w * y) / np.sum(w)
        chi2 += float(np.sum(w * y * y))
        prepared.append((t - first, y, w))
    n = sum(t.size for t, _, _ in prepared)
    return _Bands(prepared, chi2, n, last - first)


def _theta(bands, frequencies, n_bins, covers=2):
    """Folded scatter over total scatter, per degree of freedom; also the raw chi2 and the bins in use."""
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    chi2, used = np.zeros(frequencies.size), np.zeros(frequencies.size)
    for t, y, w in bands.series:
        folded_chi2(t, y, w, frequencies, n_bins, covers, chi2, used)
    freedom = np.maximum(bands.n - used, 1.0)
    total = bands.chi2 / max(bands.n - len(bands.series), 1)
    theta = (chi2 / freedom) / total if total > 0 else np.ones(frequencies.size)
    return theta, chi2, used


def _bins_for(bands):
    """Phase bins that the best observed band fills with three points each, 8..40: eclipses are narrow."""
    largest = max(t.size for t, _, _ in bands.series)
    return int(np.clip(largest // 3, 8, 40))


def top_peaks(score, n, apart):
    """Indices of the n highest values that lie at least `apart` places from each other."""
    order = np.argsort(score)[::-1]
    taken = np.zeros(score.size, dtype=bool)
    peaks = []
    for k in order:
        if taken[k]:
            continue
        peaks.append(int(k))
        if len(peaks) == n:
            break
        taken[max(0, k - apart) : k + apart + 1] = True
    return np.array(peaks, dtype=np.int64)


def _relatives(frequencies, fmin, fmax):
    """Multiples and daily aliases of the peaks, inside the range."""
    relatives = [frequencies * ratio for ratio in (1.0, 0.5, 2.0, 1.0 / 3.0, 3.0, 1.5, 2.0 / 3.0)]
    for day in (1.0, SIDEREAL_PER_DAY):
        for k in (-2, -1, 1, 2):
            relatives.append(np.abs(frequencies + k * day))
            relatives.append(np.abs(frequencies + k * day) / 2.0)
            relatives.append(np.abs(frequencies / 2.0 + k * day))
    every = np.unique(np.concatenate(relatives))
    return every[(every >= fmin) & (every <= fmax)]


def _refined(bands, frequencies, n_bins, step):
    """Each frequency moved to the best place within one grid step; their thetas."""
    offsets = np.linspace(-1.0, 1.0, 17) * step
    trial = np.maximum(frequencies[:, None] + offsets, step * 1e-3)
    theta = _theta(bands, trial.ravel(), n_bins)[0].reshape(trial.shape)
    best = np.argmin(theta, axis=1)
    rows = np.arange(frequencies.size)
    return trial[rows, best], theta[rows, best]


def _polished(bands, frequency, n_bins):
    """The frequency of least scatter close by, to a few thousandths of a peak's width."""
    step = 0.1 / bands.baseline
    for _ in range(2):
        trial = frequency + np.linspace(-1.0, 1.0, 41) * step
        theta = _theta(bands, trial, n_bins, covers=4)[0]
        low = trial[theta <= theta.min() + 0.02 * (np.median(theta) - theta.min())]
        frequency = float(low.mean())
        step /= 8.0
    return frequency


def _longer_period(bands, frequency, n_bins, least_gain):
    """The frequency divided by 2 or 3, if every second (or third) cycle differs from its neighbours.

    P folded in n bins is nested in 2P folded in 2n bins: the gain is Fisher's F of the added bins. Real
    curves change a little from season to season, which gives F = 1.8 already; least_gain is what is believed.
    Where few bins describe the short period badly (narrow eclipses, few points) nothing can be said.
    """
    described = float(_theta(bands, [frequency], n_bins, covers=1)[0][0])
    for ratio, gain in zip((2, 3), least_gain, strict=True):
        bins = int(np.clip(bands.n // (4 * ratio), 8, n_bins))
        trial = (frequency + np.linspace(-0.3, 0.3, 13) / bands.baseline) / ratio
        theta_short, chi2_short, used_short = _theta(bands, trial * ratio, bins, covers=1)
        _, chi2_long, used_long = _theta(bands, trial, ratio * bins, covers=1)
        k, j = np.argmin(chi2_long), np.argmin(chi2_short)
        added, freedom = used_long[k] - used_short[j], bands.n - used_long[k]
        poor = theta_short[j] > _POOR_DESCRIPTION * described
        if poor or added < 2 or freedom < 5 or trial[k] * bands.baseline < 2.0:
            continue
        if (chi2_short[j] - chi2_long[k]) / added > gain * chi2_long[k] / freedom:
            return float(trial[k])
    return frequency


def _related(a, b, tolerance):
    """Whether two frequencies are small multiples of each other."""
    return any(abs(a * p - b * q) < tolerance * max(p, q) for p in (1, 2, 3, 4) for q in (1, 2, 3, 4))


def find_period(t, mag, err, band=None, config=None):
    """Find the period of a light curve in any number of bands.

    Parameters
    ----------
    t : array (n,), days
    mag, err : arrays (n,), magnitudes
    band : array (n,) or None
        A label per point; bands share the period, not the shape.
    config : PeriodConfig

    Returns
    -------
    PeriodResult

    Raises
    ------
    TooFewPoints
        where no band has five usable points.
    ValueError
        where errors are not positive, shapes differ, or all points are of one moment.
    """
    config = config or PeriodConfig()
    series = _split(t, mag, err, band, config.error_floor)
    bands = _prepare(series)
    if bands.baseline <= 0:
        raise ValueError("all points are of one moment: a period needs a span of time")
    fmin = config.fmin or 0.5 / bands.baseline
    grid = frequency_grid(bands.baseline, fmin, max(config.fmax, 2 * fmin), config.oversample)
    frequencies = grid.frequencies()
    power = multiband_lomb_scargle(series, grid)
    n_bins = _bins_for(bands)
    apart = int(np.ceil(2 * config.oversample))
    peaks = top_peaks(power, config.n_peaks, apart)
    if config.scan_by_folding:
        scanned = _theta(bands, frequencies, min(n_bins, 20), covers=1)[0]
        peaks = np.union1d(peaks, top_peaks(-scanned, config.n_peaks, apart))
    trial = _relatives(frequencies[peaks], 2.0 / bands.baseline, grid.start + grid.step * grid.n)
    if trial.size == 0:
        trial = frequencies[peaks]
    refined, theta = _refined(bands, trial, n_bins, grid.step)
    order = np.argsort(theta)
    refined, theta = refined[order], theta[order]
    best = _polished(bands, refined[0], n_bins)
    for _ in range(_DOUBLINGS):
        best = _longer_period(bands, best, n_bins, config.least_gain)
    return _result(bands, best, n_bins, refined, theta, frequencies, power)


def _result(bands, best, n_bins, refined, theta, frequencies, power):
    width = 1.0 / bands.baseline
    own = float(_theta(bands, [best], n_bins)[0][0])
    own = min(own, float(theta[0]))
    ranked = [Candidate(1.0 / best, own)]
    for frequency, value in zip(refined, theta, strict=True):
        if all(abs(frequency - 1.0 / other.period) > width for other in ranked):
            ranked.append(Candidate(1.0 / float(frequency), float(value)))
        if len(ranked) == 10:
            break
    rivals = [c.theta for c in ranked[1:] if not _related(1.0 / c.period, best, width)]
    confidence = 1.0 - own / min(rivals) if rivals and min(rivals) > 0 else 0.0
    false_alarm = float(false_alarm_probability(power.max(), bands.n, bands.baseline, float(frequencies[-1])))
    return PeriodResult(
        period=1.0 / best,
        confidence=float(np.clip(confidence, 0.0, 1.0)),
        false_alarm=false_alarm,
        theta=own,
        candidates=tuple(ranked),
        frequencies=frequencies,
        power=power,
        n_points=bands.n,
    )
