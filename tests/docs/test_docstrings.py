"""The first line of a docstring is a name for the thing, as somebody would search for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("archive", "bench", "deploy", "docs", "lightcurves", "portal", "processing")
QUESTIONS = ("How", "That", "What", "When", "Where", "Which", "Who", "Whoever", "Why")
KINDS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def first_lines(folder: str) -> Iterator[tuple[str, str]]:
    """Each docstring's place and first line; migrations are kept as they were applied."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            text = ast.get_docstring(node) if isinstance(node, KINDS) else None
            if text:
                yield f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'module')}", text.splitlines()[0]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_docstring_begins_with_a_question(folder):
    lines = list(first_lines(folder))
    assert len(lines) > 3
    assert [place for place, line in lines if line.split()[0].rstrip(",:;") in QUESTIONS] == []
