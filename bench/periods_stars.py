"""Real light curves: stars with published periods, and the cadences at which stars are simulated."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.report import Figure
from bench.variable_stars import Cadence, nights
from lightcurves.periods import PeriodResult, find_period

DATA = Path(os.environ.get("ZTF_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
FOLDERS = ("lightcurves", "lightcurves2")
BULK = "lightcurves/ztf_000250_zg_c01_q1_dr5.parquet"
FILTERS = {"zg": 1, "zr": 2, "zi": 3}
TOLERANCE = 1e-3  # of the period
BAD_POINTS = 32768
LEAST_EPOCHS = 40
OF_STARS = 0.6  # of the cadences: those of stars in several filters; the others are of the bulk file, in one


@dataclass(frozen=True)
class RealStar:
    """t : HJD; mag, err; band : filter 1 to 3; curve : which file, that is which object; arrays (n,). period : days,
    published."""

    nick: str
    kind: str
    period: float
    t: np.ndarray
    mag: np.ndarray
    err: np.ndarray
    band: np.ndarray
    curve: np.ndarray


def real_stars() -> Iterator[RealStar]:
    """All stars with a published period that are at hand."""
    for folder in (DATA / name for name in FOLDERS):
        table = folder / "periods.tsv"
        if table.exists():
            with table.open() as rows:
                for row in csv.DictReader(rows, delimiter="\t"):
                    columns = _columns(folder, row["nick"])
                    yield RealStar(row["nick"], row["type"], float(row["P"]), *columns)


def _columns(folder: Path, nick: str) -> list[np.ndarray]:
    parts = []
    for k, path in enumerate(sorted(folder.glob(f"{nick}-z*.csv"))):
        data = np.atleast_1d(np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding=None))
        data = data[data["catflags"] < BAD_POINTS]
        fid = FILTERS[path.stem.rsplit("-", 1)[1][:2]]
        parts.append((data["hjd"], data["mag"], data["magerr"], np.full(data.size, fid), np.full(data.size, k)))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


class Cadences:
    """Cadences of one half of the real stars and of the bulk file's objects; the halves share none.

    half : 0, on which the confidence was fitted, or 1. Without real data: simulated nights.
    """

    def __init__(self, half: int) -> None:
        stars = list(real_stars())[half::2]
        self.of_stars = [Cadence(star.t, star.band, star.err, star.curve) for star in stars]
        self.of_objects = list(_bulk(half))
        if not stars:
            rng = np.random.default_rng(3 + half)
            self.of_stars = [nights(int(n), rng) for n in rng.uniform(150, 1500, 15)]

    def any(self, rng: np.random.Generator, most: int | None = None) -> Cadence:
        """One at random, thinned to `most` points."""
        some = self.of_stars if rng.uniform() < OF_STARS or not self.of_objects else self.of_objects
        cadence = some[rng.integers(len(some))]
        if most is None or cadence.t.size <= most:
            return cadence
        rows = np.sort(rng.choice(cadence.t.size, most, replace=False))
        return Cadence(
            *(
                None if column is None else column[rows]
                for column in (cadence.t, cadence.band, cadence.err, cadence.curve)
            )
        )


def _bulk(half: int) -> Iterator[Cadence]:
    """Every other object of the bulk file that has LEAST_EPOCHS."""
    path = DATA / BULK
    if not path.exists():
        return
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["hmjd", "magerr", "catflags", "filterid", "nepochs"])
    table = table.filter(pc.greater_equal(table["nepochs"], LEAST_EPOCHS))
    columns = [table[name] for name in ("hmjd", "magerr", "catflags", "filterid")]
    for row in range(half, table.num_rows, 2):
        t, err, flags, fid = (column[row] for column in columns)
        good = flags.values.to_numpy() < BAD_POINTS
        t, err = (column.values.to_numpy().astype(np.float64)[good] for column in (t, err))
        yield Cadence(t, np.full(t.size, fid.as_py()), err)


def real_table() -> tuple[dict[str, Figure], str]:
    """The periods that are found of the real stars, with a band for each filter and with one for each object."""
    stars = list(real_stars())
    if not stars:
        return {}, f"\nreal stars: left out, nothing at {DATA}\n"
    lines = ["", "real stars, light curves of a filter as one band: period published, found, its error, difference in"]
    lines.append("errors, stated confidence, period of the highest Lomb-Scargle peak over the published one")
    found = [find_period(star.t, star.mag, star.err, star.band, None, star.curve) for star in stars]
    lines += [_line(*pair) for pair in zip(stars, found, strict=True)]
    alone = [find_period(star.t, star.mag, star.err, star.curve) for star in stars]
    right, right_alone = (
        np.array([_right(*pair) for pair in zip(stars, some, strict=True)]) for some in (found, alone)
    )
    missed = [star.nick for star, good in zip(stars, right_alone, strict=True) if not good]
    lines.append(f"with a band for every object: {right_alone.sum()} of {len(stars)}; not {', '.join(missed)}")
    away = np.array([_away(*pair) for pair in zip(stars, found, strict=True)])[right]
    sure = np.array([result.confidence > 0.9 for result in found])
    unit, n = f"of {len(stars)} stars", len(stars)
    return {
        "published periods found": Figure(int(right.sum()), unit, 16, "higher", n=n),
        "the same with a band for every object": Figure(int(right_alone.sum()), unit, better="higher", n=n),
        "real stars above confidence 0.9: right": Figure(
            float(right[sure].mean()) if sure.any() else 0.0, "of them", 0.95, "higher", int(sure.sum())
        ),
        "difference from published over the error, median": Figure(float(np.median(away)), "errors", 1.0, n=away.size),
        "the same, largest": Figure(float(away.max()), "errors", 5.0, n=away.size),
    }, "\n".join(lines) + "\n"


def _right(star: RealStar, found: PeriodResult) -> bool:
    return abs(found.period / star.period - 1) < TOLERANCE


def _away(star: RealStar, found: PeriodResult) -> float:
    return abs(found.period - star.period) / found.period_error


def _line(star: RealStar, found: PeriodResult) -> str:
    peak = 1.0 / found.frequencies[np.argmax(found.power)]
    away = min(_away(star, found), 999.9)
    return (
        f"{star.nick:13} {star.kind:6} {star.t.size:5} {star.period:12.7f} {found.period:12.7f} "
        f"{found.period_error:8.1e} {away:6.1f} {found.confidence:6.3f} {peak / star.period:9.4f} {found.shape:4}"
        f"{'' if _right(star, found) else ' not found'}"
    )
