"""One file into the archive, by what its name says it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from astropy.io import fits
from django.db import transaction
from django.utils import timezone
from pyarrow import ArrowInvalid, parquet

from archive import registry, storage
from archive.access import PUBLIC
from archive.footprints import NoSkyCoordinates, footprint
from archive.ingest import alerts, matchfiles, metadata
from archive.ingest.errors import Refused
from archive.ingest.fitsfiles import read_headers, require
from archive.models import CalibrationImage, ProductFile, ReferenceImage, ScienceImage
from archive.models.base import Origin
from archive.releases.rights import keep_open, own_date
from archive.survey import identifiers
from archive.survey.camera import FILTER_BY_CODE
from archive.survey.filenames import IMAGE_TYPES, NotAZtfProduct, ProductName, parse

CAMERA_CARDS = ("OBSJD", "EXPTIME", "PROGRMID")
FITS = (".fits", ".fits.fz", ".fits.gz")
DIFFERENCES = ("scimrefdiffimg.fits.fz", "diffimgpsf.fits", "diffimlog.txt")
CURVE_COLUMNS = {"objectid", "filterid", "objra", "objdec", "hmjd", "mag", "magerr", "catflags"}
SECONDS_A_DAY = 86400.0
LARGEST_CLOCK_ERROR = 5.0  # s; in real files name and OBSJD differ by a second


@dataclass(frozen=True)
class Taken:
    """What a file became: its family and how many rows it brought."""

    family: str
    rows: int


@dataclass(frozen=True)
class Source:
    """Where a file comes from.

    origin : who made it (archive.models.base.Origin)
    rights : `programid` and `public_date` that another archive gives it; else they follow from its header
    provenance : what is kept of how it came here
    """

    origin: str = Origin.OURS
    rights: Mapping | None = None
    provenance: Mapping | None = None


def take(path: Path, origin: str | Source = Origin.OURS) -> Taken:
    """Take one file into the tree and the database; taking it again changes nothing.

    Parameters
    ----------
    path : Path
        A raw or science image, a reference or a calibration whose row is here, a file of light curves (.parquet), an
        alert packet (.avro), or a table of reference metadata (.csv, .csv.gz).
    origin : str or Source
        Who made it (archive.models.base.Origin), or more about where it comes from.

    Raises
    ------
    Refused
        with the reason; nothing was changed then.
    """
    source = origin if isinstance(origin, Source) else Source(origin)
    if not path.is_file():
        raise Refused(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise Refused(f"{path.name}: the file is empty")
    if path.suffix == ".avro":
        return Taken("alert", alerts.take(path, source.origin))
    if path.name.endswith((".csv", ".csv.gz")):
        return Taken("ref", metadata.take(path, source.origin))
    try:
        name = parse(path.name)
    except NotAZtfProduct as error:
        raise Refused(str(error)) from error
    _require_not_ours(name, source.origin)
    with transaction.atomic():
        {"raw": _take_raw, "sci": _take_science, "ref": _take_reference, "cal": _take_calibration, "lc": _take_curves}[
            name.kind
        ](path, name, source)
    return Taken(name.kind, 1)


def _require_not_ours(name: ProductName, origin: str) -> None:
    """What was made here is made again, never replaced from elsewhere."""
    if origin != Origin.OURS and ProductFile.objects.filter(path=name.path, origin=Origin.OURS).exists():
        raise Refused(f"{name.name}: is made here; a file of another origin does not replace it")


def _take_raw(path: Path, name: ProductName, source: Source) -> None:
    headers = read_headers(path, as_stored=True)
    require(headers[0], *CAMERA_CARDS, file=path.name)
    _require_same_exposure(name, headers[0], path.name)
    if len(headers) != 9:
        raise Refused(f"{path.name}: {len(headers) - 1} extensions; a raw file has 4 quadrants and 4 overscan strips")
    row = registry.register_raw(name, headers[0], storage.copy_in(path, name.path), source.origin)
    if source.rights:
        _give_rights(source.rights, row, row.exposure)
        _give_rights(source.rights, ProductFile.objects.get(path=name.path))
    _tell(name, source)


def _take_science(path: Path, name: ProductName, source: Source) -> None:
    """A science image makes its row; its companions (mask, catalogs) need the row to be there."""
    headers = read_headers(path) if name.suffix.endswith(FITS) else []
    if name.suffix == "sciimg.fits":
        header = next((one for one in headers if one.get("NAXIS", 0) == 2), headers[0])
        require(header, *CAMERA_CARDS, file=path.name)
        _require_same_exposure(name, header, path.name)
        try:
            place = footprint(header)
        except NoSkyCoordinates as error:
            raise Refused(f"{path.name}: {error}") from error
        image = registry.register_science(name, header, place, source.origin)
        if source.rights:
            _give_rights(source.rights, image, image.exposure)
    else:
        image = _owner(name)
    family = ProductFile.Family.DIFF if name.suffix in DIFFERENCES else ProductFile.Family.SCI
    _register(path, name, family, image.pid, _rights_of(image), source)


def _take_reference(path: Path, name: ProductName, source: Source) -> None:
    """A file of a reference whose row came with its metadata."""
    fid = FILTER_BY_CODE[name.filtercode].fid
    row = ReferenceImage.objects.filter(field=name.field, rcid=name.rcid, fid=fid, origin=source.origin).first()
    if row is None:
        raise Refused(f"{name.name}: its reference is not in the archive; take in its metadata first (a CSV table)")
    if name.suffix.endswith(FITS):
        read_headers(path)
    _register(path, name, ProductFile.Family.REF, row.rfid, _rights_of(row), source)


def _take_calibration(path: Path, name: ProductName, source: Source) -> None:
    """A file of a calibration whose row is here."""
    row = CalibrationImage.objects.filter(
        caltype=name.caltype, rcid=name.rcid, filtercode=name.filtercode, nightdate=name.nightdate, origin=source.origin
    ).first()
    if row is None:
        raise Refused(f"{name.name}: its calibration is not in the archive, or it was made here")
    if name.suffix.endswith(FITS):
        read_headers(path)
    _register(path, name, ProductFile.Family.CAL, row.cid, {"programid": PUBLIC, "public_date": row.endobsdate}, source)


def _take_curves(path: Path, name: ProductName, source: Source) -> None:
    """A file of light curves, all objects of one field, quadrant and filter: of a data release, open to all, or a
    matchfile, as closed as the most closed of its points.
    """
    if name.suffix == "match.pytable":
        rights = dict(source.rights or matchfiles.rights_of(path))
    else:
        _require_release(path)
        rights = dict(source.rights or {"programid": PUBLIC, "public_date": timezone.now()})
    rfid = identifiers.make_rfid(name.field, FILTER_BY_CODE[name.filtercode].fid, name.rcid)
    _register(path, name, ProductFile.Family.LIGHTCURVE, rfid, rights, source)


def _require_release(path: Path) -> None:
    try:
        columns = set(parquet.read_schema(path).names)
    except (ArrowInvalid, OSError) as error:
        raise Refused(f"{path.name}: not a Parquet file ({error})") from error
    if missing := CURVE_COLUMNS - columns:
        raise Refused(f"{path.name}: no light curves of a data release (no column {', '.join(sorted(missing))})")


def _register(path: Path, name: ProductName, family: str, product_id: int, rights: Mapping, source: Source) -> None:
    file = storage.copy_in(path, name.path)
    registry.register_file(file, family, product_id, name.suffix, rights, source.origin, source.provenance)


def _rights_of(row) -> dict:
    return {"programid": row.programid, "public_date": own_date(row)}


def _give_rights(rights: Mapping, *rows) -> None:
    """The rights that another archive tells of, instead of those that follow from the header and our own rules."""
    for row in rows:
        type(row).objects.filter(pk=row.pk).update(**rights)
        row.programid, row.public_date = rights["programid"], rights["public_date"]
        keep_open(row)


def _tell(name: ProductName, source: Source) -> None:
    if source.provenance:
        ProductFile.objects.filter(path=name.path).update(provenance=dict(source.provenance))


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
