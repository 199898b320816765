"""REST: objects, and light curves of many at once."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lightcurves.catalog.forms import LightCurveForm, ObjectSearchForm
from lightcurves.catalog.search import UNASKED, BadObjectQueryError, in_time
from lightcurves.catalog.views import points_of
from lightcurves.download import matchfile_jobs
from lightcurves.download.formats import FORMATS
from lightcurves.download.matchfile_jobs import MatchfileForm
from lightcurves.models import CatalogObject
from lightcurves.tables.dictionary import OBJECTS
from portal.api.parameters import PageParameters, asks, form_schema, page_schema, row_schema
from portal.api.parsers import BoundedJSONParser
from portal.api.problems import BadParametersError, checked
from portal.api.targets import Binary
from portal.api.views import job_state, page_of, records

JSON_LISTS = {
    "ids": {"type": "array", "items": {"type": "integer", "format": "int64"}},
    "targets": {
        "type": "array",
        "items": {},
        "description": "{name, ra, dec} (or l and b, or a name alone), [ra, dec] or [name, ra, dec]",
    },
}
POSTED = form_schema(LightCurveForm) | {"application/json": {"type": "object", "properties": JSON_LISTS}}
RESPONSES = {(200, FORMATS[name].content_type): OpenApiTypes.BINARY for name in ("csv", "parquet", "arrow", "votable")}


class Objects(APIView):
    """Objects by place and by statistics."""

    @asks(
        ObjectSearchForm,
        PageParameters,
        operation_id="objects",
        responses={200: page_schema(OBJECTS)},
    )
    def get(self, request: Request) -> Response:
        """Search objects around a position, by a condition on any column, or both."""
        query = checked(ObjectSearchForm(request.query_params)).query
        if not query.asks_something:
            raise BadParametersError(UNASKED)
        try:
            with in_time():
                return page_of(request, OBJECTS, query.rows())
        except BadObjectQueryError as error:
            raise BadParametersError(str(error)) from error


class Object(APIView):
    """One object."""

    @asks(operation_id="object", responses={200: row_schema(OBJECTS)})
    def get(self, request: Request, oid: int) -> Response:
        """An object with the statistics of the points that you see, and where its light curve is."""
        one = get_object_or_404(CatalogObject, pk=min(oid, 2**63 - 1))
        curve = request.build_absolute_uri(reverse("api-lightcurves")) + f"?ids={oid}"
        return Response({**records(OBJECTS, [one])[0], "lightcurve": curve})


class LightCurves(Binary):
    """Light curves of many objects."""

    parser_classes = (BoundedJSONParser, MultiPartParser, FormParser)

    @asks(LightCurveForm, format=False, operation_id="light_curves", responses=RESPONSES)
    def get(self, request: Request) -> HttpResponseBase:
        """Points of some objects, streamed; `format` is csv unless told, or parquet, arrow, json, votable, ..."""
        return points_of(checked(LightCurveForm(request.query_params)), request.reader)

    @asks(
        posted=[LightCurveForm],
        format=False,
        operation_id="light_curves_of_list",
        request=POSTED,
        responses=RESPONSES,
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Points of up to 100,000 objects by number, or of those around up to 10,000 positions.

        JSON takes lists: `{"ids": [655213300000004], "format": "arrow"}` or `{"targets": [{"name": "a",
        "ra": 358.1, "dec": 10.2}], "radius": 2}`; forms take text, one "name ra dec" a line, or an uploaded table.
        Around positions each point comes with the row (from 1) and the name of the list that it belongs to.
        """
        data = _as_form(request.data) if request.content_type == "application/json" else request.data
        return points_of(checked(LightCurveForm(data, request.FILES)), request.reader)


class Matchfiles(APIView):
    """Matchfiles (HDF5)."""

    @asks(
        posted=[MatchfileForm],
        operation_id="order_matchfiles",
        request=form_schema(MatchfileForm),
        responses={201: OpenApiResponse(OpenApiTypes.OBJECT, "the job; its address is in Location")},
    )
    def post(self, request: Request) -> Response:
        """Order the matchfiles of a field's quadrant as one tar: all that you may see, or the public edition."""
        asked = checked(MatchfileForm(request.data)).cleaned_data
        state = job_state(request, matchfile_jobs.order(asked, request.reader, request.user))
        return Response(state, status=201, headers={"Location": state["url"]})


def _as_form(body) -> dict:
    """A JSON body as the form has it; targets stay a list of values."""
    return {name: _given(name, value) for name, value in body.items() if value is not None}


def _given(name: str, value):
    if isinstance(value, list) and name == "targets":
        return value
    if isinstance(value, list) and name == "ids":
        return " ".join(map(str, value))
    if isinstance(value, list | dict):
        raise BadParametersError(f"{name}={str(value)[:40]}: must be a number or text")
    return str(value)
