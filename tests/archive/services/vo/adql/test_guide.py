"""The guide to ADQL lists the functions that there are, and its queries run."""

import re
from pathlib import Path

import pytest
from django.db import connections

from archive.access.reading import ANYONE, reading
from archive.services.vo.adql import features, signatures, translate
from archive.services.vo.adql.functions.standard import AGGREGATES, CONDITIONAL, FUNCTIONS
from archive.services.vo.schema.published import adql_catalog

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
GUIDE = (Path(__file__).parents[5] / "docs" / "guide" / "adql.md").read_text()
EXAMPLES = re.findall(r"```sql\n(.*?)```", GUIDE, re.S) + re.findall(r'"""\n(.*?)"""', GUIDE, re.S)


def test_every_function_is_listed_with_the_code_s_words_and_no_other():
    listed = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", GUIDE, re.M))
    known = features.GEOMETRY | features.IN_UNIT | AGGREGATES | CONDITIONAL | signatures()
    known |= {one.signature(name): one.description for name, one in FUNCTIONS.items()}
    assert listed == known


@pytest.mark.parametrize("adql", EXAMPLES)
def test_every_query_of_the_guide_runs(committed, adql):
    with reading(ANYONE), connections["reader"].cursor() as cursor:
        cursor.execute(translate(adql, adql_catalog(), 10).sql)


def test_there_are_examples():
    assert len(EXAMPLES) >= 8


def test_capabilities_declare_what_the_translator_has(client):
    text = client.get("/tap/capabilities").content.decode()
    for group, names in features.FEATURES.items():
        part = text.partition(f'type="{group}"')[2].partition("</languageFeatures>")[0]
        assert re.findall("<form>(.*?)</form>", part) == list(names)
    assert (
        "<form>ivo_healpix_index(order INTEGER, ra DOUBLE PRECISION, dec DOUBLE PRECISION) -&gt; BIGINT</form>" in text
    )
    assert text.count("<form>q3c_") == 4
