"""Light curves of alert objects: which packets are opened for their histories."""

from types import SimpleNamespace

import pytest

from archive.products.alert_curves import LOOK_BACK, covering


def at(*days, program=1):
    return [SimpleNamespace(jd=float(day), programid=program) for day in days]


@pytest.mark.parametrize(
    ("days", "opened"),
    [
        ([0], [0]),
        ([0, 5, 20], [0, 20]),  # the last reaches back to the first, whose own history goes on before it
        ([0, 29, 31, 60], [0, 29, 31, 60]),
        ([0, 100], [0, 100]),
        (range(0, 90, 3), [0, 27, 57, 87]),
    ],
)
def test_the_fewest_histories_reach_over_the_whole_time(days, opened):
    found = covering(at(*days))
    assert [one.jd for one in found] == opened
    first, last = min(days), max(days)
    for day in range(int(first - LOOK_BACK), int(last)):
        missed = not any(one.jd - LOOK_BACK <= day <= one.jd for one in found)
        assert not missed or not any(one.jd - LOOK_BACK <= day <= one.jd for one in at(*days))


def test_each_program_has_histories_of_its_own():
    found = covering(sorted(at(0, 10) + at(5, 12, program=2), key=lambda one: one.jd))
    assert [(one.jd, one.programid) for one in found] == [(0, 1), (5, 2), (10, 1), (12, 2)]
