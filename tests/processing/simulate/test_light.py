"""Sky, variability, conditions, point-spread function and rendering."""

import numpy as np
import pytest
import sep
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.survey.camera import Camera, Site
from processing.simulate import conditions, optics, render, variability
from processing.simulate.randomness import stream
from processing.simulate.refcats import gaia_catalog, panstarrs_catalog
from processing.simulate.sky import EPOCH_JD, VISIBLE_DTYPE, Kind, Population, make_sky

CAMERA = Camera().scaled(160, 160, ccds=(7,))
PHASES = np.linspace(0, 1, 2000, endpoint=False)
SKY = make_sky((55.0, 33.0), 0.6, seed=3, population=Population(rrlyrae=60, eclipsing=60, supernovae=40))


@given(st.floats(0.1, 1.5), st.sampled_from(sorted(variability.PULSATION_RISE)))
def test_a_pulsator_swings_by_its_amplitude_about_its_mean(amplitude, family):
    mag = variability.pulsation(PHASES, amplitude, variability.PULSATION_RISE[family])
    assert np.ptp(mag) == pytest.approx(amplitude, rel=1e-3)
    assert abs(mag.mean()) < 1e-3 * amplitude
    assert np.argmin(mag) == 0


def test_an_eclipse_is_as_deep_as_the_light_it_loses_and_its_mean_is_the_catalog_magnitude():
    mag = variability.eclipse(PHASES, np.full(2000, 0.5), np.full(2000, 0.03), np.full(2000, 0.4))
    assert abs(mag.mean()) < 1e-3
    assert mag[0] - mag[500] == pytest.approx(-2.5 * np.log10(0.5), abs=0.01)
    assert mag[1000] - mag[500] == pytest.approx(-2.5 * np.log10(0.8), abs=0.01)


def test_a_supernova_peaks_on_its_day_at_its_magnitude_and_fades_slower_than_it_rose():
    days = np.arange(-200.0, 400.0, 0.25)
    mag = variability.supernova(days, np.full(days.size, 17.0), np.ones(days.size), "g")
    assert days[np.argmin(mag)] == pytest.approx(0.0, abs=0.25)
    assert mag.min() == pytest.approx(17.0, abs=1e-3)
    assert mag[days == -12.0] > mag[days == 12.0] + 0.5
    assert mag[0] > 25


def test_the_same_seed_gives_the_same_sky_and_another_seed_another():
    again = make_sky((55.0, 33.0), 0.6, seed=3, population=Population(rrlyrae=60, eclipsing=60, supernovae=40))
    assert again.sources.tobytes() == SKY.sources.tobytes()
    assert make_sky((55.0, 33.0), 0.6, seed=4).sources["ra"][0] != SKY.sources["ra"][0]


def test_a_full_quadrant_holds_about_ten_thousand_sources():
    quadrant = 3072 * 3080 * Camera().pixel_scale ** 2
    population = Population()
    assert 9000 < (population.stars + population.galaxies) * quadrant < 11000


def test_stars_move_by_their_proper_motion_times_the_years():
    visible = SKY.at(EPOCH_JD + 10 * 365.25, "zr")
    north = (visible["dec"] - SKY.sources["dec"]) * 3.6e6
    assert np.allclose(north, 10 * SKY.sources["pmdec"], atol=1e-3)


def test_only_variables_change_and_pulsators_change_less_in_the_red():
    first, later = (SKY.at(jd, "zg") for jd in (2458200.0, 2458203.3))
    changed = np.abs(first["mag"] - later["mag"]) > 1e-4
    fixed = (SKY.sources["kind"] == Kind.STAR) | (SKY.sources["kind"] == Kind.GALAXY)
    assert not changed[fixed].any()
    rrab = SKY.sources["kind"] == Kind.RRAB
    assert changed[rrab].mean() > 0.95
    spread = {band: np.std(SKY.at(2458200.0, band)["mag"][rrab] - SKY.sources[band[1]][rrab]) for band in ("zg", "zr")}
    assert spread["zr"] / spread["zg"] == pytest.approx(variability.BAND_AMPLITUDE["r"], rel=0.01)


def test_an_asteroid_lies_where_its_ephemeris_says_and_leaves_a_trail():
    def ephemeris(jd):
        return np.array([55.0 + 0.5 * (jd - 2458200.0)]), np.array([33.0]), np.array([18.0])

    sky = make_sky((55.0, 33.0), 0.05, seed=1, ephemeris=ephemeris)
    asteroid = sky.at(2458200.2, "zr", exptime=30.0)[-1]
    assert asteroid["kind"] == Kind.ASTEROID
    assert (asteroid["ra"], asteroid["dec"]) == pytest.approx((55.1, 33.0))
    assert asteroid["trail_east"] == pytest.approx(0.5 * 30 / 86400 * 3600 * np.cos(np.radians(33.0)), rel=1e-3)


