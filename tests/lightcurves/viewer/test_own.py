"""Reading a light curve of one's own, and heliocentric dates; no database."""

import io

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.table import Table
from astropy.time import Time

from lightcurves.viewer import own
from lightcurves.viewer.heliocentric import heliocentric

COLUMNS = {"hjd": [2459002.5, 2459001.5, 2459003.5], "mag": [17.0, 17.1, np.nan], "e_mag": [0.01, 0.02, 0.03]}


@pytest.mark.parametrize("kind", ["votable", "ascii.ipac", "ascii.csv"])
def test_every_format_gives_the_same_points_by_time(kind):
    stream = io.BytesIO() if kind == "votable" else io.StringIO()
    Table(COLUMNS).write(stream, format=kind)
    body = stream.getvalue()
    found = own.read(body if kind == "votable" else body.encode())
    assert found["mjd"] == [59001.0, 59002.0] and found["mag"] == [17.1, 17.0]
    assert found["magerr"] == [0.02, 0.01] and found["filtercode"] == ["own", "own"]


def test_columns_can_be_named():
    body = b"when,how,which\n59000.5,17.5,V\n"
    found = own.read(body, {"time": "when", "mag": "how", "band": "which"})
    assert found == {"mjd": [59000.5], "mag": [17.5], "magerr": [0.0], "filtercode": ["V"]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is empty"),
        (b"mjd,mag\n", "no rows"),
        (b"mjd,mag\nx,y\n", "mjd, row 1: 'x' is no time"),
        (b"mjd,mag\n59000,y\n", "no column of numbers"),
        (b"mjd,mag\n,17\n", "both a time and a magnitude"),
        (b"mjd,mag\n" + b"59000,2\n" * 20_001, "at most 20000"),
        (b"x" * 5_000_001, "at most 5000000"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(body, words):
    with pytest.raises(own.UnreadableCurveError, match=words):
        own.read(body)


def test_heliocentric_dates_agree_with_astropy_to_five_seconds():
    jd = np.linspace(2458194.5, 2460310.5, 60)  # the Earth's rotation is known
    palomar = EarthLocation.from_geodetic(-116.8650 * units.deg, 33.3563 * units.deg, 1712 * units.m)
    time = Time(jd, format="jd", scale="utc", location=palomar)
    for ra, dec in ((0.0, 0.0), (83.0, 23.0), (270.0, -28.0), (10.0, 89.0)):
        light = time.light_travel_time(SkyCoord(ra, dec, unit="deg"), "heliocentric")
        assert heliocentric(jd, ra, dec) - jd == pytest.approx(light.to_value("d"), abs=5 / 86400)
