"""A sky with truth: stars, galaxies, variables, supernovae, asteroids, and what of it shines at a given time.

Magnitudes are Pan-STARRS AB in g, r, i, z; positions ICRS at epoch 2016.0 with proper motion; parallax is
left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from archive.survey.camera import filter_of, plane_to_sky
from archive.survey.times import SECONDS_PER_DAY
from processing.simulate import variability
from processing.simulate.randomness import stream

EPOCH_JD = 2457389.0
"""2016.0 (TCB) to a fraction of a day, the epoch of Gaia's third release."""
DAYS_PER_YEAR = 365.25
MAS = 1.0 / 3.6e6
ASTEROID_FIRST_ID = 10**9
ASTEROID_BAND = {"g": +0.25, "r": -0.20, "i": -0.30}
"""Magnitude of an S-type asteroid by band, minus V."""


class Kind(IntEnum):
    """Kinds of sources."""

    STAR = 0
    GALAXY = 1
    RRAB = 2
    RRC = 3
    CEPHEID = 4
    ECLIPSING = 5
    SUPERNOVA = 6
    ASTEROID = 7


PULSATORS = {Kind.RRAB: "RRAB", Kind.RRC: "RRC", Kind.CEPHEID: "CEP"}

SOURCE_DTYPE = np.dtype(
    [
        ("id", "i8"),
        ("kind", "u1"),
        ("ra", "f8"),  # deg, epoch 2016.0
        ("dec", "f8"),
        ("pmra", "f4"),  # mas/yr, with cos(dec)
        ("pmdec", "f4"),
        ("g", "f4"),  # mean mag; at peak for a supernova
        ("r", "f4"),
        ("i", "f4"),
        ("z", "f4"),
        ("radius", "f4"),  # half-light radius, arcsec; 0 for a point
        ("axis_ratio", "f4"),
        ("angle", "f4"),  # position angle of the long axis, deg north through east
        ("period", "f8"),  # d
        ("epoch", "f8"),  # JD of maximum light, or of primary minimum
        ("amplitude", "f4"),  # g mag of a pulsator; part of the light lost in primary minimum
        ("width", "f4"),  # eclipses: width in periods; supernova: stretch
        ("secondary", "f4"),  # eclipses: depth of secondary over primary
        ("host", "i8"),  # id of a supernova's galaxy, else -1
    ]
)

VISIBLE_DTYPE = np.dtype(
    [
        ("id", "i8"),
        ("kind", "u1"),
        ("ra", "f8"),
        ("dec", "f8"),
        ("mag", "f4"),
        ("colour", "f4"),  # g-r, or r-i in the i filter: what the colour term multiplies
        ("radius", "f4"),
        ("axis_ratio", "f4"),
        ("angle", "f4"),
        ("trail_east", "f4"),  # motion during the exposure, arcsec
        ("trail_north", "f4"),
    ]
)

