"""TAP over HTTP beside GAVO DaCHS on the same rows: cones, formats, jobs; long results, uploads against ten million."""

from __future__ import annotations

import tempfile
from pathlib import Path

NEEDS = ("postgres", "redis")


def run(quick: bool) -> None:
    """Fill tables, serve them by both, ask both, print."""
    import django

    django.setup()
    from bench.report import report
    from bench.tap import dachs, measure, ours

    rows, many = (100_000, 1_000_000) if quick else (1_000_000, 10_000_000)
    with tempfile.TemporaryDirectory(prefix="bench-tap-") as place:
        Path(place).chmod(0o755)
        with ours.served(Path(place), rows, many) as mine, dachs.served(Path(place), mine.copy_rows) as theirs:
            figures = measure.all_figures(mine, theirs, rows, quick)
    notes = (
        f"{rows} sources at random places in both services, {many} for the upload; HTTP on one machine, both warm; "
        "medians, ours and DaCHS asked in turn; DaCHS over ours is given as ratio"
    )
    report("tap", figures, quick=quick, notes=notes)
