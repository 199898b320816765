"""Matching of catalog entries to true sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

MATCH, GENUINE = 1.0, 1.5  # px; found; not false
DETECTABLE = 0.5  # mag: least scatter above which a true source can explain no entry (S/N 2)


@dataclass(frozen=True)
class Match:
    """entry (n true sources): index of its catalog entry, -1 without one; distance to it (px); genuine (n entries):
    whether the entry belongs to a true source."""

    entry: np.ndarray
    distance: np.ndarray
    genuine: np.ndarray


@njit(cache=True)
def _claim(source, entry, entry_of, taken):
    for k in range(source.size):
        if entry_of[source[k]] < 0 and not taken[entry[k]]:
            entry_of[source[k]] = entry[k]
            taken[entry[k]] = True


def match(truth, x, y) -> Match:
    """One to one: the brightest true source first, each takes the nearest entry that is left within `GENUINE` px.

    Sources too faint to be seen take none, or chance would make any entry of a crowded field a true one.
    """
    seen = np.flatnonzero(truth.limit < DETECTABLE)
    tree = cKDTree(np.column_stack([x, y]))
    pairs = tree.query_ball_point(np.column_stack([truth.x, truth.y])[seen], GENUINE)
    source = np.repeat(seen, [len(near) for near in pairs])
    entry = np.concatenate([np.asarray(near, int) for near in pairs]) if len(source) else np.zeros(0, int)
    distance = np.hypot(truth.x[source] - x[entry], truth.y[source] - y[entry])
    order = np.lexsort((distance, truth.mag[source]))
    entry_of, taken = np.full(len(truth.x), -1), np.zeros(len(x), bool)
    _claim(source[order], entry[order], entry_of, taken)
    found = entry_of >= 0
    apart = np.full(len(truth.x), np.inf)
    apart[found] = np.hypot(truth.x[found] - x[entry_of[found]], truth.y[found] - y[entry_of[found]])
    return Match(entry_of, apart, taken)


def completeness(truth, found: Match, brightest: float, faintest: float, keep=None) -> tuple[int, int]:
    """The numbers of true stars between two magnitudes that were found, and that there are.

    keep : bool array (n entries), the entries that count; all by default
    """
    stars = truth.star & (truth.mag > brightest) & (truth.mag <= faintest)
    hit = stars & (found.entry >= 0) & (found.distance < MATCH)
    if keep is not None:
        hit[hit] = keep[found.entry[hit]]
    return int(hit.sum()), int(stars.sum())


def balance(truth, found: Match, faintest: float) -> float:
    """The harmonic mean of a catalog's purity and of its completeness down to a magnitude."""
    hit, there = completeness(truth, found, -np.inf, faintest)
    purity, complete = float(found.genuine.mean()) if len(found.genuine) else 0.0, hit / max(there, 1)
    return 2 * purity * complete / max(purity + complete, 1e-9)
