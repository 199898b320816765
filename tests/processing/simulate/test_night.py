"""A whole small night: names, headers, checksums, truth, and photometry of what was written."""

import json
import warnings
from datetime import date

import fitsio
import numpy as np
import pytest
from astropy.io import fits

from archive.survey.camera import Camera
from archive.survey.fields import field_centre
from archive.survey.filenames import parse
from archive.survey.identifiers import expid_of_jd
from processing.simulate import detector, optics, plan, survey
from processing.simulate.sky import Kind

CAMERA = Camera().scaled(320, 320, ccds=(7,))
PLAN = survey.SurveyPlan(
    nights=2, exposures=(("zg", 1), ("zr", 2)), bias_frames=2, flat_frames=1, trail_probability=1.0
)
BIASES, FLATS, SCIENCE = 2, 2, 3


@pytest.fixture(scope="module")
def sky():
    return survey.survey_sky(PLAN, CAMERA)


@pytest.fixture(scope="module")
def night(sky, tmp_path_factory):
    return survey.simulate_night(PLAN, 0, tmp_path_factory.mktemp("night"), CAMERA, sky=sky)


def test_a_night_has_its_frames_under_the_survey_s_names(night):
    names = [parse(path.name) for path in night.paths]
    assert [name.imgtypecode for name in names] == ["b"] * BIASES + ["f"] * FLATS + ["o"] * SCIENCE
    assert all(str(path).endswith(name.path) for path, name in zip(night.paths, names, strict=True))
    assert {name.field for name in names if name.imgtypecode != "o"} == {0}
    assert len({name.filefracday for name in names}) == len(names)
    assert not list(night.paths[0].parent.glob(".*"))


def test_a_raw_file_has_four_quadrants_and_four_overscan_strips(night):
    with fitsio.FITS(str(night.paths[-1])) as file:
        assert len(file) == 9
        header = file[0].read_header()
        for qid in (1, 2, 3, 4):
            pixels, strip = file[qid].read(), file[qid + 4].read()
            assert pixels.shape == (320, 320) and pixels.dtype == np.uint16
            assert strip.shape == (320, 30)
            quadrant = file[qid].read_header()
            assert (quadrant["EXTNAME"], quadrant["CCD_ID"], quadrant["AMP_ID"]) == (str(qid), 7, qid - 1)
            assert quadrant["CD1_1"] < 0 and quadrant["CD2_2"] < 0
    assert header["NFRAMES"] == 8
    assert header["FIELDID"] == 655
    assert header["FILTER"] in ("ZTF_g", "ZTF_r")
    assert expid_of_jd(header["OBSJD"]) in night.exposures["expid"].to_pylist()
    assert header["AIRMASS"] < 1.5


def test_every_checksum_in_the_file_is_right(night):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(night.paths[-1], checksum=True, disable_image_compression=True) as file:
            assert all("CHECKSUM" in hdu.header and "DATASUM" in hdu.header for hdu in file)


