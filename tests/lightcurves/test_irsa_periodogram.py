"""IRSA's periodogram service: uploads, objects, parameters, errors, and the two tables that answer."""

import io

import numpy as np
import pytest
from astropy.io.votable import parse
from astropy.table import Table
from astropy.timeseries import LombScargle
from django.core.files.uploadedfile import SimpleUploadedFile

from lightcurves.irsa import periodogram as service
from lightcurves.updates import sources

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
URL = "/cgi-bin/periodogram/nph-periodogram_api"
PERIOD = 2.345
OID = 655213300000000


def series(n=150):
    rng = np.random.default_rng(4)
    t = np.sort(rng.uniform(58000, 58200, n))
    return t, 15 + 0.3 * np.sin(2 * np.pi * t / PERIOD) + rng.normal(0, 0.02, n)


def upload(kind="ascii.ipac", columns=("mjd", "mag")):
    body = io.StringIO()
    Table(series(), names=columns).write(body, format=kind)
    return SimpleUploadedFile("curve.tbl", body.getvalue().encode())


def ask(client, **parameters):
    return client.post(URL, {"upload": upload(), "x": "mjd", "y": "mag"} | parameters)


def tables(response):
    assert response.status_code == 200, response.content
    return list(parse(io.BytesIO(response.content)).iter_tables())


@pytest.mark.parametrize("alg", service.ALGORITHMS)
@pytest.mark.parametrize("step_method", service.STEP_METHODS)
def test_every_algorithm_with_every_step_method_finds_the_period(client, alg, step_method):
    power, peaks = tables(ask(client, alg=alg, step_method=step_method, pmin=1.9, pmax=2.9))
    assert [field.name for field in power.fields] == ["PERIOD", "POWER"]
    assert [field.name for field in peaks.fields] == ["PEAK", "PERIOD", "POWER"]
    assert peaks.array["PERIOD"][0] == pytest.approx(PERIOD, rel=0.01)
    assert np.all(np.diff(peaks.array["POWER"]) <= 0)
    assert list(peaks.array["PEAK"]) == list(range(1, len(peaks.array) + 1))
    assert np.all(np.diff(power.array["PERIOD"]) > 0)
    assert 1.9 <= power.array["PERIOD"].min() < power.array["PERIOD"].max() <= 2.9 * (1 + 1e-12)


def test_lomb_scargle_power_is_over_the_variance(client):
    power, _ = tables(ask(client, step_method="fixedf", step_size=0.001, pmin=2, pmax=4))
    t, y = series()
    theirs = LombScargle(t, y).power(1 / power.array["PERIOD"], method="slow") * (len(t) - 1) / 2
    np.testing.assert_allclose(power.array["POWER"], theirs, atol=1e-3)


@pytest.mark.parametrize(
    ("step_method", "spacing"),
    [
        ("fixedf", lambda p: np.diff(1 / p[::-1])),
        ("fixedp", np.diff),
        ("exp", lambda p: np.diff(np.log(p))),
        ("plav", lambda p: np.diff(1 / p[::-1])),
    ],
)
def test_steps_are_as_their_name_says(step_method, spacing):
    t, y = series()
    asked = service.Asked(step_method=step_method, pmin=1.0, pmax=10.0, step_size=0.01)
    periods = service.compute(t, y, asked).period
    np.testing.assert_allclose(spacing(periods), spacing(periods)[0], rtol=1e-6)


def test_without_a_range_it_is_taken_from_the_median_step_and_the_span(client):
    power, peaks = tables(ask(client))
    t, _ = series()
    assert power.array["PERIOD"].min() == pytest.approx(np.median(np.diff(t)))
    assert power.array["PERIOD"].max() == pytest.approx(np.ptp(t), rel=1e-2)
    assert len(peaks.array) <= 50
    assert len(tables(ask(client, peaks=3))[1].array) == 3


