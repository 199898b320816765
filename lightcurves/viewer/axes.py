"""Settings of axes that all interactive plots share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bokeh.plotting import figure

APART = 6  # px between two labels


def keep_labels_apart(plot: figure) -> None:
    """On a narrow screen, leave out labels below a plot that would stand on each other: a date has many digits."""
    from bokeh.models import Axis, NoOverlap  # loaded with the first plot

    for axis in plot.below:
        if isinstance(axis, Axis):
            axis.major_label_policy = NoOverlap(min_distance=APART)
