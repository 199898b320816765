"""One image's page, its header, its pictures, cutouts and files."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from archive.files import delivery
from archive.forms import problems
from archive.models import ProductFile, ReferenceImage, ScienceImage
from archive.pixels import rendering as pixels
from archive.products import residuals, versions
from archive.products.files import MAIN_FILE, files_by_row, why_no_files
from archive.products.neighbours import neighbours_of
from archive.requests.parameters import takes
from archive.search import query
from archive.search.families import FAMILIES
from archive.tables.responses import answer
from portal.forms.images import DEFAULT_CUTOUT, CutoutForm, CutoutPageForm
from portal.plots.residuals import drawings
from portal.plots.sky_map import sky_map
from portal.results.provenance import provenance_of
from portal.views.products.product_rows import is_picture, main_of, outline, page_url

CUTOUTS = 24


@takes("format")
def science_page(request: HttpRequest, pid: int) -> HttpResponse:
    """A science image: picture, quality, calibrations, files, difference."""
    image = get_object_or_404(ScienceImage.objects.select_related("exposure"), pk=pid)
    beside = neighbours_of(image)
    difference = query.differences_of(ScienceImage.objects.filter(pk=pid)).first()
    context = {
        "beside": beside,
        "provenance": provenance_of(image, beside, difference),
        "versions": versions.beside(image),
        "problems": [text for name, text in sorted(image.quality.items()) if name.endswith("_problem")],
        "difference": difference,
        "drawings": drawings(residuals.of_image(image)),
    }
    return _page(request, image, "sci", context)


@takes("format")
def reference_page(request: HttpRequest, rfid: int) -> HttpResponse:
    """A reference image: picture, quality, the images it was made of, files."""
    image = get_object_or_404(ReferenceImage, pk=rfid)
    return _page(request, image, "ref", {"inputs": image.inputs.order_by("obsjd")})


def _page(request: HttpRequest, image, family: str, context: dict) -> HttpResponse:
    files = files_by_row(family, [image]).get(image.pk, [])
    main = main_of(family, image, files)
    pictures = sorted(filter(is_picture, files), key=lambda file: file != main)
    context |= {
        "image": image,
        "family": family,
        "files": files,
        "no_files": "" if files else why_no_files(image),
        "main": main,
        "viewer": _viewer(image, family) if main else "",
        "pictures": pictures,
        "header": pixels.header(main).tostring(sep="\n", padding=False) if main else "",
        "map": sky_map([outline(image)]),
    }
    return answer(request, FAMILIES[family].page, [image], "portal/image.html", context)


def _viewer(image, family: str) -> str:
    """The viewer's address of an image; of a reference that of its newest image, which shows it as a plane."""
    if family == "sci":
        return reverse("image-view", args=[image.pk])
    alike = ScienceImage.objects.filter(field=image.field, rcid=image.rcid, fid=image.fid)
    newest = alike.order_by("-obsjd").values_list("pk", flat=True).first()
    return f"{reverse('image-view', args=[newest])}?plane=reference" if newest is not None else ""


@takes(CutoutForm)
def picture(request: HttpRequest, path: str) -> HttpResponse:
    """A PNG or JPEG of an image file: a preview of all of it, or a cutout around `ra`, `dec`."""
    form = CutoutForm(request.GET)
    if not form.is_valid():
        return HttpResponse(problems(form), content_type="text/plain", status=400)
    file = _file(path)
    try:
        if form.cleaned_data["ra"] is not None:
            data = pixels.cutout(file, *form.place()).data
        else:
            data = pixels.pixels(file, step=form.step(pixels.header(file)["NAXIS1"]))
        drawn = {"png": pixels.png, "jpeg": pixels.jpeg}[form.cleaned_data["form"] or "png"](data, form.rendering())
    except pixels.BadCutoutError as error:
        return HttpResponse(str(error), content_type="text/plain", status=400)
    return _private(HttpResponse(drawn, content_type=f"image/{form.cleaned_data['form'] or 'png'}"))


@takes(CutoutForm)
def cutout(request: HttpRequest, path: str) -> HttpResponse:
    """A FITS cutout of an image file around `ra`, `dec`, `size` degrees wide."""
    form = CutoutForm(request.GET, needs_place=True)
    if not form.is_valid():
        return HttpResponse(problems(form), content_type="text/plain", status=400)
    file = _file(path)
    try:
        body = pixels.fits_bytes(pixels.cutout(file, *form.place()))
    except pixels.BadCutoutError as error:
        return HttpResponse(str(error), content_type="text/plain", status=400)
    name = f"cutout_{file.name.removesuffix('.fz')}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return _private(HttpResponse(body, content_type="application/fits", headers=headers))


@takes(CutoutPageForm)
def cutout_page(request: HttpRequest) -> HttpResponse:
    """A cutout of every image that covers a position, newest first."""
    form = CutoutPageForm(request.GET)
    context = {"form": form, "size": request.GET.get("size") or f"{DEFAULT_CUTOUT}"}
    if not form.is_valid():
        return render(request, "portal/cutouts.html", context | {"error": problems(form)}, status=400)
    if form.place is None:
        return render(request, "portal/cutouts.html", context)
    family = form.query.family
    if family not in MAIN_FILE:
        return render(
            request, "portal/cutouts.html", context | {"error": f"family={family}: has no cutouts"}, status=400
        )
    images = list(query.images(form.query)[:CUTOUTS])
    files = {pk: main_of(family, None, found) for pk, found in files_by_row(family, images).items()}
    ra, dec = form.place
    pairs = [(image, files[image.pk], page_url(image, family)) for image in images if files.get(image.pk)]
    movies = sorted({image.filtercode for image, _, _ in pairs}) if family == "sci" else []
    return render(request, "portal/cutouts.html", context | {"pairs": pairs, "ra": ra, "dec": dec, "movies": movies})


def download(request: HttpRequest, path: str) -> HttpResponseBase:
    """A file of the tree, whole or the part that is asked for."""
    return delivery.deliver(request, _file(path), attachment=True)


def _file(path: str) -> ProductFile:
    """The file's row, as far as this reader may see it; what is hidden is as absent as what is not there."""
    file = delivery.visible_file(path)
    if file is None:
        raise Http404(f"{path}: no such file, or it is not public")
    return file


def _private(response: HttpResponse) -> HttpResponse:
    """Shared caches must not keep what depends on the reader."""
    for header, value in delivery.private().items():
        response[header] = value
    return response
