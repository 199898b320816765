"""A small survey: its sky, the raw files of each of its nights, and their truth."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from archive.files.atomic import whole_file
from archive.survey.camera import (
    QUADRANT_IDS,
    Camera,
    ccd_quadrant,
    filter_of,
    pixel_to_plane,
    plane_to_sky,
    quadrant_centre,
    rcid,
    sky_to_plane,
)
from archive.survey.fields import field_centre
from archive.survey.identifiers import TICKS_PER_DAY, expid_of_jd, jd_of_ticks, nid_of_date
from archive.survey.times import SECONDS_PER_DAY
from processing.simulate import detector, optics
from processing.simulate.conditions import (
    Conditions,
    airmass_at,
    alt_az,
    draw_conditions,
    for_exptime,
)
from processing.simulate.dome import lamp_drift
from processing.simulate.plan import SurveyPlan, night_exposures, star_flat_offsets
from processing.simulate.randomness import stream
from processing.simulate.raw import write_ccd
from processing.simulate.refcats import gaia_catalog, panstarrs_catalog
from processing.simulate.render import GHOST_MIRROR, SatelliteTrail, Scene, add_line, render_scene
from processing.simulate.sky import Ephemeris, Sky, make_sky

FLAT_ELECTRONS = 90000.0
LAMP_BRIGHTNESS_SCATTER = 0.02
CHANNEL_ZP_SCATTER = 0.02
SKY_MARGIN_DEG = 0.1
QUADRANT_SCHEMA = pa.schema(
    [
        ("expid", pa.int64()),
        ("rcid", pa.int16()),
        ("zp", pa.float64()),
        ("magzp", pa.float64()),
        ("fwhm_pixels", pa.float64()),
        ("wcs", pa.string()),
        ("sources", pa.int32()),
        ("cosmic_pixels", pa.int32()),
        ("track_x", pa.float64()),
        ("track_y", pa.float64()),
        ("track_angle", pa.float64()),
    ]
)
"""A column of tracks may be all null, which Arrow cannot type by itself."""


@dataclass(frozen=True)
class Night:
    """Result of `simulate_night`: files written, and the truth as Arrow tables."""

    paths: tuple[Path, ...]
    exposures: pa.Table
    quadrants: pa.Table
    detections: pa.Table


def survey_sky(plan: SurveyPlan, camera: Camera, ephemeris: Ephemeris | None = None) -> Sky:
    """The sky that a plan looks at with a camera: a disc that covers the CCDs in use."""
    first_jd = jd_of_ticks(nid_of_date(plan.first_night) * TICKS_PER_DAY)
    return make_sky(
        field_centre(plan.field),
        footprint_radius(camera) + SKY_MARGIN_DEG + _farthest_dither(plan, camera),
        plan.seed,
        plan.population,
        first_jd,
        float(plan.nights),
        ephemeris,
    )


def _farthest_dither(plan, camera):
    return max((float(np.hypot(*offset)) for _, offset in star_flat_offsets(plan, camera)), default=0.0)


def footprint_radius(camera: Camera) -> float:
    """Distance (deg) from the boresight to the farthest corner of the CCDs in use."""
    x, y = np.array([1, camera.nx, camera.nx, 1]), np.array([1, 1, camera.ny, camera.ny])
    corners = [np.hypot(*pixel_to_plane(camera, *ccd_quadrant(channel), x, y)).max() for channel in camera.rcids]
    return float(max(corners))


def simulate_night(
    plan: SurveyPlan,
    night: int,
    out_dir: Path,
    camera: Camera,
    progress: Callable[[str], None] | None = None,
    sky: Sky | None = None,
) -> Night:
    """Write all raw files of one night into the raw tree below `out_dir`.

    Parameters
    ----------
    plan, camera : what is observed with what
    night : 0 for the plan's first night
    progress : called with each file's name once it is complete
    sky : the plan's sky if it was made before (it is the same for all nights), with the ephemeris of its
    asteroids
    """
    sky = sky or survey_sky(plan, camera)
    paths, exposures, quadrants, detections = [], [], [], []
    for exposure in night_exposures(plan, night, camera):
        state = _observe(plan, exposure, camera, sky)
        if state is not None:
            exposures.append(_exposure_truth(exposure, state))
        for ccdid in camera.ccds:
            readouts = {}
            for qid in QUADRANT_IDS:
                channel = rcid(ccdid, qid)
                rng = stream(plan.seed, "readout", expid_of_jd(exposure.jd), channel)
                light, truth = _light(plan, exposure, camera, channel, state)
                readouts[qid] = detector.read_out(rng, camera, channel, light, exposure.exptime)
                if truth is not None:
                    quadrants.append(_quadrant_truth(exposure, channel, truth, readouts[qid]))
                    detections.append(_detection_truth(exposure, channel, truth, camera))
            paths.append(write_ccd(Path(out_dir), camera, exposure, ccdid, readouts))
            if progress:
                progress(paths[-1].name)
    return Night(
        tuple(paths),
        pa.Table.from_pylist(exposures),
        pa.Table.from_pylist(quadrants, QUADRANT_SCHEMA),
        pa.concat_tables(detections) if detections else pa.table({}),
    )


@dataclass(frozen=True)
class _State:
    """One sky exposure: what shines where, and how it was seen."""

    visible: np.ndarray
    east: np.ndarray
    north: np.ndarray
    pointing: optics.Pointing
    conditions: Conditions
    trail: SatelliteTrail | None


@dataclass(frozen=True)
class _QuadrantTruth:
    """Truth of one quadrant of a sky exposure."""

    cards: dict
    zp: float
    magzp: float
    fwhm: float
    scene: Scene
    visible: np.ndarray
    track: tuple[float, float, float] | None


def _observe(plan, exposure, camera, sky):
    """Draw pointing, conditions and satellite of a sky exposure; None for calibration frames."""
    if exposure.imgtypecode != "o":
        return None
    rng = stream(plan.seed, "exposure", expid_of_jd(exposure.jd))
    ra, dec = exposure.centre
    pointing = optics.draw_pointing(rng, ra, dec)
    middle = exposure.jd + 0.5 * exposure.exptime / SECONDS_PER_DAY
    visible = sky.at(middle, exposure.filtercode, exposure.exptime)
    east, north = sky_to_plane(visible["ra"], visible["dec"], pointing.ra, pointing.dec)
    airmass = airmass_at(alt_az(middle, ra, dec, camera.site)[0])
    conditions = for_exptime(draw_conditions(rng, exposure.filtercode, airmass), exposure.exptime)
    trail = None
    if rng.random() < plan.trail_probability:
        reach = 0.7 * footprint_radius(camera)
        trail_east, trail_north = rng.uniform(-reach, reach, 2).tolist()
        trail = SatelliteTrail(
            trail_east,
            trail_north,
            angle=float(rng.uniform(0, 180)),
            peak=float(10 ** rng.uniform(1.3, 2.9)),
        )
    return _State(visible, east, north, pointing, conditions, trail)


def _light(plan, exposure, camera, channel, state):
    """Electrons that the pixels of one quadrant should collect, and the truth behind them."""
    if exposure.imgtypecode == "b":
        return None, None
    fid = filter_of(exposure.filtercode).fid
    if exposure.imgtypecode == "f":
        return flat_light(plan.seed, exposure, camera, channel, fid), None
    response = detector.response(camera, channel, fid)
    truth = _render(plan, exposure, camera, channel, fid, state)
    return truth.scene.electrons * response, truth


def flat_light(seed: int, exposure, camera: Camera, channel: int, fid: int) -> np.ndarray:
    """Electrons of a screen flat: its lamp's light, a little brighter or fainter each time, and drifting a little."""
    rng = stream(seed, "lamp", expid_of_jd(exposure.jd))
    light = detector.screen(camera, channel, fid, exposure.led)
    light = light * lamp_drift(rng, camera, channel)
    light *= np.float32(FLAT_ELECTRONS * (1.0 + LAMP_BRIGHTNESS_SCATTER * rng.standard_normal()))
    return light


