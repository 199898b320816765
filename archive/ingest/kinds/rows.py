"""Metadata of another archive as rows of ours: exposures, science images, raw files, references, calibrations.

A row that was made here is never replaced. The rights are those that the other archive tells of; a row that names no
group is closed, and what is closed here stays so unless somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from django.db import models, transaction
from django.db.models import Q

from archive.access.reading import PROGRAMS, PUBLIC
from archive.database.upsert import upsert
from archive.ingest import values
from archive.ingest.errors import RefusedError
from archive.models import CalibrationImage, Exposure, OwnDate, RawImage, ReferenceImage, ScienceImage
from archive.models.base import Origin
from archive.models.images import CORNERS
from archive.moving.dynamics.observer import observer_at
from archive.releases.closing import CLOSED, most_closed, own_rights
from archive.releases.rights import keep_open
from archive.sky.footprints import LINEAR
from archive.sky.sphere import separation
from archive.survey import identifiers
from archive.survey.camera import FILTERS, rcid
from archive.survey.fields import field_centre
from archive.survey.times import SECONDS_PER_DAY

OBSERVATION = ("nid", "field", "fid", "filtercode", "imgtypecode", "obsjd", "exptime", "filefracday")
SKY = ("airmass", "moonillf", "moonesb")
PLACE = ("field", "ccdid", "qid", "rcid", "fid", "filtercode")
QUALITY = ("infobits", "seeing", "maglimit")
FOOTPRINT = ("ra", "dec", *LINEAR, *CORNERS)
MODELS = {"sci": ScienceImage, "raw": RawImage, "ref": ReferenceImage}
NO_GROUP = -1  # as IRSA writes it where everybody may read
OPEN_SINCE = pd.Timestamp("2018-03-17", tz="UTC")  # open to all, since when it is not said
FARTHEST_NUMBER = 25  # of 0.86 s, from an exposure's number to its time; exposures are 38 s apart
CODES = {one.code: one.fid for one in FILTERS}


def rights_of(row) -> dict:
    """Program and public date of a row of IRSA's metadata: ipac_gid is the program, where there is one.

    Without an ipac_gid nothing is known of who may read: such a row is closed.
    """
    group = _group(getattr(row, "ipac_gid", None))
    date = _date(getattr(row, "ipac_pub_date", None))
    if group is None:
        return dict(CLOSED)
    if group in PROGRAMS:
        return {"programid": group, "public_date": date}
    if group != NO_GROUP:
        raise RefusedError(f"ipac_gid={group}: is no program; there are {', '.join(map(str, PROGRAMS))}")
    return {"programid": PUBLIC, "public_date": date or OPEN_SINCE.to_pydatetime()}


def ingest(
    family: str, table: pd.DataFrame, origin: str = Origin.ZTF, may_open: bool = False, what: str = "metadata"
) -> int:
    """Rows of science images, raw files or references that are known by their metadata; returns how many.

    Parameters
    ----------
    table : columns as IRSA names them; `programid` and `public_date` instead of ipac_gid and ipac_pub_date if the
        rights are known already
    what : named in what is refused

    Raises
    ------
    RefusedError
        for a family, a column or a value that cannot be taken; nothing was changed then.
    """
    if family not in MODELS:
        raise RefusedError(f"family={family}: rows of {', '.join(MODELS)} are taken in; calibrations with their files")
    if table.empty:
        return 0
    if "programid" not in table.columns or "ipac_gid" in table.columns:
        table = table.assign(**_rights(table))
    try:
        with transaction.atomic():
            return {"sci": _science, "raw": _raw, "ref": _references}[family](table, origin, may_open, what)
    except KeyError as error:
        raise RefusedError(f"{what}: the metadata have no column {error}") from error


def take_calibration(row, origin: str = Origin.ZTF) -> CalibrationImage:
    """The row of one calibration, if its night and quadrant have none yet."""
    said = checked_calibration(row)
    place = {name: said.pop(name) for name in ("caltype", "rcid", "fid", "nid")}
    made, _ = CalibrationImage.objects.get_or_create(**place, defaults={**said, "origin": origin})
    return made


def checked_calibration(row) -> dict:
    """The columns of a calibration's row; Refused for one that cannot be."""
    names = ("caltype", "rcid", "fid", "nid", "cid", "ccdid", "qid", "filtercode", "nightdate", "nframes")
    said = {name: getattr(row, name) for name in (*names, "startobsdate", "endobsdate")}
    said = values.checked("calibrationimage", said, "metadata of a calibration")
    if rcid(said["ccdid"], said["qid"]) != said["rcid"] or CODES.get(said["filtercode"], 0) != said["fid"]:
        raise RefusedError(
            f"metadata of a calibration: cid={said['cid']}: rcid or fid is not that of CCD, quadrant, filter"
        )
    return said


