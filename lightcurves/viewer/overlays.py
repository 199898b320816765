"""Overlays of a light curve: limits of images without a detection, alerts, forced photometry, neighbours.

Each function reads with the reader's rights and gives columns as `points` does. `OVERLAYS` names those that the page
offers; those that are made above this floor are named by their AppConfig (`overlays`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.utils.module_loading import import_string

from archive.models import Alert, ScienceImage
from archive.search.query import ImageQuery, images
from archive.survey.times import MJD_ZERO, SECONDS_PER_DAY
from lightcurves.models import Image, Source
from lightcurves.storage import read, store
from lightcurves.storage.read import LightCurves
from lightcurves.storage.store import SAME_PLACE
from lightcurves.tables.dictionary import point_rows
from lightcurves.viewer.heliocentric import heliocentric

POINT = ("oid", "pid", "key", "mjd", "hjd", "mag", "magerr", "catflags", "filtercode", "limitmag")
OVERLAY = (*POINT, "candid", "positive")
MOST_NEIGHBOURS = 20
USUAL_EXPOSURE = 30.0  # s
BANDS = {1: "zg", 2: "zr", 3: "zi"}
Columns = dict[str, list]


@dataclass(frozen=True)
class Overlay:
    """label : for people; points : dotted name of the function of a source and a user that gives the columns"""

    label: str
    points: str


def columns_of(curves: LightCurves) -> Columns:
    """Points by column, as JSON takes them."""
    rows = point_rows(curves)
    return {name: [getattr(row, name) for row in rows] for name in POINT}


def columns_from(rows: Iterable[dict]) -> Columns:
    """The same of points that are no detections of the light curve; what a row does not have is None."""
    rows = list(rows)
    return {name: [row.get(name) for row in rows] for name in OVERLAY}


def limits(source: Source, user: AbstractBaseUser) -> Columns:
    """5-sigma limits of the images that cover the object, whose points were taken in, and that show nothing there.

    An image whose points the reader may not see is no limit: it may well show the object.
    """
    curves = read.get(one.pk for one in store.siblings(source))
    detected = set(curves.columns["pid"].tolist())
    covering = images(ImageQuery(ra=source.ra, dec=source.dec)).order_by("obsjd").filter(maglimit__isnull=False)
    rows = [
        row
        for row in covering.values("pid", "obsjd", "exptime", "maglimit", "filtercode")
        if row["pid"] not in detected
    ]
    taken_in = set(Image.objects.filter(pid__in=[row["pid"] for row in rows]).values_list("pid", flat=True))
    rows = [row for row in rows if row["pid"] in taken_in]
    middle = np.array([middle_of(row["obsjd"], row["exptime"]) for row in rows])
    return columns_from(
        {"pid": row["pid"], "mjd": row["obsjd"] - MJD_ZERO, "hjd": hjd, "mag": row["maglimit"],
         "limitmag": row["maglimit"], "filtercode": row["filtercode"], "catflags": 0}
        for row, hjd in zip(rows, _hjd(middle, source), strict=True)
    )  # fmt: skip


def alerts(source: Source, user: AbstractBaseUser) -> Columns:
    """Alerts at the object's place: magnitudes of the difference from the reference, brighter or fainter."""
    names = ("candid", "pid", "jd", "magpsf", "sigmapsf", "isdiffpos", "fid")
    rows = list(Alert.objects.within(source.ra, source.dec, SAME_PLACE).order_by("jd").values(*names))
    exptime = dict(ScienceImage.objects.filter(pk__in={row["pid"] for row in rows}).values_list("pk", "exptime"))
    hjd = _hjd(np.array([middle_of(row["jd"], exptime.get(row["pid"])) for row in rows]), source)
    return columns_from(
        {"candid": str(row["candid"]), "pid": row["pid"], "mjd": row["jd"] - MJD_ZERO, "hjd": at, "mag": row["magpsf"],
         "magerr": row["sigmapsf"], "filtercode": BANDS.get(row["fid"], ""), "positive": row["isdiffpos"],
         "catflags": 0}
        for row, at in zip(rows, hjd, strict=True)
    )  # fmt: skip


OVERLAYS = {
    "limits": Overlay("limits of images without a detection", f"{__name__}.limits"),
    "alerts": Overlay("alerts (difference magnitudes)", f"{__name__}.alerts"),
} | {
    name: Overlay(label, function)
    for config in apps.get_app_configs()
    for name, (label, function) in getattr(config, "overlays", {}).items()
}


def points(name: str, source: Source, user: AbstractBaseUser) -> Columns:
    """Points of an overlay; none where nobody offers it."""
    return import_string(OVERLAYS[name].points)(source, user) if name in OVERLAYS else columns_from([])


def neighbours(source: Source, radius: float) -> tuple[list[Source], LightCurves]:
    """The nearest sources within `radius` degrees that are not at the object's own place, and their light curves."""
    near = store.cone(source.ra, source.dec, radius).filter(distance__gt=SAME_PLACE)[:MOST_NEIGHBOURS]
    found = store.with_statistics(near)
    return found, read.get(one.pk for one in found)


def middle_of(jd: float, exptime: float | None) -> float:
    """Julian date of the middle of an exposure that began at `jd`; ZTF's usual length (s) where none is known."""
    return jd + (USUAL_EXPOSURE if exptime is None else exptime) / 2 / SECONDS_PER_DAY


def _hjd(jd: np.ndarray, source: Source) -> list[float]:
    return heliocentric(jd, source.ra, source.dec).tolist() if len(jd) else []