Ephemeris = Callable[[float], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""jd -> ra (deg), dec (deg), V (mag) of all asteroids, always in the same order."""


@dataclass(frozen=True)
class Population:
    """The sky's populations: numbers per square degree and limits (r mag)."""

    stars: float = 11300.0
    star_brightest: float = 7.5
    star_faintest: float = 22.2
    star_slope: float = 0.30
    galaxies: float = 2000.0
    galaxy_brightest: float = 15.0
    galaxy_faintest: float = 21.8
    galaxy_slope: float = 0.55
    rrlyrae: float = 15.0
    cepheids: float = 4.0
    eclipsing: float = 30.0
    supernovae: float = 8.0
    supernova_peak: tuple[float, float] = (16.0, 20.0)


PLANE = Population(stars=145000.0, galaxies=100.0, rrlyrae=15.0, cepheids=20.0, eclipsing=150.0, supernovae=1.0)
"""Low galactic latitude: some 67,000 stars brighter than 21.5 mag in a full quadrant, 40,000 fainter ones beneath."""


@dataclass(frozen=True)
class Sky:
    """Everything in one round piece of sky. `sources` has SOURCE_DTYPE and is not to be written to."""

    centre: tuple[float, float]
    radius: float
    sources: np.ndarray
    ephemeris: Ephemeris | None = None

    def at(self, jd: float, filter: str | int, exptime: float = 30.0) -> np.ndarray:
        """Sources as they shine at `jd` (UTC, mid-exposure): array of VISIBLE_DTYPE, sources first, then asteroids."""
        band = filter_of(filter).band
        fixed = _visible_sources(self.sources, jd, band)
        if self.ephemeris is None:
            return fixed
        return np.concatenate([fixed, _visible_asteroids(self.ephemeris, jd, band, exptime)])


def make_sky(
    centre: tuple[float, float],
    radius_deg: float,
    seed: int,
    population: Population | None = None,
    first_jd: float = 2458194.5,
    span_days: float = 30.0,
    ephemeris: Ephemeris | None = None,
) -> Sky:
    """Draw a sky.

    Parameters
    ----------
    centre : (ra, dec), deg
    radius_deg : float
    seed : int
    population : numbers and limits; the default gives some 10,000 sources in a full quadrant
    first_jd, span_days : supernovae peak from 15 d before to 10 d after this span
    ephemeris : positions of asteroids, or None

    Raises
    ------
    ValueError
        if the radius is not between 0 and 20 deg.
    """
    if not 0 < radius_deg <= 20:
        raise ValueError(f"radius_deg={radius_deg}: a piece of sky has a radius of 0 to 20 deg")
    population = population or Population()
    area = np.pi * radius_deg**2
    stars = _stars(stream(seed, "stars"), round(population.stars * area), population)
    galaxies = _galaxies(stream(seed, "galaxies"), round(population.galaxies * area), population)
    variables = [
        _pulsators(stream(seed, "rrlyrae"), round(population.rrlyrae * area), "RR", first_jd),
        _pulsators(stream(seed, "cepheids"), round(population.cepheids * area), "CEP", first_jd),
        _eclipsing(stream(seed, "eclipsing"), round(population.eclipsing * area), first_jd),
    ]
    fixed = np.concatenate([stars, galaxies, *variables])
    fixed["ra"], fixed["dec"] = _positions(stream(seed, "positions"), len(fixed), centre, radius_deg)
    fixed["id"] = np.arange(1, len(fixed) + 1)
    hosts = fixed[fixed["kind"] == Kind.GALAXY]
    count = min(round(population.supernovae * area), len(hosts))
    supernovae = _supernovae(stream(seed, "supernovae"), count, hosts, population, first_jd, span_days)
    supernovae["id"] = np.arange(len(fixed) + 1, len(fixed) + 1 + len(supernovae))
    sources = np.concatenate([fixed, supernovae])
    sources.setflags(write=False)
    return Sky((float(centre[0]), float(centre[1])), float(radius_deg), sources, ephemeris)


def _blank(count, kind):
    table = np.zeros(count, SOURCE_DTYPE)
    table["kind"] = kind
    table["axis_ratio"] = 1.0
    table["host"] = -1
    for name in ("period", "epoch", "amplitude", "width", "secondary"):
        table[name] = np.nan
    return table


def _positions(rng, count, centre, radius):
    """Uniform in a disc on the tangent plane, whose scale hardly changes within a few degrees."""
    r, angle = radius * np.sqrt(rng.random(count)), 2 * np.pi * rng.random(count)
    return plane_to_sky(r * np.cos(angle), r * np.sin(angle), *centre)


def _counts(rng, count, slope, brightest, faintest):
    """Magnitudes whose number grows as 10^(slope m)."""
    low, high = 10 ** (slope * brightest), 10 ** (slope * faintest)
    return np.log10(low + rng.random(count) * (high - low)) / slope


def _star_colours(rng, table):
    """g, i, z from r: a blue and a red (M dwarf) population, the red gaining with magnitude."""
    count = len(table)
    red = rng.random(count) < np.clip(0.15 + 0.06 * (table["r"] - 14.0), 0.1, 0.55)
    g_r = np.where(red, rng.normal(1.38, 0.10, count), rng.gamma(6.0, 0.09, count) + 0.05)
    r_i = np.where(red, rng.gamma(5.0, 0.14, count) + 0.35, 0.42 * g_r - 0.06 + rng.normal(0, 0.02, count))
    table["g"] = table["r"] + g_r
    table["i"] = table["r"] - r_i
    table["z"] = table["i"] - 0.5 * r_i - 0.02


def _stars(rng, count, population):
    stars = _blank(count, Kind.STAR)
    stars["r"] = _counts(rng, count, population.star_slope, population.star_brightest, population.star_faintest)
    _star_colours(rng, stars)
    spread = 4.0 + 30.0 * 10 ** (-0.15 * (stars["r"] - 12.0))
    stars["pmra"] = spread * rng.standard_t(4, count)
    stars["pmdec"] = spread * rng.standard_t(4, count) - 2.0
    return stars


def _galaxies(rng, count, population):
    galaxies = _blank(count, Kind.GALAXY)
    r = _counts(rng, count, population.galaxy_slope, population.galaxy_brightest, population.galaxy_faintest)
    g_r = np.clip(rng.normal(0.7, 0.25, count), 0.1, 1.6)
    galaxies["r"], galaxies["g"] = r, r + g_r
    galaxies["i"] = r - 0.45 * g_r
    galaxies["z"] = galaxies["i"] - 0.2
    galaxies["radius"] = np.clip(1.3 * 10 ** (-0.14 * (r - 20.0) + rng.normal(0, 0.15, count)), 0.3, 12.0)
    galaxies["axis_ratio"] = rng.uniform(0.3, 1.0, count)
    galaxies["angle"] = rng.uniform(0.0, 180.0, count)
    return galaxies


def _pulsators(rng, count, family, first_jd):
    pulsators = _blank(count, Kind.CEPHEID)
    pulsators["r"] = rng.uniform(14.0, 19.5, count)
    g_r = rng.uniform(0.15, 0.35, count)
    if family == "RR":
        fundamental = rng.random(count) < 0.75
        pulsators["kind"] = np.where(fundamental, Kind.RRAB, Kind.RRC)
        pulsators["period"] = np.where(fundamental, rng.normal(0.57, 0.06, count), rng.normal(0.33, 0.03, count))
        pulsators["period"] = np.clip(pulsators["period"], 0.2, 0.95)
        pulsators["amplitude"] = np.where(fundamental, rng.uniform(0.6, 1.3, count), rng.uniform(0.3, 0.6, count))
    else:
        g_r = rng.uniform(0.5, 0.9, count)
        pulsators["period"] = 10 ** rng.uniform(0.3, 1.3, count)
        pulsators["amplitude"] = rng.uniform(0.5, 1.2, count)
    pulsators["g"], pulsators["i"] = pulsators["r"] + g_r, pulsators["r"] - 0.4 * g_r
    pulsators["z"] = pulsators["i"] - 0.05
    pulsators["epoch"] = first_jd + rng.random(count) * pulsators["period"]
    return pulsators


def _eclipsing(rng, count, first_jd):
    binaries = _blank(count, Kind.ECLIPSING)
    binaries["r"] = rng.uniform(13.5, 19.5, count)
    _star_colours(rng, binaries)
    contact = rng.random(count) < 0.6
    binaries["period"] = np.where(contact, rng.uniform(0.25, 0.6, count), 10 ** rng.uniform(-0.2, 0.9, count))
    binaries["amplitude"] = rng.uniform(0.15, 0.55, count)
    binaries["width"] = np.where(contact, rng.uniform(0.08, 0.10, count), rng.uniform(0.015, 0.04, count))
    binaries["secondary"] = np.where(contact, rng.uniform(0.7, 1.0, count), rng.uniform(0.1, 0.8, count))
    binaries["epoch"] = first_jd + rng.random(count) * binaries["period"]
    return binaries


def _supernovae(rng, count, hosts, population, first_jd, span_days):
    supernovae = _blank(count, Kind.SUPERNOVA)
    chosen = hosts[rng.choice(len(hosts), count, replace=False)] if count else hosts[:0]
    offset = chosen["radius"] * rng.exponential(1.0, count) / 3600.0
    angle = 2 * np.pi * rng.random(count)
    supernovae["dec"] = chosen["dec"] + offset * np.sin(angle)
    supernovae["ra"] = (chosen["ra"] + offset * np.cos(angle) / np.cos(np.radians(chosen["dec"]))) % 360.0
    supernovae["g"] = rng.uniform(*population.supernova_peak, count)
    for band in ("r", "i"):
        supernovae[band] = supernovae["g"] + variability.SUPERNOVA_COLOUR[band]
    supernovae["z"] = supernovae["i"]
    supernovae["epoch"] = first_jd + rng.uniform(-15.0, span_days + 10.0, count)
    supernovae["width"] = rng.normal(1.0, 0.1, count).clip(0.7, 1.3)
    supernovae["host"] = chosen["id"]
    return supernovae


def magnitudes(sources: np.ndarray, jd: float, band: str) -> np.ndarray:
    """Magnitude of every source (SOURCE_DTYPE) at `jd` in g, r or i: array (n,)."""
    mag = sources[band].astype("f8")
    for kind, family in PULSATORS.items():
        rows = np.flatnonzero(sources["kind"] == kind)
        phase = (jd - sources["epoch"][rows]) / sources["period"][rows]
        amplitude = sources["amplitude"][rows] * variability.BAND_AMPLITUDE[band]
        mag[rows] += variability.pulsation(phase, amplitude, variability.PULSATION_RISE[family])
    rows = np.flatnonzero(sources["kind"] == Kind.ECLIPSING)
    part = sources[rows]
    phase = (jd - part["epoch"]) / part["period"]
    mag[rows] += variability.eclipse(phase, part["amplitude"], part["width"], part["secondary"])
    rows = np.flatnonzero(sources["kind"] == Kind.SUPERNOVA)
    part = sources[rows]
    mag[rows] = variability.supernova(jd - part["epoch"], part["g"].astype("f8"), part["width"], band)
    return mag


def positions(sources: np.ndarray, jd: float) -> tuple[np.ndarray, np.ndarray]:
    """ra, dec (deg) of every source at `jd`, with proper motion."""
    years = (jd - EPOCH_JD) / DAYS_PER_YEAR
    dec = sources["dec"] + sources["pmdec"] * (MAS * years)
    ra = sources["ra"] + sources["pmra"] * (MAS * years) / np.cos(np.radians(sources["dec"]))
    return ra % 360.0, dec


def _visible_sources(sources, jd, band):
    visible = np.zeros(len(sources), VISIBLE_DTYPE)
    for name in ("id", "kind", "radius", "axis_ratio", "angle"):
        visible[name] = sources[name]
    visible["ra"], visible["dec"] = positions(sources, jd)
    visible["mag"] = magnitudes(sources, jd, band)
    blue, red = ("r", "i") if band == "i" else ("g", "r")
    visible["colour"] = sources[blue] - sources[red]
    return visible


def _visible_asteroids(ephemeris, jd, band, exptime):
    half = 0.5 * exptime / SECONDS_PER_DAY
    ra, dec, v_mag = ephemeris(jd)
    before, after = ephemeris(jd - half), ephemeris(jd + half)
    visible = np.zeros(len(ra), VISIBLE_DTYPE)
    visible["id"] = ASTEROID_FIRST_ID + np.arange(len(ra))
    visible["kind"] = Kind.ASTEROID
    visible["ra"], visible["dec"] = ra, dec
    visible["mag"] = np.asarray(v_mag) + ASTEROID_BAND[band]
    blue, red = ("r", "i") if band == "i" else ("g", "r")
    visible["colour"] = ASTEROID_BAND[blue] - ASTEROID_BAND[red]
    visible["axis_ratio"] = 1.0
    steps = (after[0] - before[0] + 180.0) % 360.0 - 180.0
    visible["trail_east"] = 3600.0 * steps * np.cos(np.radians(dec))
    visible["trail_north"] = 3600.0 * (np.asarray(after[1]) - before[1])
    return visible
