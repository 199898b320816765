"""The search for objects by region and by chosen rows, and its plot."""

import numpy as np
import pytest

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def oids(client, **asked) -> list[int]:
    return [row["oid"] for row in client.get("/objects/", asked | {"format": "json"}).json()["rows"]]


def test_a_region_finds_the_objects_in_it(client, six_stars):
    ra, dec = float(six_stars.ra[0]), float(six_stars.dec[0])
    near = oids(client, position=f"{ra} {dec}", radius=5)
    assert len(near) == 2  # in two filters
    for text in (f"CIRCLE {ra} {dec} 0.0014", f"POSITIONS {ra} {dec} 1 1", _square(ra, dec, 0.001)):
        assert sorted(oids(client, region=text)) == sorted(near), text
    assert len(oids(client, region=f"CIRCLE {ra} {dec} 3")) == 12
    assert oids(client, region=f"CIRCLE {ra} {dec} 3", filtercode="zg", where="nobs > 1e6") == []
    assert oids(client, region="CIRCLE 200 40 1") == []


def _square(ra: float, dec: float, half: float) -> str:
    east = half / np.cos(np.radians(dec))
    corners = ((-east, -half), (east, -half), (east, half), (-east, half))
    return "POLYGON " + " ".join(f"{ra + a:.7f} {dec + b:.7f}" for a, b in corners)


def test_chosen_objects_are_searched_and_plotted_alone(client, six_stars):
    everything = oids(client, where="nobs > 0")
    page = client.get("/objects/rows", {"row": everything[:3], "to": "table"}, follow=True)
    assert [int(row.key) for row in page.context["table"].rows] == everything[:3]
    plot = client.get("/objects/", {"where": f"oid IN ({everything[0]},{everything[1]})", "view": "plot"}).context[
        "plot"
    ]
    assert (plot.x.name, plot.y.name, plot.drawn + plot.missing) == ("medianmag", "magrms", 2)
