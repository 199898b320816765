"""Light curves of variable stars whose periods are known, at any cadence: what searches are tried and calibrated on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PULSATION = {1: 1.0, 2: 0.72, 3: 0.57}  # amplitude by filter (g, r, i), over that in g
ECLIPSE = {1: 1.0, 2: 0.96, 3: 0.93}


@dataclass(frozen=True)
class Star:
    """kind : one of KINDS; period : days; curve : magnitude of a phase (cycles), in g; factors : amplitude by filter"""

    kind: str
    period: float
    curve: Callable[[np.ndarray], np.ndarray]
    factors: dict[int, float]


@dataclass(frozen=True)
class Cadence:
    """The cadence of a star: times (days), filters (1, 2, 3) and uncertainties (mag), arrays (n,); curve: of which
    light curve each point is, or None."""

    t: np.ndarray
    band: np.ndarray
    err: np.ndarray
    curve: np.ndarray | None = None


def observe(star: Star, cadence: Cadence, rng: np.random.Generator, scatter: float = 1.0) -> tuple:
    """t, mag, err, band of a star; `scatter` multiplies the cadence's uncertainties."""
    err = np.clip(cadence.err * scatter, 0.008, None)
    factor = np.array([star.factors[int(band)] for band in cadence.band])
    phase = cadence.t / star.period + rng.uniform()
    mag = 17.0 - 0.4 * cadence.band + factor * star.curve(phase) + rng.normal(0.0, err)
    return cadence.t, mag, err, cadence.band


def disturbed(t, mag, rng: np.random.Generator, period: float | None = None) -> np.ndarray:
    """Magnitudes with what real stars and nights add: slow trends, spots that turn nearly with the star, wild points.

    period : days, of the star that may have spots; None: none
    """
    mag = np.array(mag, dtype=np.float64)
    if rng.uniform() < 0.4:
        mag += _slow(t, rng) * np.exp(rng.uniform(np.log(0.03), np.log(1.0)))
    if period is not None and rng.uniform() < 0.2:
        turn = 2 * np.pi * (t / (period * (1.0 + rng.normal(0.0, 0.02))) + 0.3 * _slow(t, rng))
        mag += rng.uniform(0.01, 0.08) * np.cos(turn) * (1.0 + _slow(t, rng))
    if rng.uniform() < 0.3:
        wild = rng.uniform(size=t.size) < 0.004
        mag += np.where(wild, rng.normal(0.0, 0.7, t.size), 0.0)
    return mag


def _slow(t, rng: np.random.Generator) -> np.ndarray:
    """A change over the seasons, one from lowest to highest: a line, a slow wave, or a walk at random."""
    kind, since = rng.integers(3), t - t.min()
    if kind == 0:
        change = since
    elif kind == 1:
        change = np.cos(2 * np.pi * (since / (np.ptp(t) * rng.uniform(0.5, 2.0)) + rng.uniform()))
    else:
        knots = np.arange(0.0, np.ptp(t) + 200.0, 100.0)
        change = np.interp(since, knots, np.cumsum(rng.normal(size=knots.size)))
    return (change - change.mean()) / max(np.ptp(change), 1e-9)


def nights(n: int, rng: np.random.Generator, days: float = 1500.0, bands: tuple[int, ...] = (1, 2)) -> Cadence:
    """A survey's cadence, simulated: some hours around local midnight, 60 % of the year, two filters."""
    night = rng.choice(np.arange(int(days)), n, replace=True)
    night = np.where(night % 365 > 220, night - 150, night)
    t = np.sort(night + rng.normal(0.0, 0.08, n))
    return Cadence(t, rng.choice(bands, n), rng.uniform(0.015, 0.04, n))


def draw(kind: str, rng: np.random.Generator) -> Star:
    """A star of a kind with drawn period and shape."""
    return KINDS[kind](rng)


def _loguniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _series(amplitudes, phases) -> Callable[[np.ndarray], np.ndarray]:
    orders = np.arange(1, len(amplitudes) + 1)

    def curve(phase):
        angle = 2 * np.pi * orders * np.asarray(phase)[..., None] + np.asarray(phases)
        return np.sum(np.asarray(amplitudes) * np.cos(angle), axis=-1)

    return curve


