"""Two-body motion in universal variables: one formula for ellipse, parabola and hyperbola.

Source: Vallado, Fundamentals of Astrodynamics and Applications, section 2.3 (universal variables); the root
is found by the method of Laguerre and Conway (Prussing & Conway, Orbital Mechanics, section 2.4), which
converges from any start.
"""

import numpy as np
from numba import njit

_MAX_ITERATIONS = 60
_TOLERANCE = 1e-11
_LAGUERRE_DEGREE = 5.0
_SMALL_Z = 1e-4
_PARABOLIC_ALPHA = 1e-9


@njit(cache=True)
def _stumpff(z):
    """Stumpff functions c2(z), c3(z)."""
    if z > _SMALL_Z:
        root = np.sqrt(z)
        return (1.0 - np.cos(root)) / z, (root - np.sin(root)) / (root * z)
    if z < -_SMALL_Z:
        root = np.sqrt(-z)
        return (1.0 - np.cosh(root)) / z, (np.sinh(root) - root) / (root * -z)
    return 0.5 - z / 24.0 + z * z / 720.0, 1.0 / 6.0 - z / 120.0 + z * z / 5040.0


@njit(cache=True)
def _first_guess(dt, mu, alpha, r0, rv):
    """Start value of the universal anomaly (sqrt(au))."""
    root_mu = np.sqrt(mu)
    if alpha > _PARABOLIC_ALPHA:
        return root_mu * alpha * dt
    if alpha < -_PARABOLIC_ALPHA:
        sign = 1.0 if dt > 0 else -1.0
        a = 1.0 / alpha
        argument = -2.0 * mu * alpha * dt / (rv + sign * np.sqrt(-mu * a) * (1.0 - r0 * alpha))
        if argument > 1.0:
            return sign * np.sqrt(-a) * np.log(argument)
    return root_mu * dt / r0


@njit(cache=True)
def kepler_step(x, y, z, vx, vy, vz, dt, mu):
    """Advance one heliocentric state (au, au/day) by dt days on its osculating conic; returns six floats."""
    if dt == 0.0:
        return x, y, z, vx, vy, vz
    r0 = np.sqrt(x * x + y * y + z * z)
    rv = x * vx + y * vy + z * vz
    alpha = 2.0 / r0 - (vx * vx + vy * vy + vz * vz) / mu
    root_mu = np.sqrt(mu)
    if alpha > _PARABOLIC_ALPHA:
        period = 2.0 * np.pi / np.sqrt(mu * alpha**3)
        dt = dt - period * np.round(dt / period)
    chi = _first_guess(dt, mu, alpha, r0, rv)
    degree = _LAGUERRE_DEGREE
    for _ in range(_MAX_ITERATIONS):
        psi = chi * chi * alpha
        c2, c3 = _stumpff(psi)
        value = chi**3 * c3 + rv / root_mu * chi * chi * c2 + r0 * chi * (1.0 - psi * c3) - root_mu * dt
        slope = chi * chi * c2 + rv / root_mu * chi * (1.0 - psi * c3) + r0 * (1.0 - psi * c2)
        bend = rv / root_mu * (1.0 - psi * c2) + (1.0 - alpha * r0) * chi * (1.0 - psi * c3)
        root = np.sqrt(abs((degree - 1.0) ** 2 * slope * slope - degree * (degree - 1.0) * value * bend))
        step = degree * value / (slope + (root if slope > 0 else -root))
        chi -= step
        if abs(step) < _TOLERANCE * (1.0 + abs(chi)):
            break
    psi = chi * chi * alpha
    c2, c3 = _stumpff(psi)
    f = 1.0 - chi * chi / r0 * c2
    g = dt - chi**3 / root_mu * c3
    nx = f * x + g * vx
    ny = f * y + g * vy
    nz = f * z + g * vz
    r = np.sqrt(nx * nx + ny * ny + nz * nz)
    fdot = root_mu / (r * r0) * chi * (psi * c3 - 1.0)
    gdot = 1.0 - chi * chi / r * c2
    return nx, ny, nz, fdot * x + gdot * vx, fdot * y + gdot * vy, fdot * z + gdot * vz


@njit(cache=True)
def _propagate(state, dt, mu, out):
    for i in range(dt.shape[0]):
        moved = kepler_step(state[0], state[1], state[2], state[3], state[4], state[5], dt[i], mu)
        for k in range(6):
            out[i, k] = moved[k]


def two_body(state, dt, mu):
    """Move one state along its conic.

    Parameters
    ----------
    state : array (6,), au and au/day, heliocentric
    dt : array (n,), days
    mu : float, au^3/day^2

    Returns
    -------
    float64 array (n, 6)
    """
    dt = np.atleast_1d(np.asarray(dt, dtype=np.float64))
    out = np.empty((dt.size, 6))
    _propagate(np.ascontiguousarray(state, dtype=np.float64), dt, float(mu), out)
    return out
