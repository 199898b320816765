"""The choice of calibrations: by night, validity and goodness; and what makes a stack bad."""

from datetime import UTC, datetime

import pytest

from archive.models import CalibrationImage
from archive.products import calibrations
from archive.products.calibrations import Grade, NoCalibrationError
from archive.survey import identifiers
from archive.survey.camera import ccd_quadrant

pytestmark = pytest.mark.django_db
NIGHT = 3584
RCID = 30
BIAS = {"bias_median": 0.1, "read_noise_dn": 1.5, "deviant_pixels": 20, "pixels": 100_000}


def stack(nid: int, caltype: str = "bias", fid: int = 0, nframes: int = 10, quality: dict | None = None, **values):
    ccdid, qid = ccd_quadrant(RCID)
    made = CalibrationImage.objects.create(
        cid=identifiers.make_cid(nid, 4 * RCID + fid), caltype=caltype, ccdid=ccdid, qid=qid, rcid=RCID, fid=fid,
        filtercode="00" if fid == 0 else "zr", nightdate=int(identifiers.date_of_nid(nid).strftime("%Y%m%d")), nid=nid,
        nframes=nframes, startobsdate=datetime(2026, 1, 1, tzinfo=UTC), endobsdate=datetime(2026, 1, 1, tzinfo=UTC),
        quality=BIAS if quality is None else quality, **calibrations.validity(caltype, nid) | values,
    )  # fmt: skip
    return calibrations.judge(made)


def chosen(nid: int = NIGHT, caltype: str = "bias", fid: int = 0) -> tuple[int, Grade, int]:
    choice = calibrations.best(caltype, RCID, nid, fid)
    return choice.image.nid, choice.grade, choice.age


def test_the_nights_own_stack_is_taken_though_a_later_one_exists():
    stack(NIGHT - 1), stack(NIGHT), stack(NIGHT + 1)
    assert chosen() == (NIGHT, Grade.FITTING, 0)


def test_a_night_without_its_own_takes_the_newest_before_it_and_says_so():
    stack(NIGHT - 5), stack(NIGHT - 2), stack(NIGHT + 1)
    assert chosen() == (NIGHT - 2, Grade.EARLIER, 2)


def test_a_bad_stack_is_passed_over_even_on_its_own_night():
    stack(NIGHT - 3)
    calibrations.mark(stack(NIGHT), "bad", "light leak")
    assert chosen() == (NIGHT - 3, Grade.EARLIER, 3)


@pytest.mark.parametrize(("nights", "expected"), [((-20, 4), (4, -4)), ((-20, 30), (-20, 20)), ((6,), (6, -6))])
def test_beyond_its_validity_the_nearest_of_any_date_is_taken_with_its_flag(nights, expected):
    for night in nights:
        stack(NIGHT + night)
    assert chosen() == (NIGHT + expected[0], Grade.FAR, expected[1])


def test_an_operator_may_lengthen_a_stacks_life():
    stack(NIGHT - 20, valid_to=NIGHT + 1)
    assert chosen() == (NIGHT - 20, Grade.EARLIER, 20)


def test_static_calibrations_have_no_night():
    stack(NIGHT + 400, "lofreqflat", fid=2, quality={})
    assert chosen(caltype="lofreqflat", fid=2)[:2] == (NIGHT + 400, Grade.FITTING)
    assert calibrations.optional("lampcorr", RCID, NIGHT, 2) is None


def test_a_flat_is_of_its_filter():
    stack(NIGHT, "hifreqflat", fid=1, quality={})
    with pytest.raises(NoCalibrationError, match="filter 2"):
        calibrations.best("hifreqflat", RCID, NIGHT, 2)


def test_what_is_missing_is_named_with_how_to_make_it():
    calibrations.mark(stack(NIGHT), "bad", "light leak")
    with pytest.raises(NoCalibrationError) as problem:
        calibrations.best("bias", RCID, NIGHT)
    for part in ("bias of CCD 8, quadrant 3", "2026-10-25", "1 marked bad", "4 bias frames", f"process {NIGHT} --redo"):
        assert part in str(problem.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nframes": 3}, "3 frames: at least 4 needed"),
        ({"quality": BIAS | {"bias_median": 4.0}}, "bias_median 4: within 2 of 0.1 needed"),
        ({"quality": BIAS | {"read_noise_dn": 2.5}}, "read_noise_dn 2.5: within 0.45 of 1.5 needed"),
        ({"quality": BIAS | {"deviant_pixels": 3000}}, "3 % of the pixels are masked: at most 2 % may be"),
    ],
)
def test_a_stack_unlike_the_last_good_ones_is_bad_with_its_reason(change, reason):
    for night in range(1, 6):
        stack(NIGHT - night)
    odd = stack(NIGHT, **change)
    assert (odd.status, odd.reason) == ("bad", reason)


def test_the_first_stacks_of_an_instrument_have_nothing_to_be_compared_with():
    stack(NIGHT - 1)
    assert stack(NIGHT, quality=BIAS | {"bias_median": 40.0}).status == "good"


def test_an_operators_word_outlives_the_pipelines():
    one = stack(NIGHT)
    calibrations.mark(one, "bad", "light leak")
    calibrations.judge(one)
    assert (one.status, one.reason) == ("bad", "light leak")
