"""Plan of a night: the jobs that are due, and which of them wait for which."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction

from archive.models import CalibrationImage, Exposure, RawImage
from archive.survey import identifiers
from archive.survey.camera import ccd_quadrant
from archive.survey.camera import rcid as channel
from processing.executive import queue
from processing.executive.products.quadrants import Quadrant
from processing.executive.runs.distortion import good_images
from processing.executive.runs.statics import star_flat_exposures
from processing.models import Job

QUADRANTS = (1, 2, 3, 4)


@dataclass(frozen=True)
class PlanConfig:
    """The conditions under which a reference, and a prior of a quadrant's projection, are worth making."""

    reference_frames: int = 15  # public science images of a field, quadrant and filter
    distortion_frames: int = 5  # science images of a quadrant and filter
    distortion_nights: int = 30  # after which a prior is made anew


@dataclass(frozen=True)
class Selection:
    """A selection of quadrants of exposures; an empty part takes all.

    fields : ZTF fields; ccdids : 1..16; qids : 1..4; expids : exposures
    """

    fields: frozenset[int] = frozenset()
    ccdids: frozenset[int] = frozenset()
    qids: frozenset[int] = frozenset()
    expids: frozenset[int] = frozenset()

    def takes_quadrant(self, rcid: int) -> bool:
        """Whether a readout channel is among those chosen."""
        ccdid, qid = ccd_quadrant(rcid)
        return (not self.ccdids or ccdid in self.ccdids) and (not self.qids or qid in self.qids)

    def takes(self, exposure: Exposure, rcid: int) -> bool:
        """Whether a quadrant of an exposure is; calibration frames are, for the quadrants that are."""
        if not self.takes_quadrant(rcid):
            return False
        if exposure.imgtypecode != "o":
            return True
        return (not self.fields or exposure.field in self.fields) and (not self.expids or exposure.expid in self.expids)

    def nights(self) -> list[int]:
        """The nights (nid) on which something of it was taken here, in order."""
        rows = Exposure.objects.filter(origin="ours")
        for column, values in (("field", self.fields), ("expid", self.expids)):
            rows = rows.filter(**{f"{column}__in": values}) if values else rows
        return list(rows.order_by("nid").values_list("nid", flat=True).distinct())


EVERYTHING = Selection()


def plan_night(
    nid: int,
    config: PlanConfig = PlanConfig(),  # noqa: B008 (frozen)
    selection: Selection = EVERYTHING,
) -> list[Job]:
    """Make the jobs that the night's raw files call for; returns the new ones.

    Bias, then flat, then science for every quadrant; dithered engineering exposures make the static calibrations
    before science; difference, alerts and light curves where a reference exists or can now be made. Planning a night
    again adds only what is new, for example files that came late.
    """
    with transaction.atomic():
        planner = _Planner(nid, config, selection)
        planner.plan()
        return planner.made


def plan_version(nid: int, version: str, selection: Selection = EVERYTHING) -> list[Job]:
    """Make the jobs that put a version beside the night's science images; returns all of them, new or not.

    Each waits for the job that makes the image's current version.
    """
    with transaction.atomic():
        planner = _Planner(nid, PlanConfig(), selection)
        frames = planner.frames()
        dithered = star_flat_exposures(exposure for exposure, _ in frames)
        return [
            planner.version(exposure, rc, version)
            for exposure, rc in frames
            if exposure.imgtypecode == "o" and exposure.expid not in dithered
        ]


def redo_night(nid: int, pipelines: Collection[str] = ("science",), selection: Selection = EVERYTHING) -> list[int]:
    """Run a night's ended jobs again, with the calibrations of today, and what follows from them; returns their ids.

    References are made once and kept.
    """
    chosen = [
        job
        for job in Job.objects.filter(nid=nid, pipeline__in=pipelines).exclude(key__contains="@")
        if _is_of(job, selection)
    ]
    return queue.again(chosen, leave=("reference",))


def _is_of(job: Job, selection: Selection) -> bool:
    rcid, expid = job.parameters["rcid"], job.parameters.get("expid")
    if expid is None:
        return selection.takes_quadrant(rcid)
    return selection.takes(Exposure.objects.get(pk=expid), rcid)


