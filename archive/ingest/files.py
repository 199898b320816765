"""One file into the archive: copied once, read in the sandbox, checked, registered, and only then given its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import structlog
from django.db import DatabaseError, connections, transaction

from archive.access.reading import ENGINEERING, PUBLIC
from archive.files import placing
from archive.ingest import identity, quarantine, values
from archive.ingest.door import Copy, Found, private_copy
from archive.ingest.errors import RefusedError
from archive.ingest.kinds import alerts, companions, curves, forced, metadata
from archive.ingest.parsing import parse
from archive.ingest.source import Source, Taken
from archive.models import CalibrationImage, ProductFile, ReferenceImage, ScienceImage
from archive.models.base import Origin
from archive.products import register
from archive.products.register import Given
from archive.releases.closing import CLOSED, kept_closed, most_closed
from archive.releases.rights import own_date
from archive.survey import identifiers
from archive.survey.camera import FILTER_BY_CODE
from archive.survey.filenames import NotAZtfProductError, ProductName
from archive.survey.filenames import parse as parse_name
from archive.survey.times import date_of_jd

CAMERA_CARDS = ("OBSJD", "EXPTIME", "PROGRMID")
IDENTITY_CARDS = ("FIELDID", "IMGTYPE")
FITS = (".fits", ".fits.fz", ".fits.gz")
DIFFERENCES = ("scimrefdiffimg.fits.fz", "diffimgpsf.fits", "diffimlog.txt")
TARS = (".tar.gz", ".tgz", ".tar")
PACKETS = ".avro"
CSV = (".csv", ".csv.gz")
MOST_TOGETHER, TOGETHER = 250, 32 << 20  # packet files, and bytes of them, that come in one transaction

log = structlog.get_logger("archive.ingest")


def ingest(path: Path | Found, origin: str | Source = Origin.OURS) -> Taken:
    """Take one file into the tree and the database; taking it again changes nothing.

    Parameters
    ----------
    path : Path or Found
        A raw or science image, a reference or a calibration whose row is here, a file of light curves (.parquet,
        .pytable), a table of their points (.csv, .csv.gz, .xml, .vot, .votable, .tbl), a text of forced photometry
        (.txt), an alert packet (.avro) or a tar of them, or a table of reference metadata (.csv, .csv.gz).
    origin : str or Source
        Who made it (archive.models.base.Origin), or more about where it comes from.

    Raises
    ------
    RefusedError
        with the reason; nothing was changed then, and the file is in quarantine.
    """
    source = origin if isinstance(origin, Source) else Source(origin)
    one = path if isinstance(path, Found) else Found(path.parent, (path.name,))
    if one.name.endswith(TARS):
        return _take_tar(one, source)
    copy = None
    try:
        copy = private_copy(one)
        return take_copy(copy, source)
    except RefusedError as reason:
        quarantine.put(source.found_at or str(one.path), reason, source.origin, copy)
        raise
    finally:
        if copy is not None:
            placing.discard_unregistered(copy.place)


def take_copy(copy: Copy, source: Source) -> Taken:
    """Take a file that lies under a private name; it stays there if it is refused."""
    try:
        with transaction.atomic():
            return _take(copy, source)
    except RefusedError:
        raise
    except identifiers.BadIdentifierError as error:
        raise RefusedError(f"{copy.name}: {error}") from error
    except OSError as error:
        raise RefusedError(f"{copy.name}: cannot be kept ({error.strerror or error})", ours=True) from error
    except DatabaseError as error:
        connections["default"].close_if_unusable_or_obsolete()
        raise RefusedError(f"{copy.name}: cannot be registered ({str(error).splitlines()[0]})", ours=True) from error
    except Exception as error:  # noqa: BLE001 (whatever a file leads us to: the next one is to be tried all the same)
        log.exception("a file that is not understood", file=copy.name)
        raise RefusedError(f"{copy.name}: is not understood ({type(error).__name__}: {str(error)[:300]})") from error


def _take(copy: Copy, source: Source) -> Taken:
    if copy.name.endswith(PACKETS):
        (outcome,) = alerts.ingest([copy], source.origin, source.may_open)
        if isinstance(outcome, RefusedError):
            raise outcome
        return Taken("alert", outcome)
    if copy.name.endswith(curves.TABLES) or (copy.name.endswith(CSV) and curves.is_table_of_points(copy)):
        return _taken_curves(curves.keep(curves.of_table(copy), curves.Terms(copy.name, may_open=source.may_open)))
    if copy.name.endswith(CSV):
        return Taken("ref", metadata.ingest(copy, source))
    try:
        name = parse_name(copy.name)
    except NotAZtfProductError as error:
        if copy.name.endswith(".txt"):
            return Taken("forced points", forced.ingest(copy, source.may_open))
        raise RefusedError(str(error)) from error
    placing.lock(name.path)
    _require_not_ours(name, source.origin)
    if name.kind == "lc":
        return _take_curves(copy, name, source)
    {"raw": _take_raw, "sci": _take_science, "ref": _take_reference, "cal": _take_calibration}[name.kind](
        copy, name, source
    )
    return Taken(name.kind, 1)


def ingest_each(found: Iterable[Found], source: Source) -> Iterator[Taken | RefusedError]:
    """Take files one after another, whatever becomes of each; packet files are read many at a time."""
    for are_packets, group in groupby(found, key=lambda one: one.name.endswith(PACKETS)):
        if are_packets:
            for outcome in _take_packets(_opened(group, source), source):
                yield outcome if isinstance(outcome, RefusedError) else Taken("alert", outcome)
            continue
        for one in group:
            try:
                yield ingest(one, source)
            except RefusedError as reason:
                yield reason


def _take_tar(one: Found, source: Source) -> Taken:
    """The packets of a tar of alerts, each by itself; of the tar as a whole only the row goes into quarantine."""
    taken, refused, where = 0, [], source.found_at or one.path
    try:
        for outcome in _take_packets(((f"{where}!{name}", copy) for name, copy in alerts.members(one)), source):
            if isinstance(outcome, RefusedError):
                refused.append(f"{one.name}: {outcome}")
            else:
                taken += outcome
    except RefusedError as reason:
        quarantine.put(str(where), reason, source.origin)
        if not taken and not refused:
            raise
        refused.append(str(reason))
    return Taken("alert", taken, tuple(refused))


def _opened(found: Iterable[Found], source: Source) -> Iterator[tuple[str, Copy | RefusedError]]:
    last = None
    for one in found:
        copy: Copy | RefusedError
        try:
            copy = last = private_copy(one, last)
        except RefusedError as reason:
            copy = reason
        yield source.found_at or str(one.path), copy


def _take_packets(packets: Iterable[tuple[str, Copy | RefusedError]], source: Source) -> Iterator[int | RefusedError]:
    """Numbers of alerts that packet files brought, or why each was refused; of each where it was found, and a copy.

    What is refused goes into quarantine.
    """
    for batch in _batches(packets):
        copies = [copy for _, copy in batch if isinstance(copy, Copy)]
        try:
            outcomes = iter(_take_copies(copies, source))
            for found_at, copy in batch:
                outcome = next(outcomes) if isinstance(copy, Copy) else copy
                if isinstance(outcome, RefusedError):
                    quarantine.put(found_at, outcome, source.origin, copy if isinstance(copy, Copy) else None)
                yield outcome
        finally:
            placing.discard_unregistered(*(copy.place for copy in copies))


def _batches(packets: Iterable[tuple[str, Copy | RefusedError]]) -> Iterator[list[tuple[str, Copy | RefusedError]]]:
    """Some at a time; where the next one cannot be had, those before it come first."""
    batch: list[tuple[str, Copy | RefusedError]] = []
    try:
        for one in packets:
            batch.append(one)
            size = sum(copy.size for _, copy in batch if isinstance(copy, Copy))
            if len(batch) == MOST_TOGETHER or size > TOGETHER:
                yield batch
                batch = []
    except RefusedError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _take_copies(copies: list[Copy], source: Source) -> list[int | RefusedError]:
    """In one transaction; where that fails, each in its own, so that only the one to blame is refused."""
    if len(copies) > 1:
        try:
            return alerts.ingest(copies, source.origin, source.may_open)
        except Exception as error:  # noqa: BLE001 (whatever it is, each file is tried by itself, and tells)
            log.warning("packets are tried one by one", files=len(copies), reason=str(error)[:300])
            connections["default"].close_if_unusable_or_obsolete()
    outcomes: list[int | RefusedError] = []
    for copy in copies:
        try:
            outcomes.append(take_copy(copy, source).rows)
        except RefusedError as reason:
            outcomes.append(reason)
    return outcomes


def _require_not_ours(name: ProductName, origin: str) -> None:
    """Refuse a product of our own: it is made again here, never replaced from elsewhere."""
    if origin != Origin.OURS and ProductFile.objects.filter(path=name.path, origin=Origin.OURS).exists():
        raise RefusedError(f"{name.name}: is made here; a file of another origin does not replace it")


def _take_raw(copy: Copy, name: ProductName, source: Source) -> None:
    found = parse("fitsfile:read", copy, as_stored=True)["hdus"]
    primary = found[0]["cards"]
    header = values.header(primary, CAMERA_CARDS, copy.name)
    if len(found) != 9:
        raise RefusedError(
            f"{copy.name}: {len(found) - 1} extensions; a raw file has 4 quadrants and 4 overscan strips"
        )
    identity.agree(name, primary, copy.name, (*IDENTITY_CARDS, *(() if name.imgtypecode == "b" else ("FILTER",))))
    identity.same_time(name, header["OBSJD"], copy.name)
    identity.points_there(name, header, copy.name)
    for number, hdu in enumerate(found[1:], start=1):
        if hdu["kind"] != "image" or len(hdu["shape"]) != 2:
            raise RefusedError(f"{copy.name}: extension {number} is no image")
        identity.agree(name, hdu["cards"], f"{copy.name}[{number}]")
        amplifier, expected = hdu["cards"].get("AMP_ID"), (number - 1) % 4
        if amplifier not in (None, expected):
            raise RefusedError(f"{copy.name}: AMP_ID is {amplifier!r} in extension {number}, {expected} by its place")
    columns = values.checked("rawimage", {"nx": found[1]["shape"][1]}, copy.name)["nx"]
    register.register_raw(
        name, header, copy.stored(name.path), columns, source.origin, _given(name, header, primary, source, copy.name)
    )


def _take_science(copy: Copy, name: ProductName, source: Source) -> None:
    """A science image makes its row; its companions (mask, catalogs) need the row to be there."""
    if name.suffix == "sciimg.fits":
        image = _register_image(copy, name, source)
        rights = _rights_of(image)
    else:
        image = _owner(name)
        rights = _rights_with(image, companions.check(copy, name, image), copy.name)
    family = ProductFile.Family.DIFF if name.suffix in DIFFERENCES else ProductFile.Family.SCI
    _register(copy, name, family, image.pid, rights, source)


def _register_image(copy: Copy, name: ProductName, source: Source) -> ScienceImage:
    found = parse("fitsfile:read", copy, place=True)
    hdu = next((one for one in found["hdus"] if one["kind"] == "image" and len(one["shape"]) == 2), None)
    if hdu is None:
        raise RefusedError(f"{copy.name}: the file holds no image")
    cards = hdu["cards"]
    header = values.header(cards, CAMERA_CARDS, copy.name)
    identity.agree(name, cards, copy.name, (*IDENTITY_CARDS, "FILTER"))
    identity.same_time(name, header["OBSJD"], copy.name)
    identity.points_there(name, header, copy.name)
    if "no_footprint" in found:
        raise RefusedError(f"{copy.name}: {found['no_footprint']}")
    place = values.checked("scienceimage", found["footprint"], f"{copy.name}: footprint")
    identity.lies_there(name, place, hdu["shape"][1], copy.name)
    return register.register_science(
        name, header, place, source.origin, given=_given(name, header, cards, source, copy.name)
    )


def _given(name: ProductName, header: Mapping, cards: Mapping, source: Source, file: str) -> Given:
    """Rights and number of an image's exposure: of what header and metadata say of its program the most closed."""
    by_header = register.rights(header["PROGRMID"], date_of_jd(header["OBSJD"]))
    rights: Mapping = by_header
    if source.rights is not None:
        same = source.rights["programid"] == header["PROGRMID"]
        rights = source.rights if same else most_closed([source.rights, by_header | {"public_date": None}])
    expid = identity.expid_of(name, header["OBSJD"], cards, file)
    return Given(dict(rights), source.may_open, expid, source.provenance)


