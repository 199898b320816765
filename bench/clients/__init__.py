"""Calls of clients over HTTP against the served portal: p50 and p95 of each kind; cones of TAP beside DaCHS."""

from __future__ import annotations

import tempfile
from pathlib import Path

NEEDS = ("postgres", "redis")


def run(quick: bool) -> None:
    """Fill, serve, ask, print, and remove everything again."""
    import django

    django.setup()
    from bench.clients import calls, cones, world
    from bench.report import report

    sources, images = (100_000, 50_000) if quick else (1_000_000, 1_000_000)
    figures, notes = {}, []
    with tempfile.TemporaryDirectory(prefix="bench-clients-") as name:
        place = Path(name)
        place.chmod(0o755)
        for part in (cones.measured(place, sources, quick), world.measured(place, images, calls.all_figures, quick)):
            figures |= part[0]
            notes += part[1]
    report("clients", figures, "\n".join([*notes, "one process of the portal, its clients on the same machine"]), quick)
