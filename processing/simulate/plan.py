"""What is observed when: the plan of a small survey and the exposures of one of its nights."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from archive.survey.camera import Camera
from archive.survey.fields import CALIBRATION_FIELD, field_centre
from archive.survey.identifiers import TICKS_PER_DAY, jd_of_ticks, nid_of_date
from processing.simulate.conditions import alt_az, sidereal_time
from processing.simulate.randomness import stream
from processing.simulate.raw import RawExposure
from processing.simulate.sky import Population

DARK_FROM, DARK_UNTIL = 0.12, 0.52
"""Night at Palomar, fraction of the UT day."""
BETWEEN_VISITS_S, BETWEEN_FILTERS_S = 2400.0, 300.0
FIRST_CALIBRATION, BETWEEN_CALIBRATIONS_S = 0.005, 52.0
LOWEST_ALTITUDE = 25.0
FLAT_EXPTIME = 10.0


class FieldNotUp(ValueError):
    """The planned field is too low during the whole night."""


@dataclass(frozen=True)
class SurveyPlan:
    """What is observed. Everything follows from it: the same plan gives the same bytes."""

    field: int = 655
    first_night: date = date(2020, 9, 24)
    nights: int = 5
    exposures: tuple[tuple[str, int], ...] = (("zg", 2), ("zr", 2))
    """exposures per night by filter code"""
    program_shares: tuple[tuple[int, float], ...] = ((1, 0.5), (2, 0.4), (3, 0.1))
    exptime: float = 30.0
    bias_frames: int = 10
    flat_frames: int = 10
    """per night, and per filter"""
    trail_probability: float = 0.3
    """of a satellite crossing the focal plane in one exposure"""
    seed: int = 1
    population: Population = Population()


def night_exposures(plan: SurveyPlan, night: int, camera: Camera) -> tuple[RawExposure, ...]:
    """All exposures of one night in order of time: bias frames, flats, then the field about its culmination.

    Raises
    ------
    ValueError
        if the night is not in the plan.
    FieldNotUp
        if the field is below 25 deg when it would be observed.
    """
    if not 0 <= night < plan.nights:
        raise ValueError(f"night={night}: the plan has nights 0 to {plan.nights - 1}")
    nid = nid_of_date(plan.first_night + timedelta(days=night))
    filters = [code for code, _ in plan.exposures]
    kinds = [("bi", "b", 0.0)] * plan.bias_frames
    kinds += [(code, "f", FLAT_EXPTIME) for code in filters for _ in range(plan.flat_frames)]
    calibrations = [
        RawExposure(
            _grid_jd(nid, FIRST_CALIBRATION + n * BETWEEN_CALIBRATIONS_S / 86400.0),
            CALIBRATION_FIELD, code, exptime, 0, kind,
        )
        for n, (code, kind, exptime) in enumerate(kinds)
    ]  # fmt: skip
    return (*calibrations, *_science_exposures(plan, nid, camera))


def _science_exposures(plan, nid, camera):
    ra, dec = field_centre(plan.field)
    rng = stream(plan.seed, "schedule", nid)
    visits = [
        (visit * BETWEEN_VISITS_S + n * BETWEEN_FILTERS_S, code)
        for n, (code, count) in enumerate(plan.exposures)
        for visit in range(count)
    ]
    if not visits:
        return []
    visits.sort()
    length = visits[-1][0] / 86400.0
    if length > DARK_UNTIL - DARK_FROM:
        raise ValueError(
            f"exposures={plan.exposures}: they take {24 * length:.1f} h, a night has "
            f"{24 * (DARK_UNTIL - DARK_FROM):.1f} h; plan fewer per filter"
        )
    transit = 0.5 - (sidereal_time(_grid_jd(nid, 0.5), camera.site.longitude) - ra) / 360.985647
    transit = DARK_FROM + (transit - DARK_FROM) % 0.99726957
    start = min(max(transit - length / 2, DARK_FROM), DARK_UNTIL - length)
    if transit > DARK_FROM + (1.0 + DARK_UNTIL - DARK_FROM) / 2:  # it culminated before dusk, not after dawn
        start = DARK_FROM
    start += rng.uniform(0, 60.0) / 86400.0
    programs, shares = zip(*plan.program_shares, strict=True)
    exposures = []
    for delay, code in visits:
        jd = _grid_jd(nid, start + delay / 86400.0)
        altitude = alt_az(jd, ra, dec, camera.site)[0]
        if altitude < LOWEST_ALTITUDE:
            raise FieldNotUp(
                f"field={plan.field}: only {altitude:.0f} deg high at JD {jd:.3f}; choose a field near "
                f"right ascension {sidereal_time(_grid_jd(nid, 0.32), camera.site.longitude):.0f} deg"
            )
        program = int(rng.choice(programs, p=np.divide(shares, sum(shares))))
        exposures.append(RawExposure(jd, plan.field, code, plan.exptime, program))
    return exposures


def _grid_jd(nid, fraction):
    """A Julian date on the grid of file names, whole 1e-6 days."""
    return jd_of_ticks(nid * TICKS_PER_DAY + 10 * int(fraction * 1e6))
