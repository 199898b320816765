"""Numbers of the HTM mesh are those of other implementations."""

import numpy as np
import pytest

from archive.sky import htm

SKYSERVER = {  # its function fHtmEq
    (287.87029928, 16.22908364): 14015193368226,
    (223.95814592, -53.49629596): 12043250829178,
    (328.99793884, 24.40112077): 14104942108414,
}


def test_numbers_are_skyserver_s():
    ra, dec = np.transpose(list(SKYSERVER))
    assert htm.number(ra, dec).tolist() == list(SKYSERVER.values())


@pytest.mark.parametrize("place", [(0, 90), (0, -90), (0, 0), (90, 0), (180, 0), (270, 0), (45, 0), (360, 0), (0, 45)])
def test_corners_and_sides_have_a_number(place):
    (number,) = htm.number([place[0]], [place[1]])
    assert 8 << 40 <= number < 16 << 40


def test_a_coarser_number_is_the_beginning_of_a_finer_one():
    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 360, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))
    fine = htm.number(ra, dec)
    for depth in (0, 7, 19):
        assert (htm.number(ra, dec, depth) == fine >> 2 * (htm.DEPTH - depth)).all()
    assert len(set(htm.number(ra, dec, 0).tolist())) == 8
