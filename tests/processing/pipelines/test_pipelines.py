"""Bias, flat and science pipelines from raw counts to products, against truth; and what bad input gets."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.survey.bits import InfoBit, MaskBit
from processing.executive.products.writers import write_image, write_table
from processing.executive.warmup import warm_up
from processing.pipelines.science.pipeline import SCIENCE
from processing.pipelines.science.state import ScienceInputs
from processing.science import tpv
from processing.science.astrometry.solve import ReferenceStars
from processing.science.errors import ScienceError, UnusableFrameError
from processing.science.photometry.zeropoint import Calibrators
from tests.processing.science.starfield import ZERO_POINT, nearest, star_field

SHAPE = (512, 512)
REAL = Path(__file__).parents[4] / "shared/data/images"
REAL_NAME = "ztf_20200924431759_000655_zr_c13_o_q3_"


def strip_for(shape, level, rng):
    return level[:, None] + rng.normal(0, 1.5, (shape[0], 30))


@pytest.fixture(scope="module")
def field():
    return star_field(SHAPE, 500, faint=21.0, seed=11)


def inputs_of(field, seed=0):
    shape, rng = field.image.shape, np.random.default_rng(seed)
    flat = (1 + 0.01 * rng.standard_normal(shape)).astype(np.float32)
    bias = rng.normal(0, 1, shape).astype(np.float32)
    level = 1000 + 5 * np.linspace(-1, 1, shape[0]) ** 2
    raw = np.clip(np.rint(field.image * flat + bias + level[:, None]), 0, 65535)
    zero, stars = np.zeros(shape, np.float32), field.mag < 19.5
    guess = replace(field.wcs, crval=field.wcs.crval + np.array([0.006, -0.004]), pv=tpv.identity_terms())
    still = np.zeros(stars.sum())
    ra, dec, mag, colour = (v[stars] for v in (field.ra, field.dec, field.mag, field.colour))
    return ScienceInputs(
        raw, strip_for(shape, level, rng), {"OBSJD": 2459116.93, "CCD_ID": 13, "CRVAL1": 0.0},
        bias, zero + 0.2, flat, zero + 0.002, np.zeros(shape, np.int16), guess, "zr",
        ReferenceStars(ra, dec, mag, still, still, 2020.7),
        Calibrators(ra, dec, mag + colour, mag, mag - 0.2),
    )  # fmt: skip


@pytest.fixture(scope="module")
def inputs(field):
    return inputs_of(field)


@pytest.fixture(scope="module")
def products(inputs):
    return SCIENCE.run(inputs)


def header_of(products):
    return {key: value for key, value, _ in products.files["sciimg.fits"].cards}


def test_a_clean_quadrant_is_usable_and_its_zero_point_is_right_to_a_hundredth(products):
    header = header_of(products)
    assert header["STATUS"] == 1
    assert abs(header["MAGZP"] - ZERO_POINT) < 0.02
    assert abs(header["CLRCOEFF"] - 0.08) < 4 * header["CLRCOUNC"] + 0.005
    assert header["NMATCHES"] > 60 and header["MAGZPRMS"] < 0.05
    assert abs(header["SEEING"] - 2.15) < 0.15 and 20.8 < header["MAGLIM"] < 21.4
    assert {"GAIN", "SATURATE", "FIXAPERS", "APCOR6", "BIT21", "PV2_10", "CCD_ID"} <= set(header)
    assert header["CRVAL1"] > 149


def test_the_header_points_every_pixel_within_thirty_milliarcseconds_of_the_truth(products, field):
    wcs = tpv.from_header(header_of(products))
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(10, 500, 15), np.linspace(10, 500, 15)))
    ra, dec = tpv.pixel_to_sky(wcs, x, y)
    true_ra, true_dec = tpv.pixel_to_sky(field.wcs, x, y)
    error = np.hypot((ra - true_ra) * np.cos(np.radians(dec)), dec - true_dec) * 3.6e6
    assert np.sqrt(np.mean(error**2)) < 30


def test_calibrated_magnitudes_of_bright_stars_scatter_by_less_than_two_percent(products, field):
    header, catalog = header_of(products), products.files["psfcat.fits"].data
    i, j = nearest(catalog["xpos"] - 1, catalog["ypos"] - 1, field.x, field.y, 0.7)
    clean = np.asarray(catalog["flags"][i] == 0) & (field.mag[j] < 17)
    magnitude = catalog["mag"][i] + header["MAGZP"] + header["CLRCOEFF"] * field.colour[j]
    error = np.asarray(magnitude - field.mag[j])[clean]
    assert clean.sum() > 20
    assert 1.4826 * np.median(np.abs(error - np.median(error))) < 0.02


def test_the_mask_marks_sources_and_the_cutout_is_a_psf(products, field):
    mask = products.files["mskimg.fits"].data
    assert mask.dtype == np.int16 and mask.shape == SHAPE
    bright = (field.mag < 17) & (field.x > 5) & (field.x < 506) & (field.y > 5) & (field.y < 506)
    at = mask[np.rint(field.y[bright]).astype(int), np.rint(field.x[bright]).astype(int)]
    assert np.all(at & int(MaskBit.SEXTRACTOR))
    assert np.count_nonzero(mask & int(MaskBit.PSF_SOURCE)) == pytest.approx(
        len(products.files["psfcat.fits"].data), rel=0.05
    )
    psf = products.files["sciimgdaopsfcent.fits"].data
    assert psf.shape == (25, 25) and abs(psf.sum() - 1) < 0.01 and psf.argmax() == 312


def test_every_product_can_be_written_and_read(products, tmp_path):
    for suffix, (data, cards) in products.files.items():
        if suffix.endswith("cat.fits"):
            assert len(fits.getdata(write_table(tmp_path / suffix, data, cards), 1)) == len(data)
        elif suffix.endswith(".fits"):
            assert fits.getdata(write_image(tmp_path / suffix, data, cards)).shape == data.shape
    assert "solve_positions: cpu" in products.files["sciimlog.txt"].data


def test_the_same_input_gives_the_same_bytes(inputs, products):
    again = SCIENCE.run(inputs)
    for suffix in ("sciimg.fits", "mskimg.fits", "sciunc.fits"):
        assert again.files[suffix].data.tobytes() == products.files[suffix].data.tobytes()
    np.testing.assert_array_equal(again.files["psfcat.fits"].data["flux"], products.files["psfcat.fits"].data["flux"])


def test_a_saturated_star_keeps_its_place_in_the_catalogs_and_is_no_cosmic_ray(inputs):
    raw = inputs.raw.copy()
    y, x = np.mgrid[:512, :512]
    distance = np.hypot(x - 300, y - 200)
    raw += 4e6 / (2 * np.pi * 9) * np.exp(-0.5 * distance**2 / 9)
    raw[196:205, 298:303] = 59700
    products = SCIENCE.run(replace(inputs, raw=np.minimum(raw, 59700)))
    mask = products.files["mskimg.fits"].data
    assert np.all(mask[196:205, 298:303] & int(MaskBit.SATURATED))
    assert not np.any(mask[distance < 8] & int(MaskBit.SPIKE))
    catalog = products.files["sexcat.fits"].data
    assert np.hypot(catalog["X_IMAGE"] - 301, catalog["Y_IMAGE"] - 201).min() < 1
    assert header_of(products)["STATUS"] == 1


def test_a_cosmic_ray_on_empty_sky_is_masked_and_is_no_source(inputs, field):
    gap = np.array([(x, y) for x in range(30, 480, 5) for y in range(30, 480, 5)])
    far = np.min(np.hypot(gap[:, :1] - field.x, gap[:, 1:] - field.y), axis=1)
    x, y = gap[far.argmax()]
    raw = inputs.raw.copy()
    raw[y, x : x + 4] += 500
    products = SCIENCE.run(replace(inputs, raw=raw))
    assert np.all(products.files["mskimg.fits"].data[y, x : x + 4] & int(MaskBit.SPIKE))
    for name, column in (("psfcat.fits", ("xpos", "ypos")), ("sexcat.fits", ("X_IMAGE", "Y_IMAGE"))):
        catalog = products.files[name].data
        assert np.hypot(catalog[column[0]] - 1 - x - 1.5, catalog[column[1]] - 1 - y).min() > 4


def test_halo_and_ghost_of_a_bright_star_are_in_the_mask_and_only_warn(inputs, products, field):
    ra, dec = tpv.pixel_to_sky(field.wcs, np.array([40.0]), np.array([60.0]))
    none = np.zeros(1)
    # 62 arcsec about a point on the line from the boresight, at 1.04 of the star's distance (some 940 px).
    east = tpv.pixel_to_sky(field.wcs, np.array([40.0 - 900.0]), np.array([60.0]))
    bright = ReferenceStars(ra, dec, none + 6.0, none, none)
    made = SCIENCE.run(replace(inputs, bright=bright, boresight=(float(east[0][0]), float(east[1][0]))))
    mask, (y, x) = made.files["mskimg.fits"].data, np.mgrid[:512, :512]
    for bit, centre, radius in ((MaskBit.HALO, 40.0, 367.0), (MaskBit.GHOST, 40.0 + 0.04 * 900, 62.0)):
        marked, distance = (mask & int(bit)) != 0, 1.012 * np.hypot(x - centre, y - 60.0)
        assert marked[distance < radius - 5].all() and not marked[distance > radius + 5].any(), bit
    assert header_of(made)["STATUS"] == 1
    assert len(made.files["psfcat.fits"].data) == len(products.files["psfcat.fits"].data)


def test_a_frame_without_stars_gets_its_bits_and_status_zero(inputs):
    raw = np.random.default_rng(0).normal(1250, 6.5, SHAPE)
    products = SCIENCE.run(replace(inputs, raw=raw))
    header = header_of(products)
    bits = InfoBit(header["INFOBITS"])
    assert header["STATUS"] == 0 and "MAGZP" not in header
    assert bits & InfoBit.NO_PSF and bits & InfoBit.NO_ASTROMETRY and bits & InfoBit.NO_PHOTCAL
    assert len(products.files["psfcat.fits"].data) == 0
    assert "problems" in products.files["sciimlog.txt"].data


def test_a_wrong_catalog_gives_no_astrometry_and_no_coordinates(inputs):
    rng = np.random.default_rng(5)
    n = 300
    ra = inputs.guess.crval[0] + rng.uniform(-0.1, 0.1, n)
    dec = inputs.guess.crval[1] + rng.uniform(-0.1, 0.1, n)
    zero = np.zeros(n)
    products = SCIENCE.run(replace(inputs, stars=ReferenceStars(ra, dec, rng.uniform(14, 19, n), zero, zero)))
    assert InfoBit(header_of(products)["INFOBITS"]) & InfoBit.NO_ASTROMETRY
    assert np.isnan(products.files["psfcat.fits"].data["ra"]).all()


def test_rows_that_are_not_numbers_are_masked_and_the_rest_is_measured(inputs):
    raw = inputs.raw.copy()
    raw[200:210] = np.nan
    products = SCIENCE.run(replace(inputs, raw=raw))
    assert header_of(products)["STATUS"] == 1
    assert np.all(products.files["mskimg.fits"].data[200:210] & int(MaskBit.NAN))


@pytest.mark.parametrize(
    "spoil",
    [
        {"raw": np.full(SHAPE, 65535.0)},
        {"raw": np.full(SHAPE, np.nan)},
        {"raw": np.zeros((512, 500))},
        {"raw": np.zeros((10, 10))},
        {"overscan": None},
        {"overscan": np.full((512, 30), 65535.0)},
        {"flat": np.ones((3, 3), np.float32)},
    ],
    ids=["saturated", "nan", "wrong shape", "tiny", "no overscan", "saturated overscan", "wrong flat"],
)
def test_a_frame_unfit_as_a_whole_raises_a_typed_error(inputs, spoil):
    with pytest.raises(UnusableFrameError):
        SCIENCE.run(replace(inputs, **spoil))


def test_an_error_carries_what_was_measured_before_it(inputs):
    flat = np.full(SHAPE, -1.0, np.float32)
    with pytest.raises(ScienceError) as problem:
        SCIENCE.run(replace(inputs, flat=flat))
    assert problem.value.measurements["overscan_level"] == pytest.approx(1001.7, abs=1)


def test_warming_up_works():
    warm_up()


@pytest.mark.realdata
@pytest.mark.slow
def test_a_real_quadrant_has_nearly_the_seeing_depth_and_aperture_corrections_of_its_header():
    if not (REAL / f"{REAL_NAME}sciimg.fits").exists():
        pytest.skip(f"real ZTF quadrant not found in {REAL}")
    image, header = fits.getdata(REAL / f"{REAL_NAME}sciimg.fits", header=True)
    mask = fits.getdata(REAL / f"{REAL_NAME}mskimg.fits").astype(np.int16)
    zero = np.zeros(image.shape, np.float32)
    none = np.zeros(0)
    hardware = int(MaskBit.LOW_RESPONSE | MaskBit.HIGH_RESPONSE | MaskBit.NOISY | MaskBit.DEAD)
    products = SCIENCE.run(
        ScienceInputs(
            image.astype(np.float32),
            zero[:, :30],
            header,
            zero,
            zero + 0.1,
            zero + 1,
            zero + 0.001,
            mask & np.int16(hardware),
            tpv.from_header(header),
            "zr",
            ReferenceStars(none, none, none, none, none),
            Calibrators(none, none, none, none, none),
        )  # fmt: skip
    )
    own = header_of(products)
    assert abs(own["SEEING"] - header["SEEING"]) < 0.1
    for k in range(1, 7):
        assert abs(own[f"APCOR{k}"] - header[f"APCOR{k}"]) < 0.03
    # One pixel in ten thousand is hit; undersampled stars are not taken for hits.
    assert products.measurements["spike_pixels"] < 2000
    assert products.measurements["tracks"] == 0
    ys, xs = np.nonzero(mask & int(MaskBit.PSF_SOURCE))
    catalog = products.files["psfcat.fits"].data
    bright = np.asarray(catalog["snr"] > 30)
    found, _ = nearest(xs, ys, catalog["xpos"][bright] - 1, catalog["ypos"][bright] - 1, 1.0)
    assert len(found) > 0.93 * bright.sum()