def test_the_same_plan_gives_the_same_bytes(night, sky, tmp_path):
    again = survey.simulate_night(PLAN, 0, tmp_path, CAMERA, sky=sky)
    for first, second in zip(night.paths, again.paths, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_truth_and_catalogs_are_written_as_parquet(night, sky, tmp_path):
    import pyarrow.parquet as pq

    paths = survey.write_truth(sky, [night], tmp_path) | survey.write_reference_catalogs(sky, 1, tmp_path)
    rows = {name: pq.read_table(path).num_rows for name, path in paths.items()}
    assert rows["exposures"] == SCIENCE
    assert rows["quadrants"] == 4 * SCIENCE
    assert rows["sources"] == len(sky.sources)
    assert rows["gaia"] > 1000 and rows["panstarrs"] > rows["gaia"]


def _calibrated(night, index, qid):
    """A quadrant with the true bias and response taken out, DN."""
    path = night.paths[BIASES + FLATS + index]
    channel = 24 + qid - 1
    with fitsio.FITS(str(path)) as file:
        pixels, strip = file[qid].read().astype("f8"), file[qid + 4].read().astype("f8")
        fid = file[0].read_header()["FILTERID"]
    rows = np.polynomial.Chebyshev.fit(np.arange(320), strip.mean(1), 8)(np.arange(320))
    image = pixels - rows[:, None] - detector.electronics(CAMERA, channel).bias
    response = detector.response(CAMERA, channel, fid)
    return np.where(response > 0, image, np.nan) / np.where(response > 0, response, 1)


def _brightest_stars(night, index, qid, count=8):
    exposure = night.exposures.to_pylist()[index]
    table = night.detections.to_pandas()
    table = table[(table.expid == exposure["expid"]) & (table.rcid == 24 + qid - 1)]
    table = table[table.x.between(20, 300) & table.y.between(20, 300)]
    stars = table[(table.kind == Kind.STAR) & (table.flux_dn > 3000) & (table.flux_dn < 1.5e5)]
    return stars.sort_values("flux_dn")[-count:]


def test_stars_have_the_flux_and_the_place_that_the_truth_says(night):
    differences, shifts = [], []
    yy, xx = np.mgrid[-9:10, -9:10]
    for qid in (1, 2, 3, 4):
        image = _calibrated(night, 1, qid)
        image -= np.nanmedian(image)
        for star in _brightest_stars(night, 1, qid).itertuples():
            x, y = round(star.x), round(star.y)
            stamp = np.nan_to_num(image[y - 9 : y + 10, x - 9 : x + 10])
            differences.append(-2.5 * np.log10(stamp.sum() / star.flux_dn))
            core = stamp * (np.hypot(xx, yy) < 4)
            shifts.append(((core * xx).sum() / core.sum() + x - star.x, (core * yy).sum() / core.sum() + y - star.y))
    # The square of 19 pixels holds all but a few per cent of the light.
    assert np.median(differences) == pytest.approx(0.03, abs=0.03)
    assert np.abs(np.median(shifts, axis=0)).max() < 0.1


def test_a_flux_obeys_the_photometric_equation_with_the_survey_s_sign(night):
    """m_PS1 = m_inst + MAGZP + CLRCOEFF * colour."""
    quadrants = {(row["expid"], row["rcid"]): row for row in night.quadrants.to_pylist()}
    exposures = {row["expid"]: row for row in night.exposures.to_pylist()}
    table = night.detections.to_pandas()
    zp = np.array([quadrants[key]["zp"] for key in zip(table.expid, table.rcid, strict=True)])
    colour_term = np.array([exposures[expid]["colour_coefficient"] for expid in table.expid])
    mag = -2.5 * np.log10(table.flux_dn) + zp + colour_term * table.colour
    assert np.abs(mag - table.mag).max() < 1e-4
    assert set(colour_term) == {-0.060, 0.106}


def test_sky_and_noise_of_a_frame_are_those_drawn_for_it(night):
    exposure = night.exposures.to_pylist()[0]
    image = _calibrated(night, 0, 2)
    sky = np.nanmedian(image)
    noise = 1.4826 * np.nanmedian(np.abs(image - sky))
    assert sky == pytest.approx(exposure["background_dn"], rel=0.05)
    assert noise == pytest.approx(np.sqrt(sky / 6.0 + 1.5**2), rel=0.05)


def test_the_true_wcs_is_within_a_minute_of_arc_of_the_raw_header(night):
    row = night.quadrants.to_pylist()[-1]
    cards = json.loads(row["wcs"])
    header = fitsio.read_header(str(night.paths[-1]), ext=row["rcid"] - 24 + 1)
    x, y = optics.sky_to_pixel(cards, header["CRVAL1"], header["CRVAL2"])
    assert 0.1 < np.hypot(x - (header["CRPIX1"] - 1), y - (header["CRPIX2"] - 1)) < 60


def test_a_satellite_is_where_the_truth_says(night):
    tracks = [row for row in night.quadrants.to_pylist() if row["track_x"] is not None]
    assert tracks
    exposures = night.exposures["expid"].to_pylist()
    found = 0
    for row in tracks:
        index, qid = exposures.index(row["expid"]), row["rcid"] - 24 + 1
        image = _calibrated(night, index, qid)
        step = np.arange(-400, 400)
        x = np.rint(row["track_x"] + step * np.cos(row["track_angle"])).astype(int)
        y = np.rint(row["track_y"] + step * np.sin(row["track_angle"])).astype(int)
        inside = (x >= 0) & (x < 320) & (y >= 0) & (y < 320)
        if inside.sum() > 60:
            found += np.nanmedian(image[y[inside], x[inside]]) > np.nanmedian(image) + 10
    assert found


def test_a_field_that_is_not_up_and_a_night_that_is_not_planned_are_refused():
    with pytest.raises(plan.FieldNotUpError, match="field=655"):
        survey.night_exposures(survey.SurveyPlan(first_night=date(2021, 5, 10)), 0, CAMERA)
    with pytest.raises(ValueError, match="exposures=.*a night has"):
        survey.night_exposures(survey.SurveyPlan(exposures=(("zr", 40),)), 0, CAMERA)
    with pytest.raises(ValueError, match="night=7"):
        survey.night_exposures(PLAN, 7, CAMERA)


def test_programs_are_mixed_as_planned():
    long = survey.SurveyPlan(nights=60, exposures=(("zr", 4),), bias_frames=0, flat_frames=0)
    programs = [e.programid for night in range(30) for e in survey.night_exposures(long, night, CAMERA)]
    share = np.bincount(programs, minlength=4) / len(programs)
    assert share[1:] == pytest.approx([0.5, 0.4, 0.1], abs=0.12)
    assert field_centre(long.field) == pytest.approx((55.06078, 33.35))


def test_a_night_of_calibrations_alone_has_frames_but_no_detections(tmp_path, sky):
    plan = survey.SurveyPlan(exposures=(), bias_frames=1)
    night = survey.simulate_night(plan, 0, tmp_path, CAMERA, sky=sky)
    assert len(night.paths) == 1
    assert night.detections.num_rows == night.quadrants.num_rows == 0
