"""HiPS jobs: a new reference goes into the tiles of its filter."""

from __future__ import annotations

import time

from archive.services.hips import survey
from archive.survey.camera import filter_of
from archive.survey.identifiers import make_rfid
from processing.executive.queue import Outcome
from processing.models import Job


def run_hips(job: Job) -> Outcome:
    """Renew the tiles that one reference touches; one that was not made leaves all as it is.

    The update records by itself what it wrote, and running it again finds nothing to do.
    """
    field, rcid, fid = (job.parameters[name] for name in ("field", "rcid", "fid"))
    before = time.process_time()
    made = survey.refresh(filter_of(fid).code, [make_rfid(field, fid, rcid)])
    seconds = {"tiles": time.process_time() - before}
    return Outcome(lambda: None, {"tiles": made.tiles, "removed": made.removed}, seconds)
