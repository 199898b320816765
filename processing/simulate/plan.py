"""Observing plan: the plan of a small survey and the exposures of one of its nights."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from archive.survey.camera import Camera
from archive.survey.fields import CALIBRATION_FIELD, field_centre
from archive.survey.identifiers import TICKS_PER_DAY, jd_of_ticks, nid_of_date
from archive.survey.times import SECONDS_PER_DAY
from processing.science.detector.lamps import FILTER_LEDS
from processing.simulate.conditions import alt_az, sidereal_time
from processing.simulate.randomness import stream
from processing.simulate.raw import RawExposure
from processing.simulate.sky import Population

DARK_FROM, DARK_UNTIL = 0.12, 0.52
"""Night at Palomar, fraction of the UT day."""
BETWEEN_VISITS_S, BETWEEN_FILTERS_S = 2400.0, 300.0
FIRST_CALIBRATION, BETWEEN_CALIBRATIONS_S = 0.005, 52.0
BETWEEN_STAR_FLATS_S = 45.0
ENGINEERING = 0
"""program of calibrations"""
DITHER_REACH, GOLDEN_ANGLE = 0.45, 2.39996
"""of a quadrant's width; rad"""
LOWEST_ALTITUDE = 25.0
FLAT_EXPTIME = 10.0


class FieldNotUpError(ValueError):
    """The planned field is too low during the whole night."""


@dataclass(frozen=True)
class SurveyPlan:
    """A plan of observations. Everything follows from it: the same plan gives the same bytes."""

    field: int = 655
    first_night: date = date(2020, 9, 24)
    nights: int = 5
    exposures: tuple[tuple[str, int], ...] = (("zg", 2), ("zr", 2))
    """exposures per night by filter code"""
    program_shares: tuple[tuple[int, float], ...] = ((1, 0.5), (2, 0.4), (3, 0.1))
    exptime: float = 30.0
    bias_frames: int = 10
    flat_frames: int = 10
    """per night, and per filter; the lamps of a filter share them"""
    star_flats: int = 0
    """dithered exposures per filter for the low-frequency flat, on the first night"""
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
    FieldNotUpError
        if the field is below 25 deg when it would be observed.
    """
    if not 0 <= night < plan.nights:
        raise ValueError(f"night={night}: the plan has nights 0 to {plan.nights - 1}")
    nid = nid_of_date(plan.first_night + timedelta(days=night))
    filters = [code for code, _ in plan.exposures]
    kinds: list[tuple[str, str, float, int | None]] = [("bi", "b", 0.0, None)] * plan.bias_frames
    kinds += [(code, "f", FLAT_EXPTIME, led) for code in filters for led in lamp_sequence(code, plan.flat_frames)]
    calibrations = [
        RawExposure(
            _grid_jd(nid, FIRST_CALIBRATION + n * BETWEEN_CALIBRATIONS_S / SECONDS_PER_DAY),
            CALIBRATION_FIELD, code, exptime, 0, kind, led,
        )
        for n, (code, kind, exptime, led) in enumerate(kinds)
    ]  # fmt: skip
    stars = star_flat_offsets(plan, camera) if night == 0 else ()
    return (*calibrations, *_science_exposures(plan, nid, camera, stars))


def lamp_sequence(filtercode: str, frames: int) -> list[int]:
    """The lamp of each flat of a filter, one lamp after the other."""
    leds = FILTER_LEDS[filtercode]
    return [leds[n * len(leds) // frames] for n in range(frames)]


def star_flat_offsets(plan: SurveyPlan, camera: Camera) -> tuple[tuple[str, tuple[float, float]], ...]:
    """Filter and offset (deg east, north) of the dithered exposures: a spiral that fills half a quadrant."""
    reach = DITHER_REACH * min(camera.nx, camera.ny) * camera.pixel_scale
    number = np.arange(plan.star_flats)
    radius = reach * np.sqrt(number / max(plan.star_flats - 1, 1))
    angle = number * GOLDEN_ANGLE
    places = list(zip((radius * np.cos(angle)).tolist(), (radius * np.sin(angle)).tolist(), strict=True))
    return tuple((code, place) for code, _ in plan.exposures for place in places)


def _science_exposures(plan, nid, camera, star_flats):
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
    length = (visits[-1][0] + BETWEEN_STAR_FLATS_S * len(star_flats)) / SECONDS_PER_DAY
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
    start += rng.uniform(0, 60.0) / SECONDS_PER_DAY
    programs, shares = zip(*plan.program_shares, strict=True)
    exposures = []
    after = visits[-1][0] + BETWEEN_FILTERS_S / 2
    dithered = [(after + n * BETWEEN_STAR_FLATS_S, *one) for n, one in enumerate(star_flats)]
    for delay, code, offset in [*((delay, code, None) for delay, code in visits), *dithered]:
        jd = _grid_jd(nid, start + delay / SECONDS_PER_DAY)
        altitude = alt_az(jd, ra, dec, camera.site)[0]
        if altitude < LOWEST_ALTITUDE:
            raise FieldNotUpError(
                f"field={plan.field}: only {altitude:.0f} deg high at JD {jd:.3f}; choose a field near "
                f"right ascension {sidereal_time(_grid_jd(nid, 0.32), camera.site.longitude):.0f} deg"
            )
        if offset is not None:
            exposures.append(RawExposure(jd, plan.field, code, plan.exptime, ENGINEERING, offset=offset))
            continue
        program = int(rng.choice(programs, p=np.divide(shares, sum(shares))))
        exposures.append(RawExposure(jd, plan.field, code, plan.exptime, program))
    return exposures


def _grid_jd(nid, fraction):
    """A Julian date on the grid of file names, whole 1e-6 days."""
    return jd_of_ticks(nid * TICKS_PER_DAY + 10 * int(fraction * 1e6))
