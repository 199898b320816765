"""Making products known: the rows that stand for files which already lie in the tree.

Used by ingest (files from elsewhere) and by the pipelines (files made here). Every function may be called again
with the same product: the rows are the same once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from archive.files import placing, storage
from archive.files.storage import StoredFile
from archive.models import CalibrationImage, Exposure, ProductFile, Program, RawImage, ReferenceImage, ScienceImage
from archive.models.base import Origin
from archive.moving.dynamics.observer import observer_at
from archive.products import calibrations
from archive.releases.closing import kept_closed
from archive.releases.rights import keep_open, own_date
from archive.survey import identifiers
from archive.survey.camera import filter_of
from archive.survey.filenames import ProductName
from archive.survey.times import SECONDS_PER_DAY, date_of_jd

CALIBRATIONS_OF_A_KIND = 256
# A bias has no filter, so that it and the flats share their numbers.
_NUMBERED = {"bias": 0, "hifreqflat": 0, "lofreqflat": 1, "lampcorr": 2, "pmask": 3, "distortion": 4}
HEADER_QUALITY = {
    "magzp": "MAGZP",
    "magzpunc": "MAGZPUNC",
    "magzprms": "MAGZPRMS",
    "clrcoeff": "CLRCOEFF",
    "clrcounc": "CLRCOUNC",
    "nmatches": "NMATCHES",
    "maglimit": "MAGLIM",
    "infobits": "INFOBITS",
    "status": "STATUS",
}


@dataclass(frozen=True)
class Given:
    """The facts about a foreign product that are not in its header.

    rights : what another archive tells, or what follows from several sources; none: by the header's program
    may_open : whether rows that are closed here may be opened by these rights
    expid : the number that the exposure has here already
    provenance : what is kept of how the file came here
    """

    rights: Mapping | None = None
    may_open: bool = False
    expid: int | None = None
    provenance: Mapping | None = None


def rights(programid: int, observed: datetime, programs: Mapping[int, Program] | None = None) -> dict:
    """Program and public date of something observed at `observed`, by its program's rule.

    programs : by number, where they were read already
    """
    program = Program.objects.get(pk=programid) if programs is None else programs[programid]
    return {"programid": programid, "public_date": program.public_date(observed)}


def register_exposure(
    name: ProductName, header: Mapping, origin: str = Origin.OURS, given: Given | None = None
) -> Exposure:
    """The exposure that a raw or science file belongs to; `header` has ZTF's camera cards."""
    given = given or Given()
    jd, exptime = float(header["OBSJD"]), float(header["EXPTIME"])
    observed = date_of_jd(jd)
    observer = observer_at(jd + exptime / 2 / SECONDS_PER_DAY)
    fid = 0 if name.imgtypecode == "b" else filter_of(name.filtercode).fid
    expid = given.expid or identifiers.expid_of_jd(jd)
    known = Exposure.objects.select_for_update().filter(pk=expid).first()
    exposure, _ = Exposure.objects.update_or_create(
        expid=expid,
        defaults={
            "origin": origin,
            "nid": identifiers.nid_of_jd(jd),
            "field": name.field,
            "fid": fid,
            "filtercode": name.filtercode,
            "imgtypecode": name.imgtypecode,
            "obsjd": jd,
            "obsdate": observed,
            "exptime": exptime,
            "filefracday": name.filefracday,
            "ra": header.get("TELRAD") if name.field else None,
            "dec": header.get("TELDECD") if name.field else None,
            "airmass": header.get("AIRMASS"),
            "moonillf": header.get("MOONILLF"),
            "moonesb": header.get("MOONESB"),
            "tdb_mid": float(observer.tdb[0]),
            **dict(zip(("observer_x", "observer_y", "observer_z"), map(float, observer.position[0]), strict=True)),
            **kept_closed(known, given.rights or rights(int(header["PROGRMID"]), observed), given.may_open),
        },
    )
    keep_open(exposure)
    return exposure


def register_raw(
    name: ProductName,
    header: Mapping,
    file: StoredFile,
    columns: int,
    origin: str = Origin.OURS,
    given: Given | None = None,
) -> RawImage:
    """One CCD's raw file, whose quadrants have that many columns, and its exposure."""
    given = given or Given()
    exposure = register_exposure(name, header, origin, given)
    known = RawImage.objects.filter(exposure=exposure, ccdid=name.ccdid).first()
    own = kept_closed(known, _rights_of(exposure), given.may_open)
    values = {"origin": origin, "nx": columns, **own}
    row, _ = RawImage.objects.update_or_create(exposure=exposure, ccdid=name.ccdid, defaults=values)
    keep_open(row)
    register_file(
        file, ProductFile.Family.RAW, exposure.expid, name.suffix, own, origin, given.provenance, given.may_open
    )
    return row


def register_science(
    name: ProductName,
    header: Mapping,
    footprint: Mapping,
    origin: str = Origin.OURS,
    quality: Mapping | None = None,
    given: Given | None = None,
) -> ScienceImage:
    """A science image from the header of its sciimg; its files are registered each by `register_file`."""
    given = given or Given()
    exposure = register_exposure(name, header, origin, given)
    assert name.rcid is not None
    pid = identifiers.make_pid(exposure.expid, name.rcid)
    known = ScienceImage.objects.filter(pk=pid).first()
    row, _ = ScienceImage.objects.update_or_create(
        pid=pid,
        defaults={
            "exposure": exposure,
            "origin": origin,
            "ccdid": name.ccdid,
            "qid": name.qid,
            "rcid": name.rcid,
            "quality": dict(quality or {}),
            **{column: getattr(exposure, column) for column in _SAME_AS_EXPOSURE},
            **kept_closed(known, _rights_of(exposure), given.may_open),
            **quality_of(header, footprint),
            **footprint,
        },
    )
    keep_open(row)
    return row


