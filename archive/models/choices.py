"""Django's TextChoices with types: its members are texts, which a checker without Django's types takes for tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from enum import StrEnum

    class TextChoices(StrEnum):
        """The class as checkers see it: a member is its value; a label is given after it or made of its name."""

        label: str
        choices: ClassVar[list[tuple[str, str]]]
        values: ClassVar[list[str]]

        def __init__(self, value: str, label: str = "") -> None: ...
else:
    from django.db.models import TextChoices

__all__ = ["TextChoices"]
