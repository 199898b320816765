"""The demonstration: eight nights on one field, seen by ZTF's camera with a smaller detector."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum
from scipy.interpolate import CubicSpline
from tqdm import tqdm

from archive.access.audit import Actor
from archive.ingest.reference_catalogs import refcats
from archive.models import (
    Alert,
    CalibrationImage,
    DifferenceImage,
    Exposure,
    Membership,
    QueryJob,
    RawImage,
    ReferenceImage,
    Release,
    ScienceImage,
    UserJob,
    UserTable,
)
from archive.moving import numbered
from archive.moving.dynamics.ephemeris import ephemeris
from archive.releases import freeze, publish
from archive.sky.sphere import to_ra_dec, unit_vectors
from archive.survey.camera import Camera
from archive.survey.times import julian_date
from deploy.machine import secret
from lightcurves.models import Image, Source
from processing.simulate.plan import SurveyPlan
from processing.simulate.sky import Ephemeris, Population, Sky
from processing.simulate.survey import Night, simulate_night, survey_sky, write_reference_catalogs, write_truth

CAMERA = Camera().scaled(1024, 1024, (numbered.DEMO_CCD,))
PLAN = SurveyPlan(
    field=numbered.DEMO_FIELD,
    first_night=date.fromisoformat(numbered.DEMO_FIRST_NIGHT),
    nights=8,
    exposures=(("zg", 2), ("zr", 2)),
    program_shares=((1, 0.7), (2, 0.3)),
    bias_frames=5,
    flat_frames=8,
    star_flats=7,
    seed=20261025,
    population=Population(rrlyrae=60.0, cepheids=15.0, eclipsing=60.0, supernovae=40.0),
)
TRACK_STEP = 1 / 48  # d
REFERENCE_FRAMES = 6
RELEASE = "demo-dr1"
RELEASED_NIGHTS = 3
PASSWORD_BYTES = 9
LIVELY_MAG, LIVELY_LIMIT = 0.2, 17.5  # scatter and brightness of a star worth looking at
PEOPLE = {
    "public": "an account without further rights",
    "partner": "sees the partnership's data (program 2) as well",
    "admin": "sees everything, and the nights and the admin pages",
}


@dataclass(frozen=True)
class Raw:
    """The files that the simulation wrote."""

    folder: Path
    catalogs: dict[str, Path]


def simulate(nights: int, folder: Path) -> Raw:
    """Write the raw frames of the demonstration's nights, their truth and the reference catalogs.

    The same plan gives the same bytes, so frames that are there already are kept.
    """
    plan = replace(PLAN, nights=nights)
    done = folder / "complete.json"
    signature = json.dumps({"plan": repr(plan), "camera": repr(CAMERA)})
    catalogs = {name: folder / f"{name}.parquet" for name in refcats.CATALOGS}
    if done.exists() and done.read_text() == signature:
        return Raw(folder, catalogs)
    sky = survey_sky(plan, CAMERA, asteroid_tracks(plan))
    with multiprocessing.get_context("fork").Pool(settings.CORES, _share, (plan, folder, sky)) as pool:
        made: list[Night] = list(tqdm(pool.imap(_simulate_night, range(nights)), total=nights, unit="night"))
    write_truth(sky, made, folder / "truth")
    write_reference_catalogs(sky, plan.seed, folder)
    done.write_text(signature)
    return Raw(folder, catalogs)


_shared: tuple[SurveyPlan, Path, Sky]


def _share(*parts) -> None:
    """Give a simulating process the plan and the sky, once."""
    global _shared
    _shared = parts


def _simulate_night(night: int) -> Night:
    plan, folder, sky = _shared
    return simulate_night(plan, night, folder, CAMERA, sky=sky)


def asteroid_tracks(plan: SurveyPlan) -> Ephemeris:
    """A function of the Julian date (UTC) that gives every numbered asteroid's ICRS position (deg) and V magnitude.

    Each orbit is integrated once; splines through places half an hour apart are good to a milliarcsecond.
    """
    first = julian_date(datetime.combine(plan.first_night, time(), UTC))
    grid = first + np.arange(0, plan.nights + TRACK_STEP, TRACK_STEP)
    tracks = [ephemeris(orbit, grid) for orbit in numbered.NUMBERED.values()]
    vectors = CubicSpline(grid, np.stack([unit_vectors(track.ra, track.dec) for track in tracks], axis=1))
    magnitudes = CubicSpline(grid, np.stack([track.vmag for track in tracks], axis=1))

    def at(jd: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return *to_ra_dec(vectors(jd)), magnitudes(jd)

    return at


def load_reference_catalogs(raw: Raw) -> None:
    """The simulated sky's Gaia and Pan-STARRS."""
    for name, path in raw.catalogs.items():
        refcats.load(name, path)


