"""Points of files beside those of images: the same columns, with what the file told and nothing else."""

from __future__ import annotations

import numpy as np

from archive.survey.identifiers import SCIENCE_PIPEID
from lightcurves.told import codec

TICKS = 1e10  # a day: names a point of which only the time is told; above every pid, and exact in a double


def points(rows: list[tuple]) -> dict[str, np.ndarray]:
    """Columns of the points of rows (tier, oid, programid, public, data).

    `pid` is 0: no image of this archive. `key` names the point among those of its object: the number that its image
    has at ZTF, or its time where no exposure is told.
    """
    counts, told = codec.unpack([row[1:3] for row in rows], [row[4] for row in rows])
    wide = {"i": np.int64, "f": np.float64}
    columns = {name: values.astype(wide[values.dtype.kind]) for name, values in told.items()}
    for number, name, kind in ((1, "oid", np.int64), (2, "programid", np.int64), (3, "public", np.bool_)):
        columns[name] = np.repeat(np.array([row[number] for row in rows], dtype=kind), counts)
    oid = columns["oid"]
    columns["field"], columns["ccdid"], columns["qid"] = oid // 10**12, oid // 10**9 % 100, oid // 10**8 % 10
    rcid = 4 * (columns["ccdid"] - 1) + columns["qid"] - 1
    by_image = columns["expid"] * 10**4 + rcid * 100 + SCIENCE_PIPEID
    by_time = np.rint(np.nan_to_num(columns["hmjd"]) * TICKS).astype(np.int64)
    columns["key"] = np.where(columns["expid"] > 0, by_image, by_time)
    columns["pid"], columns["dzp"] = np.zeros(len(oid), np.int64), np.zeros(len(oid))
    for name in ("tdb_mid", "observer_x", "observer_y", "observer_z"):
        columns[name] = np.full(len(oid), np.nan)
    return columns


def times(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Modified Julian dates by which points are put in order and compared, float64 (n,).

    The start of the exposure (UTC); where a file told only the heliocentric time of its middle, that: nine minutes
    from it at most.
    """
    return np.where(np.isnan(columns["mjd"]), columns["hmjd"], columns["mjd"])
