"""python -m deploy.cleaning: remove what was made in a checkout; asks where data are not the demo's.

It runs without anything that is installed in the checkout, because that goes too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from deploy import machine

PYTHON = machine.PROJECT / ".venv" / "bin" / "python"

BUILT = (".venv", "node_modules", "static/vendor", "docs/_build")
CACHES = (".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache", ".coverage")
ELSEWHERE = ("ARCHIVE_ROOT", "JOB_ROOT", "EXPORT_ROOT", "DATABASE_URL")
AGREED = "yes"


def clean() -> None:
    """Name everything that goes, ask if something of it is not the demo's, stop all programs, remove it.

    Raises
    ------
    SetupError
        where nobody agreed.
    """
    data = [folder for folder in (machine.VAR, machine.moved_folder()) if folder.exists()]
    built = [path for name in (*BUILT, *CACHES) if (path := machine.PROJECT / name).exists()]
    for path in (*data, *built):
        print(f"  remove  {path}")
    for name in ELSEWHERE:
        if name in os.environ:
            print(f"  keep    {name}={os.environ[name].partition('@')[2] or os.environ[name]}")
    if data and (reason := _not_the_demos()):
        _ask(reason)
    if PYTHON.exists():
        _run("-m", "deploy", "down")
    for path in (*data, *built):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _not_the_demos() -> str:
    """The reason that `make demo` cannot make the data again; empty where it can, or where there are none."""
    if not any((folder / "postgres" / "complete").exists() for folder in (machine.VAR, machine.moved_folder())):
        return ""
    if not PYTHON.exists():
        return "there is a database, and without .venv it cannot be looked into"
    for command in (["-m", "deploy", "up", "postgres"], ["manage.py", "demo", "--compare"]):
        done = _run(*command)
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()
            return said[-1] if said else "the database cannot be looked into"
    return ""


def _run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([PYTHON, *words], cwd=machine.PROJECT, capture_output=True, text=True, check=False)


def _ask(reason: str) -> None:
    print(f"This is not only the demonstration's data: {reason}")
    # `yes` lets `make clean` remove data that are not the demonstration's without asking
    if os.environ.get("CONFIRM") == AGREED:
        return
    if not sys.stdin.isatty():
        raise machine.SetupError("nothing was removed; say CONFIRM=yes make clean to remove it all the same")
    if input(f"Remove all of it, for good? Type {AGREED}: ").strip() != AGREED:
        raise machine.SetupError("nothing was removed")


if __name__ == "__main__":
    try:
        clean()
    except machine.SetupError as error:
        sys.exit(f"clean: {error}")
