"""Reading light curves and finding objects: from the database, through the library, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.report import Figure

TIMES = 400
CONE = 2 / 3600


def measure(world, folder: Path, figures: dict) -> tuple[dict[str, Figure], list[str]]:
    """One light curve, a thousand, cones; with the rights of somebody who sees all programs."""
    from archive.access.reading import EVERYTHING, reading
    from lightcurves.storage import read, store

    rng = np.random.default_rng(3)
    oids = _any(world, rng, TIMES)
    thousand = _any(world, rng, 1000, quadrants=1)
    places = _places(world, rng, TIMES)
    with reading(EVERYTHING):
        read.get(oids[:50])
        statements = [_in_database(oid) for oid in oids]
        one = _milliseconds(read.get, [[oid] for oid in oids])
        points = len(read.get(thousand))
        many = _milliseconds(read.get, [thousand] * 5)
        cones = _milliseconds(lambda place: list(store.cone(*place, CONE)), places)
        radial = _milliseconds(_radial, places[:100])
        hpx = _milliseconds(_ranges, places[:100])
    made = {
        "one light curve by id, database, p50": Figure(
            float(np.median(statements)), "ms", 1, n=TIMES, statistic="median"
        ),
        "one light curve by id, library, p50": Figure(float(np.median(one)), "ms", n=TIMES, statistic="median"),
        "one light curve by id, library, p99": Figure(float(np.percentile(one, 99)), "ms", n=TIMES, statistic="p99"),
        "1000 light curves of a quadrant": Figure(float(np.median(many)) / 1e3, "s", 0.5, n=points),
        "cone of 2 arcsec, p50": Figure(
            float(np.median(cones)), "ms", 3, n=TIMES, statistic="median",
            peer={"q3c_radial_query": float(np.median(radial)), "HEALPix ranges": float(np.median(hpx))},
        ),
    }  # fmt: skip
    return made, [f"1000 light curves: {points} points"]


def over_http(world, folder: Path, figures: dict) -> tuple[dict[str, Figure], list[str]]:
    """The points of an object from the portal as it is served, on a connection that stays open."""
    import requests

    from tests.servers import portal

    oids = _any(world, np.random.default_rng(5), 200)
    with portal(folder) as address, requests.Session() as session:

        def fetch(oid):
            answer = session.get(f"{address}/objects/{oid}/lightcurve", params={"format": "csv"}, timeout=30)
            answer.raise_for_status()
            return answer

        sizes = [len(fetch(oid).content) for oid in oids[:50]]
        times = _milliseconds(fetch, list(oids))
        lists = _lists(session, address, _any(world, np.random.default_rng(7), 1000, quadrants=1))
    made = lists | {
        "one light curve by id, HTTP (CSV), p50": Figure(
            float(np.median(times)), "ms", 15, n=len(times), statistic="median"
        ),
        "one light curve by id, HTTP (CSV), p99": Figure(
            float(np.percentile(times, 99)), "ms", n=len(times), statistic="p99"
        ),
    }
    return made, [f"a CSV has {np.median(sizes):.0f} bytes"]


def _lists(session, address: str, oids: list[int]) -> dict[str, Figure]:
    """A posted list of 1000 objects in one stream, as a visitor; and IRSA's service with as many."""
    listed = ",".join(map(str, oids))
    figures = {}
    for form in ("arrow", "parquet", "csv", "votable"):

        def fetch(form=form):
            answer = session.post(f"{address}/api/lightcurves/", data={"ids": listed, "format": form}, timeout=120)
            answer.raise_for_status()
            return answer

        size = len(fetch().content)
        times = _milliseconds(lambda _, fetch=fetch: fetch(), [None] * 5)
        target = 0.5 if form in ("arrow", "parquet") else None
        name = f"1000 light curves of a quadrant, HTTP ({form})"
        figures[name] = Figure(float(np.median(times)) / 1e3, "s", target, n=size)
    irsa = f"{address}/cgi-bin/ZTF/nph_light_curves"
    asked = {"ID": listed, "FORMAT": "csv"}
    times = _milliseconds(lambda _: session.post(irsa, data=asked, timeout=120).raise_for_status(), [None] * 3)
    figures["1000 light curves of a quadrant, IRSA's service (CSV)"] = Figure(float(np.median(times)) / 1e3, "s", n=3)
    return figures


def _milliseconds(function: Callable, arguments: list) -> list[float]:
    times = []
    for argument in arguments:
        began = time.perf_counter()
        function(argument)
        times.append(1e3 * (time.perf_counter() - began))
    return times


def _any(world, rng, count: int, quadrants: int | None = None) -> list[int]:
    """Objects at random, bright and faint."""
    found = [world.objects(quadrant).oid for quadrant in range(quadrants or world.size.quadrants)]
    return rng.choice(np.concatenate(found), count, replace=False).tolist()


def _places(world, rng, count: int) -> list[tuple[float, float]]:
    quadrants = rng.integers(0, world.size.quadrants, count)
    places = []
    for quadrant in quadrants.tolist():
        objects = world.objects(quadrant)
        row = rng.integers(len(objects.ra))
        places.append((float(objects.ra[row]), float(objects.dec[row])))
    return places


def _in_database(oid: int) -> float:
    """Milliseconds until the database has answered for one light curve: both tiers and the object, then the images."""
    from django.db import connections

    from archive.database import prepared
    from lightcurves.storage import read

    reader = connections["reader"]
    with reader.cursor() as cursor:
        began = time.perf_counter()
        prepared.execute(reader, cursor, read.POINTS_OF_ONE, [oid, list(read.EVERY_PROGRAM)])
        found = cursor.fetchall()
        spent = time.perf_counter() - began
        pids = np.unique(read._unpacked(found)["pid"]).tolist()
        began = time.perf_counter()
        prepared.execute(reader, cursor, read.IMAGES, [pids])
        cursor.fetchall()
        return 1e3 * (spent + time.perf_counter() - began)


def _radial(place: tuple[float, float]) -> list:
    from django.db import connections

    with connections["reader"].cursor() as cursor:
        cursor.execute("SELECT oid FROM lightcurves_source WHERE q3c_radial_query(ra, dec, %s, %s, %s)", [*place, CONE])
        return cursor.fetchall()


def _ranges(place: tuple[float, float]) -> list:
    """The same through ranges of HEALPix numbers, which the client finds."""
    import astropy.units as u
    from astropy.coordinates import Latitude, Longitude
    from cdshealpix import nested
    from django.db import connections

    ra, dec = place
    pixels, depths, _ = nested.cone_search(Longitude(ra, u.deg), Latitude(dec, u.deg), CONE * u.deg, 15)
    shift = 2 * (29 - depths.astype(np.int64))
    first = pixels.astype(np.int64) << shift
    last = first + (np.int64(1) << shift)
    with connections["reader"].cursor() as cursor:
        cursor.execute(
            "SELECT o.oid FROM unnest(%s::bigint[], %s::bigint[]) AS r(l, h) "
            "JOIN lightcurves_source o ON o.hpx29 >= r.l AND o.hpx29 < r.h WHERE q3c_dist(o.ra, o.dec, %s, %s) < %s",
            [first.tolist(), last.tolist(), ra, dec, CONE],
        )
        return cursor.fetchall()
