"""REST: forced photometry."""

from __future__ import annotations

from django import forms
from django.http import Http404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import request as rest
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.forms import (
    ChoiceField,
    PositionField,
    RealField,
    WholeField,
)
from lightcurves.models import Source
from portal.api.parameters import asks, form_schema
from portal.api.problems import checked
from portal.api.targets import Binary
from portal.api.views import job_progress
from portal.forms.forced import ForcedForm
from portal.results.forced import FORMATS, forced_job_of, result_response
from portal.results.jobs import result_is_open
from processing.forced import jobs
from processing.forced.points import NEAR, points_at

MOST_LISTED = 1000


class PointsForm(forms.Form):
    """An object, or a position."""

    oid = WholeField(required=False, min_value=0, max_value=2**63 - 1, help_text="an object's number")
    position = PositionField(required=False, help_text="or a position")
    within = RealField(required=False, min_value=0.01, max_value=30, help_text=f"arcsec; default {NEAR:g}")

    def clean(self):
        values = super().clean()
        if not self.errors and (values["oid"] is None) == (values["position"] is None):
            raise forms.ValidationError("give an object (oid) or a position")
        return values

    def place(self) -> tuple[float, float]:
        """Degrees; Http404 for an object that the reader does not see."""
        if self.cleaned_data["position"]:
            return self.cleaned_data["position"]
        oid = self.cleaned_data["oid"]
        source = Source.objects.filter(pk=oid).first()
        if source is None:
            raise Http404(f"object {oid}: there is none of that number, or it is not public")
        return source.ra, source.dec


class ResultForm(forms.Form):
    """A form for the format of a light curve."""

    format = ChoiceField(choices=[(one, one) for one in FORMATS], required=False, help_text="txt is IRSA's file")


def state_of(request: rest.Request, job) -> dict:
    """A forced-photometry job as programs see it, with its result's address where that can be had."""
    found = result_is_open(job, request.reader)
    result = request.build_absolute_uri(reverse("api-forced-result", args=[job.pk])) if found else None
    return progress_of(request, job) | {"result": result}


def progress_of(request: rest.Request, job) -> dict:
    """A forced-photometry job as programs see it, but for its result."""
    values = job.parameters
    return job_progress(request, job) | {
        "reqid": jobs.reqid(job),
        **{name: values[name] for name in ("name", "ra", "dec", "jdstart", "jdend", "batch")},
        "told": values.get("told"),
        "url": request.build_absolute_uri(reverse("api-forced-job", args=[job.pk])),
        "page": request.build_absolute_uri(reverse("forced-job", args=[job.pk])),
    }


class Requests(APIView):
    """Forced-photometry requests."""

    @asks(operation_id="forced_requests", responses=OpenApiTypes.OBJECT)
    def get(self, request: rest.Request) -> Response:
        """One's own requests, newest first; the answer at a request's `url` says where its result is."""
        found = jobs.of_user(request.user)[:MOST_LISTED]
        states = [progress_of(request, job) for job in found]  # too many to look whether each result is open
        return Response({"count": len(found), "results": states})

    @asks(
        posted=[ForcedForm],
        operation_id="order_forced",
        request=form_schema(ForcedForm),
        responses={201: OpenApiResponse(OpenApiTypes.OBJECT, "the jobs; the first one's address is in Location")},
    )
    def post(self, request: rest.Request) -> Response:
        """Order forced photometry at one position (position, or targets with many), from since to until.

        Each position becomes a job of its own; `jobs` holds their states.
        """
        form = checked(ForcedForm(request.data))
        made = jobs.order(form.places, form.request, request.reader, request.user, request.build_absolute_uri("/"))
        states = [state_of(request, job) for job in made]
        body = {"batch": made[0].parameters["batch"], "count": len(states), "jobs": states}
        return Response(body, status=201, headers={"Location": states[0]["url"]})


class Request(APIView):
    """One request."""

    @asks(operation_id="forced_request", responses=OpenApiTypes.OBJECT)
    def get(self, request: rest.Request, job_id) -> Response:
        """Its progress, and where its result is once it is completed."""
        return Response(state_of(request, forced_job_of(request, job_id)))


class Result(Binary):
    """The light curve of one request."""

    @asks(
        ResultForm,
        format=False,
        operation_id="forced_result",
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: rest.Request, job_id):
        """Its rows, one for each image: txt (as IRSA's), csv, json, votable, parquet."""
        return result_response(request._request, forced_job_of(request, job_id))


class Points(APIView):
    """Forced points beside other light curves."""

    @asks(PointsForm, operation_id="forced_points", responses=OpenApiTypes.OBJECT)
    def get(self, request: rest.Request) -> Response:
        """Points of one's own finished light curves at an object or a position, and those that came as files of IRSA's
        service: fluxes in microjansky, magnitudes.
        """
        form = checked(PointsForm(request.query_params))
        ra, dec = form.place()
        points = points_at(request.user, ra, dec, form.cleaned_data["within"] or NEAR)
        return Response({"ra": ra, "dec": dec, "count": len(points), "points": points})
