"""One file into the archive, by what its name says it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from astropy.io import fits
from django.db import transaction

from archive import registry, storage
from archive.footprints import NoSkyCoordinates, footprint
from archive.ingest import alerts, metadata
from archive.ingest.errors import Refused
from archive.ingest.fitsfiles import read_headers, require
from archive.models import ProductFile, ScienceImage
from archive.models.base import Origin
from archive.releases.rights import own_date
from archive.survey import identifiers
from archive.survey.camera import FILTER_BY_CODE
from archive.survey.filenames import IMAGE_TYPES, NotAZtfProduct, ProductName, parse

CAMERA_CARDS = ("OBSJD", "EXPTIME", "PROGRMID")
SECONDS_A_DAY = 86400.0
LARGEST_CLOCK_ERROR = 5.0  # s; in real files name and OBSJD differ by a second


@dataclass(frozen=True)
class Taken:
    """What a file became: its family and how many rows it brought."""

    family: str
    rows: int


def take(path: Path, origin: str = Origin.OURS) -> Taken:
    """Take one file into the tree and the database; taking it again changes nothing.

    Parameters
    ----------
    path : Path
        A raw or science image, an alert packet (.avro), or a table of reference metadata (.csv, .csv.gz).
    origin : str
        Who made it (archive.models.base.Origin).

    Raises
    ------
    Refused
        with the reason; nothing was changed then.
    """
    if not path.is_file():
        raise Refused(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise Refused(f"{path.name}: the file is empty")
    if path.suffix == ".avro":
        return Taken("alert", alerts.take(path, origin))
    if path.name.endswith((".csv", ".csv.gz")):
        return Taken("ref", metadata.take(path, origin))
    try:
        name = parse(path.name)
    except NotAZtfProduct as error:
        raise Refused(str(error)) from error
    takers = {"raw": _take_raw, "sci": _take_science}
    if name.kind not in takers:
        raise Refused(f"{path.name}: {name.kind} files are made here, not taken in")
    takers[name.kind](path, name, origin)
    return Taken(name.kind, 1)


def _take_raw(path: Path, name: ProductName, origin: str) -> None:
    headers = read_headers(path, as_stored=True)
    require(headers[0], *CAMERA_CARDS, file=path.name)
    _require_same_exposure(name, headers[0], path.name)
    if len(headers) != 9:
        raise Refused(f"{path.name}: {len(headers) - 1} extensions; a raw file has 4 quadrants and 4 overscan strips")
    file = storage.copy_in(path, name.path)
    with transaction.atomic():
        registry.register_raw(name, headers[0], file, origin)


def _take_science(path: Path, name: ProductName, origin: str) -> None:
    """A science image makes its row; its companions (mask, catalogs) need the row to be there."""
    headers = read_headers(path)
    header = next((one for one in headers if one.get("NAXIS", 0) == 2), headers[0])
    if name.suffix == "sciimg.fits":
        require(header, *CAMERA_CARDS, file=path.name)
        _require_same_exposure(name, header, path.name)
        try:
            place = footprint(header)
        except NoSkyCoordinates as error:
            raise Refused(f"{path.name}: {error}") from error
    file = storage.copy_in(path, name.path)
    with transaction.atomic():
        if name.suffix == "sciimg.fits":
            image = registry.register_science(name, header, place, origin)
        else:
            image = _owner(name)
        rights = {"programid": image.programid, "public_date": own_date(image)}
        registry.register_file(file, ProductFile.Family.SCI, image.pid, name.suffix, rights, origin)


def _require_same_exposure(name: ProductName, header: fits.Header, file: str) -> None:
    """Refuse a file whose header tells of another exposure, field or filter than its name."""
    said = {
        "FILTER": FILTER_BY_CODE[name.filtercode].name if name.filtercode in FILTER_BY_CODE else None,
        "FIELDID": name.field,
        "IMGTYPE": IMAGE_TYPES[name.imgtypecode],
    }
    for card, expected in said.items():
        found = header.get(card, expected)
        if expected is not None and found != expected:
            raise Refused(f"{file}: {card} is {found!r} in the header, {expected!r} by the name; one of them is wrong")
    apart = abs(float(header["OBSJD"]) - identifiers.jd_of_filefracday(name.filefracday)) * SECONDS_A_DAY
    if apart > LARGEST_CLOCK_ERROR:
        raise Refused(f"{file}: OBSJD is {apart:.0f} s from the time in the name; {LARGEST_CLOCK_ERROR:g} s may be")


def _owner(name: ProductName) -> ScienceImage:
    found = ScienceImage.objects.filter(filefracday=name.filefracday, rcid=name.rcid).first()
    if found is None:
        raise Refused(f"{name.name}: its science image is not in the archive; take in its sciimg.fits first")
    return found
