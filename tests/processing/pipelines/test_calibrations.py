"""Bias, flat, low-frequency flat and pixel mask against the simulated camera's truth; and what bad frames get."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from archive.survey.bits import MaskBit
from archive.survey.camera import Camera, ccd_quadrant, rcid
from processing.pipelines.calibration.bias import BIAS, BiasInputs
from processing.pipelines.calibration.flat import FLAT, FlatConfig, FlatInputs, lamp_cube, lamps_of_cube
from processing.pipelines.calibration.lowflat import LOWFLAT, LowFlatInputs, StarExposure
from processing.pipelines.calibration.pmask import PMASK, PixelMaskInputs
from processing.science import surface, tpv
from processing.science.astrometry.solve import ReferenceStars
from processing.science.detector.lamps import FILTER_LEDS, LED_WAVELENGTH, led_weights
from processing.science.errors import UnusableFrameError
from processing.science.photometry.starflat import StarObservations, solve_star_flat
from processing.science.photometry.zeropoint import Calibrators
from processing.simulate import detector, survey
from processing.simulate.dome import lamp_phase, star_phase
from processing.simulate.plan import SurveyPlan, lamp_sequence, night_exposures
from processing.simulate.randomness import stream
from processing.simulate.raw import RawExposure, quadrant_cards
from processing.simulate.refcats import gaia_catalog, panstarrs_catalog

CAMERA = Camera().scaled(512, 512, (8,))
CHANNEL = 29
FRAMES = 20
TRUE = detector.defects(CAMERA, CHANNEL)
GOOD = TRUE == 0
READ_NOISE = np.hypot(CAMERA.read_noise / CAMERA.gain, 12**-0.5)  # DN, of whole numbers


def noisy_pixels():
    noisy = np.zeros(TRUE.size, bool)
    noisy[detector.electronics(CAMERA, CHANNEL).noisy] = True
    return noisy.reshape(TRUE.shape)


@pytest.fixture(scope="module")
def bias_inputs():
    reads = [detector.read_out(stream(1, "bias", n), CAMERA, CHANNEL, None, 0.0) for n in range(FRAMES)]
    return BiasInputs([one.pixels for one in reads], [one.overscan for one in reads])


@pytest.fixture(scope="module")
def bias(bias_inputs):
    return BIAS.run(bias_inputs)


def flat_inputs(bias, filtercode, fid, key="flat"):
    leds, reads = lamp_sequence(filtercode, FRAMES), []
    for n, led in enumerate(leds):
        exposure = RawExposure(2459116.5 + n / 1440, 0, filtercode, 10.0, 0, "f", led)
        light = survey.flat_light(1, exposure, CAMERA, CHANNEL, fid)
        reads.append(detector.read_out(stream(1, key, n), CAMERA, CHANNEL, light, 10.0))
    return FlatInputs(
        [one.pixels for one in reads], [one.overscan for one in reads], bias.files["bias.fits"].data,
        bias.files["biascmask.fits"].data, filtercode, leds,
    )  # fmt: skip


@pytest.fixture(scope="module")
def g_inputs(bias):
    return flat_inputs(bias, "zg", 1)


@pytest.fixture(scope="module")
def g_flat(g_inputs):
    return FLAT.run(g_inputs)


def small_scale_error(flat, truth):
    """Relative error of the good pixels about a smooth surface, and that surface."""
    ratio = np.divide(flat, truth, out=np.ones_like(flat), where=GOOD)
    x, y, values = surface.mesh_medians(ratio, GOOD)
    terms = surface.basis(x, y, GOOD.shape, 4)
    smooth = surface.from_terms(np.linalg.lstsq(terms, values, rcond=None)[0], GOOD.shape, 4).image()
    return (ratio / smooth - 1)[GOOD], smooth


class TestBias:
    def test_level_and_read_noise_are_the_cameras(self, bias):
        error = (bias.files["bias.fits"].data - detector.electronics(CAMERA, CHANNEL).bias)[GOOD]
        assert abs(error.mean()) < 0.02
        assert error.std() < 1.1 * READ_NOISE / FRAMES**0.5
        assert abs(bias.measurements["read_noise_dn"] / READ_NOISE - 1) < 0.02

    def test_the_uncertainty_is_the_error(self, bias):
        error = (bias.files["bias.fits"].data - detector.electronics(CAMERA, CHANNEL).bias)[GOOD]
        chi2 = np.mean(error**2) / np.mean(bias.files["biasunc.fits"].data[GOOD] ** 2)
        assert abs(chi2 - 1) < 0.12

    def test_every_noisy_pixel_is_masked_and_no_good_one(self, bias):
        mask = bias.files["biascmask.fits"].data
        assert np.all(mask[noisy_pixels()] & int(MaskBit.NOISY))
        assert np.count_nonzero(mask[GOOD]) <= 2

    def test_a_saturated_frame_is_left_out_and_too_few_are_refused(self, bias_inputs):
        lit = np.full_like(bias_inputs.frames[0], 65535)
        products = BIAS.run(replace(bias_inputs, frames=[lit, *bias_inputs.frames[1:]]))
        assert products.measurements["frames"] == FRAMES - 1 and products.measurements["bias_refused"] == 1
        with pytest.raises(UnusableFrameError, match="at least 3"):
            BIAS.run(BiasInputs([lit] * 4, bias_inputs.overscans[:4]))
        with pytest.raises(UnusableFrameError, match="at least 3"):
            BIAS.run(BiasInputs(bias_inputs.frames[:2], bias_inputs.overscans[:2]))

    def test_frames_of_another_shape_or_without_overscan_are_refused(self, bias_inputs):
        with pytest.raises(UnusableFrameError, match="same rows"):
            BIAS.run(replace(bias_inputs, frames=[bias_inputs.frames[0][:300], *bias_inputs.frames[1:]]))
        with pytest.raises(UnusableFrameError, match="different shapes"):
            BIAS.run(replace(bias_inputs, frames=[bias_inputs.frames[0][:, :300], *bias_inputs.frames[1:]]))
        with pytest.raises(UnusableFrameError, match="one each"):
            BIAS.run(replace(bias_inputs, overscans=bias_inputs.overscans[:-1]))


class TestFlat:
    def test_it_is_the_response_to_stars_to_photon_noise_but_for_a_smooth_pattern(self, g_flat):
        truth = detector.response(CAMERA, CHANNEL, 1)
        error, smooth = small_scale_error(g_flat.files["hifreqflat.fits"].data, truth)
        assert error.std() < 1.2 / np.sqrt(survey.FLAT_ELECTRONS * FRAMES)
        assert np.ptp(smooth) > 0.005  # the lamps' light, which the low-frequency flat has to know
        chi2 = np.mean(error**2) / np.mean(g_flat.files["hifreqflatunc.fits"].data[GOOD] ** 2)
        assert 0.9 < chi2 < 1.25

    def test_weighting_the_lamps_brings_it_nearer_to_the_stars_than_taking_all_alike(self, g_inputs, g_flat):
        truth = detector.response(CAMERA, CHANNEL, 1)
        weighted, alike = (
            small_scale_error(one.files["hifreqflat.fits"].data, truth)[0].std()
            for one in (g_flat, FLAT.run(replace(g_inputs, leds=None)))
        )
        assert weighted < 0.95 * alike

    def test_a_lost_lamp_does_not_change_the_smooth_pattern_once_the_lamps_are_known(self, g_inputs, g_flat):
        cube, cards = g_flat.files["hifreqflatlamps.fits"]
        lamps = lamps_of_cube(cube, {key: value for key, value, _ in cards})
        keep = [n for n, led in enumerate(g_inputs.leds) if led != FILTER_LEDS["zg"][-1]]
        fewer = replace(
            g_inputs, leds=[g_inputs.leds[n] for n in keep], frames=[g_inputs.frames[n] for n in keep],
            overscans=[g_inputs.overscans[n] for n in keep],
        )  # fmt: skip
        whole = g_flat.files["hifreqflat.fits"].data
        change = {}
        for name, correction in (("unknown", None), ("known", lamps)):
            products = FLAT.run(replace(fewer, lamp_correction=correction))
            change[name] = np.std(small_scale_error(products.files["hifreqflat.fits"].data, whole)[1])
        assert change["known"] < 3e-4 < change["unknown"]

    def test_dead_weak_and_noisy_pixels_are_masked_and_hardly_a_good_one(self, g_flat):
        mask = g_flat.files["hifreqflatcmask.fits"].data
        assert np.all(mask[(TRUE & MaskBit.DEAD) > 0] & int(MaskBit.DEAD))
        weak = (TRUE == MaskBit.LOW_RESPONSE) & (detector.low_responses(CAMERA, CHANNEL) < 0.47)
        assert np.all(mask[weak] & int(MaskBit.LOW_RESPONSE))
        noisy = noisy_pixels() & ((TRUE & (MaskBit.DEAD | MaskBit.LOW_RESPONSE)) == 0)
        assert np.mean((mask[noisy] & int(MaskBit.NOISY)) > 0) >= 0.9
        assert np.count_nonzero(mask[GOOD]) <= 3

    def test_frames_unfit_for_a_flat_are_refused(self, g_inputs):
        with pytest.raises(UnusableFrameError, match="at least 4 needed"):
            FLAT.run(g_inputs, FlatConfig(min_counts=20000.0))  # too dark
        with pytest.raises(UnusableFrameError, match="at least 4 needed"):
            FLAT.run(replace(g_inputs, frames=[np.full_like(frame, 65535) for frame in g_inputs.frames]))
        with pytest.raises(UnusableFrameError, match="lamp of zr"):
            FLAT.run(replace(g_inputs, filtercode="zr"))
        with pytest.raises(UnusableFrameError, match="same needed"):
            FLAT.run(replace(g_inputs, frames=[frame[:300] for frame in g_inputs.frames]))
        with pytest.raises(UnusableFrameError, match="either all"):
            FLAT.run(replace(g_inputs, leds=[None, *g_inputs.leds[1:]]))
        one = [n for n, led in enumerate(g_inputs.leds) if led == 3]
        alone = replace(
            g_inputs, leds=[3] * len(one), frames=[g_inputs.frames[n] for n in one],
            overscans=[g_inputs.overscans[n] for n in one],
        )  # fmt: skip
        with pytest.raises(UnusableFrameError, match="of the weight of zg"):
            FLAT.run(alone)

    def test_the_surfaces_of_lamps_are_written_and_read_back(self):
        one = surface.from_terms(np.array([1.0, 0.01, -0.02]), (40, 50), 1)
        cube, cards = lamp_cube({3: one, 5: one}, (40, 50))
        back = lamps_of_cube(cube, {key: value for key, value, _ in cards})
        assert set(back) == {3, 5}
        np.testing.assert_allclose(back[5].image(), one.image(), atol=1e-6)
        empty, cards = lamp_cube({}, (40, 50))
        assert lamps_of_cube(empty, {key: value for key, value, _ in cards}) == {}


@pytest.mark.parametrize(("filtercode", "fid", "worst"), [("zg", 1, 0.1), ("zr", 2, 0.15), ("zi", 3, 0.2)])
def test_the_lamps_are_mixed_to_the_colour_of_a_star(filtercode, fid, worst):
    weights = led_weights(filtercode)
    assert sum(weights.values()) == pytest.approx(1.0) and min(weights.values()) > 0.03
    mix = sum(weight * lamp_phase(led) for led, weight in weights.items())
    even = np.mean([lamp_phase(led) for led in weights])
    assert abs(mix - star_phase(fid)) < worst
    assert abs(mix - star_phase(fid)) < abs(even - star_phase(fid))
    assert set(weights) <= set(LED_WAVELENGTH)


@dataclass(frozen=True)
class Dithered:
    inputs: LowFlatInputs
    truth: np.ndarray
    good: np.ndarray


@pytest.fixture(scope="module")
def dithered():
    """Seven exposures of a quadrant with a flat that holds all but the lamps' own light."""
    camera, channel, fid = Camera().scaled(896, 896, (8,)), rcid(8, 2), 2
    plan = SurveyPlan(
        field=557, first_night=date(2026, 10, 25), nights=1, exposures=(("zr", 1),), bias_frames=0, flat_frames=4,
        star_flats=7, seed=5,
    )  # fmt: skip
    sky = survey.survey_sky(plan, camera)
    exposures = [one for one in night_exposures(plan, 0, camera) if one.offset != (0.0, 0.0) or one.programid == 0]
    frames = []
    for one in (one for one in exposures if one.imgtypecode == "o"):
        light, _ = survey._light(plan, one, camera, channel, survey._observe(plan, one, camera, sky))
        read = detector.read_out(stream(5, "starflat", one.filefracday), camera, channel, light, 30.0)
        cards = quadrant_cards(camera, one, *ccd_quadrant(channel))
        guess = tpv.from_header({key: value for key, value, _ in cards})
        frames.append(StarExposure(read.pixels, read.overscan, {"OBSJD": one.jd}, guess))
    stars, dome = detector.response(camera, channel, fid), 0.0
    for led, weight in led_weights("zr").items():
        dome = dome + weight * detector.screen(camera, channel, fid, led)
    defects = detector.defects(camera, channel)
    good = defects == 0
    gaia, ps1 = gaia_catalog(sky, 5), panstarrs_catalog(sky, 5)
    ps1 = ps1[ps1["sgscore"] > 0.5]
    bands = [np.where(ps1[f"{band}mag"] > 0, ps1[f"{band}mag"], np.nan).astype(float) for band in "gri"]
    names = ("ra", "dec", "phot_g_mean_mag", "pmra", "pmdec")
    hot = detector.electronics(camera, channel).dark > 5.0
    inputs = LowFlatInputs(
        frames, detector.electronics(camera, channel).bias, np.where(dome > 0, dome, 1).astype(np.float32),
        np.where(hot, 0, defects).astype(np.int16), "zr",
        ReferenceStars(*(np.asarray(gaia[name], float) for name in names)),
        Calibrators(np.asarray(ps1["ra"], float), np.asarray(ps1["dec"], float), *bands),
    )  # fmt: skip
    return Dithered(inputs, np.divide(stars, dome, out=np.ones_like(stars), where=good), good)


