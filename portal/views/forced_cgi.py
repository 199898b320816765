"""IRSA's addresses of forced photometry, as its clients call them, with our jobs behind.

Who asks is said by `email` (an account's address or its name) and `userpass` (its password or a token); an HTTP Basic
header, which IRSA's clients send with a name that all share, is not looked at.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from archive.access.memberships import reader_of, reader_of_job
from archive.access.reading import reading
from archive.given.positions import BadPositionError, at
from archive.given.times import BadTimeError, as_julian
from archive.models import UserJob
from archive.requests import json_text
from archive.requests.numbers import real
from archive.requests.parameters import takes
from portal.auth.basic import RefusedError, user_by_password
from portal.results.forced import open_result, text_file
from processing.forced import jobs, notify
from processing.forced.jobs import ForcedRequest, Place

ONE = ("ra", "dec", "jdstart", "jdend", "email", "userpass")
LISTED = ("email", "userpass", "option", "action")
RECENT = 1000  # rows of the table of requests
ALL, PENDING = "All recent jobs", "Pending jobs"
EXIT_CODES = {UserJob.Phase.COMPLETED: 0, UserJob.Phase.ERROR: 64}
NO_RECORDS = 63


@never_cache
@require_safe
@takes(*ONE)
def request_one(request: HttpRequest) -> HttpResponse:
    """One position: ra, dec, jdstart, jdend, email, userpass."""
    try:
        user = _user(request, request.GET)
        place = _place(_number(request.GET, "ra"), _number(request.GET, "dec"))
        made = jobs.order(
            [place], _forced_request(request.GET, user), reader_of(user), user, request.build_absolute_uri("/")
        )
    except (RefusedError, jobs.ForcedRefusedError) as reason:
        return _refuse(request, reason)
    return render(request, "forced/accepted.html", {"jobs": _rows(request, made), "email": user.email})


@csrf_exempt  # whoever sends it says who they are in the request itself
@never_cache
@sensitive_post_parameters("userpass")
@require_http_methods(["POST"])
@takes(posted=ONE)
def request_many(request: HttpRequest) -> HttpResponse:
    """Many positions: ra=[…], dec=[…] and the rest as for one."""
    try:
        user = _user(request, request.POST)
        ra, dec = _numbers(request.POST, "ra"), _numbers(request.POST, "dec")
        if len(ra) != len(dec):
            raise jobs.ForcedRefusedError(f"ra has {len(ra)} numbers, dec {len(dec)}: give as many of each")
        places = [_place(one, other) for one, other in zip(ra, dec, strict=True)]
        made = jobs.order(
            places, _forced_request(request.POST, user), reader_of(user), user, request.build_absolute_uri("/")
        )
    except (RefusedError, jobs.ForcedRefusedError) as reason:
        return _refuse(request, reason)
    return render(request, "forced/accepted.html", {"jobs": _rows(request, made), "email": user.email})


@csrf_exempt  # changes nothing, and scripts send it
@never_cache
@sensitive_post_parameters("userpass")
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*LISTED, posted=LISTED)
def requests_of(request: HttpRequest) -> HttpResponse:
    """The requests of somebody as an HTML table; option: all recent ones, or those pending."""
    given = request.POST if request.method == "POST" else request.GET
    try:
        user = _user(request, given)
        option = given.get("option", ALL)
        if option not in (ALL, PENDING):
            raise jobs.ForcedRefusedError(f"option={option!r}: use {ALL!r} or {PENDING!r}")
    except (RefusedError, jobs.ForcedRefusedError) as reason:
        return _refuse(request, reason)
    found = jobs.of_user(user)
    if option == PENDING:
        found = found.filter(phase__in=jobs.PENDING)
    batch = request.resolver_match.url_name == "forced-batch-requests"
    chosen = [one for one in found[:RECENT] if bool(one.parameters["batch"]) == batch]
    return render(request, "forced/requests.html", {"jobs": _rows(request, chosen), "option": option})


@require_safe
def file(request: HttpRequest, job_id, name: str) -> HttpResponseBase:
    """A light curve or its log, for whoever has the unguessable address and may read all that it rests on.

    With the shared name that IRSA's clients send, the account that ordered it is who asks.
    """
    job = get_object_or_404(UserJob, pk=job_id, kind=jobs.KIND)
    # The name that all share says nothing; who ordered it, whom the log names, decides what may be seen.
    with reading(reader_of_job(job) if request.shared_credentials else request.reader):
        found = open_result(request, job)
    stem = notify.stem_of(job, jobs.reqid(job))
    own = job.owner_id is None or job.owner_id == request.user.pk
    if name == f"{stem}_lc.txt":
        return text_file(job, found, own)
    if name == f"{stem}_log.txt":
        lines = [
            f"{row['pid']} procstatus={row.get('procstatus')} {row['image']} {row['reason']}" for row in found.rows
        ]
        account = f"account {job.owner.get_username()}" if job.owner else "nobody's account"
        head = f"request {jobs.reqid(job)} of {account}: {job.message}"
        return HttpResponse("\n".join([head, *lines, ""]), "text/plain")
    raise Http404(f"{name}: there are {stem}_lc.txt and {stem}_log.txt")


@sensitive_variables("secret")
def _user(request: HttpRequest, given) -> User:
    """The user of a request.

    Raises
    ------
    RefusedError
    """
    name, secret = given.get("email", "").strip(), given.get("userpass", "")
    if not name or not secret:
        raise RefusedError(401, "email, userpass: give the address of your account and its password")
    accounts = list(User.objects.filter(email__iexact=name, is_active=True)[:2]) if "@" in name else []
    known = accounts[0].get_username() if len(accounts) == 1 else name
    try:
        return user_by_password(request, known, secret)
    except RefusedError as reason:
        raise RefusedError(reason.status, str(reason).replace("Authorization", "email, userpass")) from reason


def _forced_request(given, user: User) -> ForcedRequest:
    """Epochs as asked for, all where not; IRSA's clients always expect a mail at the account's address."""
    start = _julian(given, "jdstart") if given.get("jdstart") else jobs.SURVEY_START
    end = _julian(given, "jdend") if given.get("jdend") else jobs.SURVEY_END
    return ForcedRequest(start, end, user.email or "")


def _julian(given, name: str) -> float:
    try:
        return as_julian(_number(given, name), name)
    except BadTimeError as error:
        raise jobs.ForcedRefusedError(str(error)) from error


def _place(ra: float, dec: float) -> Place:
    try:
        place = at(ra, dec, f"ra={ra:g}, dec={dec:g}")
    except BadPositionError as error:
        raise jobs.ForcedRefusedError(str(error)) from error
    return Place(place.ra, place.dec)


def _number(given, name: str) -> float:
    value = real(given.get(name, ""))
    if value is None:
        raise jobs.ForcedRefusedError(f"{name}={given.get(name, '')!r}: give a number, for example {name}=123.45")
    return value


def _numbers(given, name: str) -> list[float]:
    """A list as JSON has it."""
    try:
        values = json_text.loads(given.get(name, ""))
        return [json_text.number(value) for value in values]
    except (ValueError, TypeError) as error:
        raise jobs.ForcedRefusedError(f"{name}: give a list of numbers, for example {name}=[12.5,13.1]") from error


def _rows(request: HttpRequest, chosen) -> list[dict]:
    return [
        {
            "reqid": jobs.reqid(job), "ra": job.parameters["ra"], "dec": job.parameters["dec"],
            "startJD": job.parameters["jdstart"], "endJD": job.parameters["jdend"], "created": job.created,
            "started": job.started, "ended": job.ended, "exitcode": _exit_code(job),
            "lightcurve": _lightcurve(job), "page": request.build_absolute_uri(f"/forced/{job.pk}/"),
        }
        for job in chosen
    ]  # fmt: skip


def _exit_code(job: UserJob) -> int | str:
    """As IRSA counts: empty while it waits or runs."""
    if job.phase == UserJob.Phase.COMPLETED and job.total == 0:
        return NO_RECORDS
    return EXIT_CODES.get(job.phase, "")


def _lightcurve(job: UserJob) -> str:
    if job.phase != UserJob.Phase.COMPLETED:
        return ""
    return f"/ztf/ops/forcedphot/lc/{job.pk}/{notify.stem_of(job, jobs.reqid(job))}_lc.txt"


def _refuse(request: HttpRequest, reason: Exception) -> HttpResponse:
    status = reason.status if isinstance(reason, RefusedError) else 400
    return render(request, "forced/refused.html", {"message": str(reason)}, status=status)
