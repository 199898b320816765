"""The page of a science image: residuals that explain themselves, provenance that leads to what it was made of."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from archive.models import CalibrationImage, DifferenceImage, RawImage
from archive.products import residuals
from processing.science.photometry.residuals import CELLS, COLOUR_EDGES, MAG_EDGES
from tests import factories, leftovers

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
RCID, NIGHT = 50, 20261026


@pytest.fixture(scope="module")
def made(committed, archive_root):
    image = factories.science_image(factories.exposure(), RCID, quality={"bias_fallback": 1})
    values = {name: np.full((CELLS, CELLS), 5.0) for name in ("ra", "dec", "mag")}
    values["ra"][0, 7] = 120.0
    values |= {name: np.full((CELLS, CELLS), 40) for name in ("places", "lights")}
    for name, edges in (("by_mag", MAG_EDGES), ("by_colour", COLOUR_EDGES)):
        values |= {name: np.full(len(edges) - 1, -3.0), f"{name}_stars": np.full(len(edges) - 1, 30)}
    values["by_mag"][0] = 60.0
    residuals.register(image, "current", SimpleNamespace(**values))
    span = {"startobsdate": image.obsdate, "endobsdate": image.obsdate, "nightdate": NIGHT}
    bias = CalibrationImage.objects.create(
        cid=77, caltype="bias", ccdid=image.ccdid, qid=image.qid, rcid=RCID, fid=0, filtercode="00", nid=image.nid - 2,
        nframes=10, **span,
    )  # fmt: skip
    image.calibrations.add(bias)
    factories.product_file(path=f"cal/{NIGHT}/bias_77_bias.fits", family="cal", suffix="bias.fits", product_id=77)
    RawImage.objects.create(exposure=image.exposure, ccdid=image.ccdid, **factories.PUBLIC)
    closed = {"programid": 2, "public_date": None}
    name = f"raw/{NIGHT}/raw_of_the_partnership.fits.fz"
    factories.product_file(path=name, family="raw", suffix="o.fits.fz", product_id=image.exposure_id, **closed)
    reference = factories.reference_image(RCID)
    DifferenceImage.objects.create(science=image, reference=reference, ncandidates=3, **factories.PUBLIC)
    yield image
    leftovers.empty()


def page(image) -> BeautifulSoup:
    return BeautifulSoup(Client().get(reverse("image", args=[image.pk])).content, "html.parser")


def test_residuals_say_what_is_good_and_what_stands_out(made):
    figures = {one.h3.text: one for one in page(made).select("figure.residual")}
    assert len(figures) == 5
    ra = figures["Right ascension against Gaia"]
    assert "63 of 64 cells within ±45 mas; rms 15.8 mas" in ra.figcaption.text
    assert "the distortion is not well fitted there" in ra.figcaption.text
    assert len(ra.select("rect.beyond")) == 1 and "x (pixels)" in ra.svg.text and "y (pixels)" in ra.svg.text
    run = figures["Magnitude residual by magnitude"]
    assert f"{len(MAG_EDGES) - 2} of {len(MAG_EDGES) - 1} bins within ±25 mmag" in run.figcaption.text
    assert len(run.select("circle.beyond")) == 1 and len(run.select("path.target")) == 2
    assert "residual (mmag)" in run.svg.text and "Pan-STARRS magnitude (mag)" in run.svg.text
    assert [one.text for one in run.select("text")][:3] == ["-25", "0", "+25"]


def test_provenance_leads_to_raw_frame_calibration_reference_and_their_files(made):
    first, second = page(made).select("main > div ul.tree > li")[0], page(made).select("main > div ul.tree > li")[-1]
    raw, bias, file = first.select("ul.tree a")
    assert raw.text == f"Raw frame: exposure {made.exposure_id}, CCD {made.ccdid}"
    assert bias.text == f"Bias of {NIGHT}" and "10 frames" in first.text and "fallback, 2 nights earlier" in first.text
    assert file["href"].endswith("bias_77_bias.fits")
    found = Client().get(f"{bias['href']}&format=json")
    assert [one["cid"] for one in found.json()["rows"]] == [77]
    assert "raw_of_the_partnership" not in first.text, "whose file is not open to everybody"
    assert second.a["href"].startswith("/references/") and "20 images" in second.text
