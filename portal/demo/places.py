"""Pages of the demonstration that are worth opening first, by what the simulation put there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

import numpy as np
import pyarrow.parquet as pq
from django.conf import settings
from django.urls import reverse

from archive.access.reading import Reader, reading
from archive.models import Alert, ScienceImage
from archive.moving import numbered
from archive.search.query import ImageQuery, images
from archive.survey.times import julian_date
from lightcurves.storage import store
from portal.demo import PLAN
from processing.simulate.sky import Kind

SAME = 1.5 / 3600  # deg between what was simulated and what was measured
FEWEST_POINTS = 10
WELL_MEASURED = (14.0, 18.0)  # r mag
PEAKS = (14.0, 19.5)  # g mag of a supernova that rises well above the limit
RISES_AFTER = 4.0  # d
TRIED = 200  # of each kind, the most striking first

Place = tuple[str, str]


def places() -> list[Place]:
    """Names and addresses of pages that every visitor may open."""
    found = [("home", "/"), ("images on the sky", f"/images/?field={PLAN.field}&origin=ours")]
    with reading(Reader()):
        if image := ScienceImage.objects.filter(origin="ours", status=1).order_by("-obsjd").first():
            found.append(("the newest image", reverse("image", args=[image.pid])))
        found += _simulated()
    name = numbered.NUMBERED[numbered.DEMO_ASTEROIDS[0]].name
    found.append((f"images of asteroid {name}", f"/moving/?name={name}"))
    return [*found, ("queries (ADQL)", "/query/"), ("REST, OpenAPI", "/api/"), ("help", "/help/")]


def _simulated() -> list[Place]:
    """A page of each kind of thing that shines, where the simulation's truth is still there."""
    path = settings.VAR / "demo" / "truth" / "sources.parquet"
    if not path.exists():
        return []
    truth = pq.read_table(path).to_pandas().to_records(index=False)
    kinds: list[tuple[str, Kind, str, tuple[float, float], str, Callable]] = [
        ("an eclipsing binary, folded", Kind.ECLIPSING, "r", WELL_MEASURED, "amplitude", _light_curve),
        ("an RR Lyrae star, folded", Kind.RRAB, "r", WELL_MEASURED, "amplitude", _light_curve),
        ("a supernova", Kind.SUPERNOVA, "g", PEAKS, "g", _alert),
        ("a galaxy in the image viewer", Kind.GALAXY, "r", WELL_MEASURED, "radius", _image),
    ]
    found = []
    for name, kind, band, (bright, faint), order, page in kinds:
        rows = truth[(truth["kind"] == kind) & (truth[band] > bright) & (truth[band] < faint)]
        ranks = np.argsort(rows[order] if order == "g" else -rows[order])
        if kind == Kind.SUPERNOVA:  # first those that rise after the nights of the reference
            start = julian_date(datetime.combine(PLAN.first_night, time(), UTC))
            ranks = np.lexsort((rows[order], rows["epoch"] <= start + RISES_AFTER))
        ranks = ranks[:TRIED]
        address = next(filter(None, map(page, rows[ranks])), None)
        if address:
            found.append((name, address))
    return found


def _light_curve(one: np.record) -> str | None:
    """The object's page, folded with the true period."""
    sources = store.with_statistics(store.cone(one["ra"], one["dec"], SAME))
    seen = [source for source in sources if (source.nobs or 0) >= FEWEST_POINTS]
    return f"{reverse('object', args=[seen[0].oid])}?period={one['period']:.9g}" if seen else None


def _alert(one: np.record) -> str | None:
    """The last alert at its position."""
    alerts = Alert.objects.filter(origin="ours", isdiffpos=True).within(one["ra"], one["dec"], SAME)
    last = alerts.order_by("-jd").first()
    return reverse("alert", args=[last.candid]) if last else None


def _image(one: np.record) -> str | None:
    """The viewer of an image, centred on it."""
    covering = images(ImageQuery(ra=float(one["ra"]), dec=float(one["dec"]), origin="ours"))
    image = covering.order_by("seeing").first()
    if image is None:
        return None
    return f"{reverse('image-view', args=[image.pid])}?ra={one['ra']:.6f}&dec={one['dec']:.6f}&zoom=4"
