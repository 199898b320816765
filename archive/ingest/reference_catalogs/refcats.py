"""Loading reference catalogs: tables of stars that calibration is done against, under whatever names archives use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.table import Table
from django.db import connection, models, transaction

from archive import sandbox
from archive.database.upsert import upsert
from archive.ingest import values
from archive.models import GaiaStar, PanstarrsStar

CATALOGS: dict[str, type[models.Model]] = {"gaia": GaiaStar, "panstarrs": PanstarrsStar}
SCORES = "psc"
KINDS = (*CATALOGS, SCORES)
MISSING = -999.0  # as Pan-STARRS writes it
READERS = (".parquet", ".csv", ".fits")
LARGEST_MEMORY = 12 << 30  # bytes, to read a file
# What our columns are in; a table that tells another unit is brought into it.
UNITS = {
    **dict.fromkeys(("ra", "dec"), u.deg),
    **dict.fromkeys(("pmra", "pmdec"), u.mas / u.yr),
    **dict.fromkeys(("ra_error", "dec_error"), u.mas),
    **dict.fromkeys(("phot_g_mean_mag", "bp_rp", *(f"{band}{what}" for band in "griz" for what in ("mag", "magerr"))),
                    u.mag),
}  # fmt: skip
# Our column -> names that archives give it, in lower case: Gaia's TAP, MAST's Pan-STARRS and PS1-PSC, VizieR.
ALIASES = {
    "source_id": ("source",),
    "objid": ("obj_id", "objectid"),
    "ra": ("ramean", "raj2000", "ra_icrs", "raave"),
    "dec": ("decmean", "dej2000", "decj2000", "de_icrs", "decave"),
    "ra_error": ("e_ra_icrs",),
    "dec_error": ("e_de_icrs",),
    "phot_g_mean_mag": ("gmag_gaia",),
    "bp_rp": ("bp-rp",),
    **{f"{band}mag": (f"{band}meanpsfmag",) for band in "griz"},
    **{f"{band}magerr": (f"{band}meanpsfmagerr", f"e_{band}mag", f"{band}mag_error") for band in "griz"},
    "sgscore": ("ps_score", "psscore", "psc", "score"),
}


class BadCatalogError(ValueError):
    """A file that is no reference catalog; the message says which column is missing."""


@dataclass
class Loaded:
    """Counts of rows that were written (of scores: of known sources that got one) and left out, by reason."""

    rows: int
    left_out: Counter = field(default_factory=Counter)


def load(catalog: str, path: Path) -> Loaded:
    """Bring the rows of a Parquet, CSV or FITS file into a reference catalog; known sources are replaced."""
    if path.suffix not in READERS:
        raise BadCatalogError(f"{path.name}: use one of {', '.join(READERS)}")
    return store_table(catalog, _read(path))


def store(catalog: str, table: pd.DataFrame) -> int:
    """As `store_table`; the number of rows."""
    return store_table(catalog, table).rows


def store_table(catalog: str, table: pd.DataFrame) -> Loaded:
    """Write a table, its columns named as ours or as archives name them; raises BadCatalogError if one is missing."""
    return store_scores(table) if catalog == SCORES else store_stars(CATALOGS[catalog], table)


def store_stars(model: type[models.Model], table: pd.DataFrame) -> Loaded:
    """Write the columns that a catalog has; known sources are replaced. A row with a value that may not be is left out.

    Right ascensions below 0 or beyond 360 degrees are brought into that range.
    """
    rows = renamed(table, [one.column for one in model._meta.concrete_fields])
    needed = [one.column for one in model._meta.concrete_fields if not one.null]
    _require(rows, needed, model.__name__)
    rows = _without_missing(rows)
    left_out: Counter[str] = Counter()
    with np.errstate(invalid="ignore"):
        rows["ra"] = np.mod(pd.to_numeric(rows["ra"], errors="coerce"), 360.0)
    kept = np.ones(len(rows), bool)
    for column, wrong in values.wrong_rows(model._meta.model_name, rows).items():
        rule = values.RULES[model._meta.model_name][column]
        if count := int((wrong & kept).sum()):
            left_out[f"{column} is not {rule.words}"] += count
            kept &= ~wrong
    rows, whole = rows[kept], int(kept.sum())
    rows = rows.drop_duplicates(model._meta.pk.column)
    if whole > len(rows):
        left_out[f"{model._meta.pk.column} came before"] += whole - len(rows)
    return Loaded(upsert(model, rows), left_out)


def store_scores(table: pd.DataFrame) -> Loaded:
    """Star/galaxy scores (1 star, 0 galaxy) for Pan-STARRS sources that are known; returns how many got one."""
    rows = renamed(table, ["objid", "sgscore"])
    _require(rows, ["objid", "sgscore"], "a table of star/galaxy scores")
    found = len(rows)
    rows = _without_missing(rows).dropna().drop_duplicates("objid")
    left_out = Counter({"without a score, or objid came before": found - len(rows)} if found > len(rows) else {})
    wrong = rows[~rows.sgscore.between(0, 1)]
    if len(wrong):
        first = wrong.iloc[0]
        raise BadCatalogError(f"objid={int(first.objid)}: score {first.sgscore}; 1 is a star, 0 a galaxy")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE archive_panstarrsstar AS star SET sgscore = new.score
            FROM (SELECT unnest(%s::bigint[]) AS objid, unnest(%s::float8[]) AS score) AS new
            WHERE star.objid = new.objid
            """,
            [rows.objid.astype("int64").tolist(), rows.sgscore.astype(float).tolist()],
        )
        count = cursor.rowcount
    if count < len(rows):
        left_out["no star of this objid is here"] += len(rows) - count
    return Loaded(count, left_out)


