"""The surroundings of an object's light curves: alerts, forced photometry, catalogs, pictures in time.

Everything is read with the reader's rights; forced photometry is the reader's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import urlencode

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse
from django.utils.module_loading import import_string

from archive.models import Alert, GaiaStar, PanstarrsStar, ProductFile
from archive.moving.numbered import by_designation
from archive.search.names import deep_sky_near
from archive.survey.times import MJD_ZERO, utc_text
from lightcurves.models import Source, SourcePeriod
from lightcurves.photometry.offsets import Offset
from lightcurves.storage import store
from lightcurves.storage.store import SAME_PLACE
from lightcurves.viewer.hints import hints_of, known

NEAR = 30.0  # arcsec, of neighbours
MOST = 5  # neighbours of each catalog
MOST_ALERTS = 20  # shown; the newest
DEEP_SKY = 10.0  # arcmin
PICTURES, PICTURE = 8, 0.01  # how many; deg
WIDTH = 144  # pixels of a picture


@dataclass(frozen=True)
class ForcedRequest:
    """Somebody's order of forced photometry near a place; arcsec away."""

    address: str
    name: str
    phase: str
    ordered: datetime
    arcsec: float


@dataclass(frozen=True)
class Picture:
    """A cutout around the object in one image."""

    address: str
    page: str
    utc: str
    filtercode: str
    mag: float | None


def around(source: Source, sources: list, period: SourcePeriod | None, user: AbstractBaseUser) -> dict:
    """Everything that the page shows beside the light curves, by name."""
    place = source.ra, source.dec
    panstarrs = _near(PanstarrsStar.objects.within(*place, NEAR / 3600))
    gaia = _near(GaiaStar.objects.within(*place, NEAR / 3600))
    alerts = list(Alert.objects.within(*place, SAME_PLACE).order_by("-jd", "-candid"))
    return {
        "hints": hints_of(sources, period, _at(panstarrs), _at(gaia)),
        "alerts": alerts[:MOST_ALERTS],
        "alert_objects": [(name, len(list(group))) for name, group in groupby(sorted(a.objectid for a in alerts))],
        "alert_count": len(alerts),
        "asteroids": asteroids_of(alerts),
        "forced": requests_near(user, *place),
        "panstarrs": panstarrs,
        "gaia": gaia,
        "others": other_objects(source),
        "deep_sky": deep_sky_near(*place, DEEP_SKY),
        "position": f"{source.ra:.7f} {source.dec:.7f}",
    }


def _near(rows) -> list:
    found = list(rows[:MOST])
    for one in found:
        one.arcsec = one.distance * 3600
    return found


def _at(rows: list):
    """The source of a catalog at the object's own place."""
    return rows[0] if rows and rows[0].distance <= SAME_PLACE else None


def asteroids_of(alerts: list[Alert]) -> list[tuple[str, float | None, bool]]:
    """Solar System objects that alerts name: name, least distance (arcsec), whether their orbit is here."""
    nearest: dict[str, float | None] = {}
    for one in alerts:
        if one.ssnamenr:
            away = [at for at in (one.ssdistnr, nearest.get(one.ssnamenr)) if at is not None]
            nearest[one.ssnamenr] = min(away, default=None)
    return [(name, away, by_designation(name) is not None) for name, away in sorted(nearest.items())]


def other_objects(source: Source) -> list[Source]:
    """The nearest objects at other places."""
    near = store.cone(source.ra, source.dec, NEAR / 3600).filter(distance__gt=SAME_PLACE)[:MOST]
    return store.with_statistics(near)


def name_offsets(sources: list, offsets: dict[int, Offset]) -> int:
    """Give sources their offsets in words as `offset`; the number of the one with most good points."""
    for one in sources:
        one.offset = _in_words(offsets.get(one.pk), one.pk)
    return max(sources, key=lambda one: (known(one.ngoodobs) or 0, -one.pk)).pk


def _in_words(offset: Offset | None, oid: int) -> str:
    if offset is None:
        return "no good point"
    if offset.reference == oid:
        return "reference"
    if offset.error is None:
        return f"{offset.value:+.3f}, from medians: too few points near in time"
    return f"{offset.value:+.3f} ± {offset.error:.3f} ({offset.pairs} pairs)"


def requests_near(user: AbstractBaseUser, ra: float, dec: float) -> list[ForcedRequest]:
    """This person's orders of forced photometry at a place, of whichever app takes such orders."""
    return [
        one
        for config in apps.get_app_configs()
        if (function := getattr(config, "forced_requests", None))
        for one in import_string(function)(user, ra, dec)
    ]


def pictures_of(source: Source, epochs: Iterable) -> list[Picture]:
    """Cutouts of some images, evenly over those of the light curve whose files the reader may see."""
    points = sorted(
        (one for one in epochs if one.pid and one.mjd is not None and one.mag is not None), key=lambda one: one.mjd
    )
    paths = dict(
        ProductFile.objects.filter(family="sci", suffix="sciimg.fits", product_id__in=[one.pid for one in points])
        .values_list("product_id", "path")
    )  # fmt: skip
    there = [one for one in points if one.pid in paths]
    asked = urlencode({"ra": f"{source.ra:.7f}", "dec": f"{source.dec:.7f}", "size": PICTURE, "width": WIDTH})
    return [
        Picture(
            f"{reverse('picture', args=[paths[one.pid]])}?{asked}", reverse("image", args=[one.pid]),
            utc_text(one.mjd + MJD_ZERO)[:-3], one.filtercode, one.mag,
        )
        for one in _evenly(there, PICTURES)
    ]  # fmt: skip


def _evenly(rows: Sequence, most: int) -> list:
    """Some of many, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(k * (len(rows) - 1) / (most - 1))] for k in range(most)]