def test_catalog_errors_are_as_large_as_they_say():
    gaia = gaia_catalog(SKY, seed=3)
    truth = SKY.sources[gaia["source_id"] - 1]
    pull = (gaia["dec"] - truth["dec"]) * 3.6e6 / gaia["dec_error"]
    assert np.std(pull) == pytest.approx(1.0, abs=0.05)
    assert gaia["phot_g_mean_mag"].max() < 20.8
    ps1 = panstarrs_catalog(SKY, seed=3)
    truth = SKY.sources[ps1["objid"] - 1]
    pull = (ps1["rmag"] - truth["r"]) / ps1["rmag_error"]
    assert np.std(pull) == pytest.approx(1.0, abs=0.05)
    bright = truth["r"] < 18
    assert (ps1["sgscore"][bright & (truth["kind"] == Kind.STAR)] > 0.5).mean() > 0.99
    assert (ps1["sgscore"][bright & (truth["kind"] == Kind.GALAXY)] < 0.5).mean() > 0.95


def test_conditions_have_the_quantiles_of_the_real_survey():
    rng = stream(1, "conditions")
    seeing = [conditions.draw_conditions(rng, "zg").seeing for _ in range(4000)]
    assert np.quantile(seeing, [0.05, 0.5, 0.95]) == pytest.approx([1.70, 2.17, 3.50], abs=0.08)


def test_the_real_exposure_of_field_655_had_this_altitude_hour_angle_moon_and_airmass():
    jd, ra, dec = 2459116.9317708, 55.0608, 33.35
    altitude, azimuth, hour_angle = conditions.alt_az(jd, ra, dec, Site())
    # The header holds a report of the telescope from some 11 s after the shutter opened.
    assert altitude == pytest.approx(79.13, abs=0.1)
    assert azimuth == pytest.approx(85.88, abs=0.3)
    assert hour_angle / 15 == pytest.approx(-0.869956, abs=0.004)  # the header's HOURANGD is in hours
    assert conditions.airmass_at(altitude) == pytest.approx(1.018, abs=0.001)
    assert conditions.moon_illumination(jd) == pytest.approx(0.540, abs=0.02)


def _star(fwhm=2.2, ellipticity=(0.0, 0.0), beta=3, x=80.3, y=79.6, flux=1e5):
    image = np.zeros((160, 160), "f4")
    extra = np.zeros((3, 1))
    e1, e2 = (np.array([e]) for e in ellipticity)
    tensor = render._moffat_tensor(np.array([fwhm]), e1, e2, extra, beta)
    render.add_moffats(
        image, np.array([x]), np.array([y]), np.array([flux]), tensor, beta, 1e-4,
        (render.GAUSS_NODES, render.GAUSS_WEIGHTS),
    )  # fmt: skip
    return image


@settings(deadline=None)  # the first call compiles or loads the kernel
@given(st.floats(1.5, 4.0), st.floats(-0.25, 0.25), st.floats(-0.25, 0.25))
def test_a_rendered_core_keeps_its_flux_to_one_in_a_thousand(fwhm, e1, e2):
    assert _star(fwhm, (e1, e2)).sum(dtype="f8") == pytest.approx(1e5, rel=1e-3)


def test_a_rendered_star_is_centred_round_and_as_wide_as_asked():
    image = _star(fwhm=3.0).astype("f8")
    yy, xx = np.mgrid[0:160, 0:160]
    assert (image * xx).sum() / image.sum() == pytest.approx(80.3, abs=1e-3)
    assert (image * yy).sum() / image.sum() == pytest.approx(79.6, abs=1e-3)
    # Each pixel holds the integral of the profile: compare with brute force on 40 x 40 points.
    sub = (np.arange(40) + 0.5) / 40 - 0.5
    alpha2 = 3.0**2 / (4 * (2 ** (1 / 3) - 1))
    dx, dy = 81 + sub[None, :] - 80.3, 79 + sub[:, None] - 79.6
    exact = (1e5 * 2 / (np.pi * alpha2) * (1 + (dx**2 + dy**2) / alpha2) ** -3).mean()
    assert image[79, 81] == pytest.approx(exact, rel=5e-5)


