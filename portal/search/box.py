"""The search box: the page that shows what was typed."""

from __future__ import annotations

from dataclasses import dataclass, field

from archive.models import Alert, ReferenceImage, ScienceImage
from archive.requests.numbers import whole
from archive.search.name_services import locate
from archive.search.names import NameNotFoundError
from archive.search.query import ImageQuery, images
from archive.survey.filenames import NotAZtfProductError, parse
from archive.survey.identifiers import alert_object_name
from lightcurves.models import Source


@dataclass(frozen=True)
class Page:
    """A named page with its arguments and query."""

    name: str
    arguments: tuple = ()
    query: dict = field(default_factory=dict)


def page_for(text: str) -> Page:
    """The page for a position, an object's name, an identifier or a file name.

    Raises
    ------
    BadPositionError, NameNotFoundError
        saying what the search box understands.
    """
    number = whole(text)
    if number is not None and (page := _by_number(number)):
        return page
    if text.startswith("ztf_"):
        return _by_file_name(text)
    if alert := Alert.objects.filter(objectid=alert_object_name(text) or text).order_by("-jd").first():
        return Page("alert", (alert.candid,))
    place = locate(text)
    if place.orbit is not None:
        return Page("moving", query={"name": text})
    return Page("images", query={"position": text})


def _by_number(number: int) -> Page | None:
    kinds = (("image", ScienceImage), ("reference", ReferenceImage), ("alert", Alert), ("object", Source))
    for name, model in kinds:
        if model.objects.filter(pk=number).exists():
            return Page(name, (number,))
    if ScienceImage.objects.filter(exposure_id=number).exists():
        return Page("images", query={"expid": number})
    return None


def _by_file_name(text: str) -> Page:
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
