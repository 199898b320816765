"""Hints at what an object may be, each with what it rests on. They follow simple rules, and classify nothing."""

from __future__ import annotations

from dataclasses import dataclass

from archive.models import GaiaStar, PanstarrsStar
from lightcurves.models import SourcePeriod

FEWEST = 10  # good points below which nothing is said of variation
VARIES, MAY_VARY = 3.0, 1.5  # scatter in units of the typical uncertainty
SKEWED = 1.0
SMOOTH = 0.8  # von Neumann ratio; 2 of points that know nothing of each other
SURE = 0.5  # confidence of a period
STAR, GALAXY = 0.83, 0.5  # Pan-STARRS's score (Tachibana & Miller 2018 for stars)
FAST = 20.0  # mas/yr
RED, BLUE = 2.0, 0.4  # Gaia BP − RP, mag
BANDS = {"zg": "g", "zr": "r", "zi": "i"}


@dataclass(frozen=True)
class Hint:
    """says : what it may be; because : the numbers on which that rests"""

    says: str
    because: str


def hints_of(
    sources: list, period: SourcePeriod | None, panstarrs: PanstarrsStar | None, gaia: GaiaStar | None
) -> list[Hint]:
    """Hints from statistics (of the source with most good points), a period, and what catalogs have at the place."""
    return [*_variation(sources), *_period(period), *_shape(panstarrs), *_motion(gaia)]


def known(value: float | None) -> float | None:
    """A statistic; None where it cannot be computed."""
    return None if value is None or value != value else value


def _variation(sources: list) -> list[Hint]:
    best = max(sources, key=lambda one: known(one.ngoodobs) or 0)
    count, band = int(known(best.ngoodobs) or 0), BANDS[best.filtercode]
    points = f"{count} good points in {band}"
    if count < FEWEST or known(best.magrms) is None or not known(best.medmagerr):
        return [Hint("Too few points to say whether it varies", f"{points}; {FEWEST} are needed")]
    ratio = best.magrms / best.medmagerr
    because = (
        f"scatter {best.magrms:.3f} mag is {ratio:.1f} times the typical uncertainty {best.medmagerr:.3f} mag; {points}"
    )
    if ratio < MAY_VARY:
        return [Hint("No sign of variation", because)]
    return [Hint("It varies" if ratio >= VARIES else "It may vary", because), *_manner(best)]


def _manner(best) -> list[Hint]:
    found = []
    if known(best.skewness) is not None and abs(best.skewness) > SKEWED:
        dips = best.skewness > 0
        says = "Dips, as eclipses make them" if dips else "Brightenings, as flares and outbursts make them"
        found.append(Hint(says, f"skewness {best.skewness:+.1f}: a tail to {'faint' if dips else 'bright'} magnitudes"))
    if known(best.vonneumannratio) is not None and best.vonneumannratio < SMOOTH:
        says = "It changes slowly, compared with the time between points"
        found.append(
            Hint(says, f"von Neumann ratio {best.vonneumannratio:.2f}; 2 where successive points are unrelated")
        )
    return found


def _period(period: SourcePeriod | None) -> list[Hint]:
    if period is None:
        return []
    says = "Periodic" if period.confidence >= SURE else "A period was found, but is uncertain"
    return [Hint(f"{says}: {period.period:.6g} d", f"confidence {period.confidence:.2f}, {period.nobs} points")]


def _shape(star: PanstarrsStar | None) -> list[Hint]:
    if star is None or star.sgscore is None:
        return []
    score = f"Pan-STARRS star–galaxy score {star.sgscore:.2f}"
    if star.sgscore >= STAR:
        return [Hint("Shape of a star, or of a quasar", score)]
    return [Hint("Shape of a galaxy", score)] if star.sgscore <= GALAXY else [Hint("Shape unclear", score)]


def _motion(gaia: GaiaStar | None) -> list[Hint]:
    if gaia is None:
        return []
    found = []
    if gaia.pmra is not None and gaia.pmdec is not None:
        speed = (gaia.pmra**2 + gaia.pmdec**2) ** 0.5
        if speed >= FAST:
            found.append(Hint("A star of our Galaxy that moves on the sky", f"Gaia proper motion {speed:.0f} mas/yr"))
    if gaia.bp_rp is not None and not BLUE <= gaia.bp_rp <= RED:
        found.append(Hint("Red" if gaia.bp_rp > RED else "Blue", f"Gaia BP − RP = {gaia.bp_rp:.2f} mag"))
    return found
