"""Hostile uploads, requests and files against a copy of the demo archive, served: answers, /health, memory, disk, time.

Needs an archive: `make demo`, or ZTF_VAR of a checkout that has one. Everything else is of its own and is removed:
database, tree, temporary files, portal. A quick run serves with one process and sends a sample of each kind within two
minutes: every third table that expands, each table that lies elsewhere once and each address once, one hostile request
of each address, three queries, two periodograms, every twenty-fifth hostile file. On a machine that is busy with other
things, what there was no time for is told.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench import served
from bench.report import Figure, report
from bench.strangers import NOT_SENT, Contents, Kind, Portal, account, kinds
from bench.watch import DATABASE, MB, OTHERS, Peak, Watch

NEEDS = ("postgres", "redis")

HEALTH, MEMORY, DISK = 1.0, 6000.0, 12_000.0  # s, MB, MB: what is promised
QUICK, FULL = 110.0, 3600.0  # s from the start; what is left then is not sent
PARTS = ("portal", "queue", DATABASE, OTHERS)


@dataclass
class Sent:
    """A kind, what came of it, and what it cost."""

    kind: Kind
    answers: Counter
    seconds: float
    peak: Peak

    @property
    def wrong(self) -> int:
        """Answers that no stranger should get, and what there was no time for."""
        return sum(count for answer, count in self.answers.items() if not _is_right(answer))

    @property
    def missed(self) -> list[str]:
        """The bounds that do not hold."""
        held = {
            "answers": not self.wrong,
            "/health": self.peak.health < HEALTH and not self.peak.failed,
            "memory": self.peak.whole < MEMORY * MB,
            "disk": self.peak.disk < DISK * MB,
            "time": self.seconds < self.kind.seconds,
        }
        return [name for name, holds in held.items() if not holds]


def run(quick: bool) -> None:
    """Serve a copy, send everything, tell what it cost."""
    import django

    until = time.monotonic() + (QUICK if quick else FULL)
    found: list[Sent] = []
    django.setup()
    with ThreadPoolExecutor(1) as pool:  # while programs start
        contents = pool.submit(Contents.made, quick)
        with served.copy(1 if quick else os.cpu_count() or 1, PROXIES="1") as archive:
            rows, portal = _rows(), Portal(archive.address, account())
            for kind in kinds(portal, archive.folder, contents.result(), quick):
                found.append(_watched(kind, archive, until))
                print(_line(found[-1]), flush=True)
    table = "\n".join([rows, _HEAD, *map(_line, found)])
    print(f"\n{table}\n")
    report("hostile", _figures(found), table, quick)


def _rows() -> str:
    from portal import demo

    return "served: " + ", ".join(f"{count} {name}" for name, count in demo.holdings() if count)


def _watched(kind: Kind, archive: served.Served, until: float) -> Sent:
    with Watch(archive.address, archive.folder, archive.postmaster) as watch:
        began = time.monotonic()
        answers = kind.send(min(until, began + kind.seconds))
        seconds = time.monotonic() - began
    return Sent(kind, answers, seconds, watch.peak)


def _is_right(answer: str) -> bool:
    """Nothing fails: a stranger is answered, refused, or told to come later; of hostile files none is taken."""
    if answer.startswith("taken"):
        return answer.startswith("taken: nothing")
    return answer != NOT_SENT and not answer[0].isupper() and (answer == "503" or not answer.startswith("5"))


_HEAD = (
    f"{'kind':34} {'sent':>5}  {f'/health < {HEALTH:g} s':16} {f'memory < {MEMORY:g} MB':20} "
    f"{'of ' + ', '.join(PARTS):38} {f'disk < {DISK:g} MB':18} {'time':22} answers"
)


def _line(sent: Sent) -> str:
    peak, missed = sent.peak, sent.missed

    def cell(name: str, text: str, width: int) -> str:
        return f"{text} {'MISSED' if name in missed else 'OK'}".ljust(width)

    said = ", ".join(f"{count} x {answer}" for answer, count in sorted(sent.answers.items())) or "none"
    parts = " ".join(f"{peak.memory.get(part, 0) / MB:8.0f}" for part in PARTS)
    failed = f", {peak.failed} of {peak.asked} failed" if peak.failed else ""
    return (
        f"{sent.kind.name:34} {sent.answers.total():5}  {cell('/health', f'{peak.health:.2f}{failed}', 16)} "
        f"{cell('memory', f'{peak.whole / MB:.0f}', 20)} {parts:38} {cell('disk', f'{peak.disk / MB:.0f}', 18)} "
        f"{cell('time', f'{sent.seconds:.1f} < {sent.kind.seconds:g} s', 22)} {cell('answers', said, 0)}"
    )


def _figures(found: list[Sent]) -> dict[str, Figure]:
    peaks, sent = [kind.peak for kind in found], sum(kind.answers.total() for kind in found)
    return {
        "sent": Figure(sent, "", n=len(found)),
        "longest /health": Figure(max(peak.health for peak in peaks), "s", HEALTH, n=sum(peak.asked for peak in peaks)),
        "health checks that failed": Figure(
            sum(peak.failed for peak in peaks), "", 0, n=sum(peak.asked for peak in peaks)
        ),
        "most memory, all parts": Figure(max(peak.whole for peak in peaks) / MB, "MB", MEMORY),
        "most disk": Figure(max(peak.disk for peak in peaks) / MB, "MB", DISK),
        "answers that should not be": Figure(sum(kind.wrong for kind in found), "", 0, n=sent),
        "bounds that do not hold": Figure(sum(len(kind.missed) for kind in found), "", 0, n=5 * len(found)),
    }