def _take_reference(copy: Copy, name: ProductName, source: Source) -> None:
    """A file of a reference whose row came with its metadata."""
    fid = FILTER_BY_CODE[name.filtercode].fid
    row = ReferenceImage.objects.filter(field=name.field, rcid=name.rcid, fid=fid, origin=source.origin).first()
    if row is None:
        raise RefusedError(
            f"{name.name}: its reference is not in the archive; take in its metadata first (a CSV table)"
        )
    rights = _rights_with(row, companions.check(copy, name, row), copy.name)
    _register(copy, name, ProductFile.Family.REF, row.rfid, rights, source)


def _take_calibration(copy: Copy, name: ProductName, source: Source) -> None:
    """A file of a calibration whose row is here.

    Calibrations are of frames without sky, which belong to no program, so that a header without one, or with that of
    engineering, closes nothing; one that names a partnership's program does.
    """
    row = CalibrationImage.objects.filter(
        caltype=name.caltype, rcid=name.rcid, filtercode=name.filtercode, nightdate=name.nightdate, origin=source.origin
    ).first()
    if row is None:
        raise RefusedError(f"{name.name}: its calibration is not in the archive, or it was made here")
    programs = {values.checked("exposure", {"programid": one}, copy.name)["programid"]
                for one in companions.check(copy, name, None)}  # fmt: skip
    closed = [{"programid": one, "public_date": None} for one in programs - {PUBLIC, ENGINEERING}]
    rights = most_closed([{"programid": PUBLIC, "public_date": row.endobsdate}, *closed])
    _register(copy, name, ProductFile.Family.CAL, row.cid, rights, source)


