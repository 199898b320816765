"""The guide for scripts written for IRSA names the parameters and addresses that the code has."""

import re
from pathlib import Path

from django.urls import resolve

from lightcurves.gator.asked import FILE, PARAMETERS
from lightcurves.gator.regions import DEFAULT_RADIUS, LARGEST_UPLOADED, MOST_ROWS

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "irsa.md").read_text()


def section(heading: str) -> str:
    return GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]


def first_cells(heading: str) -> set[str]:
    rows = [line.split("|")[1] for line in section(heading).splitlines() if line.startswith("| `")]
    return set(re.findall(r"`([A-Za-z_0-9]+)`", " ".join(rows)))


def test_every_parameter_of_the_catalog_search_is_described():
    assert {name.upper() for name in first_cells("Catalog search: Gator")} == {*PARAMETERS, FILE}
    text = section("Catalog search: Gator")
    assert f"{MOST_ROWS:,} rows" in text and f"; {DEFAULT_RADIUS:g} `arcsec`" in text
    assert LARGEST_UPLOADED == 60 and "at most a minute of arc" in text


def test_every_address_is_there():
    found = set(re.findall(r"\$ZTF(/[A-Za-z_0-9/.-]*)", GUIDE)) | set(re.findall(r"`(/[A-Za-z_0-9/.-]+)[`?]", GUIDE))
    assert len(found) >= 3
    for address in found:
        resolve(address)


def test_addresses_of_the_documentation_are_written_as_http_wants_them():
    """What curl sends as it stands, and a server of HTTP refuses before the archive sees it."""
    seen = 0
    for path in (Path(__file__).parents[2] / "docs").rglob("*.md"):
        for quoted in re.findall(r"""curl [^\n]*?(?:"([^"\n]*\?[^"\n]*)"|'([^'\n]*\?[^'\n]*)')""", path.read_text()):
            address = "".join(quoted)
            if address.startswith(("http", "$ZTF")):
                seen += 1
                assert not set(address) & set('<>" '), f"{path.name}: {address}"
    assert seen > 20
