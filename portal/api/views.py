"""REST: the verbs of the pages for programs. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.access.streams import QueryFailedError
from archive.jobs import turns
from archive.models import Alert, ProductFile, ReferenceImage, ScienceImage
from archive.moving.search import MOVING, images_of, ordered
from archive.pixels import rendering as pixels
from archive.products import bundles, versions
from archive.products.alert_packets import STAMPS, packet_of
from archive.products.files import BELONGING, MAIN_FILE, files_by_row
from archive.requests import paging
from archive.search import query as search
from archive.search.families import FAMILIES
from archive.search.name_services import locate
from archive.tables import dictionary
from portal.api.parameters import (
    DEFAULT_PAGE,
    NameParameters,
    PageParameters,
    PlaceParameters,
    asks,
    form_schema,
    page_schema,
    row_schema,
)
from portal.api.problems import BadParametersError, checked
from portal.forms.images import DEFAULT_CUTOUT, AlertSearchForm, ImageSearchForm
from portal.forms.moving import MovingForm
from portal.forms.positions import PositionListForm
from portal.results.jobs import job_of, result_is_open
from portal.results.positions import rows_around


def page_of(request: Request, table: dictionary.Table, rows: QuerySet | Sequence) -> Response:
    """One page of rows, with the addresses of the next and the previous."""
    asked = checked(PageParameters(request.query_params)).cleaned_data
    page = paging.page_of(request, rows, asked["page_size"] or DEFAULT_PAGE)
    return Response(
        {
            "count": page.paginator.count,
            "next": _page_url(request, page.next_page_number()) if page.has_next() else None,
            "previous": _page_url(request, page.previous_page_number()) if page.has_previous() else None,
            "results": records(table, page.object_list),
        }
    )


def records(table: dictionary.Table, objects) -> list[dict]:
    """Rows by the names of the data dictionary."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows(objects)]


def _page_url(request: Request, number: int) -> str:
    query = request.query_params.copy()
    query["page"] = number
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class Images(APIView):
    """Products of every family by place, time, identifiers and quality."""

    parser_classes = (MultiPartParser, FormParser)

    def perform_content_negotiation(self, request: Request, force: bool = False):
        """A list is answered as its `format` says; the renderer is for errors."""
        return super().perform_content_negotiation(request, force=force or request.method == "POST")

    @asks(
        ImageSearchForm,
        PageParameters,
        operation_id="images",
        responses={200: page_schema(dictionary.SCIENCE)},
    )
    def get(self, request: Request) -> Response:
        """Search images; with a position alone those that cover it, with a radius those whose centre is near it."""
        query = checked(ImageSearchForm(request.query_params)).query
        return page_of(request, FAMILIES[query.family].page, search.images(query))

    @asks(
        posted=[PositionListForm],
        operation_id="images_at_positions",
        request=form_schema(PositionListForm),
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "application/x-votable+xml"): OpenApiTypes.STR,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Search around every position of a list; rows come with the row of the list that they belong to.

        `targets` is text, one "name ra dec" a line; or `upload` is a file (text, CSV, VOTable, IPAC table). `format` is
        csv (unless told), json or votable.
        """
        try:
            return rows_around(checked(PositionListForm(request.data, request.FILES)), request.reader)
        except QueryFailedError as error:
            raise BadParametersError(str(error)) from error


class Image(APIView):
    """One science image."""

    @asks(operation_id="image", responses={200: row_schema(dictionary.SCIENCE)})
    def get(self, request: Request, pid: int) -> Response:
        """An image with its files, the references of its quadrant, and other versions of it with theirs."""
        image = get_object_or_404(ScienceImage, pk=pid)
        same = ReferenceImage.objects.filter(field=image.field, rcid=image.rcid, fid=image.fid)
        return Response(
            {
                **records(dictionary.SCIENCE, [image])[0],
                "files": _files(request, "sci", image),
                "references": records(dictionary.REFERENCE, same),
                "versions": [_version(request, one) for one in versions.beside(image)],
                "cutout": request.build_absolute_uri(reverse("api-cutout", args=["images", pid])),
            }
        )


class Reference(APIView):
    """One reference image."""

    @asks(operation_id="reference", responses={200: row_schema(dictionary.REFERENCE)})
    def get(self, request: Request, rfid: int) -> Response:
        """A reference with its files and the images it was made of."""
        image = get_object_or_404(ReferenceImage, pk=rfid)
        return Response(
            {
                **records(dictionary.REFERENCE, [image])[0],
                "files": _files(request, "ref", image),
                "inputs": list(image.inputs.order_by("obsjd").values_list("pid", flat=True)),
                "cutout": request.build_absolute_uri(reverse("api-cutout", args=["references", rfid])),
            }
        )


def _files(request: Request, family: str, row) -> list[dict]:
    return [_file(request, file) for file in files_by_row(family, [row]).get(row.pk, [])]


def _file(request: Request, file: ProductFile) -> dict:
    return {
        "path": file.path,
        "suffix": file.suffix,
        "size": file.size,
        "sha256": file.sha256,
        "origin": file.origin,
        "url": request.build_absolute_uri(reverse("file", args=[file.path])),
    }


def _version(request: Request, beside: versions.Beside) -> dict:
    """Another version of an image: its numbers, and how they differ from the current ones."""
    return {
        "version": beside.row.version_id,
        "config": beside.row.version.overrides,
        "quality": {number.name: number.value for number in beside.numbers},
        "change": {number.name: number.change for number in beside.numbers},
        "files": [_file(request, file) for file in beside.files],
    }


class Cutout(APIView):
    """A part of an image."""

    def perform_content_negotiation(self, request: Request, force: bool = False):
        """FITS is all there is, whatever the client accepts; the renderer is for errors."""
        return super().perform_content_negotiation(request, force=True)

    @asks(
        PlaceParameters,
        format=False,
        operation_id="cutout",
        responses={(200, "application/fits"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, kind: str, number: int) -> HttpResponse:
        """A FITS image of what lies around a position."""
        asked = checked(PlaceParameters(request.query_params)).cleaned_data
        family = {"images": "sci", "references": "ref"}[kind]
        suffix = asked["file"] or MAIN_FILE[family]
        families = BELONGING[family].families
        files = ProductFile.objects.filter(family__in=families, product_id=number, suffix=suffix)
        file = files.first()
        if file is None or not file.on_disk.is_file():
            raise Http404(f"{kind} {number}: no file {suffix!r} is here, or it is not public")
        size = DEFAULT_CUTOUT if asked["size"] is None else asked["size"]
        body = pixels.fits_bytes(pixels.cutout(file, asked["ra"], asked["dec"], size))
        name = f"cutout_{file.name.removesuffix('.fz')}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private"}
        return HttpResponse(body, content_type="application/fits", headers=headers)


class Alerts(APIView):
    """Alerts by place, object, time, brightness and score."""

    @asks(
        AlertSearchForm,
        PageParameters,
        operation_id="alerts",
        responses={200: page_schema(dictionary.ALERTS)},
    )
    def get(self, request: Request) -> Response:
        """Search alerts."""
        return page_of(request, dictionary.ALERTS, checked(AlertSearchForm(request.query_params)).rows())


class AlertPacket(APIView):
    """One alert."""

    @asks(operation_id="alert", responses={200: row_schema(dictionary.ALERTS)})
    def get(self, request: Request, candid: int) -> Response:
        """An alert's whole packet, without its stamps; `links` say where these and the Avro file are."""
        alert = get_object_or_404(Alert.objects.select_related("packet"), pk=candid)
        packet = {name: value for name, value in packet_of(alert).items() if name not in STAMPS.values()}
        stamps = {kind: request.build_absolute_uri(reverse("stamp", args=[candid, kind])) for kind in STAMPS}
        avro = request.build_absolute_uri(reverse("file", args=[alert.packet.path]))
        return Response({**packet, "links": {**stamps, "avro": avro}})


