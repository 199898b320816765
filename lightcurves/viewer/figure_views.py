"""An object's light curve as a figure that leaves the archive."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from archive.forms import problems
from archive.requests.parameters import takes
from archive.tables.responses import problem
from lightcurves.storage import read
from lightcurves.viewer import figure
from lightcurves.viewer.data import chosen, offsets_of, oids_of, source_of
from lightcurves.viewer.forms import ANY_FLAG, FigureForm


@require_safe
@takes(FigureForm)
def figure_pdf(request: HttpRequest, oid: int) -> HttpResponse:
    """The chosen points of an object as PDF (FigureForm); flagged ones are left out unless `mask` says otherwise."""
    form = FigureForm(request.GET)
    if not form.is_valid():
        return problem(problems(form))
    asked, source = form.cleaned_data, source_of(oid)
    curves = read.get(oids_of(oid, asked["together"]))
    used = chosen(curves, asked, mask=ANY_FLAG) & (curves.columns["mag"] == curves.columns["mag"])
    if not used.any():
        return problem("bands, mask, exclude: no point that you may see is left to draw")
    points = {name: values[used] for name, values in curves.columns.items()}
    fold = figure.Fold(asked["period"], asked["epoch"]) if asked["period"] else None
    page = request.build_absolute_uri(reverse("object", args=[oid]))
    made = figure.pdf(source, points, fold, offsets_of(curves) if asked["aligned"] else {}, page)
    headers = {"Content-Disposition": f'inline; filename="ztf_{oid}.pdf"', "X-Points": str(int(used.sum()))}
    return HttpResponse(made, content_type="application/pdf", headers=headers)