@pytest.fixture(scope="module")
def products(dithered):
    return LOWFLAT.run(dithered.inputs)


class TestLowFlat:
    def test_dithered_stars_give_the_lamps_pattern_back_to_three_millimagnitudes(self, dithered, products):
        flat = products.files["lownuflat.fits"].data
        ratio = np.where(dithered.good, flat / dithered.truth, np.nan)
        x, y, values = surface.mesh_medians(ratio, dithered.good)
        error = 1.0857 * np.log(values / np.median(values))
        x, y, pattern = surface.mesh_medians(dithered.truth, dithered.good)
        assert np.std(error) < 0.003
        assert np.std(1.0857 * np.log(pattern)) > np.std(error)
        claimed = 1.0857 * np.median(products.files["lownuflatunc.fits"].data)
        assert 0.5 * np.std(error) < claimed < 0.004

    def test_hot_pixels_show_in_all_exposures(self, dithered, products):
        channel, camera = rcid(8, 2), Camera().scaled(896, 896, (8,))
        hot = detector.electronics(camera, channel).dark > 5.0
        hot &= (detector.defects(camera, channel) & MaskBit.DEAD) == 0
        mask = products.files["lownuflatcmask.fits"].data
        assert np.mean(mask[hot] == MaskBit.NOISY) > 0.98
        assert np.count_nonzero(mask[dithered.good]) <= 2

    def test_too_few_exposures_or_stars_are_refused(self, dithered):
        with pytest.raises(UnusableFrameError, match="at least 5"):
            LOWFLAT.run(replace(dithered.inputs, exposures=dithered.inputs.exposures[:4]))
        none = np.zeros(0)
        with pytest.raises(UnusableFrameError, match="stars"):
            LOWFLAT.run(replace(dithered.inputs, calibrators=Calibrators(none, none, none, none, none)))
        with pytest.raises(UnusableFrameError, match="placed on the sky"):
            LOWFLAT.run(replace(dithered.inputs, stars=ReferenceStars(none, none, none, none, none)))


