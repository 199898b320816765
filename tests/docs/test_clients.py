"""The table of clients is of a run in which all passed, and lacks none of the calls that tests make."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))
import clients  # noqa: E402 (a module of docs/)

from tests.clients import REPLAYED  # noqa: E402

FOUND = json.loads(clients.PATH.read_text())
NAMED = ("ztfquery", "astroquery", "pyvo", "stilts", "curl", "wget", "lsdb", "hats", "requests", "aria2", "ztforce",
         "ztf-check")  # fmt: skip
USES = {
    "pyvo": r"^\s*(import|from) pyvo\b",
    "astroquery": r"^\s*(import|from) astroquery\b",
    "ztfquery": r"^\s*(import|from) ztfquery\b",
    "ztforce": r"^\s*(import|from) ztforce\b",
    "ztf-check": r"^\s*(import|from) ztfcheck\b",
    "lsdb": r"^\s*(import|from) lsdb\b",
    "hats": r"^\s*(import|from) hats\b",
    "stilts": r"[\[(]\"stilts\",",
    "curl": r"[\[(]\"curl\",",
    "wget": r"[\[(]\"wget\",",
    "aria2": r"[\[(]\"aria2c\",",
}
"""What the text of a test shows that calls a client."""


def declared() -> dict[tuple[str, str], set[str]]:
    """Client and call -> the files whose tests are marked with it."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.client":
                client, *calls = (ast.literal_eval(word) for word in node.args)
                assert calls, f"{path}:{node.lineno}: name the calls"
                for call in calls:
                    found.setdefault((client, call), set()).add(str(path.relative_to(ROOT)))
    return found


def test_every_call_that_a_test_makes_is_in_the_table():
    table = {(row["client"], row["call"]): set(row["files"]) for row in FOUND["rows"]}
    assert table == declared(), "run again: pytest -m client --clients docs/clients.json"


def test_every_call_of_the_table_passed():
    assert [row for row in FOUND["rows"] if not 0 < row["made"] == row["passed"]] == []


@pytest.mark.parametrize("client", NAMED)
def test_a_client_is_called_itself_and_its_version_is_known(client):
    versions = {row["version"] for row in FOUND["rows"] if row["client"] == client}
    assert len(versions) == 1 and re.match(r"\d+\.\d+", versions.pop())


def test_a_version_is_missing_only_where_calls_are_replayed():
    for row in FOUND["rows"]:
        assert row["version"] == REPLAYED or row["version"][0].isdecimal(), row


@pytest.mark.parametrize("client", USES)
def test_a_file_of_tests_that_calls_a_client_says_so(client):
    marked = {file for (name, _), files in declared().items() if name == client for file in files}
    using = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if re.search(USES[client], path.read_text(), re.MULTILINE)
    }
    assert using - marked == set()


def test_the_page_shows_each_call_with_its_version_and_its_tests():
    text = clients.table()
    for row in FOUND["rows"]:
        line = f"| {row['client']} | {row['version']} | `{row['call']}` | {row['made']} | {row['passed']} |"
        assert line in text and all(f"`{file}`" in text for file in row["files"])
