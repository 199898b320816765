"""Light curves in the database: append the points of images, find objects, compact (read: lightcurves.storage.read).

A point is in one of two tiers. Fresh points are rows of a table that is partitioned by night
(lightcurves.storage.recent); what is settled is packed, one chunk of bytes for an object and program
(lightcurves.storage.chunks). Points that came in files of light curves stand beside them with their own epochs
(lightcurves.told). One statement reads all, so that a reader sees every point once whatever moves meanwhile. What an
image knows (time, zero point, limit) stands once, with the image, and so does the image's correction: it is applied
when a curve is read, and measured points are never rewritten.

Inside `archive.access.reading.reading` everything here is read with the reader's rights, which PostgreSQL enforces row
by row and chunk by chunk: what is not theirs is not read at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from django.db import connections, models, transaction

from archive.database.upsert import upsert
from archive.models import Exposure, Family, ScienceImage
from archive.releases.rights import dates_of_family
from archive.survey.identifiers import make_oid
from archive.survey.times import MJD_ZERO
from lightcurves.models import STATISTICS, Detection, Image, ImageCorrection, Source, SourceStatistics
from lightcurves.storage import chunks, recent
from lightcurves.storage.read import OBSERVER

if TYPE_CHECKING:
    import pandas as pd

SAME_PLACE = 1.5 / 3600  # deg: sources of other filters and quadrants this near are the same star
BAD_IMAGE = 1 << 15


@dataclass(frozen=True)
class Points:
    """Measured points of one image, one per source: arrays (n,), as the columns of `Detection`."""

    oid: np.ndarray
    mag: np.ndarray
    magerr: np.ndarray
    chi: np.ndarray
    sharp: np.ndarray
    catflags: np.ndarray
    dra: np.ndarray
    ddec: np.ndarray


def append(image: ScienceImage, points: Points) -> int:
    """Write the points of one image; those it had before are replaced. Returns how many were written.

    Raises
    ------
    ValueError
        if a source is named twice, or an offset is larger than 32 arcsec.
    """
    return append_exposure([(image, points)])


def append_exposure(images: Sequence[tuple[ScienceImage, Points]]) -> int:
    """Write the points of several images (the quadrants of an exposure) in one transaction: all or none.

    Doing it again replaces them, also those that are packed already.
    """
    for image, points in images:
        _check(image, points)
    pids = [image.pid for image, _ in images]
    with transaction.atomic(), connections["default"].cursor() as cursor:
        for place in sorted({place_of(image.field, image.rcid, image.fid) for image, _ in images}):
            chunks.lock(place)
        for nid in sorted({image.nid for image, _ in images}):
            recent.make_room(cursor, nid)
        _forget(cursor, [image for image, _ in images])
        dates = dates_of_family(pids, str(Family.LIGHTCURVE))
        for date in set(dates.values()):
            rows = [_rows(image, points) for image, points in images if dates[image.pid] == date]
            recent.write(cursor, np.concatenate(rows), date)
        put_images([(image, len(points.oid)) for image, points in images], dates)
    return sum(len(points.oid) for _, points in images)


def put_images(images: Sequence[tuple[ScienceImage, int]], dates: dict[int, datetime | None]) -> None:
    """Note what images know and how many points they gave; they are as open as their points."""
    same = ("pid", "nid", "expid", "filefracday", "field", "ccdid", "qid", "magzp", "magzprms", "clrcoeff", "clrcounc",
            "exptime", "airmass", "programid")  # fmt: skip
    exposures = Exposure.objects.in_bulk({image.exposure_id for image, _ in images})
    Image.objects.bulk_create(
        Image(
            **{name: getattr(image, name if name != "expid" else "exposure_id") for name in same},
            **{name: getattr(exposures[image.exposure_id], name) for name in ("tdb_mid", *OBSERVER)},
            mjd=image.obsjd - MJD_ZERO, limitmag=image.maglimit, points=count, public_date=dates[image.pid],
        )
        for image, count in images
    )  # fmt: skip


def points_of(image: ScienceImage) -> Points:
    """The points that an image gave, as they were measured, from both tiers."""
    names = tuple(Points.__dataclass_fields__)
    rows = list(Detection.objects.filter(nid=image.nid, pid=image.pid).values_list(*names))
    packed = chunks.of_image(place_of(image.field, image.rcid, image.fid), image.pid).columns
    fresh = zip(*rows, strict=True) if rows else [()] * len(names)
    return Points(**{name: np.append(packed[name], values) for name, values in zip(names, fresh, strict=True)})


def recalibrate(corrections: pd.DataFrame) -> int:
    """Note images' zero-point corrections; curves that are read from now on have them taken off. Returns how many.

    Parameters
    ----------
    corrections : columns pid, dzp (mag to subtract), dzprms (mag), nstars
    """
    import pandas as pd

    found = corrections.set_index("pid")
    images = ScienceImage.objects.filter(pk__in=found.index.tolist()).values_list("pid", "programid")
    dates = dates_of_family(found.index.tolist(), str(Family.LIGHTCURVE))
    rows = [(pid, programid, dates[pid]) for pid, programid in images]
    rights = pd.DataFrame(rows, columns=["pid", "programid", "public_date"])
    return upsert(ImageCorrection, rights.join(found, on="pid")) if rows else 0


def compact(last_nid: int, place: int | None = None) -> dict[str, int]:
    """Pack the points of nights up to `last_nid` (of one place, or of all), and drop the nights that are empty then.

    Safe beside whoever reads or appends: each place is one transaction. Returns counts: points, chunks, packed_again
    (points of small chunks that were merged), nights.
    """
    counts = {"points": 0, "chunks": 0, "packed_again": 0}
    for packed_place in chunks.places(last_nid) if place is None else [place]:
        for name, count in chunks.pack_place(packed_place, last_nid).items():
            counts[name] += count
    return counts | {"nights": len(recent.drop_empty(last_nid))}


def place_of(field: int, rcid: int, fid: int) -> int:
    """Field, filter, CCD and quadrant as the numbers of their objects begin."""
    return make_oid(field, fid, rcid // 4 + 1, rcid % 4 + 1, 0) // recent.OBJECTS_OF_PLACE


def objects_of(field: int, rcid: int, fid: int) -> tuple[int, int]:
    """The first number of the objects of a field's quadrant and filter, and the one behind the last."""
    return recent.objects_of(place_of(field, rcid, fid))


