"""Faults put into the source one by one, to see whether a test fails for each; those that none sees are listed.

The listed faults (`bench/mutations.toml`) must all be seen. With `--minutes` as many more are drawn as the time allows:
an operator turned round somewhere in the rooms below. The tests run on a copy of the source, where nobody works.
"""

from __future__ import annotations

import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.report import Figure, report

NEEDS = ("postgres", "redis")
ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".toml")
ROOMS = {
    "processing/science": (
        "tests/processing/science", "tests/processing/pipelines", "tests/processing/forced/test_measure.py",
    ),
    "archive/access": ("tests/archive/access", "tests/rights/test_tokens.py"),
    "lightcurves/periods": ("tests/lightcurves/periods",),
}  # fmt: skip
"""Where faults are drawn, and the tests that should see them."""
LONGEST = 600  # s, of the tests of one fault; longer counts as seen: something does not end
OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
    ast.Lt: ("<", ">="), ast.Gt: (">", "<="), ast.LtE: ("<=", ">"), ast.GtE: (">=", "<"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"),
    ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """One fault. file: from the root; old, new: its text at `start` (0: where it stands once); tests: files."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    start: int = 0

    def applied_to(self, text: str) -> str:
        """The source with the fault in it."""
        if not self.start and text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times in {self.file}, not once")
        at = text.index(self.old, self.start)
        return text[:at] + self.new + text[at + len(self.old) :]


def listed() -> list[Mutation]:
    """The faults of the list."""
    rows = tomllib.loads(LIST.read_text())["mutation"]
    return [Mutation(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def run(quick: bool, minutes: float | None = None) -> None:
    """Try the faults of the list, then drawn ones for so many minutes."""
    chosen = listed()[::4] if quick else listed()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "source"
        copy_source(copy)
        whole = [Mutation(room, f"{room}/", "", "", tests) for room, tests in ROOMS.items()] if minutes else []
        check_unspoiled([*chosen, *whole], copy)
        survivors = [mutation.name for mutation in chosen if not seen(mutation, copy)]
        end, tried, unseen = time.monotonic() + 60 * (minutes or 0), 0, []
        for mutation in drawn(copy, seed=int(time.time())):
            if time.monotonic() > end:
                break
            tried += 1
            if not seen(mutation, copy):
                unseen.append(mutation.name)
    figures = {"listed faults that no test sees": Figure(len(survivors), "", 0, n=len(chosen))}
    if tried:
        figures["share of drawn faults that no test sees"] = Figure(len(unseen) / tried, "", n=tried)
    report("mutations", figures, "\n".join(["not seen:", *survivors, *unseen]) if survivors or unseen else "", quick)


def check_unspoiled(chosen: list[Mutation], copy: Path) -> None:
    """Raise RuntimeError if the tests fail without any fault: then they would seem to see each."""
    for pure in (True, False):
        tests = tuple(
            dict.fromkeys(test for mutation in chosen if is_pure(mutation) is pure for test in mutation.tests)
        )
        if tests and not passes(tests, copy, pure, compiles=False):
            raise RuntimeError(f"these tests fail on the source as it is: {' '.join(tests)}")


def is_pure(mutation: Mutation) -> bool:
    """Whether the fault's tests need neither database nor the fixtures that all tests share."""
    return not mutation.file.startswith("archive/")


def copy_source(copy: Path) -> None:
    """The files under version control and what was compiled of them, with their times, so that it stays valid."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [Path(name) for name in names.split("\0") if name]
    folders = {path.parent for path in paths}
    paths += [cached.relative_to(ROOT) for folder in folders for cached in (ROOT / folder / "__pycache__").glob("*")]
    for path in paths:
        if (ROOT / path).is_file():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, copy / path)


def seen(mutation: Mutation, copy: Path) -> bool:
    """Whether a test that is not slow fails with this fault."""
    path = copy / mutation.file
    text, times = path.read_text(), path.stat()
    path.write_text(mutation.applied_to(text))
    try:
        failed = not passes(mutation.tests, copy, is_pure(mutation), compiles="njit" in text)
    finally:
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    print(f"{'seen' if failed else 'NOT SEEN':9} {mutation.name}", flush=True)
    return failed


def passes(tests: tuple[str, ...], copy: Path, pure: bool, compiles: bool) -> bool:
    """Whether the tests that are not slow all pass. compiles: callers in other files hold older compiled code."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-m", "not slow"]
    with tempfile.TemporaryDirectory() as fresh:
        environment = {"ZTF_VAR": str(ROOT / "var")} | os.environ  # the servers of this tree, not of the copy
        environment |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        environment |= {"NUMBA_CACHE_DIR": fresh} if compiles else {}
        try:
            done = subprocess.run(
                [*command, *(["--noconftest"] if pure else []), *tests],
                cwd=copy, env=environment, capture_output=True, text=True, timeout=LONGEST,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
    if done.returncode not in (0, 1, 2):  # passed, failed, could not be collected
        raise RuntimeError(f"{' '.join(tests)}: the tests did not run\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def drawn(copy: Path, seed: int) -> Iterator[Mutation]:
    """Faults from all files of the rooms, in random order."""
    every = [fault for room, tests in ROOMS.items() for path in (copy / room).rglob("*.py")
             for fault in faults_of(path, str(path.relative_to(copy)), tests)]  # fmt: skip
    random.Random(seed).shuffle(every)
    yield from every


def faults_of(path: Path, name: str, tests: tuple[str, ...]) -> Iterator[Mutation]:
    """Every operator of a file turned round, one at a time."""
    text = path.read_text()
    lines = [0]
    for line in text.encode().splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    if not text.isascii():  # the tree counts bytes, the text characters
        return
    for node in ast.walk(ast.parse(text)):
        left, operator = _operator_of(node)
        if left is None or type(operator) not in OPERATORS:
            continue
        old, new = OPERATORS[type(operator)]
        start = text.index(old, lines[left.end_lineno - 1] + left.end_col_offset)
        yield Mutation(f"{name}:{left.end_lineno}: {old} -> {new}", name, old, new, tests, start)


def _operator_of(node: ast.AST) -> tuple[ast.expr | None, ast.AST | None]:
    """The first operand of an expression and the operator behind it."""
    if isinstance(node, ast.BinOp):
        return node.left, node.op
    if isinstance(node, ast.BoolOp):
        return node.values[0], node.op
    if isinstance(node, ast.Compare):
        return node.left, node.ops[0]
    return None, None
