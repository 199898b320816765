"""Overscan, stacks, detrending, defects, background."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.survey.bits import MaskBit
from processing.science.background import measure_background
from processing.science.detector.defects import (
    bias_defects,
    combine_masks,
    flat_defects,
    hot_pixels,
    noisy_in_flats,
)
from processing.science.detector.detrend import detrend, uncertainty_image
from processing.science.detector.overscan import fit_overscan
from processing.science.detector.stack import clipped_mean, sorting_network, truncation_factor
from processing.science.errors import UnusableFrameError
from processing.science.fill import fill_masked


def drifting_strip(rows=600, columns=30, noise=1.6, seed=0):
    u = np.linspace(-1, 1, rows)
    level = 1000 + 5 * u - 3 * u**2 + 2 * u**3
    return level, level[:, None] + np.random.default_rng(seed).normal(0, noise, (rows, columns))


def test_the_overscan_fit_follows_a_drifting_amplifier_to_a_tenth_of_a_count():
    level, strip = drifting_strip()
    strip[100:130] += 400  # a bright star's charge bled into these rows
    fit = fit_overscan(strip, order=3)
    assert np.abs(fit.curve - level).max() < 0.15
    assert fit.rows_used < 600 - 25
    assert 0.2 < fit.scatter < 0.6  # 1.6 DN over the median of 27 columns


@given(st.floats(-500, 500), st.floats(-40, 40))
@settings(max_examples=25, deadline=None)
def test_adding_a_constant_to_frame_and_strip_changes_nothing(offset, slope):
    level, strip = drifting_strip(200)
    frame = np.full((200, 20), 1500.0)
    tilt = offset + slope * np.linspace(0, 1, 200)[:, None]
    first, second = frame - fit_overscan(strip).curve[:, None], frame + tilt - fit_overscan(strip + tilt).curve[:, None]
    np.testing.assert_allclose(first, second, atol=0.05)


@pytest.mark.parametrize("strip", [None, np.zeros((100, 2)), np.full((100, 30), 65535.0), np.full((100, 30), np.nan)])
def test_a_missing_saturated_or_empty_overscan_is_an_unusable_frame(strip):
    with pytest.raises(UnusableFrameError, match="overscan"):
        fit_overscan(strip)


def test_the_clipped_mean_ignores_a_cosmic_ray_and_its_uncertainty_is_sigma_over_root_n():
    rng = np.random.default_rng(2)
    frames = list(rng.normal(100, 4, (16, 70, 60)).astype(np.float32))
    frames[3][10, 10] = 9000
    stack = clipped_mean(frames)
    assert abs(stack.mean[10, 10] - 100) < 5 and stack.count[10, 10] == 15
    assert abs(np.sqrt(np.mean(stack.scatter**2)) / 4 - 1) < 0.05
    assert abs(stack.mean.std() / np.median(stack.uncertainty) - 1) < 0.08


def test_values_that_are_not_finite_are_left_out_of_a_stack_and_an_empty_pixel_is_nan():
    frames = [np.full((5, 4), float(k), np.float32) for k in (1, 2, 3)]
    frames[2][0, 0] = np.nan
    for frame in frames:
        frame[1, 1] = np.nan
    stack = clipped_mean(frames)
    assert stack.mean[0, 0] == 1.5 and stack.count[0, 0] == 2
    assert np.isnan(stack.mean[1, 1]) and stack.count[1, 1] == 0


@given(st.permutations(list(range(7))))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_frames_does_not_matter(order):
    frames = np.random.default_rng(1).normal(0, 1, (7, 3, 5)).astype(np.float32)
    frames[2, 1, 1] = 50
    np.testing.assert_allclose(clipped_mean(frames[order]).mean, clipped_mean(frames).mean, atol=1e-6)


def test_the_truncation_factor_agrees_with_a_million_clipped_normal_deviates():
    x = np.random.default_rng(0).standard_normal(1_000_000)
    for nsigma in (2.0, 2.5, 3.0):
        assert abs(truncation_factor(nsigma) * x[np.abs(x) < nsigma].std() - 1) < 0.003


def test_stacking_nothing_or_different_shapes_is_refused():
    with pytest.raises(UnusableFrameError, match="no frames"):
        clipped_mean([])
    with pytest.raises(UnusableFrameError, match="different shapes"):
        clipped_mean([np.zeros((3, 3)), np.zeros((3, 4))])


def test_detrending_restores_the_light_and_tests_saturation_on_raw_counts():
    rng = np.random.default_rng(0)
    light = rng.uniform(100, 5000, (40, 50)).astype(np.float32)
    flat, bias = rng.uniform(0.8, 1.2, light.shape), rng.normal(0, 2, light.shape)
    level = np.full(40, 1000.0)
    raw = light * flat + bias + 1000
    raw[3, 4] = 60000
    flat[5, 6] = 0
    image, saturated = detrend(raw, level, bias, flat, 60000)
    good = ~saturated & (flat > 0)
    np.testing.assert_allclose(image[good], light[good], rtol=1e-4)
    assert np.argwhere(saturated).tolist() == [[3, 4]]
    assert np.isnan(image[5, 6])
    with pytest.raises(UnusableFrameError, match="flat has shape"):
        detrend(raw, level, bias, flat[1:], 60000)


def test_the_uncertainty_image_is_the_scatter_of_many_exposures():
    rng = np.random.default_rng(4)
    expected, gain, read_noise = 300.0, 6.0, 9.0
    exposures = rng.poisson(expected * gain, (4000, 4)) / gain + rng.normal(0, read_noise / gain, (4000, 4))
    one, zero = np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)
    sigma = uncertainty_image(one * 300, one, zero, zero, gain, read_noise)
    assert abs(exposures.std() / sigma[0, 0] - 1) < 0.02


def test_hot_noisy_and_dead_pixels_of_a_bias_stack_get_their_own_bits():
    rng = np.random.default_rng(0)
    bias = rng.normal(0, 0.4, (200, 200)).astype(np.float32)
    scatter = (1.5 * np.sqrt(rng.chisquare(19, (200, 200)) / 19)).astype(np.float32)
    bias[10, 10], bias[20, 20], bias[40, 40] = 30, -30, np.nan
    scatter[30, 30] = 12
    mask = bias_defects(bias, scatter, 19)
    assert mask[10, 10] == MaskBit.HIGH_RESPONSE and mask[20, 20] == MaskBit.LOW_RESPONSE
    assert mask[30, 30] == MaskBit.NOISY and mask[40, 40] & MaskBit.DEAD
    assert np.count_nonzero(mask) == 4


def test_weak_strong_and_dead_pixels_of_a_flat_get_their_own_bits():
    y, x = np.mgrid[:200, :200]
    flat = (1 - 0.1 * ((x / 200 - 0.5) ** 2 + (y / 200 - 0.5) ** 2)).astype(np.float32)
    flat[10, 10], flat[20, 20], flat[30, 30] = 0.3, 1.8, 0.02
    mask = flat_defects(flat)
    assert mask[10, 10] == MaskBit.LOW_RESPONSE and mask[20, 20] == MaskBit.HIGH_RESPONSE
    assert mask[30, 30] & MaskBit.DEAD
    assert np.count_nonzero(mask) == 3


@pytest.mark.parametrize("electrons", [20_000, 90_000])
def test_photon_noise_alone_makes_no_pixel_noisy_however_faint_the_lamp(electrons):
    rng = np.random.default_rng(5)
    shot = np.full((500, 500), electrons**-0.5, np.float32)
    scatter = shot * np.sqrt(rng.chisquare(16, shot.shape) / 16).astype(np.float32)
    scatter[40, 40] = np.hypot(shot[0, 0], 0.02)  # its response scatters by two per cent
    assert (scatter > 0.00381655).mean() > 0.1  # ZTF's limit alone would take good pixels
    noisy = noisy_in_flats(scatter, shot, 16)
    assert np.argwhere(noisy).tolist() == [[40, 40]]
    assert not noisy_in_flats(scatter, shot, 2).any()


def test_a_hot_pixel_stands_while_stars_move_past_it():
    rng = np.random.default_rng(6)
    images = list(rng.normal(0, 6, (5, 80, 80)).astype(np.float32))
    for k, image in enumerate(images):
        image[20 + 6 * k : 23 + 6 * k, 30:33] += 5000
        image[50, 50] += 300
    assert np.argwhere(hot_pixels(images)).tolist() == [[50, 50]]
    with pytest.raises(UnusableFrameError, match="dithered"):
        hot_pixels(images[:2])


def test_a_bit_stays_in_the_combined_mask_if_most_nights_have_it():
    masks = [np.zeros((4, 4), np.int16) for _ in range(3)]
    for mask in masks[:2]:
        mask[1, 1] = MaskBit.NOISY | MaskBit.SATURATED
    masks[0][2, 2] = MaskBit.DEAD
    combined = combine_masks(masks)
    assert combined[1, 1] == MaskBit.NOISY and np.count_nonzero(combined) == 1
    with pytest.raises(UnusableFrameError, match="same"):
        combine_masks([])


@given(st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_the_network_sorts_any_number_of_values(n):
    values = np.random.default_rng(n).permutation(n)
    for low, high in sorting_network(n):
        if values[low] > values[high]:
            values[[low, high]] = values[[high, low]]
    assert values.tolist() == list(range(n))


def test_groups_count_by_their_weights_however_many_frames_they_have():
    rng = np.random.default_rng(8)
    levels, groups, weights = [1.0, 1.1], [0] * 12 + [1] * 4, [0.25, 0.75]
    frames = [(levels[g] + rng.normal(0, 0.05, (60, 64))).astype(np.float32) for g in groups]
    frames[3][5, 5] = 40.0
    stack = clipped_mean(frames, 4.0, groups, weights)
    assert abs(stack.mean.mean() - 1.075) < 0.001 and abs(stack.mean[5, 5] - 1.075) < 0.1
    assert stack.freedom == 14 and abs(np.sqrt(np.mean(stack.scatter**2)) / 0.05 - 1) < 0.03
    expected = 0.05 * np.sqrt(0.25**2 / 12 + 0.75**2 / 4)
    assert abs(stack.mean.std() / expected - 1) < 0.05
    assert abs(np.sqrt(np.mean(stack.uncertainty**2)) / expected - 1) < 0.05


def test_the_stack_equals_one_written_plainly_with_numpy():
    rng = np.random.default_rng(9)
    cube = rng.normal(1000, 5, (20, 70, 90)).astype(np.float32)
    cube[rng.uniform(size=cube.shape) < 0.01] += 300
    q1, middle, q3 = np.percentile(cube, (25, 50, 75), axis=0)
    sigma = 0.7413 * (q3 - q1)
    typical = np.array([np.median(row[::3]) for row in sigma])[:, None]
    limit = 3 * np.maximum(sigma, typical)
    plain = np.ma.masked_where(np.abs(cube - middle) > limit, cube.astype(float))
    stack = clipped_mean(list(cube))
    np.testing.assert_allclose(stack.mean, plain.mean(axis=0).filled(np.nan), atol=1e-3)
    np.testing.assert_array_equal(stack.count, plain.count(axis=0))


def test_the_background_follows_a_gradient_under_masked_pixels():
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:512, :512]
    sky = 200 + 0.05 * x
    image = (sky + rng.normal(0, 6, sky.shape)).astype(np.float32)
    bad = rng.uniform(size=sky.shape) < 0.02
    image[bad] = np.nan
    background = measure_background(image, bad)
    assert np.abs(background.level - sky).mean() < 0.5
    assert abs(background.rms / 6 - 1) < 0.05  # the slope itself adds a little


def test_a_frame_without_usable_pixels_has_no_background():
    with pytest.raises(UnusableFrameError, match="usable"):
        measure_background(np.full((256, 256), np.nan, np.float32), np.zeros((256, 256), bool))


def test_filling_changes_bad_pixels_only_and_takes_the_sky_inside_large_holes():
    image = np.arange(400, dtype=np.float32).reshape(20, 20)
    bad = np.zeros((20, 20), bool)
    bad[3, 3] = True
    bad[8:19, 8:19] = True
    filled = fill_masked(image, bad, np.full((20, 20), -1, np.float32))
    np.testing.assert_array_equal(filled[~bad], image[~bad])
    assert abs(filled[3, 3] - image[3, 3]) < 1e-3
    assert filled[13, 13] == -1
