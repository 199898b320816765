"""The period search: Lomb-Scargle finds, folding decides, and cycles that differ tell P from 2P.

1. Multiband Lomb-Scargle on a complete grid. Where a sine leaves much unexplained, a phase-dispersion scan stands
   beside it: narrow eclipses leave little in a sine.
2. The best peaks of both, their multiples and their aliases of the day, the sidereal day, the moon and the year are
   refined and ranked by the scatter about the folded curve of all bands, at the resolution that suits each.
3. The winner is brought to the shortest period that its cycles allow, then to the longest that they ask for
   (`cycles`). A single narrow dip, where cycles do not differ, is weighed as an eclipse alone or one of two
   (`eclipses`); even, symmetric waves of one height in all bands are taken for the two waves of a binary.
4. The confidence is a calibrated chance that all this is right (`confidence`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lightcurves.periods import confidence, waves
from lightcurves.periods.candidates import polished, refined, related, relatives
from lightcurves.periods.cycles import Alternation, alternation, fold_curve, resolution
from lightcurves.periods.eclipses import single_dip
from lightcurves.periods.fold import dispersion
from lightcurves.periods.grid import FrequencyGrid, Series, baseline_of, frequency_grid, split_bands
from lightcurves.periods.lombscargle import multiband_power
from lightcurves.periods.periodogram import bins_for, top_peaks
from lightcurves.periods.significance import log_false_alarm

RANKED = 10
_CLOSER = 25  # candidates that are folded at several resolutions
_SCAN_BINS = 20
_MOST_BINS = 40
_MULTIPLES = (2, 3)
LEAST_GAIN = 3.0  # chi-square per feature, from which cycles differ at all
_SAME = 1.1  # scatter within this factor is the same description


@dataclass(frozen=True)
class PeriodConfig:
    """What the search turns on.

    fmin, fmax : cycles/day (fmin None: half a cycle in the baseline)
    oversample : grid points per peak width
    n_peaks : peaks kept of each scan
    error_floor : mag, added in quadrature to the errors
    plain_sine : share of chi-square that a sine explains, from which no folding scan is needed
    least_margin : logarithm of alternating features over the highest control, from which 2P and 3P are believed
    """

    fmin: float | None = None
    fmax: float = 10.0
    oversample: float = 5.0
    n_peaks: int = 15
    error_floor: float = 0.01
    plain_sine: float = 0.5
    least_margin: tuple[float, float] = (0.4, 0.7)


@dataclass(frozen=True)
class Candidate:
    """A period and its uncertainty (days); score: share of the scatter that goes when folded, 0..1."""

    period: float
    period_error: float
    score: float


@dataclass(frozen=True)
class PeriodResult:
    """What find_period found.

    period, period_error : days; the error holds if the period is the right one
    confidence : chance that it is the right one (not half, double or an alias), calibrated on simulations
    log_false_alarm : natural log of the chance that noise makes the highest Lomb-Scargle peak
    theta : folded scatter over total scatter at the period
    amplitude : mag, 5th to 95th percentile of the folded curve, band with most points
    shape : "dip", "wave" or "free", by which rule the multiple was chosen
    rival : the best period that is no small multiple, days; None without one
    candidates : ranked, best first
    frequencies, power : the multiband Lomb-Scargle periodogram, cycles/day and 0..1
    n_points, n_bands : used
    """

    period: float
    period_error: float
    confidence: float
    log_false_alarm: float
    theta: float
    amplitude: float
    shape: str
    rival: float | None
    candidates: tuple[Candidate, ...]
    frequencies: np.ndarray = field(repr=False)
    power: np.ndarray = field(repr=False)
    features: tuple[float, ...] = field(repr=False, default=())
    n_points: int = 0
    n_bands: int = 0

    @property
    def false_alarm(self) -> float:
        """Chance that noise makes the highest Lomb-Scargle peak."""
        return float(np.exp(self.log_false_alarm))


@dataclass(frozen=True)
class _Chosen:
    """A multiple of the winning frequency, and how clear the choice was (natural log, positive: clear)."""

    frequency: float
    clarity: float
    shape: str


def find_period(t, mag, err, band=None, config: PeriodConfig | None = None) -> PeriodResult:
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
    UnusableLightCurve
        where no band can be searched: too few points, no span, no variation.
    ValueError
        where errors are not positive, or shapes differ.
    """
    config = config or PeriodConfig()
    bands = split_bands(t, mag, err, band, config.error_floor)
    baseline = baseline_of(bands)
    fmin = config.fmin or 0.5 / baseline
    grid = frequency_grid(baseline, fmin, max(config.fmax, 2 * fmin), config.oversample)
    power = multiband_power(bands, grid)
    ranked, theta = _rank(bands, grid, power, baseline, config)
    chosen = _multiple(bands, ranked[0], baseline, grid, config)
    return _result(bands, chosen, ranked, theta, grid, power, baseline)


