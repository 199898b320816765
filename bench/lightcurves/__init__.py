"""The light-curve store at size: append, compact, read, find, export, scan; matching, metrics and refinement.

A database of its own is filled with one simulated field in r, 64 quadrants, and removed afterwards. The older nights
are packed as they are made; the last ones are appended as the pipeline does, and compacted then. Alternatives are
measured on one quadrant in the same run.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bench.report import Figure, report

NEEDS = ("postgres",)


def run(quick: bool) -> None:
    """Fill, measure, print, and remove the database and the files again."""
    import django

    django.setup()
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    from bench.lightcurves.world import FULL, QUICK

    made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
    folder = Path(tempfile.mkdtemp(prefix="bench-lightcurves-"))
    try:
        figures, notes = _measure(QUICK if quick else FULL, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for connection in connections.all():
            connection.close()
        teardown_databases(made, verbosity=0)
    report("lightcurves", figures, notes, quick)


def _measure(size, folder: Path) -> tuple[dict[str, Figure], str]:
    from bench.lightcurves import kernels, peers, reads, writes
    from bench.lightcurves.world import World

    world = World(size)
    figures, notes = {}, []
    for part in (writes.measure, reads.measure, reads.over_http, writes.exported, kernels.measure, peers.measure):
        print(f"-- {part.__module__}.{part.__name__}", flush=True)
        more, note = part(world, folder, figures)
        figures |= more
        notes += note
    return figures, "\n".join(notes)
