"""Orbits as people type them."""

import gzip
import json

import numpy as np
import pytest

from archive.moving.dynamics.ephemeris import ephemeris
from archive.moving.dynamics.errors import BadOrbitError
from archive.moving.dynamics.orbit import AsteroidElements, CometElements, Orbit
from archive.moving.elements import julian, orbit_from_elements, resolve_orbit
from archive.moving.numbered import EPOCH_TDB, NUMBERED

CERES = NUMBERED[1]
MPCORB = (
    "00001    3.33  0.12 K2289 334.32717   73.53163   80.26644   10.58680  0.0786358  0.21418048   2.7666190  0 "
    "E2022-P87  7283 123 1801-2022 0.80 M-v 30k MPCLINUX   4000      (1) Ceres              20220727"
)
JPL = (
    "     1 Ceres             59800  2.7666190 0.07863576  10.58680  73.53163  80.26644 334.3271699  3.33  0.12 JPL 48"
)
JPL_COMET = "C/2022 E3 (ZTF)  59800 1.11224430 1.00027350 109.16819 145.81473 302.55451 20230112.78558 JPL 80"
COMET_ELS = (
    "    CK22E030  2023 01 12.7856  1.112244  1.000274  145.8147  302.5545  109.1682  20220809  10.5  4.0  "
    "C/2022 E3 (ZTF)                                          MPEC 2022-000"
)
ELEMENTS = {
    "epoch": "59800",
    "a": "2.766619044655",
    "e": "0.078635756919",
    "i": "10.5867951215",
    "node": "80.2664361119",
    "peri": "73.5316252256",
    "M": "334.3271698971",
    "H": "3.33",
    "G": "0.12",
}


def apart(one: Orbit, other: Orbit) -> float:
    """The largest difference between two orbits' places in three months, arcsec."""
    days = EPOCH_TDB + np.arange(0, 90, 10.0)
    a, b = ephemeris(one, days), ephemeris(other, days)
    return float(np.hypot((a.ra - b.ra) * np.cos(np.radians(a.dec)), a.dec - b.dec).max() * 3600)


@pytest.mark.parametrize("text", ["1", "Ceres", "(1) Ceres", "1 ceres"])
def test_a_numbered_asteroid_is_found_by_number_or_name(text):
    assert resolve_orbit(text) is CERES


@pytest.mark.parametrize("line", [MPCORB, JPL])
def test_a_line_of_an_element_file_is_the_same_orbit(line):
    orbit = resolve_orbit(line)
    assert "Ceres" in orbit.name
    assert (orbit.H, orbit.G) == (3.33, 0.12)
    assert orbit.epoch_tdb == EPOCH_TDB
    assert apart(orbit, CERES) < 0.2


def test_the_two_forms_of_a_comets_line_agree():
    mpc, jpl = resolve_orbit(COMET_ELS), resolve_orbit(JPL_COMET)
    assert isinstance(mpc.elements, CometElements)
    assert (mpc.M1, mpc.K1) == (10.5, 10.0)
    assert mpc.name == "C/2022 E3 (ZTF)"
    assert mpc.elements.perihelion_tdb == pytest.approx(2459957.2856, abs=1e-4)
    assert apart(mpc, jpl) < 2


def test_single_elements_make_the_same_orbit_with_a_or_q_and_with_mean_anomaly_or_perihelion_time():
    assert apart(orbit_from_elements(ELEMENTS), CERES) < 1e-4
    a, e = CERES.elements.a, CERES.elements.e
    with_q = {**ELEMENTS, "q": repr(a * (1 - e)), "a": ""}
    assert apart(orbit_from_elements(with_q), CERES) < 1e-3
    motion = np.degrees(0.01720209895) / a**1.5
    passage = EPOCH_TDB + (360 - CERES.elements.mean_anomaly) / motion
    with_time = {**with_q, "M": "", "Tp": repr(float(passage)), "epoch": "2459800.5"}
    assert isinstance(orbit_from_elements(ELEMENTS).elements, AsteroidElements)
    assert apart(orbit_from_elements(with_time), CERES) < 0.5


@pytest.mark.parametrize(("value", "jd"), [(59800, 2459800.5), (2459800.5, 2459800.5), (20220809.25, 2459800.75)])
def test_times_are_read_as_julian_modified_julian_or_calendar_dates(value, jd):
    assert julian("epoch", value) == jd


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"e": "oops"}, "e=oops: must be a number"),
        ({"e": "1.2"}, r"e=1\.2: elements with a mean anomaly describe an ellipse"),
        ({"e": ""}, "elements: e missing"),
        ({"a": ""}, "a or q missing"),
        ({"M": ""}, "M or Tp missing"),
        ({"epoch": ""}, "epoch missing"),
        ({"q": "2"}, "a=2.766619044655, q=2: give one of the two"),
        ({"a": "-3"}, "a=-3.0: semi-major axis must be positive"),
        ({"i": "200"}, r"i=200\.0: inclination must lie in 0 \.\. 180"),
        ({"epoch": "12"}, None),
        ({"epoch": "500000"}, "epoch=500000.0: give a Julian date"),
        ({"epoch": "20221350"}, "epoch=20221350.0: no such date"),
        ({"node": "nan"}, "node=nan: must be a finite number"),
    ],
)
def test_bad_elements_are_named_with_their_value(changes, says):
    if says is None:
        assert orbit_from_elements({**ELEMENTS, **changes}).epoch_tdb == 2400012.5
        return
    with pytest.raises(BadOrbitError, match=says):
        orbit_from_elements({**ELEMENTS, **changes})


@pytest.mark.parametrize("text", ["Planet Nine", "99999", "59800 1 2 3", MPCORB[:60], "x" * 300, "K24A1" * 40])
def test_what_is_no_orbit_is_refused_with_what_is_understood(text):
    with pytest.raises(BadOrbitError, match=r"name=.*Psyche|elements|must be"):
        resolve_orbit(text)


@pytest.mark.realdata
def test_all_comets_of_the_minor_planet_center_survive_the_way_through_its_one_line_format(real_data):
    comets = json.loads(gzip.decompress((real_data / "orbits" / "cometels.json.gz").read_bytes()))
    read = 0
    for one in comets:
        number, kind = one.get("Comet_num"), one.get("Orbit_type", "C")
        line = (
            f"{number if number else '':>4}{kind}{'':7}  {one['Year_of_perihelion']:04d} "
            f"{one['Month_of_perihelion']:02d} {one['Day_of_perihelion']:7.4f} {one['Perihelion_dist']:9.6f}  "
            f"{one['e']:8.6f}  {one['Peri']:8.4f}  {one['Node']:8.4f}  {one['i']:8.4f}"
        )
        line = f"{line:<91}{one.get('H', ''):>4} {one.get('G', ''):>4}  {one['Designation_and_name']:<56}"
        orbit = resolve_orbit(line)
        assert orbit.elements.q == pytest.approx(one["Perihelion_dist"], abs=1e-6)
        assert orbit.elements.i == pytest.approx(one["i"], abs=1e-4)
        read += 1
    assert read > 900
