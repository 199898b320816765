"""Skies, channels and pointings that numbers of the code were tuned on; what is measured comes from others.

A figure from the sky that a threshold was chosen on says how well it was chosen, not how well it does. Whoever tunes
adds here what was looked at; measurements refuse to run on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Used:
    """Seeds of random numbers, read-out channels, and boresights (deg)."""

    seeds: frozenset[int] = frozenset()
    channels: frozenset[int] = frozenset()
    pointings: frozenset[tuple[float, float]] = frozenset()


TUNED_ON = {
    # The pipeline was developed on these quadrants: five seeings of two fields, and eight exposures of one.
    "science": Used(
        seeds=frozenset({*range(11, 16), *range(61, 69), *range(111, 116)}),
        channels=frozenset({21}),
        pointings=frozenset({(150.0, 35.0), (291.5, 15.5)}),
    ),
    # Skies of tests/processing/forced, and those on which the errors' terms were chosen.
    "forced": Used(seeds=frozenset({3, 7, 8, 9})),
    # `bench.periods.fit_weights`: the weights of lightcurves.periods.search.confidence.
    "periods": Used(seeds=frozenset({11})),
}


class TunedOnError(ValueError):
    """A measurement would be of what the code was tuned on."""


def require_fresh(
    name: str,
    seeds: Iterable[int],
    channels: Iterable[int] = (),
    pointings: Iterable[tuple[float, float]] = (),
) -> None:
    """See that none of what a measurement is made of was used for tuning.

    Raises
    ------
    TunedOnError
    """
    used = TUNED_ON[name]
    for what, mine, theirs in (
        ("seed", seeds, used.seeds),
        ("channel", channels, used.channels),
        ("pointing", pointings, used.pointings),
    ):
        both = sorted(set(mine) & theirs)
        if both:
            raise TunedOnError(f"bench {name}: {what} {both[0]} was tuned on (bench/seeds.py): take another")
