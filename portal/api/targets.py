"""REST: cutouts around many targets, movies."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.targets import bundle
from archive.targets.cutouts import CutoutsRefusedError
from portal.api.parameters import asks
from portal.api.problems import BadParametersError, checked
from portal.api.views import job_state
from portal.forms.targets import MovieForm, TargetListForm
from portal.results.targets import movie_response, streamed


class Binary(APIView):
    """Gives what it has, whatever the client accepts; the renderer is for errors."""

    def perform_content_negotiation(self, request: Request, force: bool = False):
        return super().perform_content_negotiation(request, force=True)


class Cutouts(Binary):
    """Cutouts around many targets."""

    @asks(
        posted=[TargetListForm],
        format=False,
        operation_id="order_cutouts",
        request=OpenApiTypes.OBJECT,
        responses={
            (200, "application/x-tar"): OpenApiTypes.BINARY,
            201: OpenApiResponse(OpenApiTypes.OBJECT, "the job; its address is in Location"),
        },
    )
    def post(self, request: Request):
        """FITS cutouts of a list of targets as one tar with a manifest: as a job, or with deliver=stream at once.

        `targets` is text, one "name ra dec" a line; or `upload` is a file (text, CSV, VOTable, IPAC table). Further:
        family (sci, diff, ref), filtercode, since, until, size (degrees), newest (images of each target).
        """
        form = checked(TargetListForm(request.data, request.FILES))
        try:
            if form.cleaned_data["deliver"] == "stream":
                return streamed(form)
            state = job_state(request, bundle.order(form.list, form.request, request.reader, request.user))
        except CutoutsRefusedError as error:
            raise BadParametersError(str(error)) from error
        return Response(state, status=201, headers={"Location": state["url"]})


class Movie(Binary):
    """One target through time."""

    @asks(MovieForm, format=False, operation_id="movie", responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponse:
        """All images of a target in a filter, aligned and drawn alike: animated PNG, GIF, or a still PNG."""
        try:
            return movie_response(checked(MovieForm(request.query_params)))
        except CutoutsRefusedError as error:
            raise BadParametersError(str(error)) from error
