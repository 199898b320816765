"""Objects and their good points as SNAD's database gives them: one JSON value for each object, keyed by its number."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from archive.access.reading import Reader, reading
from archive.given.positions import BadPositionError, at
from archive.requests.numbers import real, whole
from archive.requests.parameters import BadParameterError
from archive.survey.camera import rcid
from archive.survey.times import MJD_ZERO
from lightcurves.download import bulk
from lightcurves.download.bulk import PointFilter
from lightcurves.models import Source

LATEST = "latest"
MOST_OBJECTS = 1000  # that one request names
LARGEST_RADIUS = 60.0  # arcsec
MAGNITUDE_DIGITS, TIME_DIGITS = 5, 8
COLUMNS = ("oid", "hjd", "mag", "magerr", "clrcoeff", "catflags", "filtercode", "field", "ccdid", "qid")


def release_names() -> list[str]:
    """The public releases with light curves, the first one first, then the name that stands for the last, if any."""
    names = list(bulk.releases_with_light_curves().order_by("published", "name").values_list("name", flat=True))
    return [*names, LATEST] if names else []


def release_named(name: str) -> bulk.Release:
    """A release; `latest` is the one that came last.

    Raises
    ------
    lightcurves.download.bulk.NoSuchReleaseError
    """
    if name != LATEST:
        return bulk.release_named(name)
    found = bulk.newest_release()
    if found is None:
        raise bulk.NoSuchReleaseError("there is no public release with light curves yet")
    return found


def numbers(texts: Sequence[str]) -> list[int]:
    """The objects that a request names.

    Raises
    ------
    BadParameterError
    """
    if not texts:
        raise BadParameterError("oid is missing; give the number of an object, for example oid=686103400067717")
    if len(texts) > MOST_OBJECTS:
        raise BadParameterError(f"oid: {len(texts)} objects; at most {MOST_OBJECTS}")
    for text in texts:
        if whole(text) is None:
            raise BadParameterError(f"oid={text[:40]}: must be the number of an object, for example 686103400067717")
    return [int(text) for text in texts]


def in_circle(values: Mapping[str, str], point_filter: PointFilter) -> list[int]:
    """The objects around a position.

    Raises
    ------
    BadParameterError
    """
    found = {name: real(values.get(name, "")) for name in ("ra", "dec", "radius_arcsec")}
    for name, number in found.items():
        if number is None:
            text = values.get(name, "")[:40]
            raise BadParameterError(f"{name}={text}: must be a number" if text else f"{name} is missing")
    ra, dec, radius = (float(number or 0) for number in found.values())
    try:
        place = at(ra, dec, f"ra={ra:g}, dec={dec:g}")
    except BadPositionError as error:
        raise BadParameterError(str(error)) from error
    if not 0 < radius <= LARGEST_RADIUS:
        raise BadParameterError(f"radius_arcsec={radius:g}: must be more than 0 and at most {LARGEST_RADIUS:g}")
    return bulk.in_circle(place.ra, place.dec, radius / 3600, point_filter)


def written(oids: Sequence[int], point_filter: PointFilter, reader: Reader, with_points: bool) -> Iterator[str]:
    """The JSON object of all objects that have good points, piece by piece.

    What fails at once fails here, before anything is written.
    """
    return _pieces(bulk.points(oids, point_filter, reader), reader, with_points)


def _pieces(batches: Iterator[pa.RecordBatch], reader: Reader, with_points: bool) -> Iterator[str]:
    before = "{"
    for batch in batches:
        for oid, value in _objects(batch, reader, with_points):
            yield f'{before}"{oid}":{json.dumps(value, separators=(",", ":"))}'
            before = ","
    yield "{}" if before == "{" else "}"


def _objects(batch: pa.RecordBatch, reader: Reader, with_points: bool) -> Iterator[tuple[int, dict]]:
    columns = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in COLUMNS}
    good = (columns["catflags"] == 0) & (columns["magerr"] > 0) & np.isfinite(columns["mag"].astype(float))
    oids, starts = np.unique(columns["oid"], return_index=True)
    with reading(reader):
        places = {row[0]: row[1:] for row in Source.objects.filter(pk__in=oids.tolist()).values_list("pk", "ra", "dec")}
    for oid, start, stop in zip(oids.tolist(), starts, [*starts[1:], len(good)], strict=True):
        mine = {name: values[start:stop][good[start:stop]] for name, values in columns.items()}
        if not len(mine["oid"]) or oid not in places:
            continue
        order = np.argsort(mine["hjd"], kind="stable")
        mine = {name: values[order] for name, values in mine.items()}
        answer = {"meta": _described(mine, int(stop - start), places[oid])}
        yield oid, answer | ({"lc": _points(mine)} if with_points else {})


def _described(mine: dict[str, np.ndarray], nobs: int, place: tuple[float, float]) -> dict:
    """The description of an object; `duration` is of its good points, days."""
    return {
        "nobs": nobs,
        "ngoodobs": len(mine["oid"]),
        "duration": round(float(mine["hjd"][-1] - mine["hjd"][0]), TIME_DIGITS),
        "filter": str(mine["filtercode"][0]),
        "fieldid": int(mine["field"][0]),
        "rcid": rcid(int(mine["ccdid"][0]), int(mine["qid"][0])),
        "coord": {"ra": place[0], "dec": place[1]},
    }


def _points(mine: dict[str, np.ndarray]) -> list[dict]:
    """Times are heliocentric, of the middle of the exposure, as modified Julian dates."""
    return [
        {
            "mjd": round(hjd - MJD_ZERO, TIME_DIGITS),
            "mag": round(mag, MAGNITUDE_DIGITS),
            "magerr": round(magerr, MAGNITUDE_DIGITS),
            "clrcoeff": None if clrcoeff is None or math.isnan(clrcoeff) else round(clrcoeff, MAGNITUDE_DIGITS),
        }
        for hjd, mag, magerr, clrcoeff in zip(
            *(mine[name].tolist() for name in ("hjd", "mag", "magerr", "clrcoeff")), strict=True
        )
    ]
