"""The front page: newest images and alerts, a variable star, coverage, night, releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.core.cache import cache
from django.db.models import Count, Max

from archive.access import audit
from archive.access.reading import Reader
from archive.files.storage import DamagedFileError
from archive.models import Alert, Exposure, ReferenceImage, Release, ScienceImage
from archive.products.alert_packets import packet_of, stamp_of
from archive.products.files import MAIN_FILE, files_by_row
from archive.survey.identifiers import date_of_nid
from lightcurves.models import Source, SourcePeriod
from lightcurves.storage import read, store
from lightcurves.viewer.drawing import Drawing, draw
from portal.plots.coverage import Coverage, coverage

IMAGES, ALERTS, LOOKED_THROUGH = 6, 6, 200
REAL = 0.65  # score from which an alert is shown to everybody
STARS = 60  # variable stars that take turns, one a day
SURE = 0.9  # confidence of their periods
STAMPS = ("science", "difference")
COUNTED = (("exposures", Exposure), ("science images", ScienceImage), ("references", ReferenceImage), ("alerts", Alert))
KEPT = 60  # s
KEPT_COVERAGE = 600  # s


@dataclass(frozen=True)
class Star:
    """The variable star of the day, and its folded light curve."""

    oid: int
    period: float
    amplitude: float
    curve: Drawing


@dataclass(frozen=True)
class Night:
    """The newest night that the reader sees something of."""

    date: date
    nid: int
    exposures: int
    images: int
    alerts: int
    last: datetime


@dataclass(frozen=True)
class FrontPage:
    """Everything of it; parts that there is nothing for are empty or None."""

    holdings: list[tuple[str, int]]
    images: list[tuple[ScienceImage, str]]  # and the path of its picture
    alerts: list[tuple[Alert, list[str]]]  # and the kinds of its stamps
    star: Star | None
    coverage: Coverage | None
    night: Night | None
    releases: list[Release]


def front_page(reader: Reader, today: date, staff: bool = False) -> FrontPage:
    """The front page's parts, a minute old at most.

    They are kept apart for each set of rights, and for each change of rights, so that nothing closed is ever shown.
    """

    def kept(name: str, make, seconds: int = KEPT):
        return cache.get_or_set(f"front:{name}:{reader.setting}:{audit.epoch()}", make, seconds)

    return FrontPage(
        kept("holdings", lambda: [(name, model.objects.count()) for name, model in COUNTED]),
        kept("images", _images),
        kept("alerts", _alerts),
        kept(f"star:{today}", lambda: _star(today), KEPT_COVERAGE),
        kept("coverage", _coverage, KEPT_COVERAGE),
        kept("night", _night),
        list(Release.objects.listed_to(staff).order_by("-last_night", "name")[:4]),
    )


def _images() -> list[tuple[ScienceImage, str]]:
    """The newest good images whose file is here."""
    newest = list(ScienceImage.objects.filter(infobits=0).order_by("-obsjd")[: 4 * IMAGES])
    files = files_by_row("sci", newest, MAIN_FILE["sci"])
    found = [(one, file.path) for one in newest for file in files.get(one.pk, [])]
    return found[:IMAGES]


def _alerts() -> list[tuple[Alert, list[str]]]:
    """The newest alerts that look real and are no known object of the Solar System, one of each object."""
    newest = Alert.objects.filter(rb__gte=REAL, ssnamenr="").select_related("packet").order_by("-jd")[:LOOKED_THROUGH]
    first: dict[str, Alert] = {}
    for one in newest:
        first.setdefault(one.objectid, one)
    return [(alert, _stamps(alert)) for alert in list(first.values())[:ALERTS]]


def _stamps(alert: Alert) -> list[str]:
    """The kinds of stamps that an alert has; none of a damaged packet, which the alert's own page says."""
    try:
        packet = packet_of(alert)
    except DamagedFileError:
        return []
    return [kind for kind in STAMPS if stamp_of(packet, kind) is not None]


def _star(today: date) -> Star | None:
    """One of the stars with the surest periods; each day another."""
    rows = SourcePeriod.objects.filter(confidence__gte=SURE).order_by("-amplitude", "oid")[:STARS]
    candidates = list({min(row.star): row for row in rows}.values())
    if not candidates:
        return None
    row = candidates[today.toordinal() % len(candidates)]
    source = Source.objects.filter(pk=row.oid).first()
    curve = source and draw(read.get(one.pk for one in store.siblings(source)), row.period)
    return Star(row.oid, row.period, row.amplitude, curve) if curve else None


def _coverage() -> Coverage | None:
    rows = Exposure.objects.filter(imgtypecode="o").values_list("field").annotate(visits=Count("pk"))
    return coverage(dict(rows))


def _night() -> Night | None:
    nid = Exposure.objects.filter(imgtypecode="o").aggregate(newest=Max("nid"))["newest"]
    if nid is None:
        return None
    exposures = Exposure.objects.filter(nid=nid, imgtypecode="o")
    images, alerts = ScienceImage.objects.filter(nid=nid).count(), Alert.objects.filter(nid=nid).count()
    last = exposures.aggregate(last=Max("obsdate"))["last"]
    return Night(date_of_nid(nid), nid, exposures.count(), images, alerts, last)
