"""UWS 1.1's documents: a job, and lists of jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from archive.jobs import turns
from archive.models import QueryJob
from archive.tables.xml import Attributes, Xml, document, element, joined, lines

NAMES = {
    "xmlns:uws": "http://www.ivoa.net/xml/UWS/v1.0",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://www.ivoa.net/xml/UWS/v1.0 http://www.ivoa.net/xml/UWS/v1.0",
}
VERSION = {"version": "1.1"}
NIL = {"xsi:nil": "true"}


def when(moment: datetime) -> str:
    """A time as UWS writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job_list(jobs: Iterable[QueryJob], address: str) -> str:
    """Short descriptions of jobs; `address` is that of /async."""
    references = (
        element(
            "uws:jobref",
            element("uws:phase", job.phase),
            _optional("runId", job.run_id),
            _owner(job),
            "\n",
            element("uws:creationTime", when(job.created)),
            attributes={"id": job.pk, "xlink:href": f"{address}/{job.pk}"},
        )
        for job in jobs
    )
    return document(element("uws:jobs", "\n", lines(*references), attributes=NAMES | VERSION))


def job(job: QueryJob, address: str) -> str:
    """All there is to know about a job; `address` is the job's own."""
    inside = lines(
        element("uws:jobId", job.pk),
        joined([_optional("runId", job.run_id), _owner(job)]),
        element("uws:phase", job.phase),
        element("uws:quote", attributes=NIL),
        element("uws:creationTime", when(job.created)),
        _moment("startTime", job.started),
        _moment("endTime", job.ended),
        element("uws:executionDuration", job.duration),
        element("uws:destruction", when(job.destruction)),
        _parameters(job),
        _results(job, address),
        _error(job),
        _position(job),
    )
    return document(element("uws:job", "\n", inside, attributes=NAMES | VERSION))


def parameters(job: QueryJob) -> str:
    """A job's parameters alone."""
    return document(_parameters(job, NAMES))


def results(job: QueryJob, address: str) -> str:
    """A job's results alone."""
    return document(_results(job, address, NAMES))


def _parameters(job: QueryJob, names: Attributes | None = None) -> Xml:
    found = (element("uws:parameter", value, attributes={"id": name}) for name, value in job.parameters.items())
    return element("uws:parameters", "\n", lines(*found), attributes=names)


def _results(job: QueryJob, address: str, names: Attributes | None = None) -> Xml:
    attributes = {
        "id": "result",
        "xlink:type": "simple",
        "xlink:href": f"{address}/results/result",
        "mime-type": job.content_type,
        "size": job.size,
    }
    found = element("uws:result", attributes=attributes) if job.result else ""
    return element("uws:results", "\n", lines(found), attributes=names)


def _error(job: QueryJob) -> Xml:
    if job.phase != QueryJob.Phase.ERROR:
        return Xml()
    attributes = {"type": "fatal", "hasDetail": "true"}
    return element("uws:errorSummary", element("uws:message", job.message), attributes=attributes)


def _position(job: QueryJob) -> Xml:
    """The position of a waiting job in the queue."""
    found = turns.position(job)
    if found is None:
        return Xml()
    place = element("queuePosition", found[0], attributes={"xmlns": "", "of": found[1]})
    return element("uws:jobInfo", place)


def _owner(job: QueryJob) -> Xml:
    if job.owner is None:
        return element("uws:ownerId", attributes=NIL)
    return element("uws:ownerId", job.owner.get_username())


def _moment(name: str, moment: datetime | None) -> Xml:
    return element(f"uws:{name}", attributes=NIL) if moment is None else element(f"uws:{name}", when(moment))


def _optional(name: str, text: str) -> Xml:
    return element(f"uws:{name}", text) if text else Xml()
