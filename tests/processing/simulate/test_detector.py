"""The detector's effects can be measured and taken out again."""

import numpy as np
import pytest

from archive.survey.bits import MaskBit
from archive.survey.camera import Camera
from processing.simulate import detector
from processing.simulate.randomness import stream

CAMERA = Camera().scaled(256, 256, ccds=(7,))
CHANNEL = 25


def _bias_frame(key):
    return detector.read_out(stream(1, key), CAMERA, CHANNEL, None, 0.0)


def _corrected(readout):
    """Pixels minus the mean of their row's overscan, smoothed over rows."""
    rows = readout.overscan.astype("f8").mean(1)
    smooth = np.polynomial.Chebyshev.fit(np.arange(256), rows, 8)(np.arange(256))
    return readout.pixels - smooth[:, None]


def test_a_stack_of_bias_frames_minus_overscan_is_the_bias_structure():
    stack = np.mean([_corrected(_bias_frame(key)) for key in range(30)], axis=0)
    residual = stack - detector.electronics(CAMERA, CHANNEL).bias
    assert abs(np.median(residual)) < 0.1
    expected = np.hypot(CAMERA.read_noise / CAMERA.gain, 0.3) / np.sqrt(30)  # 0.3 DN: rounding to whole DN
    assert residual.std() == pytest.approx(expected, rel=0.25)


def test_the_floating_bias_differs_between_frames_and_is_shared_with_the_overscan():
    levels = [_bias_frame(key).overscan.mean() for key in range(20)]
    assert np.std(levels) > 0.5
    frame = _bias_frame("one")
    rows = frame.pixels.mean(1) - detector.electronics(CAMERA, CHANNEL).bias.mean(1)
    assert np.std(rows - frame.overscan.mean(1)) < 1.5 * np.hypot(1.53 / np.sqrt(30), 1.53 / np.sqrt(256))


def test_a_stack_of_flats_is_the_response():
    response = detector.response(CAMERA, CHANNEL, 2)
    bias = detector.electronics(CAMERA, CHANNEL).bias
    flats = []
    for key in range(10):
        readout = detector.read_out(stream(2, key), CAMERA, CHANNEL, response * np.float32(90000), 10.0)
        flats.append((_corrected(readout) - bias) / 15000.0)
    residual = np.median(flats, axis=0) - response
    good = detector.defects(CAMERA, CHANNEL) == 0
    assert np.std(residual[good]) < 1.5 * (1 / np.sqrt(90000)) * 1.25 / np.sqrt(10)
    assert abs(np.median(residual[good])) < 2e-4


def test_response_changes_with_the_filter_but_the_defects_do_not():
    g, r = (detector.response(CAMERA, CHANNEL, fid) for fid in (1, 2))
    assert 0.001 < np.std(g - r) < 0.03
    dead = (detector.defects(CAMERA, CHANNEL) & MaskBit.DEAD) > 0
    assert dead.any() and (g[dead] == 0).all() and (r[dead] == 0).all()


@pytest.mark.parametrize("electrons", [3.0, 600.0, 30000.0])
def test_noise_is_photon_noise_plus_read_noise(electrons):
    expected = np.full((256, 256), electrons, "f4")
    out = detector._noisy(stream(1, "noise"), expected, 9.0)
    assert out.mean() == pytest.approx(electrons, abs=4 * np.sqrt((electrons + 81) / out.size))
    assert out.var() == pytest.approx(electrons + 81, rel=0.03)


def test_charge_above_the_full_well_spills_along_the_column_and_none_is_lost():
    electrons = np.full((101, 5), 100.0, "f4")
    electrons[50, 2] = 50000.0
    before = electrons.sum(dtype="f8")
    detector.spill_charge(electrons, np.float32(10000.0))
    assert electrons.max() == 10000.0
    assert electrons.sum(dtype="f8") == pytest.approx(before, rel=1e-6)
    assert (electrons[:, [0, 1, 3, 4]] == 100.0).all()
    saturated = np.flatnonzero(electrons[:, 2] > 9000)
    assert saturated.min() == 48 and saturated.max() == 52


def test_cosmic_rays_come_at_the_rate_of_the_exposure_time_and_are_reported():
    rng = stream(1, "cosmics")
    empty = np.zeros((256, 256), "f4")
    hit = detector.add_cosmic_rays(rng, empty, CAMERA, exptime=30.0 * 144)
    assert np.array_equal(np.flatnonzero(empty), hit)
    assert 300 < len(hit) < 1200  # 39 tracks of some 10 pixels


def test_a_saturated_pixel_stays_below_the_converter_s_end():
    light = np.full((256, 256), 6.0e5, "f4")
    readout = detector.read_out(stream(1, "bright"), CAMERA, CHANNEL, light, 30.0)
    assert 58000 < np.median(readout.pixels) < 65535
