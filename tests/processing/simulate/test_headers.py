"""The simulated camera's headers say what the real one's do."""

import pytest
from astropy.io import fits

from archive.survey.camera import Site
from processing.simulate import telemetry
from tests.conftest import REAL_DATA

REAL = REAL_DATA / "images" / "ztf_20200924431759_000655_zr_c13_o_q3_sciimg.fits"


@pytest.fixture(scope="module")
def real() -> fits.Header:
    if not REAL.exists():
        pytest.skip(f"no real quadrant at {REAL}")
    return fits.getheader(REAL)


@pytest.fixture(scope="module")
def ours(real) -> dict:
    jd, site = real["OBSJD"], Site()
    cards = telemetry.observatory_cards(jd, site) + telemetry.pointing_cards(jd, real["OBJRAD"], real["OBJDECD"], site)
    return {name: value for name, value, _ in cards + telemetry.camera_cards(jd, real["FILENAME"])}


@pytest.mark.parametrize(
    ("card", "tolerance"),
    [("SUNALT", 0.05), ("SUNAZ", 0.05), ("MOONRA", 1.0), ("MOONDEC", 1.0), ("MOONALT", 1.0), ("MOONPHAS", 3.0)],
)
def test_sun_and_moon_of_a_real_exposure(real, ours, card, tolerance):
    assert ours[card] == pytest.approx(real[card], abs=tolerance)  # the Moon's parallax is not taken out


@pytest.mark.parametrize("card", ["OBJRA", "OBJDEC", "RA", "DOMESTAT", "HJD", "ORIGNAME"])
def test_texts_of_a_real_exposure(real, ours, card):
    assert ours[card] == real[card]


def test_the_sidereal_time_of_a_real_exposure_to_seconds(real, ours):
    def seconds(text):
        hours, minutes, rest = text.lstrip("+").split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(rest)

    assert abs(seconds(ours["OBLST"]) - seconds(real["OBLST"])) < 40


def test_angles_below_zero_and_seconds_that_round_up_are_written_right():
    assert telemetry._sexagesimal(-0.25, "{:+03d}:{:02d}:{:05.2f}") == "-00:15:00.00"
    assert telemetry._sexagesimal(1.99999999, "{:+03d}:{:02d}:{:05.2f}") == "+02:00:00.00"
