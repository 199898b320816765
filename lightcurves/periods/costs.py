"""The cost of a period search in time: one model for every method and caller. Measured on one core of 2024."""

from __future__ import annotations

NANOSECONDS = {
    "ls": 1.0, "harmonics": 60.0, "sine": 10.0, "aov": 6.0, "pdm": 6.0, "ce": 6.0, "bls": 6.0, "plav": 100.0,
    "search": 7.0,
}  # fmt: skip
"""Of one point at one frequency; sine: a single sine at frequencies without an order."""
CELL = 5.0  # ns of one phase bin with one trial duration (bls)
FREQUENCY = 250.0  # ns of one frequency, whatever the method


def seconds(
    method: str, n_points: int, n_frequencies: int, n_bins: int = 0, n_durations: int = 1, signs: int = 1
) -> float:
    """The seconds that a search takes.

    Parameters
    ----------
    n_bins, n_durations : phase bins, and trial durations in them (bls)
    signs : 2 where dips and rises are both looked for
    """
    each = NANOSECONDS[method] * n_points + CELL * n_bins * n_durations + FREQUENCY
    return 1e-9 * signs * n_frequencies * each
