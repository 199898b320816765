"""The search box: the page that shows what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from django.urls import reverse
from django.utils.http import urlencode

from archive.models import Alert, ReferenceImage, Release, ScienceImage
from archive.moving.numbered import by_designation
from archive.requests.numbers import whole
from archive.search.name_services import locate
from archive.search.names import BadPositionError, NameNotFoundError, parse_position
from archive.search.query import ImageQuery, images
from archive.survey.fields import UnknownFieldError, field_centre
from archive.survey.filenames import NotAZtfProductError, parse
from archive.survey.identifiers import BadIdentifierError, alert_object_name, nid_of_date
from lightcurves.models import Source

UNDERSTOOD = (
    "a position (10.68 41.27, or 00:42:44 +41:16:09), a name (M 31, 1 Ceres), a number of an image, alert, object or "
    "exposure, a field (field 557), a night (2026-10-27), a release, a file name, or several positions with ; between"
)
MOST_POSITIONS = 100  # of a text; an address has an end
_FIELD = re.compile(r"(?:field|fld)s?[\s=:#]*([0-9]{1,6})", re.IGNORECASE | re.ASCII)
_NIGHT = re.compile(r"(?:night\s+(?:of\s+)?)?([0-9]{4})([-/]?)([0-9]{2})\2([0-9]{2})", re.IGNORECASE | re.ASCII)
_BETWEEN = re.compile(r"[;\n]")


KINDS = {
    "image": "Image", "reference": "Reference", "alert": "Alert", "object": "Light curve", "images": "Images",
    "moving": "Moving object", "release": "Release", "image-list": "List",
}  # fmt: skip
"""Of pages, in a word, by their addresses' names."""


@dataclass(frozen=True)
class Page:
    """A named page with its arguments and query; `detail` tells it from other readings of the same text."""

    name: str
    arguments: tuple = ()
    query: dict = field(default_factory=dict)
    detail: str = ""

    @property
    def kind(self) -> str:
        return KINDS[self.name]

    @property
    def url(self) -> str:
        address = reverse(self.name, args=self.arguments)
        return f"{address}?{urlencode(self.query)}" if self.query else address


def pages_for(text: str, outside: bool = True, staff: bool = False) -> list[Page]:
    """The pages that what was typed may mean (see `UNDERSTOOD`): several for a number that names several things.

    outside : whether name services elsewhere may be asked, where the archive is set up for them
    staff : whether releases that are not public are found as well

    Raises
    ------
    BadPositionError, NameNotFoundError
        saying what the search box understands.
    """
    text = text.strip()
    if (number := whole(text)) is not None and (found := _numbered(number)):
        return found
    release = partial(_release, staff=staff)
    readers: tuple[Callable[[str], Page | None], ...] = (_several, _field, _night, release, _file_name, _alert_object)
    for read in readers:
        if page := read(text):
            return [page]
    place = locate(text, outside)
    if place.orbit is not None:
        return [Page("moving", query={"name": text}, detail=place.name)]
    return [Page("images", query={"position": text}, detail="images at this position")]


def _several(text: str) -> Page | None:
    """Positions or names with semicolons or ends of lines between; each is read here, so that a wrong one is named."""
    parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
    if len(parts) < 2 or _is_position(text):  # 57.95;35.75 is one position
        return None
    if len(parts) > MOST_POSITIONS:
        raise NameNotFoundError(
            f"{len(parts)} positions: at most {MOST_POSITIONS} here; upload a longer list as a file"
        )
    for part in parts:
        if locate(part, outside=False).orbit is not None:
            raise NameNotFoundError(f"{part!r} in the list is a moving object, which has no position of its own")
    return Page("image-list", query={"targets": "\n".join(parts)})


def _numbered(number: int) -> list[Page]:
    """Everything that has this number."""
    kinds = (("image", ScienceImage), ("reference", ReferenceImage), ("alert", Alert), ("object", Source))
    found = [Page(name, (number,)) for name, model in kinds if model.objects.filter(pk=number).exists()]
    if ScienceImage.objects.filter(exposure_id=number).exists():
        found.append(Page("images", query={"expid": number}, detail="images of this exposure"))
    if _in_grid(number):
        found.append(_of_field(number))
    if (orbit := by_designation(str(number))) is not None:
        found.append(Page("moving", query={"name": str(number)}, detail=f"{orbit.number} {orbit.name}"))
    return found


def _is_position(text: str) -> bool:
    try:
        parse_position(text)
    except BadPositionError:
        return False
    return True


def _field(text: str) -> Page | None:
    found = _FIELD.fullmatch(text)
    if found is None:
        return None
    try:
        field_centre(number := int(found[1]))
    except UnknownFieldError as error:
        raise NameNotFoundError(str(error)) from error
    return _of_field(number)


def _of_field(number: int) -> Page:
    return Page("images", query={"field": number}, detail=f"images of field {number}")


def _in_grid(number: int) -> bool:
    try:
        field_centre(number)
    except UnknownFieldError:
        return False
    return True


def _night(text: str) -> Page | None:
    found = _NIGHT.fullmatch(text)
    if found is None:
        return None
    try:
        day = date(int(found[1]), int(found[3]), int(found[4]))
        return Page("images", query={"nid": nid_of_date(day)}, detail=f"images of the night {day}")
    except BadIdentifierError as error:
        raise NameNotFoundError(str(error)) from error
    except ValueError as error:
        if found[2] or text.lower().startswith("night"):
            raise NameNotFoundError(f"{text}: there is no such date ({error}); a night is 2026-10-27") from error
        return None  # eight digits that are no date


def _release(text: str, staff: bool) -> Page | None:
    found = Release.objects.listed_to(staff).filter(pk__iexact=text.replace(" ", "")).first()
    return Page("release", (found.pk,)) if found else None


def _file_name(text: str) -> Page | None:
    if not text.startswith("ztf_"):
        return None
    try:
        name = parse(text)
    except NotAZtfProductError as error:
        raise NameNotFoundError(str(error)) from error
    rows = list(images(ImageQuery(family=name.kind, name=text)).order_by("pk")[:2])
    if not rows:
        raise NameNotFoundError(f"{text}: no product of that name is here, or it is not public")
    if name.kind in ("sci", "ref"):
        return Page({"sci": "image", "ref": "reference"}[name.kind], (rows[0].pk,))
    return Page("images", query={"family": name.kind, "name": text})


def _alert_object(text: str) -> Page | None:
    alert = Alert.objects.filter(objectid=alert_object_name(text) or text).order_by("-jd").first()
    return Page("alert", (alert.candid,)) if alert else None
