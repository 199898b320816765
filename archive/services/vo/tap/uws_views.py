"""TAP's asynchronous queries over HTTP (UWS 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.files.delivery import deliver_path
from archive.jobs import dependencies
from archive.models import QueryJob
from archive.requests.numbers import real, whole
from archive.services.protocol.errors import BadRequestError, DeniedError
from archive.services.protocol.parameters import all_values, single
from archive.services.protocol.refusals import as_votable
from archive.services.vo.formats import FORMATS, format_named
from archive.services.vo.soda import jobs as soda_jobs
from archive.services.vo.tap import uws, uws_xml
from archive.services.vo.tap.requests import XML, parameters_of, read_uploads, tap_errors

LONGEST_WAIT = 30  # s that a request waits for a job
PLAIN = "text/plain; charset=utf-8"
LISTED = 1000
SETTINGS = ("ACTION", "PHASE", "RUNID", "DESTRUCTION", "EXECUTIONDURATION")
"""Parameters that are about the job, not about the query."""


class SeeOther(HttpResponseRedirect):
    """A redirect to the answer to a POST."""

    status_code = 303


def of_job(methods: list[str]) -> Callable:
    """A view of one job: it is found, it is the asker's, and what is wrong is said as DALI has it."""

    def decorate(view):
        @csrf_exempt  # scripts send it; a job changes only for its owner, or for who knows its id
        @require_http_methods(methods)
        @tap_errors
        @wraps(view)
        def wrapped(request: HttpRequest, job_id, **more) -> HttpResponseBase:
            return view(request, job_of(request, job_id), **more)

        return wrapped

    return decorate


def job_of(request: HttpRequest, job_id) -> QueryJob:
    """A job of this person's, or one that nobody owns: its unguessable id is the key.

    Raises
    ------
    DeniedError
    """
    job = QueryJob.objects.filter(pk=job_id).select_related("owner").first()
    if job is not None and job.owner_id is not None and not request.user.is_authenticated:
        raise DeniedError(f"job {job_id}: sign in as its owner", 401)
    if job is None or job.owner_id not in (None, request.user.pk):
        raise DeniedError(f"job {job_id}: there is none of this name that is yours", 404)
    return job


def address_of(request: HttpRequest, job: QueryJob | None = None) -> str:
    """Of the list of jobs, or of one."""
    path = reverse("tap-async") if job is None else reverse(f"{job.service}-job", args=[job.pk])
    return request.build_absolute_uri(path)


@csrf_exempt  # makes a job of whoever sends it, and scripts do
@require_http_methods(["GET", "HEAD", "POST"])
@tap_errors
def jobs(request: HttpRequest) -> HttpResponse:
    """The asker's jobs; by POST a new one, which starts at once with PHASE=RUN."""
    parameters = parameters_of(request)
    if request.method != "POST":
        return HttpResponse(uws_xml.job_list(_listed(request, parameters), address_of(request)), content_type=XML)
    _check_format(parameters)
    asked = {name: value for name, value in parameters.items() if name not in SETTINGS}
    job = uws.create(asked, read_uploads(request, parameters), parameters.get("RUNID", ""), request.user)
    _set(request, job, parameters)
    return SeeOther(address_of(request, job))


@of_job(["GET", "HEAD", "POST", "DELETE"])
def job(request: HttpRequest, job: QueryJob) -> HttpResponse:
    """A job, waited for with WAIT; removed by DELETE, or by POST with ACTION=DELETE."""
    parameters = _said(request, job)
    action = parameters.get("ACTION", "").upper()
    if action and (request.method != "POST" or action != "DELETE"):
        raise BadRequestError(f"ACTION={action[:40]}: send ACTION=DELETE by POST to remove the job")
    if request.method == "DELETE" or action:
        uws.remove(job)
        return SeeOther(address_of(request))
    if request.method == "POST":
        _set(request, job, parameters)
        return SeeOther(address_of(request, job))
    if "WAIT" in parameters:
        seconds, phase = _seconds(parameters["WAIT"]), parameters.get("PHASE", "").upper()
        _check_phases([phase] if phase else [])
        job = uws.wait(job, phase or job.phase, seconds)
    return HttpResponse(uws_xml.job(job, address_of(request, job)), content_type=XML)


@of_job(["GET", "HEAD", "POST"])
def value(request: HttpRequest, job: QueryJob, name: str) -> HttpResponse:
    """One property of a job as text; by POST it is set, where it can be."""
    if request.method == "POST":
        _set(request, job, _said(request, job))
        return SeeOther(address_of(request, job))
    text = {
        "phase": job.phase,
        "executionduration": str(job.duration),
        "destruction": uws_xml.when(job.destruction),
        "quote": "",
        "owner": job.owner.get_username() if job.owner else "",
    }[name]
    return HttpResponse(text, content_type=PLAIN)


@of_job(["GET", "HEAD", "POST"])
def parameters(request: HttpRequest, job: QueryJob) -> HttpResponse:
    """A job's parameters; by POST more of them, before it starts."""
    if request.method == "POST":
        _set(request, job, _said(request, job))
        return SeeOther(address_of(request, job))
    return HttpResponse(uws_xml.parameters(job), content_type=XML)


@of_job(["GET", "HEAD"])
def results(request: HttpRequest, job: QueryJob) -> HttpResponse:
    """The list of a job's results: one, or none yet."""
    return HttpResponse(uws_xml.results(job, address_of(request, job)), content_type=XML)


