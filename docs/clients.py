"""The table of clients for the pages: which calls of which clients the last run made, and how many passed."""

from __future__ import annotations

import json
from pathlib import Path

PATH = Path(__file__).with_name("clients.json")


def table(path: Path = PATH) -> str:
    """The calls of a run's clients as Markdown."""
    found = json.loads(path.read_text())
    lines = [
        f"| {row['client']} | {row['version']} | `{row['call']}` | {row['made']} | {row['passed']} | "
        f"{', '.join(f'`{file}`' for file in row['files'])} |"
        for row in found["rows"]
    ]
    made, passed = (sum(row[name] for row in found["rows"]) for name in ("made", "passed"))
    clients = len({row["client"] for row in found["rows"]})
    head = f"{clients} clients; of {made} calls {passed} passed; run at commit {found['commit']}, {found['date']}.\n\n"
    return (
        head
        + "\n".join(["| client | version | called | calls | passed | tests |", "|---|---|---|---|---|---|", *lines])
        + "\n"
    )
