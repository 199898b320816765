"""The two-body engine against closed formulas and its own invariants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.moving.dynamics.constants import ECLIPTIC_TO_EQUATOR, GM_SUN
from archive.moving.dynamics.errors import BadOrbitError
from archive.moving.dynamics.kepler import two_body
from archive.moving.dynamics.orbit import AsteroidElements, CometElements, Orbit, state_at_epoch

EPOCH = 2459800.5
angle = st.floats(0.0, 360.0)


def energy(state):
    return np.sum(state[..., 3:] ** 2, axis=-1) / 2 - GM_SUN / np.linalg.norm(state[..., :3], axis=-1)


def textbook_state(a, e, i, node, peri, mean_anomaly):
    """Kepler's equation by fixed-point bisection and three rotations: nothing shared with the engine."""
    M = np.deg2rad(mean_anomaly)
    low, high = M - 1.0, M + 1.0
    for _ in range(100):
        E = (low + high) / 2
        low, high = (E, high) if E - e * np.sin(E) < M else (low, E)
    n = np.sqrt(GM_SUN / a**3)
    fast = n * a / (1 - e * np.cos(E))
    place = np.array([a * (np.cos(E) - e), a * np.sqrt(1 - e * e) * np.sin(E), 0.0])
    speed = np.array([-fast * np.sin(E), fast * np.sqrt(1 - e * e) * np.cos(E), 0.0])

    def turn_z(t):
        return np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])

    def turn_x(t):
        return np.array([[1, 0, 0], [0, np.cos(t), -np.sin(t)], [0, np.sin(t), np.cos(t)]])

    node, i, peri = np.deg2rad([node, i, peri])
    rotation = ECLIPTIC_TO_EQUATOR @ turn_z(node) @ turn_x(i) @ turn_z(peri)
    return np.concatenate([rotation @ place, rotation @ speed])


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 40.0), st.floats(0.0, 0.95), st.floats(0.0, 180.0), angle, angle, angle)
def test_elements_give_the_textbook_state_to_a_centimetre_or_so(a, e, i, node, peri, mean_anomaly):
    orbit = Orbit("x", EPOCH, AsteroidElements(a, e, i, node, peri, mean_anomaly))
    truth = textbook_state(a, e, i, node, peri, mean_anomaly)
    np.testing.assert_allclose(state_at_epoch(orbit), truth, rtol=0, atol=2e-12 * a / (1 - e))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.2, 5.0), st.floats(0.0, 3.0), st.floats(-900.0, 900.0))
def test_going_there_and_back_returns_to_the_start_for_every_conic(q, e, dt):
    start = state_at_epoch(Orbit("x", EPOCH, CometElements(q, e, 20.0, 30.0, 40.0, EPOCH + 17.0)))
    there = two_body(start, [dt], GM_SUN)[0]
    back = two_body(there, [-dt], GM_SUN)[0]
    np.testing.assert_allclose(back, start, rtol=0, atol=1e-9)
    assert energy(there) == pytest.approx(energy(start), abs=1e-13)


def test_a_parabola_obeys_barkers_equation():
    q, dt = 0.7, 120.0
    state = state_at_epoch(Orbit("x", EPOCH, CometElements(q, 1.0, 0.0, 0.0, 0.0, EPOCH - dt)))
    w = 3.0 * np.sqrt(GM_SUN / (2 * q**3)) * dt / 2.0
    y = np.cbrt(w + np.sqrt(w * w + 1.0))
    half_anomaly_tangent = y - 1.0 / y
    assert np.linalg.norm(state[:3]) == pytest.approx(q * (1 + half_anomaly_tangent**2), rel=1e-12)


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ((-1.0, 0.1, 1, 1, 1, 1), "a=-1.0"),
        ((2.0, 1.2, 1, 1, 1, 1), "e=1.2"),
        ((2.0, 0.1, 200.0, 1, 1, 1), "i=200.0"),
        ((2.0, 0.1, 1, float("nan"), 1, 1), "node=nan"),
    ],
)
def test_impossible_elements_are_named_in_the_error(elements, named):
    with pytest.raises(BadOrbitError, match=named.replace(".", r"\.")):
        Orbit("x", EPOCH, AsteroidElements(*elements))
