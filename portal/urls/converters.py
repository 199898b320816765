"""Parts of addresses that are one of a few words."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import register_converter


def register_words(name: str, words: Iterable[str]) -> None:
    """Register a path converter whose values are these words, as they are."""

    class Word:
        regex = "|".join(words)

        def to_python(self, value: str) -> str:
            return value

        def to_url(self, value: str) -> str:
            return value

    register_converter(Word, name)
