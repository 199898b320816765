"""The table of images: columns, sizes, pictures, chips, conditions, chosen rows, files in each format."""

import io

import numpy as np
import pyarrow
import pytest
from astropy.io import fits, votable
from astropy.table import Table
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from pyarrow import parquet

from archive.requests.parameters import BadParameterError
from archive.tables.pages.choosing import MOST_ROWS
from portal.views.products.search import blinking
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SEEING = (1.5, 1.8, 2.1, 2.4, 2.7)


@pytest.fixture(scope="module")
def images(committed):
    cache.clear()
    made = [
        factories.science_image(factories.exposure(jd=factories.JD + k), seeing=seeing)
        for k, seeing in enumerate(SEEING)
    ]
    closed = factories.science_image(
        factories.exposure(jd=factories.JD + 20, programid=2, public_date=None), seeing=1.0
    )
    return [*made, closed]


def pids(page) -> list[int]:
    return [int(row.label) for row in page.context["table"].rows]


def test_columns_are_those_named_in_their_order(client, images):
    table = client.get("/images/", {"columns": "seeing,pid,airmass"}).context["table"]
    assert [one.column.name for one in table.headings] == ["seeing", "pid", "airmass"]
    assert [one.column.label for one in table.headings] == ["Seeing", "Image number", "Airmass"]
    assert [[cell.text for cell in row.cells][:2] for row in table.rows][0] == ["2.70", str(images[4].pid)]
    lines = client.get("/images/", {"columns": "seeing,pid", "format": "csv"}).content.decode().splitlines()
    assert lines[0] == "seeing,pid" and len(lines) == 1 + len(SEEING)


@pytest.mark.parametrize(
    ("asked", "word"),
    [({"columns": "seing"}, "did you mean seeing"), ({"rows": "7"}, "25"), ({"view": "cube"}, "table"),
     ({"rows": "1e2"}, "rows="), ({"columns": "seeing,nothing_at_all"}, "nothing_at_all")],
)  # fmt: skip
def test_what_the_table_does_not_know_is_refused(client, images, asked, word):
    answer = client.get("/images/", asked | {"format": "json"})
    assert answer.status_code == 400 and word in answer.json()["detail"], answer.json()


def test_sizes_of_pages_and_their_links(client, images):
    page = client.get("/images/", {"rows": 25, "field": images[0].field})
    assert page.context["page"].paginator.per_page == 25
    assert [one.label for one in page.context["table"].sizes if one.here] == ["25"]
    assert all("page=" not in one.url for one in page.context["table"].sizes)


def test_sorting_turns_round_and_says_so(client, images):
    page = client.get("/images/", {"order": "seeing"})
    assert pids(page) == [one.pid for one in images[:5]]
    heading = next(one for one in page.context["table"].headings if one.column.name == "seeing")
    assert heading.sorted_by == "ascending" and "order=-seeing" in heading.sort
    assert b'aria-sort="ascending"' in page.content


def test_chips_name_the_conditions_and_drop_them(client, images):
    page = client.get("/images/", {"field": images[0].field, "where": "seeing < 2.2 AND airmass BETWEEN 1 AND 3"})
    chips = page.context["chips"]
    assert [(chip.label, chip.text) for chip in chips] == [
        ("Field", str(images[0].field)), ("", "seeing < 2.2"), ("", "airmass BETWEEN 1 AND 3"),
    ]  # fmt: skip
    without = client.get("/images/" + chips[1].remove)
    assert [chip.text for chip in without.context["chips"]] == [str(images[0].field), "airmass BETWEEN 1 AND 3"]
    assert len(client.get("/images/" + chips[0].remove).context["chips"]) == 2


def test_dropping_the_position_drops_what_goes_with_it(client, images):
    chips = client.get("/images/", {"position": f"{images[0].ra} {images[0].dec}", "radius": 1}).context["chips"]
    assert client.get("/images/" + chips[0].remove).status_code == 200


