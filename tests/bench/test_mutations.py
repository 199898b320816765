"""The list of faults: each can still be put in, and its tests are there."""

import ast

import pytest

from bench import mutations


@pytest.mark.parametrize("fault", mutations.listed(), ids=lambda fault: fault.name)
def test_a_listed_fault_can_be_put_in_and_is_python(fault):
    text = (mutations.ROOT / fault.file).read_text()
    spoiled = fault.applied_to(text)
    assert spoiled != text
    ast.parse(spoiled)
    assert fault.tests and all((mutations.ROOT / test).is_file() for test in fault.tests)


def test_a_fault_that_stands_nowhere_is_refused():
    fault = mutations.Mutation("none", "a.py", "b", "c", ())
    with pytest.raises(ValueError, match="'b' stands 0 times in a.py, not once"):
        fault.applied_to("a")


def test_drawn_faults_are_python_and_turn_one_operator_round():
    for fault, _ in zip(mutations.drawn(mutations.ROOT, seed=1), range(200), strict=False):
        text = (mutations.ROOT / fault.file).read_text()
        spoiled = fault.applied_to(text)
        assert len(spoiled) == len(text) - len(fault.old) + len(fault.new)
        ast.parse(spoiled)
