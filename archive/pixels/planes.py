"""Cutouts of an image together with its mask, its uncertainty and its PSF, in one FITS file."""

from __future__ import annotations

from collections.abc import Sequence

from astropy.io import fits

from archive.models import ProductFile
from archive.pixels import cutouts
from archive.pixels.cutouts import BadCutoutError, Cutting

Family = ProductFile.Family
PLANES = {
    "sciimg.fits": {
        "image": (Family.SCI, "sciimg.fits"),
        "mask": (Family.SCI, "mskimg.fits"),
        "uncertainty": (Family.SCI, "sciunc.fits"),
        "psf": (Family.SCI, "sciimgdaopsfcent.fits"),
    },
    "scimrefdiffimg.fits.fz": {
        "image": (Family.DIFF, "scimrefdiffimg.fits.fz"),
        "mask": (Family.SCI, "mskimg.fits"),
        "psf": (Family.DIFF, "diffimgpsf.fits"),
    },
    "refimg.fits": {"image": (Family.REF, "refimg.fits"), "uncertainty": (Family.REF, "refunc.fits")},
}
"""The planes of each kind of image: family and end of the name of the file that has each, of the same product."""
NAMES = ("image", "mask", "uncertainty", "psf")


def names_of(text: str) -> tuple[str, ...]:
    """The planes that a request names, with commas between.

    Raises
    ------
    BadCutoutError
    """
    found = tuple(one.strip().lower() for one in text.split(","))
    unknown = [one for one in found if one not in NAMES]
    if unknown:
        raise BadCutoutError(f"planes={text[:80]}: {unknown[0]!r} is none; give some of {', '.join(NAMES)}")
    if len(set(found)) < len(found):
        raise BadCutoutError(f"planes={text[:80]}: give each once")
    return found


def cut(file: ProductFile, region: Cutting, names: Sequence[str]) -> fits.HDUList:
    """The same region of each plane, as extensions IMAGE, MASK, UNCERTAINTY; PSF is whole, as it has no place.

    Raises
    ------
    BadCutoutError
        for a plane that this kind of file does not have, or that the archive does not hold.
    archive.pixels.cutouts.NoOverlapError, archive.files.storage.DamagedFileError
    """
    known = PLANES.get(file.suffix)
    if known is None:
        raise BadCutoutError(f"planes: {file.name} has none; images that end in {', '.join(PLANES)} have")
    missing = [name for name in names if name not in known]
    if missing:
        raise BadCutoutError(f"planes={','.join(names)}: {file.name} has no {missing[0]}, but {', '.join(known)}")
    hdus = [fits.PrimaryHDU()]
    for name in names:
        plane = _file(file, *known[name], name)
        part = _whole(plane) if name == "psf" else _image(cutouts.cut(plane, region))
        part.header["EXTNAME"] = name.upper()
        hdus.append(part)
    return fits.HDUList(hdus)


def _file(file: ProductFile, family: str, suffix: str, name: str) -> ProductFile:
    """The file of the same product that has a plane, as far as the current reader may have it."""
    found = ProductFile.objects.filter(family=family, product_id=file.product_id, suffix=suffix).first()
    if found is None:
        raise BadCutoutError(f"planes: the archive holds no {name} of {file.name} that you may have")
    return found


def _image(hdus: fits.HDUList) -> fits.ImageHDU:
    """The first image of a cutout as an extension."""
    first = next(hdu for hdu in hdus if hdu.data is not None)
    return fits.ImageHDU(first.data, first.header)


def _whole(file: ProductFile) -> fits.ImageHDU:
    with cutouts.read_as_fits(file), fits.open(file.whole()) as hdus:
        first = next(hdu for hdu in hdus if hdu.data is not None)
        return fits.ImageHDU(first.data, first.header)
