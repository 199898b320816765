"""What narrows a search: a comparison, or limits of a plot; numbers are numbers."""

import pytest
from django.http import QueryDict

from archive.requests.parameters import BadParameterError
from archive.tables.pages.narrowing import narrowed


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("column=seeing&comparison=<&value=1 OR 1=1", "value='1 OR 1=1'"),
        ("column=seeing&comparison=<&value=1&x=seeing&xmin=1", "not both"),
        ("x=seeing&xmin=one", "xmin='one'"),
    ],
)
def test_what_is_compared_with_a_number_is_one(asked, what):
    with pytest.raises(BadParameterError, match=what):
        narrowed(QueryDict(asked), {"seeing": "number"}, "/images/")


def test_the_numbers_of_alerts_are_whole_in_a_limit():
    answer = narrowed(QueryDict("x=candid&xmin=3591368672815010001"), {"candid": "number"}, "/images/")
    assert "3591368672815010001" in answer.url
