"""Making products known: the rows that stand for files which already lie in the tree.

Used by ingest (files from elsewhere) and by the pipelines (files made here). Every function may be called again
with the same product: the rows are the same once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from archive import calibrations
from archive.models import CalibrationImage, Exposure, ProductFile, Program, RawImage, ReferenceImage, ScienceImage
from archive.models.base import Origin
from archive.moving.dynamics import observer_at
from archive.releases.rights import keep_open, own_date
from archive.storage import StoredFile
from archive.survey import identifiers
from archive.survey.camera import filter_of
from archive.survey.filenames import ProductName

JD_UNIX_EPOCH = 2440587.5
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


def date_of_jd(jd: float) -> datetime:
    """UTC date and time of a Julian date."""
    return datetime.fromtimestamp(0, UTC) + timedelta(days=jd - JD_UNIX_EPOCH)


def julian_date(moment: datetime) -> float:
    """Julian date of a UTC date and time."""
    return moment.timestamp() / 86400 + JD_UNIX_EPOCH


def rights(programid: int, observed: datetime) -> dict:
    """Program and public date of something observed at `observed`, by its program's rule."""
    return {"programid": programid, "public_date": Program.objects.get(pk=programid).public_date(observed)}


def register_exposure(name: ProductName, header: Mapping, origin: str = Origin.OURS) -> Exposure:
    """The exposure that a raw or science file belongs to; `header` has ZTF's camera cards."""
    jd, exptime = float(header["OBSJD"]), float(header["EXPTIME"])
    observed = date_of_jd(jd)
    observer = observer_at(jd + exptime / 2 / 86400)
    fid = 0 if name.imgtypecode == "b" else filter_of(name.filtercode).fid
    exposure, _ = Exposure.objects.update_or_create(
        expid=identifiers.expid_of_jd(jd),
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
            **rights(int(header["PROGRMID"]), observed),
        },
    )
    keep_open(exposure)
    return exposure


def register_raw(name: ProductName, header: Mapping, file: StoredFile, origin: str = Origin.OURS) -> RawImage:
    """One CCD's raw file and its exposure."""
    exposure = register_exposure(name, header, origin)
    row, _ = RawImage.objects.update_or_create(
        exposure=exposure, ccdid=name.ccdid, defaults={"origin": origin, **_rights_of(exposure)}
    )
    keep_open(row)
    register_file(file, ProductFile.Family.RAW, exposure.expid, name.suffix, _rights_of(exposure), origin)
    return row


def register_science(
    name: ProductName, header: Mapping, footprint: Mapping, origin: str = Origin.OURS, quality: Mapping | None = None
) -> ScienceImage:
    """A science image from the header of its sciimg; its files are registered each by `register_file`."""
    exposure = register_exposure(name, header, origin)
    row, _ = ScienceImage.objects.update_or_create(
        pid=identifiers.make_pid(exposure.expid, name.rcid),
        defaults={
            "exposure": exposure,
            "origin": origin,
            "ccdid": name.ccdid,
            "qid": name.qid,
            "rcid": name.rcid,
            "quality": dict(quality or {}),
            **{column: getattr(exposure, column) for column in _SAME_AS_EXPOSURE},
            **_rights_of(exposure),
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


def register_reference(name: ProductName, values: Mapping, footprint: Mapping, inputs: list[ScienceImage] = ()):
    """A reference image; it is as open as the least open of its inputs."""
    fid = filter_of(name.filtercode).fid
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


def register_file(
    file: StoredFile,
    family: str,
    product_id: int,
    suffix: str,
    rights: Mapping,
    origin: str = Origin.OURS,
    provenance: Mapping | None = None,
) -> ProductFile:
    """One file of the tree, with the rights of what it belongs to (`programid`, `public_date`)."""
    row, _ = ProductFile.objects.update_or_create(
        path=file.path,
        defaults={
            "family": family,
            "product_id": product_id,
            "suffix": suffix,
            "origin": origin,
            "size": file.size,
            "sha256": file.sha256,
            "provenance": dict(provenance or {}),
            **rights,
        },
    )
    keep_open(row)
    return row


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
    """What belongs to an exposure starts with its own rights: a release that opened its raw frames holds no more."""
    return {"programid": exposure.programid, "public_date": own_date(exposure)}
