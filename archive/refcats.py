"""Loading reference catalogs: tables of stars that calibration is done against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from astropy.table import Table
from django.db import models

from archive.bulk import upsert
from archive.models import GaiaStar, PanstarrsStar

CATALOGS: dict[str, type[models.Model]] = {"gaia": GaiaStar, "panstarrs": PanstarrsStar}
MISSING = -999.0  # as Pan-STARRS writes it
READERS = {
    ".parquet": pd.read_parquet,
    ".csv": pd.read_csv,
    ".fits": lambda path: Table.read(path).to_pandas(),
}


class BadCatalog(ValueError):
    """A file that is no reference catalog; the message says which column is missing."""


def load(catalog: str, path: Path) -> int:
    """Bring the rows of a Parquet, CSV or FITS file into a reference catalog; known sources are replaced.

    Returns the number of rows read.
    """
    model = CATALOGS[catalog]
    reader = READERS.get(path.suffix)
    if reader is None:
        raise BadCatalog(f"{path.name}: use one of {', '.join(READERS)}")
    return store(model, reader(path))


def store(model: type[models.Model], table: pd.DataFrame) -> int:
    """Write the columns that a catalog has; raises BadCatalog if one that it needs is missing."""
    columns = [one.column for one in model._meta.concrete_fields]
    needed = [one.column for one in model._meta.concrete_fields if not one.null]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise BadCatalog(f"no column {', '.join(missing)}: {model.__name__} needs {', '.join(needed)}")
    present = [name for name in columns if name in table.columns]
    rows = table[present].mask(table[present] == MISSING).drop_duplicates(present[0])
    rows["ra"] = np.mod(rows["ra"], 360.0)
    return upsert(model, rows)