def test_csv_is_taken_too_and_so_is_a_table_in_a_get_of_an_object(client):
    body = upload("ascii.csv", ("time", "value"))
    answer = client.post(URL, {"upload": body, "x": "time", "y": "value", "pmin": 2, "pmax": 3})
    assert tables(answer)[1].array["PERIOD"][0] == pytest.approx(PERIOD, rel=0.01)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alg": "fft"}, "alg=fft: use one of ls, bls, plav"),
        ({"step_method": "x"}, "step_method=x: use one of"),
        ({"peaks": "0"}, "peaks=0: must be a whole number from 1 to 500"),
        ({"peaks": "501"}, "peaks=501"),
        ({"peaks": "many"}, "peaks=many"),
        ({"pmin": "-1"}, "pmin=-1: must be a positive number"),
        ({"pmin": "5", "pmax": "2"}, "pmin=5, pmax=2: need"),
        ({"step_size": "nan"}, "step_size=nan"),
        ({"pmin": "1_0"}, "pmin=1_0: must be a positive number"),
        ({"pmax": "1e400"}, "pmax=1e400: must be a positive number"),
        ({"step_size": "1e-12"}, "at most 1000000"),
        ({"x": "hjd"}, "x=hjd: the table has no such column; it has mjd, mag"),
        ({"y": ""}, "y: name the table's column of the values"),
        ({"alg": "bls", "qmin": "0.5", "qmax": "0.1"}, "qmin=0.5, qmax=0.1"),
        ({"alg": "plav", "smooth": "3"}, "smooth=3"),
        ({"period": "3"}, "period: is no parameter"),
        ({"ID": "5"}, "upload: give a table"),
    ],
)
def test_a_wrong_parameter_is_named_in_a_votable(client, parameters, message):
    answer = ask(client, **parameters)
    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/x-votable+xml")
    (info,) = [one for one in parse(io.BytesIO(answer.content)).resources[0].infos if one.name == "QUERY_STATUS"]
    assert info.value == "ERROR"
    assert message in info.content


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\n", "upload: this is no CSV, ECSV"),
        (b"\\x = 1\n|mjd|mag|\nrubbish", "x=mjd: is no column of numbers"),
        (
            b"\x89PNG\r\n\x1a\n\0\0",
            "upload: this is no CSV, ECSV, IPAC table, VOTable, FITS table or Parquet file",
        ),
        (b"mjd,mag\n1,2\n3,4\n", "2 usable points"),
        (b"mjd,mag\n" + b"".join(b"%d,5\n" % k for k in range(9)), "all magnitudes are 5"),
        (b"mjd,mag\n" + b"a,b\n" * 9, "x=mjd: is no column of numbers"),
    ],
)
def test_a_table_that_cannot_be_searched_is_refused(client, body, message):
    answer = ask(client, upload=SimpleUploadedFile("x.tbl", body))
    assert answer.status_code == 400
    (info,) = [one for one in parse(io.BytesIO(answer.content)).resources[0].infos if one.name == "QUERY_STATUS"]
    assert message in info.content


@pytest.fixture(scope="module")
def sky(committed):
    """Thirty public images and ten of the partnership; the last star's closed points have another period."""
    committed.ra, committed.dec, committed.mag = committed.ra[:3], committed.dec[:3], committed.mag[:3]
    rng = np.random.default_rng(8)
    images = [committed.image(day) for day in np.sort(rng.uniform(0, 40, 30))]
    images += [committed.image(day, programid=2, public=False) for day in rng.uniform(50, 90, 10)]
    sources.seed(images[0], committed.catalog(), None)
    for image in images:
        table = committed.table()
        table["mag"][-1] += 0.3 * np.sin(2 * np.pi * image.obsjd / PERIOD) + 3.0 * (image.programid == 2)
        sources.add_points(image, sources.catalog(table, 26.0))
    return committed


def test_an_object_is_searched_with_the_points_that_the_visitor_sees(sky, client):
    answer = client.get(URL, {"ID": OID + 2, "pmin": 2, "pmax": 3, "step_method": "fixedf"})
    power, peaks = tables(answer)
    assert peaks.array["PERIOD"][0] == pytest.approx(PERIOD, rel=0.02)
    # a sine explains nearly all of 30 public points: closed ones are 3 mag off and would leave a tenth
    assert peaks.array["POWER"][0] > 0.9 * 29 / 2
    plav = tables(client.get(URL, {"ID": OID + 2, "alg": "plav", "pmin": 0.2, "pmax": 30}))[0]
    assert np.isfinite(plav.array["POWER"]).all() and plav.array["POWER"].max() < 10 * 30**2
    unknown = client.get(URL, {"ID": 1})
    assert unknown.status_code == 400
    assert b"there is no such object, or it is not public" in unknown.content
