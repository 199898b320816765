"""Jobs: what is to be processed, what waits for what, how it went. PostgreSQL knows; Celery only carries ids."""

from __future__ import annotations

from django.db import models

from archive.models.base import ProtectedModel, SkyQuerySet, has_position
from archive.models.choices import TextChoices


class Job(models.Model):
    """One run of one pipeline on one input (a quadrant, a field's co-add, an exposure's light curves).

    `key` names the input within its pipeline, so that planning the same work twice makes it once;
    work for a processing version other than the current one has its name behind an @.
    """

    class State(TextChoices):
        BLOCKED = "blocked", "waits for other jobs"
        READY = "ready", "waits for a worker"
        RUNNING = "running"
        DONE = "done"
        QUARANTINED = "quarantined", "its input is unusable"
        FAILED = "failed", "gave up after repeated errors"

    OPEN = (State.BLOCKED, State.READY, State.RUNNING)
    ENDED = (State.DONE, State.QUARANTINED, State.FAILED)

    pipeline = models.CharField(max_length=20)
    key = models.CharField(max_length=80)
    nid = models.IntegerField(help_text="night")
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.READY)
    waits_for = models.IntegerField(default=0, help_text="prerequisites that have not ended")
    prerequisites = models.ManyToManyField("self", symmetrical=False, related_name="dependants")
    attempts = models.SmallIntegerField(default=0)
    attempts_before = models.SmallIntegerField(default=0, help_text="attempts of earlier rounds, before it was redone")
    reason = models.TextField(blank=True, help_text="why it was quarantined or failed")
    measurements = models.JSONField(default=dict)
    seconds = models.JSONField(default=dict, help_text="CPU seconds of each step")
    log = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline", "key"], name="one_job_a_key")]
        indexes = [
            models.Index(fields=["id"], name="job_ready", condition=models.Q(state="ready")),
            models.Index(fields=["id"], name="job_running", condition=models.Q(state="running")),
            models.Index(fields=["nid", "pipeline", "state"]),
        ]

    def __str__(self):
        return f"{self.pipeline} {self.key}"


class ForcedPoint(ProtectedModel):
    """A point of a forced light curve that came as a file of IRSA's service: told once for a position and an image.

    Columns as the service names them; `ra`, `dec`: the position that was asked for. The image need not be here.
    """

    ra = models.FloatField(help_text="ICRS, deg")
    dec = models.FloatField(help_text="ICRS, deg")
    pid = models.BigIntegerField(help_text="image at ZTF")
    file = models.CharField(max_length=255, help_text="name of the file that came last")
    field = models.IntegerField()
    ccdid = models.SmallIntegerField()
    qid = models.SmallIntegerField(help_text="counted from 0, as the service does")
    filter = models.CharField(max_length=5)
    infobitssci = models.IntegerField()
    jd = models.FloatField(help_text="start of the exposure (UTC)")
    rfid = models.BigIntegerField(null=True)
    ncalmatches = models.IntegerField(null=True)
    procstatus = models.CharField(max_length=40, blank=True)

    objects = SkyQuerySet.as_manager()

    class Meta:
        constraints = [
            has_position("forcedpoint"),
            models.UniqueConstraint(fields=["ra", "dec", "pid"], name="forced_point_once"),
        ]


for _name in (
    "sciinpseeing", "scibckgnd", "scisigpix", "zpmaginpsci", "zpmaginpsciunc", "zpmaginpscirms", "clrcoeff",
    "clrcoeffunc", "exptime", "adpctdif1", "adpctdif2", "diffmaglim", "zpdiff", "forcediffimflux",
    "forcediffimfluxunc", "forcediffimsnr", "forcediffimchisq", "forcediffimfluxap", "forcediffimfluxuncap",
    "forcediffimsnrap", "aperturecorr", "dnearestrefsrc", "nearestrefmag", "nearestrefmagunc", "nearestrefchi",
    "nearestrefsharp", "refjdstart", "refjdend",
):  # fmt: skip
    ForcedPoint.add_to_class(_name, models.FloatField(null=True))
