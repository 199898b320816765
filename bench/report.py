"""Report of a measurement: a table for people, and JSON for the documents that quote it."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench import provenance

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Figure:
    """One measured number; `better` says in which direction, `peer` holds the same measured on others in this run.

    statistic : what the number is of its `n` values where these are repeats: median, p99, best, mean
    """

    value: float
    unit: str
    target: float | None = None
    better: str = "lower"
    n: int = 1
    peer: dict[str, float] = field(default_factory=dict)
    statistic: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


def report(name: str, figures: dict[str, Figure], notes: str = "", quick: bool = False) -> None:
    """Print the figures, and keep those of a full run."""
    print(f"{'figure':44} {'measured':>12} {'target':>10}  unit   peers")
    for label, figure in figures.items():
        mark = {True: "met", False: "MISSED", None: ""}[figure.met]
        target = "" if figure.target is None else f"{figure.target:g}"
        peers = ", ".join(f"{peer} {value:.4g}" for peer, value in figure.peer.items())
        print(f"{label:44} {figure.value:12.4g} {target:>10}  {figure.unit:6} {peers} {mark}")
    if notes:
        print(notes)
    path = RESULTS / f"{name}{'-quick' if quick else ''}.json"
    body = {
        "machine": machine(),
        "commit": provenance.commit(),
        "dirty": provenance.is_dirty(),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "figures": {key: asdict(value) for key, value in figures.items()},
        "notes": notes,
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(body, indent=1) + "\n")
    print(f"written: {path.relative_to(RESULTS.parent.parent)}")


def machine() -> str:
    """Processor and number of cores."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names)} cores"
