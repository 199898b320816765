"""Numbers and times as people read them: the digits that mean something, missing as missing, zero as a number."""

from datetime import UTC, datetime

import pytest

from archive.search.families import FAMILIES
from archive.tables.dictionary import Column
from archive.tables.presentation import MISSING, shown


def text(name: str, datatype: str, value, unit: str = "", ucd: str = "") -> str:
    return shown(Column(name, datatype, "", unit, ucd)).text(value)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        (("ra", "double", "deg"), 10.68470833, "10.68471"),  # 0.04 arcsec
        (("seeing", "double", "arcsec"), 2.0, "2.00"),
        (("maglimit", "double", "mag"), 20.449, "20.45"),
        (("obsjd", "double", "d"), 2459000.123456, "2459000.12346"),  # 0.9 s
        (("rb", "double", ""), 0.0, "0.00"),
        (("clrcoeff", "double", ""), 0.0, "0.0000"),
        (("ncandidates", "int", ""), 0, "0"),
        (("chi", "double", ""), 1234567.0, "1.235e+06"),
        (("chi", "double", ""), 2.0, "2.000"),
        (("chi", "double", ""), 1234.0, "1234"),
        (("fid", "int", ""), 2, "zr"),
        (("seeing", "double", "arcsec"), None, MISSING),
        (("seeing", "double", "arcsec"), float("nan"), MISSING),
        (("ssnamenr", "char", ""), "", MISSING),
        (("isdiffpos", "boolean", ""), False, "no"),
        (("obsdate", "char", ""), datetime(2026, 10, 27, 3, 4, 5, 900000, UTC), "2026-10-27 03:04:05"),
    ],
)
def test_a_value_reads_as_a_person_expects(column, value, expected):
    name, datatype, unit = column
    assert text(name, datatype, value, unit) == expected


def test_every_column_of_images_has_words_for_people():
    plain = {"ra1", "dec1", "ra2", "dec2", "ra3", "dec3", "ra4", "dec4", "path", "status", "sha256"}
    for family in FAMILIES.values():
        for column in family.page.columns:
            known = shown(column)
            wcs = column.name.startswith(("cd1", "cd2", "crpix", "crval"))
            assert known.label != column.name or wcs or column.name in plain, (family.name, column.name)
            assert known.description
