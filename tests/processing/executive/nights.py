"""A small simulated night that tests run through real jobs, whole or with one thing made bad."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from archive.ingest import ingest
from archive.ingest.reference_catalogs import refcats
from archive.models import CalibrationImage, Exposure, GaiaStar, PanstarrsStar, ProcessingVersion, ProductFile
from archive.models.versions import CURRENT
from archive.survey.camera import Camera
from processing.executive import queue, tasks
from processing.executive.plan import Selection
from processing.models import Job
from processing.simulate.plan import SurveyPlan
from processing.simulate.sky import Population, Sky
from processing.simulate.survey import simulate_night, survey_sky, write_reference_catalogs

CAMERA = Camera().scaled(512, 512, (8,))
RCID = 28  # CCD 8, quadrant 1
QUADRANT = Selection(ccdids=frozenset({8}), qids=frozenset({1}))
PLAN = SurveyPlan(
    field=557,
    first_night=date(2026, 10, 25),
    nights=2,
    exposures=(("zr", 1),),
    program_shares=((1, 1.0),),
    bias_frames=4,
    flat_frames=4,
    trail_probability=0.0,
    seed=11,
    population=Population(stars=90_000.0),
)


@lru_cache(maxsize=4)
def sky_of(plan: SurveyPlan) -> Sky:
    """The sky of a plan, made once."""
    return survey_sky(plan, CAMERA)


def simulate(folder: Path, night: int = 0, plan: SurveyPlan = PLAN) -> list[Path]:
    """The raw files of one night: biases, flats, one exposure of the sky."""
    return list(simulate_night(plan, night, folder, CAMERA, sky=sky_of(plan)).paths)


def load_catalogs(folder: Path, plan: SurveyPlan = PLAN) -> None:
    """Gaia and Pan-STARRS of the plan's sky."""
    for name, path in write_reference_catalogs(sky_of(plan), plan.seed, folder).items():
        refcats.load(name, path)


def take_all(paths: list[Path]) -> None:
    for path in paths:
        ingest(path)


def run_all() -> None:
    """The work of workers, one job after another in this process."""
    while (ready := Job.objects.filter(state=Job.State.READY).order_by("pk").first()) is not None:
        job = queue.claim(ready.pk)
        tasks.run_claimed(job)
        queue.release(job.pk)


def forget_all() -> None:
    """Remove every row that a night brought."""
    for model in (Job, Exposure, CalibrationImage, GaiaStar, PanstarrsStar, ProductFile):
        model.objects.all().delete()
    ProcessingVersion.objects.exclude(name=CURRENT).delete()
