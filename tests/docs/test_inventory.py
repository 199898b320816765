"""The code's own inventory: every room, variable, limit and command says what it is in the documentation."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

DOCS = Path(__file__).resolve().parents[2] / "docs"
spec = importlib.util.spec_from_file_location("inventory", DOCS / "inventory.py")
inventory = importlib.util.module_from_spec(spec)
sys.modules["inventory"] = inventory  # dataclasses look their module up
spec.loader.exec_module(inventory)
OURS = ("archive", "lightcurves", "processing", "portal")


@pytest.mark.parametrize("room", inventory.rooms(), ids=lambda room: room.name)
def test_every_room_says_what_lives_there(room):
    assert len(room.title) > 20 and room.title.rstrip().endswith((".", ":")), f"{room.name}: {room.title!r}"


def test_every_folder_of_modules_is_a_room():
    folders = {
        path.parent
        for name in OURS
        for path in (inventory.ROOT / name).rglob("*.py")
        if not {"migrations", "management", "commands"} & set(path.parts)
    }
    assert {path.parent for path in inventory.packages()} >= folders


def test_what_a_docstring_lists_is_there():
    for room in inventory.rooms():
        folder = inventory.ROOT / room.name.replace(".", "/")
        for line in room.text.splitlines():
            listed = re.fullmatch(r" {0,4}([a-z_0-9]+(?:, [a-z_0-9]+)*)(?: {2,}\S.*)?", line)
            for name in listed.group(1).split(", ") if listed else ():
                assert (folder / f"{name}.py").exists() or (folder / name).is_dir(), f"{room.name} has no {name}"


@pytest.mark.parametrize(
    "variable", [one for path in inventory.READERS for one in inventory.variables(path)], ids=lambda one: one.name
)
def test_every_variable_of_the_environment_has_a_meaning(variable):
    assert variable.meaning


@pytest.mark.parametrize("limit", inventory.limits(), ids=lambda limit: limit.name)
def test_every_limit_has_a_meaning(limit):
    assert limit.meaning


def test_every_command_says_what_it_does():
    ours = {name for name, app in get_commands().items() if app.startswith(OURS)}
    assert set(inventory.commands()) == ours
    assert all(len(text) > 15 for text in inventory.commands().values())


def test_no_variable_is_read_that_the_inventory_does_not_see():
    reads = re.compile(r"(?:environ(?:\.get)?[\[(]|getenv\(|\benv\.\w+\(|\benv\()\"([A-Z][A-Z0-9_]+)\"")
    known = {variable.name for path in inventory.READERS for variable in inventory.variables(path)}
    known |= {"CONTENT_LENGTH", "REMOTE_ADDR"}  # WSGI's own
    known |= {"ZTF_TOKEN", "ZTF_USER", "ZTF_PASSWORD"}  # in scripts that people download
    known |= {"ZTF_REAL_DATA", "PYTHONPYCACHEPREFIX", "DJANGO_ALLOW_ASYNC_UNSAFE", "DJANGO_SETTINGS_MODULE"}
    for name in (*OURS, "deploy"):
        for path in (inventory.ROOT / name).rglob("*.py"):
            assert set(reads.findall(path.read_text())) <= known, path


@pytest.mark.parametrize("page", ["rooms", "walks"])
def test_every_file_and_function_that_the_pages_name_exists(page):
    text = (DOCS / "architecture" / f"{page}.md").read_text()
    paths = re.findall(r"`([a-z_]+/[a-z_0-9/]+(?:\.py)?)/?`", text)
    assert len(paths) > 15
    for path in paths:
        assert (inventory.ROOT / path).exists(), path
    for path, function in re.findall(r"`([a-z_/0-9]+\.py)`: `(\w+)`", text):
        assert f"def {function}(" in (inventory.ROOT / path).read_text(), f"{path}: {function}"


ACROSS_ROOMS = {"bench", "deploy", "docs", "rights", "tasks", "whole"}


def test_tests_lie_where_their_source_does():
    root = DOCS.parent
    folders = {path.parent.relative_to(root / "tests") for path in (root / "tests").rglob("test_*.py")}
    astray = [str(one) for one in folders if one.parts[0] not in ACROSS_ROOMS and not (root / one).is_dir()]
    assert astray == []
