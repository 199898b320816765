"""The OpenAPI document is what REST does: random requests made of it, right and wrong, are answered as it says."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from archive.access import tokens
from archive.access.audit import Actor
from tests.portal.api.asking import Tally, ask, document
from tests.rights.world import UNITS, Rights, World

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
EXAMPLES = 4  # of each operation, in each mode; `python -m bench api` asks for minutes


@pytest.fixture(scope="module")
def world(committed):
    made = World()
    made.draw([Rights(1, "past")] * UNITS, [Rights(1, "past")] * UNITS, frozenset())
    yield made
    made.remove()


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "somebody with a token"])
def test_what_rest_answers_is_in_its_document(world, who):
    headers, tally = {}, Tally()
    if who != "nobody":
        headers = {"Authorization": f"Bearer {world.committed(_token)}"}
    world.committed(ask, headers, EXAMPLES, tally)
    assert len(tally.asked) == sum(len(operations) for operations in document()["paths"].values())
    assert tally.findings == {}
    assert {200, 400} <= set(tally.statuses), tally.statuses


def _token() -> str:
    user = User.objects.create_user("fuzz")
    return tokens.make(user, "fuzz", ["all"], timezone.now() + timedelta(days=1), Actor("test"))[1]


def test_limits_of_parameters_stand_in_the_document():
    parameters = {
        one["name"]: one["schema"] for one in document()["paths"]["/api/images/"]["get"]["parameters"]
    }  # fmt: skip
    assert (parameters["page_size"]["minimum"], parameters["page_size"]["maximum"]) == (1, 1000)
    assert parameters["radius"]["type"] == "number" and parameters["page"]["type"] == "integer"
    for operations in document()["paths"].values():
        for operation in operations.values():
            assert {"400", "401", "403", "404", "413", "429"} <= set(operation["responses"])
            assert any(status.startswith("2") for status in operation["responses"])
