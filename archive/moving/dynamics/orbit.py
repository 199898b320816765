"""An orbit as catalogues give it, its state vector, and the brightness laws of asteroids and comets."""

from dataclasses import dataclass, fields

import numpy as np

from archive.moving.dynamics.constants import ECLIPTIC_TO_EQUATOR, GM_SUN
from archive.moving.dynamics.errors import BadOrbitError

DEFAULT_SLOPE = 0.15
"""G of asteroids for which none was measured (IAU convention)."""

DEFAULT_ACTIVITY = 10.0
"""K1 of comets for which none was measured (r^-4 law)."""


@dataclass(frozen=True)
class AsteroidElements:
    """Osculating heliocentric elements, ecliptic and equinox J2000: a in au, angles in degrees."""

    a: float
    e: float
    i: float
    node: float
    peri: float
    mean_anomaly: float


@dataclass(frozen=True)
class CometElements:
    """As AsteroidElements, with perihelion distance q (au) and time (JD TDB); e may be 1 or more."""

    q: float
    e: float
    i: float
    node: float
    peri: float
    perihelion_tdb: float


@dataclass(frozen=True)
class Orbit:
    """A body with its osculating elements.

    epoch_tdb : JD TDB at which the elements osculate.
    H, G : absolute magnitude and slope of the H,G system (asteroids).
    M1, K1 : total absolute magnitude and slope (comets): V = M1 + 5 log10(delta) + K1 log10(r).
    """

    name: str
    epoch_tdb: float
    elements: AsteroidElements | CometElements
    number: int | None = None
    H: float | None = None
    G: float | None = None
    M1: float | None = None
    K1: float | None = None

    def __post_init__(self):
        check_elements(self.elements)
        if not np.isfinite(self.epoch_tdb):
            raise BadOrbitError(f"epoch_tdb={self.epoch_tdb}: must be a Julian date, for example 2459800.5")


def check_elements(elements):
    """Raise BadOrbitError where an element is not a number or outside its range."""
    for field in fields(elements):
        value = getattr(elements, field.name)
        if not np.isfinite(value):
            raise BadOrbitError(f"{field.name}={value}: must be a finite number")
    if not 0.0 <= elements.i <= 180.0:
        raise BadOrbitError(f"i={elements.i}: inclination must lie in 0 .. 180 degrees")
    if elements.e < 0.0:
        raise BadOrbitError(f"e={elements.e}: eccentricity must not be negative")
    if isinstance(elements, AsteroidElements):
        if elements.e >= 1.0:
            raise BadOrbitError(
                f"e={elements.e}: elements with a mean anomaly describe an ellipse, e < 1; "
                "give perihelion distance and time for e >= 1"
            )
        if elements.a <= 0.0:
            raise BadOrbitError(f"a={elements.a}: semi-major axis must be positive au, for example 2.77")
    elif elements.q <= 0.0:
        raise BadOrbitError(f"q={elements.q}: perihelion distance must be positive au, for example 1.2")


def perihelion(elements, epoch_tdb):
    """Perihelion distance (au) and the time since perihelion (days) at the epoch."""
    if isinstance(elements, CometElements):
        return elements.q, epoch_tdb - elements.perihelion_tdb
    motion = np.sqrt(GM_SUN / elements.a**3)
    anomaly = np.deg2rad((elements.mean_anomaly + 180.0) % 360.0 - 180.0)
    return elements.a * (1.0 - elements.e), anomaly / motion


def state_at_epoch(orbit):
    """Heliocentric state at the orbit's epoch.

    Returns
    -------
    float64 array (6,), au and au/day, equatorial ICRF

    Source: Murray & Dermott, Solar System Dynamics, section 2.8 (rotation of the orbital plane); the way from
    perihelion to the epoch is the universal-variable step, the same for every eccentricity.
    """
    from archive.moving.dynamics.kepler import two_body  # compiled: elements alone need no kernel

    elements = orbit.elements
    q, since = perihelion(elements, orbit.epoch_tdb)
    node, peri, inc = np.deg2rad([elements.node, elements.peri, elements.i])
    to_perihelion = np.array(
        [
            np.cos(node) * np.cos(peri) - np.sin(node) * np.sin(peri) * np.cos(inc),
            np.sin(node) * np.cos(peri) + np.cos(node) * np.sin(peri) * np.cos(inc),
            np.sin(peri) * np.sin(inc),
        ]
    )
    along_motion = np.array(
        [
            -np.cos(node) * np.sin(peri) - np.sin(node) * np.cos(peri) * np.cos(inc),
            -np.sin(node) * np.sin(peri) + np.cos(node) * np.cos(peri) * np.cos(inc),
            np.cos(peri) * np.sin(inc),
        ]
    )
    speed = np.sqrt(GM_SUN * (1.0 + elements.e) / q)
    start = np.concatenate([ECLIPTIC_TO_EQUATOR @ (q * to_perihelion), ECLIPTIC_TO_EQUATOR @ (speed * along_motion)])
    state = two_body(start, [since], GM_SUN)[0]
    if not np.isfinite(state).all():
        raise BadOrbitError(f"{orbit.name}: Kepler's equation has no finite answer {since:.1f} days from perihelion")
    return state


def hg_magnitude(H, G, r, delta, phase):
    """V magnitude of an asteroid: r, delta in au, phase in degrees (Bowell et al. 1989, Asteroids II)."""
    half_angle = np.tan(np.deg2rad(phase) / 2.0)
    phi1 = np.exp(-3.33 * half_angle**0.63)
    phi2 = np.exp(-1.87 * half_angle**1.22)
    return H + 5.0 * np.log10(r * delta) - 2.5 * np.log10((1.0 - G) * phi1 + G * phi2)


def visual_magnitude(orbit, r, delta, phase):
    """Predicted V magnitude by the law that the orbit's numbers belong to; NaN where it has none."""
    if orbit.H is not None:
        slope = DEFAULT_SLOPE if orbit.G is None else orbit.G
        return hg_magnitude(orbit.H, slope, r, delta, phase)
    if orbit.M1 is not None:
        slope = DEFAULT_ACTIVITY if orbit.K1 is None else orbit.K1
        return orbit.M1 + 5.0 * np.log10(delta) + slope * np.log10(r)
    return np.full(np.shape(r), np.nan)
