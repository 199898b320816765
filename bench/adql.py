"""ADQL: how long a translation takes, and what random queries find.

All valid queries of the tests are translated, each several times. The random ones
(tests/archive/services/vo/adql/fuzz.py) are asked of a small sky in a database of its own, under a visitor's rights;
every one of them is checked as described there.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bench.report import Figure, report

NEEDS = ("postgres",)

REPEATED = 9
FUZZ_FULL, FUZZ_QUICK = 100_000, 1000
STARS = 120  # of the small sky
SHOWN = 20  # findings that are printed
SEED = 20


def run(quick: bool, fuzz: int = 0) -> None:
    """Measure, ask, print."""
    import django

    django.setup()
    from tests.archive.services.vo.adql.fuzz import Tally

    figures, dominant = _translation()
    tally, findings, seconds = Tally(), Counter(), time.monotonic()
    _ask(fuzz or (FUZZ_QUICK if quick else FUZZ_FULL), tally, findings)
    minutes = (time.monotonic() - seconds) / 60
    asked = tally.asked
    figures |= {
        "random queries asked": Figure(asked, "", None if quick else 1e5, "higher", asked),
        "random queries: findings": Figure(sum(findings.values()), "", 0, n=asked),
        "random queries: answered": Figure(tally.answered, "", n=asked),
        "random queries: refused by the translator": Figure(tally.refused, "", n=asked),
        "random queries: refused by PostgreSQL, in words for the asker": Figure(
            sum(tally.failed.values()), "", n=asked
        ),
        "random queries: stopped after their time": Figure(tally.cancelled, "", n=asked),
        "random queries: compared with a database without hidden rows": Figure(tally.compared, "", n=asked),
        "random queries: regions compared with numpy": Figure(tally.checked, "", n=asked),
    }
    notes = (
        f"Seed {SEED}, {minutes:.0f} minutes. SQLSTATEs: {dict(tally.failed)}. Most time of a translation: {dominant}."
    )
    report("adql", figures, notes, quick)


def _translation() -> tuple[dict[str, Figure], str]:
    """CPU time of translations (ms), and which parts they spend it in."""
    from archive.services.vo.adql import translate
    from archive.services.vo.adql.grammar.dialect import parse
    from tests.archive.services.vo.adql.test_refused import CONDITIONS, EXPRESSIONS, QUERIES, WHERE
    from tests.archive.services.vo.adql.world import CATALOG

    queries = [
        *QUERIES,
        *(WHERE + one for one in CONDITIONS),
        *(f"SELECT {one} AS v FROM sky.stars" for one in EXPRESSIONS),
    ]
    whole = _times(queries, lambda adql: translate(adql, CATALOG, 1000))
    parsed = _times(queries, parse)
    cone = f"{WHERE}1 = CONTAINS(POINT(ra, dec), CIRCLE(150, 2, 0.01))"
    figures = {
        "translation, median of all": Figure(float(np.median(whole)), "ms", 5.0, n=len(queries)),
        "translation, 99th percentile": Figure(float(np.percentile(whole, 99)), "ms", n=len(queries)),
        "translation, slowest": Figure(float(np.max(whole)), "ms", n=len(queries)),
        "translation, a cone": Figure(float(_times([cone], lambda adql: translate(adql, CATALOG, 1000))[0]), "ms"),
        "reading alone, median": Figure(float(np.median(parsed)), "ms", n=len(queries)),
    }
    return figures, _dominant(lambda: [translate(adql, CATALOG, 1000) for adql in queries])


def _times(queries: list[str], do: Callable) -> np.ndarray:
    """Median CPU time of each query, ms."""
    found = []
    for adql in queries:
        times = []
        for _ in range(REPEATED):
            start = time.process_time()
            do(adql)
            times.append(time.process_time() - start)
        found.append(1e3 * float(np.median(times)))
    return np.array(found)


def _dominant(work: Callable) -> str:
    """The files in which most time is spent, with their shares."""
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.runcall(work)
    spent: Counter = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():
        spent["/".join(Path(file).parts[-2:])] += own
    total = sum(spent.values())
    return ", ".join(f"{file} {seconds / total:.0%}" for file, seconds in spent.most_common(5))


def _ask(count: int, tally, findings: Counter) -> None:
    """Random queries until so many have been asked, or Ctrl-C; what they find is counted and printed."""
    from tests.archive.services.vo.adql import fuzz

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it otherwise
    chance = random.Random(SEED)
    with _small_sky() as prober_of, tqdm(total=count, unit="query") as progress:
        prober = prober_of(tally)
        while tally.asked < count:
            before = tally.asked
            try:
                fuzz.round_of(chance, prober)
            except fuzz.Finding as finding:
                findings[finding.what] += 1
                if sum(findings.values()) <= SHOWN:
                    progress.write(str(finding))
            except KeyboardInterrupt:
                return
            progress.update(tally.asked - before)


@contextmanager
def _small_sky() -> Iterator[Callable]:
    """Makes a prober in a test database of its own, which is removed at the end."""
    from django.db import connection, connections
    from django.test.utils import setup_databases, teardown_databases

    from archive.access.reading import ANYONE, reading
    from tests.archive.services.vo.adql import fuzz
    from tests.archive.services.vo.adql import world as worlds

    made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
    try:
        world = worlds.make(kept=STARS)
        worlds.fill(world)
        with connection.cursor() as cursor:
            fuzz.open_copy(cursor)
        with reading(ANYONE):
            yield lambda tally: fuzz.Prober(world, fuzz.reader_cursor(seconds=5), tally)
    finally:
        connections["reader"].close()
        teardown_databases(made, verbosity=0)
