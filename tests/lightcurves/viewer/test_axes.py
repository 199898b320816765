"""Axes of the interactive plots on screens of any width."""

import json

import pytest

from lightcurves.viewer.documents import documents
from portal.plots import forced, query

PLOTS = {**json.loads(documents()), "forced": forced.document(), "query": query.document()}


def axes_below(item: dict) -> list[dict]:
    """As the browser is told of them."""
    (plot,) = item["doc"]["roots"]
    return plot["attributes"]["below"]


@pytest.mark.parametrize("name", PLOTS)
def test_labels_below_a_plot_never_stand_on_each_other(name):
    axes = axes_below(PLOTS[name])
    assert axes
    for axis in axes:
        policy = axis["attributes"]["major_label_policy"]
        assert (policy["name"], policy["attributes"]["min_distance"]) == ("NoOverlap", 6)
