"""A condition is divided where AND joins it outermost, and the parts together mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.where import BadConditionError, conjuncts, parse

COLUMNS = {"a": "number", "b": "number", "c": "text"}


@pytest.mark.parametrize(
    ("condition", "parts"),
    [
        ("a < 1", ["a < 1"]),
        ("a < 1 AND b > 2", ["a < 1", "b > 2"]),
        ("a BETWEEN 1 AND 2 AND b > 2", ["a BETWEEN 1 AND 2", "b > 2"]),
        ("a NOT BETWEEN 1 AND 2 and (b > 2 OR b < 1)", ["a NOT BETWEEN 1 AND 2", "(b > 2 OR b < 1)"]),
        ("c = 'x AND y' AND a=1", ["c = 'x AND y'", "a=1"]),
        ("a < 1 AND b > 2 OR b < 0", ["a < 1 AND b > 2 OR b < 0"]),
        ("(a < 1 AND b > 2)", ["(a < 1 AND b > 2)"]),
    ],
)
def test_the_parts_of_a_condition(condition, parts):
    assert conjuncts(condition) == parts


ATOMS = st.sampled_from(["a < 1", "b BETWEEN 1 AND 2", "c LIKE 'x%'", "(a = 1 OR b = 2)", "NOT a = 3", "a IN (1, 2)"])


@given(st.lists(ATOMS, min_size=1, max_size=6))
def test_parts_joined_again_are_the_condition(atoms):
    condition = " AND ".join(atoms)
    assert conjuncts(condition) == atoms
    assert all(parse(part, COLUMNS) for part in conjuncts(condition))


def test_signs_that_no_condition_has_are_refused():
    with pytest.raises(BadConditionError):
        conjuncts("a < 1; b")
