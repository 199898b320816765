"""Wall times of calls, with the rows that their answers had."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import requests

from bench.report import Figure

session = requests.Session()
session.headers["Accept-Encoding"] = "identity"
session.trust_env = False


@dataclass
class Times:
    """Milliseconds of one kind of call, and the rows of each answer."""

    spent: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def add(self, milliseconds: float, rows: int) -> None:
        """Note one call."""
        self.spent.append(milliseconds)
        self.counts.append(rows)

    @property
    def p50(self) -> float:
        return float(np.percentile(self.spent, 50))

    @property
    def rows(self) -> str:
        """The number of rows of the answers."""
        least, most = min(self.counts), max(self.counts)
        return f"{least}" if least == most else f"{least} to {most}, median {np.median(self.counts):g}"

    def figures(self, name: str, target: float | None, **more) -> dict[str, Figure]:
        """Both percentiles."""
        n = len(self.spent)
        return {
            f"{name}, p50": Figure(self.p50, "ms", target, n=n, statistic="median", **more),
            f"{name}, p95": Figure(float(np.percentile(self.spent, 95)), "ms", n=n, statistic="p95"),
        }


def timed(ask: Callable[[], requests.Response], rows_of: Callable[[bytes], int]) -> tuple[float, int]:
    """Milliseconds until the whole answer is here, and its rows.

    Raises
    ------
    requests.HTTPError
        where the answer is a refusal: that would be fast
    """
    began = time.perf_counter()
    answer = ask()
    spent = 1e3 * (time.perf_counter() - began)
    answer.raise_for_status()
    return spent, rows_of(answer.content)