@pytest.mark.parametrize("where", ["seeing < 2.2 OR seeing > 2.6", "(seeing<2.2)or(seeing>2.6)"])
def test_a_condition_is_added_to_those_there(client, images, where):
    asked = {"where": where, "column": "seeing", "comparison": ">", "value": "1.6"}
    page = client.get("/images/narrow", asked, follow=True)
    assert sorted(pids(page)) == sorted(images[k].pid for k in (1, 2, 4))
    text = client.get("/images/narrow", {"column": "filtercode", "comparison": "=", "value": "zr'; --"}, follow=True)
    assert text.status_code == 200 and pids(text) == []


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"column": "sha", "comparison": "<", "value": "1"}, "column="),
        ({"column": "seeing", "comparison": "~", "value": "1"}, "comparison="),
        ({"column": "seeing", "comparison": "<", "value": ""}, "value"),
        ({"column": "seeing", "comparison": "<", "value": "1", "z": "1"}, "z:"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(client, images, asked, word):
    answer = client.get("/images/narrow", asked)
    assert answer.status_code == 400 and word in answer.content.decode()


def test_a_value_that_is_no_number_is_refused_by_the_search(client, images):
    asked = {"column": "seeing", "comparison": "<", "value": "two"}
    assert client.get("/images/narrow", asked, follow=True).status_code == 400


def test_chosen_rows_alone_are_shown_and_fetched(client, images):
    chosen = [images[0].pid, images[3].pid]
    page = client.get("/images/rows", {"row": chosen, "to": "table", "rows": 25}, follow=True)
    assert sorted(pids(page)) == sorted(chosen) and page.context["page"].paginator.per_page == 25
    lines = client.get("/images/rows", {"row": chosen, "to": "csv"}, follow=True).content.decode().splitlines()
    assert len(lines) == 3
    assert client.get("/images/rows", {"row": chosen, "to": "curl"}, follow=True).status_code == 200
    narrowed = client.get("/images/rows", {"row": chosen, "to": "table", "where": "seeing < 2"}, follow=True)
    assert pids(narrowed) == [images[0].pid]


def test_chosen_images_of_one_quadrant_blink_in_time(client, images):
    chosen = [images[3].pid, images[0].pid, images[1].pid]
    answer = client.get("/images/rows", {"row": chosen, "to": "blink"})
    in_time = ",".join(str(images[k].pid) for k in (0, 1, 3))
    assert answer.url == f"/images/{images[1].pid}/view?mode=blink&epochs={in_time}"
    assert client.get(answer.url).status_code == 200


def test_images_that_cannot_blink_together_are_refused(client, images):
    other = factories.science_image(factories.exposure(jd=factories.JD + 40), rcid=3)
    with pytest.raises(BadParameterError, match="several quadrants"):
        blinking("sci", [str(images[0].pid), str(other.pid)])
    for rows, word in (
        ([images[0].pid], "2 to 12"),
        ([images[0].pid, images[5].pid], "not public"),
        ([images[0].pid, "x"], "row='x'"),
    ):
        answer = client.get("/images/rows", {"row": rows, "to": "blink"})
        assert answer.status_code == 400 and word in answer.content.decode().replace("&#x27;", "'"), rows


def test_as_many_alerts_as_are_chosen_at_once_fit_into_a_condition(client, images):
    """The same number in the table, in the basket and in its script; one more is refused by name."""
    numbers = [str(2**63 - 1 - k) for k in range(MOST_ROWS + 1)]
    beside = {"to": "table", "where": "magpsf < 17.5 OR " * 200 + "magpsf > 3"}
    for asked in ({"to": "table"}, {"to": "csv"}, beside):
        assert client.get("/alerts/rows", {"row": numbers[:-1], **asked}, follow=True).status_code == 200
    for rows, more, word in (
        (numbers, {}, f"at most {MOST_ROWS}"),
        (numbers[:-1], {"where": "magpsf < 17.5 OR " * 250 + "magpsf > 3"}, "where: "),
        (["1" * 20], {}, "row="),
    ):
        refused = client.get("/alerts/rows", {"row": rows, "to": "table", **more})
        assert refused.status_code == 400 and word in refused.content.decode()
    script = (settings.BASE_DIR / "static/ui/basket.js").read_text()
    assert f"MOST = {MOST_ROWS};" in script and f"up to {MOST_ROWS} of each" in client.get("/basket/").content.decode()


@pytest.mark.parametrize(
    ("search", "rows", "key"), [("alerts", "chosen-alerts", "candid"), ("objects", "chosen-objects", "oid")]
)
def test_alerts_and_objects_are_chosen_as_images_are(client, images, search, rows, key):
    address = client.get(reverse(rows), {"row": ["5", "6"], "to": "csv"}).url
    assert address == f"{reverse(search)}?where={key}+IN+%285,6%29&format=csv"
    assert client.get(address).content.decode().startswith("candid" if key == "candid" else "oid")
    assert client.get(reverse(rows), {"row": ["5"], "to": "curl"}).status_code == 400


def test_a_closed_row_that_is_named_stays_closed(client, images):
    assert pids(client.get("/images/rows", {"row": images[5].pid, "to": "table"}, follow=True)) == []


@pytest.mark.parametrize(
    ("asked", "word"),
    [({"to": "table"}, "row"), ({"to": "moon", "row": "1"}, "to="), ({"to": "table", "row": "1; DROP"}, "row="),
     ({"to": "table", "row": "1", "family": "raw"}, "family=")],
)  # fmt: skip
def test_rows_that_cannot_be_chosen_are_refused(client, images, asked, word):
    answer = client.get("/images/rows", asked)
    assert answer.status_code == 400 and word in answer.content.decode()


@pytest.mark.parametrize("name", ["tsv", "fits", "parquet", "arrow", "ipac", "csv", "json", "votable"])
def test_every_format_has_the_same_rows(client, images, name):
    answer = client.get("/images/", {"format": name, "order": "seeing", "columns": "pid,seeing"})
    body = answer.getvalue()
    rows = {
        "tsv": lambda: Table.read(body.decode().splitlines(), format="ascii.tab"),
        "csv": lambda: Table.read(body.decode().splitlines(), format="ascii.csv"),
        "fits": lambda: Table(fits.getdata(io.BytesIO(body))),
        "parquet": lambda: parquet.read_table(io.BytesIO(body)).to_pandas(),
        "arrow": lambda: pyarrow.ipc.open_stream(body).read_pandas(),
        "ipac": lambda: Table.read(body.decode().splitlines(), format="ascii.ipac"),
        "json": lambda: Table(answer.json()["rows"]),
        "votable": lambda: votable.parse_single_table(io.BytesIO(body)).array,
    }[name]()  # fmt: skip
    assert list(np.asarray(rows["pid"])) == [one.pid for one in images[:5]]
    np.testing.assert_allclose(np.asarray(rows["seeing"], float), SEEING, rtol=1e-6)


def test_pictures_stand_in_the_place_of_rows(client, images):
    page = client.get("/images/", {"view": "pictures"})
    assert (
        b'<ul class="thumbs" id="results">' in page.content
        and b"<table" not in page.content.split(b"<main")[1].split(b"<aside")[0]
    )


def test_what_is_closed_is_counted_and_no_bundle_of_nothing_is_offered(client, images):
    page = client.get("/images/", {"field": images[0].field})
    assert page.context["open"].with_files == 0
    assert "No row on this page has files for you" in page.content.decode()
    assert "as one tar" not in page.content.decode()


def test_counts_by_part_narrow_the_search(client, images):
    page = client.get("/images/facets", {"where": "seeing < 2.2"})
    values = [value for one in page.context["facets"] for value in one.values]
    found = {part: {one.value: one.count for one in values if one.part == part} for part in {v.part for v in values}}
    assert found["nid"] == {one.nid: 1 for one in images[:3]}
    assert "filtercode" not in found  # all alike
    for link in page.content.decode().split('href="')[1:]:
        address = link.split('"')[0].replace("&amp;", "&")
        assert client.get(address).context["page"].paginator.count == 1


def test_an_empty_result_says_what_to_do(client, images):
    page = client.get("/images/", {"field": 1})
    assert "No science images match. Widen the search or remove a condition." in page.content.decode()


def test_text_of_a_row_is_escaped():
    from archive.tables.pages.results import Cell, Row
    from portal.templatetags.ui import result_cells

    row = Row("1", "", [Cell("<b>&"), Cell("1", '"x')])
    assert result_cells(row) == '<td>&lt;b&gt;&amp;</td><td class="&quot;x">1</td>'