def _rank(bands, grid: FrequencyGrid, power, baseline: float, config) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies by folded scatter, least first, and that scatter."""
    frequencies = grid.frequencies()
    apart = 2.0 / baseline
    peaks = top_peaks(power, frequencies, config.n_peaks, apart)
    if power.max() < config.plain_sine:
        scanned = dispersion(bands, frequencies, min(bins_for(bands, _MOST_BINS), _SCAN_BINS), covers=1)
        peaks = np.union1d(peaks, top_peaks(-scanned, frequencies, config.n_peaks, apart))
    trial = relatives(frequencies[peaks], min(2.0 / baseline, frequencies[-1] / 2), frequencies[-1])
    trial = trial if trial.size else frequencies[peaks]
    n_bins = max(bins_for(bands, _MOST_BINS), 8)
    found, theta = refined(bands, trial, n_bins, grid.step)
    order = _distinct(found, theta, 1.0 / baseline)
    found, theta = found[order], theta[order]
    some = min(_CLOSER, found.size)
    for k in range(some):
        n = resolution(bands, found[k])
        theta[k] = min(theta[k], dispersion(bands, [found[k]], n, covers=3)[0])
    order = np.argsort(theta[:some], kind="stable")
    return found[:some][order], theta[:some][order]


def _distinct(frequencies, theta, apart: float) -> np.ndarray:
    """Places of the frequencies, best first, without those next to a better one."""
    kept: list[int] = []
    for k in np.argsort(theta, kind="stable"):
        if all(abs(frequencies[k] - frequencies[j]) > apart for j in kept):
            kept.append(int(k))
        if len(kept) > 2 * _CLOSER:
            break
    return np.array(kept)


def _multiple(bands: list[Series], frequency: float, baseline: float, grid, config) -> _Chosen:
    """The multiple of the winning frequency that the cycles ask for."""
    frequency, n_bins = _settled(bands, frequency, baseline)
    highest, clarity = grid.start + grid.step * grid.n, []
    for _ in range(3):  # down to the shortest period whose cycles are alike
        shorter = _shorter(bands, frequency, n_bins, baseline, highest, config)
        if shorter is None:
            break
        frequency, n_bins = shorter
    for _ in range(2):  # and up again as far as cycles differ
        found = {m: alternation(bands, frequency, m, n_bins) for m in _MULTIPLES}
        longer = [m for m in _MULTIPLES if _believed(found[m], m, config) and frequency / m * baseline >= 2.0]
        if not longer:
            clarity.append(-max(_beyond(found[m], m, config) for m in _MULTIPLES))
            break
        best = max(longer, key=lambda m: _beyond(found[m], m, config))
        clarity.append(_beyond(found[best], best, config))
        frequency, n_bins = _settled(bands, frequency / best, baseline)
    else:
        return _Chosen(frequency, min(clarity), "free")
    return _by_shape(bands, _Chosen(frequency, min(clarity), "free"), n_bins, baseline)


def _beyond(found: Alternation, every: int, config: PeriodConfig) -> float:
    """How far the margin lies above what is asked of 2P or 3P."""
    return found.margin - config.least_margin[_MULTIPLES.index(every)]


def _believed(found: Alternation, every: int, config: PeriodConfig) -> bool:
    return found.gain > LEAST_GAIN and _beyond(found, every, config) > 0


def _settled(bands, frequency: float, baseline: float) -> tuple[float, int]:
    """The polished frequency and the phase bins that suit it."""
    n_bins = resolution(bands, frequency)
    frequency, _ = polished(bands, frequency, n_bins, baseline)
    return frequency, resolution(bands, frequency)


def _shorter(bands, frequency: float, n_bins: int, baseline: float, highest: float, config):
    """A half or a third of the period, where that describes the points as well and its cycles do not differ."""
    theta = dispersion(bands, [frequency], n_bins, covers=3)[0]
    for m in _MULTIPLES:
        if frequency * m > highest:
            continue
        shorter, bins = _settled(bands, frequency * m, baseline)
        if abs(shorter - frequency * m) > m * 0.5 / baseline:
            continue
        same = dispersion(bands, [shorter], bins, covers=3)[0] < _SAME * theta
        if same and not _believed(alternation(bands, shorter, m, bins), m, config):
            return shorter, bins
    return None


def _by_shape(bands, chosen: _Chosen, n_bins: int, baseline: float) -> _Chosen:
    """Where cycles do not differ: what the shape of the curve says of P against 2P."""
    if chosen.frequency / 2 * baseline < 2.0:
        return chosen
    dips = single_dip(bands, chosen.frequency, n_bins)
    if dips is not None:
        odds = float(np.clip(dips.log_odds, -20, 20))
        return _Chosen(chosen.frequency / 2 if odds > 0 else chosen.frequency, abs(odds), "dip")
    odds = waves.log_odds_of_two(bands, chosen.frequency)
    if odds is not None:
        return _Chosen(chosen.frequency / 2 if odds > 0 else chosen.frequency, abs(odds), "wave")
    return chosen


def _result(bands, chosen: _Chosen, ranked, theta, grid, power, baseline: float) -> PeriodResult:
    frequency = chosen.frequency
    n_bins = resolution(bands, frequency)
    frequency, error = polished(bands, frequency, n_bins, baseline)
    own = float(dispersion(bands, [frequency], n_bins, covers=3)[0])
    n = sum(one.t.size for one in bands)
    width = 1.0 / baseline
    candidates = [Candidate(1.0 / frequency, error / frequency**2, 1.0 - own)]
    for other, value in zip(ranked, theta, strict=True):
        if abs(other - frequency) > width and len(candidates) < RANKED:
            candidates.append(_candidate(float(other), float(value), n, baseline))
    rivals = [one for one in candidates[1:] if not related(1.0 / one.period, frequency, width)]
    log_false = float(log_false_alarm(power.max(), n, baseline, grid.start + grid.step * grid.n))
    lead, judged = _lead(rivals, own, n), own
    if n < 2 * n_bins:  # so few points lie close to any curve
        lead, judged = 0.0, 1.0
    features = confidence.features(lead, chosen.clarity, chosen.shape, judged, n, log_false)
    return PeriodResult(
        period=1.0 / frequency,
        period_error=candidates[0].period_error,
        confidence=confidence.confidence(features),
        log_false_alarm=log_false,
        theta=own,
        amplitude=_amplitude(bands, frequency, n_bins),
        shape=chosen.shape,
        rival=rivals[0].period if rivals else None,
        candidates=tuple(candidates),
        frequencies=grid.frequencies(),
        power=power,
        features=features,
        n_points=n,
        n_bands=len(bands),
    )


def _lead(rivals: list[Candidate], theta: float, n: int) -> float:
    """Log-likelihood of the period over its best unrelated rival."""
    if not rivals:
        return 0.5 * n
    return 0.5 * n * float(np.log(max(1.0 - rivals[0].score, 1e-9) / max(theta, 1e-9)))


def _candidate(frequency: float, theta: float, n: int, baseline: float) -> Candidate:
    """The error is that of a sine that explains as much (Montgomery & O'Donoghue 1999, DSSN 13, 28)."""
    share = float(np.clip(1.0 - theta, 1e-3, 1.0 - 1e-6))
    error = np.sqrt(6.0 / n) / (np.pi * baseline) * np.sqrt((1.0 - share) / (2.0 * share))
    return Candidate(1.0 / frequency, float(error) / frequency**2, 1.0 - theta)


def _amplitude(bands, frequency: float, n_bins: int) -> float:
    folded = fold_curve(bands, frequency, n_bins)
    curve = folded.curves[int(np.argmax([one.t.size for one in bands]))]
    return float(np.diff(np.percentile(curve, [5.0, 95.0]))[0])
