"""Random people, random rights, random questions on every address: nothing hidden is shown, counted or averaged."""

import os
import secrets

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, get_resolver
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.rights import (  # noqa: F401 (they register their probes)
    dal_probes,
    forced_probes,
    front_probes,
    light_probes,
    sky_probes,
    tap_probes,
    tree_probes,
    workbench_probes,
)
from tests.rights.probes import HOLDS_NO_DATA, PROBES, Asker
from tests.rights.world import DATES, UNITS, Rights, World

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
EXAMPLES, FRESH = 40, 10
SEED = int(os.environ.get("RIGHTS_SEED") or secrets.randbits(32))  # fresh in each run; a failure prints it
QUESTIONS = 4
RIGHTS = st.builds(Rights, st.sampled_from([0, 1, 2, 3]), st.sampled_from(sorted(DATES)))
# Often all units are open in one way: what leaks only where the other half is closed is found then.
MANY = st.just([Rights(1, "past")] * UNITS) | st.lists(RIGHTS, min_size=UNITS, max_size=UNITS)


@pytest.fixture(scope="module")
def world(committed):
    made = World()
    yield made
    made.remove()


def names_of(patterns) -> set[str]:
    """The names of all addresses but the admin's (superusers' and, by permission, staff's)."""
    found = set()
    for one in patterns:
        if isinstance(one, URLPattern):
            found.add(one.name)
        elif one.namespace != "admin":
            found |= names_of(one.url_patterns)
    return found - {None}


def test_every_address_has_a_probe_or_is_known_to_hold_no_data():
    known = set(PROBES) | HOLDS_NO_DATA
    assert names_of(get_resolver(settings.ROOT_URLCONF).url_patterns) == known


ANYTHING = {
    "metadata": MANY,
    "data": MANY,
    "listed": st.frozensets(st.sampled_from([2, 3]), max_size=2),
    "of_release": st.frozensets(st.sampled_from([0, 2, 3]), max_size=2),
    "questions": st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(PROBES)), st.randoms(use_true_random=False)),
        min_size=QUESTIONS,
        max_size=QUESTIONS,
    ),
}
WAYS = {
    "deadline": None,
    "phases": (Phase.generate,),  # a world takes half a second to draw: what fails is told as it was found
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@hypothesis_settings(max_examples=EXAMPLES, derandomize=True, **WAYS)
@given(**ANYTHING)
def test_nobody_is_shown_a_hidden_row_byte_count_or_statistic(world, metadata, data, listed, of_release, questions):
    ask_all(world, metadata, data, listed, of_release, questions)


@seed(SEED)
@hypothesis_settings(max_examples=FRESH, database=None, **WAYS)
@given(**ANYTHING)
def test_nobody_is_shown_anything_hidden_with_a_fresh_seed(world, metadata, data, listed, of_release, questions):
    print(f"RIGHTS_SEED={SEED} repeats this")
    ask_all(world, metadata, data, listed, of_release, questions)


def ask_all(world: World, metadata, data, listed, of_release, questions) -> None:
    """Draw a world and ask its people's questions; every probe compares with the oracle."""
    world.draw(metadata, data, listed, of_release)
    for who, name, lots in questions:
        person = world.people[who % len(world.people)]
        client = Client()
        if person.user is not None and not person.headers:
            client.force_login(person.user)
        ask = Asker(client, person)
        for one in PROBES[name]:
            one(world, ask, lots.randint)
        look_at_every_byte(world, ask)


def look_at_every_byte(world: World, ask: Asker) -> None:
    """No answer names a hidden file, or a hidden image that was not asked for."""
    hidden = [unit for unit in world.units if unit not in world.data(ask.person)]
    text = b"\n".join(ask.bodies)
    for unit in hidden:
        for file in unit.files.values():
            assert file.sha256.encode() not in text, (ask.person.name, file.path)
