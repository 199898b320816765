"""Period searches for people who wait: what they may cost, that they end, and that ordinary ones are not refused."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from archive import sandbox
from archive.requests import disconnect
from lightcurves import searches
from lightcurves.irsa import periodogram as irsa
from lightcurves.periods import METHODS, multiband
from lightcurves.periods.costs import NANOSECONDS, seconds
from lightcurves.periods.methods.boxes import fractions

POINTS, YEARS = 3164, 10
SLOWEST = 30.0  # times the model: a busy machine, another processor


@pytest.fixture(scope="module")
def star():
    """A well observed one: 3,164 points in three filters over ten years."""
    rng = np.random.default_rng(3)
    t = 2458200.0 + np.sort(rng.uniform(0, 365.25 * YEARS, POINTS))
    mag = 15 + 0.2 * np.sin(2 * np.pi * t / 0.5671) + 0.02 * rng.normal(size=POINTS)
    return t, mag, np.full(POINTS, 0.02), np.array(["zg", "zr", "zi"])[rng.integers(0, 3, POINTS)]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["search", "ls"])
def test_the_default_search_of_a_well_observed_star_is_done(star, method):
    found = searches.periodogram(*star, method, None, 10.0)
    cycles = found.period / 0.5671  # an even wave of one height in all bands is taken for two of a binary
    assert cycles == pytest.approx(1, rel=1e-4) or cycles == pytest.approx(2, rel=1e-4)
    assert found.n_points == POINTS


@pytest.mark.slow
@pytest.mark.parametrize("alg", irsa.ALGORITHMS)
def test_the_default_periodogram_of_a_well_observed_star_is_done(star, alg):
    t, y = star[0], star[1]
    periods, grid = irsa.trial_periods(np.sort(t), irsa.Asked(alg=alg))
    irsa._check_cost(len(t), periods, grid, irsa.Asked(alg=alg))
    if alg == "ls":
        assert len(searches.irsa_periodogram(t, y, irsa.Asked()).period) == len(periods)


@pytest.mark.parametrize("method", multiband.METHODS)
def test_the_viewer_s_costs_grow_with_points_and_frequencies(star, method):
    t, mag, err, band = (np.tile(one, 6) for one in star)
    if method == "ls":
        return  # takes a second for any light curve
    with pytest.raises(ValueError, match="fmax=50: .* takes some"):
        multiband.periodogram(t + np.arange(t.size) * 1e-3, mag, err, band, method, 0.001, 50.0)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"alg": "bls", "nbins": "2000", "qmin": "0.0001", "pmin": "0.05", "pmax": "100", "step_size": "0.00001"},
         "nbins=2000, qmin=0.0001"),
        ({"alg": "plav", "pmin": "0.05", "pmax": "100", "step_size": "0.00001"}, "alg=plav"),
        ({"pmin": "1e-300"}, "pmin=1e-300"),
        ({"pmax": "1e300"}, "pmax=1e+300"),
        ({"pmin": "1e-320", "pmax": "1e-310"}, "pmin="),
        ({"step_size": "1e-320"}, "step_size="),
        ({"step_size": "1e300"}, "step_size=1e+300"),
        ({"step_size": "1e-18"}, "step_size=1e-18"),
        ({"alg": "bls", "qmin": "1e-300"}, "qmin=1e-300"),
        ({"step_method": "fixedf", "pmin": "0.01", "pmax": "1e9", "step_size": "1e-9"}, "step_size=1e-09"),
        ({"step_method": "fixedp", "pmin": "0.01", "pmax": "1e9", "step_size": "1e-18"}, "step_size=1e-18"),
        ({"pmin": "1e-9", "pmax": "1e9"}, "pmin=1e-09"),
        ({"step_method": "plav", "pmin": "0.01", "step_size": "1e9"}, ""),
    ],
)  # fmt: skip
def test_what_is_extreme_is_refused_by_name(star, parameters, named):
    with pytest.raises(irsa.BadRequestError) as refusal:
        searches.irsa_periodogram(star[0], star[1], irsa.read(parameters))
        raise irsa.BadRequestError("")  # a few periods are an answer, too
    assert named in str(refusal.value)


def test_times_and_values_of_any_size_are_an_answer_or_a_refusal():
    rng = np.random.default_rng(5)
    for t_size in (1e-300, 1e-9, 1.0, 1e9, 1e300):
        for y_size in (1e-300, 1.0, 1e300):
            t, y = rng.uniform(0, 1, 50) * t_size, rng.normal(size=50) * y_size
            for alg in irsa.ALGORITHMS:
                try:
                    irsa.compute(t, y, irsa.Asked(alg=alg, pmin=0.1, pmax=10.0, step_size=0.01))
                except irsa.BadRequestError as reason:
                    assert len(str(reason)) > 10


@pytest.mark.slow
def test_the_model_is_right_within_the_difference_of_machines(star):
    """A cost that a parameter adds is in the model: bins, trial durations and both signs of a box."""
    bands = irsa.split_bands(star[0][:400], star[1][:400], 1.0)
    frequencies = np.linspace(0.1, 5, 3000)
    for nbins, qmin in ((50, 0.01), (2000, 0.01), (2000, 1e-4)):
        asked = irsa.Asked(alg="bls", nbins=nbins, qmin=qmin)
        durations = len(fractions(qmin, asked.qmax))
        begun = time.process_time()
        irsa._power(bands, frequencies, None, asked)
        took = time.process_time() - begun
        assert took < SLOWEST * seconds("bls", 400, 3000, nbins, durations, signs=2)
    assert set(NANOSECONDS) >= {"sine", "search", *METHODS, *irsa.ALGORITHMS}


def test_a_search_ends_when_its_time_is_over_whatever_the_model_says(star, monkeypatch):
    monkeypatch.setattr(searches, "LIMITS", sandbox.Limits(cpu=1, seconds=120.0))
    searches.irsa_periodogram(star[0][:50], star[1][:50], irsa.Asked(pmin=0.1, pmax=1.0, step_size=0.1))
    with pytest.raises(irsa.BadRequestError, match="longer than 1 seconds"):
        searches.irsa_periodogram(star[0], star[1], irsa.Asked(alg="plav"))


def test_a_search_ends_when_its_client_leaves(star):
    connection = disconnect.Connection()
    threading.Timer(1.5, connection.leave).start()
    with disconnect.connected(connection), pytest.raises(disconnect.ClientGoneError):
        searches.irsa_periodogram(star[0], star[1], irsa.Asked(alg="plav"))


def test_searches_do_not_wait_behind_files_nor_files_behind_them():
    assert searches.SEARCHES != sandbox.FILES


CHILD = """
import io, sys
from dataclasses import asdict
import numpy as np
from lightcurves import searches
from lightcurves.irsa.periodogram import Asked
searches.warm_up()
before = set(sys.modules)
t = np.arange(40.0) ** 1.01
columns = [t, np.sin(t), np.full(40, 0.02), np.arange(40) % 2, np.zeros(40)]
for method in ("search", "ls", "bls", "plav"):
    searches.viewer(io.BytesIO(np.stack(columns).tobytes()), method=method, fmin=None, fmax=1.0)
for alg in ("ls", "bls", "plav"):
    content = np.stack([t, np.sin(t), *columns[3:]]).tobytes()
    searches.irsa_of(io.BytesIO(content), asked=asdict(Asked(alg=alg, pmin=1.0, pmax=10.0, step_size=0.1)))
print([name for name in set(sys.modules) - before if name.partition(".")[0] in ("archive", "lightcurves", "numba")])
"""


def test_a_confined_child_loads_nothing_after_it_was_warmed_up():
    """Once confined it may open no file, and below a closed home it could find none."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "[]"