def _render(plan, exposure, camera, channel, fid, state):
    rng = stream(plan.seed, "quadrant", expid_of_jd(exposure.jd), channel)
    cards = optics.true_wcs(camera, channel, state.pointing)
    psf = optics.draw_point_spread(rng, channel, state.conditions.seeing)
    zp = state.conditions.zp + float(stream(optics.INSTRUMENT_SEED, "zp", channel, fid).normal(0, CHANNEL_ZP_SCATTER))
    centre = quadrant_centre(camera, *ccd_quadrant(channel))
    half = 0.5 * max(camera.nx, camera.ny) * camera.pixel_scale + SKY_MARGIN_DEG
    near = (np.abs(state.east - centre[0]) < half) & (np.abs(state.north - centre[1]) < half)
    visible = state.visible[near]
    scene = render_scene(camera, visible, cards, psf, state.conditions, zp, ghost_offset(camera, centre))
    track = None
    if state.trail is not None:
        track = _track_on_quadrant(camera, cards, centre, state)
        if track is not None:
            x0, y0, angle = track
            peak = state.trail.peak * camera.gain
            add_line(scene.electrons, x0, y0, np.cos(angle), np.sin(angle), peak, state.trail.sigma)
    magzp = zp + 2.5 * float(np.log10(detector.response_level(camera, channel, fid)))
    return _QuadrantTruth(cards, zp, magzp, psf.fwhm, scene, visible, track)


