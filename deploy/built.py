"""python -m deploy.built docs | static: what is built from sources, built again only where one of them has changed.

docs     the documentation that the portal serves under /help/
static   the files that the portal serves beside its pages, compressed and under names that change with them
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy import machine

PYTHON = machine.PROJECT / ".venv" / "bin" / "python"
MADE_HERE = ("__pycache__", "_build", "_generated")


@dataclass(frozen=True)
class Built:
    """Something that a command makes of sources; `made` is there when the command has ended."""

    name: str
    sources: tuple[str, ...]
    command: tuple[str, ...]
    made: Path
    note: Path  # which sources it was made of

    def build(self) -> None:
        """Make it, unless it was made of the same sources; where two processes want it, one of them waits."""
        machine.provide_var()
        with (machine.VAR / f".{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            digest = self.digest()
            if not (self.made.exists() and self.note.exists() and self.note.read_text() == digest):
                subprocess.run([PYTHON, *self.command], cwd=machine.PROJECT, check=True)
                machine.write_private(self.note, digest)

    def digest(self) -> str:
        """A number for the sources and the place of what is made of them."""
        found = hashlib.sha256(os.path.relpath(self.made, machine.PROJECT).encode())
        for name in self.sources:
            path = machine.PROJECT / name
            for file in [path] if path.is_file() else sorted(path.rglob("*")):
                if file.is_file() and not set(MADE_HERE) & set(file.parts):
                    found.update(f"{file.relative_to(machine.PROJECT)}\0".encode() + file.read_bytes())
        return found.hexdigest()


HTML = machine.PROJECT / "docs" / "_build" / "html"
KIT = tuple(f"static/ui/{name}" for name in ("tokens.css", "bar.css", "theme.js", "scheme.js", "switch.js"))
CODE = ("archive", "bench/results", "deploy", "lightcurves", "portal", "processing")
DOCS, STATIC = (
    Built(
        "docs",
        ("docs", "static/portal/icon.svg", *KIT, "requirements.txt", *CODE),
        ("-m", "sphinx", "-q", "-W", "-b", "html", "docs", str(HTML)),
        HTML / "index.html",
        HTML.parent / "sources",
    ),
    Built(
        "static",
        ("static", "portal/settings.py", "portal/static_finders.py", "requirements.txt"),
        ("manage.py", "collectstatic", "--noinput", "-v0"),
        Path(os.environ.get("STATIC_ROOT", machine.VAR / "static")) / "staticfiles.json",
        machine.VAR / "static.sources",
    ),
)
KINDS = {one.name: one for one in (DOCS, STATIC)}


def main() -> int:
    unknown = set(sys.argv[1:]) - set(KINDS)
    if unknown or not sys.argv[1:]:
        print(f"deploy.built: give {' or '.join(KINDS)}", file=sys.stderr)
        return 2
    for name in sys.argv[1:]:
        try:
            KINDS[name].build()
        except subprocess.CalledProcessError as failure:
            return failure.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
