"""Images beside a science image: the epochs before and after it, the other quadrants of its exposure."""

from __future__ import annotations

from dataclasses import dataclass

from archive.models import RawImage, ReferenceImage, ScienceImage


@dataclass(frozen=True)
class Neighbours:
    """The images beside one, as far as the reader may see them.

    before, after : nearest in time, of the same quadrant and filter
    quadrants : of the same exposure, by channel, the image itself included
    reference : of its quadrant and filter; raw : the frame that it was made of
    """

    before: ScienceImage | None
    after: ScienceImage | None
    quadrants: list[ScienceImage]
    reference: ReferenceImage | None
    raw: RawImage | None


def neighbours_of(image: ScienceImage) -> Neighbours:
    """The neighbours of an image."""
    alike = {"field": image.field, "rcid": image.rcid, "fid": image.fid}
    epochs = ScienceImage.objects.filter(**alike)
    return Neighbours(
        epochs.filter(obsjd__lt=image.obsjd).order_by("-obsjd").first(),
        epochs.filter(obsjd__gt=image.obsjd).order_by("obsjd").first(),
        list(ScienceImage.objects.filter(exposure_id=image.exposure_id).order_by("rcid")),
        ReferenceImage.objects.filter(**alike).order_by("origin", "-rfid").first(),
        RawImage.objects.filter(exposure_id=image.exposure_id, ccdid=image.ccdid).first(),
    )