class Moving(APIView):
    """Images of moving objects."""

    @asks(
        MovingForm,
        PageParameters,
        operation_id="moving",
        responses={200: page_schema(MOVING)},
    )
    def get(self, request: Request) -> Response:
        """Images in which an asteroid or comet was, with its ephemeris at each."""
        form = checked(MovingForm(request.query_params))
        found = images_of(form.orbit, form.cleaned_data["since"], form.cleaned_data["until"])
        return page_of(request, MOVING, ordered(found, form.cleaned_data["order"]))


class Names(APIView):
    """Names and positions."""

    @asks(NameParameters, operation_id="resolve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The position that a name or a text stands for; a moving object has none of its own."""
        found = locate(checked(NameParameters(request.query_params)).cleaned_data["name"])
        return Response(
            {"kind": found.kind, "name": found.name, "ra": found.ra, "dec": found.dec, "detail": found.detail}
        )


class Bundles(APIView):
    """Bundles of files."""

    @asks(
        ImageSearchForm,
        posted=[ImageSearchForm],
        operation_id="order_bundle",
        request=OpenApiTypes.OBJECT,
        responses={201: OpenApiResponse(OpenApiTypes.OBJECT, "the job; its address is in Location")},
    )
    def post(self, request: Request) -> Response:
        """Order all files of the images that a search finds, as one tar; the parameters are those of the search."""
        address = {name: values for name, values in request.query_params.lists() if name != "format"}
        if request.data and address:
            raise BadParametersError(
                f"{next(iter(address))}: give the search in the address or in the body, not in both"
            )
        form = checked(ImageSearchForm(request.data or request.query_params))
        job = bundles.order(form.as_parameters(), request.reader, request.user)
        state = job_state(request, job)
        return Response(state, status=201, headers={"Location": state["url"]})


class Job(APIView):
    """One job."""

    @asks(operation_id="job", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, job_id) -> Response:
        """A job's progress, and where its result is once it is completed."""
        return Response(job_state(request, job_of(request, job_id)))


def job_state(request: Request, job) -> dict:
    """A job as programs see it, with its result's address where that can be had."""
    found = result_is_open(job, request.reader)
    result = request.build_absolute_uri(reverse("job-result", args=[job.pk])) if found else None
    return job_progress(request, job) | {"result": result}


def job_progress(request: Request, job) -> dict:
    """A job as programs see it, but for its result."""
    place = turns.position(job)
    return {
        "id": str(job.pk),
        "kind": job.kind,
        "phase": job.phase,
        "done": job.done,
        "total": job.total,
        "message": job.message,
        "position": place and place[0],
        "waiting": place and place[1],
        "url": request.build_absolute_uri(reverse("api-job", args=[job.pk])),
    }
