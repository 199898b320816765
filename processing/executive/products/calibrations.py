"""The calibrations of one quadrant: chosen by archive.products.calibrations, and what products keep of the choice."""

from __future__ import annotations

from collections.abc import Sequence

from archive.models import CalibrationImage
from archive.products import calibrations
from archive.products.calibrations import Choice, Grade, NoCalibrationError
from processing.science.errors import UnusableFrameError

# caltype -> ZTF's card of its identifier, our card of its age
CARDS = {
    "bias": ("CIDBIAS", "BIASAGE"),
    "hifreqflat": ("CIDHIFLT", "HIFLTAGE"),
    "lofreqflat": ("CIDLOFLT", "LOFLTAGE"),
    "pmask": ("CIDPMASK", None),
    "distortion": ("CIDDISTO", None),
}
# CALFALL has two bits a type: 1 an earlier night's, 2 one outside its validity
FALLBACK_SHIFT = {"bias": 0, "hifreqflat": 2}


def best(caltype: str, rcid: int, nid: int, fid: int = 0) -> Choice:
    """The calibration to use; UnusableFrameError says what is missing and how to make it."""
    try:
        return calibrations.best(caltype, rcid, nid, fid)
    except NoCalibrationError as reason:
        raise UnusableFrameError(str(reason)) from reason


def best_calibration(caltype: str, rcid: int, nid: int, fid: int = 0) -> CalibrationImage:
    """The image of `best`."""
    return best(caltype, rcid, nid, fid).image


def fallback_flag(choices: Sequence[Choice]) -> int:
    """CALFALL: 0 if all calibrations are the night's own; bits 0, 1 for the bias, 2, 3 for the high-frequency flat."""
    grades = {choice.image.caltype: choice.grade for choice in choices}
    return sum(
        (1 << (grades[caltype] - 1)) << shift
        for caltype, shift in FALLBACK_SHIFT.items()
        if grades.get(caltype, Grade.FITTING) != Grade.FITTING
    )


def measurements(choices: Sequence[Choice]) -> dict[str, int]:
    """Measurements of the choices for the image's row."""
    merged = {"calibration_fallback": fallback_flag(choices)}
    for choice in choices:
        merged |= choice.measurements
    return merged


def cards(choices: Sequence[Choice]) -> list[tuple[str, int, str]]:
    """Header cards of the choices: (keyword, value, comment)."""
    made = [("CALFALL", fallback_flag(choices), "Calibration fallback: 1,2 bias; 4,8 flat")]
    for choice in choices:
        number, age = CARDS.get(choice.image.caltype, (None, None))
        if number:
            made.append((number, choice.image.cid, f"Identifier of the {choice.image.caltype}"))
        if age:
            made.append((age, choice.age, f"Nights since the {choice.image.caltype} was taken"))
    return made


def provenance(choices: Sequence[Choice]) -> dict[str, dict[str, int]]:
    """Identifier, age and grade by type, for the files' rows."""
    return {
        choice.image.caltype: {"cid": choice.image.cid, "age": choice.age, "fallback": int(choice.grade)}
        for choice in choices
    }
