"""Presentation of columns to people: label, unit, digits, kind. Pages, plots, forms and hover texts use it alike.

Files and services give full precision; nothing of this concerns them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from archive.survey.camera import FILTER_BY_FID
from archive.tables.dictionary import Column

NUMBER, TEXT, TIME, FILTER, IDENTIFIER = "number", "text", "time", "filter", "identifier"
MISSING = "–"
UNITS = {"deg": "°", "arcsec": "″", "d": "d", "s": "s", "mag": "mag", "pix": "px", "deg/pix": "°/px", "arcsec/h": "″/h"}
DECIMALS = {"deg": 5, "mag": 2, "arcsec": 2, "s": 1, "d": 5, "pix": 2, "deg/pix": 8, "arcsec/h": 2, "au": 3}
OF_COLUMN = {"rb": 2, "drb": 2, "airmass": 3, "moonillf": 2, "moonesb": 2, "sigmapsf": 3, "magzp": 3, "magzprms": 3,
             "clrcoeff": 4, "medianmag": 3, "magrms": 3, "vmag": 1, "phase": 1, "distance": 3}  # fmt: skip
"""Digits after the point where the unit's own would show too few or too many."""
SIGNIFICANT = 4  # digits of a number without a unit
LABELS = {
    "arcsec": "Distance", "ra": "RA", "dec": "Dec",
    "telra": "Telescope RA", "teldec": "Telescope Dec", "obsjd": "Start (JD)", "jd": "JD",
    "obsdate": "Start (UTC)", "startobsdate": "First image (UTC)", "endobsdate": "Last image (UTC)",
    "nightdate": "Night", "nid": "Night number", "expid": "Exposure", "pid": "Image number", "rfid": "Reference number",
    "cid": "Calibration number", "candid": "Alert number", "objectid": "Object", "oid": "Object", "field": "Field",
    "ccdid": "CCD", "qid": "Quadrant", "rcid": "Channel", "fid": "Filter", "filtercode": "Filter",
    "filefracday": "File time", "seeing": "Seeing", "airmass": "Airmass", "exptime": "Exposure time",
    "moonillf": "Moon illumination", "moonesb": "Moon excess", "maglimit": "Limit", "diffmaglim": "Limit (difference)",
    "infobits": "Quality bits", "magzp": "Zero point", "magzprms": "Zero point scatter", "clrcoeff": "Colour term",
    "programid": "Program", "ipac_pub_date": "Public from (UTC)", "origin": "Made by", "nframes": "Images",
    "caltype": "Type", "imgtype": "Image type", "imgtypecode": "Type", "itid": "Image type number",
    "ncandidates": "Candidates", "magpsf": "Magnitude", "sigmapsf": "Uncertainty", "isdiffpos": "Brighter",
    "rb": "Real-bogus", "drb": "Deep real-bogus", "distnr": "Nearest source", "ssnamenr": "Solar System object",
    "ssdistnr": "Its distance", "suffix": "File", "size": "Size (bytes)", "nobs": "Points", "ngoodobs": "Good points",
    "medianmag": "Median", "magrms": "Scatter", "chisq": "Chi square", "stetsonj": "Stetson J",
    "vonneumannratio": "Von Neumann ratio", "vmag": "V (predicted)", "dra": "Motion in RA", "ddec": "Motion in Dec",
    "delta": "From the observer", "r": "From the Sun", "phase": "Phase angle", "distance": "From the image's centre",
    "x": "Pixel x", "y": "Pixel y", "path": "File's path",
    "title": "Title", "first_night": "First night", "last_night": "Last night", "programs": "Programs",
    "families": "Products", "state": "State", "published": "Public since (UTC)",
}  # fmt: skip
_IDENTIFIERS = ("pid", "rfid", "cid", "candid", "oid", "expid", "objectid")


@dataclass(frozen=True)
class Shown:
    """A column as people see it; `decimals` is None for whole numbers and text."""

    name: str
    label: str
    unit: str
    description: str
    kind: str
    decimals: int | None

    @property
    def is_number(self) -> bool:
        return self.kind == NUMBER

    def text(self, value: Any) -> str:
        """A value of it in words for a person; a missing one is a dash, and zero is a number."""
        if self.name == "fid" and value in FILTER_BY_FID:
            return FILTER_BY_FID[value].code
        if _missing(value):
            return MISSING
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M:%S}"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return f"{value:#.{SIGNIFICANT}g}".rstrip(".") if self.decimals is None else f"{value:.{self.decimals}f}"
        return str(value)


@lru_cache(maxsize=4096)
def shown(column: Column) -> Shown:
    """The presentation of a column of the data dictionary."""
    return Shown(
        column.name,
        LABELS.get(column.name, column.name),
        UNITS.get(column.unit, column.unit),
        column.description,
        _kind(column),
        _decimals(column),
    )


def fixed(value: float | None, decimals: int) -> str:
    """A number with so many digits after the point; a missing one is a dash."""
    return MISSING if _missing(value) else f"{value:.{decimals}f}"


def significant(value: float | None, count: int = SIGNIFICANT) -> str:
    """A number with so many significant digits at most; a missing one is a dash."""
    return MISSING if _missing(value) else f"{value:.{count}g}"


def _missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _kind(column: Column) -> str:
    if column.name in ("filtercode", "fid"):
        return FILTER
    if column.name in _IDENTIFIERS:
        return IDENTIFIER
    if column.datatype == "char":
        return TIME if column.ucd.startswith("time") or "UTC" in column.description else TEXT
    return TEXT if column.datatype == "boolean" else NUMBER


def _decimals(column: Column) -> int | None:
    if column.datatype not in ("double", "float"):
        return None
    return OF_COLUMN.get(column.name, DECIMALS.get(column.unit))
