"""The planes of a science image: those that are here and that the reader may see, and each as plain FITS."""

from __future__ import annotations

from dataclasses import dataclass

import fitsio
from astropy.io import fits

from archive.models import DifferenceImage, ProductFile, ReferenceImage, ScienceImage
from archive.pixels.rendering import header

Family = ProductFile.Family
COMPRESSED = ".fz"


@dataclass(frozen=True)
class Plane:
    """One plane of an image. label : for people; family, suffix : of its file"""

    name: str
    label: str
    family: str
    suffix: str


PLANES = {
    one.name: one
    for one in (
        Plane("science", "Science", Family.SCI, "sciimg.fits"),
        Plane("difference", "Difference", Family.DIFF, "scimrefdiffimg.fits.fz"),
        Plane("reference", "Reference", Family.REF, "refimg.fits"),
        Plane("uncertainty", "Uncertainty", Family.SCI, "sciunc.fits"),
        Plane("mask", "Mask", Family.SCI, "mskimg.fits"),
    )
}


def files_of(image: ScienceImage) -> dict[str, ProductFile]:
    """The files of an image's planes, by plane, as far as the reader may see them and the tree holds them."""
    own = ProductFile.objects.filter(family__in=(Family.SCI, Family.DIFF), product_id=image.pk)
    found = {(file.family, file.suffix): file for file in own}
    reference = reference_of(image)
    if reference is not None:
        theirs = ProductFile.objects.filter(family=Family.REF, product_id=reference.pk)
        found |= {(file.family, file.suffix): file for file in theirs}
    files = {name: found.get((plane.family, plane.suffix)) for name, plane in PLANES.items()}
    return {name: file for name, file in files.items() if file is not None and file.on_disk.is_file()}


def reference_of(image: ScienceImage) -> ReferenceImage | None:
    """The reference that the image was subtracted from, or that of its field, quadrant and filter."""
    difference = DifferenceImage.objects.filter(pk=image.pk).select_related("reference").first()
    if difference is not None:
        return difference.reference
    alike = ReferenceImage.objects.filter(field=image.field, rcid=image.rcid, fid=image.fid)
    return alike.order_by("-nframes").first()


def is_plain(file: ProductFile) -> bool:
    """Whether a file can be handed out as it lies in the tree."""
    return not file.suffix.endswith(COMPRESSED)


def unpacked(file: ProductFile) -> bytes:
    """The image of a compressed file as plain FITS, with its header: what a browser shows at once."""
    cards = header(file)
    with fitsio.FITS(str(file.whole())) as hdus:
        images = (one for one in hdus if one.get_info()["hdutype"] == fitsio.IMAGE_HDU)
        data = next(one.read() for one in images if one.get_info()["ndims"] == 2)
    data = data.astype(data.dtype.newbyteorder(">"), copy=False)
    made = fits.PrimaryHDU(data, cards)
    return made.header.tostring().encode("ascii") + _padded(made.data.tobytes())


def _padded(content: bytes) -> bytes:
    """A data unit up to the end of its last block of 2880 bytes."""
    return content + b"\0" * (-len(content) % 2880)
