"""Objects of a release as rows: the columns and rows of its table for TAP, ztf.ztf_objects_RELEASE."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa
from django.db import connections, router

from archive.models import Release
from archive.survey.camera import rcid
from archive.survey.identifiers import split_oid
from archive.tables.arrow import batch_of, schema_of
from archive.tables.responses import field_of
from lightcurves.hats import light_curves
from lightcurves.hats.contents import HEALPIX, Content
from lightcurves.hats.released import NothingToExportError, images_of, rows
from lightcurves.models import Source
from lightcurves.storage import recent
from lightcurves.tables import tap

OBJECTS_AT_ONCE = 20_000  # that are in memory
FIELDS = tuple(field_of(column) for column in tap.FOR_TAP.columns)
SCHEMA = pa.schema([light_curves.SCHEMA.field(HEALPIX), *schema_of(FIELDS)])
SHOWN = ("oid", "ra", "dec", "filtercode", "ngoodobs", "ngoodobsrel", "nobs", "meanmag", "medianmag", "magrms", "chisq")


def content(release: Release) -> Content:
    """The objects of a release, with the statistics of all their public points.

    Raises
    ------
    lightcurves.hats.released.NothingToExportError
        if it has no light curves, or a name that no table can have.
    """
    images_of(release)
    try:
        query = tap.query_of(release.name)
    except ValueError as error:
        raise NothingToExportError(str(error)) from error
    objects = f"SELECT s.hpx29, q.oid FROM ({query}) AS q JOIN lightcurves_source AS s ON s.oid = q.oid ORDER BY 1, 2"
    return Content(
        kind="objects",
        title="objects",
        schema=SCHEMA,
        oid="oid",
        ra="ra",
        dec="dec",
        shown=SHOWN,
        objects=rows(objects, []).reshape(-1, 2),
        tables=lambda objects: _tables(objects, query),
        state=cache(lambda place: _state(query, place)),
    )


def _tables(objects: np.ndarray, query: str) -> Iterator[pa.Table]:
    listed = ", ".join(f'q."{field.name}"' for field in FIELDS)
    asked = f"SELECT {listed} FROM ({query}) AS q WHERE q.oid = ANY(%s)"
    for first in range(0, len(objects), OBJECTS_AT_ONCE):
        part = objects[first : first + OBJECTS_AT_ONCE]
        with connections[router.db_for_read(Source)].cursor() as cursor:
            cursor.execute(asked, [part[:, 1].tolist()])
            found = {row[0]: row for row in cursor.fetchall()}  # oid is the first column
        known = [(cell, found[oid]) for cell, oid in part.tolist() if oid in found]
        if known:
            columns = batch_of(FIELDS, list(zip(*(row for _, row in known), strict=True))).columns
            yield pa.Table.from_arrays([pa.array([cell for cell, _ in known], pa.int64()), *columns], schema=SCHEMA)


def _state(query: str, place: int) -> str:
    """A text that changes with the rows of a place."""
    said = split_oid(place * recent.OBJECTS_OF_PLACE)
    asked = f"""
        SELECT concat_ws(' ', count(*), sum(hashtextextended(q::text, 0)))
        FROM ({query}) AS q WHERE field = %s AND rcid = %s AND fid = %s
    """
    with connections[router.db_for_read(Source)].cursor() as cursor:
        cursor.execute(asked, [said.field, rcid(said.ccdid, said.qid), said.fid])
        return cursor.fetchone()[0]