@of_job(["GET", "HEAD"])
def result(request: HttpRequest, job: QueryJob) -> HttpResponseBase:
    """The table that a job made, whole or in part, while all that it was made with is still open to the asker."""
    if job.phase == QueryJob.Phase.ERROR:
        return as_votable(job.message)
    if not job.result:
        raise DeniedError(f"job {job.pk} is {job.phase}: it has no result", 404)
    check_still_open(request, job)
    response = deliver_path(request, job.folder / job.result, f"{job.pk}-{job.ended:%Y%m%d%H%M%S%f}")
    response["Content-Type"] = job.content_type
    return response


@of_job(["GET", "HEAD"])
def error(request: HttpRequest, job: QueryJob) -> HttpResponse:
    """The error of a job that failed."""
    if job.phase != QueryJob.Phase.ERROR:
        raise DeniedError(f"job {job.pk} is {job.phase}: it has no error", 404)
    return as_votable(job.message, 200)


def check_still_open(request: HttpRequest, job: QueryJob) -> None:
    """Raise Denied if rights that a finished job was made with have ended since."""
    if not dependencies.job_is_open(job, request.reader):
        raise DeniedError(f"job {job.pk}: rows of it may not be open to you any more; ask again", 403)


def _set(request: HttpRequest, job: QueryJob, parameters: dict[str, str]) -> None:
    """Set what a POST says about a job: its times, its query's parameters, its phase."""
    uws.change(job, parameters.get("EXECUTIONDURATION", ""), parameters.get("DESTRUCTION", ""))
    more = {name: one for name, one in parameters.items() if name not in SETTINGS}
    if more and more != job.parameters:
        if job.phase != QueryJob.Phase.PENDING:
            raise uws.WrongPhaseError(f"{', '.join(more)}: the job is {job.phase}; parameters are set before it starts")
        _change(request, job, more)
    phase = parameters.get("PHASE", "").upper()
    if phase == "RUN":
        uws.start(job, request.reader)
    elif phase == "ABORT":
        uws.abort(job)
    elif phase:
        raise BadRequestError(f"PHASE={phase}: use PHASE=RUN or PHASE=ABORT")


def _said(request: HttpRequest, job: QueryJob) -> dict[str, str]:
    """A request's parameters for a job, as its service takes them: SODA's may have several values."""
    if job.service != soda_jobs.SERVICE:
        return parameters_of(request)
    found = all_values(request)
    settings = {name: single(found, name) for name in (*SETTINGS, "WAIT") if name in found}
    return settings | soda_jobs.kept(found)


def _change(request: HttpRequest, job: QueryJob, more: dict[str, str]) -> None:
    """Change what a job that waits asks; the whole of it passes the check that a new job passes."""
    # This may take long: it comes before the row is locked.
    brought = {} if job.service == soda_jobs.SERVICE else read_uploads(request, more)
    with transaction.atomic():
        held = QueryJob.objects.select_for_update().get(pk=job.pk)
        if held.phase != QueryJob.Phase.PENDING:
            raise uws.WrongPhaseError(
                f"{', '.join(more)}: the job is {held.phase}; parameters are set before it starts"
            )
        wanted = held.parameters | more
        if held.service == soda_jobs.SERVICE:
            soda_jobs.check(soda_jobs.unpacked(wanted))
        else:
            _check_format(wanted)
            uws.keep_uploads(held, brought)
        QueryJob.objects.filter(pk=held.pk).update(parameters=wanted)


def _check_format(parameters: dict[str, str]) -> None:
    name = parameters.get("RESPONSEFORMAT") or parameters.get("FORMAT", "")
    if format_named(name) is None:
        raise BadRequestError(f"RESPONSEFORMAT={name}: use one of {', '.join(one.names[1] for one in FORMATS)}")


def _listed(request: HttpRequest, parameters: dict[str, str]) -> list[QueryJob]:
    """The asker's jobs, the newest first, without the archived ones unless they are asked for (UWS 1.1, 2.2.2.2)."""
    phases = [one.upper() for name, values in request.GET.lists() if name.upper() == "PHASE" for one in values]
    _check_phases(phases)
    after = uws.moment("AFTER", parameters["AFTER"]) if parameters.get("AFTER") else None
    last = parameters.get("LAST", "")
    if last and not whole(last, 1):
        raise BadRequestError(f"LAST={last[:40]}: give a number of jobs, for example LAST=10")
    if not request.user.is_authenticated:
        return []
    found = QueryJob.objects.filter(owner=request.user, service=QueryJob.Service.TAP).select_related("owner")
    found = found.filter(phase__in=phases) if phases else found.exclude(phase=QueryJob.Phase.ARCHIVED)
    if after is not None:
        found = found.filter(created__gt=after)
    return list(found[: min(int(last or LISTED), LISTED)])


def _check_phases(phases: list[str]) -> None:
    unknown = set(phases) - {*QueryJob.Phase.values, "HELD", "SUSPENDED", "UNKNOWN"}
    if unknown:
        raise BadRequestError(f"PHASE={sorted(unknown)[0][:40]}: use one of {', '.join(QueryJob.Phase.values)}")


def _seconds(text: str) -> float:
    """Seconds to wait: -1 is as long as may be."""
    wanted = real(text)
    if wanted is None:
        raise BadRequestError(f"WAIT={text[:40]}: give seconds, or -1, for example WAIT=10")
    return LONGEST_WAIT if wanted < 0 else min(wanted, LONGEST_WAIT)