def moments(column: pd.Series, name: str, what: str) -> pd.Series:
    """A column of times, in UTC; empty where it says nothing."""
    said = column.where(column.notna(), "").astype(str).str.strip()
    empty = said.isin(("", "NaT", "nan", "None"))
    made = pd.to_datetime(said.mask(empty), utc=True, format="ISO8601", errors="coerce")
    wrong = (made.isna() & ~empty) | (made.notna() & ~made.dt.year.between(2000, 2200))
    if wrong.any():
        raise RefusedError(f"{what}: {name}={said[wrong].iloc[0][:40]!r}: a time like 2020-09-24 10:21:45+00 is needed")
    return made


def _group(value: Any) -> int | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.5
    if number != number:
        return None
    if number != int(number) if abs(number) < 1e9 else True:
        raise RefusedError(f"ipac_gid={value!s:.20}: is no program; there are {', '.join(map(str, PROGRAMS))}")
    return int(number)


def _date(value: object):
    said = "" if value is None or value is pd.NaT else str(value).strip()
    if said in ("", "nan", "NaT"):
        return None
    return moments(pd.Series([said]), "ipac_pub_date", "metadata")[0].to_pydatetime()


def _rights(table: pd.DataFrame) -> dict:
    nothing = [None] * len(table)
    pairs = zip(table.get("ipac_gid", nothing), table.get("ipac_pub_date", nothing), strict=True)
    known: dict = {}  # few different ones in many rows
    found = []
    for pair in pairs:
        key = tuple(map(str, pair))
        if key not in known:
            known[key] = rights_of(pd.Series(dict(zip(("ipac_gid", "ipac_pub_date"), pair, strict=True)), dtype=object))
        found.append(known[key])
    dates = pd.to_datetime(pd.Series([one["public_date"] for one in found], index=table.index), utc=True)
    return {"programid": [one["programid"] for one in found], "public_date": dates}


