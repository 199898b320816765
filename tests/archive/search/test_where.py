"""Conditions: PostgreSQL's answer is that of a slow evaluator, nulls included; what is no condition is refused."""

import math
import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.models import ScienceImage
from archive.search.families import SCIENCE
from archive.search.query import BadQueryError, ImageQuery, images
from archive.search.where import DEEPEST, BadConditionError, Column, Literal, parse
from archive.tables.moments import irsa
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
NUMBERS = ("rcid", "fid", "field", "seeing", "airmass", "maglimit", "obsjd", "pid", "infobits")
TEXTS = ("filtercode", "imgtypecode")


@pytest.fixture
def rows():
    """Images with other numbers each, some of them unknown."""
    made = []
    for n, rcid in enumerate((0, 3, 21, 42, 50, 63)):
        exposure = factories.exposure(jd=factories.JD + n, fid=n % 3 + 1, filtercode=("zg", "zr", "zi")[n % 3])
        made.append(
            factories.science_image(
                exposure, rcid, seeing=None if n == 2 else 1.5 + 0.25 * n, airmass=None if n % 2 else 1.0 + n / 8,
                infobits=n * 1000, maglimit=20.0 + n,
            )
        )  # fmt: skip
    return ScienceImage.objects.filter(pk__in=[one.pk for one in made])


def value(node, row):
    """The evaluator: None is SQL's NULL, in comparisons as in AND and OR."""
    if isinstance(node, Column):
        return _shown(getattr(row, SCIENCE.expressions[node.name].name))
    if isinstance(node, Literal):
        return _shown(node.value)
    if node.operator in ("AND", "OR"):
        return _joined(node.operator, [value(part, row) for part in node.operands])
    found = [value(part, row) for part in node.operands]
    if node.operator == "ISNULL":
        return found[0] is None
    if node.operator == "IN":
        return _joined("OR", [_compared("=", found[0], one) for one in found[1:]])
    if node.operator == "BETWEEN":
        return _joined("AND", [_compared(">=", found[0], found[1]), _compared("<=", found[0], found[2])])
    if None in found:
        return None
    if node.operator == "NOT":
        return not found[0]
    if node.operator == "LIKE":
        pattern = "".join({"%": ".*", "_": "."}.get(one, re.escape(one)) for one in found[1])
        return re.fullmatch(pattern, found[0], re.DOTALL) is not None
    if node.operator == "NEG":
        return -float(found[0])
    if node.operator in "+-*/":
        return _computed(node.operator, *map(float, found))
    return _compared(node.operator, *found)


def _shown(one):
    return irsa(one)


def _computed(operator, a, b):
    if operator == "/":
        return None if b == 0 else a / b
    return {"+": a + b, "-": a - b, "*": a * b}[operator]


def _compared(operator, a, b):
    if a is None or b is None:
        return None
    a, b = (float(one) if isinstance(one, float) else one for one in (a, b))
    return {"=": a == b, "<>": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[operator]


def _joined(operator, found):
    decisive = operator == "OR"
    if decisive in found:
        return decisive
    return None if None in found else not decisive


NUMBER_TEXT = st.one_of(
    st.integers(0, 70).map(str),
    st.sampled_from(["2.0", "1.5", "20.5", "655", "2459117", "1e3", "0", "-1", ".25"]),
)
NUMBER_EXPRESSION = st.recursive(
    st.one_of(st.sampled_from(NUMBERS), NUMBER_TEXT),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: "({} {} {})".format(*parts)),
        inner.map(lambda text: f"-({text})"),
    ),
    max_leaves=4,
)
TEXT_LITERAL = st.sampled_from(["'zg'", "'zr'", "'o'", "'it''s'", "''", "'ZG'"])
PATTERN = st.sampled_from(["'z%'", "'_r'", "'%'", "''", "'z\\%'", "'%g%'"])
COMPARISON = st.sampled_from(["=", "<>", "!=", "<", ">", "<=", ">="])
MOMENT = st.sampled_from(
    ["'2020-09-24'", "'2020-09-26 10:21:45'", "'2020-09-28T00:00:00Z'", "'2020-09-25 12:00:00+02'"]
)
PREDICATE = st.one_of(
    st.tuples(NUMBER_EXPRESSION, COMPARISON, NUMBER_EXPRESSION).map(" ".join),
    st.tuples(st.sampled_from(TEXTS), COMPARISON, TEXT_LITERAL).map(" ".join),
    st.tuples(st.just("obsdate"), COMPARISON, MOMENT).map(" ".join),
    st.tuples(st.sampled_from(TEXTS), st.sampled_from(["LIKE", "not like"]), PATTERN).map(" ".join),
    st.tuples(st.just("obsdate LIKE"), st.sampled_from(["'2020-09-2_ %'", "'%+00'", "'2021%'"])).map(" ".join),
    st.tuples(st.sampled_from(NUMBERS + TEXTS), st.sampled_from(["IS NULL", "is not null"])).map(" ".join),
    st.tuples(NUMBER_EXPRESSION, st.lists(NUMBER_TEXT, min_size=1, max_size=4)).map(
        lambda parts: f"{parts[0]} IN ({', '.join(parts[1])})"
    ),
    st.tuples(NUMBER_EXPRESSION, NUMBER_TEXT, NUMBER_TEXT).map(lambda parts: "{} NOT BETWEEN {} AND {}".format(*parts)),
    st.tuples(NUMBER_EXPRESSION, NUMBER_TEXT, NUMBER_TEXT).map(lambda parts: "{} between {} and {}".format(*parts)),
)
CONDITION = st.recursive(
    PREDICATE,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR", "or"]), inner).map(" ".join),
        inner.map(lambda text: f"NOT ({text})"),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=CONDITION)
