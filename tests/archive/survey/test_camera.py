import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.survey import camera as cam
from archive.survey.fields import UnknownFieldError, field_centre, field_grid
from tests import factories

CAMERA = cam.Camera()
CCD = st.integers(1, 16)
QID = st.integers(1, 4)
HEADER = {"centre": (57.99740327150, 35.74628707041), "crpix": (1536.5, 1540.5), "scale": 2.8128e-4}
"""CCD 13 quadrant 3 of field 655 in a real science image: CRVAL, CRPIX, sqrt of the CD determinant."""


@given(CCD, QID)
def test_a_readout_channel_names_its_ccd_and_quadrant(ccdid, qid):
    assert cam.ccd_quadrant(cam.rcid(ccdid, qid)) == (ccdid, qid)


def test_ccd_13_quadrant_3_is_channel_50():
    assert cam.rcid(13, 3) == 50


def test_a_ccd_that_does_not_exist_is_named_in_the_error():
    with pytest.raises(ValueError, match="ccdid=17"):
        cam.rcid(17, 1)


def test_ccd_13_quadrant_3_lies_where_a_real_header_puts_it():
    ra, dec = field_centre(655)
    cards = cam.nominal_wcs(CAMERA, 13, 3, ra, dec)
    east, north = cam.sky_to_plane(*HEADER["centre"], cards["CRVAL1"], cards["CRVAL2"])
    assert np.hypot(east, north) < 0.04  # pointing scatter of the one exposure
    assert (cards["CRPIX1"], cards["CRPIX2"]) == HEADER["crpix"]
    assert cards["CD1_1"] < 0 and cards["CD2_2"] < 0
    # The real rotation at the quadrant is -7.7e-6 deg/px, almost all from the two tangent planes.
    assert cards["CD1_2"] == pytest.approx(-7.70e-6, abs=0.6e-6)
    assert cards["CD2_1"] == pytest.approx(+7.72e-6, abs=0.6e-6)


def test_ccds_run_east_to_west_and_south_to_north():
    assert cam.quadrant_centre(CAMERA, 1, 4)[0] > 3 and cam.quadrant_centre(CAMERA, 1, 4)[1] < -3
    assert cam.quadrant_centre(CAMERA, 16, 2)[0] < -3 and cam.quadrant_centre(CAMERA, 16, 2)[1] > 3


@settings(deadline=None)  # the first call reads the layout
@given(CCD, QID, st.floats(0, 360), st.floats(-85, 85))
def test_the_nominal_wcs_and_the_corners_agree_to_15_pixels_anywhere_in_the_camera(ccdid, qid, ra, dec):
    corners = factories.quadrant_corners(CAMERA, ccdid, qid, ra, dec)
    wcs = WCS(fits.Header(cam.nominal_wcs(CAMERA, ccdid, qid, ra, dec)))
    x, y = wcs.all_world2pix(corners[:, 0], corners[:, 1], 1)
    # The two tangent planes differ in the second order of the distance from the boresight.
    assert np.max(np.abs(x - [1, 3072, 3072, 1])) < 15
    assert np.max(np.abs(y - [1, 1, 3080, 3080])) < 15


@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(0, 360), st.floats(-90, 90))
def test_plane_and_sky_are_inverse(east, north, ra, dec):
    back = cam.sky_to_plane(*cam.plane_to_sky(east, north, ra, dec), ra, dec)
    assert np.allclose(back, (east, north), atol=1e-9)


@pytest.mark.parametrize("camera", [CAMERA, CAMERA.scaled(512, 512)])
def test_quadrants_of_a_ccd_abut_and_ccds_leave_a_gap(camera):
    width = camera.nx * camera.pixel_scale
    q1, q2 = (cam.quadrant_centre(camera, 7, q) for q in (1, 2))
    assert np.hypot(q1[0] - q2[0], q1[1] - q2[1]) == pytest.approx(width, rel=1e-12)
    west_of_6, east_of_7 = cam.quadrant_centre(camera, 6, 2)[0], cam.quadrant_centre(camera, 7, 1)[0]
    gap = west_of_6 - east_of_7 - width
    assert 0.10 < gap / camera.layout_scale < 0.15


def test_a_scaled_camera_keeps_the_pixel_and_the_channels_of_its_ccds():
    small = CAMERA.scaled(512, 512, ccds=(6, 7))
    assert small.pixel_scale == CAMERA.pixel_scale
    assert small.rcids == (20, 21, 22, 23, 24, 25, 26, 27)
    with pytest.raises(ValueError, match="ccdid=0"):
        CAMERA.scaled(512, 512, ccds=(0,))


def test_filters_answer_to_number_code_and_name():
    assert cam.filter_of(2) is cam.filter_of("zr") is cam.filter_of("ZTF_r")
    with pytest.raises(ValueError, match="filter='u'"):
        cam.filter_of("u")


def test_the_grid_has_1776_fields_and_655_is_where_the_survey_says():
    assert len(field_grid()) == 1776
    assert field_centre(655) == pytest.approx((55.06078, 33.35), abs=1e-5)
    with pytest.raises(UnknownFieldError, match="field=900"):
        field_centre(900)
