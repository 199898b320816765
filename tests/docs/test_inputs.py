"""The guide's own examples of positions, times and targets are read as it says."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from archive.given.positions import BadPositionError, parse_position
from archive.given.times import BadTimeError, moment
from archive.search.names import NameNotFoundError, resolve
from archive.targets.lists import structured

GUIDE = (Path(__file__).parents[2] / "docs/guide/inputs.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))


def rows(section: str, head: str) -> list[tuple[str, str]]:
    """The rows of the table with that head: the code of the first column, the text of the second."""
    table = SECTIONS[section].partition(f"| {head} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(.+?)` \| (.+?) \|$", table, re.MULTILINE)


@pytest.mark.parametrize(("text", "meant"), rows("Positions", "you write"))
def test_the_guide_s_positions_are_read_as_it_says(text, meant):
    place, truth = parse_position(text), SkyCoord(*map(float, meant.split()), unit="deg")
    assert SkyCoord(place.ra, place.dec, unit="deg").separation(truth) < 0.01 * u.arcsec


@pytest.mark.parametrize("text", [text for text, _ in rows("Positions", "refused")])
def test_the_guide_s_refusals_are_refused(text):
    with pytest.raises(BadPositionError):
        parse_position(text)
    with pytest.raises((BadPositionError, NameNotFoundError)):
        resolve(text)


@pytest.mark.parametrize(("text", "meant"), rows("Times", "you write"))
def test_the_guide_s_times_are_read_as_it_says(text, meant):
    assert abs(moment(text) - datetime.fromisoformat(meant).replace(tzinfo=UTC)) < timedelta(milliseconds=1)


@pytest.mark.parametrize("text", [text for text, _ in rows("Times", "refused")])
def test_the_guide_s_times_that_are_none_are_refused(text):
    with pytest.raises(BadTimeError):
        moment(text)


def test_the_guide_s_json_is_taken():
    body = json.loads(re.search(r"`(\{\"targets\".*?\})`\.", SECTIONS["Lists"])[1])
    assert [(one.name, one.ra, one.dec) for one in structured(body["targets"])] == [
        ("a star", 150.1, 2.2), ("2", 150.1, 2.2), ("b", 150.1, 2.2)
    ]  # fmt: skip


def test_every_table_has_rows():
    assert [len(rows("Positions", head)) > 8 for head in ("you write", "refused")] == [True, True]
    assert [len(rows("Times", head)) > 5 for head in ("you write", "refused")] == [True, True]
