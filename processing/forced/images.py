"""The images that a forced light curve is measured on, and the measurement of one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import fitsio
import numpy as np
import structlog
from astropy.io import fits

from archive.models import DifferenceImage, ProductFile, ReferenceImage, ScienceImage
from archive.search import query
from archive.search.query import ImageQuery
from archive.sky.sphere import separation
from archive.survey.bits import BAD_PIXEL_MASK
from archive.survey.camera import filter_of
from archive.survey.times import date_of_jd, julian_date
from processing.science import tpv
from processing.science.errors import ScienceError
from processing.science.forced import photometry
from processing.science.forced.photometry import ForcedConfig, Section, Stars

log = structlog.get_logger("processing.forced")
DIFFERENCE, DIFFERENCE_PSF, CATALOG = "scimrefdiffimg.fits.fz", "diffimgpsf.fits", "psfcat.fits"
SCIENCE, MASK, CENTRAL_PSF = "sciimg.fits", "mskimg.fits", "sciimgdaopsfcent.fits"
REFERENCE_CATALOG = "refpsfcat.fits"
READ = (DIFFERENCE, DIFFERENCE_PSF, CATALOG, SCIENCE, MASK, CENTRAL_PSF)
NEAREST = 5.0  # arcsec: how far the nearest source of the reference is looked for
TOLERANCE = 1e-6  # d: what a Julian date loses in a timestamp


@dataclass(frozen=True)
class Epoch:
    """One image to be measured: `files` by the end of their names, those of the reference among them."""

    science: ScienceImage
    difference: DifferenceImage | None
    reference: ReferenceImage | None
    files: dict[str, ProductFile] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The image that is measured: the difference where it and its PSF are there, otherwise the science image."""
        return "difference" if self.difference and {DIFFERENCE, DIFFERENCE_PSF} <= self.files.keys() else "science"

    @property
    def paths(self) -> list[str]:
        return sorted(file.path for file in self.files.values())


def epochs_at(ra: float, dec: float, jdstart: float, jdend: float) -> tuple[list[Epoch], int]:
    """The images that cover a position (deg) within Julian dates, oldest first, as far as the reader may read their
    pixels; and how many more cover it that the reader sees listed but may not read."""
    since, until = date_of_jd(jdstart - TOLERANCE), date_of_jd(jdend + TOLERANCE)
    found = list(query.images(ImageQuery(ra=ra, dec=dec, since=since, until=until, order="obsjd")))
    found = [
        image for image in found if image.imgtypecode == "o" and jdstart - TOLERANCE <= image.obsjd <= jdend + TOLERANCE
    ]
    pids = [image.pk for image in found]
    differences = {image.pk: image for image in DifferenceImage.objects.filter(pk__in=pids).select_related("reference")}
    rfids = {difference.reference_id for difference in differences.values()}
    own_files, reference_files = _files(("sci", "diff"), pids, READ), _files(("ref",), rfids, (REFERENCE_CATALOG,))
    epochs = []
    for image in found:
        difference = differences.get(image.pk)
        reference = difference.reference if difference else None
        files = own_files.get(image.pk, {}) | (reference_files.get(reference.pk, {}) if reference else {})
        epochs.append(Epoch(image, difference, reference, files))
    readable = [epoch for epoch in epochs if SCIENCE in epoch.files or epoch.kind == "difference"]
    return readable, len(epochs) - len(readable)


def _files(families: Iterable[str], numbers: Iterable[int], suffixes: Iterable[str]) -> dict[int, dict]:
    found: dict[int, dict[str, ProductFile]] = {}
    rows = ProductFile.objects.filter(family__in=families, product_id__in=numbers, suffix__in=suffixes)
    for file in rows:
        found.setdefault(file.product_id, {})[file.suffix] = file
    return found


