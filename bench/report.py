"""What a measurement found, as a table for people and as JSON for documents that quote it."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True)
class Figure:
    """One measured number; `better` says in which direction, `peer` holds the same measured on others in this run."""

    value: float
    unit: str
    target: float | None = None
    better: str = "lower"
    n: int = 1
    peer: dict[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


def report(name: str, figures: dict[str, Figure], notes: str = "", quick: bool = False) -> None:
    """Print the figures, and keep those of a full run."""
    print(f"{'figure':44} {'measured':>12} {'target':>10}  unit   peers")
    for label, one in figures.items():
        mark = {True: "met", False: "MISSED", None: ""}[one.met]
        target = "" if one.target is None else f"{one.target:g}"
        peers = ", ".join(f"{peer} {value:.4g}" for peer, value in one.peer.items())
        print(f"{label:44} {one.value:12.4g} {target:>10}  {one.unit:6} {peers} {mark}")
    if notes:
        print(notes)
    path = RESULTS / f"{name}{'-quick' if quick else ''}.json"
    body = {
        "machine": machine(),
        "commit": commit(),
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


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
