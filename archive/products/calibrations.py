"""The choice of the calibration that an image is made with, among those that are fit to be used.

The rule of `best`: the good one of the same night; else the newest good one before, within its validity; else the
nearest good one at all, also after. What is static has no night: the newest one that is valid, of any date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from statistics import median

from django.db import transaction

from archive.access import audit
from archive.models import CalibrationImage, ScienceImage
from archive.survey.camera import ccd_quadrant
from archive.survey.identifiers import date_of_nid

STATIC = ("lofreqflat", "lampcorr", "pmask", "distortion")
FRAMES = {"bias": "bias frames", "hifreqflat": "flats"}


class NoCalibrationError(LookupError):
    """There is no calibration of a kind; the message says what is missing and how to make it."""


class Grade(IntEnum):
    """The closeness of a chosen calibration to what it is used for."""

    FITTING = 0  # of the same night, or static
    EARLIER = 1  # of an earlier night, within its validity
    FAR = 2  # outside its validity, or of a later night


@dataclass(frozen=True)
class Choice:
    """A calibration that was chosen; `age`: nights from it to what it is used for, negative if it is later."""

    image: CalibrationImage
    grade: Grade
    age: int

    @property
    def measurements(self) -> dict[str, int]:
        """The measurements of the choice that products keep."""
        name = self.image.caltype
        return {f"{name}_cid": self.image.cid, f"{name}_age": self.age, f"{name}_fallback": int(self.grade)}


@dataclass(frozen=True)
class Limit:
    """The distance allowed of a measurement from the median of its forerunners: `tolerance` in its own unit,
    or, if `relative`, as a part of that median."""

    measurement: str
    tolerance: float
    relative: bool = False


@dataclass(frozen=True)
class CalibrationLimits:
    """The limits that a good stack keeps.

    validity : nights after its own for which a stack may be used, by type; types not named hold for ever
    min_frames : frames in the stack, by type
    max_bad_share : part of the quadrant's pixels that may be masked, by type
    compared : measurements held against the median of the last good stacks, by type
    forerunners : good stacks that the median is taken of; below `min_forerunners` nothing is compared
    """

    validity: Mapping[str, int] = field(default_factory=lambda: {"bias": 14, "hifreqflat": 30})
    min_frames: Mapping[str, int] = field(default_factory=lambda: {"bias": 4, "hifreqflat": 4})
    max_bad_share: Mapping[str, float] = field(default_factory=lambda: {"bias": 0.02, "hifreqflat": 0.05})
    compared: Mapping[str, tuple[Limit, ...]] = field(
        default_factory=lambda: {
            "bias": (Limit("bias_median", 2.0), Limit("read_noise_dn", 0.3, relative=True)),
            "hifreqflat": (Limit("frame_scatter", 0.5, relative=True), Limit("counts", 0.7, relative=True)),
        }
    )
    forerunners: int = 10
    min_forerunners: int = 3


BAD_PIXELS = ("deviant_pixels", "defective_pixels")


def best(caltype: str, rcid: int, nid: int, fid: int = 0) -> Choice:
    """The calibration for a readout channel, filter (0 where the type knows none) and night.

    Raises
    ------
    NoCalibrationError
        if there is no good one at all.
    """
    good = CalibrationImage.objects.of(caltype, rcid, fid).good()
    if caltype in STATIC:
        found = good.valid_on(nid).order_by("-nid").first()
        if found is not None:
            return Choice(found, Grade.FITTING, nid - found.nid)
        raise NoCalibrationError(_missing(caltype, rcid, nid, fid))
    before = good.filter(nid__lte=nid).valid_on(nid).order_by("-nid").first()
    if before is not None:
        return Choice(before, Grade.FITTING if before.nid == nid else Grade.EARLIER, nid - before.nid)
    older, later = good.filter(nid__lte=nid).order_by("-nid").first(), good.filter(nid__gt=nid).order_by("nid").first()
    near = min((one for one in (older, later) if one is not None), key=lambda one: abs(nid - one.nid), default=None)
    if near is None:
        raise NoCalibrationError(_missing(caltype, rcid, nid, fid))
    return Choice(near, Grade.FAR, nid - near.nid)


def optional(caltype: str, rcid: int, nid: int, fid: int = 0) -> Choice | None:
    """As `best`; None where there is none."""
    try:
        return best(caltype, rcid, nid, fid)
    except NoCalibrationError:
        return None


def _missing(caltype: str, rcid: int, nid: int, fid: int) -> str:
    ccdid, qid = ccd_quadrant(rcid)
    of_filter = f", filter {fid}" if fid else ""
    bad = CalibrationImage.objects.of(caltype, rcid, fid).count()
    marked = f" ({bad} marked bad)" if bad else ""
    how = (
        f"take in a file of type {caltype}"
        if caltype not in FRAMES
        else f"take in {CalibrationLimits().min_frames[caltype]} {FRAMES[caltype]} or more of CCD {ccdid} "
        f"(manage.py ingest), process their night, then this one again (manage.py process {nid} --redo)"
    )
    return (
        f"no good {caltype} of CCD {ccdid}, quadrant {qid}{of_filter} for the night of "
        f"{date_of_nid(nid):%Y-%m-%d}{marked}: {how}"
    )


def validity(caltype: str, nid: int, limits: CalibrationLimits = CalibrationLimits()) -> dict:  # noqa: B008 (frozen)
    """First and last night of a stack, as the columns of CalibrationImage; what is static holds for every night."""
    if caltype not in limits.validity:
        return {"valid_from": None, "valid_to": None}
    return {"valid_from": nid, "valid_to": nid + limits.validity[caltype]}


def faults(
    stack: CalibrationImage,
    limits: CalibrationLimits = CalibrationLimits(),  # noqa: B008 (frozen)
) -> list[str]:
    """Faults of a stack, by its measurements (`quality`) and those of the last good ones before it.

    `quality` may hold `pixels`, the number of pixels of the quadrant; without it the share of bad ones is not tested.
    """
    found = []
    if stack.nframes < (least := limits.min_frames.get(stack.caltype, 0)):
        found.append(f"{stack.nframes} frames: at least {least} needed")
    bad = next((stack.quality[name] for name in BAD_PIXELS if name in stack.quality), 0)
    share = bad / stack.quality.get("pixels", float("inf"))
    if share > (most := limits.max_bad_share.get(stack.caltype, 1.0)):
        found.append(f"{100 * share:.2g} % of the pixels are masked: at most {100 * most:g} % may be")
    return found + _strange(stack, limits)


def _strange(stack: CalibrationImage, limits: CalibrationLimits) -> list[str]:
    """Measurements that lie far from those of the last good stacks."""
    earlier = CalibrationImage.objects.of(stack.caltype, stack.rcid, stack.fid).good().filter(nid__lt=stack.nid)
    last = [one.quality for one in earlier.order_by("-nid")[: limits.forerunners]]
    found = []
    for limit in limits.compared.get(stack.caltype, ()):
        known = [quality[limit.measurement] for quality in last if limit.measurement in quality]
        value = stack.quality.get(limit.measurement)
        if value is None or len(known) < limits.min_forerunners:
            continue
        usual = median(known)
        allowed = limit.tolerance * abs(usual) if limit.relative else limit.tolerance
        if not abs(value - usual) <= allowed:
            found.append(f"{limit.measurement} {value:.4g}: within {allowed:.3g} of {usual:.4g} needed")
    return found


def judge(stack: CalibrationImage, limits: CalibrationLimits = CalibrationLimits()) -> CalibrationImage:  # noqa: B008
    """Mark a stack good or bad by its measurements; what an operator decided stays."""
    if stack.judge == CalibrationImage.Judge.OPERATOR:
        return stack
    found = faults(stack, limits)
    stack.status = CalibrationImage.Status.BAD if found else CalibrationImage.Status.GOOD
    stack.reason = "; ".join(found)[:300]
    stack.save(update_fields=["status", "reason"])
    return stack


@transaction.atomic
def mark(stack: CalibrationImage, status: str, reason: str = "", by: audit.Actor | None = None) -> None:
    """An operator's word on a stack; images that were made with it stay until they are processed again."""
    before = {"status": stack.status, "judge": stack.judge, "reason": stack.reason}
    stack.status, stack.reason = CalibrationImage.Status(status), reason
    stack.judge = CalibrationImage.Judge.OPERATOR
    stack.save(update_fields=["status", "reason", "judge"])
    after = {name: str(getattr(stack, name)) for name in before}
    audit.record(
        "calibration.mark", str(stack), by or audit.Actor.on_this_machine(), *audit.changes(before, after), stack.pk
    )


def used_for(image: ScienceImage) -> list[Choice]:
    """The calibrations that an image was made with, each as it was chosen then."""
    rows = image.calibrations.order_by("caltype")
    grades = [Grade(image.quality.get(f"{row.caltype}_fallback", Grade.FITTING)) for row in rows]
    return [Choice(row, grade, image.nid - row.nid) for row, grade in zip(rows, grades, strict=True)]