def test_the_database_answers_as_the_slow_evaluator_does(rows, condition):
    tree = parse(condition, SCIENCE.types)
    expected = {row.pk for row in rows if value(tree, row) is True}
    found = set(images(ImageQuery(where=condition)).values_list("pk", flat=True)) & {row.pk for row in rows}
    assert found == expected, condition


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="()'\"=<>!+-*/,. ;%$\\aAZfid019\x00\néANDORTNI", max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text):
    try:
        tree = parse(text, SCIENCE.types)
    except BadConditionError as error:
        assert 1 <= error.place <= len(text) + 1
    else:
        assert tree.type == "boolean"


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("fields = 655", r"fields: there is no such column; there are ra, dec.*\(at character 1\)"),
        ("field = 655 fid = 2", r"'fid' is not expected here: conditions are joined by AND or OR \(at character 13\)"),
        ("field =", r"the end where a column, a number.*\(at character 8\)"),
        ("field", "a number stands here: the whole must be a condition"),
        ("filtercode = zg", "zg: there is no such column"),
        ('filtercode = "zg"', "text stands in single quotes"),
        ("filtercode = 2", "a text is compared with a number: text stands in single quotes"),
        ("field = '655'", "numbers stand without quotes"),
        ("abs(ra) > 2", r"abs\(...\): functions are not part of WHERE"),
        ("pid IN (SELECT pid FROM x)", "SELECT: there is no such column"),
        ("field = 1; DROP TABLE x", "one condition, without a semicolon"),
        ("filtercode = 'zg", r"text without its closing quote \(at character 14\)"),
        ("field = 1 -- comment", "comment: there is no such column"),
        ("1 " + "+ 1 " * 80 + "= fid", "more than 60 terms in a row"),
        ("obsdate > 'yesterday'", "'yesterday' is not a time: write UTC like"),
        ("obsdate > 2458197", "times stand in single quotes"),
        ("field LIKE '6%'", "LIKE compares text"),
        ("fid BETWEEN 1, 2", "','"),
        ("1 AND 2", "AND joins conditions"),
        ("NOT 5", "NOT stands before a condition"),
        ("-filtercode = 'a'", "- takes a number"),
        ("fid = 1 OR", "the end where"),
        ("fid = 99999999999999999999999999999999999999999999", "a number of more than 40 characters"),
        ("(" * 100 + "fid = 1" + ")" * 100, f"more than {DEEPEST} brackets"),
        ("fid = 1 " + "OR fid = 1 " * 1000, "at most 10000 are read"),
        ("field = 6e5x", "is not part of WHERE"),
    ],
)
def test_what_is_no_condition_is_refused_by_place(condition, says):
    with pytest.raises(BadQueryError, match=says):
        images(ImageQuery(where=condition))


def test_values_are_bound_and_never_part_of_the_statement(rows):
    sql, parameters = images(
        ImageQuery(where="filtercode = 'x'' OR 1=1 --' AND seeing < 2.125")
    ).query.sql_with_params()
    assert "1=1" not in sql
    assert "2.125" not in sql
    assert {"x' OR 1=1 --", 2.125} <= set(parameters)


def test_long_conditions_and_infinities_do_not_break_it(rows):
    assert images(ImageQuery(where=" OR ".join(["rcid = 50"] * 700))).count() == 1
    assert images(ImageQuery(where="obsjd < 1e400")).count() == rows.count()
    assert not math.isnan(rows[0].obsjd)


def test_times_are_shown_in_milliseconds_without_zeros_at_the_end():
    moment = datetime(2018, 11, 11, 8, 53, 7, 788600, tzinfo=UTC)
    assert irsa(moment) == "2018-11-11 08:53:07.789+00"
    assert irsa(moment.replace(microsecond=410000)) == "2018-11-11 08:53:07.41+00"
    assert irsa(moment.replace(microsecond=999700)) == "2018-11-11 08:53:08+00"
