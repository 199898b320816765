"""Scales of the drawings that pages have without script: ranges, places, round ticks. Pure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

PAD = 0.05  # of the range, beyond the outermost points
MOST_TICKS = 7


def padded(values: np.ndarray) -> tuple[float, float]:
    """The range of values with a margin."""
    low, high = float(values.min()), float(values.max())
    pad = max((high - low) * PAD, 0.01, 1e-9 * max(abs(low), abs(high)))
    return low - pad, high + pad


def scale(limits: tuple[float, float], first: float, last: float) -> Callable[[float], float]:
    """A function from values to places on a drawing, from `first` to `last`."""

    def place(value: float) -> float:
        return round(first + (float(value) - limits[0]) / (limits[1] - limits[0]) * (last - first), 1)

    return place


def step_of(limits: tuple[float, float], most: int = MOST_TICKS) -> float:
    """The smallest step of 1, 2 or 5 times a power of ten that goes at most so often into a range."""
    raw = (limits[1] - limits[0]) / most
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw))


def ticks(limits: tuple[float, float], place: Callable[[float], float]) -> list[dict]:
    """Round values within a range, and their places."""
    step = step_of(limits)
    power, largest = int(np.floor(np.log10(step))), max(map(abs, limits))
    digits = f".{int(np.log10(largest / step)) + 2}g" if power < -6 or largest >= 1e15 else f".{max(0, -power)}f"
    values = np.arange(np.ceil(limits[0] / step), np.floor(limits[1] / step) + 1) * step
    return [{"at": place(value), "label": format(value, digits)} for value in values]