def cone(ra: float, dec: float, radius: float) -> models.QuerySet:
    """Sources within `radius` degrees of a position, nearest first, with their `distance` in degrees."""
    return Source.objects.within(ra, dec, radius)


def siblings(source: Source) -> list[Source]:
    """The source and those of other filters, fields and quadrants at the same place, by filter."""
    return sorted(
        cone(source.ra, source.dec, SAME_PLACE), key=lambda sibling: (sibling.pk != source.pk, sibling.fid, sibling.pk)
    )


def statistics(oids: Sequence[int]) -> dict[int, SourceStatistics]:
    """Statistics of sources from all the points that the reader may see; sources without points are left out.

    Each source has a row per set of closed programs that matters; of the rows that the reader sees, the one of
    most programs holds all of their points.
    """
    programs = models.Func("programs", function="cardinality", output_field=models.IntegerField())
    rows = SourceStatistics.objects.filter(oid__in=oids).annotate(size=programs)
    return {row.oid: row for row in rows.order_by("oid", "-size").distinct("oid")}


def with_statistics(sources: Iterable[Source]) -> list[Source]:
    """Sources that carry their statistics as attributes (None where there are none)."""
    sources = list(sources)
    known = statistics([source.pk for source in sources])
    for source in sources:
        for name in STATISTICS:
            setattr(source, name, getattr(known.get(source.pk), name, None))
        source.arcsec = getattr(source, "distance", 0.0) * 3600
    return sources


def _check(image: ScienceImage, points: Points) -> None:
    oids, counts = np.unique(points.oid, return_counts=True)
    if np.any(counts > 1):
        raise ValueError(f"pid={image.pid}: source {oids[counts > 1][0]} has two points; an image gives one")
    for name in ("dra", "ddec"):
        offsets = np.asarray(getattr(points, name))
        if offsets.size and np.abs(offsets.astype(np.int64)).max() > np.iinfo(np.int16).max:
            raise ValueError(f"pid={image.pid}: {name} reaches {np.abs(offsets).max()} mas; at most 32767")


def _forget(cursor, images: list[ScienceImage]) -> None:
    """Remove the points that images gave before, from both tiers."""
    before = set(Image.objects.filter(pk__in=[image.pid for image in images]).values_list("pid", flat=True))
    for image in images:
        if image.pid in before:
            cursor.execute("DELETE FROM lightcurves_detection WHERE nid = %s AND pid = %s", [image.nid, image.pid])
            chunks.remove(place_of(image.field, image.rcid, image.fid), [image.pid])
    Image.objects.filter(pk__in=before).delete()


def _rows(image: ScienceImage, points: Points) -> np.ndarray:
    constants = {"pid": image.pid, "nid": image.nid, "programid": image.programid}
    rows = np.zeros(len(points.oid), dtype=list(recent.COPIED))
    for name, _ in recent.COPIED:
        rows[name] = constants[name] if name in constants else getattr(points, name)
    return rows