def measure(epoch: Epoch, ra: float, dec: float, config: ForcedConfig | None = None) -> dict:
    """One row of the light curve, without its index. An image that cannot be measured gives one too, with status 64
    and the reason."""
    config = config or ForcedConfig()
    row = _known(epoch)
    try:
        return row | _measured(epoch, ra, dec, config)
    except OSError as error:  # its text names the place on disk, which is nobody's business
        log.warning("image not measured", pid=epoch.science.pk, reason=str(error))
        reason = "a file of this image is missing or damaged"
    except (ValueError, KeyError, ScienceError) as error:
        log.warning("image not measured", pid=epoch.science.pk, reason=str(error))
        reason = f"{type(error).__name__}: {error}"[:300]
    return row | {"procstatus": str(photometry.FAILED), "reason": reason}


def _known(epoch: Epoch) -> dict:
    """Columns that the database knows of an image."""
    image, reference = epoch.science, epoch.reference if epoch.kind == "difference" else None
    row = {
        "field": image.field, "ccdid": image.ccdid, "qid": image.qid - 1, "filter": filter_of(image.filtercode).name,
        "pid": image.pk, "infobitssci": image.infobits, "zpmaginpsci": image.magzp, "zpmaginpsciunc": image.magzpunc,
        "zpmaginpscirms": image.magzprms, "clrcoeff": image.clrcoeff, "clrcoeffunc": image.clrcounc,
        "ncalmatches": image.nmatches, "exptime": image.exptime, "zpdiff": image.magzp, "programid": image.programid,
        "jd": image.obsjd, "rfid": reference.pk if reference else None, "image": epoch.kind, "reason": "",
    }  # fmt: skip
    if reference and epoch.difference:
        row["diffmaglim"] = epoch.difference.diffmaglim
        row["refjdstart"] = julian_date(reference.startobsdate) if reference.startobsdate else None
        row["refjdend"] = julian_date(reference.endobsdate) if reference.endobsdate else None
    return row


def _measured(epoch: Epoch, ra: float, dec: float, config: ForcedConfig) -> dict:
    main = _Pixels(epoch.files[SCIENCE if SCIENCE in epoch.files else DIFFERENCE])
    wcs = tpv.from_header(main.header)
    x, y = (float(value[0]) for value in tpv.sky_to_pixel(wcs, np.array([ra]), np.array([dec])))
    part = photometry.bounds(x, y, main.shape, config.section) if np.isfinite(x + y) else None
    row, codes = _header_columns(main.header, wcs), list[int]()
    reference = None
    if epoch.kind == "difference":
        reference, nearest, codes = _reference(epoch, ra, dec)
        row |= nearest
    if part is None or not (-0.5 <= x < main.shape[1] - 0.5 and -0.5 <= y < main.shape[0] - 0.5):
        return row | {"procstatus": _status([*codes, photometry.OFF_EDGE])}
    section = _section(epoch, main, part, x, y, reference)
    found = photometry.measure(section, config=config)
    if epoch.kind == "science" and np.isfinite(found.limit) and epoch.science.magzp is not None and found.limit > 0:
        row["diffmaglim"] = epoch.science.magzp - 2.5 * float(np.log10(found.limit))
    return row | _fluxes(found) | {"procstatus": _status([*found.status, *codes])}


def _status(codes: list[int]) -> str:
    """Codes as the file has them, in ascending order."""
    return ",".join(map(str, sorted(set(codes)))) or str(photometry.OK)


def _fluxes(found: photometry.Forced) -> dict:
    def ratio(value: float, error: float) -> float:
        return value / error if error > 0 else np.nan

    return {
        "forcediffimflux": found.flux, "forcediffimfluxunc": found.sigma,
        "forcediffimsnr": ratio(found.flux, found.sigma), "forcediffimchisq": found.chi2,
        "forcediffimfluxap": found.ap, "forcediffimfluxuncap": found.ap_sigma,
        "forcediffimsnrap": ratio(found.ap, found.ap_sigma), "aperturecorr": found.correction,
    }  # fmt: skip


def _header_columns(header, wcs) -> dict:
    """Columns from the image's own header; angles of the astrometry come in degrees."""
    cards = {"sciinpseeing": "SEEING", "scibckgnd": "BKGMED", "scisigpix": "BKGRMS"}
    row = {name: float(header[card]) for name, card in cards.items() if header.get(card) is not None}
    for name, card in (("adpctdif1", "ASTRRMS1"), ("adpctdif2", "ASTRRMS2")):
        if header.get(card) is not None:
            row[name] = 3600 * float(header[card])
    return row


