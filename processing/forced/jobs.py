"""Forced photometry as user jobs: ordering, carrying out, reading the result.

A job is one position. Orders of many positions are as many jobs with a batch in common; each may run beside the others,
and the last to end sends the batch's message. Every measured image is noted at once, so that a job that was cut off
goes on where it was.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction

from archive.access.memberships import reader_of_job
from archive.access.reading import Reader, reading
from archive.files.atomic import whole_file
from archive.given.times import BadTimeError, as_julian, in_order
from archive.jobs import user_jobs
from archive.models import ProductFile, ScienceImage, UserJob
from processing.forced import images, notify
from processing.forced.table import Asked

KIND = "forced"
FUNCTION = "processing.forced.jobs.make"
SURVEY_START, SURVEY_END = 2458194.5, 2500000.5  # JD: 2018-03-17, before which nothing is public; far in the future
MOST_POSITIONS = 1500
LARGEST_NAME = 60
PENDING = (UserJob.Phase.QUEUED, UserJob.Phase.EXECUTING)
log = structlog.get_logger("processing.forced")


class ForcedRefusedError(ValueError):
    """An order that is not taken; the message says why and what would do."""


@dataclass(frozen=True)
class ForcedRequest:
    """What is asked for at each position.

    jdstart, jdend : Julian dates (UTC) of the exposures' starts; email : where the message at the end goes, only to the
    address of one's own account; webhook : an address that is called at the end, of a host that the settings allow
    """

    jdstart: float = SURVEY_START
    jdend: float = SURVEY_END
    email: str = ""
    webhook: str = ""

    def __post_init__(self):
        for name in ("jdstart", "jdend"):
            try:
                as_julian(getattr(self, name), name)
            except BadTimeError as error:
                raise ForcedRefusedError(str(error)) from error
        try:
            in_order(self.jdstart, self.jdend, ("jdstart", "jdend"))
        except BadTimeError as error:
            raise ForcedRefusedError(f"{error} (since, until)") from error


@dataclass(frozen=True)
class Place:
    """A position (deg, ICRS), and what it is called."""

    ra: float
    dec: float
    name: str = ""

    def __post_init__(self):
        if not 0 <= self.ra < 360:
            raise ForcedRefusedError(f"ra={self.ra}: is not within 0 and 360 degrees")
        if not -90 <= self.dec <= 90:
            raise ForcedRefusedError(f"dec={self.dec}: is not within -90 and 90 degrees")


def order(places: Sequence[Place], request: ForcedRequest, reader: Reader, user=None, site: str = "") -> list[UserJob]:
    """Ask for light curves at positions; `site` is the portal's address in the message at the end.

    Raises
    ------
    ForcedRefusedError
        for too many positions, a foreign e-mail address, a host that the settings do not allow.
    """
    if not 1 <= len(places) <= MOST_POSITIONS:
        raise ForcedRefusedError(f"{len(places)} positions: give 1 to {MOST_POSITIONS}")
    known = user is not None and user.is_authenticated
    if request.email and not (known and request.email.lower() == (user.email or "").lower()):
        raise ForcedRefusedError(
            f"email={request.email!r}: messages go to the address of your own account only; sign in"
        )
    if request.webhook:
        try:
            notify.check(request.webhook)
        except notify.NotAllowedError as reason:
            raise ForcedRefusedError(f"webhook={request.webhook!r}: {reason}") from reason
    batch = uuid.uuid4().hex if len(places) > 1 else ""
    shared = asdict(request) | {"site": site, "batch": batch}
    orders = [
        asdict(place) | {"name": place.name[:LARGEST_NAME], "number": number} | shared
        for number, place in enumerate(places)
    ]
    if len(orders) == 1:
        return [user_jobs.submit(KIND, FUNCTION, orders[0], user, reader.programs)]
    return user_jobs.submit_all(KIND, FUNCTION, orders, user, reader.programs)


def reqid(job: UserJob) -> int:
    """The number that IRSA's files and messages name a request by."""
    return job.pk.int % 10**8


def of_user(user) -> list[UserJob]:
    """The forced-photometry jobs of somebody, newest first."""
    return UserJob.objects.filter(kind=KIND, owner=user) if user.is_authenticated else UserJob.objects.none()


def make(job_id: str) -> None:
    """Measure a light curve; started by the queue. Started again, it goes on, and gives the same rows once."""
    user_jobs.carry_out(job_id, _make, (ForcedRefusedError, OSError))
    _tell(UserJob.objects.get(pk=job_id))


