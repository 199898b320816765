"""Period search: Lomb-Scargle against its peers, the cost of every method, periods that come back, and confidence.

Cadences are those of real light curves where these are at hand (ZTF_REAL_DATA), else simulated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from bench.periods_catalog import catalog_job
from bench.periods_stars import TOLERANCE, Cadences, real_table
from bench.report import Figure, report
from bench.seeds import require_fresh
from bench.variable_stars import ECLIPSE, KINDS, disturbed, draw, observe
from lightcurves.periods import METHODS, find_period, frequency_grid, lomb_scargle, periodogram
from lightcurves.periods.search import confidence
from lightcurves.periods.search.find import PeriodResult
from lightcurves.periods.warmup import warm_up

NEEDS = ("postgres", "redis")

POINTS, FREQUENCIES, SPAN = 500, 550_000, 2190.0
ROUNDS = 21
TOLERANCES = (1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8, 1e-8, 1e-9)
SLOW = 1e-2  # of a period that is seen a few times only
FIT_SEED, RECOVERY_SEED, CALIBRATION_SEED = 11, 21, 22
CERTAIN = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 1.0)
MIX = (*KINDS, "EA", "EA", "RRab")  # as often as stars are found variable


def run(quick: bool) -> None:
    """Measure, print, and keep."""
    require_fresh("periods", (RECOVERY_SEED, CALIBRATION_SEED))
    warm_up()
    figures, notes = _lomb_scargle(quick)
    figures |= _methods(quick)
    for more, note in (_recovery(quick), _calibration(quick), real_table()):
        figures |= more
        notes += note
    figures |= catalog_job(60 if quick else 300)
    report("periods", figures, notes, quick)


def fit_weights(count: int = 2000, seed: int = FIT_SEED) -> tuple[np.ndarray, np.ndarray]:
    """FOLD and MULTIPLE of search.confidence anew, from stars and cadences the bench does not test on."""
    stars = _mixed(Cadences(0), count, seed)
    folding = np.array([star.folds for star in stars])
    some = [star for star in stars if star.folds]
    fold = confidence.fit(np.array([star.result.known.of_fold() for star in stars]), folding.astype(float))
    multiple = np.array([star.result.known.of_multiple() for star in some])
    return fold, confidence.fit(multiple, np.array([star.right for star in some], float))


def _cpu(call: Callable[[], object], times: int) -> float:
    """Median CPU seconds."""
    return _in_turn([call], times)[0]


def _in_turn(calls: list[Callable[[], object]], times: int) -> list[float]:
    """Median CPU seconds of each; one after the other in every round, so that what else the machine does meets all."""
    for call in calls:
        call()
    spent: list[list[float]] = [[] for _ in calls]
    for _ in range(times):
        for call, own in zip(calls, spent, strict=True):
            start = time.process_time()
            call()
            own.append(time.process_time() - start)
    return [float(np.median(own)) for own in spent]


def _apart(first: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(first - other).max())


def _lomb_scargle(quick: bool) -> tuple[dict[str, Figure], str]:
    import nifty_ls
    from astropy.timeseries import LombScargle

    rng = np.random.default_rng(1)
    t = np.sort(rng.uniform(0.0, SPAN, POINTS))
    err = rng.uniform(0.02, 0.05, POINTS)
    y = 15 + 0.1 * np.sin(2 * np.pi * t / 0.5678) + rng.normal(0, err)
    step = 50.0 / FREQUENCIES
    grid = frequency_grid(1.0 / (5.0 * step), step, 50.0)
    frequencies, top = grid.frequencies(), float(grid.start + grid.step * (grid.n - 1))

    def nifty(eps: float | None = None) -> np.ndarray:
        options = None if eps is None else {"eps": eps}
        return nifty_ls.lombscargle(
            t, y, err, fmin=grid.start, fmax=top, Nf=grid.n, backend="finufft", nthreads=1, finufft_kwargs=options
        ).power

    def astropy_fast() -> np.ndarray:
        return LombScargle(t, y, err).power(frequencies, method="fast", assume_regular_frequency=True)

    some = np.sort(rng.choice(grid.n, 20_000, replace=False))
    exact = LombScargle(t, y, err).power(frequencies[some], method="slow" if quick else "cython")
    ours, single = lomb_scargle(t, y, err, grid), lomb_scargle(t, y, err, grid, single=True)
    # The peer is asked for no more than we give: the loosest tolerance at which it is as right as ours.
    own = _apart(ours[some], exact)
    eps = next((eps for eps in TOLERANCES if _apart(nifty(eps)[some], exact) <= own), TOLERANCES[-1])
    double_time, single_time, nifty_time, usual_time = _in_turn(
        [lambda: lomb_scargle(t, y, err, grid), lambda: lomb_scargle(t, y, err, grid, single=True),
         lambda: nifty(eps), nifty],
        ROUNDS,
    )  # fmt: skip
    astropy_time = _cpu(astropy_fast, 1 if quick else 3)
    name = f"nifty-ls at our accuracy (eps {eps:g})"
    peers = {name: 1e3 * nifty_time, "nifty-ls": 1e3 * usual_time, "astropy fast": 1e3 * astropy_time}
    others = {
        name: _apart(nifty(eps)[some], exact),
        "nifty-ls": _apart(nifty()[some], exact),
        "astropy fast": _apart(astropy_fast()[some], exact),
    }
    median = {"n": ROUNDS, "statistic": "median"}
    return {
        "Lomb-Scargle, 500 points, 5.5e5 frequencies": Figure(1e3 * double_time, "ms CPU", peer=peers, **median),
        "the same in single precision": Figure(1e3 * single_time, "ms CPU", **median),
        "faster than nifty-ls at our accuracy": Figure(nifty_time / double_time, "times", 3.0, "higher"),
        "faster than astropy fast": Figure(astropy_time / double_time, "times", 50.0, "higher"),
        "largest difference from astropy's exact sums": Figure(own, "power", 1e-5, n=len(some), peer=others),
        "the same in single precision, difference": Figure(_apart(single[some], exact), "power"),
    }, ""


def _methods(quick: bool) -> dict[str, Figure]:
    rng = np.random.default_rng(2)
    t = np.sort(rng.uniform(0, SPAN, POINTS))
    y, figures = rng.normal(15, 0.1, POINTS), {}
    for method in METHODS:
        count = 200_000 if method in ("ls", "harmonics") else 20_000
        grid = frequency_grid(SPAN, 0.1, 0.1 + (count if not quick else count // 4) / (5 * SPAN))
        spent = _cpu(lambda grid=grid, method=method: periodogram(t, y, 0.1, None, method, grid), 3)
        figures[f"{method}, 500 points"] = Figure(
            1e6 * spent / grid.n, "us CPU per frequency", n=grid.n, statistic="median"
        )
    return figures


@dataclass(frozen=True)
class Tried:
    """A simulated star and what the search made of it."""

    kind: str
    period: float
    result: PeriodResult

    @property
    def right(self) -> bool:
        """Within TOLERANCE; a long-period variable, seen a few times only, within SLOW."""
        return self.kind != "noise" and abs(self.result.period / self.period - 1) < self.tolerance

    @property
    def folds(self) -> bool:
        """With the period that was found, or a multiple of it."""
        return self.kind != "noise" and confidence.folds(self.result.period, self.period, self.tolerance)

    @property
    def tolerance(self) -> float:
        """Of the period."""
        return SLOW if self.kind == "LPV" else TOLERANCE


def _recovery(quick: bool) -> tuple[dict[str, Figure], str]:
    """Stars of every kind at whole real cadences."""
    rng, count, figures = np.random.default_rng(RECOVERY_SEED), 6 if quick else 40, {}
    cadences = Cadences(1).of_stars
    lines = ["simulated stars at whole real cadences:", "kind      right   half  double  elsewhere"]
    spent, searched = 0.0, 0
    for kind in KINDS:
        tried, n = [], count if quick or not kind.startswith("RR") else 100
        for _ in tqdm(range(n), unit="star", desc=kind, leave=False, disable=None):
            star = draw(kind, rng)
            seen = observe(star, cadences[rng.integers(len(cadences))], rng)
            start = time.process_time()
            tried.append(Tried(kind, star.period, find_period(*seen)))
            spent += time.process_time() - start
            searched += 1
        ratio = np.array([star.result.period / star.period for star in tried])
        right, half, double = (
            float(np.mean(some))
            for some in ([star.right for star in tried], np.abs(ratio - 0.5) < SLOW / 2, np.abs(ratio - 2) < 2 * SLOW)
        )
        lines.append(f"{kind:8} {right:6.3f} {half:6.3f}  {double:6.3f}  {1 - right - half - double:9.3f}")
        target = 0.99 if kind.startswith("RR") else None
        figures[f"{kind}: true period found"] = Figure(right, "of stars", target, "higher", n=n)
    points = np.mean([cadence.t.size for cadence in cadences])
    figures["combined search"] = Figure(searched / spent, "light curves/s/core", better="higher", n=searched)
    return figures, "\n".join(lines) + f"\nmean number of points {points:.0f}\n"


def _mixed(cadences: Cadences, count: int, seed: int) -> list[Tried]:
    """Stars of all kinds at thinned real cadences (30 to 900 points), noisier; an eighth of them mere noise, half with
    the trends, spots and wild points of real ones."""
    rng, tried = np.random.default_rng(seed), []
    for _ in tqdm(range(count), unit="star", desc="mixed", leave=False, disable=None):
        kind = "noise" if rng.uniform() < 0.12 else MIX[rng.integers(len(MIX))]
        star = draw(kind if kind != "noise" else "RRab", rng)
        cadence = cadences.any(rng, int(np.exp(rng.uniform(np.log(30), np.log(900)))))
        t, mag, err, band = observe(star, cadence, rng, scatter=float(np.exp(rng.uniform(0.0, np.log(6.0)))))
        mag = 17.0 + rng.normal(0.0, err) if kind == "noise" else mag
        if rng.uniform() < (0.8 if kind == "noise" else 0.5):
            mag = disturbed(t, mag, rng, star.period if star.factors is ECLIPSE else None)
        tried.append(Tried(kind, star.period, find_period(t, mag, err, band, None, cadence.curve)))
    return tried


def _calibration(quick: bool) -> tuple[dict[str, Figure], str]:
    """Of those with confidence p a fraction p is right: stars and cadences that the weights were not fitted on."""
    tried = _mixed(Cadences(1), 120 if quick else 2000, seed=CALIBRATION_SEED)
    stated, right = np.array([star.result.confidence for star in tried]), np.array([star.right for star in tried])
    lines = ["", "stated confidence and how often it was right (noise stars are never right):"]
    lines.append("confidence     stars  stated   right")
    away = 0.0
    for low, high in zip(CERTAIN[:-1], CERTAIN[1:], strict=True):
        some = (stated >= low) & (stated < high + (high == 1.0))
        if some.any():
            lines.append(
                f"{low:.2f} .. {high:.2f} {some.sum():7d}  {stated[some].mean():6.3f}  {right[some].mean():6.3f}"
            )
            away += some.sum() * abs(stated[some].mean() - right[some].mean())
    figures = {"confidence: mean distance from the fraction right": Figure(away / len(tried), "of 1", n=len(tried))}
    for label, some, target in (("above 0.9", stated > 0.9, 0.95), ("0.99 and more", stated >= 0.99, 0.985)):
        if some.any():
            figures[f"{label}: right"] = Figure(
                float(right[some].mean()), "of stars", target, "higher", int(some.sum())
            )
    return figures, "\n".join(lines) + "\n"
