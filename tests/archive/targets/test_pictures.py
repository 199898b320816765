"""Pictures of any pixels: extreme ones, too, are drawn without a warning."""

from __future__ import annotations

import io
import warnings

import fastavro
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from archive.pixels.rendering import STRETCHES, Rendering, levels, limits, png
from archive.products.alert_packets import stamp_of

ANY = arrays.arrays(np.float32, (6, 5), elements=st.floats(width=32, allow_nan=True, allow_infinity=True))


@given(ANY, st.sampled_from(sorted(STRETCHES)))
def test_any_pixels_are_drawn_in_their_order_without_a_warning(data, stretch):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = limits(data, Rendering(stretch=stretch))
        grey = levels(data, low, high, stretch)
    assert low < high and grey.dtype == np.uint8
    values = np.where(np.isnan(data), -np.inf, data).ravel()  # what has no value is black
    assert np.all(np.diff(grey.ravel()[np.argsort(values, kind="stable")].astype(int)) >= 0)


@pytest.mark.parametrize(("low", "high"), [(-1e308, 1e308), (1e38, 1e38), (0.0, 5e-324), (5.0, -5.0)])
def test_any_limits_are_taken(low, high):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = png(np.array([[0.0, 1e30], [-1e30, np.nan]]), Rendering(low=low, high=high))
    assert Image.open(io.BytesIO(drawn)).size == (2, 2)


def test_one_extreme_pixel_leaves_the_others_to_be_seen():
    sky = np.random.default_rng(3).normal(100, 5, (63, 63)).astype(np.float32)
    sky[31, 31] = 3.4e38
    grey = levels(sky, *limits(sky, Rendering()), "linear")
    assert grey[31, 31] == 255 and 20 < grey.std() < 110


def test_real_stamps_are_drawn_without_a_warning(real_data):

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in sorted((real_data / "alerts").glob("*.avro"))[:40]:
            with path.open("rb") as file:
                packet = next(fastavro.reader(file))
            for kind in ("science", "template", "difference"):
                if (pixels := stamp_of(packet, kind)) is not None:
                    assert png(pixels, Rendering())
