"""TAP's tables over HTTP: what there is (VOSI 1.1), and what people keep (as CADC's services have it)."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.models import QueryJob, UserTable
from archive.vo import uploads, user_tables, uws_views, vosi
from archive.vo.asking import XML, Denied, answered, parameters_of
from archive.vo.catalog_tables import Published, published

VARIES = {"Vary": "User-Agent"}


@csrf_exempt  # scripts send it; cookies do not come along from other sites (SameSite)
@require_http_methods(["GET", "HEAD", "POST"])
@answered
def tables(request: HttpRequest) -> HttpResponse:
    """The tables and columns; `detail=min` leaves the columns out, `tables=` names one. By POST a table is kept."""
    if request.method == "POST":
        return _keep(request)
    wanted, columns = request.GET.get("tables"), request.GET.get("detail") != "min"
    shown = [one for one in _shown(request) if wanted is None or one.table.name == wanted.lower()]
    if not shown:
        return _nowhere(wanted)
    return HttpResponse(vosi.tables(shown, columns, _is_esa(request)), content_type=XML, headers=VARIES)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "PUT", "POST", "DELETE"])
@answered
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One table and its columns; PUT keeps one, POST says who may read it, DELETE drops it."""
    if request.method == "PUT":
        user_tables.create(_somebody(request), name, uploads.upload_of(name, request.body))
        return HttpResponse(status=201, headers={"Location": request.build_absolute_uri()})
    if request.method == "DELETE":
        user_tables.drop(_own(request, name))
        return HttpResponse(status=200)
    if request.method == "POST":
        return _share(request, name)
    found = [one for one in _shown(request) if one.table.name == name.lower()]
    if not found:
        return _nowhere(name)
    return HttpResponse(vosi.table(found[0], _is_esa(request)), content_type=XML, headers=VARIES)


@csrf_exempt
@require_http_methods(["POST"])
@answered
def load(request: HttpRequest, name: str) -> HttpResponse:
    """More rows for a table that is kept."""
    user_tables.append(_own(request, name), uploads.upload_of(name, request.body))
    return HttpResponse(status=200)


def kept(request: HttpRequest) -> JsonResponse:
    """The tables that people keep, as far as whoever asks may read them."""
    found = user_tables.open_to(request.reader)
    return JsonResponse({"tables": user_tables.describe(found, request.user)})


def _keep(request: HttpRequest) -> HttpResponse:
    """A table from an upload (UPLOAD=name,uri) or from a job's result (JOB=…, NAME=…)."""
    user, parameters = _somebody(request), parameters_of(request)
    text = parameters.get("DESCRIPTION", "")
    if parameters.get("JOB"):
        job = _job(request, parameters["JOB"])
        made = [user_tables.from_job(user, parameters.get("NAME", ""), job, text)]
    else:
        named = uploads.sources(parameters.get("UPLOAD", ""))
        if not named:
            raise uploads.BadUpload("UPLOAD is missing: give name,uri, or JOB and NAME to keep a job's result")
        made = [
            user_tables.create(
                user, name, uploads.upload_of(name, uploads.content_of(name, place, request.FILES)), text
            )
            for name, place in named.items()
        ]
    place = request.build_absolute_uri(reverse("tap-table", args=[made[0].full_name]))
    return JsonResponse({"tables": [one.full_name for one in made]}, status=201, headers={"Location": place})


def _share(request: HttpRequest, name: str) -> JsonResponse:
    """Who may read a table: PEOPLE and GROUPS are names with commas between, EVERYBODY is true or false."""
    own, parameters = _own(request, name), parameters_of(request)
    people, groups = (
        [one.strip() for one in parameters.get(key, "").split(",") if one.strip()] for key in ("PEOPLE", "GROUPS")
    )
    everybody = parameters.get("EVERYBODY", "false").lower()
    if everybody not in ("true", "false"):
        raise user_tables.NotKept(f"EVERYBODY={everybody}: use true or false")
    user_tables.share(own, people, groups, everybody == "true")
    return JsonResponse({"name": own.full_name, "people": people, "groups": groups, "everybody": everybody == "true"})


def _job(request: HttpRequest, name: str) -> QueryJob:
    try:
        job = uws_views.job_of(request, uuid.UUID(name))
    except ValueError:
        raise user_tables.NotKept(f"JOB={name}: is no job's identifier") from None
    uws_views.check_still_open(request, job)
    return job


def _somebody(request: HttpRequest):
    if not request.user.is_authenticated:
        raise Denied(401, "tables are kept for people who sign in")
    return request.user


def _own(request: HttpRequest, name: str) -> UserTable:
    user = _somebody(request)
    schema, _, rest = name.lower().rpartition(".")
    found = UserTable.objects.filter(schema=schema or user_tables.schema_of(user), name=rest).first()
    if found is None:
        raise Denied(404, f"table {name!r} is not here")
    if found.owner_id != user.pk:
        raise Denied(403, f"table {name!r} is not yours")
    return found


def _shown(request: HttpRequest) -> list[Published]:
    """The tables that whoever asks may name."""
    return [*published(), *map(user_tables.as_published, user_tables.open_to(request.reader))]


def _is_esa(request: HttpRequest) -> bool:
    """Whether astroquery's TapPlus may ask: it reads no columns as the standard has them, and says not who it is."""
    return "User-Agent" not in request.headers


def _nowhere(name: str | None) -> HttpResponse:
    return HttpResponse(f"table {name!r} is not here", content_type="text/plain", status=404)
