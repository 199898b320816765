"""Running other programs."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path


def run_program(command: list[str], options: dict, folder: Path) -> float:
    """CPU seconds of a program run to its end in a folder; options as -KEY value."""
    command = command + [part for key, value in options.items() for part in (f"-{key}", str(value))]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