def _science(table: pd.DataFrame, origin: str, may_open: bool, what: str) -> int:
    columns = ("pid", *OBSERVATION, *SKY, *PLACE, *QUALITY, *FOOTPRINT, "obsdate", "itid", "imgtype")
    rows = _checked("scienceimage", table, columns, what)
    rows = rows.assign(expid=_checked("exposure", table, ("expid",), what, rights=False).expid)
    _require_one_identity(rows, what)
    wrong = rows.pid // 10**4 != rows.expid
    _refuse(wrong | (rows.pid // 100 % 100 != rows.rcid), rows, what, "pid", "not that of its exposure and channel")
    _exposures(table, origin, may_open, what)
    rows = rows.assign(radius=_radius(rows, "scienceimage", what), origin=origin)
    rows = rows[~rows.pid.isin(_ours(ScienceImage, rows.pid, origin))].drop_duplicates("pid")
    rows = _kept_closed(ScienceImage, "pid", rows, may_open)
    count = upsert(ScienceImage, rows, new={"quality": "{}", "status": 1})
    _keep_open(ScienceImage, rows.pid)
    return count


def _raw(table: pd.DataFrame, origin: str, may_open: bool, what: str) -> int:
    ccds = _checked("rawimage", table, ("ccdid",), what)
    _exposures(table, origin, may_open, what)
    count = 0
    for expid, row in zip(table.expid.astype(int), ccds.itertuples(), strict=True):
        rights = {
            "programid": row.programid,
            "public_date": None if pd.isna(row.public_date) else row.public_date.to_pydatetime(),
        }
        found, made = RawImage.objects.get_or_create(
            exposure_id=expid, ccdid=row.ccdid, defaults=rights | {"origin": origin}
        )
        if not made and found.origin == origin:
            own = own_rights(RawImage, [found.pk])[found.pk]
            RawImage.objects.filter(pk=found.pk).update(**(rights if may_open else most_closed([own, rights])))
            _keep_open(RawImage, pd.Series([found.pk]))
        count += made or found.origin == origin
    return count


def _references(table: pd.DataFrame, origin: str, may_open: bool, what: str) -> int:
    columns = ("rfid", "nframes", "infobits", "maglimit", "startobsdate", "endobsdate", *PLACE, *FOOTPRINT)
    rows = _checked("referenceimage", table, columns, what)
    _require_one_identity(rows, what)
    told = (rows.field * 1000 + identifiers.REFERENCE_MARK) * 1000 + rows.fid * 100 + rows.rcid
    _refuse(rows.rfid != told, rows, what, "rfid", "not that of its field, filter and channel")
    rows = rows.assign(radius=_radius(rows, "referenceimage", what), origin=origin)
    rows = rows[~rows.rfid.isin(_ours(ReferenceImage, rows.rfid, origin))].drop_duplicates("rfid")
    rows = _kept_closed(ReferenceImage, "rfid", rows, may_open)
    count = upsert(ReferenceImage, rows, new={"quality": "{}"})
    _keep_open(ReferenceImage, rows.rfid)
    return count


def _exposures(table: pd.DataFrame, origin: str, may_open: bool, what: str) -> None:
    """One row for each exposure, as closed as the most closed of its images."""
    rows = _checked("exposure", table, ("expid", *OBSERVATION, *SKY, "obsdate"), what)
    _require_own_times(rows, what)
    rights = {
        expid: most_closed(_plain(one) for one in mine[["programid", "public_date"]].itertuples())
        for expid, mine in rows.groupby("expid")
    }
    rows = rows.drop_duplicates("expid").reset_index(drop=True)
    rows = _with_rights(rows, [rights[one] for one in rows.expid])
    centres = [_centre(one) for one in rows.field]
    observer = observer_at(rows.obsjd.to_numpy(float) + rows.exptime.to_numpy(float) / 2 / SECONDS_PER_DAY)
    rows = rows.assign(
        origin=origin,
        tdb_mid=observer.tdb,
        **dict(zip(("observer_x", "observer_y", "observer_z"), np.asarray(observer.position).T, strict=True)),
    )
    keep = ~rows.expid.isin(_ours(Exposure, rows.expid, origin)).to_numpy()
    new = {"ra": [one[0] for one in centres], "dec": [one[1] for one in centres]}  # a header knows them better
    kept = _kept_closed(Exposure, "expid", rows[keep], may_open)
    upsert(Exposure, kept, new={name: np.array(told, dtype=object)[keep] for name, told in new.items()})
    _keep_open(Exposure, kept.expid)


def _require_own_times(rows: pd.DataFrame, what: str) -> None:
    """An exposure's number, night and time are one."""
    number = rows.obsjd.map(identifiers.expid_of_jd)
    _refuse((rows.expid - number).abs() > FARTHEST_NUMBER, rows, what, "expid", "not that of obsjd")
    _refuse(rows.nid != rows.expid // 10**5, rows, what, "nid", "not that of expid")
    named = rows.filefracday.map(identifiers.jd_of_filefracday)
    apart = (rows.obsjd - named) * SECONDS_PER_DAY
    _refuse(~apart.between(-5, 120), rows, what, "filefracday", "not of the time of obsjd")


def _require_one_identity(rows: pd.DataFrame, what: str) -> None:
    _refuse(4 * (rows.ccdid - 1) + rows.qid - 1 != rows.rcid, rows, what, "rcid", "not that of ccdid and qid")
    _refuse(rows.filtercode.map(CODES) != rows.fid, rows, what, "fid", "not that of filtercode")


def _refuse(wrong: pd.Series, rows: pd.DataFrame, what: str, column: str, why: str) -> None:
    if wrong.any():
        raise RefusedError(f"{what}: {column}={rows[wrong].iloc[0][column]}: is {why}")


def _centre(field: int) -> tuple[float | None, float | None]:
    try:
        return field_centre(int(field))
    except LookupError:
        return None, None


def _ours(model, keys: pd.Series, origin: str) -> list[int]:
    return list(model.objects.filter(~Q(origin=origin), pk__in=keys.tolist()).values_list("pk", flat=True))


def _checked(model: str, table: pd.DataFrame, columns: tuple[str, ...], what: str, rights: bool = True) -> pd.DataFrame:
    """Some columns of a model, each once, every value by its rule; with the rights."""
    chosen = table[list(dict.fromkeys(columns))].copy()
    times = [name for name in ("obsdate", "startobsdate", "endobsdate") if name in chosen.columns]
    dates = {name: moments(chosen.pop(name), name, what) for name in times}
    made = values.checked_table(model, chosen, what).assign(**dates)
    for name in times:
        if not values.RULES[model][name].optional and made[name].isna().any():
            raise RefusedError(f"{what}: {name} is missing")
    if not rights:
        return made
    dates = pd.to_datetime(table.public_date, utc=True)
    return made.assign(programid=table.programid.astype(int), public_date=dates)


def _kept_closed(model: type[models.Model], key: str, rows: pd.DataFrame, may_open: bool) -> pd.DataFrame:
    """The rows with the rights that they may have: what is closed here stays closed."""
    if may_open or rows.empty:
        return rows
    here = own_rights(model, rows[key].tolist())
    if not here:
        return rows
    said = [_plain(one) for one in rows[["programid", "public_date"]].itertuples()]
    kept = [
        most_closed([here[number], one]) if number in here else one
        for number, one in zip(rows[key].tolist(), said, strict=True)
    ]
    return _with_rights(rows, kept)


def _with_rights(rows: pd.DataFrame, rights: Sequence[Mapping]) -> pd.DataFrame:
    dates = pd.to_datetime(pd.Series([one["public_date"] for one in rights], index=rows.index), utc=True)
    return rows.assign(programid=[one["programid"] for one in rights], public_date=dates)


def _plain(row) -> dict:
    return {
        "programid": int(row.programid),
        "public_date": None if pd.isna(row.public_date) else row.public_date.to_pydatetime(),
    }


def _keep_open(model: type[models.Model], keys: pd.Series) -> None:
    """Leave open what a release opened."""
    opened = OwnDate.objects.filter(relation=model._meta.db_table, key__in=keys.tolist()).values_list("key", flat=True)
    keep_open(*model.objects.filter(pk__in=list(opened)))


def _radius(table: pd.DataFrame, model: str, what: str) -> np.ndarray:
    corners = [separation(table.ra, table.dec, table[f"ra{n}"], table[f"dec{n}"]) for n in (1, 2, 3, 4)]
    radius = np.max(np.asarray(corners), axis=0)
    return values.checked_table(model, pd.DataFrame({"radius": radius}), what).radius.to_numpy()
