"""A finished light curve of forced photometry, in every format."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse

from archive.models import UserJob
from archive.tables.responses import answer, problem
from portal.results.jobs import job_of, result_is_open
from processing.forced import jobs, notify
from processing.forced.table import TABLE, text

FORMATS = ("txt", "csv", "json", "votable", "parquet")
ARROW = {"int": pa.int32(), "long": pa.int64(), "double": pa.float64(), "char": pa.string()}
PRIVATE = {"Cache-Control": "private, no-store"}


def result_response(request: HttpRequest, job: UserJob) -> HttpResponse:
    """A finished light curve in the format that the request names."""
    chosen_format = request.GET.get("format", "txt").lower()
    if chosen_format not in FORMATS:
        return problem(f"format={chosen_format!r}: use one of {', '.join(FORMATS)}")
    found = open_result(request, job)
    stem = notify.stem_of(job, jobs.reqid(job))
    if chosen_format == "txt":
        return text_file(job, found)
    if chosen_format == "parquet":
        return HttpResponse(
            _parquet(found.rows),
            content_type="application/vnd.apache.parquet",
            headers={"Content-Disposition": f'attachment; filename="{stem}.parquet"', **PRIVATE},
        )
    names = TABLE.columns
    rows = (SimpleNamespace(**{one.name: row.get(one.name) for one in names}) for row in found.rows)
    response = answer(request, TABLE, rows, "forced/job.html", {})
    response["Cache-Control"] = PRIVATE["Cache-Control"]
    return response


def text_file(job: UserJob, found: jobs.Result, own: bool = True) -> StreamingHttpResponse:
    """IRSA's file; `own`: for the job's owner."""
    headers = {"Content-Disposition": f'inline; filename="{notify.stem_of(job, jobs.reqid(job))}_lc.txt"', **PRIVATE}
    lines = text(jobs.asked_of(job, found, own), found.rows)
    return StreamingHttpResponse(lines, content_type="text/plain; charset=utf-8", headers=headers)


def open_result(request: HttpRequest, job: UserJob) -> jobs.Result:
    """A finished light curve, as long as every file that it rests on is open to whoever asks."""
    found = jobs.result(job)
    if found is None:
        raise Http404(f"job {job.pk} is {job.phase}: it has no result")
    if not result_is_open(job, request.reader):
        raise Http404(f"job {job.pk}: files of it are not open to you any more; order it again")
    return found


def forced_job_of(request: HttpRequest, job_id) -> UserJob:
    """A forced-photometry job of this person's, or one that nobody owns."""
    job = job_of(request, job_id)
    if job.kind != jobs.KIND:
        raise Http404(f"job {job_id} is a {job.kind} job")
    return job


def _parquet(rows: list[dict]) -> bytes:
    fields = [pa.field(one.name, ARROW[one.datatype], metadata={"unit": one.unit}) for one in TABLE.columns]
    columns = {one.name: [row.get(one.name) for row in rows] for one in TABLE.columns}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns, schema=pa.schema(fields)), buffer)
    return buffer.getvalue()
