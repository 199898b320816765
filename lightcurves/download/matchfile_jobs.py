"""Matchfiles that somebody orders: a user job writes those of a field's quadrant as one tar."""

from __future__ import annotations

from pathlib import Path

from django import forms

from archive.access.memberships import reader_of_job
from archive.access.reading import Reader, reading
from archive.forms import (
    ChoiceField,
    FilterField,
    WholeField,
)
from archive.jobs import dependencies, user_jobs
from archive.models import UserJob
from archive.products import bundles
from archive.survey.camera import FILTER_BY_CODE
from lightcurves.download.matchfiles import NoMatchfileError, Place, Written, write

EDITIONS = {"mine": "all that I may see", "public": "what everybody may see"}


class MatchfileForm(forms.Form):
    """Parameters of an order of matchfiles: field, quadrant, filters, and whose edition."""

    field = WholeField(min_value=1, max_value=999_999, label="Field")
    ccdid = WholeField(min_value=1, max_value=16, label="CCD")
    qid = WholeField(min_value=1, max_value=4, label="Quadrant")
    filtercode = FilterField("all")
    edition = ChoiceField(choices=EDITIONS.items(), required=False, help_text="default: mine")


def order(asked: dict, reader: Reader, user=None) -> UserJob:
    """Ask for the matchfiles of a place (`MatchfileForm.cleaned_data`), with the rights that whoever asks has now.

    The public edition holds what everybody may see, whoever orders it.
    """
    parameters = {name: asked[name] for name in ("field", "ccdid", "qid")}
    parameters |= {"filters": [asked["filtercode"]] if asked["filtercode"] else list(FILTER_BY_CODE)}
    programs = () if asked["edition"] == "public" else reader.programs
    return user_jobs.submit("matchfiles", "lightcurves.download.matchfile_jobs.make", parameters, user, programs)


def make(job_id: str) -> None:
    """Write the tar of a job; started by the queue. Running it again gives the same file once."""
    user_jobs.carry_out(job_id, _make, (NoMatchfileError, OSError))


def _make(job: UserJob) -> str:
    found = []
    dependencies.note(job, dependencies.on_tables([dependencies.LIGHTCURVES], reader_of_job(job)))
    UserJob.objects.filter(pk=job.pk).update(total=len(job.parameters["filters"]))
    with bundles.folder_as_result(job, "") as folder:
        folder.mkdir()
        for number, code in enumerate(job.parameters["filters"], start=1):
            field, ccdid, qid = (job.parameters[name] for name in ("field", "ccdid", "qid"))
            place = Place(field, ccdid, qid, FILTER_BY_CODE[code].fid)
            found += _one(job, place, folder)
            UserJob.objects.filter(pk=job.pk).update(done=number)
        dependencies.note(job, dependencies.on_tables([dependencies.LIGHTCURVES], reader_of_job(job)))
        if not found:
            raise NoMatchfileError("there are no light curves of this place that you may see")
    objects, points = sum(one.objects for one in found), sum(one.points for one in found)
    return f"{len(found)} matchfiles, {objects} objects, {points} points"


def _one(job: UserJob, place: Place, folder: Path) -> list[Written]:
    """Files of one filter: none where there are no points."""
    with reading(reader_of_job(job)):
        try:
            return [write(place, folder / place.name)]
        except NoMatchfileError:
            return []
