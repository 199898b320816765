"""What is due: the jobs of a night, and what waits for what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from archive.models import Exposure, RawImage, ReferenceImage
from archive.survey import identifiers
from archive.survey.camera import rcid as channel
from processing.models import Job

QUADRANTS = (1, 2, 3, 4)


@dataclass(frozen=True)
class PlanConfig:
    """When a reference is worth making."""

    reference_frames: int = 15  # public science images of a field, quadrant and filter


def plan_night(nid: int, config: PlanConfig = PlanConfig()) -> list[Job]:  # noqa: B008 (frozen)
    """Make the jobs that the night's raw files call for; returns the new ones.

    Bias, then flat, then science for every quadrant; difference, alerts and light curves where a reference exists
    or can now be made. Planning a night again adds only what is new, for example files that came late.
    """
    with transaction.atomic():
        planner = _Planner(nid, config)
        planner.plan()
        return planner.made


class _Planner:
    """Collects the jobs of one night while they are made."""

    def __init__(self, nid: int, config: PlanConfig):
        self.nid, self.config = nid, config
        self.made: list[Job] = []

    def plan(self) -> None:
        raw = RawImage.objects.filter(exposure__nid=self.nid).select_related("exposure")
        frames = [(image.exposure, channel(image.ccdid, qid)) for image in raw for qid in QUADRANTS]
        biases = {rc: self._bias(rc) for rc in sorted({rc for one, rc in frames if one.imgtypecode == "b"})}
        flats = {
            (rc, fid): self._flat(rc, fid, biases)
            for rc, fid in sorted({(rc, one.fid) for one, rc in frames if one.imgtypecode == "f"})
        }
        science = {}
        for exposure, rc in sorted(frames, key=lambda frame: (frame[0].obsjd, frame[1])):
            if exposure.imgtypecode == "o":
                job = self._science(exposure, rc, biases, flats)
                science.setdefault((exposure.field, rc, exposure.fid), []).append((exposure, job))
        for place, images in sorted(science.items()):
            self._beyond_reference(place, images)

    def _bias(self, rc: int) -> Job:
        return self._job("bias", f"{self.nid}-rc{rc:02}", {"rcid": rc})

    def _flat(self, rc: int, fid: int, biases: dict[int, Job]) -> Job:
        needs = [biases[rc]] if rc in biases else []
        return self._job("flat", f"{self.nid}-rc{rc:02}-f{fid}", {"rcid": rc, "fid": fid}, needs)

    def _science(self, exposure: Exposure, rc: int, biases: dict, flats: dict) -> Job:
        pid = identifiers.make_pid(exposure.expid, rc)
        needs = [job for job in (biases.get(rc), flats.get((rc, exposure.fid))) if job is not None]
        return self._job("science", str(pid), {"expid": exposure.expid, "rcid": rc}, needs)

    def _beyond_reference(self, place: tuple[int, int, int], images: list[tuple[Exposure, Job]]) -> None:
        """What needs a reference, once there is one or enough images for it."""
        field, rc, fid = place
        parameters = {"field": field, "rcid": rc, "fid": fid}
        reference = self._reference(parameters)
        if reference is None and not ReferenceImage.objects.filter(**parameters, origin="ours").exists():
            return
        earlier = self._unmatched(parameters) if reference is not None else []
        appended = [
            self._after_science(int(job.key), job, reference) for job in [*earlier, *(job for _, job in images)]
        ]
        key = f"{self.nid}-{field:06}-rc{rc:02}-f{fid}"
        self._job("statistics", key, parameters, appended)

    def _reference(self, parameters: dict) -> Job | None:
        """The open job that makes this reference: planned by an earlier night, or due now."""
        if ReferenceImage.objects.filter(**parameters, origin="ours").exists():
            return None
        place = f"{parameters['field']:06}-rc{parameters['rcid']:02}-f{parameters['fid']}"
        planned = Job.objects.filter(pipeline="reference", key__startswith=f"{place}-", state__in=Job.OPEN).first()
        if planned is not None:
            return planned
        unusable = (Job.State.QUARANTINED, Job.State.FAILED)
        inputs = [job for job in self._science_jobs(parameters) if job.state not in unusable]
        if len(inputs) < self.config.reference_frames:
            return None
        minimum = {"minimum": self.config.reference_frames}
        return self._job("reference", f"{place}-{self.nid}", parameters | minimum, inputs)

    def _science_jobs(self, parameters: dict) -> list[Job]:
        exposures = Exposure.objects.filter(
            field=parameters["field"], fid=parameters["fid"], imgtypecode="o", origin="ours"
        )
        pids = [
            str(identifiers.make_pid(expid, parameters["rcid"])) for expid in exposures.values_list("expid", flat=True)
        ]
        return list(Job.objects.filter(pipeline="science", key__in=pids).order_by("key"))

    def _unmatched(self, parameters: dict) -> list[Job]:
        """Science jobs of earlier nights, which waited for the reference."""
        return [job for job in self._science_jobs(parameters) if job.nid != self.nid]

    def _after_science(self, pid: int, science: Job, reference: Job | None) -> Job:
        """Difference, alerts and light-curve points of one science image; returns the last of the light curves."""
        needs = [science, *([reference] if reference else [])]
        parameters = {"pid": pid}
        difference = self._job("difference", str(pid), parameters, needs)
        self._job("alerts", str(pid), parameters, [difference])
        return self._job("lightcurves", str(pid), parameters, needs)

    def _job(self, pipeline: str, key: str, parameters: dict, needs: Iterable[Job] = ()) -> Job:
        job, made = Job.objects.get_or_create(
            pipeline=pipeline, key=key, defaults={"nid": self.nid, "parameters": parameters}
        )
        if made:
            self.made.append(job)
            # Locked, so that none of them ends between this look and our commit without telling the new job.
            current = Job.objects.select_for_update().filter(pk__in=[one.pk for one in needs]).order_by("pk")
            waits_for = sum(one.state in Job.OPEN for one in current)
            job.prerequisites.set(needs)
            if waits_for:
                job.waits_for, job.state = waits_for, Job.State.BLOCKED
                job.save(update_fields=["waits_for", "state"])
        return job
