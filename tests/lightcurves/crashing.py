"""Steps of the crash test, each in a process that is killed: python -m tests.lightcurves.crashing VERB."""

from __future__ import annotations

import json
import os
import sys

import numpy as np

STARS, IMAGES = 4000, 16


def main(verb: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    if verb != "seed":
        check()
    {"seed": seed, "append": append, "compact": compact, "check": lambda: None}[verb]()


def seed() -> None:
    """Objects, and images without points."""
    from lightcurves.updates import sources
    from tests.lightcurves.starsky import Sky

    sky = Sky(STARS)
    images = [sky.image(day) for day in range(IMAGES)]
    sources.seed(images[0], sky.catalog(), None)


def append() -> None:
    """Append every image, also those that have their points; says which are done, and who its backend is."""
    from django.db import connection

    from archive.models import ScienceImage
    from lightcurves.models import Source
    from lightcurves.storage import store

    oids = np.array(Source.objects.order_by("oid").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        _say("backend", cursor.fetchone()[0])
    for image in ScienceImage.objects.order_by("pid"):
        flat, whole = np.full(len(oids), image.pid % 97 / 10), np.zeros(len(oids), dtype=int)
        store.append(image, store.Points(oids, flat, flat, flat, flat, whole, whole, whole))
        _say("done", image.pid)


def compact() -> None:
    """Pack night after night."""
    from django.db import connection

    from archive.models import ScienceImage
    from lightcurves.storage import store

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        _say("backend", cursor.fetchone()[0])
    for nid in ScienceImage.objects.order_by("nid").values_list("nid", flat=True):
        store.compact(nid)
        _say("done", nid)


def check() -> None:
    """Points of each image as they are read, how many stand twice, and how many are in each tier: before every verb."""
    from django.db import connection

    from lightcurves.models import Source
    from lightcurves.storage import read

    columns = read.get(Source.objects.values_list("pk", flat=True)).columns
    pids, counts = np.unique(columns["pid"], return_counts=True)
    pairs = np.unique(np.stack([columns["oid"], columns["pid"]]), axis=1).shape[1]
    wrong = int(np.sum(np.abs(columns["mag"] - columns["pid"] % 97 / 10) > 1e-4))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM lightcurves_detection), (SELECT sum(nobs)::int FROM lightcurves_chunk)"
        )
        rows, packed = cursor.fetchone()
    points = dict(zip(pids.tolist(), counts.tolist(), strict=True))
    _say(
        "found", {"points": points, "twice": len(columns["pid"]) - pairs, "wrong": wrong, "tiers": [rows, packed or 0]}
    )


def _say(what: str, value) -> None:
    print(json.dumps([what, value]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
