"""The parameters that each address takes: any other, and any that is given twice, is refused by name.

A view says what it takes with `takes`; one that says nothing takes nothing. The portal's middleware asks `refusal`
about every request before its view, but for the protocols of the Virtual Observatory, whose DALI has a rule of its
own: unknown parameters are ignored, repeated ones refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from django import forms
from django.http import QueryDict

from archive.requests.spelling import resembling

View = TypeVar("View", bound=Callable)
Asked = type[forms.BaseForm] | str
MOST_LISTED = 40  # names that a message lists
LONGEST_NAME = 60  # characters of a name that a message repeats
FORGERY_FIELD = "csrfmiddlewaretoken"
TAKEN = "taken"  # attribute of a view that says what it takes


class BadParameterError(ValueError):
    """A parameter's value cannot be used; the message names it, the value and what would be right."""


@dataclass(frozen=True)
class Taken:
    """The parameters that an address takes, in its query string and in a posted form: forms, and names.

    several : names that may be repeated
    any_case : names are compared without regard to case, as IRSA's services do
    merged : what is posted and the query string make one question; otherwise the query string of what is posted may
        only say the same again
    """

    asked: tuple[Asked, ...] = ()
    posted: tuple[Asked, ...] = ()
    several: tuple[str, ...] = ()
    any_case: bool = False
    merged: bool = False

    @cached_property
    def query(self) -> tuple[str, ...]:
        """Names of the parameters in the query string."""
        return _names(self.asked)

    @cached_property
    def body(self) -> tuple[str, ...]:
        """Names of the fields of a posted form."""
        return _names(self.posted)

    @cached_property
    def repeated(self) -> frozenset[str]:
        """Names that may be given more than once."""
        return frozenset((*self.several, *_lists((*self.asked, *self.posted))))


NOTHING = Taken()


def takes(
    *asked: Asked,
    posted: Sequence[Asked] = (),
    several: Sequence[str] = (),
    any_case: bool = False,
    merged: bool = False,
) -> Callable[[View], View]:
    """Say which parameters a view takes: those of forms (classes), and single names."""

    def mark(view: View) -> View:
        taken = Taken(asked, tuple(posted), tuple(several), any_case, merged)
        setattr(view, TAKEN, taken)
        return view

    return mark


def taken_by(view: Callable, method: str) -> Taken:
    """The parameters that a view takes; of a class-based one what its method does, or else the class as a whole."""
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    name = "get" if method == "HEAD" else method.lower()
    for one in (getattr(kind, name, None), view, kind):
        if (taken := getattr(one, TAKEN, None)) is not None:
            return taken
    return NOTHING


def refusal(taken: Taken, query: Mapping[str, Sequence], body: Mapping[str, Sequence] | None, place: str) -> str | None:
    """The refusal of a request's parameters, given their values by name; None if they can be used.

    body : what is posted as a form; None for a request that posts nothing
    place : what takes them, for the message
    """
    rest = {name: values for name, values in (body or {}).items() if name != FORGERY_FIELD}
    for given, known in ((query, taken.query), (rest, taken.body)):
        if message := _first_unknown(given, known, taken.any_case, place):
            return message
    return _repeated(taken, query, rest) or (None if body is None or taken.merged else _ignored(query, rest))


def _repeated(taken: Taken, query: Mapping[str, Sequence], body: Mapping[str, Sequence]) -> str | None:
    """The refusal of a name given twice. In the query string and in what is posted it may stand with one value."""
    found: dict[str, Sequence] = {}
    for given in (query, body):
        here: dict[str, list] = {}
        for name, values in given.items():
            here.setdefault(name.lower() if taken.any_case else name, []).extend(values)
        for name, values in here.items():
            if name in taken.repeated:
                continue
            if len(values) > 1:
                return f"{name}: is given {len(values)} times; give it once"
            if found.setdefault(name, values) != values:
                return f"{name}: is in the address and in what is posted, and not the same; give it once"
    return None


def _ignored(query: Mapping[str, Sequence], body: Mapping[str, Sequence]) -> str | None:
    """The refusal of a part of the address that a view which reads what is posted would leave out."""
    lost = next((name for name in query if name not in body), None)
    return None if lost is None else f"{lost}: is in the address of a request that posts; post it with the rest"


def joined(given: QueryDict) -> dict[str, str]:
    """The parameters that have a value, each once: several values of one stand with commas between."""
    texts = {name: ",".join(value for value in values if value) for name, values in given.lists()}
    return {name: text for name, text in texts.items() if text}


def check_each(form: forms.Form, given: Mapping[str, str]) -> None:
    """Refuse values that a form's fields cannot read, where a page only fills the form in and answers nothing yet.

    Raises
    ------
    BadParameterError
    """
    for name, text in given.items():
        if name in form.fields and str(text).strip():
            try:
                form.fields[name].clean(text)
            except forms.ValidationError as error:
                raise BadParameterError(f"{name}={str(text)[:80]!r}: {' '.join(error.messages)}") from error


def unknown(name: str, known: Iterable[str], place: str) -> str:
    """The refusal of a name that is not known, with the nearest of those that are, or all."""
    known = sorted(known)
    shown = name[:LONGEST_NAME]
    if (nearest := resembling(name, known)) is not None:
        return f"{shown}: is no parameter of {place}; did you mean {nearest}?"
    if not known:
        return f"{shown}: is no parameter of {place}, which takes none"
    more = ", ..." if len(known) > MOST_LISTED else ""
    return f"{shown}: is no parameter of {place}; it takes {', '.join(known[:MOST_LISTED])}{more}"


def _first_unknown(given: Iterable[str], known: Sequence[str], any_case: bool, place: str) -> str | None:
    compared = {one.lower() for one in known} if any_case else set(known)
    wrong = next((one for one in given if (one.lower() if any_case else one) not in compared), None)
    return None if wrong is None else unknown(wrong, known, place)


def _names(asked: Iterable[Asked]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in asked:
        found |= dict.fromkeys([one] if isinstance(one, str) else one().fields)
    return tuple(found)


def _lists(asked: Iterable[Asked]) -> Iterable[str]:
    for one in asked:
        if not isinstance(one, str):
            yield from (name for name, field in one().fields.items() if isinstance(field, forms.MultipleChoiceField))
