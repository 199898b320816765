"""A value that a foreign file brings: its type, its range, its vocabulary, and how it is read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from archive.survey.missing import UNKNOWN

LARGEST_INTEGER, LARGEST_NUMBER = 2**31 - 1, 2**63 - 1
WHOLE, NUMBER, TEXT, MOMENT = "a whole number", "a finite number", "a text", "a time"


@dataclass(frozen=True)
class Rule:
    """The type, range and vocabulary of a value.

    low, high : both allowed; among : the only values; pattern : of a whole text; optional : it may be missing
    """

    kind: str
    low: float = -math.inf
    high: float = math.inf
    among: tuple = ()
    pattern: str = ""
    optional: bool = False
    unknown: tuple = field(default=UNKNOWN)

    @property
    def words(self) -> str:
        """The rule in words: what would be right."""
        if self.among:
            return f"one of {', '.join(map(str, self.among))}"
        if self.kind in (WHOLE, NUMBER) and math.isfinite(self.low) and math.isfinite(self.high):
            return f"{self.kind} from {self.low:.12g} to {self.high:.12g}"
        return f"{self.kind}{' like ' + self.pattern if self.pattern else ''}"

    def read(self, value: object) -> Any:
        """The value as its column keeps it, None if it is not known; ValueError for one that may not be."""
        if self._is_missing(value):
            if self.optional:
                return None
            raise ValueError("is missing")
        made = self._converted(value)
        if self.among and made not in self.among:
            raise ValueError
        if self.kind in (WHOLE, NUMBER) and not self.low <= made <= self.high:
            if self.optional and made in self.unknown:
                return None
            raise ValueError
        return made

    def _is_missing(self, value: object) -> bool:
        if value is None or value is pd.NaT:
            return True
        if isinstance(value, str):
            return not value.strip() and (self.kind != TEXT or not self.optional)
        return False

    def _converted(self, value: object) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        if self.kind == TEXT:
            text = value.strip() if isinstance(value, str) else None
            if text is None or (self.pattern and not re.fullmatch(self.pattern, text)):
                raise ValueError
            return text
        if self.kind == MOMENT:
            return _moment(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError
        if self.kind == NUMBER:
            return float(value)
        if value != int(value):
            raise ValueError
        return int(value)


def whole(low: float = 0, high: float = LARGEST_INTEGER, **more) -> Rule:
    return Rule(WHOLE, low, high, **more)


def number(low: float, high: float, **more) -> Rule:
    return Rule(NUMBER, low, high, **more)


def maybe(low: float, high: float, **more) -> Rule:
    return Rule(NUMBER, low, high, optional=True, **more)


def among(*values, kind: str = TEXT, optional: bool = False) -> Rule:
    return Rule(kind, among=values, optional=optional)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        made = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif isinstance(value, str):
        made = pd.Timestamp(value).to_pydatetime(warn=False)
        made = made if made.tzinfo else made.replace(tzinfo=UTC)
    else:
        raise ValueError
    if not 2000 <= made.year <= 2200:
        raise ValueError
    return made
