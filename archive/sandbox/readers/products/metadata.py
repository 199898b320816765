"""Tables of metadata as CSV, gzip'ed or not."""

from __future__ import annotations

import io
from typing import BinaryIO

import pandas as pd

from archive.sandbox.readers import declared
from archive.sandbox.readers.errors import BadFileError, content_of
from archive.sandbox.readers.products.fitsfile import GZIP, expand

LARGEST = 1 << 30  # bytes, expanded
MOST_ROWS = 5_000_000


def read_csv(file: BinaryIO, needed: list[str], further: list[str]) -> dict:
    """The columns that are needed, and those of the further ones that are there, by name, as texts."""
    head = file.read(2)
    file.seek(0)
    content = expand(file, LARGEST) if head == GZIP else content_of(file, LARGEST)
    try:
        declared.check_csv_head(io.BytesIO(content))
        columns = list(pd.read_csv(io.BytesIO(content), nrows=0).columns)
        if missing := [name for name in needed if name not in columns]:
            raise BadFileError(f"not a table of reference metadata (no column {', '.join(missing[:5])})")
        names_read = [*needed, *(name for name in further if name in columns)]
        table = pd.read_csv(io.BytesIO(content), usecols=names_read, nrows=MOST_ROWS + 1, low_memory=False)
    except BadFileError:
        raise
    except (ValueError, OSError, EOFError) as error:  # pandas' own errors are ValueErrors
        raise BadFileError(f"not a readable CSV table ({str(error)[:200]})") from error
    if len(table) > MOST_ROWS:
        raise BadFileError(f"more than {MOST_ROWS} rows")
    return {name: _plain(table[name]) for name in names_read}


def _plain(column: pd.Series):
    if column.dtype.kind in "iuf":
        return column.to_numpy()
    return column.fillna("").astype(str).to_numpy(dtype=str)