def _make(job: UserJob) -> str:
    asked = job.parameters
    with reading(reader_of_job(job)):
        epochs, closed = images.epochs_at(asked["ra"], asked["dec"], asked["jdstart"], asked["jdend"])
    folder = _folder(job)
    folder.mkdir(parents=True, exist_ok=True)
    UserJob.objects.filter(pk=job.pk).update(total=len(epochs), done=0)
    known = _journal(folder)
    rows = []
    with (folder / "journal").open("a", encoding="utf-8") as journal:
        for done, epoch in enumerate(epochs, 1):
            row = known.get(epoch.science.pk)
            if row is None:
                row = _plain(images.measure(epoch, asked["ra"], asked["dec"]))
                journal.write(json.dumps(row) + "\n")
                journal.flush()
            rows.append(row)
            UserJob.objects.filter(pk=job.pk).update(done=done)
    paths = sorted({path for epoch in epochs for path in epoch.paths})
    _write(folder, [{"index": k, **row} for k, row in enumerate(rows)], paths, closed)
    failed = sum(bool(row["reason"]) for row in rows)
    return f"{len(rows)} images" + (f", {failed} of them could not be measured" if failed else "")


def _folder(job: UserJob) -> Path:
    return settings.JOB_ROOT / "forced" / str(job.pk)


def _journal(folder: Path) -> dict[int, dict]:
    """Rows that an earlier, interrupted run has measured, by pid; a line that was cut off is measured again."""
    path, rows = folder / "journal", {}
    if not path.is_file():
        return rows
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    for line in whole.splitlines():
        row = json.loads(line)
        rows[row["pid"]] = row
    path.write_text(whole + "\n" if whole else "", encoding="utf-8")
    return rows


def _write(folder: Path, rows: list[dict], paths: list[str], closed: int) -> None:
    body = {"made": datetime.now(UTC).isoformat(), "rows": rows, "paths": paths, "closed": closed}
    with whole_file(folder / "result.json", folder / "result.part") as temporary:
        temporary.write_text(json.dumps(body), encoding="utf-8")
    (folder / "journal").unlink()


def _plain(row: dict) -> dict:
    """A row as JSON holds it: no NaN."""
    values = {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
    return {name: None if isinstance(v, float) and v - v != 0 else v for name, v in values.items()}


@dataclass(frozen=True)
class Result:
    """A finished light curve: `rows` by column name (an absent one is null), `paths` of all files that it rests on."""

    rows: list[dict]
    paths: list[str]
    closed: int
    made: datetime

    def open_to_current_reader(self) -> bool:
        """Whether whoever reads still sees every image and may read every file that went in: rights may have ended."""
        pids = {row["pid"] for row in self.rows}
        if ScienceImage.objects.filter(pk__in=pids).count() != len(pids):
            return False
        return ProductFile.objects.filter(path__in=self.paths).count() == len(self.paths)


def result(job: UserJob) -> Result | None:
    """What a job found; None as long as it has not."""
    path = _folder(job) / "result.json"
    if job.phase != UserJob.Phase.COMPLETED or not path.is_file():
        return None
    body = json.loads(path.read_text(encoding="utf-8"))
    return Result(body["rows"], body["paths"], body["closed"], datetime.fromisoformat(body["made"]))


def asked_of(job: UserJob, found: Result, own: bool = True) -> Asked:
    """The head of a job's text file; what only its owner sees listed is counted for the owner."""
    values, notes = job.parameters, []
    if any(row["image"] == "science" for row in found.rows):
        notes.append("Rows with rfid = null: measured on the science image, total flux with nothing subtracted.")
    if found.closed and own:
        notes.append(f"{found.closed} more images cover the position whose files were not open to the requester.")
    programs = tuple(sorted({1, *job.programs}))
    span = values["jdstart"], values["jdend"]
    return Asked(values["ra"], values["dec"], *span, programs, found.made, tuple(notes))


def _tell(job: UserJob) -> None:
    """Send the message at the end: of one job, or once of a whole batch. A failure is noted with the job."""
    values = job.parameters
    if job.phase in PENDING or values.get("told") or not (values["email"] or values["webhook"]):
        return
    if values["batch"]:
        # Two jobs that end together must not both think that the other still runs, nor both be the last.
        with transaction.atomic():
            batch = UserJob.objects.select_for_update().filter(kind=KIND, parameters__batch=values["batch"])
            jobs = sorted(batch, key=lambda one: one.parameters["number"])
            if any(one.phase in PENDING or one.parameters.get("told") for one in jobs):
                return
            _mark(job, "sent")
    else:
        jobs = [job]
    problems = notify.send(values["email"], values["webhook"], [notify.Ended.of(one, reqid(one)) for one in jobs])
    _mark(job, "; ".join(problems) or "sent")


def _mark(job: UserJob, what: str) -> None:
    job.parameters = {**job.parameters, "told": what}
    job.save(update_fields=["parameters"])