def test_the_light_of_a_star_grows_with_aperture_as_in_a_real_image():
    """APCOR3..6 of a real header (seeing 1.241 px): magnitudes missing in apertures of 4, 6, 10, 14 px."""
    real = {4: 0.183, 6: 0.074, 10: 0.010, 14: -0.005}
    share = render.HALO_SHARE
    star = (1 - share) * _star(1.241).astype("f8")
    star += share * _star(1.241 * render.HALO_WIDTH, beta=render.HALO_BETA)
    missing = {
        diameter: -2.5 * np.log10(sep.sum_circle(star, [80.3], [79.6], diameter / 2)[0][0] / 1e5) for diameter in real
    }
    # Theirs are relative to a PSF that ends at some radius, ours to all the light: one constant apart.
    assert [missing[d] - missing[14] for d in (4, 6, 10)] == pytest.approx(
        [real[d] - real[14] for d in (4, 6, 10)], abs=0.03
    )


def test_four_gaussians_hold_the_light_of_an_exponential_disc_within_three_per_cent_at_any_radius():
    radius = np.linspace(0.05, 4, 100)
    ours = (render.EXPONENTIAL_SHARE * (1 - np.exp(-0.5 * (radius[:, None] / render.EXPONENTIAL_SIGMA) ** 2))).sum(1)
    k = 1.67835
    assert np.abs(ours - (1 - np.exp(-k * radius) * (1 + k * radius))).max() < 0.03
    assert render.EXPONENTIAL_SHARE.sum() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("angle", "sign"), [(45.0, +1), (135.0, -1)])
def test_a_galaxy_s_position_angle_runs_from_north_through_east(angle, sign):
    """North is -y and east is -x, so a galaxy at 45 deg stretches along x = y."""
    pointing = optics.Pointing(55.06, 33.35, 0.0, 1.0, (0.0,) * 14)
    cards = optics.true_wcs(CAMERA, 25, pointing)
    galaxy = np.zeros(1, VISIBLE_DTYPE)
    galaxy["ra"], galaxy["dec"], galaxy["mag"] = cards["CRVAL1"], cards["CRVAL2"], 15.0
    galaxy["radius"], galaxy["axis_ratio"], galaxy["angle"] = 4.0, 0.3, angle
    psf = optics.PointSpread(2.0, np.zeros((5, 6)))
    sky = conditions.Conditions(2.0, 100.0, 26.2, 0.1, 1.0)
    scene = render.render_scene(CAMERA, galaxy, cards, psf, sky, 26.2)
    light = scene.electrons - render._background(CAMERA, 100.0 * CAMERA.gain)
    yy, xx = np.mgrid[0:160, 0:160] - 79.5
    xx2, yy2, xy = ((light * term).sum() / light.sum() for term in (xx * xx, yy * yy, xx * yy))
    assert sign * xy / np.sqrt(xx2 * yy2) > 0.5
    assert light.sum(dtype="f8") == pytest.approx(scene.flux[0], rel=0.02)


def test_the_true_wcs_maps_pixels_to_the_sky_and_back_to_a_thousandth_of_a_pixel():
    camera = Camera()
    pointing = optics.draw_pointing(stream(1, "p"), 55.06, 33.35)
    cards = optics.true_wcs(camera, 50, pointing)
    x, y = np.meshgrid(np.linspace(0, 3071, 9), np.linspace(0, 3079, 9))
    ra, dec = optics.wcs_of(cards).all_pix2world(x.ravel(), y.ravel(), 0)
    back_x, back_y = optics.sky_to_pixel(cards, ra, dec)
    assert np.abs(back_x - x.ravel()).max() < 1e-3
    assert np.abs(back_y - y.ravel()).max() < 1e-3


def test_distortion_differs_a_little_between_exposures_and_much_from_none():
    camera = Camera()
    positions = []
    for key in ("first", "second"):
        pointing = optics.draw_pointing(stream(1, key), 55.06, 33.35)
        plain = optics.Pointing(pointing.ra, pointing.dec, pointing.rotation, 1.0, (0.0,) * 14)
        distorted = optics.wcs_of(optics.true_wcs(camera, 50, pointing)).all_pix2world(3000, 3000, 0)
        static = optics.wcs_of(optics.true_wcs(camera, 50, plain)).all_pix2world(3000, 3000, 0)
        positions.append(np.hypot(*(np.array(distorted) - static)) * 3600)
    assert min(positions) > 0.001 and max(positions) < 0.5


def test_vignetting_darkens_the_corner_of_the_focal_plane_not_its_centre():
    assert optics.vignetting(CAMERA, 25).min() > 0.97  # CCD 7 touches the boresight
    corner = optics.vignetting(Camera().scaled(160, 160, ccds=(1,)), 3)
    assert 0.80 < corner.min() < 0.90
