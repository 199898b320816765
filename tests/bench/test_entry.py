"""python -m bench NAME where what it needs is not there: one line that says how to get it, and exit code 1."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import names

ROOT = Path(__file__).parents[2]
# One process for all: importing what they import is most of the time.
EACH = """
import contextlib, importlib, io, json, sys
from bench.__main__ import main, names
found = {}
for name in names():
    needs = getattr(importlib.import_module(f"bench.{name}"), "NEEDS", ())
    if needs:
        with contextlib.redirect_stderr(io.StringIO()) as told, contextlib.redirect_stdout(io.StringIO()) as shown:
            code = main([name, "--quick"])
        found[name] = [code, told.getvalue() + shown.getvalue()]
json.dump(found, sys.stdout)
"""


def said(*words: str, **variables: str) -> tuple[int, str]:
    """Exit code and all output of a measurement in a process of its own."""
    command = [sys.executable, "-m", "bench", *words]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def without_servers(folder: Path, **variables: str) -> dict[str, list]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("DATABASE_URL", "BROKER_URL"))}
    environment = kept | {"ZTF_VAR": str(folder)} | variables
    command = [sys.executable, "-c", EACH]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    return without_servers(tmp_path_factory.mktemp("nothing"))


def test_those_that_set_django_up_say_what_they_need(told):
    files = {name: ROOT / "bench" / name for name in names()}
    sources = {
        name: (path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py").read_text()
        for name, path in files.items()
    }
    assert {name for name, text in sources.items() if "django.setup()" in text} <= set(told)


@pytest.mark.parametrize("name", names())
def test_without_servers_one_line_says_how_to_start_them(told, name):
    if name not in told:
        pytest.skip("needs no server")
    code, text = told[name]
    assert code == 1 and len(text.splitlines()) == 1
    assert text.startswith(f"bench {name}: there is no PostgreSQL") and "deploy up postgres redis" in text


def test_a_database_that_does_not_answer_is_said_in_one_line(tmp_path):
    found = without_servers(tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:9/none", CELERY_BROKER_URL="redis://:9")
    for name, (code, text) in found.items():
        assert code == 1 and len(text.splitlines()) == 1 and "PostgreSQL does not answer" in text, name


@pytest.mark.parametrize("name", ["viewer", "realbogus", "hostile"])
def test_a_database_without_an_archive_is_said_in_one_line(name, tmp_path):
    code, text = said(name, "--quick", ARCHIVE_ROOT=str(tmp_path))
    assert code == 1 and len(text.splitlines()) == 1 and "make demo" in text