def test_at_full_star_counts_the_surface_is_known_to_a_millimagnitude_although_stars_vary():
    """580 stars seen 2.7 times each, as in a full quadrant at 45 degrees from the Galactic plane."""
    rng, shape = np.random.default_rng(7), (3080, 3072)
    truth = surface.from_terms(rng.normal(0, 0.02, 15) / (1 + np.arange(15) / 4), shape, 4)
    star_x, star_y = rng.uniform(-1500, 4572, (2, 1300))
    mag, colour = rng.uniform(14, 17, 1300), rng.normal(0.6, 0.3, 1300)
    catalog = mag + rng.normal(0, 0.012, 1300)
    catalog[::30] += 0.4  # variable stars
    columns = []
    for exposure in range(9):
        x, y = star_x + rng.uniform(-1400, 1400), star_y + rng.uniform(-1400, 1400)
        seen = np.flatnonzero((x > 0) & (x < 3071) & (y > 0) & (y < 3079))
        sigma = np.full(len(seen), 0.007)
        measured = mag[seen] - 26.2 + rng.normal(0, 0.1) - 0.1 * colour[seen] + truth.at(x[seen], y[seen])
        measured += sigma * rng.standard_normal(len(seen))
        measured[::40] += 0.3  # blends, cosmic rays
        columns.append([x[seen], y[seen], seen, np.full(len(seen), exposure), measured, sigma])
    x, y, star, exposure, measured, sigma = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    solution = solve_star_flat(
        StarObservations(x, y, star.astype(int), exposure.astype(int), measured, sigma, catalog, colour), shape
    )
    error = solution.magnitudes.image()[::16, ::16] - truth.image()[::16, ::16]
    assert error.std() < 0.0015
    assert abs(solution.colour - 0.1) < 0.005 and 0.006 < solution.rms < 0.010
    claimed = 1.0857 * np.sqrt(np.mean(solution.uncertainty()[::16, ::16] ** 2))
    assert 0.6 < error.std() / claimed < 1.6


def test_the_hardware_mask_holds_what_every_kind_of_calibration_says_most_nights():
    masks = {kind: [np.zeros((8, 8), np.int16) for _ in range(3)] for kind in ("bias-0", "hifreqflat-2")}
    for night in (0, 1):
        masks["bias-0"][night][1, 1] = MaskBit.NOISY
        masks["hifreqflat-2"][night][2, 2] = MaskBit.DEAD
    masks["bias-0"][0][3, 3] = MaskBit.NOISY  # one night only
    products = PMASK.run(PixelMaskInputs(masks))
    mask = products.files["pmask.fits"].data
    assert mask[1, 1] == MaskBit.NOISY and mask[2, 2] == MaskBit.DEAD and np.count_nonzero(mask) == 2
    assert {key: value for key, value, _ in products.files["pmask.fits"].cards}["PIPEVER"] == "1"
    with pytest.raises(UnusableFrameError, match="at least one"):
        PMASK.run(PixelMaskInputs({"bias-0": []}))
