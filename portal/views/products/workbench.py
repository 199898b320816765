"""The image workbench: a science image in JS9, its planes as plain FITS, sources within it, finding charts."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from csp.constants import SELF, WASM_UNSAFE_EVAL
from csp.decorators import csp_replace, csp_update
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin

from archive.files import delivery
from archive.forms import problems
from archive.models import ProductFile, ScienceImage
from archive.pixels import finding_chart
from archive.pixels.cutouts import BadCutoutError
from archive.products.files import why_no_files
from archive.requests.parameters import takes
from archive.survey.bits import MASK_DESCRIPTIONS, bit_number
from portal.forms.workbench import BITS, MODES, SHOWN_MAPS, SHOWN_STRETCHES, ChartForm, ViewForm
from portal.workbench import epochs, planes
from portal.workbench import sources as overlays

# JS9 reads FITS with WebAssembly, which it takes from a blob.
JS9 = {"script-src": [WASM_UNSAFE_EVAL], "connect-src": ["data:", "blob:"], "worker-src": ["'self'", "blob:"]}
JS9_FILES = ("js9support.min.js", "js9.min.js", "astroemw.js", "astroemw.wasm")
FILTERS = {"zg": "g", "zr": "r", "zi": "i"}


@xframe_options_sameorigin  # other pages of ours show it in place
@csp_replace({"frame-ancestors": [SELF]})
@csp_update(JS9)  # type: ignore[arg-type]  # as if views took nothing but the request
@takes(ViewForm)
def view_page(request: HttpRequest, pid: int) -> HttpResponse:
    """A science image to work with; without script its preview, facts and links."""
    image = get_object_or_404(ScienceImage.objects.select_related("exposure"), pk=pid)
    form = ViewForm(request.GET)
    files = planes.files_of(image)
    context = {"image": image, "files": files, "no_files": "" if files else why_no_files(image)}
    if not form.is_valid():
        return render(request, "portal/workbench.html", context | {"error": problems(form)}, status=400)
    asked = form.cleaned_data["plane"]
    if asked and files and asked not in files:
        error = f"plane={asked!r}: this image has none that you may see; there are {', '.join(files)}"
        return render(request, "portal/workbench.html", context | {"error": error}, status=400)
    shown = asked or next(iter(files), "")
    context |= {
        "plane": shown,
        "embedded": form.cleaned_data["embedded"],
        "preview": _preview(files[shown], form.preview(shown)) if shown else "",
        "maps": SHOWN_MAPS,
        "stretches": SHOWN_STRETCHES,
        "modes": MODES,
        "js9": {name: static(f"vendor/js9/{name}") for name in JS9_FILES},
        "workbench": _data(image, files, form) if "science" in files else None,
    }
    return render(request, "portal/workbench.html", context)


def _preview(file: ProductFile, parameters: dict) -> str:
    return f"{reverse('picture', args=[file.path])}?{urlencode(parameters)}"


def _data(image: ScienceImage, files: dict[str, ProductFile], form: ViewForm) -> dict:
    """The data that the page's script begins with."""
    shown = {name: planes.PLANES[name].label for name in files}
    return {
        "pid": str(image.pk),
        "planes": [{"name": one, "label": label, "url": _plane(image.pk, one)} for one, label in shown.items()],
        "kinds": [
            {"name": one.name, "label": one.label, "url": reverse("image-sources", args=[image.pk, one.name])}
            for one in overlays.kinds_of(image)
        ],
        "bits": [
            {"name": name, "bit": bit_number(bit), "label": _in_words(MASK_DESCRIPTIONS[bit])}
            for name, bit in BITS.items()
        ],
        "epochs": [_epoch(one, one.pk == image.pk) for one in epochs.of(image)],
        "charts": {one: reverse("image-chart", args=[image.pk, one]) for one in finding_chart.FORMATS},
        "state": form.state(),
    }


def _in_words(description: str) -> str:
    """A bit's description as a line on the page; the headers have it in capitals."""
    text = description.capitalize()
    for word in ("PSF", "SExtractor", "NaN"):
        text = re.sub(rf"\b{word}\b", word, text, flags=re.IGNORECASE)
    return text


def _epoch(image: ScienceImage, own: bool) -> dict:
    return {
        "pid": str(image.pk),
        "filter": image.filtercode,
        "label": f"{FILTERS[image.filtercode]} {image.obsdate:%Y-%m-%d %H:%M}",
        "seeing": image.seeing,
        "maglimit": image.maglimit,
        "url": _plane(image.pk, "science"),
        "own": own,
    }


def _plane(pid: int, name: str) -> str:
    return reverse("image-plane", args=[pid, name])


def plane(request: HttpRequest, pid: int, name: str) -> HttpResponseBase:
    """A plane of an image as plain FITS, whole or the range that is asked for; what is compressed is unpacked."""
    file = _file(pid, name)
    if planes.is_plain(file):
        return delivery.deliver(request, file)
    headers = delivery.private() | {"ETag": f'"{file.sha256}-plain"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(planes.unpacked(file), content_type="application/fits", headers=headers)


def sources(request: HttpRequest, pid: int, kind: str) -> HttpResponse:
    """The sources of one kind within an image: their pixels, values and pages, by column."""
    image = get_object_or_404(ScienceImage, pk=pid)
    found = overlays.of(image, _file(pid, "science"), overlays.KINDS[kind])
    return JsonResponse(found.as_json(), headers=delivery.private())


@takes(ChartForm)
def chart(request: HttpRequest, pid: int, form: str) -> HttpResponse:
    """A finding chart of a place in an image, as PNG or PDF."""
    asked = ChartForm(request.GET)
    if not asked.is_valid():
        return HttpResponse(problems(asked), content_type="text/plain", status=400)
    image = get_object_or_404(ScienceImage, pk=pid)
    name = asked.cleaned_data["plane"] or "science"
    foot = f"ZTF {FILTERS[image.filtercode]}, {image.obsdate:%Y-%m-%d %H:%M} UTC, image {image.pk}, {name}"
    try:
        sheet = finding_chart.drawn(asked.chart(image), _file(pid, name), foot)
    except BadCutoutError as error:
        return HttpResponse(str(error), content_type="text/plain", status=400)
    headers = delivery.private() | {"Content-Disposition": f'inline; filename="chart_{image.pk}.{form}"'}
    return HttpResponse(finding_chart.encoded(sheet, form), content_type=finding_chart.FORMATS[form], headers=headers)


def _file(pid: int, name: str) -> ProductFile:
    """The file of a plane, as far as this reader may see it; what is hidden is as absent as what is not there."""
    image = get_object_or_404(ScienceImage, pk=pid)
    file = planes.files_of(image).get(name)
    if file is None:
        raise Http404(f"image {pid} has no {name}, or it is not public")
    return file