def ghost_offset(camera: Camera, centre: tuple[float, float]) -> tuple[float, float]:
    """The offset of the ghosts of a quadrant's bright stars from their star, pixels (x runs west, y south)."""
    scale = -GHOST_MIRROR / camera.pixel_scale
    return scale * centre[0], scale * centre[1]


def _track_on_quadrant(camera, cards, centre, state):
    """A satellite on a quadrant: a point (0-based pixels) and angle (rad); None if it passes by."""
    trail = state.trail
    along = np.array([np.cos(np.radians(trail.angle)), np.sin(np.radians(trail.angle))])
    start = np.array([trail.east, trail.north])
    nearest = start + along * np.dot(np.array(centre) - start, along)
    if np.hypot(*(nearest - centre)) > 0.75 * max(camera.nx, camera.ny) * camera.pixel_scale:
        return None
    step = 0.25 * camera.nx * camera.pixel_scale
    ends = np.array([nearest - step * along, nearest + step * along])
    ra, dec = plane_to_sky(ends[:, 0], ends[:, 1], state.pointing.ra, state.pointing.dec)
    x, y = optics.sky_to_pixel(cards, ra, dec)
    return float(x[0]), float(y[0]), float(np.arctan2(y[1] - y[0], x[1] - x[0]))


def _exposure_truth(exposure, state):
    c, p = state.conditions, state.pointing
    return {
        "expid": expid_of_jd(exposure.jd),
        "jd": exposure.jd,
        "field": exposure.field,
        "filtercode": exposure.filtercode,
        "programid": exposure.programid,
        "exptime": exposure.exptime,
        "seeing_pixels": c.seeing,
        "background_dn": c.background,
        "zp": c.zp,
        "colour_coefficient": c.colour_coefficient,
        "airmass": c.airmass,
        "ra": p.ra,
        "dec": p.dec,
        "rotation": p.rotation,
        "scale": p.scale,
    }


def _quadrant_truth(exposure, channel, truth, readout):
    """`zp` holds before the response, `magzp` after division by a flat of median 1."""
    x, y, angle = truth.track if truth.track else (None, None, None)
    return {
        "expid": expid_of_jd(exposure.jd),
        "rcid": channel,
        "zp": truth.zp,
        "magzp": truth.magzp,
        "fwhm_pixels": truth.fwhm,
        "wcs": json.dumps(truth.cards),
        "sources": len(truth.scene.row),
        "cosmic_pixels": len(readout.cosmic_pixels),
        "track_x": x,
        "track_y": y,
        "track_angle": angle,
    }


def _detection_truth(exposure, channel, truth, camera):
    """Every source within the quadrant: 0-based pixels, PS1 magnitude at that time, flux in DN."""
    scene = truth.scene
    inside = (scene.x > -0.5) & (scene.x < camera.nx - 0.5) & (scene.y > -0.5) & (scene.y < camera.ny - 0.5)
    part = truth.visible[scene.row[inside]]
    count = len(part)
    return pa.table(
        {
            "expid": np.full(count, expid_of_jd(exposure.jd), "i8"),
            "rcid": np.full(count, channel, "i2"),
            "id": part["id"],
            "kind": part["kind"],
            "ra": part["ra"],
            "dec": part["dec"],
            "x": scene.x[inside],
            "y": scene.y[inside],
            "mag": part["mag"],
            "colour": part["colour"],
            "flux_dn": scene.flux[inside] / camera.gain,
        }
    )


def write_truth(sky: Sky, nights: list[Night], out_dir: Path) -> dict[str, Path]:
    """Write sources, exposures, quadrants and detections as Parquet; returns the paths by name."""
    tables = {
        "sources": pa.table({name: sky.sources[name] for name in sky.sources.dtype.names or ()}),
        "exposures": pa.concat_tables([night.exposures for night in nights]),
        "quadrants": pa.concat_tables([night.quadrants for night in nights]),
        "detections": pa.concat_tables([night.detections for night in nights]),
    }
    return {name: _write_parquet(table, Path(out_dir) / f"{name}.parquet") for name, table in tables.items()}


def write_reference_catalogs(sky: Sky, seed: int, out_dir: Path) -> dict[str, Path]:
    """Write the Gaia-like and Pan-STARRS-like catalogs of a sky as Parquet; returns the paths by name."""
    catalogs = {"gaia": gaia_catalog(sky, seed), "panstarrs": panstarrs_catalog(sky, seed)}
    return {
        name: _write_parquet(
            pa.table({column: np.asarray(table[column]) for column in table.colnames}),
            Path(out_dir) / f"{name}.parquet",
        )
        for name, table in catalogs.items()
    }


def _write_parquet(table, path):
    with whole_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return path
