"""A light curve as PDF: what is drawn is what was asked for."""

import re
import zlib

import pytest
from django.urls import reverse

from tests.lightcurves.viewer.conftest import BINARY, FLAGGED, GREEN, RED

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
URL = reverse("object-figure", args=[BINARY])
GOOD = RED + GREEN - FLAGGED


def content(pdf: bytes) -> bytes:
    """What the streams of a PDF draw."""
    return b"".join(
        zlib.decompress(one) for one in re.findall(rb"FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    )


def test_a_figure_is_a_pdf_of_the_chosen_points(client, sky):
    answer = client.get(URL, {"together": 1})
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert answer["X-Points"] == str(GOOD) and f"ztf_{BINARY}.pdf" in answer["Content-Disposition"]
    assert client.get(URL, {"together": 1, "mask": 0})["X-Points"] == str(GOOD + FLAGGED)
    assert client.get(URL, {"together": 1, "bands": "zg"})["X-Points"] == str(GREEN - FLAGGED)
    assert client.get(URL)["X-Points"] == str(RED)
    columns = client.get(reverse("object-points", args=[BINARY])).json()["columns"]
    pid = columns["pid"][columns["filtercode"].index("zr")]
    assert client.get(URL, {"exclude": pid})["X-Points"] == str(RED - 1)


def test_folding_adds_a_panel_and_the_same_figure_is_the_same_file(client, sky):
    plain, folded = client.get(URL), client.get(URL, {"period": 0.7312, "epoch": 2459095})
    assert len(content(folded.content)) > 1.4 * len(content(plain.content))
    assert client.get(URL).content == plain.content


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"epoch": 2459095}, "give the period too"), ({"period": -1}, "period"), ({"bands": "u"}, "zg"),
        ({"format": "png"}, "format"), ({"exclude": "x"}, "pid"), ({"bands": "zi"}, "no point"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(client, sky, asked, said):
    answer = client.get(URL, asked)
    assert answer.status_code == 400 and said in answer.content.decode()


def test_a_visitor_s_figure_has_no_proprietary_point(client, sky):
    """The 61st r image is the partnership's."""
    assert client.get(URL, {"mask": 0})["X-Points"] == str(RED)
    assert client.get(reverse("object-figure", args=[BINARY + 999])).status_code == 404
