"""The points of a file into the database: objects that can be found, packed points, statistics; all of it or nothing.

A place (a field's quadrant and filter) has its light curves from here or from files, never from both: they would be
calibrated differently under one number.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from django.db import connections, transaction

from archive.database import copy
from archive.database.upsert import upsert
from archive.ingest.errors import RefusedError
from archive.ingest.kinds.curves import Kept, Terms, Told
from archive.models import Program, ScienceImage
from archive.models.base import Origin
from archive.releases.closing import most_closed
from archive.survey.camera import FILTER_BY_FID, rcid
from archive.survey.identifiers import split_oid
from lightcurves.models import Source
from lightcurves.storage import chunks, healpix
from lightcurves.storage.recent import OBJECTS_OF_PLACE, objects_of
from lightcurves.told import codec, merging
from lightcurves.told.merging import MixedPointsError, Piece
from lightcurves.told.reading import times
from lightcurves.updates import statistics
from lightcurves.updates.sources import REFERENCE

MJD_EPOCH = datetime(1858, 11, 17, tzinfo=UTC)
HAS_POINTS_OF_IMAGES = """
SELECT EXISTS (SELECT FROM lightcurves_chunk WHERE oid >= %(first)s AND oid < %(last)s)
    OR EXISTS (SELECT FROM lightcurves_detection WHERE oid >= %(first)s AND oid < %(last)s)
"""
KNOWN = "SELECT oid, programid, public_date, by_exposure, data FROM lightcurves_toldcurve WHERE oid = ANY(%s)"
FORGET = "DELETE FROM lightcurves_toldcurve WHERE oid = ANY(%s)"
FORGET_PLACE = """
WITH gone AS (DELETE FROM lightcurves_toldcurve WHERE oid >= %(first)s AND oid < %(last)s RETURNING oid),
    objects AS (SELECT DISTINCT oid FROM gone),
    statistics AS (DELETE FROM lightcurves_sourcestatistics WHERE oid IN (SELECT oid FROM objects)),
    periods AS (DELETE FROM lightcurves_sourceperiod WHERE oid IN (SELECT oid FROM objects)),
    sources AS (DELETE FROM lightcurves_source WHERE oid IN (SELECT oid FROM objects))