def rrab(rng: np.random.Generator) -> Star:
    """A fundamental-mode RR Lyrae star: steep rise, six harmonics."""
    amplitude = rng.uniform(0.3, 0.55)
    shares = np.array([1.0, 0.47, 0.33, 0.2, 0.13, 0.08]) * rng.uniform(0.85, 1.15, 6)
    phases = np.array([0.0, 3.9, 1.8, 6.0, 3.8, 1.7]) + rng.normal(0.0, 0.15, 6)
    return Star("RRab", float(rng.uniform(0.42, 0.9)), _series(amplitude * shares, phases), PULSATION)


def rrc(rng: np.random.Generator) -> Star:
    """A first-overtone RR Lyrae star: nearly a sine, rising a little faster than it falls."""
    amplitude = rng.uniform(0.15, 0.28)
    shares, phases = np.array([1.0, rng.uniform(0.08, 0.2), 0.06]), np.array([0.0, 4.7, 2.8]) + rng.normal(0, 0.2, 3)
    return Star("RRc", float(rng.uniform(0.22, 0.42)), _series(amplitude * shares, phases), PULSATION)


def cepheid(rng: np.random.Generator) -> Star:
    """A classical Cepheid."""
    amplitude = rng.uniform(0.2, 0.45)
    shares, phases = np.array([1.0, 0.38, 0.17, 0.08]), np.array([0.0, 4.2, 2.2, 0.2]) + rng.normal(0, 0.25, 4)
    return Star("Cepheid", _loguniform(rng, 1.5, 40.0), _series(amplitude * shares, phases), PULSATION)


def long_period(rng: np.random.Generator) -> Star:
    """A long-period variable: a slow, nearly sinusoidal wave of one to three magnitudes."""
    amplitude = rng.uniform(0.4, 1.5)
    return Star("LPV", _loguniform(rng, 80.0, 450.0), _series([amplitude, 0.15 * amplitude], [0.0, 1.0]), PULSATION)


def _eclipsing(kind: str, period: float, depth: float, ratio: float, width: float, second: float, waves: float) -> Star:
    """Two dips of half width `width` (cycles), the second at phase `second`; `waves`: ellipsoidal amplitude, mag."""

    def curve(phase):
        phase = np.asarray(phase) % 1.0
        one, other = (phase + 0.5) % 1.0 - 0.5, (phase - second + 0.5) % 1.0 - 0.5
        dips = depth * np.exp(-(np.abs(one / width) ** 2.5)) + ratio * depth * np.exp(-(np.abs(other / width) ** 2.5))
        return dips + waves * np.cos(4 * np.pi * phase)

    return Star(kind, period, curve, ECLIPSE)


def detached(rng: np.random.Generator) -> Star:
    """An Algol-like binary: flat between two eclipses of any ratio, some of them eccentric."""
    ratio = float(rng.uniform(0.0, 1.0))
    lost = rng.uniform(0.2, 0.95) / (1.0 + ratio)  # of the light, in the deeper eclipse: together less than all
    second = 0.5 + (rng.normal(0.0, 0.04) if rng.uniform() < 0.25 else 0.0)
    period, width = _loguniform(rng, 0.5, 10.0), float(rng.uniform(0.015, 0.06))
    return _eclipsing("EA", period, float(-2.5 * np.log10(1.0 - lost)), ratio, width, second, 0.0)


def semidetached(rng: np.random.Generator) -> Star:
    """A beta-Lyrae-like binary: wide unequal eclipses on ellipsoidal waves."""
    ratio, width = float(rng.uniform(0.25, 0.95)), float(rng.uniform(0.07, 0.11))
    return _eclipsing(
        "EB", _loguniform(rng, 0.4, 4.0), float(rng.uniform(0.2, 0.6)), ratio, width, 0.5, float(rng.uniform(0.04, 0.1))
    )


def contact(rng: np.random.Generator) -> Star:
    """A W-UMa-like binary: two nearly equal, sharp minima on a continuous wave."""
    depth, ratio = rng.uniform(0.2, 0.65), rng.uniform(0.85, 1.0)
    sharp = rng.uniform(1.0, 1.8)

    def curve(phase):
        phase = np.asarray(phase) % 1.0
        minima = np.abs(np.cos(2 * np.pi * phase)) ** (2.0 * sharp)
        half = np.cos(2 * np.pi * phase) > 0
        return depth * minima * np.where(half, 1.0, ratio)

    return Star("EW", float(rng.uniform(0.24, 0.5)), curve, ECLIPSE)


KINDS: dict[str, Callable[[np.random.Generator], Star]] = {
    "RRab": rrab,
    "RRc": rrc,
    "Cepheid": cepheid,
    "LPV": long_period,
    "EA": detached,
    "EB": semidetached,
    "EW": contact,
}
