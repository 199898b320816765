"""Other images of a quadrant: what a viewer blinks against, and takes other colours from."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F
from django.db.models.functions import Abs

from archive.models import ProductFile, ScienceImage
from portal.workbench.planes import PLANES

MOST = 40  # of each filter


def of(image: ScienceImage) -> list[ScienceImage]:
    """Images of the same field, CCD and quadrant in all filters whose pixels the reader may see, in time.

    Of each filter those nearest in time; the image itself is among them.
    """
    alike = ScienceImage.objects.filter(field=image.field, rcid=image.rcid)
    near = alike.annotate(apart=Abs(F("obsjd") - image.obsjd)).order_by("apart", "pid")
    chosen = [one for fid in (1, 2, 3) for one in near.filter(fid=fid)[:MOST]]
    return sorted(_with_pixels(chosen), key=lambda one: (one.obsjd, one.pid))


def _with_pixels(images: Sequence[ScienceImage]) -> list[ScienceImage]:
    plane = PLANES["science"]
    files = ProductFile.objects.filter(
        family=plane.family, suffix=plane.suffix, product_id__in=[one.pk for one in images]
    )
    here = {file.product_id for file in files if file.on_disk.is_file()}
    return [one for one in images if one.pk in here]