SELECT count(*) FROM objects
"""
CURVES = "lightcurves_toldcurve (oid, programid, public_date, nobs, observed, by_exposure, file, data)"
# An object is as open as the most open of its points.
OPEN_SOURCES = """
UPDATE lightcurves_source AS s SET programid = r.programid, public_date = r.public_date FROM (
    SELECT DISTINCT ON (oid) oid, programid, public_date FROM lightcurves_toldcurve WHERE {which}
    ORDER BY oid, public_date NULLS LAST, programid = 0, programid
) AS r WHERE r.oid = s.oid AND (s.programid, s.public_date) IS DISTINCT FROM (r.programid, r.public_date)
"""
OF_PLACE = "oid >= %(first)s AND oid < %(last)s"
OF_PROGRAM = "oid IN (SELECT oid FROM lightcurves_toldcurve WHERE programid = %(program)s)"


def take(parts: Iterable[Told], terms: Terms) -> Kept:
    """All parts of one file, as archive.ingest.kinds.curves hands them over.

    Raises
    ------
    RefusedError
        where the place has light curves of images, or points cannot be told apart from those that are here.
    """
    kept, places, counted = Kept(), {}, set()
    with transaction.atomic():
        programs = Program.objects.in_bulk()
        for part in parts:
            for place in np.unique(part.objects["oid"] // OBJECTS_OF_PLACE).tolist():
                if place not in places:
                    places[place] = _place(place, terms.name)
            _write_sources(part, terms)
            _write_points(part, terms, programs)
            kept.points += len(part.points["oid"])
            counted.update(part.objects["oid"].tolist())
        for place, where in places.items():
            follow_rights(place)
            statistics.refresh(*where)
    kept.objects = len(counted)
    return kept


def follow_rights(place: int) -> None:
    """Open and close the objects of a place with their points."""
    first, last = objects_of(place)
    with connections["default"].cursor() as cursor:
        cursor.execute(OPEN_SOURCES.format(which=OF_PLACE), {"first": first, "last": last})


def forget_place(place: int) -> int:
    """Take out all points of a place that came as files, and its objects, which have no others; returns how many."""
    first, last = objects_of(place)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        chunks.lock(place)
        cursor.execute(FORGET_PLACE, {"first": first, "last": last})
        return cursor.fetchone()[0]


def follow_program(program: int) -> None:
    """Open and close all objects that have points of a program with their points."""
    with connections["default"].cursor() as cursor:
        cursor.execute(OPEN_SOURCES.format(which=OF_PROGRAM), {"program": program})


def _place(place: int, file: str) -> tuple[int, int, int]:
    """Field, channel and filter of a place, locked; Refused where it has light curves of images."""
    chunks.lock(place)
    said = split_oid(place * OBJECTS_OF_PLACE)
    code, channel = FILTER_BY_FID[said.fid].code, rcid(said.ccdid, said.qid)
    where = f"field {said.field}, {code}, CCD {said.ccdid}, quadrant {said.qid}"
    images = ScienceImage.objects.filter(field=said.field, rcid=channel, fid=said.fid, origin=Origin.OURS)
    if images.exists():
        raise RefusedError(f"{file}: {where}: has light curves that are made here; objects would have the same numbers")
    first, last = objects_of(place)
    with connections["default"].cursor() as cursor:
        cursor.execute(HAS_POINTS_OF_IMAGES, {"first": first, "last": last})
        if cursor.fetchone()[0]:
            raise RefusedError(
                f"{file}: {where}: has light curves of images that are here; points would be there twice"
            )
    return said.field, channel, said.fid


def _write_sources(part: Told, terms: Terms) -> None:
    """Objects at the places that are told; closed until their points say otherwise, as open as before where known."""
    objects = part.objects
    if not part.placed:
        here = Source.objects.filter(pk__in=objects["oid"].tolist()).values_list("oid", flat=True)
        new = ~np.isin(objects["oid"], np.array(list(here), dtype=np.int64))
        objects = {name: values[new] for name, values in objects.items()}
    oid = objects["oid"]
    if not len(oid):
        return
    table = pd.DataFrame({"oid": oid, "ra": objects["ra"] % 360, "dec": objects["dec"]})
    table = table.assign(**healpix.numbers(table.ra.to_numpy(), table.dec.to_numpy()))
    place = oid // OBJECTS_OF_PLACE
    table["qid"], table["ccdid"] = place % 10, place // 10 % 100
    table["fid"], table["field"] = place // 1000 % 10, place // 10000
    table["rcid"] = 4 * (table.ccdid - 1) + table.qid - 1
    table["filtercode"] = table.fid.map({fid: one.code for fid, one in FILTER_BY_FID.items()})
    for name in REFERENCE:
        table[name] = objects[name] if terms.references and name in objects else None
    upsert(Source, table, new={"programid": 0, "public_date": None})


def _write_points(part: Told, terms: Terms, programs: Mapping[int, Program]) -> None:
    with connections["default"].cursor() as cursor:
        oids = part.objects["oid"].tolist()
        cursor.execute(KNOWN, [oids])
        known: dict[int, list[Piece]] = {}
        for oid, program, public_date, by_exposure, data in cursor.fetchall():
            known.setdefault(oid, []).append(Piece(program, public_date, by_exposure, bytes(data)))
        cursor.execute(FORGET, [oids])
        body = io.StringIO()
        for row in _rows(part, terms, known, programs):
            body.write(row)
        body.seek(0)
        copy.write_lines(cursor, CURVES, body, "csv")


def _rows(part: Told, terms: Terms, known: Mapping[int, list[Piece]], programs) -> Iterator[str]:
    """Lines of COPY, one a piece."""
    points = part.points
    first = np.searchsorted(points["oid"], part.objects["oid"])
    last = np.searchsorted(points["oid"], part.objects["oid"], side="right")
    names = [name for name in (*codec.KINDS, "programid") if name in points]
    for oid, begin, end in zip(part.objects["oid"].tolist(), first.tolist(), last.tolist(), strict=True):
        told, here = {name: points[name][begin:end] for name in names}, known.get(oid, [])
        try:
            if "expid" not in told:
                rights, columns = merging.by_times(oid, told, terms.rights or {}, here, terms.may_open)
                yield _row(oid, rights, columns, False, terms.name)
                continue
            for program, columns in merging.by_exposures(oid, told, here, terms.may_open).items():
                rights = _by_rule(programs[program], columns, here, terms)
                yield _row(oid, rights, columns, True, terms.name)
        except MixedPointsError as reason:
            raise RefusedError(f"{terms.name}: {reason}; manage.py lightcurves forget takes the others out") from reason
        except ValueError as reason:
            raise RefusedError(f"{terms.name}: {reason}") from reason


def _by_rule(program: Program, columns: merging.Columns, known: list[Piece], terms: Terms) -> dict:
    """The rights of a piece by its program's rule, counted from its last point; never more open than they were."""
    rights = {"programid": program.pk, "public_date": program.public_date(_observed(columns))}
    before = [one.rights for one in known if one.programid == program.pk]
    return rights if terms.may_open else most_closed([rights, *before])


def _observed(columns: merging.Columns) -> datetime:
    told = dict(columns)
    if "mjd" not in told:
        told["mjd"] = codec.unknown("mjd", len(told["hmjd"]))
    return MJD_EPOCH + timedelta(days=float(np.max(times(told))))


def _row(oid: int, rights: Mapping, columns: merging.Columns, by_exposure: bool, file: str) -> str:
    piece = codec.pack((oid, rights["programid"]), columns)
    date = "" if rights["public_date"] is None else rights["public_date"].isoformat()
    name = '"' + file[-255:].replace('"', '""') + '"'
    fields = (oid, rights["programid"], date, len(columns["mag"]), _observed(columns).isoformat(), by_exposure, name)
    return ",".join(map(str, fields)) + f",\\x{piece.hex()}\n"
