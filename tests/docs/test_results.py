"""Results of measurements say which code they are of, and the pages tell it with what was missed."""

import json
import sys
from datetime import date
from pathlib import Path

import pytest

from bench import provenance
from bench.report import Figure

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import results  # noqa: E402 (a module of docs/)

PATHS = sorted(results.RESULTS.glob("*.json"))


@pytest.fixture
def written(tmp_path):
    """Makes a result's file."""

    def write(figures: dict[str, Figure], **more) -> Path:
        path = tmp_path / "try.json"
        known = {name: vars(figure) for name, figure in figures.items()}
        path.write_text(json.dumps({"machine": "a machine", "commit": "0", "figures": known, "notes": ""} | more))
        return path

    return write


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_result_is_of_this_history_or_says_that_it_is_of_an_earlier_one(path):
    if not provenance.has_history():
        pytest.skip("no history is at hand: a shallow clone, or no repository")
    found = json.loads(path.read_text())
    if found.get("history") != results.EARLIER:
        assert provenance.is_ancestor(found["commit"]), f"{found['commit']} is no ancestor of HEAD: measure again"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_result_is_a_table(path):
    found = json.loads(path.read_text())
    text = results.table(path)
    assert text.count("\n| ") >= len(found["figures"])


def test_a_missed_target_is_marked_and_a_met_one_is_not(written):
    path = written({"slow": Figure(3.0, "s", 2.0, n=5, statistic="median"), "fast": Figure(1.0, "s", 2.0)})
    slow, fast = results.table(path).splitlines()[-2:]
    assert "≤ 2 **MISSED** | median of 5" in slow and "MISSED" not in fast
    assert "Of 2 targets 1 is missed" in results.table(path)


def test_a_table_says_how_old_it_is_and_of_what():
    found = {"commit": "abc", "dirty": True, "date": "2026-01-01"}
    assert results.origin(found, date(2026, 1, 11)).startswith("commit abc with uncommitted changes, 2026-01-01: 10 da")
    assert "earlier history" in results.origin({"commit": "abc", "history": "earlier"})


def test_no_page_leaves_a_full_run_out():
    pages = "\n".join(path.read_text() for path in results.RESULTS.parents[1].glob("docs/**/*.md"))
    full = [path.stem for path in PATHS if not path.stem.endswith("-quick")]
    missing = [name for name in full if f"_generated/{name}.md" not in pages]
    assert missing == []