def quality_of(header: Mapping, footprint: Mapping) -> dict:
    """The quality columns of a science image, from the cards of its header and its place."""
    scale = abs(footprint["cd11"] * footprint["cd22"] - footprint["cd12"] * footprint["cd21"]) ** 0.5 * 3600
    values = {column: header.get(card) for column, card in HEADER_QUALITY.items()}
    values["infobits"] = values["infobits"] or 0
    values["status"] = 1 if values["status"] is None else values["status"]
    seeing = header.get("SEEING")  # the header counts pixels, the archive arcseconds
    return values | {"seeing": None if seeing is None else seeing * scale}


def register_calibration(name: ProductName, nframes: int, start: datetime, end: datetime, quality: Mapping):
    """A calibration of one quadrant, judged by its measurements and those of its forerunners."""
    nid = identifiers.nid_of_date(datetime.strptime(str(name.nightdate), "%Y%m%d").date())  # noqa: DTZ007 (a date)
    fid = 0 if name.filtercode == "00" else filter_of(name.filtercode).fid
    assert name.caltype is not None and name.rcid is not None
    row, _ = CalibrationImage.objects.update_or_create(
        caltype=name.caltype,
        rcid=name.rcid,
        fid=fid,
        nid=nid,
        defaults={
            "cid": identifiers.make_cid(nid, CALIBRATIONS_OF_A_KIND * _NUMBERED[name.caltype] + 4 * name.rcid + fid),
            "ccdid": name.ccdid,
            "qid": name.qid,
            "filtercode": name.filtercode,
            "nightdate": name.nightdate,
            "nframes": nframes,
            "startobsdate": start,
            "endobsdate": end,
            "quality": dict(quality),
            **calibrations.validity(name.caltype, nid),
        },
    )
    return calibrations.judge(row)


def register_reference(name: ProductName, values: Mapping, footprint: Mapping, inputs: Sequence[ScienceImage] = ()):
    """A reference image; it is as open as the least open of its inputs."""
    fid = filter_of(name.filtercode).fid
    assert name.field is not None and name.rcid is not None
    row, _ = ReferenceImage.objects.update_or_create(
        rfid=identifiers.make_rfid(name.field, fid, name.rcid),
        defaults={
            "field": name.field,
            "ccdid": name.ccdid,
            "qid": name.qid,
            "rcid": name.rcid,
            "fid": fid,
            "filtercode": name.filtercode,
            **values,
            **footprint,
        },
    )
    row.inputs.set(inputs)
    return row


@dataclass(frozen=True)
class NewFile:
    """A file that is to be registered: where it lies, the product that it belongs to, and that product's rights."""

    file: StoredFile
    family: str
    product_id: int
    suffix: str
    rights: Mapping


def register_file(
    file: StoredFile,
    family: str,
    product_id: int,
    suffix: str,
    rights: Mapping,
    origin: str = Origin.OURS,
    provenance: Mapping | None = None,
    may_open: bool = True,
) -> ProductFile:
    """One file of the tree, with the rights of what it belongs to (`programid`, `public_date`)."""
    (row,) = register_files([NewFile(file, family, product_id, suffix, rights)], origin, provenance, may_open)
    return row


def register_files(
    files: Sequence[NewFile],
    origin: str = Origin.OURS,
    provenance: Mapping | None = None,
    may_open: bool = True,
) -> list[ProductFile]:
    """The rows of files of the tree, in their order; no two of the same path.

    Parameters
    ----------
    may_open : of files made here, which follow their product; those from elsewhere never open what is closed
    """
    paths = [one.file.path for one in files]
    with transaction.atomic():
        placing.lock(*paths)
        before = {row.path: row for row in ProductFile.objects.filter(path__in=paths)}
        rows = [_row_of(one, before.get(one.file.path), may_open) for one in files]
        for row in rows:
            row.origin, row.provenance = origin, dict(provenance or {})
        ProductFile.objects.bulk_create(rows, update_conflicts=True, unique_fields=["path"], update_fields=_OF_A_FILE)
        placing.after_commit(rows, before)
    keep_open(*rows)
    return rows


def _row_of(new: NewFile, before: ProductFile | None, may_open: bool) -> ProductFile:
    return ProductFile(
        path=new.file.path,
        family=new.family,
        product_id=new.product_id,
        suffix=new.suffix,
        size=new.file.size,
        sha256=new.file.sha256,
        stored_as=_as_it_lies(before, new.file),
        **kept_closed(before, new.rights, may_open),
    )


def _as_it_lies(before: ProductFile | None, file: StoredFile) -> str:
    """The place of the registered file; the very same one that is here, and whole, stays where it is."""
    if before is None or before.sha256 != file.sha256 or not file.stored_as:
        return file.stored_as
    try:
        storage.check_whole(before.location, before.size, before.sha256)
    except storage.DamagedFileError:
        return file.stored_as
    placing.when_committed(partial(storage.discard, file.place))
    return before.stored_as


_OF_A_FILE = (
    "family",
    "product_id",
    "suffix",
    "origin",
    "size",
    "sha256",
    "stored_as",
    "changed",
    "provenance",
    "programid",
    "public_date",
)
_SAME_AS_EXPOSURE = (
    "nid",
    "field",
    "fid",
    "filtercode",
    "imgtypecode",
    "obsdate",
    "obsjd",
    "exptime",
    "filefracday",
    "airmass",
    "moonillf",
    "moonesb",
)


def _rights_of(exposure: Exposure) -> dict:
    """Rights of what belongs to an exposure: its own to start with; a release that opened raw frames holds no more."""
    return {"programid": exposure.programid, "public_date": own_date(exposure)}