def publish_first_nights() -> None:
    """A release that opens the partnership's data of the first nights."""
    last = PLAN.first_night + timedelta(days=RELEASED_NIGHTS - 1)
    release, made = Release.objects.get_or_create(
        name=RELEASE,
        defaults={
            "title": "Demonstration release 1",
            "notes": "The first nights of the simulated survey, public and partnership data together.",
            "first_night": PLAN.first_night,
            "last_night": last,
        },
    )
    if made:
        release.programs.set([1, 2])
        system = Actor("demo")
        publish(freeze(release, system), system)


def provide_people() -> None:
    """The demonstration's accounts, with passwords made on this machine."""
    for name, password, _ in people():
        user, _ = User.objects.get_or_create(username=name)
        user.is_staff = user.is_superuser = name == "admin"
        user.set_password(password)
        user.save(update_fields=["is_staff", "is_superuser", "password"])
        if name == "partner":
            Membership.objects.get_or_create(user=user, program_id=2)


def people() -> list[tuple[str, str, str]]:
    """Name, password, and what each account is for."""
    return [(name, secret(f"demo-{name}", PASSWORD_BYTES), what) for name, what in PEOPLE.items()]


def holdings() -> list[tuple[str, int]]:
    """The archive's holdings, all programs together."""
    kinds = (
        ("exposures", Exposure.objects.filter(imgtypecode="o")),
        ("raw CCD files", RawImage.objects),
        ("calibration images", CalibrationImage.objects),
        ("science images", ScienceImage.objects),
        ("reference images made here", ReferenceImage.objects.filter(origin="ours")),
        ("reference images known from ZTF", ReferenceImage.objects.filter(origin="ztf")),
        ("difference images", DifferenceImage.objects),
        ("alerts made here", Alert.objects.filter(origin="ours")),
        ("alerts of ZTF", Alert.objects.filter(origin="ztf")),
        ("objects with light curves", Source.objects),
    )
    points = Image.objects.aggregate(points=Sum("points"))["points"] or 0  # as rows or packed
    return [*((name, rows.count()) for name, rows in kinds), ("detections in light curves", points)]


def remember() -> None:
    """Keep what there was when the demonstration had been made."""
    (settings.VAR / "demo" / "made.json").write_text(json.dumps(_kept()))


def differences() -> list[str]:
    """The contents that were not made by the demonstration, in words; nothing for an empty archive."""
    note = settings.VAR / "demo" / "made.json"
    before = json.loads(note.read_text()) if note.exists() else {}
    now = _kept()
    return [
        f"{count} {kind}, {before.get(kind, 0)} by the demonstration"
        for kind, count in now.items()
        if count > before.get(kind, 0)
    ]


def _kept() -> dict[str, int]:
    """Counts of whatever somebody may have brought or made."""
    people = {
        "accounts": User.objects.count(),
        "releases": Release.objects.count(),
        "kept tables": UserTable.objects.count(),
        "jobs of people": UserJob.objects.count() + QueryJob.objects.count(),
    }
    return dict(holdings()) | people
