"""A condition is divided where AND joins it outermost, and the parts together mean the same; so do joined ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.where import BadConditionError, conjuncts, joined, parse

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


@pytest.mark.parametrize(
    ("conditions", "whole"),
    [
        (["a < 1", "b > 2"], "a < 1 AND b > 2"),
        (["a < 1 OR a > 3", "b > 2"], "(a < 1 OR a > 3) AND b > 2"),
        (["(a < 1)or(a > 3)", "b > 2"], "((a < 1)or(a > 3)) AND b > 2"),
        (["a < 1\nOR\ta > 3", "b > 2"], "(a < 1\nOR\ta > 3) AND b > 2"),
        (["(a < 1 OR a > 3)", "b > 2"], "(a < 1 OR a > 3) AND b > 2"),
        (["c = 'x or y'", "b > 2"], "c = 'x or y' AND b > 2"),
        (["  ", "b > 2", ""], "b > 2"),
        (["c = 'x", "b > 2"], "c = 'x AND b > 2"),  # is refused where it is read
    ],
)
def test_conditions_that_all_hold(conditions, whole):
    assert joined(*conditions) == whole


@given(st.lists(ATOMS, min_size=2, max_size=3).map(" OR ".join), ATOMS)
def test_a_condition_that_is_joined_to_alternatives_holds_for_each(alternatives, atom):
    assert [parse(part, COLUMNS).operator for part in conjuncts(joined(alternatives, atom))][0] == "OR"
    assert parse(joined(alternatives, atom), COLUMNS).operator == "AND"
