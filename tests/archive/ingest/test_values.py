"""The table of values has an entry for every column, and every entry keeps out what is no such value."""

import math

import pytest

from archive.ingest import RefusedError, values
from archive.models import (
    Alert,
    CalibrationImage,
    Exposure,
    GaiaStar,
    PanstarrsStar,
    ProductFile,
    RawImage,
    ReferenceImage,
    ScienceImage,
)

MODELS = (
    Exposure, RawImage, ScienceImage, ReferenceImage, CalibrationImage, Alert, ProductFile, GaiaStar, PanstarrsStar,
)  # fmt: skip
NUMBERS = [
    (model, column, rule)
    for model, rules in values.RULES.items()
    for column, rule in rules.items()
    if rule.kind in (values.WHOLE, values.NUMBER)
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_column_has_a_rule_or_is_our_own(model):
    name = model._meta.model_name
    columns = {field.name for field in model._meta.concrete_fields}
    rules, own = set(values.RULES.get(name, {})), values.OWN[name]
    assert columns - rules == own, "a new column needs a rule in archive.ingest.values, or is our own"
    assert rules <= columns


@pytest.mark.parametrize(("model", "column", "rule"), NUMBERS, ids=lambda one: one if isinstance(one, str) else "")
def test_no_column_of_numbers_takes_what_is_none(model, column, rule):
    for value in (math.nan, math.inf, -math.inf, "NaN", "5", True, 1e300, -1e300, [1], {"unreadable": True}):
        with pytest.raises(RefusedError, match=column):
            values.checked(model, {column: value}, "a file")


def test_a_card_keeps_the_rule_of_its_column():
    for card, (model, column) in values.CARDS.items():
        assert column in values.RULES[model], card


def test_what_ztf_writes_for_unknown_is_null_and_zero_is_a_number():
    found = values.checked("alert", {"rb": -999.0, "distnr": 0.0, "ssnamenr": None}, "a file")
    assert found == {"rb": None, "distnr": 0.0, "ssnamenr": None}
