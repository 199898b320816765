"""TAP's asynchronous queries over HTTP (UWS 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.delivery import deliver_path
from archive.models import AuditEntry, QueryJob
from archive.vo import tap, uws, uws_xml
from archive.vo.asking import XML, Denied, answered, bring, parameters_of, refuse
from archive.vo.tap_formats import FORMATS, format_named

LONGEST_WAIT = 30  # s that a request waits for a job
PLAIN = "text/plain; charset=utf-8"
LISTED = 1000
SETTINGS = ("ACTION", "PHASE", "RUNID", "DESTRUCTION", "EXECUTIONDURATION")
"""Parameters that are about the job, not about the query."""


class SeeOther(HttpResponseRedirect):
    """Where the answer to a POST is."""

    status_code = 303


def of_job(methods: list[str]) -> Callable:
    """A view of one job: it is found, it is the asker's, and what is wrong is said as DALI has it."""

    def decorate(view):
        @csrf_exempt  # scripts send it; a job changes only for its owner, or for who knows its id
        @require_http_methods(methods)
        @answered
        @wraps(view)
        def wrapped(request: HttpRequest, job_id, **more) -> HttpResponseBase:
            return view(request, job_of(request, job_id), **more)

        return wrapped

    return decorate


def job_of(request: HttpRequest, job_id) -> QueryJob:
    """A job of this person's, or one that nobody owns: its unguessable id is the key.

    Raises
    ------
    Denied
    """
    job = QueryJob.objects.filter(pk=job_id).select_related("owner").first()
    if job is not None and job.owner_id is not None and not request.user.is_authenticated:
        raise Denied(401, f"job {job_id}: sign in as its owner")
    if job is None or job.owner_id not in (None, request.user.pk):
        raise Denied(404, f"job {job_id}: there is none of this name that is yours")
    return job


def address_of(request: HttpRequest, job: QueryJob | None = None) -> str:
    """Of the list of jobs, or of one."""
    path = reverse("tap-async") if job is None else reverse(f"{job.service}-job", args=[job.pk])
    return request.build_absolute_uri(path)


@csrf_exempt  # makes a job of whoever sends it, and scripts do
@require_http_methods(["GET", "HEAD", "POST"])
@answered
def jobs(request: HttpRequest) -> HttpResponse:
    """The asker's jobs; by POST a new one, which starts at once with PHASE=RUN."""
    parameters = parameters_of(request)
    if request.method != "POST":
        return HttpResponse(uws_xml.job_list(_listed(request, parameters), address_of(request)), content_type=XML)
    _check_format(parameters)
    asked = {name: value for name, value in parameters.items() if name not in SETTINGS}
    job = uws.create(asked, bring(request, parameters), parameters.get("RUNID", ""), request.user)
    _set(request, job, parameters)
    return SeeOther(address_of(request, job))


@of_job(["GET", "HEAD", "POST", "DELETE"])
def job(request: HttpRequest, job: QueryJob) -> HttpResponse:
    """A job, waited for with WAIT; removed by DELETE or ACTION=DELETE."""
    parameters = parameters_of(request)
    if request.method == "DELETE" or parameters.get("ACTION", "").upper() == "DELETE":
        uws.remove(job)
        return SeeOther(address_of(request))
    if request.method == "POST":
        _set(request, job, parameters)
        return SeeOther(address_of(request, job))
    if "WAIT" in parameters:
        job = uws.wait(job, parameters.get("PHASE", job.phase), _seconds(parameters["WAIT"]))
    return HttpResponse(uws_xml.job(job, address_of(request, job)), content_type=XML)


@of_job(["GET", "HEAD", "POST"])
def value(request: HttpRequest, job: QueryJob, name: str) -> HttpResponse:
    """One property of a job as text; by POST it is set, where it can be."""
    if request.method == "POST":
        _set(request, job, parameters_of(request))
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
        _set(request, job, parameters_of(request))
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
        return refuse(job.message)
    if not job.result:
        raise Denied(404, f"job {job.pk} is {job.phase}: it has no result")
    check_still_open(request, job)
    response = deliver_path(request, job.folder / job.result, f"{job.pk}-{job.ended:%Y%m%d%H%M%S%f}")
    response["Content-Type"] = job.content_type
    return response


