"""Values of foreign files, read by the table of values (`archive.ingest.value_rules`) or refused by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from archive.ingest.errors import RefusedError
from archive.ingest.value_rules import CARDS, OWN, RULES
from archive.ingest.value_types import NUMBER, TEXT, WHOLE, Rule
from archive.survey.missing import UNKNOWN

__all__ = [
    "CARDS", "NUMBER", "OWN", "RULES", "TEXT", "UNKNOWN", "WHOLE", "Rule", "checked", "checked_table", "header",
    "wrong_rows",
]  # fmt: skip


def header(cards: Mapping[str, object], needed: tuple[str, ...], file: str) -> dict[str, Any]:
    """The cards that become columns, as these keep them; of `needed` none may be missing.

    Raises
    ------
    RefusedError
        naming the card, its value, and what would be right.
    """
    if missing := [card for card in needed if cards.get(card) is None]:
        raise RefusedError(f"{file}: header lacks {', '.join(missing)}")
    made = {}
    for card, (model, column) in CARDS.items():
        if card in cards and cards[card] is not None:
            made[card] = _read(RULES[model][column], cards[card], card, file, card in needed)
    return made


def checked(model: str, values: Mapping[str, object], what: str) -> dict[str, Any]:
    """Values by column, as these keep them; refused as in `header`."""
    return {name: _read(RULES[model][name], value, name, what) for name, value in values.items()}


def checked_table(model: str, table: pd.DataFrame, what: str) -> pd.DataFrame:
    """A table whose columns are a model's, every value read by its rule.

    Raises
    ------
    RefusedError
        naming column, row, value, and what would be right.
    """
    made = {name: _column(RULES[model][name], table[name], name, what) for name in table.columns}
    return pd.DataFrame(made, index=table.index)


def wrong_rows(model: str, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """By column: which rows of a table have a value that may not be, or lack one that must be."""
    return {name: _numbers(RULES[model][name], table[name])[1] for name in table.columns}


def _read(rule: Rule, value: object, name: str, what: str, needed: bool = False) -> Any:
    try:
        made = rule.read(value)
    except (ValueError, OverflowError, TypeError) as error:
        said = f"{name}={str(value)[:60]!r}" if not isinstance(value, dict) else f"{name} (no value that can be read)"
        raise RefusedError(f"{what}: {said}: {str(error) or 'is not allowed'}; {rule.words} is needed") from error
    if needed and made is None:
        raise RefusedError(f"{what}: {name}={value}: is not known; {rule.words} is needed")
    return made


def _column(rule: Rule, column: pd.Series, name: str, what: str) -> pd.Series:
    if rule.kind in (WHOLE, NUMBER) and not rule.among and column.dtype.kind in "iuf":
        made, wrong = _numbers(rule, column)
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise RefusedError(f"{what}: row {first}: {name}={column.iloc[first]!s:.60}: {rule.words} is needed")
        return made
    known: dict = {}  # a table says the same few things again and again
    values = []
    for number_, value in enumerate(column.tolist()):
        if isinstance(value, float) and math.isnan(value):
            value = None
        if value not in known:
            known[value] = _read(rule, value, name, f"{what}: row {number_}")
        values.append(known[value])
    if rule.kind == WHOLE and None in values:
        return pd.Series(pd.array(values, dtype="Int64"), index=column.index)
    return pd.Series(values, index=column.index, dtype=object if rule.kind == TEXT else None)


def _numbers(rule: Rule, column: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """A column of numbers, those that are not known null, and which of them may not be."""
    values = pd.to_numeric(column, errors="coerce")
    numbers = values.to_numpy(float)
    missing = np.isnan(numbers) & pd.isna(column).to_numpy()
    with np.errstate(invalid="ignore"):
        inside = (numbers >= rule.low) & (numbers <= rule.high)
        if rule.kind == WHOLE:
            inside &= np.floor(numbers) == numbers
    unknown = missing | (np.isin(numbers, rule.unknown) & ~inside)
    wrong = ~inside & ~(unknown if rule.optional else np.zeros(len(column), bool))
    if rule.kind == WHOLE and column.dtype.kind in "iu":
        return column, wrong  # every digit stays
    return values.mask(unknown), wrong
