"""TAP's tables over HTTP: what there is (VOSI 1.1), and what people keep (as CADC's services have it)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.access.reading import all_rows
from archive.models import QueryJob, UserTable
from archive.requests.parameters import unknown
from archive.services.protocol.errors import BadRequestError, DeniedError
from archive.services.vo.schema.published import Published, published
from archive.services.vo.tap import indexes, uploads, user_tables, uws_views, vosi
from archive.services.vo.tap.requests import XML, parameters_of, read_uploads, tap_errors

VARIES = {"Vary": "User-Agent"}
DETAILS = ("min", "max")
# What the addresses of kept tables take; they are this archive's own, so that nothing else is ignored.
KEEPS = ("UPLOAD", "JOB", "NAME", "DESCRIPTION", "PROGRAMS")
SHARES = ("PEOPLE", "GROUPS", "EVERYBODY")


@csrf_exempt  # scripts send it; what other sites send is refused before (portal.middleware.SameOrigin)
@require_http_methods(["GET", "HEAD", "POST"])
@tap_errors
def tables(request: HttpRequest) -> HttpResponse:
    """The tables and columns; `detail=min` leaves the columns out, `tables=` names one. By POST a table is kept."""
    if request.method == "POST":
        return _keep(request)
    parameters = parameters_of(request)
    wanted, detail = parameters.get("TABLES"), parameters.get("DETAIL", "max").lower()
    if detail not in DETAILS:
        raise BadRequestError(f"DETAIL={detail[:20]}: use one of {', '.join(DETAILS)}")
    columns = detail == "max"
    shown = [one for one in _shown(request) if wanted is None or _is_called(one, wanted)]
    if not shown:
        return _nowhere(wanted)
    return HttpResponse(vosi.tables(shown, columns, _is_esa(request)), content_type=XML, headers=VARIES)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "PUT", "POST", "DELETE"])
@tap_errors
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One table and its columns; PUT keeps one, POST says who may read it, DELETE drops it."""
    if request.method == "PUT":
        given = _only(request, "PROGRAMS")
        uploads.check_declared(name, request.body, request.content_type)
        brought = uploads.upload_of(name, request.body)
        user_tables.create(_somebody(request), name, brought, programs=_programs(given))
        return HttpResponse(status=201, headers={"Location": request.build_absolute_uri()})
    if request.method == "DELETE":
        _only(request)
        user_tables.drop(_own(request, name, readable=False))
        return HttpResponse(status=200)
    if request.method == "POST":
        return _share(request, name)
    found = [one for one in _shown(request) if _is_called(one, name)]
    if not found:
        return _nowhere(name)
    return HttpResponse(vosi.table(found[0], _is_esa(request)), content_type=XML, headers=VARIES)


@csrf_exempt
@require_http_methods(["POST"])
@tap_errors
def load(request: HttpRequest, name: str) -> HttpResponse:
    """More rows for a table that is kept."""
    given = _only(request, "PROGRAMS")
    kept = _own(request, name)
    uploads.check_declared(name, request.body, request.content_type)
    user_tables.append(kept, uploads.upload_of(name, request.body), _programs(given))
    return HttpResponse(status=200)


@csrf_exempt
@require_http_methods(["POST"])
@tap_errors
def update(request: HttpRequest) -> HttpResponse:
    """A job that makes an index on a column of one's own table (TABLE, INDEX; UNIQUE=true where values differ)."""
    given = _only(request, *indexes.ASKED)
    for name in ("TABLE", "INDEX"):
        if not given.get(name):
            raise BadRequestError(f"{name} is missing: give TABLE and INDEX, the name of a column")
    unique = given.get("UNIQUE", "false").lower()
    if unique not in ("true", "false"):
        raise BadRequestError(f"UNIQUE={unique[:20]}: use true or false")
    job = indexes.order(_somebody(request), _own(request, given["TABLE"]), given["INDEX"], unique == "true")
    return uws_views.SeeOther(uws_views.address_of(request, job))


def kept(request: HttpRequest) -> JsonResponse:
    """The tables that people keep, as far as whoever asks may read them."""
    found = user_tables.open_to(request.reader)
    return JsonResponse({"tables": user_tables.describe(found, request.user)})