def _take_curves(copy: Copy, name: ProductName, source: Source) -> Taken:
    """A file of light curves, all objects of one field, quadrant and filter: of a data release, or a matchfile.

    The file is as closed as the most closed of its points, these by their own programs; those of a file that names no
    program are as the file: closed, unless somebody says of which program they are.
    """
    found = curves.check(copy, name)
    said = [
        _rights_now(values.checked("exposure", {"programid": one}, copy.name)["programid"])
        for one in found.get("programs", ())
    ]
    if len(closed := {one["programid"] for one in said} - {PUBLIC}) > 1:
        raise RefusedError(
            f"{copy.name}: holds points of programs {sorted(closed)}; a file belongs to one besides the public one"
        )
    if not said:
        said = [dict(CLOSED) if source.program is None else _rights_now(source.program)]
    rights = most_closed([*said, *([source.rights] if source.rights else [])])
    known = ProductFile.objects.filter(path=name.path, sha256=copy.sha256).first()
    if known is not None and rights["programid"] == known.programid and not source.may_open:
        rights = _rights_of(known)  # the moment at which it came is no new date
    assert name.field is not None and name.rcid is not None
    rfid = identifiers.make_rfid(name.field, FILTER_BY_CODE[name.filtercode].fid, name.rcid)
    # The copy is read until its points are in; only then it gets its name.
    own = kept_closed(ProductFile.objects.filter(path=name.path).first(), rights, source.may_open)
    by_program = name.suffix.endswith("pytable")
    terms = curves.Terms(copy.name, None if by_program else own, source.may_open, own["programid"] == PUBLIC)
    taken = _taken_curves(curves.keep(curves.of_place(copy, name, found), terms))
    _register(copy, name, ProductFile.Family.LIGHTCURVE, rfid, rights, source)
    if not (lost := found.get("without_number", 0)):
        return taken
    return replace(taken, left_out=(
        f"{copy.name}: {lost} transients: their numbers are those of sources, so they have no object's number",
    ))  # fmt: skip


