"""What the viewer's addresses give, against the field that was built and numpy's and astropy's own answers."""

import io
import re

import numpy as np
import pytest
from astropy.io import fits
from django.urls import reverse
from PIL import Image

from archive.pixels import finding_chart
from tests.portal.workbench.field import DITHER

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PLANES = ("science", "difference", "reference", "uncertainty", "mask")


def at(name, *arguments):
    return reverse(name, args=arguments)


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_page_offers_the_planes_catalogs_and_epochs_that_are_here(client, observed):
    page = client.get(at("image-view", observed.pid))
    data = page.context["workbench"]
    assert tuple(one["name"] for one in data["planes"]) == PLANES
    assert {one["name"] for one in data["kinds"]} == {"psf", "aperture", "objects", "alerts", "moving", "gaia", "ps1"}
    pids = [*(one.pid for one in observed.epochs), *(one.pid for one in observed.colours.values())]
    assert sorted(one["pid"] for one in data["epochs"]) == sorted(map(str, pids))
    assert [one["pid"] for one in data["epochs"] if one["own"]] == [str(observed.pid)]
    assert {one["name"]: one["bit"] for one in data["bits"]}["saturated"] == 8
    other = client.get(at("image-view", observed.epochs[1].pid)).context["workbench"]
    assert [one["name"] for one in other["planes"]] == ["science", "reference"]
    assert {one["name"] for one in other["kinds"]} == {"objects", "alerts", "moving", "gaia", "ps1"}


def test_only_this_page_may_run_webassembly_and_none_may_run_text(client, observed):
    policy = client.get(at("image-view", observed.pid)).headers["Content-Security-Policy"]
    rules = {rule.split()[0]: set(rule.split()[1:]) for rule in policy.split(";") if rule.strip()}
    assert rules["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert rules["worker-src"] == {"'self'", "blob:"}
    assert {"'self'", "data:", "blob:"} <= rules["connect-src"] and {"'self'", "data:", "blob:"} <= rules["img-src"]
    assert "wasm" not in client.get(at("image", observed.pid)).headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", PLANES)
def test_a_plane_is_plain_fits_with_its_pixels_and_coordinates(client, observed, name):
    answer = client.get(at("image-plane", observed.pid, name))
    content = body(answer)
    assert answer.headers["Content-Type"] == "application/fits"
    assert len(content) % 2880 == 0
    with fits.open(io.BytesIO(content)) as hdus:
        hdus.verify("exception")
        assert hdus[0].data.shape == observed.pixels.shape
        assert hdus[0].header["CTYPE1"] == "RA---TPV"
        if name == "science":
            np.testing.assert_array_equal(hdus[0].data, observed.pixels)
        if name == "difference":
            assert hdus[0].data[100:104, 150:154].mean() == pytest.approx(400, abs=10)


def test_a_plane_that_the_browser_has_is_not_sent_again(client, observed):
    for name in ("science", "difference"):
        first = client.get(at("image-plane", observed.pid, name))
        again = client.get(at("image-plane", observed.pid, name), headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, body(again)) == (304, b"")


def test_what_the_image_lacks_is_not_there(client, observed):
    assert client.get(at("image-plane", observed.epochs[1].pid, "mask")).status_code == 404
    assert client.get(f"/images/{observed.pid}/noise.fits").status_code == 404


@pytest.mark.parametrize("kind", ["psf", "aperture"])
def test_a_catalog_stands_on_the_stars_with_calibrated_magnitudes(client, observed, kind):
    found = client.get(at("image-sources", observed.pid, kind)).json()
    columns = found["columns"]
    assert found["count"] == len(observed.x) and found["complete"]
    np.testing.assert_allclose(columns["x"], observed.x, atol=1e-4)  # brightest first, as the field's own are
    np.testing.assert_allclose(columns["mag"], observed.mag, atol=1e-4)


def test_a_catalog_of_the_sky_gets_the_pixels_of_the_image(client, observed):
    for n in (0, 1):
        found = client.get(at("image-sources", observed.epochs[n].pid, "ps1")).json()["columns"]
        np.testing.assert_allclose(found["x"], observed.x + DITHER[n][0], atol=0.02)
        np.testing.assert_allclose(found["y"], observed.y + DITHER[n][1], atol=0.02)


def test_of_more_sources_than_are_drawn_the_brightest_come_and_it_says_so(client, observed, monkeypatch):
    monkeypatch.setattr("portal.workbench.sources.MOST", 7)
    found = client.get(at("image-sources", observed.pid, "psf")).json()
    assert (found["count"], found["complete"]) == (7, False)
    np.testing.assert_allclose(found["columns"]["mag"], observed.mag[:7], atol=1e-4)


def test_alerts_and_objects_lead_to_their_pages(client, observed):
    alerts = client.get(at("image-sources", observed.pid, "alerts")).json()["columns"]
    assert alerts["link"] == [at("alert", observed.candid)]
    assert (alerts["x"][0], alerts["y"][0]) == (pytest.approx(152.5, abs=0.01), pytest.approx(102.5, abs=0.01))
    objects = client.get(at("image-sources", observed.pid, "objects")).json()["columns"]
    assert objects["link"] == [at("object", observed.oid)]
    assert objects["x"][0] == pytest.approx(observed.x[0], abs=0.01)


def test_an_image_that_is_closed_is_not_there_for_strangers(client, admin_client, observed):
    pid = observed.closed.pid
    addresses = [at("image-view", pid), at("image-plane", pid, "science"), at("image-sources", pid, "gaia"),
                 at("image-chart", pid, "png")]  # fmt: skip
    assert {client.get(one).status_code for one in addresses} == {404}
    assert {admin_client.get(one).status_code for one in addresses} == {200}
    listed = client.get(at("image-view", observed.pid)).context["workbench"]["epochs"]
    assert str(pid) not in {one["pid"] for one in listed}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("plane=noise", ["plane", "noise", "science"]),
        ("stretch=square", ["stretch", "square", "histogram"]),
        ("mask=saturated,stars", ["mask", "stars", "saturated"]),
        ("layers=psf,psf", ["layers", "once"]),
        ("zoom=1000", ["zoom", "1000", "64"]),
        ("low=5&high=2", ["low=5", "high=2"]),
        ("low=5", ["low and high"]),
        ("ra=10", ["ra and dec"]),
        ("percent=20", ["percent", "50"]),
        ("epochs=12,x", ["epochs", "pids"]),
        ("epochs=12", ["epochs", "mode=blink"]),
        ("mode=rgb&epochs=12,13", ["epochs", "three"]),
        ("colour=red", ["colour"]),
    ],
)
def test_a_link_that_cannot_be_followed_says_what_would_be_right(client, observed, query, words):
    answer = client.get(f"{at('image-view', observed.pid)}?{query}")
    assert answer.status_code == 400
    assert all(word in answer.content.decode() for word in words)


