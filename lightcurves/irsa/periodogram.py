"""IRSA's periodogram service: what is asked, the periods that are tried, the two tables that answer.

Source: the calls that IRSA's viewer sends (upload, x, y, alg, step_method, pmin, pmax, step_size, peaks); algorithms
and step methods as IPAC's archives describe them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from archive.requests.numbers import real, whole
from archive.services.protocol.errors import BadRequestError
from archive.tables import readers
from archive.tables.fields import Field
from lightcurves.periods.choices import SMOOTHING_BOX, WORST_POINTS
from lightcurves.periods.costs import seconds
from lightcurves.periods.grid import FrequencyGrid, Series, UnusableLightCurveError, split_bands

ALGORITHMS = ("ls", "bls", "plav")
STEP_METHODS = ("exp", "fixedf", "fixedp", "plav")
MOST_PEAKS, DEFAULT_PEAKS = 500, 50
MOST_PERIODS = 1_000_000
DEFAULT_PERIODS = 100_000  # what the default step of `exp` gives at most
MOST_SECONDS = 45.0  # of one core, by `lightcurves.periods.costs`
LEAST, MOST = 1e-9, 1e9  # of a period or a step, in the unit of the times
MOST_CYCLES = 1e7  # of the shortest period in the whole span: memory grows with them
LARGEST_VALUE = 1e30
LEAST_DIP = 1e-4  # qmin: shorter boxes than any number of bins resolves
PHASE_DRIFT = 0.1  # cycles between neighbouring periods over the whole span
MOST_BYTES = 10_000_000
DEFAULT_BINS, MOST_BINS = 50, 2000
PARAMETERS = {
    "upload", "x", "y", "alg", "step_method", "pmin", "pmax", "step_size", "peaks",
    "nbins", "qmin", "qmax", "smooth", "nout", "ID", "BAD_CATFLAGS_MASK",
}  # fmt: skip
PERIODOGRAM_FIELDS = [Field("PERIOD", "double", unit="d", ucd="time.period"), Field("POWER", "double")]
PEAK_FIELDS = [Field("PEAK", "int", ucd="meta.number"), *PERIODOGRAM_FIELDS]


@dataclass(frozen=True)
class Asked:
    """Parameters of a periodogram; None: to be taken from the light curve. pmin, pmax in the unit of the times."""

    alg: str = "ls"
    step_method: str = "exp"
    pmin: float | None = None
    pmax: float | None = None
    step_size: float | None = None
    peaks: int = DEFAULT_PEAKS
    nbins: int = DEFAULT_BINS
    qmin: float = 0.01
    qmax: float = 0.5
    smooth: float = SMOOTHING_BOX
    nout: int = WORST_POINTS


@dataclass(frozen=True)
class Answer:
    """period, power : arrays (n,), ascending in period; peak_period, peak_power : by power, highest first."""

    period: np.ndarray
    power: np.ndarray
    peak_period: np.ndarray
    peak_power: np.ndarray

    def tables(self) -> list[tuple[str, list[Field], list]]:
        """As archive.tables.formats.votable.write_tables takes them: first the periodogram, then the peaks."""
        numbers = np.arange(1, len(self.peak_period) + 1)
        return [
            ("Periodogram", PERIODOGRAM_FIELDS, [self.period, self.power]),
            ("Peaks, sorted by power", PEAK_FIELDS, [numbers, self.peak_period, self.peak_power]),
        ]


def read(parameters: Mapping[str, str]) -> Asked:
    """Check the parameters of a request.

    Raises
    ------
    BadRequestError
    """
    if unknown := sorted(set(parameters) - PARAMETERS):
        raise BadRequestError(f"{unknown[0]}: is no parameter; there are {', '.join(sorted(PARAMETERS))}")
    asked = Asked(
        alg=_choice(parameters, "alg", ALGORITHMS, "ls"),
        step_method=_choice(parameters, "step_method", STEP_METHODS, "exp"),
        pmin=_number(parameters, "pmin"),
        pmax=_number(parameters, "pmax"),
        step_size=_number(parameters, "step_size"),
        peaks=_whole(parameters, "peaks", DEFAULT_PEAKS, 1, MOST_PEAKS),
        nbins=_whole(parameters, "nbins", DEFAULT_BINS, 5, MOST_BINS),
        qmin=_number(parameters, "qmin", 0.01),
        qmax=_number(parameters, "qmax", 0.5),
        smooth=_number(parameters, "smooth", SMOOTHING_BOX),
        nout=_whole(parameters, "nout", WORST_POINTS, 1, 10_000),
    )
    if not LEAST_DIP <= asked.qmin <= asked.qmax < 1:
        raise BadRequestError(f"qmin={asked.qmin:g}, qmax={asked.qmax:g}: need {LEAST_DIP:g} <= qmin <= qmax < 1")
    if not 0 < asked.smooth < 1:
        raise BadRequestError(
            f"smooth={asked.smooth:g}: must be a fraction of a cycle between 0 and 1, for example 0.06"
        )
    return asked


def read_table(body: bytes, x: str | None, y: str | None) -> tuple[np.ndarray, np.ndarray]:
    """The columns x and y of an IPAC table (or of CSV with a header line, or of a VOTable).

    Raises
    ------
    BadRequestError
    """
    if not x or not y:
        raise BadRequestError(f"{'y' if x else 'x'}: name the table's column of the {'values' if x else 'times'}")
    if len(body) > MOST_BYTES:
        raise BadRequestError(f"upload: has {len(body)} bytes; at most {MOST_BYTES}")
    try:
        table = readers.read_table(body)
    except readers.UnreadableTableError as error:
        raise BadRequestError(f"upload: {error}") from error
    columns = []
    for name, column in (("x", x), ("y", y)):
        if column not in table.colnames:
            raise BadRequestError(f"{name}={column}: the table has no such column; it has {', '.join(table.colnames)}")
        try:
            columns.append(readers.numbers(table, column))
        except readers.UnreadableTableError as error:
            raise BadRequestError(f"{name}={error}") from error
    return columns[0], columns[1]


def compute(t, y, asked: Asked, band=None, curve=None) -> Answer:
    """The periodogram of values y at times t, and its highest peaks.

    band, curve : arrays (n,) of labels, or None. Bands share the period only; light curves of a band share its shape as
        well and differ by offsets.

    Raises
    ------
    BadRequestError
    """
    from lightcurves.periods.spectra import top_peaks  # kernels are for the child that searches

    try:
        bands = split_bands(t, y, 1.0, band, 0.0, curve)
    except UnusableLightCurveError as error:
        raise BadRequestError(str(error)) from error
    times = np.sort(np.concatenate([series.t for series in bands]))
    _check_sizes(times, np.concatenate([series.y for series in bands]))
    periods, grid = trial_periods(times, asked)
    _check_cost(len(times), periods, grid, asked)
    power = _power(bands, 1.0 / periods, grid, asked)
    order = np.argsort(periods)
    periods, power = periods[order], power[order]
    frequency = 1.0 / periods[::-1]
    highest = top_peaks(power[::-1], frequency, asked.peaks, 1.0 / np.ptp(times))
    return Answer(periods, power, 1.0 / frequency[highest], power[::-1][highest])


def _check_sizes(t: np.ndarray, y: np.ndarray) -> None:
    """Refuse numbers whose squares, or whose shares of each other, no floating point number holds."""
    span, latest, largest = float(np.ptp(t)), float(np.abs(t).max()), float(np.abs(y).max())
    if not (span >= LEAST and latest <= MOST):
        raise BadRequestError(
            f"x: times up to {latest:g} that span {span:g}; must be up to {MOST:g}, and span {LEAST:g}"
        )
    if not (largest <= LARGEST_VALUE and np.ptp(y) >= 1 / LARGEST_VALUE):
        raise BadRequestError(
            f"y: values up to {largest:g} that span {np.ptp(y):g}; must be up to {LARGEST_VALUE:g}, and span "
            f"{1 / LARGEST_VALUE:g}"
        )


def _check_cost(n: int, periods: np.ndarray, grid: FrequencyGrid | None, asked: Asked) -> None:
    from lightcurves.periods.methods.boxes import fractions

    method = "sine" if asked.alg == "ls" and grid is None else asked.alg
    boxes = {"n_bins": asked.nbins, "n_durations": len(fractions(asked.qmin, asked.qmax)), "signs": 2}
    takes = seconds(method, n, len(periods), **(boxes if asked.alg == "bls" else {}))
    if takes > MOST_SECONDS:
        most = int(len(periods) * MOST_SECONDS / takes)
        which = f", nbins={asked.nbins}, qmin={asked.qmin:g}, qmax={asked.qmax:g}" if asked.alg == "bls" else ""
        raise BadRequestError(
            f"step_size: {len(periods)} periods of {n} points (alg={asked.alg}{which}) take some {takes:.0f} "
            f"s; at most {MOST_SECONDS:g} are given, which is {most} periods"
        )


def trial_periods(t: np.ndarray, asked: Asked) -> tuple[np.ndarray, FrequencyGrid | None]:
    """The periods to try at sorted times t, and their frequencies as a grid where they are evenly spaced.

    Without pmin and pmax: from the median step in time to the whole span. Steps: `fixedf` even in frequency, `fixedp`
    even in period, `exp` by a constant factor 1 + step_size, `plav` by step_size period^2 / span.
    """
    span = float(np.ptp(t))
    steps = np.diff(t)
    pmin = asked.pmin if asked.pmin is not None else float(np.median(steps[steps > 0]))
    pmax = asked.pmax if asked.pmax is not None else span
    if not LEAST <= pmin < pmax <= MOST:
        raise BadRequestError(f"pmin={pmin:g}, pmax={pmax:g}: need {LEAST:g} <= pmin < pmax <= {MOST:g}")
    if span / pmin > MOST_CYCLES:
        raise BadRequestError(
            f"pmin={pmin:g}: is {span / pmin:.3g} cycles in {span:g}; at most {MOST_CYCLES:g} are told apart"
        )
    step = asked.step_size if asked.step_size is not None else _default_step(asked.step_method, pmin, pmax, span)
    if not LEAST**2 <= step <= MOST:
        raise BadRequestError(f"step_size={step:g}: must be from {LEAST**2:g} to {MOST:g}")
    if asked.step_method == "plav":
        step, method = step / span, "fixedf"  # d(1/P) = dP / P^2: the same frequencies
    else:
        method = asked.step_method
    count = {"fixedf": (1 / pmin - 1 / pmax) / step, "fixedp": (pmax - pmin) / step,
             "exp": np.log(pmax / pmin) / np.log1p(step)}[method]  # fmt: skip
    if not count < MOST_PERIODS:
        raise BadRequestError(f"step_size={step:g}: gives {count:.3g} periods; at most {MOST_PERIODS}")
    places = np.arange(int(count + 1e-9) + 1)
    if method == "fixedf":
        grid = FrequencyGrid(1 / pmax, step, len(places))
        return 1.0 / grid.frequencies(), grid
    return (pmin + step * places if method == "fixedp" else pmin * (1 + step) ** places), None


def _default_step(method: str, pmin: float, pmax: float, span: float) -> float:
    if method == "plav":
        return PHASE_DRIFT
    if method == "fixedf":
        return PHASE_DRIFT / span
    if method == "fixedp":
        return max(PHASE_DRIFT * pmin**2 / span, (pmax - pmin) / DEFAULT_PERIODS)
    return max(PHASE_DRIFT * pmin / span, np.log(pmax / pmin) / DEFAULT_PERIODS)


def _power(bands: list[Series], frequencies: np.ndarray, grid: FrequencyGrid | None, asked: Asked) -> np.ndarray:
    """ls: over the variance, so that chance is exp(-power); bls: signal residue; plav: ratio of the scatters.

    Bands count as in lightcurves.periods: by their variance, with plav by their points.
    """
    from lightcurves.periods.methods.harmonics import harmonic_power
    from lightcurves.periods.methods.lombscargle import multiband_power
    from lightcurves.periods.methods.plavchan import plavchan_of

    n = sum(series.t.size for series in bands)
    if asked.alg == "plav":
        powers = [plavchan_of(series, frequencies, asked.smooth, asked.nout) for series in bands]
        return np.average(powers, axis=0, weights=[series.t.size for series in bands])
    if asked.alg == "bls":
        return np.sqrt(sum(_residue(series, frequencies, asked) * series.t.size / n for series in bands))
    power = multiband_power(bands, grid) if grid is not None else harmonic_power(bands, frequencies, 1)
    return 0.5 * (n - 1) * power


def _residue(series: Series, frequencies: np.ndarray, asked: Asked) -> np.ndarray:
    """Variance that a box takes. The values may be magnitudes or fluxes: dips and rises are both boxes."""
    from lightcurves.periods.methods.boxes import boxes_of

    both = (series, replace(series, y=-series.y))
    powers = [boxes_of(each, frequencies, asked.qmin, asked.qmax, n_bins=asked.nbins).power for each in both]
    return np.maximum(*powers) * series.y.var()


def _choice(parameters: Mapping[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    value = (parameters.get(name) or default).strip().lower()
    if value not in known:
        raise BadRequestError(f"{name}={value}: use one of {', '.join(known)}")
    return value


@overload
def _number(parameters: Mapping[str, str], name: str, default: float) -> float: ...
@overload
def _number(parameters: Mapping[str, str], name: str) -> float | None: ...
def _number(parameters: Mapping[str, str], name: str, default: float | None = None) -> float | None:
    text = (parameters.get(name) or "").strip()
    if not text:
        return default
    value = real(text)
    if value is None or value <= 0:
        raise BadRequestError(f"{name}={text}: must be a positive number, for example {name}={default or 0.1}")
    return value


def _whole(parameters: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = (parameters.get(name) or "").strip()
    if not text:
        return default
    number = whole(text, least, most)
    if number is None:
        raise BadRequestError(f"{name}={text[:40]}: must be a whole number from {least} to {most}")
    return number
