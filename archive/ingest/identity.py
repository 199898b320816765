"""One identity: what name, header, metadata and content of a file say of CCD, quadrant, filter, field and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archive.ingest.errors import RefusedError
from archive.models import Exposure
from archive.sky.sphere import separation
from archive.survey import identifiers
from archive.survey.camera import FILTER_BY_CODE, FULL_NX, Camera, plane_to_sky, quadrant_centre
from archive.survey.fields import UnknownFieldError, field_centre
from archive.survey.filenames import IMAGE_TYPES, NotAZtfProductError, ProductName, parse
from archive.survey.times import SECONDS_PER_DAY

EARLIEST, LATEST = -5.0, 120.0  # s of OBSJD after the time in the name, which is given when the exposure is ordered
SAME_EXPOSURE = 5.0  # s
NEAREST_NUMBERS = 3  # of exposures: real ones are one or two units of 0.86 s off
POINTING = 1.0  # deg that the telescope's axis may be from its field's centre
CENTRE = 0.5  # deg that a quadrant's centre may be from where its field and place in the camera say
CENTRE_OF_PART = 0.75  # deg; a cutout lies anywhere in its quadrant


def agree(name: ProductName, cards: Mapping[str, object], file: str, needed: tuple[str, ...] = ()) -> None:
    """Refuse a file whose header tells of another exposure, field, filter, CCD or quadrant than its name."""
    filter_ = FILTER_BY_CODE.get(name.filtercode)
    said = {
        "FIELDID": name.field,
        "FIELD": None,
        "CCDID": name.ccdid,
        "CCD_ID": name.ccdid,
        "QID": name.qid,
        "RCID": name.rcid,
        "DBRCID": name.rcid,
        "AMP_ID": None if name.qid is None else name.qid - 1,
        "FILTER": filter_ and filter_.name,
        "FILTERID": filter_ and filter_.fid,
        "IMGTYPE": IMAGE_TYPES.get(name.imgtypecode or ""),
    }
    for card, expected in said.items():
        if expected is None:
            continue
        if card not in cards:
            if card in needed:
                raise RefusedError(f"{file}: header lacks {card}")
            continue
        found = cards[card]
        if isinstance(found, bool) or found != expected:
            raise RefusedError(
                f"{file}: {card} is {found!r} in the header, {expected!r} by the name; one of them is wrong"
            )
    _require_same_name(name, cards, file)


def same_time(name: ProductName, jd: float, file: str) -> None:
    """Refuse a time that is not the one in the name."""
    assert name.filefracday is not None
    apart = (jd - identifiers.jd_of_filefracday(name.filefracday)) * SECONDS_PER_DAY
    if not EARLIEST <= apart <= LATEST:
        raise RefusedError(
            f"{file}: OBSJD is {apart:+.0f} s from the time in the name; {EARLIEST:g} to {LATEST:+g} s may be"
        )


def expid_of(name: ProductName, jd: float, cards: Mapping[str, object], file: str) -> int:
    """The number of the exposure: that which it has here already, or the one that follows from its time.

    Raises
    ------
    RefusedError
        if the number is another exposure's, or the header tells of another.
    """
    expid = identifiers.expid_of_jd(jd)
    told = cards.get("DBEXPID", expid)
    if not isinstance(told, int) or abs(told - expid) > NEAREST_NUMBERS:
        raise RefusedError(f"{file}: DBEXPID is {told!r}, its time is that of exposure {expid}")
    same = {"filefracday": name.filefracday, "imgtypecode": name.imgtypecode}
    known = Exposure.objects.filter(**same).first()
    if known is None:
        other = Exposure.objects.filter(pk=expid).first()
        if other is not None:
            raise RefusedError(
                f"{file}: its time is that of exposure {expid}, which is {other.filefracday} by its name"
            )
        return expid
    if (known.field, known.filtercode) != (name.field, name.filtercode):
        raise RefusedError(
            f"{file}: exposure {known.expid} of this time is of field {known.field} in {known.filtercode} here"
        )
    if abs(known.obsjd - jd) * SECONDS_PER_DAY > SAME_EXPOSURE:
        raise RefusedError(f"{file}: OBSJD is {jd}, that of its exposure {known.expid} is {known.obsjd} here")
    return known.expid


def points_there(name: ProductName, header: Mapping[str, Any], file: str) -> None:
    """Refuse a frame whose telescope looked elsewhere than at the field in its name."""
    assert name.field is not None
    try:
        ra, dec = field_centre(name.field)
    except UnknownFieldError:
        return  # calibration frames, and pointings off the grid
    if "TELRAD" in header and "TELDECD" in header:
        apart = float(separation(ra, dec, header["TELRAD"], header["TELDECD"]))
        if apart > POINTING:
            raise RefusedError(f"{file}: the telescope looked {apart:.2f} deg from the centre of field {name.field}")


def lies_there(name: ProductName, place: Mapping[str, float], width: int, file: str) -> None:
    """Refuse an image that lies elsewhere than its field, CCD and quadrant do."""
    assert name.field is not None and name.qid is not None
    try:
        centre = field_centre(name.field)
    except UnknownFieldError:
        return
    cameras = [Camera()]
    if width != FULL_NX:  # a smaller detector: the whole camera is, or the image is a part of a whole one
        cameras.append(Camera().scaled(width, width))
    expected = [plane_to_sky(*quadrant_centre(one, name.ccdid, name.qid), *centre) for one in cameras]
    apart = min(float(separation(place["ra"], place["dec"], *one)) for one in expected)
    if apart > (CENTRE if width == FULL_NX else CENTRE_OF_PART):
        raise RefusedError(
            f"{file}: lies {apart:.2f} deg from where field {name.field}, CCD {name.ccdid}, quadrant {name.qid} is"
        )


def _require_same_name(name: ProductName, cards: Mapping[str, object], file: str) -> None:
    """The header's FILENAME is that of the raw file which everything else is made of."""
    told = cards.get("FILENAME")
    if told is None or name.filefracday is None:
        return
    try:
        other = parse(str(told).strip())
    except NotAZtfProductError:
        return  # a text of another kind says nothing
    for part in ("filefracday", "field", "filtercode", "ccdid"):
        if getattr(other, part) not in (None, getattr(name, part)):
            raise RefusedError(f"{file}: FILENAME is {told!r} in the header; one of the names is wrong")
