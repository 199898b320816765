"""The facts of an alert's page: its candidate's fields in words, what lies near it, where to look further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from archive.models import Alert, ReferenceImage, ScienceImage
from archive.moving.numbered import by_designation
from archive.survey.camera import filter_of
from archive.survey.identifiers import date_of_nid
from archive.survey.times import utc_text
from archive.tables.alert_fields import DATES, FIELDS, GROUPS, CandidateField, all_measured, measured

NOT_MEASURED, NOT_IN_PACKET = "not measured", "not in this packet's schema"
UNITS = {"": "", "arcsec": "″", "deg": "°"}
NAMES_OF_UNITS = {"pix": "px", "mag2": "mag²"}
LONGEST = 80  # characters of a value that no schema explains
STAR, GALAXY = 0.83, 0.5  # scores from which Pan-STARRS sources are called so (Tachibana & Miller 2018 for stars)
PROGRAMS = {0: "engineering", 1: "public", 2: "partnership", 3: "Caltech"}
SMALL = 1e-3
CALENDAR = (1721426.0, 5373484.0)  # JD of the years 1 to 9999
NEAR = 5.0  # arcsec, of searches around an alert


@dataclass(frozen=True)
class Fact:
    """A field of the candidate as it is shown; `note` says the same in other words, `link` leads to what it names."""

    field: CandidateField
    value: str
    unit: str = ""
    note: str = ""
    link: str = ""
    missing: bool = False


@dataclass(frozen=True)
class FactGroup:
    name: str
    title: str
    facts: list[Fact]


@dataclass(frozen=True)
class Match:
    """A source of Pan-STARRS 1 near an alert: distance (arcsec), score, what it says, magnitudes by band."""

    number: int | None
    distance: float
    score: float | None
    kind: str
    magnitudes: dict[str, float | None]


@dataclass(frozen=True)
class Place:
    """A link to something about the alert's place."""

    title: str
    address: str
    says: str


def fact_groups(candidate: Mapping, links: Mapping[str, str]) -> list[FactGroup]:
    """All fields in their groups; those that no schema explains come last, by their names."""
    groups = [
        FactGroup(
            group.name, group.title, [_fact(field, candidate, links.get(field.name, "")) for field in group.fields]
        )
        for group in GROUPS
    ]
    others = [
        Fact(CandidateField(name, "char", "", label=name), _plain(value), missing=measured(value) is None)
        for name, value in candidate.items()
        if name not in FIELDS
    ]
    return groups + ([FactGroup("others", "Other fields of this packet", others)] if others else [])


def _fact(field: CandidateField, candidate: Mapping, link: str) -> Fact:
    if field.name not in candidate:
        return Fact(field, NOT_IN_PACKET, missing=True)
    value = measured(candidate[field.name])
    if value is None:
        return Fact(field, NOT_MEASURED, missing=True)
    return Fact(field, number_of(value, field.digits), unit_of(field.unit), _note(field.name, value), link)


def number_of(value, digits: int | None) -> str:
    """A value with its digits; one that is small for them keeps three that count."""
    if digits is None or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:.3g}" if value and abs(value) < min(SMALL, 10.0**-digits) else f"{value:.{digits}f}"


def unit_of(unit: str) -> str:
    """A unit as it follows a number, with a space where one is due."""
    return UNITS[unit] if unit in UNITS else f"\N{NO-BREAK SPACE}{NAMES_OF_UNITS.get(unit, unit)}"


def _plain(value) -> str:
    return NOT_MEASURED if measured(value) is None else str(value)[:LONGEST]


def _note(name: str, value) -> str:
    if name in DATES:
        return f"{utc_text(value)} UTC" if CALENDAR[0] < value < CALENDAR[1] else "on no day of the calendar"
    if name == "isdiffpos":
        return "brighter than the reference" if is_positive(value) else "fainter than the reference"
    if name == "fid":
        return filter_of(value).band if value in (1, 2, 3) else ""
    if name == "nid":
        return f"{date_of_nid(value):%Y-%m-%d}" if value >= 0 else "before the survey"
    if name == "programid":
        return PROGRAMS.get(value, "")
    if name == "tooflag":
        return "yes" if value else "no"
    return kind_of(value) if name.startswith("sgscore") else ""


def is_positive(value) -> bool:
    """Whether a packet's `isdiffpos` says brighter than the reference."""
    return str(value).lower() in ("t", "1", "true")


def kind_of(score: float | None) -> str:
    """The meaning of a star-galaxy score in words."""
    if score is None:
        return "not classified"
    return "likely a star" if score >= STAR else "likely a galaxy" if score <= GALAXY else "unclear"


def panstarrs(candidate: Mapping) -> list[Match]:
    """The nearest sources of Pan-STARRS 1, up to three."""
    known = all_measured(candidate)
    return [
        Match(
            known.get(f"objectidps{k}"), known[f"distpsnr{k}"], known.get(f"sgscore{k}"),
            kind_of(known.get(f"sgscore{k}")), {band: known.get(f"s{band}mag{k}") for band in "griz"},
        )
        for k in (1, 2, 3)
        if known.get(f"distpsnr{k}") is not None
    ]  # fmt: skip


def solar_system(candidate: Mapping) -> dict | None:
    """The nearest known Solar System object: name, distance, magnitude, and its page where its orbit is here."""
    known = all_measured(candidate)
    name = known.get("ssnamenr")
    if name is None:
        return None
    orbit = by_designation(name.replace("_", " "))
    page = f"{reverse('moving')}?{urlencode({'name': orbit.number})}" if orbit else ""
    return {
        "name": name,
        "known_as": orbit.name if orbit else "",
        "distance": known.get("ssdistnr"),
        "magnitude": known.get("ssmagnr"),
        "page": page,
    }


def links_of(alert: Alert, candidate: Mapping, science: ScienceImage | None) -> dict[str, str]:
    """The pages of what fields name, by field, as far as this reader may see them."""
    links = {"pid": reverse("image", args=[science.pid])} if science is not None else {}
    rfid = candidate.get("rfid") or alert.rfid
    if rfid and ReferenceImage.objects.filter(pk=rfid).exists():
        links["rfid"] = reverse("reference", args=[rfid])
    if (solar := solar_system(candidate)) and solar["page"]:
        links["ssnamenr"] = solar["page"]
    return links


def places(ra: float, dec: float) -> list[Place]:
    """Everything about a place (ICRS, degrees)."""
    position = f"{ra:.6f} {dec:.6f}"
    cone = (
        "SELECT candid, objectid, jd, fid, magpsf, sigmapsf, isdiffpos, rb FROM ztf.ztf_alerts "
        f"WHERE CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {ra:.6f}, {dec:.6f}, {NEAR / 3600:.6f})) = 1 "
        "ORDER BY jd"
    )
    return [
        Place("Images", _at("images", position=position), "every image that covers the place"),
        Place("Light curves", _at("objects", position=position, radius=NEAR), f"of sources within {NEAR:g}″"),
        Place("Alerts", _at("alerts", position=position, radius=f"{NEAR / 3600:.6f}"), f"within {NEAR:g}″, any object"),
        Place("Forced photometry", _at("forced", position=position), "order a flux in every image"),
        Place("Cutouts", _at("cutouts", position=position), "the place in every image"),
        Place("Sky map", _at("sky", position=position), "footprints around it"),
        Place("Query", _at("query", query=cone), f"alerts within {NEAR:g}″ in ADQL, also for TAP clients"),
    ]


def _at(name: str, **query) -> str:
    return f"{reverse(name)}?{urlencode(query)}"
