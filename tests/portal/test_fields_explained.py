"""Every field that a page asks has a label and says what belongs there."""

from collections.abc import Iterator

import pytest
from django.urls import get_resolver

from archive.field_help import HELP, LABELS
from archive.forms import ExplainedForm


def _forms(of: type = ExplainedForm) -> Iterator[type]:
    get_resolver().url_patterns  # noqa: B018 (which loads every page)
    for one in of.__subclasses__():
        yield one
        yield from _forms(one)


@pytest.mark.parametrize("form", sorted(set(_forms()), key=lambda one: one.__qualname__))
def test_every_field_has_a_label_and_help(form):
    fields = [field for field in form() if not field.is_hidden]
    assert [field.name for field in fields if not field.label or not field.help_text] == []


def test_no_help_is_left_over():
    names = {name for form in _forms() for name in form().fields}
    assert set(HELP) | set(LABELS) <= names
