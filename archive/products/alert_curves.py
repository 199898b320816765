"""The light curve of an alert's object: its alerts, and what their packets tell of earlier images.

Everything is read with the reader's rights: rows of alerts by the database, histories from packets that the reader
may read whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from archive.models import Alert
from archive.products.alert_packets import packet_of
from archive.survey.camera import filter_of
from archive.survey.times import date_of_jd, utc_text
from archive.tables.alert_fields import measured
from archive.tables.dictionary import ALERTS, Column, Table

LOOK_BACK = 30.0  # days that a packet's history reaches back
MOST_PACKETS = 24  # that are opened for one curve: each is a file
MICROJANSKY = 23.9  # AB magnitude of 1 microjansky
PER_MAGNITUDE = 0.4 * math.log(10)
DETECTION, LIMIT = "detection", "limit"
POSITIVE = ("t", "1", "true")

CURVE = Table(
    "alert_light_curve",
    "Light curve of an alert's object: detections in difference images, and limits where nothing was found",
    (
        Column("kind", "char", "detection, or limit where nothing was found"),
        *ALERTS.only("alert", "candid pid jd").columns,
        Column("obsdate", "char", "UTC at the start of the exposure", ucd="time.start"),
        *ALERTS.only("alert", "fid").columns,
        Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter"),
        *ALERTS.only("alert", "magpsf sigmapsf isdiffpos rb drb").columns,
        Column("limitmag", "double", "5-sigma limit of the difference image", "mag", "phot.mag;stat.max"),
        Column("flux", "double", "Flux of the difference, negative where fainter than the reference", "uJy"),
        Column("fluxerr", "double", "Uncertainty of flux; of a limit the noise, a fifth of the limit", "uJy"),
    ),
)


@dataclass(frozen=True)
class Point:
    """A detection, or the limit of an image without one; `here`: the archive has its alert for this reader."""

    kind: str
    pid: int | None
    jd: float
    fid: int
    candid: int | None = None
    magpsf: float | None = None
    sigmapsf: float | None = None
    isdiffpos: bool | None = None
    rb: float | None = None
    drb: float | None = None
    limitmag: float | None = None
    here: bool = False

    @property
    def filtercode(self) -> str:
        return filter_of(self.fid).code

    @property
    def obsdate(self) -> datetime:
        return date_of_jd(self.jd)

    @property
    def utc(self) -> str:
        return utc_text(self.jd)

    @property
    def flux(self) -> float | None:
        """Microjansky; None of a limit."""
        if self.magpsf is None:
            return None
        return (1 if self.isdiffpos else -1) * _flux(self.magpsf)

    @property
    def fluxerr(self) -> float | None:
        if self.magpsf is not None:
            return None if self.sigmapsf is None else _flux(self.magpsf) * PER_MAGNITUDE * self.sigmapsf
        return None if self.limitmag is None else _flux(self.limitmag) / 5


@dataclass(frozen=True)
class Curve:
    """points : in order of time; packets : those whose histories were read; complete : whether no more were needed"""

    points: list[Point]
    alerts: list[Alert]
    packets: int
    complete: bool


def curve_of(alert: Alert) -> Curve:
    """The light curve of an alert's object, as far as the current reader may see it.

    Raises
    ------
    archive.files.storage.DamagedFileError
        if a packet's file is not the registered one.
    """
    alerts = list(Alert.objects.filter(objectid=alert.objectid).select_related("packet").order_by("jd", "candid"))
    needed = covering(alerts)
    opened = needed[-MOST_PACKETS:]
    opened += [alert] if alert.candid not in {one.candid for one in opened} else []
    told = [record for one in opened for record in packet_of(one).get("prv_candidates") or []]
    points = _points(alerts, told)
    return Curve(points, alerts, len(opened), len(needed) <= MOST_PACKETS)


def covering(alerts: list[Alert]) -> list[Alert]:
    """As few alerts (given in order of time) as have histories that reach over the time of all, by program."""
    found: list[Alert] = []
    for program in sorted({one.programid for one in alerts}):
        mine = [one for one in alerts if one.programid == program]
        last = len(mine) - 1
        found.append(mine[last])
        while last > 0:
            reached = mine[last].jd - LOOK_BACK
            # The earliest alert within this history reaches farthest back; where there is none, the one before it.
            last = min((k for k in range(last) if mine[k].jd >= reached), default=last - 1)
            found.append(mine[last])
    return sorted(found, key=lambda one: one.jd)


def _points(alerts: list[Alert], told: Iterable[Mapping]) -> list[Point]:
    points = {one.candid: _of_alert(one) for one in alerts}
    limits: dict[tuple, Point] = {}
    for record in told:
        candid, magnitude = record.get("candid"), measured(record.get("magpsf"))
        if candid is None or magnitude is None:
            if measured(record.get("diffmaglim")) is not None:
                limits.setdefault((record.get("pid"), record["jd"]), _of_limit(record))
        elif candid not in points:
            points[candid] = _of_record(record)
    detected = {one.pid for one in points.values()}
    found = [*points.values(), *(one for one in limits.values() if one.pid not in detected)]
    return sorted(found, key=lambda one: (one.jd, one.candid or 0))


def _of_alert(one: Alert) -> Point:
    return Point(
        DETECTION, one.pid, one.jd, one.fid, one.candid, one.magpsf, one.sigmapsf, one.isdiffpos, one.rb, one.drb,
        here=True,
    )  # fmt: skip


def _of_record(record: Mapping) -> Point:
    return Point(
        DETECTION, record.get("pid"), record["jd"], record["fid"], record["candid"], measured(record["magpsf"]),
        measured(record.get("sigmapsf")), str(record.get("isdiffpos")).lower() in POSITIVE,
        measured(record.get("rb")), measured(record.get("drb")), measured(record.get("diffmaglim")),
    )  # fmt: skip


def _of_limit(record: Mapping) -> Point:
    return Point(LIMIT, record.get("pid"), record["jd"], record["fid"], limitmag=measured(record["diffmaglim"]))


def _flux(magnitude: float) -> float:
    return 10 ** ((MICROJANSKY - magnitude) / 2.5)
