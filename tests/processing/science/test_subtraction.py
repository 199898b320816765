"""From images and a reference to candidates: what is found, what is not, how bright it is said to be."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.table import Table
from scipy.spatial import cKDTree

from archive.survey.bits import MaskBit
from processing.pipelines.difference.pipeline import DIFFERENCE, DifferenceInputs, ImageInputs
from processing.pipelines.difference.products import cut
from processing.pipelines.reference.pipeline import (
    REFERENCE,
    ReferenceConfig,
    ReferenceFrame,
    ReferenceInputs,
)
from processing.science import tpv
from processing.science.errors import UnusableFrameError
from processing.science.subtraction import realbogus, zogy
from tests.processing.science.starfield import GAIN, READ_NOISE, SKY, add_star, distorted_wcs

SHAPE = (512, 512)
ZP = 26.3
N_STARS = 350
NEW_MAGS = np.r_[np.full(12, 18.0), np.full(12, 19.0), np.full(12, 20.0)]


def sky_of(seed=5):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(5, SHAPE[1] - 6, N_STARS), rng.uniform(5, SHAPE[0] - 6, N_STARS)
    u = rng.uniform(0, 1, N_STARS)
    mag = np.log10(10 ** (0.25 * 14.5) + u * (10 ** (0.25 * 21) - 10 ** (0.25 * 14.5))) / 0.25
    return x, y, 10 ** (-0.4 * (mag - ZP))


def expose(x, y, flux, seed, widen=1.0, shift=(0.0, 0.0)):
    image = np.full(SHAPE, SKY)
    for a, b, f in zip(x + shift[0], y + shift[1], flux, strict=True):
        add_star(image, a, b, f, widen)
    rng = np.random.default_rng(seed)
    return (rng.poisson(image * GAIN) / GAIN + rng.normal(0, READ_NOISE / GAIN, SHAPE)).astype(np.float32)


def catalog(x, y, flux, wcs):
    ra, dec = tpv.pixel_to_sky(wcs, x, y)
    sigma = np.sqrt(flux / GAIN + 14 * 45.0)
    one = np.ones(len(x))
    columns = {"xpos": x + 1, "ypos": y + 1, "ra": ra, "dec": dec, "flux": flux, "sigflux": sigma}
    return Table(columns | {"snr": flux / sigma, "chi": one, "sharp": 0 * one, "flags": (0 * one).astype(int)})


@pytest.fixture(scope="module")
def reference():
    x, y, flux = sky_of()
    wcs, made = distorted_wcs(SHAPE), []
    for k in range(6):
        shift = np.random.default_rng(100 + k).uniform(-3, 3, 2)
        image = expose(x, y, flux, k, 1 + 0.05 * (k % 3), shift)
        there = replace(wcs, crpix=wcs.crpix + shift)
        made.append(ReferenceFrame(image, np.zeros(SHAPE, np.int16), there, ZP, GAIN, 2.0, 5e4, str(k)))
    return REFERENCE.run(ReferenceInputs(made, tuple(wcs.crval), "zr"), ReferenceConfig(minimum=5))


@pytest.fixture(scope="module")
def changes():
    """Places of what is new and of what has gone."""
    rng, (x, y, _) = np.random.default_rng(9), sky_of()
    tree, places = cKDTree(np.column_stack([x, y])), []
    while len(places) < len(NEW_MAGS):
        place = rng.uniform(30, 482, 2)
        if tree.query(place)[0] > 6 and all(np.hypot(*(place - other)) > 20 for other in places):
            places.append(place)
    return np.array(places), 10 ** (-0.4 * (NEW_MAGS - ZP))


def inputs_of(reference, image, mask=None, wcs=None):
    x, y, flux = sky_of()
    wcs = wcs or distorted_wcs(SHAPE)
    cards = {name: value for name, value, _ in reference.files["refimg.fits"].cards}
    header = {"MAGZP": ZP, "GAIN": GAIN, "SATURATE": 5e4}
    mask = np.zeros(SHAPE, np.int16) if mask is None else mask
    bright = flux > 300
    science = ImageInputs(
        image, np.full(SHAPE, 6, np.float32), mask, wcs, catalog(x[bright], y[bright], flux[bright], wcs), header
    )
    files = reference.files
    other = ImageInputs(
        files["refimg.fits"].data, files["refunc.fits"].data, None, tpv.from_header(cards),
        files["refpsfcat.fits"].data, cards,
    )  # fmt: skip
    return DifferenceInputs(science, other)


@pytest.fixture(scope="module")
def difference(reference, changes):
    places, new = changes
    x, y, flux = sky_of()
    image = expose(np.r_[x, places[:, 0]], np.r_[y, places[:, 1]], np.r_[flux, new], 77, 1.1)
    return DIFFERENCE.run(inputs_of(reference, image))


def test_a_reference_has_the_surveys_scale_zero_point_and_pixels(reference):
    cards = {name: value for name, value, _ in reference.files["refimg.fits"].cards}
    assert cards["MAGZP"] == 26.275
    assert cards["CD2_2"] == pytest.approx(1 / 3600)
    assert reference.files["refimg.fits"].data.shape == (533, 533)
    assert reference.files["refpsfcat.fits"].data.colnames[:4] == ["sourceid", "xpos", "ypos", "ra"]


def test_stars_of_a_reference_are_as_bright_as_they_are(reference):
    x, y, flux = sky_of()
    found = reference.files["refpsfcat.fits"].data
    ra, dec = tpv.pixel_to_sky(distorted_wcs(SHAPE), x, y)
    distance, i = cKDTree(np.column_stack([found["ra"], found["dec"]])).query(np.column_stack([ra, dec]))
    bright = (distance < 0.3 / 3600) & (flux > 3000)
    assert bright.sum() > 30
    mag = 26.275 - 2.5 * np.log10(found["flux"][i[bright]])
    true = ZP - 2.5 * np.log10(flux[bright])
    assert abs(np.median(mag - true)) < 0.02


def test_too_few_frames_make_no_reference():
    with pytest.raises(UnusableFrameError, match="needs at least 15"):
        REFERENCE.run(ReferenceInputs([], (150.0, 35.0), "zr"))


def test_new_stars_to_magnitude_20_are_found_with_their_magnitudes(difference, changes):
    places, _ = changes
    table = difference.files["diffcand.fits"].data
    alerts = table[table["alert"]]
    distance, i = cKDTree(np.column_stack([alerts["x"], alerts["y"]])).query(places)
    found = distance < 1.0
    assert found[:24].all()
    # At S/N 10 the triggers, on aperture magnitude and elongation, refuse some that were found.
    raw, _ = cKDTree(np.column_stack([table["x"], table["y"]])).query(places[24:])
    assert (raw < 1.5).mean() > 0.9
    for mag in (18.0, 19.0):
        same = mag == NEW_MAGS
        assert np.median(alerts["magpsf"][i[same]]) == pytest.approx(mag, abs=0.04)
    assert alerts["positive"][i[found]].all()


def test_signal_to_noise_is_given_of_the_difference_and_of_the_filtered_image(difference, changes):
    """dsnrms: the peak of the difference over the scatter of its pixels near by; ssnrms: that of the matched filter."""
    table, image = difference.files["diffcand.fits"].data, difference.files["scimrefdiffimg.fits.fz"].data
    y, x = np.mgrid[-15:16, -15:16]
    ring = (np.hypot(x, y) >= 10) & (np.hypot(x, y) <= 15)
    expected, said = [], []
    for place in changes[0][:24]:
        k = np.argmin(np.hypot(table["x"] - place[0], table["y"] - place[1]))
        column, row = np.rint(place).astype(int)
        near = image[row - 15 : row + 16, column - 15 : column + 16].astype(float)
        sky = near[ring]
        peak = near[14:17, 14:17].max() - np.median(sky)
        expected.append(peak / (1.4826 * np.median(np.abs(sky - np.median(sky)))))
        said.append(table["dsnrms"][k])
    assert np.median(np.array(said) / expected) == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(table["ssnrms"], table["scorr"])
    np.testing.assert_allclose(table["dsdiff"], table["dsnrms"] - table["ssnrms"])
    assert (np.abs(table["dsdiff"]) > 0.1).any()  # the two differ, so that each has its own name


def test_new_stars_score_high_and_what_is_no_star_scores_low(difference, changes):
    table, places = difference.files["diffcand.fits"].data, changes[0][:24]
    near = [np.argmin(np.hypot(table["x"] - x, table["y"] - y)) for x, y in places]
    assert np.median(table["rb"][near]) > 0.9
    # A dipole: half of its pixels negative, no profile of a star.
    dipole = {"sumrat": [0.1], "nneg": [12], "chipsf": [20.0], "elong": [2.5], "seeratio": [2.0]}
    assert realbogus.score(Table(dipole))[0] < 0.1


def test_an_unchanged_field_has_hardly_any_alert(reference):
    image = expose(*sky_of(), 78, 1.15)
    table = DIFFERENCE.run(inputs_of(reference, image)).files["diffcand.fits"].data
    assert table["alert"].sum() <= 2


def test_the_significance_has_unit_scatter_where_nothing_changed(difference):
    assert difference.measurements["scorr_scatter"] == pytest.approx(1.0, abs=0.06)


def test_the_significance_counts_the_noise_of_both_images():
    rng, shape = np.random.default_rng(6), (256, 256)
    science, template = (rng.normal(0, 5, shape).astype(np.float32) for _ in range(2))
    variance, stamp = np.full(shape, 25, np.float32), np.exp(-0.5 * (np.hypot(*np.mgrid[-11:12, -11:12]) / 1.2) ** 2)
    found = zogy.subtract(
        science, template, variance, variance, lambda x, y: stamp, lambda x, y: stamp, 5.0, 5.0, (0.0, 0.0)
    )
    assert found.scorr.std() == pytest.approx(1, abs=0.03)


def test_the_flux_ratio_follows_the_zero_points(difference):
    m = difference.measurements
    assert m["flux_ratio"] == pytest.approx(m["flux_ratio_expected"], rel=0.02)


def test_an_offset_of_the_wcs_is_registered_away(reference):
    wcs = distorted_wcs(SHAPE)
    off = replace(wcs, crval=wcs.crval + np.array([0.0, 0.8 / 3600]))
    image = expose(*sky_of(), 79, 1.1)
    products = DIFFERENCE.run(inputs_of(reference, image, wcs=off))
    assert products.measurements["registration_shift"] == pytest.approx(0.8 / 1.012, abs=0.02)
    assert products.files["diffcand.fits"].data["alert"].sum() <= 2


def test_a_vanished_star_is_a_negative_candidate(reference):
    x, y, flux = sky_of()
    lonely = np.flatnonzero((flux > 2000) & (flux < 20000) & (x > 40) & (x < 470) & (y > 40) & (y < 470))[0]
    dimmed = flux.copy()
    dimmed[lonely] = 0.0
    table = DIFFERENCE.run(inputs_of(reference, expose(x, y, dimmed, 80))).files["diffcand.fits"].data
    nearest = np.argmin(np.hypot(table["x"] - x[lonely], table["y"] - y[lonely]))
    assert np.hypot(table["x"][nearest] - x[lonely], table["y"][nearest] - y[lonely]) < 1
    assert not table["positive"][nearest]


def test_nothing_is_found_on_masked_pixels(reference, changes):
    places, new = changes
    x, y, flux = sky_of()
    image = expose(np.r_[x, places[:, 0]], np.r_[y, places[:, 1]], np.r_[flux, new], 81)
    mask = np.zeros(SHAPE, np.int16)
    column, row = np.rint(places[0]).astype(int)
    mask[row - 4 : row + 5, column - 4 : column + 5] = int(MaskBit.SPIKE)
    table = DIFFERENCE.run(inputs_of(reference, image, mask)).files["diffcand.fits"].data
    assert np.hypot(table["x"] - places[0, 0], table["y"] - places[0, 1]).min() > 4


def test_stamps_beyond_the_edge_are_not_numbers():
    stamp = cut(np.ones((100, 100), np.float32), np.array([5]), np.array([50]))[0]
    assert stamp.shape == (63, 63)
    assert np.isnan(stamp[:, :26]).all()
    assert (stamp[:, 26:] == 1).all()


def test_a_reference_of_another_field_is_refused(reference):
    wcs = distorted_wcs(SHAPE, ra=152.0)
    with pytest.raises(UnusableFrameError, match="match within"):
        DIFFERENCE.run(inputs_of(reference, expose(*sky_of(), 82), wcs=wcs))
