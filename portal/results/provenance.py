"""The provenance of a science image as a tree of links: raw frame, calibrations, reference, difference."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.http import urlencode

from archive.models import DifferenceImage, ProductFile, ScienceImage
from archive.products.calibrations import Choice, Grade, used_for
from archive.products.files import files_by_row, main_file
from archive.products.neighbours import Neighbours

NAMES = {
    "bias": "Bias", "hifreqflat": "Flat, high frequency", "lofreqflat": "Flat, low frequency",
    "lampcorr": "Lamp correction", "pmask": "Pixel mask", "distortion": "Distortion",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Something that an image was made with: its page or its row, and its file where the reader may have it."""

    label: str
    address: str = ""
    file: ProductFile | None = None
    note: str = ""
    warning: str = ""
    made_of: list[Step] = field(default_factory=list)


def provenance_of(image: ScienceImage, beside: Neighbours, difference: DifferenceImage | None) -> list[Step]:
    """The tree, as far as the reader may see it: the image with what it was made of, and the difference from it."""
    choices = used_for(image)
    files = files_by_row("cal", [one.image for one in choices])
    steps = [_calibration(one, files.get(one.image.pk, [])) for one in choices]
    if beside.raw:
        raw_files = files_by_row("raw", [beside.raw]).get(beside.raw.pk, [])
        address = _search(family="raw", expid=image.exposure_id, ccdid=image.ccdid)
        label = f"Raw frame: exposure {image.exposure_id}, CCD {image.ccdid}"
        steps.insert(0, Step(label, address, next(iter(raw_files), None)))
    tree = [Step(f"Science image {image.pk}", made_of=steps)] if steps else []
    if difference is not None:
        reference = difference.reference
        page = reverse("reference", args=[reference.pk])
        against = Step(f"Reference {reference.pk}", page, note=f"{reference.nframes} images")
        tree.append(Step("Difference image", made_of=[Step(f"Science image {image.pk}"), against]))
    return tree


def _calibration(choice: Choice, files: list[ProductFile]) -> Step:
    made = choice.image
    end = main_file("cal", made) or ""
    file = next((one for one in files if one.name.removesuffix(".fz").endswith(end)), None)
    label = f"{NAMES.get(made.caltype, made.caltype)} of {made.nightdate}"
    note = f"{made.nframes} frame{'' if made.nframes == 1 else 's'}"
    warning = f"now marked bad: {made.reason}" if made.status == "bad" else ""
    if choice.grade:
        nights = (
            f"{abs(choice.age)} night{'' if abs(choice.age) == 1 else 's'} {'later' if choice.age < 0 else 'earlier'}"
        )
        outside = ", outside its validity" if choice.grade == Grade.FAR else ""
        warning = "; ".join(filter(None, (f"fallback, {nights}{outside}", warning)))
    return Step(label, _search(family="cal", cid=made.cid), file, note, warning)


def _search(**conditions) -> str:
    return f"{reverse('images')}?{urlencode(conditions)}"
