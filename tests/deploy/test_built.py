"""What is built from sources is built again when one of them has changed, and only then."""

import subprocess

import pytest

from deploy import machine
from deploy.built import Built

COUNTS = """
from pathlib import Path
made = Path("made")
made.write_text(made.read_text() + "x" if made.exists() else "x")
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "PROJECT", tmp_path)
    monkeypatch.setattr(machine, "VAR", tmp_path / "var")
    (tmp_path / "sources" / "_build").mkdir(parents=True)
    (tmp_path / "sources" / "one").write_text("1")
    return tmp_path


def made(project, code: str = COUNTS) -> str:
    """What the command has written after another build: an x each time that it ran."""
    Built("it", ("sources", "missing"), ("-c", code), project / "made", project / "note").build()
    return (project / "made").read_text()


def test_it_is_built_once_until_a_source_changes_comes_or_goes(project):
    assert [made(project), made(project)] == ["x", "x"]
    (project / "sources" / "one").write_text("2")
    assert [made(project), made(project)] == ["xx", "xx"]
    (project / "sources" / "two").write_text("2")
    assert [made(project), made(project)] == ["xxx", "xxx"]
    (project / "sources" / "two").unlink()
    assert [made(project), made(project)] == ["xxxx", "xxxx"]
    (project / "sources" / "_build" / "page").write_text("made here")
    assert made(project) == "xxxx"


def test_what_was_removed_or_made_otherwise_is_built_again(project):
    assert made(project) == "x"
    (project / "made").unlink()
    assert made(project) == "x"
    (project / "note").write_text("another time")
    assert made(project) == "xx"


def test_a_build_that_fails_is_an_error_each_time(project):
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            made(project, "raise SystemExit(1)")
    assert made(project) == "x"
