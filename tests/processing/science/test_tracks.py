"""Satellite trails: what is none."""

import numpy as np

from processing.science.detector.tracks import _across, find_tracks


def test_a_line_that_only_touches_a_corner_crosses_nothing():
    assert _across(64, 64, np.pi / 4, 0.0) is None
    assert _across(64, 64, np.pi / 4, 20.0) is not None


def test_pure_noise_holds_no_trail():
    rng = np.random.default_rng(3)
    noise = np.ones((256, 256), np.float32)
    mask, tracks = find_tracks(rng.standard_normal((256, 256), dtype=np.float32), noise, np.zeros((256, 256), bool))
    assert tracks == []
    assert not mask.any()
