"""A light curve of one's own, read from the file that somebody brings; nothing of it is kept. No Django."""

from __future__ import annotations

import numpy as np
from astropy.table import Table

from archive.given.timecolumns import modified, says_its_zero
from archive.given.times import BadTimeError
from archive.tables.readers import UnreadableTableError, numbers, read_table

MOST_BYTES = 5_000_000
MOST_POINTS = 20_000
NAMES = {
    "time": (
        "hjd",
        "bjd",
        "bjd_tdb",
        "jd",
        "mjd",
        "hmjd",
        "obsjd",
        "obsmjd",
        "btjd",
        "bkjd",
        "rjd",
        "unix",
        "unix_time",
        "time",
        "t",
        "date",
    ),
    "mag": ("mag", "magnitude", "magpsf", "mag_psf", "m"),
    "err": ("magerr", "mag_err", "e_mag", "sigmapsf", "sigma", "err", "error", "uncertainty", "dmag"),
    "band": ("filtercode", "filter", "band", "passband", "fid"),
}
LIMIT_OF_LABEL = 12
USUAL_ERROR = 0.02  # mag, where a file gives none and a period search needs one


class UnreadableCurveError(ValueError):
    """A file from which no light curve can be read; the message says why."""


def read(body: bytes, chosen: dict[str, str] | None = None) -> dict[str, list]:
    """Points of a CSV, IPAC or VOTable file, in order of time.

    Parameters
    ----------
    body : the file
    chosen : column names for "time", "mag", "err", "band"; those not given are found by their usual names

    Returns
    -------
    columns : "mjd" (days; Julian dates become modified ones), "mag", "magerr" (mag; 0 where not given),
        "filtercode" (text)

    Raises
    ------
    UnreadableCurveError
    """
    table = _table(body)
    names = {part: name for part in NAMES if (name := _name_of(table, part, (chosen or {}).get(part)))}
    mjd, mag = _times(table, names["time"]), _numbers(table, names["mag"])
    err = _numbers(table, names["err"]) if "err" in names else np.zeros(len(mjd))
    bands = table[names["band"]] if "band" in names else ["own"] * len(mjd)
    band = [str(value).strip()[:LIMIT_OF_LABEL] for value in bands]
    usable = np.isfinite(mjd) & np.isfinite(mag)
    if not usable.any():
        raise UnreadableCurveError(f"{names['time']}, {names['mag']}: no row has both a time and a magnitude")
    if usable.sum() > MOST_POINTS:
        raise UnreadableCurveError(f"{usable.sum()} points: at most {MOST_POINTS} are shown")
    rows = np.flatnonzero(usable)[np.argsort(mjd[usable], kind="stable")]
    return {
        "mjd": mjd[rows].tolist(),
        "mag": mag[rows].tolist(),
        "magerr": np.where(np.isfinite(err) & (err > 0), err, 0.0)[rows].tolist(),
        "filtercode": [band[row] for row in rows],
    }


def _table(body: bytes) -> Table:
    if len(body) > MOST_BYTES:
        raise UnreadableCurveError(f"the file has {len(body)} bytes; at most {MOST_BYTES}")
    try:
        table = read_table(body)
    except UnreadableTableError as error:
        raise UnreadableCurveError(str(error)) from error
    if not len(table):
        raise UnreadableCurveError("the table has no rows")
    return table


def _name_of(table: Table, part: str, chosen: str | None) -> str | None:
    if chosen:
        if chosen not in table.colnames:
            raise UnreadableCurveError(
                f"{part}={chosen}: the table has no such column; it has {', '.join(table.colnames)}"
            )
        return chosen
    known = {name.lower(): name for name in reversed(table.colnames)}
    found = next((known[name] for name in NAMES[part] if name in known), None)
    if found is None and part == "time":
        found = next((name for name in table.colnames if says_its_zero(name)), None)
    if found is None and part in ("time", "mag"):
        raise UnreadableCurveError(
            f"{part}: none of the columns {', '.join(table.colnames)} has a usual name ({', '.join(NAMES[part])}); "
            "say which it is"
        )
    return found


def _times(table: Table, name: str) -> np.ndarray:
    """A column of times as modified Julian dates."""
    column = table[name]
    values = np.asarray(column).astype(str) if column.dtype.kind in "USO" else _numbers(table, name)
    if column.dtype.kind in "USO":
        values = np.where(np.ma.getmaskarray(np.ma.asarray(column)), "", values)
    try:
        return modified(values, name, "" if column.unit is None else str(column.unit))
    except BadTimeError as error:
        raise UnreadableCurveError(str(error)) from error


def _numbers(table: Table, name: str) -> np.ndarray:
    try:
        return numbers(table, name)
    except UnreadableTableError as error:
        raise UnreadableCurveError(str(error)) from error