def _reference(epoch: Epoch, ra: float, dec: float) -> tuple[dict, dict, list[int]]:
    """Light of the reference at the place for the errors, columns of its nearest source, status codes."""
    if REFERENCE_CATALOG not in epoch.files:
        return {}, {}, [photometry.NO_REFERENCE_CATALOG]
    names = ["ra", "dec", "flux", "mag", "sigmag", "chi", "sharp"]
    path = str(epoch.files[REFERENCE_CATALOG].on_disk)
    with fitsio.FITS(path) as hdus:
        catalog, header = hdus[1].read(columns=names), hdus[1].read_header()
    light = {}
    ratio = epoch.difference.quality.get("flux_ratio") if epoch.difference else None
    if ratio and header.get("GAIN"):
        light = photometry.reference_light(catalog, ra, dec, float(ratio), float(header["GAIN"]))
    distance = 3600 * separation(catalog["ra"], catalog["dec"], ra, dec)  # arcsec
    if not len(distance) or distance.min() > NEAREST:
        return light, {}, [photometry.NO_REFERENCE_SOURCE]
    near = catalog[int(np.argmin(distance))]
    zero = float(header.get("MAGZP", (epoch.reference and epoch.reference.magzp) or np.nan))
    row = {"dnearestrefsrc": float(distance.min()), "nearestrefmag": zero + float(near["mag"])}
    row |= {"nearestrefmagunc": float(near["sigmag"]), "nearestrefchi": float(near["chi"])}
    return light, row | {"nearestrefsharp": float(near["sharp"])}, []


def _section(epoch: Epoch, main: _Pixels, part, x: float, y: float, reference: dict | None) -> Section:
    """The pixels about the place; without a science image the difference stands for it."""
    pixels, more = main.part(part), dict(reference or {})
    bad = ~np.isfinite(pixels)
    if MASK in epoch.files:
        bad |= (_Pixels(epoch.files[MASK]).part(part) & BAD_PIXEL_MASK) != 0
    if epoch.kind == "difference":
        more["difference"] = _Pixels(epoch.files[DIFFERENCE]).part(part).astype(np.float32)
        more["difference_psf"] = _Pixels(epoch.files[DIFFERENCE_PSF]).whole()
        # Where the reference shows nothing the difference is exactly 0.
        bad |= ~np.isfinite(more["difference"]) | (more["difference"] == 0)
    stars, central = Stars(*(np.zeros(0) for _ in range(6))), more.get("difference_psf")
    if SCIENCE in epoch.files:
        central = _Pixels(epoch.files[CENTRAL_PSF]).whole() if CENTRAL_PSF in epoch.files else None
        if CATALOG in epoch.files:
            with fitsio.FITS(str(epoch.files[CATALOG].on_disk)) as hdus:
                table = hdus[1].read(columns=["xpos", "ypos", "flux", "snr", "sharp", "flags"])
            stars = photometry.stars_within(table, part)
    header = main.header
    return Section(
        pixels.astype(np.float32), bad, x - part[1].start, y - part[0].start, stars, float(header["GAIN"]),
        float(header["SATURATE"]), central, **more,
    )  # fmt: skip


class _Pixels:
    """The first image of a file.

    Its checksum is not compared: a stamp of some kilobytes is read from each of thousands of images, of 37 MB each.
    All of them were read whole when they came or were made, and a release is frozen after reading them again.
    """

    def __init__(self, file: ProductFile):
        self.path = str(file.on_disk)
        with fitsio.FITS(self.path) as hdus:
            self.number = next(n for n, hdu in enumerate(hdus) if hdu.has_data())
            self.shape = tuple(hdus[self.number].get_dims())

    @property
    def header(self) -> fits.Header:
        with fits.open(self.path) as hdus:
            return hdus[self.number].header.copy()

    def part(self, part: tuple[slice, slice]) -> np.ndarray:
        """Rows and columns of it."""
        with fitsio.FITS(self.path) as hdus:
            return hdus[self.number][part[0], part[1]]

    def whole(self) -> np.ndarray:
        with fitsio.FITS(self.path) as hdus:
            return hdus[self.number].read()
