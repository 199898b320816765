"""Provenance of a result: commit, uncommitted changes, and how long ago that was."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = "bench/results"


def commit() -> str:
    """The commit that is checked out; `unknown` outside of a repository."""
    return _git("rev-parse", "--short=12", "HEAD") or "unknown"


def is_dirty() -> bool:
    """Whether the code has changes that are in no commit; results themselves do not count."""
    return bool(_git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{RESULTS}"))


def has_history() -> bool:
    """Whether all commits before this one are at hand: not so in a shallow clone or outside of a repository."""
    return _git("rev-parse", "--is-shallow-repository") == "false"


def is_ancestor(name: str) -> bool:
    """Whether a commit is HEAD or comes before it."""
    return _git("merge-base", "--is-ancestor", name, "HEAD") is not None


def commits_since(name: str) -> int | None:
    """The number of commits since then; None where it is not known."""
    count = _git("rev-list", "--count", f"{name}..HEAD") if is_ancestor(name) else None
    return None if count is None else int(count)


def day_of(name: str) -> str:
    """The day of a commit, YYYY-MM-DD; empty where it is not known."""
    return _git("show", "-s", "--format=%cs", name) or ""


def _git(*arguments: str) -> str | None:
    """Output of git; None where it fails or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
