"""The context of an alert's page: stamps, light curve, neighbours in time, facts, cards, links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from astropy.coordinates import SkyCoord

from archive.models import Alert, ScienceImage
from archive.products.alert_curves import LIMIT, Curve, Point, curve_of
from archive.survey.camera import filter_of
from archive.survey.times import utc_text
from archive.tables.alert_fields import all_measured
from portal.plots import alert_curve
from portal.results import alert_facts, alert_stamps

NAMES = {"zg": "g", "zr": "r", "zi": "i"}


@dataclass(frozen=True)
class Key:
    """An entry of the plot's legend: its mark as a path, and what it stands for."""

    path: str
    style: str
    open_: bool
    text: str


def alert_context(alert: Alert, packet: Mapping, science: ScienceImage | None) -> dict:
    """Everything that the page shows besides the row itself."""
    candidate = packet["candidate"]
    curve = curve_of(alert)
    before, after, place = neighbours(curve, alert)
    turning = alert_stamps.turning_of(alert, science)
    return {
        "science": science,
        "filter": filter_of(alert.fid),
        "utc": utc_text(alert.jd),
        "sexagesimal": SkyCoord(alert.ra, alert.dec, unit="deg").to_string("hmsdms", precision=2),
        "program": f"{alert.programid} ({alert_facts.PROGRAMS[alert.programid]})",
        "stamps": alert_stamps.kinds_in(dict(packet)),
        "frame": alert_stamps.frame_of(turning),
        "oriented_by_image": science is not None,
        "curve": curve,
        "drawing": alert_curve.drawing(curve, alert.candid),
        "key": key_of(curve.points),
        "before": before,
        "after": after,
        "place": place,
        "groups": alert_facts.fact_groups(candidate, alert_facts.links_of(alert, candidate, science)),
        "panstarrs": alert_facts.panstarrs(candidate),
        "known": all_measured(candidate),
        "solar": alert_facts.solar_system(candidate),
        "places": alert_facts.places(alert.ra, alert.dec),
    }


def neighbours(curve: Curve, alert: Alert) -> tuple[Alert | None, Alert | None, int]:
    """The object's alerts before and after this one, as far as they are to be seen, and its own number from 1."""
    candids = [one.candid for one in curve.alerts]
    at = candids.index(alert.candid)
    before = curve.alerts[at - 1] if at > 0 else None
    after = curve.alerts[at + 1] if at + 1 < len(candids) else None
    return before, after, at + 1


def key_of(points: list[Point]) -> list[Key]:
    """The legend of what the light curve has."""
    found = []
    for band, marker in alert_curve.MARKERS.items():
        mine = [one for one in points if one.filtercode == band]
        if any(one.isdiffpos for one in mine):
            found.append(Key(_at(marker), band, False, f"{NAMES[band]}, brighter than the reference"))
        if any(one.isdiffpos is False for one in mine):
            found.append(Key(_at(marker), band, True, f"{NAMES[band]}, fainter than the reference"))
        if any(one.kind == LIMIT for one in mine):
            found.append(Key(_at("triangle"), band, True, f"{NAMES[band]}, upper limit"))
    return found


def _at(marker: str) -> str:
    return alert_curve.shape(marker, 7, 6)
