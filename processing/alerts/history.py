"""History and name of the object at a candidate's position.

A packet must hold nothing that those who may read it may not see: its history comes from images of its own
program only.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from string import ascii_lowercase
from typing import Any

import fastavro
from django.db import connection

from archive.models import Alert, DifferenceImage, ScienceImage
from archive.sky.sphere import separation
from archive.survey.times import date_of_jd
from processing.alerts import packets

MATCH = 1.5 / 3600  # deg
LOOK_BACK = 30.0  # days
NAMES_LOCK = 11  # class of our advisory locks
LETTERS = 7
HALF = len(ascii_lowercase) ** LETTERS // 2  # of a year's names


class NoNamesLeftError(RuntimeError):
    """All names of a year are given."""


class History:
    """The history of one image's candidates; keeps the packets it has read."""

    def __init__(self, difference: DifferenceImage):
        self.science = difference.science
        self.files: dict[int, list[dict]] = {}
        place = {"field": self.science.field, "rcid": self.science.rcid}
        mine = ScienceImage.objects.filter(
            **place, origin="ours", programid=self.science.programid, obsjd__lt=self.science.obsjd
        )
        self.coverage = mine.count() + 1
        recent = DifferenceImage.objects.filter(
            science__in=mine.filter(obsjd__gte=self.science.obsjd - LOOK_BACK), status=1
        )
        self.differences = list(recent.select_related("science").order_by("science__obsjd"))

    def of(self, ra: float, dec: float) -> tuple[dict, list[dict]]:
        """Numbers of the history (ndethist, ...) and the records of the last 30 days, in order of time."""
        earlier = Alert.objects.within(ra, dec, MATCH).filter(
            programid=self.science.programid, jd__lt=self.science.obsjd
        )
        alerts = sorted(earlier.select_related("packet"), key=lambda alert: alert.jd)
        same = [alert.jd for alert in alerts if (alert.field, alert.rcid) == (self.science.field, self.science.rcid)]
        numbers = {
            "ndethist": len(same) + 1,
            "ncovhist": self.coverage,
            "jdstarthist": min([*same, self.science.obsjd]),
            "jdendhist": self.science.obsjd,
        }
        recent = [alert for alert in alerts if alert.jd >= self.science.obsjd - LOOK_BACK]
        detected = {alert.pid for alert in recent}
        records = [packets.previous_record(self._candidate(alert)) for alert in recent]
        records += [
            packets.limit_record(difference) for difference in self.differences if difference.pk not in detected
        ]
        return numbers, sorted(records, key=lambda record: record["jd"])

    def _candidate(self, alert: Alert) -> dict:
        if alert.packet_id not in self.files:
            with alert.packet.whole().open("rb") as file:
                records: Iterable[Any] = fastavro.reader(file)
                self.files[alert.packet_id] = [record["candidate"] for record in records]
        return self.files[alert.packet_id][alert.packet_index]


def give_names(candidates: list[dict], public: bool = True) -> list[str]:
    """Names of the objects of candidates: that of an alert within 1.5 arcsec, or else a new one.

    New names of public objects follow each other; those of others are drawn by lot from the second half of the year's,
    or the names that are seen would count the objects that are not.

    To be called in the transaction that registers the alerts: until it ends, nobody else gives a name.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [NAMES_LOCK])
    fresh: dict[int, int] = {}
    names: list[str] = []
    for candidate in candidates:
        known = _known_name(candidate, list(zip(candidates, names, strict=False)))
        if known is not None:
            names.append(known)
            continue
        year = date_of_jd(candidate["jd"]).year
        if public:
            fresh[year] = fresh[year] + 1 if year in fresh else _first_free(year)
            names.append(name_of(year, fresh[year]))
        else:
            names.append(_drawn(year, names))
    return names


def _drawn(year: int, given: list[str]) -> str:
    while True:
        name = name_of(year, HALF + secrets.randbelow(HALF))
        if name not in given and not Alert.objects.filter(objectid=name).exists():
            return name


def _known_name(candidate: dict, named: list[tuple[dict, str]]) -> str | None:
    """The name of an alert of the archive, or of this image, within 1.5 arcsec."""
    alert = Alert.objects.within(candidate["ra"], candidate["dec"], MATCH).first()
    if alert is not None:
        return alert.objectid
    for other, name in named:
        if separation(candidate["ra"], candidate["dec"], other["ra"], other["dec"]) <= MATCH:
            return name
    return None


def _first_free(year: int) -> int:
    first, last = name_of(year, 0), name_of(year, HALF - 1)
    newest = Alert.objects.filter(objectid__gte=first, objectid__lte=last).order_by("-objectid").first()
    return 0 if newest is None else number_of(newest.objectid) + 1


def name_of(year: int, number: int) -> str:
    """The name of a year's n-th object: ZTF, two digits of the year, seven letters; 27 of 2026 is ZTF26aaaaabb."""
    letters = ""
    for _ in range(LETTERS):
        number, letter = divmod(number, len(ascii_lowercase))
        letters = ascii_lowercase[letter] + letters
    if number:
        raise NoNamesLeftError(f"year={year}: all {len(ascii_lowercase) ** LETTERS} names are given")
    return f"ZTF{year % 100:02}{letters}"


def number_of(name: str) -> int:
    """The running number in a name."""
    number = 0
    for letter in name[-LETTERS:]:
        number = number * len(ascii_lowercase) + ascii_lowercase.index(letter)
    return number
