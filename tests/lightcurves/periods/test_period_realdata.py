"""Real stars with published periods, the light curves of a filter as one band."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from lightcurves.periods import PeriodConfig, find_period

REAL = Path(os.environ.get("ZTF_REAL_DATA", Path(__file__).parents[4] / "shared/data"))
PUBLISHED = REAL / "lightcurves2/periods.tsv"
NOT_FOUND = {"gusev4", "minkovskiy16"}  # 119 and 103 points, few of them in eclipse

pytestmark = pytest.mark.realdata


def light_curve(folder: Path, nick: str) -> list[np.ndarray]:
    """t, mag, err, filter, object."""
    columns = []
    for k, path in enumerate(sorted(folder.glob(f"{nick}-z*.csv"))):
        data = np.atleast_1d(np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding=None))
        data = data[data["catflags"] < 32768]
        band = np.full(data.size, path.stem.rsplit("-", 1)[1][:2])
        columns.append((data["hjd"], data["mag"], data["magerr"], band, np.full(data.size, k)))
    return [np.concatenate(column) for column in zip(*columns, strict=True)]


@pytest.fixture(scope="module")
def stars():
    """By name: published period, columns."""
    if not PUBLISHED.exists():
        pytest.skip(f"no light curves at {REAL}")
    found = {}
    for folder in (REAL / "lightcurves", REAL / "lightcurves2"):
        with (folder / "periods.tsv").open() as table:
            for row in csv.DictReader(table, delimiter="\t"):
                found[row["nick"]] = (float(row["P"]), light_curve(folder, row["nick"]))
    return found


@pytest.fixture(scope="module")
def results(stars):
    return {
        nick: find_period(t, mag, err, band, None, curve) for nick, (_, (t, mag, err, band, curve)) in stars.items()
    }


def test_published_periods_of_real_variables_are_found(stars, results):
    wrong = {nick for nick, (period, _) in stars.items() if abs(results[nick].period / period - 1) > 1e-3}
    assert wrong <= NOT_FOUND


@pytest.mark.parametrize("nick", ["u248199", "m1356", "c257-37", "svkv70"])
def test_wild_points_trends_and_spots_do_not_hide_the_period_of(stars, results, nick):
    assert results[nick].period == pytest.approx(stars[nick][0], rel=1e-4)


def test_their_errors_cover_what_the_published_periods_differ_by(stars, results):
    away = [
        abs(results[nick].period - period) / results[nick].period_error
        for nick, (period, _) in stars.items()
        if nick not in NOT_FOUND
    ]
    assert np.median(away) < 1.0
    assert max(away) < 3.0


def test_of_those_above_confidence_nine_tenths_all_are_right_and_most_are_above(stars, results):
    sure = [nick for nick, found in results.items() if found.confidence > 0.9]
    assert not set(sure) & NOT_FOUND
    assert len(sure) >= 15


def test_the_period_stays_in_the_range_asked_where_long_ones_beckon(stars):
    period, (t, mag, err, band, curve) = stars["u248199"]
    found = find_period(t, mag, err, band, PeriodConfig(fmin=1 / 45), curve)
    assert found.period == pytest.approx(period, rel=1e-4)
    beyond = find_period(t, mag, err, band, PeriodConfig(fmin=1 / 1.5, fmax=5.0), curve)  # the truth lies outside
    assert 0.2 <= beyond.period <= 1.5
    assert beyond.confidence < 0.9
