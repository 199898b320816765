"""Texts of the forced-photometry service: one position, one row for each image, its columns named in the text."""

from __future__ import annotations

import io
import re
from typing import BinaryIO

import numpy as np
import pandas as pd

from archive.sandbox.readers import declared
from archive.sandbox.readers.errors import BadFileError, content_of

LARGEST = 256 << 20  # bytes
MOST_ROWS = 500_000  # a place is imaged some thousand times
LONGEST_HEAD = 64 << 10  # bytes before the rows
_ASKED = {
    "ra": re.compile(r"^# Requested input R\.A\. = (\S+) degrees", re.MULTILINE),
    "dec": re.compile(r"^# Requested input Dec\. = (\S+) degrees", re.MULTILINE),
}
_NAMES = re.compile(r"^[ ]*(index,[ \w,]+)$", re.MULTILINE)
TEXTS = ("filter", "procstatus")


def read(file: BinaryIO, needed: list[str]) -> dict:
    """`ra`, `dec` (deg) of the position, and `rows`: the columns that are needed, by name; null is NaN, or empty."""
    content = content_of(file, LARGEST)
    head = content[:LONGEST_HEAD].decode("utf-8", "replace")
    asked = {name: match for name, pattern in _ASKED.items() if (match := pattern.search(head))}
    named = _NAMES.search(head)
    if named is None or len(asked) < len(_ASKED):
        raise BadFileError(
            "is named like no product, and is no forced photometry (no position or columns before its rows)"
        )
    names = [name.strip() for name in named[1].split(",")]
    if missing := [name for name in needed if name not in names]:
        raise BadFileError(f"forced photometry without {', '.join(missing[:5])}")
    if len(names) > declared.MOST_COLUMNS or len(set(names)) != len(names):
        raise BadFileError("its columns are too many, or two have one name")
    rows = content[len(head[: named.end()].encode()) :]
    try:
        place = {name: float(found[1]) for name, found in asked.items()}
        table = pd.read_csv(
            io.BytesIO(rows), sep=r"\s+", comment="#", header=None, names=names, index_col=False, nrows=MOST_ROWS + 1,
            na_values=["null"], keep_default_na=False, dtype=dict.fromkeys(TEXTS, str),
        )  # fmt: skip
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise BadFileError(f"not a readable text of forced photometry ({str(error)[:200]})") from error
    if not 0 < len(table) <= MOST_ROWS:
        raise BadFileError(f"{len(table)} rows; 1 to {MOST_ROWS} are taken")
    return place | {"rows": {name: _column(table[name], name) for name in needed}}


def _column(column: pd.Series, name: str) -> np.ndarray:
    if name in TEXTS:
        return column.fillna("").astype(str).to_numpy(dtype=str)
    if column.dtype.kind not in "iuf":
        raise BadFileError(f"{name}: holds what is no number, and not null")
    return column.to_numpy()
