"""Pages that would cost a stranger nothing and us much: each says what it takes."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.mark.parametrize("time", ["1600-01-01", "2016-12-31", "2032-01-01"])
def test_known_objects_are_told_for_the_survey_s_years(client, time):
    answer = client.get(reverse("known-objects"), {"time": time})
    assert answer.status_code == 400
    assert "from 2017-01-01 until 2032-01-01" in answer.content.decode()


def test_a_help_page_with_a_long_name_in_any_script_is_not_found(client):
    for letter in "aéж字":
        assert client.get(f"/help/{letter * 200}").status_code == 404


def test_many_conditions_are_one_chip(client):
    condition = " AND ".join(f"seeing < {n}" for n in range(1, 400))
    answer = client.get(reverse("images"), {"where": condition}, headers={"Accept": "text/html"})
    assert answer.status_code == 200 and len(answer.content) < 1_000_000