def _taken_curves(kept: curves.Kept) -> Taken:
    return Taken("light-curve points", kept.points, left_out=tuple(kept.left_out))


def _rights_now(programid: int) -> dict:
    """Public as of this transaction, by the database's clock: within it, too, the points are public then."""
    if programid != PUBLIC:
        return {"programid": programid, "public_date": None}
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT now()")
        return {"programid": PUBLIC, "public_date": cursor.fetchone()[0]}


def _register(copy: Copy, name: ProductName, family: str, product_id: int, rights: Mapping, source: Source) -> None:
    register.register_file(
        copy.stored(name.path), family, product_id, name.suffix, rights, source.origin, source.provenance,
        source.may_open,
    )  # fmt: skip


def _rights_of(row) -> dict:
    return {"programid": row.programid, "public_date": own_date(row)}


def _rights_with(row, programs: Iterable[object], file: str) -> dict:
    """A companion is as open as what it belongs to, unless its own header tells of another program."""
    said = {values.checked("exposure", {"programid": one}, file)["programid"] for one in programs} - {row.programid}
    return most_closed([_rights_of(row), *({"programid": one, "public_date": None} for one in said)])


def _owner(name: ProductName) -> ScienceImage:
    found = ScienceImage.objects.filter(filefracday=name.filefracday, rcid=name.rcid).first()
    if found is None:
        raise RefusedError(f"{name.name}: its science image is not in the archive; take in its sciimg.fits first")
    if (found.field, found.filtercode, found.imgtypecode) != (name.field, name.filtercode, name.imgtypecode):
        raise RefusedError(
            f"{name.name}: the science image of its time is of field {found.field} in {found.filtercode}"
        )
    return found