def renamed(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The columns of a table that we know, under our names."""
    found = {name.lower(): name for name in reversed(list(table.columns))}
    taken = {}
    for column in columns:
        name = next((found[one] for one in (column, *ALIASES.get(column, ())) if one in found), None)
        if name is not None:
            taken[column] = table[name].to_numpy()
    return pd.DataFrame(taken)


def _read(path: Path) -> pd.DataFrame:
    """The columns of a file that may be ours, read in the sandbox, in the units that ours are in."""
    names = sorted({"objid", "source_id", *UNITS, *ALIASES, *(one for known in ALIASES.values() for one in known)})
    size = path.stat().st_size
    limits = sandbox.Limits(
        memory=min((1 << 30) + 12 * size, LARGEST_MEMORY), cpu=60 + size // 1_000_000, seconds=7200.0, answer=4 << 30
    )
    try:
        with path.open("rb") as file:
            kind = {"kind": path.suffix, "names": names}
            found = sandbox.run(
                "archive.sandbox.readers.products.tabular:read_catalog", file.fileno(), limits, sandbox.INGEST, **kind
            )
    except sandbox.SandboxError as error:
        raise BadCatalogError(f"{path.name}: {error}") from error
    return pd.DataFrame({name: _in_our_unit(name, found, path.name) for name in found["columns"]})


def _in_our_unit(name: str, found: dict, file: str):
    told = (found["units"].get(name) or "").strip()
    ours = next((column for column in UNITS if name.lower() in (column, *ALIASES.get(column, ()))), None)
    if not told or ours is None:
        return found["columns"][name]
    try:
        return u.Quantity(found["columns"][name], u.Unit(told)).to_value(UNITS[ours])
    except (ValueError, TypeError) as error:
        raise BadCatalogError(
            f"{file}: column {name} is in {told!r}; {UNITS[ours]} or what can be made of it"
        ) from error


def frame_of(table: Table) -> pd.DataFrame:
    """An astropy table, its masked values NaN; columns of vectors are left out."""
    return table[[name for name in table.colnames if len(table[name].shape) == 1]].to_pandas()


def _without_missing(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.mask(rows == MISSING)


def _require(rows: pd.DataFrame, needed: list[str], what: str) -> None:
    missing = [f"{name} ({', '.join((name, *ALIASES.get(name, ())))})" for name in needed if name not in rows]
    if missing:
        raise BadCatalogError(f"no column {'; '.join(missing)}: {what} needs {', '.join(needed)}")
