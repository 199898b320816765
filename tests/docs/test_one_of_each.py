"""Each of these stands in one place: a second copy of it fails here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.conf import settings

APPS = ("archive", "lightcurves", "portal", "processing")


def sources() -> dict[str, ast.Module]:
    """Each source file's tree, by its path below the root."""
    root = Path(settings.BASE_DIR)
    paths = [path for app in APPS for path in (root / app).rglob("*.py") if "migrations" not in path.parts]
    return {str(path.relative_to(root)): ast.parse(path.read_text()) for path in paths}


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    found = sources()
    assert len(found) > 300
    return found


def names(tree: ast.Module) -> set[str]:
    """Names that a module calls, reads as attributes or defines as classes and functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
    return found


def defined(tree: ast.Module) -> set[str]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def using(trees: dict[str, ast.Module], name: str) -> list[str]:
    return sorted(path for path, tree in trees.items() if name in names(tree))


def defining(trees: dict[str, ast.Module], name: str) -> list[str]:
    return sorted(path for path, tree in trees.items() if name in defined(tree))


def test_postgresqls_copy_is_called_in_one_module(trees):
    assert using(trees, "copy_expert") == ["archive/database/copy.py"]
    assert [path for path in trees if b"PGCOPY" in Path(settings.BASE_DIR, path).read_bytes()] == [
        "archive/database/copy.py"
    ]


def test_the_phases_of_jobs_stand_once(trees):
    assert defining(trees, "Phase") == ["archive/models/phases.py"]
    attempts = [
        path
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.Assign) and any("ATTEMPTS" in getattr(name, "id", "") for name in node.targets)
    ]
    assert attempts == ["archive/jobs/attempts.py"]


def test_protocols_share_one_layer(trees):
    layer = "archive/services/protocol"
    assert defining(trees, "BadRequestError") == [f"{layer}/errors.py"]
    assert defining(trees, "DeniedError") == [f"{layer}/errors.py"]
    readers = [path for path in trees if "MAXREC=1000" in Path(settings.BASE_DIR, path).read_text()]
    assert readers == [f"{layer}/parameters.py"]
    assert using(trees, "error_votable") == ["archive/services/protocol/refusals.py", "archive/tables/responses.py"]


def test_a_streamed_response_closes_what_it_holds_in_one_way(trees):
    assert using(trees, "_resource_closers") == []
    assert "archive/requests/stream_response.py" in using(trees, "StreamingHttpResponse")


def renames(tree: ast.Module) -> bool:
    """Whether a module gives a file another name, or flushes one to disk."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return any(
        ast.unparse(call.func) in ("os.replace", "os.rename", "os.fsync", "tempfile.mkstemp")
        or (call.func.attr in ("replace", "rename") and len(call.args) == 1 and not call.keywords)
        for call in calls
    )


def test_files_appear_whole_in_one_way(trees):
    assert sorted(path for path, tree in trees.items() if renames(tree)) == [
        "archive/files/atomic.py",
        "archive/files/storage.py",  # many files at once, by hard links, and each folder flushed once
    ]


def test_xml_is_escaped_in_one_module(trees):
    root = Path(settings.BASE_DIR)
    assert [path for path in trees if "xml.sax" in (root / path).read_text()] == ["archive/tables/xml.py"]
    heads = [path for path in trees if '<?xml version="1.0"' in (root / path).read_text()]
    assert heads == ["archive/tables/xml.py"]


def test_rows_are_written_by_the_writers_of_tables(trees):
    assert using(trees, "new_stream") == ["archive/tables/formats/arrow_files.py", "archive/tables/formats/spooled.py"]
    services = [
        path for path in trees if path.startswith(("archive/services/", "archive/tables/", "portal/", "lightcurves/"))
    ]
    writing = [path for path in services if "csv.writer(" in Path(settings.BASE_DIR, path).read_text()]
    assert writing == ["archive/tables/formats/row_text.py"]