def _keep(request: HttpRequest) -> HttpResponse:
    """A table from an upload (UPLOAD=name,uri) or from a job's result (JOB=…, NAME=…)."""
    user, parameters = _somebody(request), _only(request, *KEEPS)
    text = parameters.get("DESCRIPTION", "")
    if parameters.get("JOB"):
        job = _job(request, parameters["JOB"])
        made = [user_tables.from_job(user, parameters.get("NAME", ""), job, text)]
    else:
        if not parameters.get("UPLOAD", "").strip("; "):
            raise uploads.BadUploadError("UPLOAD is missing: give name,uri, or JOB and NAME to keep a job's result")
        brought = uploads.uploads_of(read_uploads(request, parameters).items())
        with transaction.atomic():  # all of them, or none
            made = [user_tables.create(user, one.name, one, text, _programs(parameters)) for one in brought]
    place = request.build_absolute_uri(reverse("tap-table", args=[made[0].full_name]))
    return JsonResponse({"tables": [one.full_name for one in made]}, status=201, headers={"Location": place})


def _share(request: HttpRequest, name: str) -> JsonResponse:
    """Set who may read a table: PEOPLE and GROUPS are names with commas between, EVERYBODY is true or false."""
    own, parameters = _own(request, name), _only(request, *SHARES)
    if not parameters:
        raise BadRequestError(f"who may read {own.full_name}? Give {', '.join(SHARES[:-1])} or {SHARES[-1]}")
    people, groups = (
        [one.strip() for one in parameters.get(key, "").split(",") if one.strip()] for key in ("PEOPLE", "GROUPS")
    )
    everybody = parameters.get("EVERYBODY", "false").lower()
    if everybody not in ("true", "false"):
        raise user_tables.TableNotKeptError(f"EVERYBODY={everybody}: use true or false")
    user_tables.share(own, people, groups, everybody == "true")
    return JsonResponse({"name": own.full_name, "people": people, "groups": groups, "everybody": everybody == "true"})


def _job(request: HttpRequest, name: str) -> QueryJob:
    try:
        number = uuid.UUID(name)
    except ValueError:
        raise user_tables.TableNotKeptError(f"JOB={name}: is no job's identifier") from None
    job = uws_views.job_of(request, number)
    uws_views.check_still_open(request, job)
    return job


def _only(request: HttpRequest, *known: str) -> dict[str, str]:
    """A request's parameters, none of which is another than those that are known."""
    found = parameters_of(request)
    for name in found:
        if name not in known:
            raise BadRequestError(unknown(name, known, request.path))
    return found


def _programs(parameters: Mapping[str, str]) -> Collection[int] | None:
    """PROGRAMS=none says that an upload holds nothing of the archive's that is not public; else it is as its maker."""
    text = parameters.get("PROGRAMS", "")
    if text not in ("", "none"):
        raise user_tables.TableNotKeptError(
            f"PROGRAMS={text}: use none, or leave it out: then it is for those who read what you do"
        )
    return () if text else None


def _somebody(request: HttpRequest):
    if not request.user.is_authenticated:
        raise DeniedError("tables are kept for people who sign in", 401)
    return request.user


def _own(request: HttpRequest, name: str, readable: bool = True) -> UserTable:
    """Somebody's own table; one that they may not read any more may only be dropped."""
    user = _somebody(request)
    schema, _, rest = name.replace('"', "").rpartition(".")
    whose = {"schema": schema.lower()} if schema else {"owner": user}
    found = UserTable.objects.filter(**whose, name__iexact=rest).first()
    if found is None:
        with all_rows():
            found = UserTable.objects.filter(**whose | {"owner": user}, name__iexact=rest).first()
        if found is not None and readable:
            raise DeniedError(f"table {name!r} was made with rights that have ended since; you may drop it", 403)
    if found is None:
        raise DeniedError(f"table {name!r} is not here", 404)
    if found.owner_id != user.pk:
        raise DeniedError(f"table {name!r} is not yours", 403)
    return found


def _shown(request: HttpRequest) -> list[Published]:
    """The tables that whoever asks may name."""
    return [*published(), *map(user_tables.as_published, user_tables.open_to(request.reader))]


def _is_called(one: Published, name: str) -> bool:
    """Whether a table has that name, in any case, with or without the quotes that a query needs."""
    return one.table.name.replace('"', "").lower() == name.replace('"', "").lower()


def _is_esa(request: HttpRequest) -> bool:
    """Whether astroquery's TapPlus may ask: it reads no columns as the standard has them, and says not who it is."""
    return "User-Agent" not in request.headers


def _nowhere(name: str | None) -> HttpResponse:
    return HttpResponse(f"table {name!r} is not here", content_type="text/plain", status=404)
