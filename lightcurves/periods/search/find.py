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

from dataclasses import dataclass, field, replace

import numpy as np

from lightcurves.periods.config import PeriodConfig
from lightcurves.periods.grid import FrequencyGrid, NoSpanError, Series, baseline_of, frequency_grid, split_bands
from lightcurves.periods.methods.fold import dispersion
from lightcurves.periods.methods.lombscargle import multiband_power
from lightcurves.periods.methods.significance import log_false_alarm
from lightcurves.periods.search import confidence
from lightcurves.periods.search.candidates import (
    Range,
    nightly,
    polished,
    refined,
    related,
    relatives,
    scatter_of_parts,
)
from lightcurves.periods.search.confidence import Known
from lightcurves.periods.search.cycles import fold_curve, resolution
from lightcurves.periods.search.multiples import Chosen, moved, multiple_of, polished_fold
from lightcurves.periods.search.trends import Steady, calmed, steady
from lightcurves.periods.spectra import bins_for, top_peaks

RANKED = 10
_CLOSER = 25  # candidates that are folded at several resolutions
_SCAN_BINS = 20
_MOST_BINS = 40
LEAST_CYCLES = 2.0
NIGHTLY = 0.02  # cycles per day from whole numbers: where aliases of slow changes lie
DRIFT_CYCLES = 4.0  # what comes back fewer times within the points is a drift
LEAST_OVER_TREND = 40.0  # log-likelihood that a short period adds to a trend; chance in all trials adds half of it


@dataclass(frozen=True)
class Candidate:
    """A period and its uncertainty (days); score: share of the scatter that goes when folded, 0..1."""

    period: float
    period_error: float
    score: float