@of_job(["GET", "HEAD"])
def error(request: HttpRequest, job: QueryJob) -> HttpResponse:
    """Why a job failed."""
    if job.phase != QueryJob.Phase.ERROR:
        raise Denied(404, f"job {job.pk} is {job.phase}: it has no error")
    return refuse(job.message, 200)


def check_still_open(request: HttpRequest, job: QueryJob) -> None:
    """Raise Denied if rights that a finished job was made with have ended since."""
    withdrawn = AuditEntry.objects.filter(action="release.withdraw", moment__gte=job.started)
    if not set(job.programs) <= request.reader.programs or (job.started and withdrawn.exists()):
        raise Denied(403, f"job {job.pk}: rows of it may not be open to you any more; ask again")


def _set(request: HttpRequest, job: QueryJob, parameters: dict[str, str]) -> None:
    """What a POST says about a job: its times, its query's parameters, its phase."""
    uws.change(job, parameters.get("EXECUTIONDURATION", ""), parameters.get("DESTRUCTION", ""))
    more = {name: one for name, one in parameters.items() if name not in SETTINGS}
    if more and more != job.parameters:
        if job.phase != QueryJob.Phase.PENDING:
            raise uws.WrongPhase(f"{', '.join(more)}: the job is {job.phase}; parameters are set before it starts")
        _check_format(more)
        uws.keep_uploads(job, bring(request, more))
        QueryJob.objects.filter(pk=job.pk).update(parameters=job.parameters | more)
    phase = parameters.get("PHASE", "").upper()
    if phase == "RUN":
        uws.start(job, request.reader)
    elif phase == "ABORT":
        uws.abort(job)
    elif phase:
        raise tap.BadRequest(f"PHASE={phase}: use PHASE=RUN or PHASE=ABORT")


def _check_format(parameters: dict[str, str]) -> None:
    name = parameters.get("RESPONSEFORMAT") or parameters.get("FORMAT", "")
    if format_named(name) is None:
        raise tap.BadRequest(f"RESPONSEFORMAT={name}: use one of {', '.join(one.names[1] for one in FORMATS)}")


def _listed(request: HttpRequest, parameters: dict[str, str]) -> list[QueryJob]:
    """The asker's jobs, the newest first, without the archived ones unless they are asked for (UWS 1.1, 2.2.2.2)."""
    if not request.user.is_authenticated:
        return []
    found = QueryJob.objects.filter(owner=request.user, service=QueryJob.Service.TAP).select_related("owner")
    phases = [one.upper() for one in (*request.GET.getlist("PHASE"), *request.GET.getlist("phase"))]
    unknown = set(phases) - {*QueryJob.Phase.values, "HELD", "SUSPENDED", "UNKNOWN"}
    if unknown:
        raise tap.BadRequest(f"PHASE={sorted(unknown)[0]}: use one of {', '.join(QueryJob.Phase.values)}")
    found = found.filter(phase__in=phases) if phases else found.exclude(phase=QueryJob.Phase.ARCHIVED)
    if parameters.get("AFTER"):
        found = found.filter(created__gt=uws.moment("AFTER", parameters["AFTER"]))
    last = parameters.get("LAST", "")
    if last and not (last.isdigit() and int(last)):
        raise tap.BadRequest(f"LAST={last}: give a number of jobs, for example LAST=10")
    return list(found[: min(int(last or LISTED), LISTED)])


def _seconds(text: str) -> float:
    """How long to wait: -1 is as long as may be."""
    try:
        wanted = float(text)
    except ValueError:
        raise tap.BadRequest(f"WAIT={text}: give seconds, or -1, for example WAIT=10") from None
    return LONGEST_WAIT if wanted < 0 else min(wanted, LONGEST_WAIT)
