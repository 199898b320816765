"""Metadata of another archive as rows of ours: exposures, science images, raw files, references, calibrations.

A row that was made here is never replaced. The rights are those that the other archive tells of.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from django.db.models import Q

from archive.access import PROGRAMS, PUBLIC
from archive.bulk import upsert
from archive.footprints import LINEAR, separation
from archive.ingest.errors import Refused
from archive.models import CalibrationImage, Exposure, RawImage, ReferenceImage, ScienceImage
from archive.models.base import Origin
from archive.models.images import CORNERS
from archive.moving.dynamics import observer_at
from archive.survey.fields import field_centre

OBSERVATION = ("nid", "field", "fid", "filtercode", "imgtypecode", "obsjd", "exptime", "filefracday")
SKY = ("airmass", "moonillf", "moonesb")
PLACE = ("field", "ccdid", "qid", "rcid", "fid", "filtercode")
QUALITY = ("infobits", "seeing", "maglimit")
FOOTPRINT = ("ra", "dec", *LINEAR, *CORNERS)
MODELS = {"sci": ScienceImage, "raw": RawImage, "ref": ReferenceImage}
KEYS = {"sci": "pid", "ref": "rfid"}


def rights_of(row) -> dict:
    """Program and public date of a row of IRSA's metadata: ipac_gid is the program, where there is one."""
    group = int(getattr(row, "ipac_gid", -1))
    date = pd.to_datetime(str(getattr(row, "ipac_pub_date", "") or "").strip() or None, utc=True, format="ISO8601")
    if group in PROGRAMS:
        return {"programid": group, "public_date": None if pd.isna(date) else date.to_pydatetime()}
    if group != -1:
        raise Refused(f"ipac_gid={group}: is no program; there are {', '.join(map(str, PROGRAMS))}")
    since = (
        date if not pd.isna(date) else pd.Timestamp("2018-03-17", tz="UTC")
    )  # open to all, since when it is not said
    return {"programid": PUBLIC, "public_date": since.to_pydatetime()}


def take(family: str, table: pd.DataFrame, origin: str = Origin.ZTF) -> int:
    """Rows of science images, raw files or references that are known by their metadata; returns how many.

    Raises
    ------
    Refused
        for a family, a column or a value that cannot be taken; nothing was changed then.
    """
    if family not in MODELS:
        raise Refused(f"family={family}: rows of {', '.join(MODELS)} are taken in; calibrations with their files")
    if table.empty:
        return 0
    table = table.assign(**_rights(table))
    try:
        return {"sci": _science, "raw": _raw, "ref": _references}[family](table, origin)
    except KeyError as error:
        raise Refused(f"{family}: the metadata have no column {error}") from error


def take_calibration(row, origin: str = Origin.ZTF) -> CalibrationImage:
    """The row of one calibration, if its night and quadrant have none yet."""
    place = {name: getattr(row, name) for name in ("caltype", "rcid", "fid", "nid")}
    start, end = (
        pd.to_datetime(getattr(row, name), utc=True).to_pydatetime() for name in ("startobsdate", "endobsdate")
    )
    values = {name: getattr(row, name) for name in ("cid", "ccdid", "qid", "filtercode", "nightdate", "nframes")}
    made, _ = CalibrationImage.objects.get_or_create(
        **place, defaults={**values, "startobsdate": start, "endobsdate": end, "origin": origin}
    )
    return made


def _rights(table: pd.DataFrame) -> dict:
    found = [rights_of(row) for row in table.itertuples()]
    dates = pd.to_datetime(pd.Series([one["public_date"] for one in found], index=table.index), utc=True)
    return {"programid": [one["programid"] for one in found], "public_date": dates}


def _science(table: pd.DataFrame, origin: str) -> int:
    _exposures(table, origin)
    columns = ("pid", "expid", *OBSERVATION, *SKY, *PLACE, *QUALITY, *FOOTPRINT, "obsdate", "itid", "imgtype")
    rows = _known(table, dict.fromkeys(columns)).assign(radius=_radius(table), origin=origin)
    rows = rows[~rows.pid.isin(_ours(ScienceImage, rows.pid, origin))].drop_duplicates("pid")
    return upsert(ScienceImage, rows, new={"quality": "{}", "status": 1})


def _raw(table: pd.DataFrame, origin: str) -> int:
    _exposures(table, origin)
    count = 0
    for row in table.itertuples():
        rights = {"programid": row.programid, "public_date": None if pd.isna(row.public_date) else row.public_date}
        found, made = RawImage.objects.get_or_create(
            exposure_id=row.expid, ccdid=row.ccdid, defaults=rights | {"origin": origin}
        )
        if not made and found.origin == origin:
            RawImage.objects.filter(pk=found.pk).update(**rights)
        count += made or found.origin == origin
    return count


def _references(table: pd.DataFrame, origin: str) -> int:
    columns = ("rfid", "nframes", "infobits", "maglimit", "startobsdate", "endobsdate", *PLACE, *FOOTPRINT)
    rows = _known(table, dict.fromkeys(columns)).assign(radius=_radius(table), origin=origin)
    rows = rows[~rows.rfid.isin(_ours(ReferenceImage, rows.rfid, origin))].drop_duplicates("rfid")
    return upsert(ReferenceImage, rows, new={"quality": "{}"})


def _exposures(table: pd.DataFrame, origin: str) -> None:
    """One row for each exposure, as open as the most open of its images."""
    table = table.sort_values("public_date", na_position="last").drop_duplicates("expid").reset_index(drop=True)
    centres = [_centre(one) for one in table.field]
    observer = observer_at(table.obsjd.to_numpy(float) + table.exptime.to_numpy(float) / 2 / 86400)
    rows = _known(table, dict.fromkeys(("expid", *OBSERVATION, *SKY, "obsdate"))).assign(
        origin=origin,
        tdb_mid=observer.tdb,
        **dict(zip(("observer_x", "observer_y", "observer_z"), np.asarray(observer.position).T, strict=True)),
    )
    ours = _ours(Exposure, rows.expid, origin)
    new = {"ra": [one[0] for one in centres], "dec": [one[1] for one in centres]}  # a header knows them better
    keep = ~rows.expid.isin(ours).to_numpy()
    upsert(Exposure, rows[keep], new={name: np.array(values, dtype=object)[keep] for name, values in new.items()})


def _centre(field: int) -> tuple[float | None, float | None]:
    try:
        return field_centre(int(field))
    except LookupError:
        return None, None


def _ours(model, keys: pd.Series, origin: str) -> list[int]:
    return list(model.objects.filter(~Q(origin=origin), pk__in=keys.tolist()).values_list("pk", flat=True))


def _known(table: pd.DataFrame, columns: Mapping[str, None]) -> pd.DataFrame:
    """Some columns, each once, with the rights; numbers that are not there are null."""
    rows = table[[*columns, "programid", "public_date"]].copy()
    for name in {"obsdate", "startobsdate", "endobsdate"} & set(rows.columns):
        rows[name] = pd.to_datetime(rows[name].replace("", None), utc=True, format="ISO8601")
    return rows


def _radius(table: pd.DataFrame) -> np.ndarray:
    return np.max(
        [separation(table.ra, table.dec, table[f"ra{n}"], table[f"dec{n}"]).to_numpy() for n in (1, 2, 3, 4)], axis=0
    )
