"""The guide to light curves names the parameters, formats and columns that the code has."""

import re
from pathlib import Path

from django.urls import resolve

from lightcurves.catalog.forms import BULK_FORMATS, DEFAULT_MATCH, MOST_IDS, MOST_TARGETS, LightCurveForm
from lightcurves.download.formats import FORMATS
from lightcurves.irsa.light_curves import PARAMETERS

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "lightcurves.md").read_text()


def section(heading: str) -> str:
    return GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]


def first_cells(heading: str) -> set[str]:
    rows = [line.split("|")[1] for line in section(heading).splitlines() if line.startswith("| `")]
    return set(re.findall(r"`([A-Za-z_]+)`", " ".join(rows)))


def test_every_parameter_of_irsa_s_service_is_described():
    assert first_cells("IRSA's service") == set(PARAMETERS)
    (formats,) = [line for line in section("IRSA's service").splitlines() if line.startswith("| `FORMAT`")]
    assert set(re.findall(r"`([A-Z_]+)`", formats)) - {"FORMAT"} == {name.upper() for name in FORMATS}


def test_every_field_of_lists_is_described_with_its_limits():
    text = section("Thousands at once")
    assert first_cells("Thousands at once") == set(LightCurveForm().fields)
    assert all(f"`{name}`" in text for name in BULK_FORMATS)
    assert f"{MOST_IDS:,} numbers" in text and f"{MOST_TARGETS:,} positions" in text and f"; {DEFAULT_MATCH}," in text


def test_every_address_is_there():
    found = set(re.findall(r"\$ZTF(/[a-z_A-Z/0-9-]+)", GUIDE)) | set(re.findall(r"\{ZTF\}(/[a-z_A-Z/0-9-]+)", GUIDE))
    assert len(found) >= 4
    for address in found:
        resolve(address)