def test_a_plane_that_this_image_has_not_is_refused_by_name(client, observed):
    answer = client.get(at("image-view", observed.epochs[1].pid), {"plane": "mask"})
    assert answer.status_code == 400
    assert "there are science, reference" in answer.content.decode()


def test_without_script_the_page_has_the_preview_the_facts_and_the_links(client, observed):
    page = client.get(at("image-view", observed.pid), {"plane": "difference"}).content.decode()
    assert "scimrefdiffimg.fits.fz?width=" in page
    for link in (at("image", observed.pid), at("image-chart", observed.pid, "pdf")):
        assert f'href="{link}' in page
    assert client.get(at("image-chart", observed.pid, "pdf")).content[:5] == b"%PDF-"


def test_pages_of_images_references_objects_and_alerts_lead_to_the_viewer(client, observed, monkeypatch):
    for place in ("portal.views.alerts", "archive.products.alert_curves"):
        monkeypatch.setattr(f"{place}.packet_of", lambda alert: {"candidate": {}})
    newest = max(observed.epochs, key=lambda one: one.obsjd).pid
    reference = observed.epochs[0].difference.reference_id
    for page, link in (
        (at("image", observed.pid), at("image-view", observed.pid)),
        (at("reference", reference), f"{at('image-view', newest)}?plane=reference"),
        (at("object", observed.oid), f"{at('image-view', newest)}?ra="),
        (at("alert", observed.candid), f"{at('image-view', observed.pid)}?plane=difference&ra="),
    ):
        text = client.get(page).content.decode().replace("&amp;", "&")
        found = re.search(rf'href="({re.escape(link)}[^"]*)"', text)
        assert found, page
        assert client.get(found[1]).status_code == 200


def test_a_finding_chart_has_its_object_in_the_middle_with_north_up(client, observed):
    ra, dec = (float(one) for one in observed.wcs.all_pix2world(observed.x[0], observed.y[0], 1))
    asked = {"ra": ra, "dec": dec, "size": 0.03, "name": "A star", "invert": 1, "stretch": "linear", "low": 200,
             "high": 3000}  # fmt: skip
    answer = client.get(at("image-chart", observed.pid, "png"), asked)
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("L"), float)
    left, top, side = finding_chart.MARGIN, finding_chart.HEAD, finding_chart.SIDE
    sky = picture[top + 2 : top + side - 2, left + 2 : left + side - 2]
    middle = slice(side // 2 - 20, side // 2 + 20)
    yy, xx = np.mgrid[middle, middle]
    weight = np.clip(sky[middle, middle] - 60, 0, None)
    assert ((xx * weight).sum() / weight.sum(), (yy * weight).sum() / weight.sum()) == pytest.approx(
        (side / 2 - 2, side / 2 - 2), abs=3
    )
    north = client.get(at("image-chart", observed.pid, "png"), asked | {"dec": dec - 0.005})
    moved = np.asarray(Image.open(io.BytesIO(north.content)).convert("L"), float)[top:, left:]
    row = top + side / 2 - 0.005 / 0.03 * side
    assert moved[round(row - top), side // 2] > 200, "what is farther north is farther up"


@pytest.mark.parametrize(
    ("query", "words"),
    [("ra=1&dec=1", "lies outside"), ("size=9", "size"), ("ra=1", "give both"), ("scale=2", "scale")],
)
def test_a_chart_that_cannot_be_drawn_says_why(client, observed, query, words):
    answer = client.get(f"{at('image-chart', observed.pid, 'png')}?{query}")
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_the_scale_bar_is_a_round_length_of_about_a_fifth():
    assert [finding_chart.bar_of(size / 3600) for size in (30, 60, 300, 1800)] == [5, 10, 60, 300]
