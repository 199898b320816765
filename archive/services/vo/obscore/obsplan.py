"""ObsLocTAP 1.0: the telescope's exposures as observations that were performed (ivoa.obsplan).

Plans of the survey do not reach this archive: what stands here has happened.
"""

from __future__ import annotations

from dataclasses import replace

from archive.services.vo.obscore.branches import common, exposed, of_filter, typed
from archive.services.vo.obscore.columns import OBSCORE
from archive.services.vo.schema.published import publish_query
from archive.tables.dictionary import Column, Table

CAMERA = 5.3  # deg from the axis to the corners of the mosaic, about
UTYPE = "ivo://ivoa.net/std/obsloctap#table-1.0"
SHARED = (
    "target_name obs_id obs_collection s_ra s_dec s_fov s_region s_resolution t_min t_max t_exptime t_resolution "
    "em_min em_max em_res_power o_ucd pol_states pol_xel facility_name instrument_name"
)
_OWN = (
    Column("t_planning", "double", "When it was planned, MJD (UTC): not known here, the start", "d", std=True),
    Column(
        "t_plan_exptime",
        "double",
        "Exposure time as planned",
        "s",
        "time.duration;obs.exposure",
        utype="Char.TimeAxis.Coverage.Support.Extent",
        std=True,
    ),
    Column("category", "char", "Kind of plan", std=True),
    Column("priority", "int", "0: as all", std=True),
    Column("execution_status", "char", "What became of it", std=True),
    Column("tracking_type", "char", "What the telescope follows", std=True),
)
_NAMES = f"t_planning {SHARED} t_plan_exptime category priority execution_status tracking_type"
OBSPLAN = Table(
    "ivoa.obsplan",
    "ObsLocTAP 1.0: exposures of the sky, all of them performed",
    tuple(
        replace(column, utype=column.utype.removeprefix("obscore:"))
        for column in OBSCORE.only("ivoa.obsplan", _NAMES, *_OWN).columns
    ),
    UTYPE,
)


def publish_exposures(rows: int = 10**7) -> None:
    """Open ivoa.obsplan."""
    values = common("raw", "e.expid", "e") | of_filter("e.fid") | exposed("e")
    values |= {
        "target_name": "'field ' || e.field",
        "obs_id": "e.expid",
        "o_ucd": "'phot.count'",
        "s_ra": "e.ra",
        "s_dec": "e.dec",
        "s_fov": str(2 * CAMERA),
        "s_region": f"'CIRCLE ICRS ' || e.ra || ' ' || e.dec || ' {CAMERA}'",
    }
    own = {
        "t_planning": values["t_min"],
        "t_plan_exptime": "e.exptime",
        "category": "'Other'::text",
        "priority": "0",
        "execution_status": "'Performed'::text",
        "tracking_type": "'Sidereal'::text",
    }
    listed = ", ".join(
        f"({own[column.name]}) AS {column.name}" if column.name in own else typed(column.name, values.get(column.name))
        for column in OBSPLAN.columns
    )
    query = f"SELECT {listed} FROM archive_exposure AS e WHERE e.imgtypecode = 'o'"
    publish_query(OBSPLAN, query, rows, ("archive_exposure",))
