"""Light curves of another archive: its objects become sources, its points detections of the images that are here."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
from django.db import transaction

from archive.models import ScienceImage
from archive.survey.camera import FILTER_BY_CODE
from lightcurves.models import Source
from lightcurves.storage import healpix, store
from lightcurves.storage.read import MAS
from lightcurves.storage.store import Points
from lightcurves.updates import statistics
from lightcurves.updates.sources import CameAsFilesError, require_no_files

POINT = ("oid", "mag", "magerr", "chi", "sharp", "catflags", "dra", "ddec")


class MadeHereError(ValueError):
    """A quadrant whose light curves are made here."""


def take(table: pd.DataFrame, origin: str) -> int:
    """Points of another archive (archive.ingest.mirror.curves); returns how many.

    Its magnitudes are calibrated with its own colours and corrections; here they stand as they are. Points that an
    image has of other objects stay.

    Raises
    ------
    MadeHereError
        where this archive has images of its own, or light curves that came as files: objects would have the same
        numbers.
    """
    images = ScienceImage.objects.in_bulk(table.pid.unique().tolist())
    for (field, rcid, filtercode), points in table.groupby(["field", "rcid", "filtercode"]):
        _refuse_ours(field, rcid, filtercode, origin)
        with transaction.atomic():
            sources = _sources(points, images)
            for pid, of_image in points.groupby("pid"):
                store.append(images[pid], _with_others(images[pid], of_image, sources))
        statistics.refresh(int(field), int(rcid), images[points.pid.iloc[0]].fid)
    return len(table)


def _refuse_ours(field: int, rcid: int, filtercode: str, origin: str) -> None:
    mine = ScienceImage.objects.filter(field=field, rcid=rcid, filtercode=filtercode).exclude(origin=origin)
    if mine.exists():
        raise MadeHereError(f"field {field}, channel {rcid}, {filtercode}: has light curves that are made here")
    try:
        require_no_files(field, rcid, FILTER_BY_CODE[filtercode].fid)
    except CameAsFilesError as reason:
        raise MadeHereError(str(reason)) from reason


def _sources(points: pd.DataFrame, images: dict[int, ScienceImage]) -> dict[int, Source]:
    """One source for each object, at the median of its points, as open as the most open of them."""
    made = {}
    for oid, mine in points.groupby("oid"):
        of = [images[pid] for pid in mine.pid]
        first = min(of, key=lambda image: image.public_date or datetime.max.replace(tzinfo=UTC))
        ra, dec = float(_median_ra(mine.ra.to_numpy(float))), float(mine.dec.median())
        made[int(oid)], _ = Source.objects.get_or_create(
            oid=int(oid),
            defaults={
                **{name: getattr(first, name) for name in ("field", "ccdid", "qid", "rcid", "fid", "filtercode")},
                "ra": ra,
                "dec": dec,
                **{name: int(cell[0]) for name, cell in healpix.numbers(ra, dec).items()},
                "programid": first.programid,
                "public_date": first.public_date,
            },
        )
    return made


def _median_ra(ra: np.ndarray) -> float:
    """Across RA 0 as anywhere else."""
    return (ra[0] + np.median((ra - ra[0] + 180) % 360 - 180)) % 360


def _with_others(image: ScienceImage, mine: pd.DataFrame, sources: dict[int, Source]) -> Points:
    """The points of an image: these, and those that it has of other objects."""
    mine = mine.drop_duplicates("oid")
    before = pd.DataFrame(vars(store.points_of(image)))
    place = np.array([(sources[oid].ra, sources[oid].dec) for oid in mine.oid])
    east = ((mine.ra.to_numpy(float) - place[:, 0] + 180) % 360 - 180) * np.cos(np.radians(place[:, 1]))
    new = mine.assign(dra=np.rint(east / MAS), ddec=np.rint((mine.dec.to_numpy(float) - place[:, 1]) / MAS))
    rows = pd.concat([new[list(POINT)], before.loc[~before.oid.isin(mine.oid), list(POINT)]])
    return Points(**{name: rows[name].to_numpy() for name in POINT})