class _Planner:
    """Collects the jobs of one night while they are made."""

    def __init__(self, nid: int, config: PlanConfig, selection: Selection):
        self.nid, self.config, self.selection = nid, config, selection
        self.made: list[Job] = []

    def frames(self) -> list[tuple[Exposure, int]]:
        """The night's exposures with the readout channels that were read and are wanted."""
        raw = RawImage.objects.filter(exposure__nid=self.nid).select_related("exposure")
        all_frames = [(image.exposure, channel(image.ccdid, qid)) for image in raw for qid in QUADRANTS]
        return [frame for frame in all_frames if self.selection.takes(*frame)]

    def plan(self) -> None:
        frames = self.frames()
        biases = {rc: self._bias(rc) for rc in sorted({rc for exposure, rc in frames if exposure.imgtypecode == "b"})}
        flats = {
            (rc, fid): self._flat(rc, fid, biases)
            for rc, fid in sorted({(rc, exposure.fid) for exposure, rc in frames if exposure.imgtypecode == "f"})
        }
        dithered = star_flat_exposures(exposure for exposure, _ in frames)
        places = sorted({(rc, exposure.fid) for exposure, rc in frames if exposure.expid in dithered})
        low = {place: self._low_flat(*place, biases, flats) for place in places}
        masks = {rc: self._pixel_mask(rc, biases, flats, low) for rc in sorted({rc for rc, _ in places})}
        seen = {
            (rc, exposure.fid)
            for exposure, rc in frames
            if exposure.imgtypecode == "o" and exposure.expid not in dithered
        }
        priors = {place: self._distortion(*place) for place in sorted(seen)}
        science: dict[tuple[int, int, int], list[tuple[Exposure, Job]]] = {}
        for exposure, rc in sorted(frames, key=lambda frame: (frame[0].obsjd, frame[1])):
            if exposure.imgtypecode == "o" and exposure.expid not in dithered:
                statics = low.get((rc, exposure.fid)), masks.get(rc), priors[rc, exposure.fid]
                job = self._science(exposure, rc, biases, flats, statics)
                science.setdefault((exposure.field, rc, exposure.fid), []).append((exposure, job))
        for place, images in sorted(science.items()):
            self._beyond_reference(place, images)

    def _bias(self, rc: int) -> Job:
        return self._job("bias", f"{self.nid}-rc{rc:02}", {"rcid": rc})

    def _flat(self, rc: int, fid: int, biases: dict[int, Job]) -> Job:
        needs = [biases[rc]] if rc in biases else []
        return self._job("flat", f"{self.nid}-rc{rc:02}-f{fid}", {"rcid": rc, "fid": fid}, needs)

    def _low_flat(self, rc: int, fid: int, biases: dict[int, Job], flats: dict) -> Job:
        needs = [biases.get(rc), flats.get((rc, fid))]
        parameters = {"rcid": rc, "fid": fid}
        return self._job("lownuflat", f"{self.nid}-rc{rc:02}-f{fid}", parameters, [job for job in needs if job])

    def _pixel_mask(self, rc: int, biases: dict[int, Job], *by_filter: dict) -> Job:
        needs = [biases[rc]] if rc in biases else []
        needs += [job for jobs in by_filter for (channel, _), job in jobs.items() if channel == rc]
        return self._job("pmask", f"{self.nid}-rc{rc:02}", {"rcid": rc}, needs)

    def _science(self, exposure: Exposure, rc: int, biases: dict, flats: dict, statics: tuple = ()) -> Job:
        pid = identifiers.make_pid(exposure.expid, rc)
        calibrations = (
            biases.get(rc) or self._elsewhere("bias", rcid=rc),
            flats.get((rc, exposure.fid)) or self._elsewhere("flat", rcid=rc, fid=exposure.fid),
            *statics,
        )
        needs = [job for job in calibrations if job is not None]
        return self._job("science", str(pid), {"expid": exposure.expid, "rcid": rc}, needs)

    def _elsewhere(self, pipeline: str, **parameters: int) -> Job | None:
        """A night without calibration frames of its own waits for the newest that is still being made."""
        being_made = Job.objects.filter(pipeline=pipeline, parameters=parameters, state__in=Job.OPEN)
        return being_made.filter(nid__lte=self.nid).order_by("-nid").first() or being_made.order_by("nid").first()

    def _distortion(self, rc: int, fid: int) -> Job | None:
        """A prior of the projection, where the last one is old and earlier nights have images enough."""
        since, minimum = self.nid - self.config.distortion_nights, self.config.distortion_frames
        if CalibrationImage.objects.of("distortion", rc, fid).filter(nid__gt=since).exists():
            return None
        if good_images(rc, fid, self.nid).count() < minimum:
            return None
        return self._job("distortion", f"{self.nid}-rc{rc:02}-f{fid}", {"rcid": rc, "fid": fid, "minimum": minimum})

    def version(self, exposure: Exposure, rc: int, version: str) -> Job:
        """The job that makes one image in another version."""
        pid = identifiers.make_pid(exposure.expid, rc)
        current = Job.objects.filter(pipeline="science", key=str(pid))
        parameters = {"expid": exposure.expid, "rcid": rc, "version": version}
        return self._job("science", f"{pid}@{version}", parameters, current)

    def _beyond_reference(self, place: tuple[int, int, int], images: list[tuple[Exposure, Job]]) -> None:
        """Plan the jobs that need a reference, once there is one or enough images for it."""
        field, rc, fid = place
        parameters = {"field": field, "rcid": rc, "fid": fid}
        reference = self._reference(parameters)
        if reference is None and Quadrant(rc, fid, field).current_reference() is None:
            return
        earlier = self._unmatched(parameters) if reference is not None else []
        appended = [
            self._after_science(int(job.key), job, reference) for job in [*earlier, *(job for _, job in images)]
        ]
        key = f"{self.nid}-{field:06}-rc{rc:02}-f{fid}"
        self._job("statistics", key, parameters, appended)

    def _reference(self, parameters: dict) -> Job | None:
        """The open job that makes this reference: planned by an earlier night, or due now."""
        if Quadrant(**parameters).current_reference() is not None:
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
        job = self._job("reference", f"{place}-{self.nid}", parameters | minimum, inputs)
        self._job("hips", job.key, parameters, [job])
        return job

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
            current = Job.objects.select_for_update().filter(pk__in=[need.pk for need in needs]).order_by("pk")
            waits_for = sum(need.state in Job.OPEN for need in current)
            job.prerequisites.set(needs)
            if waits_for:
                job.waits_for, job.state = waits_for, Job.State.BLOCKED
                job.save(update_fields=["waits_for", "state"])
        return job
