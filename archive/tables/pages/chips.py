"""The conditions of a search as chips: what is asked, in words, each with the address without it."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.http import HttpRequest

from archive.forms import BitsField, RegionField
from archive.search.where import BadConditionError, conjuncts
from archive.tables.pages.results import address

HIDDEN = ("family", "order")
TOGETHER = {"position": ("position", "radius", "width", "height", "intersect"), "ra": ("ra", "dec", "radius", "width")}
"""Conditions that mean nothing without the first."""

MOST_PARTS = 20  # of a condition that stand as chips of their own


@dataclass(frozen=True)
class Chip:
    """A condition; `remove` is the address of the search without it."""

    label: str
    text: str
    remove: str


def chips_of(request: HttpRequest, form: forms.Form) -> list[Chip]:
    """The conditions that a form was given, in the order of its fields."""
    chips = []
    for bound in form:
        value = form.data.get(bound.name, "")
        if bound.name in HIDDEN or value in ("", None) or bound.name not in form.fields:
            continue
        if bound.name == "where":
            chips += _of_where(request, value)
            continue
        if isinstance(bound.field, BitsField):
            chips += _of_bits(request, bound)
            continue
        dropped = dict.fromkeys(TOGETHER.get(bound.name, (bound.name,)), "")
        chips.append(Chip(bound.label, _words(bound, value), address(request, **dropped, page="")))
    return chips


def _words(bound: forms.BoundField, value: str) -> str:
    if isinstance(bound.field, RegionField):
        return value if bound.errors else bound.field.in_words(value)
    choices = getattr(bound.field, "choices", None)
    if choices is not None:
        try:
            known = bound.field.prepare_value(value)
        except forms.ValidationError:
            known = value
        return str({str(key): text for key, text in choices}.get(str(known), value))
    return "yes" if isinstance(bound.field.widget, forms.CheckboxInput) else value


def _of_bits(request: HttpRequest, bound: forms.BoundField) -> list[Chip]:
    """A chip for each bit; those that cannot be read are in the form's errors."""
    try:
        bits = bound.field.named(bound.data)
    except forms.ValidationError:
        return []
    words = [word for word, _ in bits]
    return [
        Chip(bound.label, text, address(request, **{bound.name: ",".join(w for w in words if w != word)}, page=""))
        for word, text in bits
    ]


def _of_where(request: HttpRequest, condition: str) -> list[Chip]:
    try:
        parts = conjuncts(condition)
    except BadConditionError:
        parts = [condition]
    if len(parts) > MOST_PARTS:  # each chip's link holds all the others
        parts = [condition]
    rest = [" AND ".join(parts[:n] + parts[n + 1 :]) for n in range(len(parts))]
    return [Chip("", part, address(request, where=without, page="")) for part, without in zip(parts, rest, strict=True)]
