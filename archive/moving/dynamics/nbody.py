"""Motion under Sun, planets and Moon: fixed-step DOP853 on an absolute time grid.

The grid is absolute (nodes at JD 2400000.5 + k STEP), so the perturbers' positions at the integrator's stages
are shared by all orbits of a process. Between nodes the motion is a conic: at most a quarter of a day from a
node this is exact to well under a milliarcsecond, except close to a planet.

Method: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, section II.10 (DOP853, order 8).
Relativity: Sun's 1PN (Schwarzschild) term, Moyer 2003, eq. 4-26 with one body.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit
from scipy.integrate import DOP853

from archive.moving.dynamics.constants import GM_PERTURBERS, GM_SUN, LIGHT_AU_PER_DAY, PERTURBERS, SUN
from archive.moving.dynamics.errors import BadOrbitError
from archive.moving.dynamics.kepler import kepler_step
from archive.moving.dynamics.planets import barycentric_position
from archive.survey.times import MJD_ZERO

STEP = 0.5
"""Integration step, days. Halving it changes near-Earth objects by < 1e-3 arcsec over seven years."""

GRID_ORIGIN = MJD_ZERO
_STAGES = DOP853.n_stages
_STEPS_PER_BLOCK = 128
_BLOCKS_KEPT = 256
_A = np.ascontiguousarray(DOP853.A[:_STAGES, :_STAGES])
_B = np.ascontiguousarray(DOP853.B)
_C = np.ascontiguousarray(DOP853.C[:_STAGES])
_LIGHT2 = LIGHT_AU_PER_DAY**2


@dataclass(frozen=True)
class Trajectory:
    """Heliocentric states on the nodes start_tdb + k STEP.

    states : float64 array (n, 6), au and au/day, equatorial ICRF
    """

    start_tdb: float
    states: np.ndarray

    @property
    def end_tdb(self):
        """JD TDB of the last node."""
        return self.start_tdb + STEP * (len(self.states) - 1)


def _stage_table(start, step, n_steps):
    """Perturbers at all stages, array (n_steps*12, 10, 4): heliocentric x, y, z (au) and GM/r^3."""
    times = ((start + step * np.arange(n_steps))[:, None] + step * _C).ravel()
    sun = barycentric_position(SUN, times)
    table = np.empty((times.size, len(PERTURBERS), 4))
    for j, body in enumerate(PERTURBERS):
        table[:, j, :3] = barycentric_position(body, times) - sun
        table[:, j, 3] = GM_PERTURBERS[j] / np.linalg.norm(table[:, j, :3], axis=1) ** 3
    return table


@lru_cache(maxsize=_BLOCKS_KEPT)
def _block(index, direction):
    """Stage table of the 128 steps after node 128*index, or of the same steps run backward."""
    first = GRID_ORIGIN + STEP * _STEPS_PER_BLOCK * index
    if direction > 0:
        return _stage_table(first, STEP, _STEPS_PER_BLOCK)
    return _stage_table(first + STEP * _STEPS_PER_BLOCK, -STEP, _STEPS_PER_BLOCK)


@njit(cache=True)
def _acceleration(x, y, z, vx, vy, vz, bodies, gm, mu):
    r2 = x * x + y * y + z * z
    r = np.sqrt(r2)
    pull = -mu / (r2 * r)
    ax = pull * x
    ay = pull * y
    az = pull * z
    for j in range(gm.shape[0]):
        dx = bodies[j, 0] - x
        dy = bodies[j, 1] - y
        dz = bodies[j, 2] - z
        d2 = dx * dx + dy * dy + dz * dz
        direct = gm[j] / (d2 * np.sqrt(d2))
        indirect = bodies[j, 3]
        ax += direct * dx - indirect * bodies[j, 0]
        ay += direct * dy - indirect * bodies[j, 1]
        az += direct * dz - indirect * bodies[j, 2]
    v2 = vx * vx + vy * vy + vz * vz
    rv = x * vx + y * vy + z * vz
    scale = mu / (_LIGHT2 * r2 * r)
    along_r = scale * (4.0 * mu / r - v2)
    along_v = scale * 4.0 * rv
    return ax + along_r * x + along_v * vx, ay + along_r * y + along_v * vy, az + along_r * z + along_v * vz


@njit(cache=True)
def _run(first, table, gm, mu, step, a, b, out):
    """Write the states after each step of the stage table into out (n_steps, 6)."""
    n_stages = b.shape[0]
    slopes = np.empty((n_stages, 6))
    now = first.copy()
    trial = np.empty(6)
    for s in range(out.shape[0]):
        for m in range(n_stages):
            for q in range(6):
                trial[q] = now[q]
            for l in range(m):
                weight = a[m, l]
                if weight != 0.0:
                    for q in range(6):
                        trial[q] += step * weight * slopes[l, q]
            pull = _acceleration(
                trial[0], trial[1], trial[2], trial[3], trial[4], trial[5], table[s * n_stages + m], gm, mu
            )
            for q in range(3):
                slopes[m, q] = trial[3 + q]
                slopes[m, 3 + q] = pull[q]
        for m in range(n_stages):
            for q in range(6):
                now[q] += step * b[m] * slopes[m, q]
        out[s] = now


def _advance(state, table, step):
    out = np.empty((table.shape[0] // _STAGES, 6))
    _run(state, table, GM_PERTURBERS, GM_SUN, step, _A, _B, out)
    return out


def _march(state, node, n_steps, direction):
    """States of n_steps successive nodes after (or before) the given node, array (n_steps, 6)."""
    parts = []
    while n_steps > 0:
        if direction > 0:
            index, offset = divmod(node, _STEPS_PER_BLOCK)
        else:
            index, offset = divmod(node - 1, _STEPS_PER_BLOCK)
            offset = _STEPS_PER_BLOCK - 1 - offset
        take = min(n_steps, _STEPS_PER_BLOCK - offset)
        table = _block(index, direction)[offset * _STAGES : (offset + take) * _STAGES]
        parts.append(_advance(state, table, direction * STEP))
        state = parts[-1][-1]
        node += direction * take
        n_steps -= take
    return np.concatenate(parts) if parts else np.empty((0, 6))


def integrate(state, epoch_tdb, start_tdb, end_tdb):
    """Integrate one orbit over a span that includes its epoch and the asked times.

    Parameters
    ----------
    state : array (6,), heliocentric, au and au/day, ICRF, at epoch_tdb
    epoch_tdb, start_tdb, end_tdb : float, JD TDB

    Returns
    -------
    Trajectory
        that covers start_tdb - STEP .. end_tdb + STEP (and reaches to the epoch).

    Raises
    ------
    BadOrbitError
        if the path is not finite (a fall into the Sun or a planet).
    """
    home = round((epoch_tdb - GRID_ORIGIN) / STEP)
    first = min(home, int(np.floor((start_tdb - GRID_ORIGIN) / STEP)) - 1)
    last = max(home, int(np.ceil((end_tdb - GRID_ORIGIN) / STEP)) + 1)
    state = np.ascontiguousarray(state, dtype=np.float64)
    gap = GRID_ORIGIN + STEP * home - epoch_tdb
    if gap != 0.0:
        state = _advance(state, _stage_table(epoch_tdb, gap, 1), gap)[0]
    after = _march(state, home, last - home, +1)
    before = _march(state, home, home - first, -1)[::-1]
    states = np.concatenate([before, state[None], after])
    if not np.isfinite(states).all():
        raise BadOrbitError(f"the path from JD {epoch_tdb} to JD {start_tdb} .. {end_tdb} is not finite")
    return Trajectory(start_tdb=GRID_ORIGIN + STEP * first, states=np.ascontiguousarray(states))


@njit(cache=True)
def state_from_nodes(nodes, start, step, mu, t):
    """Heliocentric state at t from the nearest node (conic over at most half a step); six floats."""
    k = int(np.floor((t - start) / step + 0.5))
    k = min(max(k, 0), nodes.shape[0] - 1)
    s = nodes[k]
    return kepler_step(s[0], s[1], s[2], s[3], s[4], s[5], t - (start + k * step), mu)
