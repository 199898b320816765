"""The last run of each measurement as a table for the pages: what was asked, what was missed, of which code it is."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

from bench import provenance
from bench.report import Figure

RESULTS = Path(__file__).resolve().parent.parent / "bench" / "results"
EARLIER = "earlier"
"""`history` of a result whose commit is of a history that this repository does not hold."""


def table(path: Path) -> str:
    """A result of `bench/results` as Markdown."""
    found = json.loads(path.read_text())
    figures = {name: Figure(**known) for name, known in found["figures"].items()}
    lines = ["| figure | measured | asked | of | peers |", "|---|---|---|---|---|", *map(_row, figures.items())]
    missed = sum(figure.met is False for figure in figures.values())
    asked = sum(figure.met is not None for figure in figures.values())
    verdict = f" Of {asked} targets {missed or 'none'} {'are' if missed > 1 else 'is'} missed." if asked else ""
    head = f"`python -m bench {path.stem}`, {found['machine']}; {origin(found)}.{verdict}\n\n"
    notes = f"\n```text\n{found['notes']}\n```\n" if found["notes"] else ""
    return head + "\n".join(lines) + "\n" + notes


def _row(named: tuple[str, Figure]) -> str:
    name, figure = named
    asked = "" if figure.target is None else f"{'≤' if figure.better == 'lower' else '≥'} {figure.target:g}"
    mark = " **MISSED**" if figure.met is False else ""
    peers = ", ".join(f"{peer} {value:.4g}" for peer, value in figure.peer.items())
    number = f"{figure.statistic} of {figure.n}" if figure.statistic else figure.n
    return f"| {name} | {figure.value:.4g} {figure.unit} | {asked}{mark} | {number} | {peers} |"


def origin(found: dict, today: date | None = None) -> str:
    """The code that a result is of, and how old it is."""
    if found.get("history") == EARLIER:
        return f"of an earlier history of this repository (commit {found['commit']})"
    changed = " with uncommitted changes" if found.get("dirty") else ""
    day = found.get("date") or provenance.day_of(found["commit"])
    if not day:
        return f"commit {found['commit']}{changed}"
    days = ((today or datetime.now(UTC).date()) - date.fromisoformat(day)).days
    since = provenance.commits_since(found["commit"])
    later = "" if since is None else f" and {since} commits"
    return f"commit {found['commit']}{changed}, {day}: {days} days{later} before this page"
