"""UWS 1.1's documents: a job, and lists of jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from archive.models import QueryJob
from archive.tables.votable import xml_text

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMES = (
    'xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:schemaLocation="http://www.ivoa.net/xml/UWS/v1.0 http://www.ivoa.net/xml/UWS/v1.0"'
)
VERSION = 'version="1.1"'


def when(moment: datetime) -> str:
    """A time as UWS writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job_list(jobs: Iterable[QueryJob], address: str) -> str:
    """Short descriptions of jobs; `address` is that of /async."""
    inside = "".join(
        f'<uws:jobref id="{job.pk}" xlink:href={quoteattr(f"{address}/{job.pk}")}>'
        f"<uws:phase>{job.phase}</uws:phase>{_optional('runId', job.run_id)}{_owner(job)}"
        f"<uws:creationTime>{when(job.created)}</uws:creationTime></uws:jobref>\n"
        for job in jobs
    )
    return f"{HEAD}<uws:jobs {NAMES} {VERSION}>\n{inside}</uws:jobs>\n"


def job(one: QueryJob, address: str) -> str:
    """All there is to know about a job; `address` is the job's own."""
    return (
        f"{HEAD}<uws:job {NAMES} {VERSION}>\n<uws:jobId>{one.pk}</uws:jobId>\n{_optional('runId', one.run_id)}"
        f"{_owner(one)}<uws:phase>{one.phase}</uws:phase>\n"
        '<uws:quote xsi:nil="true"/>\n'
        f"<uws:creationTime>{when(one.created)}</uws:creationTime>\n"
        f"{_moment('startTime', one.started)}{_moment('endTime', one.ended)}"
        f"<uws:executionDuration>{one.duration}</uws:executionDuration>\n"
        f"<uws:destruction>{when(one.destruction)}</uws:destruction>\n"
        f"{_parameters(one)}{_results(one, address)}{_error(one)}</uws:job>\n"
    )


def parameters(one: QueryJob) -> str:
    """A job's parameters alone."""
    return HEAD + _parameters(one, f" {NAMES}")


def results(one: QueryJob, address: str) -> str:
    """A job's results alone."""
    return HEAD + _results(one, address, f" {NAMES}")


def _parameters(one: QueryJob, names: str = "") -> str:
    inside = "".join(
        f"<uws:parameter id={quoteattr(name)}>{xml_text(value)}</uws:parameter>\n"
        for name, value in one.parameters.items()
    )
    return f"<uws:parameters{names}>\n{inside}</uws:parameters>\n"


def _results(one: QueryJob, address: str, names: str = "") -> str:
    inside = ""
    if one.result:
        place = quoteattr(f"{address}/results/result")
        inside = (
            f'<uws:result id="result" xlink:type="simple" xlink:href={place}'
            f' mime-type={quoteattr(one.content_type)} size="{one.size}"/>\n'
        )
    return f"<uws:results{names}>\n{inside}</uws:results>\n"


def _error(one: QueryJob) -> str:
    if one.phase != QueryJob.Phase.ERROR:
        return ""
    return (
        '<uws:errorSummary type="fatal" hasDetail="true">'
        f"<uws:message>{xml_text(one.message)}</uws:message></uws:errorSummary>\n"
    )


def _owner(one: QueryJob) -> str:
    if one.owner is None:
        return '<uws:ownerId xsi:nil="true"/>\n'
    return f"<uws:ownerId>{escape(one.owner.get_username())}</uws:ownerId>\n"


def _moment(name: str, moment: datetime | None) -> str:
    return f'<uws:{name} xsi:nil="true"/>\n' if moment is None else f"<uws:{name}>{when(moment)}</uws:{name}>\n"


def _optional(name: str, text: str) -> str:
    return f"<uws:{name}>{xml_text(text)}</uws:{name}>" if text else ""