@dataclass(frozen=True)
class PeriodResult:
    """The result of find_period.

    period, period_error : days; the error holds if the period is the right one
    confidence : chance that it is the right one (not half, double or an alias), calibrated on simulations
    log_false_alarm : natural log of the chance that noise makes the highest Lomb-Scargle peak
    theta : folded scatter over total scatter at the period
    amplitude : mag, 5th to 95th percentile of the folded curve, band with most points
    shape : "dip", "wave" or "free", by which rule the multiple was chosen
    rival : the best period that is no small multiple, days; None without one
    candidates : ranked, best first
    frequencies, power : the multiband Lomb-Scargle periodogram, cycles/day and 0..1; with a trend: of what it leaves
    known : what the confidence rests on
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
    known: Known = field(repr=False)
    n_points: int
    n_bands: int

    @property
    def false_alarm(self) -> float:
        """Chance that noise makes the highest Lomb-Scargle peak."""
        return float(np.exp(self.log_false_alarm))


@dataclass(frozen=True)
class _Searched:
    """A part of the range that was searched: its bands, its Lomb-Scargle power (share of its own chi-square), the
    candidates by folded scatter, least first, and that scatter over the scatter of the points as they were given."""

    bands: list[Series]
    grid: FrequencyGrid
    within: Range
    power: np.ndarray
    ranked: np.ndarray
    theta: np.ndarray
    share: float = 1.0
    window: float | None = None


def find_period(t, mag, err, band=None, config: PeriodConfig | None = None, curve=None) -> PeriodResult:
    """Find the period of a light curve in any number of bands.

    Parameters
    ----------
    t : array (n,), days
    mag, err : arrays (n,), magnitudes
    band : array (n,) or None
        A label per point; bands share the period, not the shape.
    config : PeriodConfig
    curve : array (n,) or None
        A label per point: the light curve that it is of. Those of one band share the shape, each with its own offset.

    Returns
    -------
    PeriodResult
        The period and all candidates lie in 1/fmax .. 1/fmin.

    Raises
    ------
    UnusableLightCurveError
        where no band can be searched: too few points, no span, no variation.
    ValueError
        where shapes differ, or fmin is not below fmax.
    """
    config = config or PeriodConfig()
    bands = [calmed(series) for series in split_bands(t, mag, err, band, config.error_floor, curve)]
    baseline = baseline_of(bands)
    within = _range(config, baseline)
    grid = frequency_grid(baseline, within.low, within.high, config.oversample)
    searched, power = _search(bands, grid, within, baseline, config)
    chosen, bands = multiple_of(searched.bands, searched.ranked[0], within, searched.window, baseline, config)
    return _result(bands, chosen, searched, within, grid, power, baseline)


def _range(config: PeriodConfig, baseline: float) -> Range:
    if config.fmin is not None:
        return Range(config.fmin, config.fmax)  # frequency_grid refuses what is no range
    fmin = 0.5 / baseline
    if not fmin < config.fmax:
        raise NoSpanError(
            f"the points span {baseline:.3g} days: a period of 1/{config.fmax:g} days needs half of it at least"
        )
    return Range(fmin, config.fmax)


def _search(bands, grid, within: Range, baseline: float, config) -> tuple[_Searched, np.ndarray]:
    """The part of the range that holds the best candidate, and the power of all of it.

    With a trend, all of the range is searched in the points as they are, and short periods in what the trend leaves as
    well: a period next to a whole number of cycles per day looks like a trend, and is none. The best of the points as
    they are has to describe them better than the trend with the best of the others does.
    """
    flat = steady(bands)
    places = 0 if flat is None else int(np.clip(np.ceil((1.0 / flat.longest - grid.start) / grid.step), 0, grid.n))
    if flat is None or places == grid.n:
        power = multiband_power(bands, grid)
        return _ranked(bands, grid, within, power, baseline, config), power
    fast_grid = FrequencyGrid(grid.start + places * grid.step, grid.step, grid.n - places)
    fast_power = multiband_power(flat.bands, fast_grid)
    fast = _ranked(flat.bands, fast_grid, Range(fast_grid.start, within.high), fast_power, baseline, config, flat)
    share = sum(series.chi2 for series in flat.bands) / sum(series.chi2 for series in bands)
    if not places:
        return fast, share * fast_power
    raw_power = multiband_power(bands, grid)
    slow = _without_drifts(_ranked(bands, grid, within, raw_power, baseline, config), fast_grid.start, baseline)
    if not slow.ranked.size:
        return fast, share * fast_power
    both = np.concatenate([raw_power[:places], share * fast_power])
    return (fast if _faster(fast, slow, flat, bands, baseline) else slow), both


def _without_drifts(found: _Searched, above: float, baseline: float) -> _Searched:
    """Without the short periods, `above` a frequency, that put the points in order of time: folds of a drift."""
    keep = np.array([f < above or not nightly(f, DRIFT_CYCLES / baseline, most=4) for f in found.ranked], bool)
    return replace(found, ranked=found.ranked[keep], theta=found.theta[keep])


def _faster(fast: _Searched, slow: _Searched, flat: Steady, bands, baseline: float) -> bool:
    """Whether a trend with a short period describes the points better than a long period does."""
    half = 0.5 * sum(series.t.size for series in bands)
    frequency, n_bins = polished_fold(fast.bands, fast.ranked[0], baseline, fast.within)
    anew = moved(fast.bands, frequency, n_bins, fast.window)
    theta = flat.share_of(anew, bands) * float(dispersion(anew, [frequency], n_bins, covers=3)[0])
    theta = max(min(theta, float(fast.theta[0])), 1e-12)
    # What is slow comes back beside each whole number of cycles per day: there it has to be beaten clearly.
    asked = LEAST_OVER_TREND if nightly(frequency, 1.0 / flat.longest) else 0.0
    over_slow, over_trend = half * np.log(slow.theta[0] / theta), half * np.log(flat.share / theta)
    return bool(over_slow > asked and over_trend > LEAST_OVER_TREND)


def _ranked(
    bands, grid: FrequencyGrid, within: Range, power, baseline: float, config, flat: Steady | None = None
) -> _Searched:
    """Candidates by folded scatter."""
    frequencies = grid.frequencies()
    apart = 2.0 / baseline
    peaks = top_peaks(power, frequencies, config.n_peaks, apart)
    if power.max() < config.plain_sine:
        scanned = dispersion(bands, frequencies, min(bins_for(bands, _MOST_BINS), _SCAN_BINS), covers=1)
        peaks = np.union1d(peaks, top_peaks(-scanned, frequencies, config.n_peaks, apart))
    trial = relatives(frequencies[peaks], max(within.low, min(2.0 / baseline, within.high / 2)), within.high)
    trial = trial if trial.size else frequencies[peaks]
    n_bins = max(bins_for(bands, _MOST_BINS), 8)
    found, theta = refined(bands, trial, n_bins, grid.step, within)
    order = _distinct(found, theta, 1.0 / baseline)
    found, theta = found[order], theta[order]
    some = min(_CLOSER, found.size)
    for k in range(some):
        n = resolution(bands, found[k])
        theta[k] = min(theta[k], dispersion(bands, [found[k]], n, covers=3)[0])
    order = np.argsort(theta[:some], kind="stable")
    share, window = (1.0, None) if flat is None else (flat.share, 2.0 * flat.longest)
    return _Searched(bands, grid, within, power, found[:some][order], share * theta[:some][order], share, window)


def _distinct(frequencies, theta, apart: float) -> np.ndarray:
    """Places of the frequencies, best first, without those next to a better one."""
    kept: list[int] = []
    for k in np.argsort(theta, kind="stable"):
        if all(abs(frequencies[k] - frequencies[j]) > apart for j in kept):
            kept.append(int(k))
        if len(kept) > 2 * _CLOSER:
            break
    return np.array(kept)


def _result(bands, chosen: Chosen, searched: _Searched, within: Range, grid, power, baseline: float) -> PeriodResult:
    frequency = chosen.frequency
    n_bins = resolution(bands, frequency)
    frequency, error = polished(bands, frequency, n_bins, baseline, within)
    error = float(np.hypot(error, scatter_of_parts(bands, frequency, error, n_bins, baseline, within)))
    own = searched.share * float(dispersion(bands, [frequency], n_bins, covers=3)[0])
    n = sum(series.t.size for series in bands)
    width = 1.0 / baseline
    candidates = [Candidate(1.0 / frequency, error / frequency**2, 1.0 - own)]
    for other, value in zip(searched.ranked, searched.theta, strict=True):
        if abs(other - frequency) > width and len(candidates) < RANKED:
            candidates.append(_candidate(float(other), float(value), n, baseline))
    rivals = [candidate for candidate in candidates[1:] if not related(1.0 / candidate.period, frequency, width)]
    log_false = float(log_false_alarm(searched.power.max(), n, baseline, within.high))
    lead, judged = _lead(rivals, own, n), own / searched.share  # what a trend takes speaks for no period
    if n < 2 * n_bins or frequency * baseline < LEAST_CYCLES:  # any curve lies close to so few
        lead, judged = 0.0, 1.0
    known = confidence.Known(
        lead, chosen.clarity, chosen.shape, judged, n, log_false, frequency * baseline, nightly(frequency, NIGHTLY),
        searched.window is not None, error / frequency,
    )  # fmt: skip
    return PeriodResult(
        period=1.0 / frequency,
        period_error=candidates[0].period_error,
        confidence=confidence.confidence(known),
        log_false_alarm=log_false,
        theta=own,
        amplitude=_amplitude(bands, frequency, n_bins),
        shape=chosen.shape,
        rival=rivals[0].period if rivals else None,
        candidates=tuple(candidates),
        frequencies=grid.frequencies(),
        power=power,
        known=known,
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
    curve = folded.curves[int(np.argmax([series.t.size for series in bands]))]
    return float(np.diff(np.percentile(curve, [5.0, 95.0]))[0])
