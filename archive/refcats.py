"""Loading reference catalogs: tables of stars that calibration is done against, under whatever names archives use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from astropy.table import Table
from django.db import connection, models, transaction

from archive.bulk import upsert
from archive.models import GaiaStar, PanstarrsStar

CATALOGS: dict[str, type[models.Model]] = {"gaia": GaiaStar, "panstarrs": PanstarrsStar}
SCORES = "psc"
KINDS = (*CATALOGS, SCORES)
MISSING = -999.0  # as Pan-STARRS writes it
READERS = {
    ".parquet": pd.read_parquet,
    ".csv": pd.read_csv,
    ".fits": lambda path: frame_of(Table.read(path)),
}
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


class BadCatalog(ValueError):
    """A file that is no reference catalog; the message says which column is missing."""


def load(catalog: str, path: Path) -> int:
    """Bring the rows of a Parquet, CSV or FITS file into a reference catalog; known sources are replaced.

    Returns the number of rows written; for scores, of known sources that got one.
    """
    reader = READERS.get(path.suffix)
    if reader is None:
        raise BadCatalog(f"{path.name}: use one of {', '.join(READERS)}")
    return store(catalog, reader(path))


def store(catalog: str, table: pd.DataFrame) -> int:
    """Write a table, its columns named as ours or as archives name them; raises BadCatalog if one is missing."""
    return store_scores(table) if catalog == SCORES else store_stars(CATALOGS[catalog], table)


def store_stars(model: type[models.Model], table: pd.DataFrame) -> int:
    """Write the columns that a catalog has; known sources are replaced."""
    rows = renamed(table, [one.column for one in model._meta.concrete_fields])
    needed = [one.column for one in model._meta.concrete_fields if not one.null]
    _require(rows, needed, model.__name__)
    rows = _without_missing(rows).dropna(subset=needed).drop_duplicates(model._meta.pk.column)
    rows["ra"] = np.mod(rows["ra"], 360.0)
    return upsert(model, rows)


def store_scores(table: pd.DataFrame) -> int:
    """Star/galaxy scores (1 star, 0 galaxy) for Pan-STARRS sources that are known; returns how many got one."""
    rows = renamed(table, ["objid", "sgscore"])
    _require(rows, ["objid", "sgscore"], "a table of star/galaxy scores")
    rows = _without_missing(rows).dropna().drop_duplicates("objid")
    wrong = rows[~rows.sgscore.between(0, 1)]
    if len(wrong):
        first = wrong.iloc[0]
        raise BadCatalog(f"objid={int(first.objid)}: score {first.sgscore}; 1 is a star, 0 a galaxy")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE archive_panstarrsstar AS star SET sgscore = new.score
            FROM (SELECT unnest(%s::bigint[]) AS objid, unnest(%s::float8[]) AS score) AS new
            WHERE star.objid = new.objid
            """,
            [rows.objid.astype("int64").tolist(), rows.sgscore.astype(float).tolist()],
        )
        return cursor.rowcount


def renamed(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The columns of a table that we know, under our names."""
    found = {name.lower(): name for name in reversed(list(table.columns))}
    taken = {}
    for column in columns:
        name = next((found[one] for one in (column, *ALIASES.get(column, ())) if one in found), None)
        if name is not None:
            taken[column] = table[name].to_numpy()
    return pd.DataFrame(taken)


def frame_of(table: Table) -> pd.DataFrame:
    """An astropy table, its masked values NaN; columns of vectors are left out."""
    return table[[name for name in table.colnames if len(table[name].shape) == 1]].to_pandas()


def _without_missing(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.mask(rows == MISSING)


def _require(rows: pd.DataFrame, needed: list[str], what: str) -> None:
    missing = [f"{name} ({', '.join((name, *ALIASES.get(name, ())))})" for name in needed if name not in rows]
    if missing:
        raise BadCatalog(f"no column {'; '.join(missing)}: {what} needs {', '.join(needed)}")
