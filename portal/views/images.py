"""Images: the search, one image's page, its header, its pictures, cutouts and files."""

from __future__ import annotations

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from archive import calibrations, delivery, quality, search, tables, versions
from archive import images as pixels
from archive.answers import answer, refuse
from archive.forms import problems
from archive.models import ProductFile, ReferenceImage, ScienceImage
from portal.charts import drawings
from portal.forms import CutoutForm, ImageSearchForm
from portal.skymap import Outline, sky_map

PAGE_ROWS = 100
TABLES = {"sci": tables.SCIENCE, "ref": tables.REFERENCE}
FAMILIES = {"sci": ("sci", "diff"), "ref": ("ref",)}
MAIN_FILE = {"sci": "sciimg.fits", "ref": "refimg.fits"}
SORTABLE = {
    "sci": ("obsjd", "field", "rcid", "filtercode", "seeing", "maglimit", "infobits"),
    "ref": ("rfid", "field", "rcid", "filtercode", "nframes", "maglimit"),
}


def image_search(request: HttpRequest) -> HttpResponse:
    """Images as a table and on a map of the sky; all rows as JSON, CSV or VOTable."""
    form = ImageSearchForm(request.GET)
    template, context = "portal/images.html", {"form": form}
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    rows, limit = search.images(form.query), settings.SEARCH_ROW_LIMIT
    family = form.query.family
    if request.GET.get("format", "html") != "html":
        found = list(rows[: limit + 1])
        return answer(request, TABLES[family], found, template, context, overflow=len(found) > limit)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    place = form.cleaned_data.get("position")
    context |= {
        "page": page,
        "family": family,
        "sortable": SORTABLE[family],
        "map": sky_map(map(outline, page), [place] if place else []),
    }
    return answer(request, TABLES[family], page, template, context)


def outline(image: ScienceImage | ReferenceImage) -> Outline:
    """An image's footprint for the map."""
    return Outline(tuple(image.corners), f"{image} {image.filtercode}", page_url(image), image.filtercode)


def page_url(image: ScienceImage | ReferenceImage) -> str:
    """Where an image is shown."""
    return reverse("image" if isinstance(image, ScienceImage) else "reference", args=[image.pk])


def science_page(request: HttpRequest, pid: int) -> HttpResponse:
    """A science image: picture, quality, calibrations, files, difference."""
    image = get_object_or_404(ScienceImage.objects.select_related("exposure"), pk=pid)
    context = {
        "calibrations": calibrations.used_for(image),
        "versions": versions.beside(image),
        "problems": [text for name, text in sorted(image.quality.items()) if name.endswith("_problem")],
        "difference": search.differences_of(ScienceImage.objects.filter(pk=pid)).first(),
        "drawings": drawings(quality.of_image(image)),
    }
    return _page(request, image, "sci", context)


def reference_page(request: HttpRequest, rfid: int) -> HttpResponse:
    """A reference image: picture, quality, the images it was made of, files."""
    image = get_object_or_404(ReferenceImage, pk=rfid)
    return _page(request, image, "ref", {"inputs": image.inputs.order_by("obsjd")})


def _page(request: HttpRequest, image, family: str, context: dict) -> HttpResponse:
    files = ProductFile.objects.filter(family__in=FAMILIES[family], product_id=image.pk).order_by("path")
    main = next((file for file in files if file.suffix == MAIN_FILE[family]), None)
    pictures = sorted(filter(_is_picture, files), key=lambda file: file != main)
    context |= {
        "image": image,
        "family": family,
        "files": files,
        "main": main,
        "pictures": pictures,
        "header": pixels.header(main).tostring(sep="\n", padding=False) if main else "",
        "map": sky_map([outline(image)]),
    }
    return answer(request, TABLES[family], [image], "portal/image.html", context)


def _is_picture(file: ProductFile) -> bool:
    return file.suffix.endswith((".fits", ".fits.fz")) and not any(
        part in file.suffix for part in ("cat", "psf", "cand", "stamp")
    )


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
    except pixels.BadCutout as error:
        return HttpResponse(str(error), content_type="text/plain", status=400)
    return _private(HttpResponse(drawn, content_type=f"image/{form.cleaned_data['form'] or 'png'}"))


def cutout(request: HttpRequest, path: str) -> HttpResponse:
    """A FITS cutout of an image file around `ra`, `dec`, `size` degrees wide."""
    form = CutoutForm(request.GET, needs_place=True)
    if not form.is_valid():
        return HttpResponse(problems(form), content_type="text/plain", status=400)
    file = _file(path)
    try:
        body = pixels.fits_bytes(pixels.cutout(file, *form.place()))
    except pixels.BadCutout as error:
        return HttpResponse(str(error), content_type="text/plain", status=400)
    name = f"cutout_{file.name.removesuffix('.fz')}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return _private(HttpResponse(body, content_type="application/fits", headers=headers))


def cutout_page(request: HttpRequest) -> HttpResponse:
    """A cutout of every image that covers a position, newest first."""
    form = ImageSearchForm(request.GET)
    context = {"form": form, "size": request.GET.get("size", "0.02")}
    if not form.is_valid() or not form.cleaned_data.get("position"):
        return render(request, "portal/cutouts.html", context | {"error": problems(form)})
    images = list(search.images(form.query)[:24])
    suffix = MAIN_FILE[form.query.family]
    files = ProductFile.objects.filter(family=form.query.family, suffix=suffix, product_id__in=[i.pk for i in images])
    by_image = {file.product_id: file for file in files}
    ra, dec = form.cleaned_data["position"]
    pairs = [(image, by_image[image.pk], page_url(image)) for image in images if image.pk in by_image]
    movies = sorted({image.filtercode for image, _, _ in pairs}) if form.query.family == "sci" else []
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
