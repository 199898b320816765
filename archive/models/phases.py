"""Phases of jobs, by the names of UWS (IVOA's Universal Worker Service 1.1).

Jobs of users and query jobs are in these phases. The states of pipeline jobs (processing.models.Job) correspond:
blocked is PENDING, ready is QUEUED, running is EXECUTING, done is COMPLETED, quarantined and failed are ERROR.
"""

from __future__ import annotations

from archive.models.choices import TextChoices


class Phase(TextChoices):
    """The phase of a job: waiting, running, or how it ended."""

    PENDING = "PENDING"  # made, not started
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"  # stopped by its owner
    ARCHIVED = "ARCHIVED"  # its result was removed after its time


WAITING = (Phase.QUEUED, Phase.EXECUTING)
"""Phases in which a job counts against its owner's limit."""
ENDED = (Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.ARCHIVED)


def choices(*phases: Phase) -> list[tuple[str, str]]:
    """Choices of a field that holds only these phases."""
    return [(phase.value, phase.label) for phase in phases]
