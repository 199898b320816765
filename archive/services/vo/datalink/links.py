"""The links of data sets, as far as their reader may see and have them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import connections
from django.urls import reverse
from django.utils import timezone

from archive.access import address
from archive.files import delivery
from archive.models import Alert, ProductFile, ReferenceImage, ScienceImage
from archive.products import calibrations
from archive.products.files import files_by_row, main_file
from archive.search.families import FAMILIES
from archive.services.vo.obscore.identifiers import Dataset, UnknownDatasetError, read

MOST_INPUTS = 100  # of a reference that are listed
KINDS = {
    "sciimg.fits": ("#this", "science image"),
    "mskimg.fits": ("#auxiliary", "bit mask of the science image"),
    "psfcat.fits": ("#derivation", "catalog of PSF-fit photometry"),
    "sexcat.fits": ("#derivation", "catalog of aperture photometry"),
    "sciimgdao.psf": ("#auxiliary", "point-spread function, DAOPHOT's form"),
    "sciimgdaopsfcent.fits": ("#auxiliary", "point-spread function at the centre"),
    "scimrefdiffimg.fits.fz": ("#derivation", "difference: science image minus reference"),
    "diffimgpsf.fits": ("#auxiliary", "point-spread function of the difference"),
    "refimg.fits": ("#this", "reference image"),
    "refcov.fits": ("#weight", "number of frames in each pixel of the reference"),
    "refunc.fits": ("#error", "uncertainty of each pixel of the reference"),
    "refpsfcat.fits": ("#derivation", "catalog of PSF-fit photometry of the reference"),
    "refsexcat.fits": ("#derivation", "catalog of aperture photometry of the reference"),
}
"""What a file is to its product, by the end of its name (terms of http://www.ivoa.net/rdf/datalink/core)."""
OF_CALIBRATION = {"bias": "#bias", "hifreqflat": "#flat", "lofreqflat": "#flat", "lampcorr": "#flat"}


@dataclass(frozen=True)
class Link:
    """One row of the answer; either an address, a service or an error.

    `authorized` is empty where nobody needs to sign in.
    """

    id: str
    semantics: str
    description: str
    access_url: str | None = None
    service_def: str | None = None
    error_message: str | None = None
    content_type: str | None = None
    content_length: int | None = None
    local_semantics: str | None = None
    link_auth: str | None = None
    link_authorized: bool | None = None


@dataclass(frozen=True)
class Product:
    """A data set that the reader sees, as ObsCore has it; `url` is its file's, where they may have one."""

    dataset: Dataset
    title: str
    url: str | None
    form: str
    kbytes: int | None
    public: bool


def links(identifiers: Iterable[str]) -> Iterator[Link]:
    """All links of each identifier, one after another; what is unknown or hidden gives one row that says so."""
    texts = list(dict.fromkeys(identifiers))
    datasets: dict[str, Dataset] = {}
    errors: dict[str, str] = {}
    for text in texts:
        try:
            datasets[text] = read(text)
        except UnknownDatasetError as error:
            errors[text] = str(error)
    found = products(set(datasets.values()))
    more = {family: _more(family, [one.number for one in found if one.family == family]) for family in FAMILIES}
    for text in texts:
        product = found.get(datasets[text]) if text in datasets else None
        if product is None:
            message = errors.get(text, "there is no such data set, or it is not public")
            yield Link(text, "#this", "", error_message=f"NotFoundFault: {message}")
            continue
        dataset = product.dataset
        for link in _of_product(product, more.get(dataset.family, {}).get(dataset.number, [])):
            yield replace(link, id=text)


def products(datasets: set[Dataset]) -> dict[Dataset, Product]:
    """The data sets that the current reader sees."""
    found = {}
    for family in {one.family for one in datasets}:
        numbers = [one.number for one in datasets if one.family == family]
        with connections["reader"].cursor() as cursor:
            cursor.execute(_PRODUCTS, [family, numbers])
            for number, *row in cursor.fetchall():
                dataset = Dataset(family, number)
                found[dataset] = Product(dataset, *row)
    return found


_PRODUCTS = """
SELECT number, obs_title, access_url, access_format, access_estsize, data_rights = 'public'
FROM tap_data.obscore WHERE family = %s AND number = ANY(%s)
"""


def _of_product(product: Product, more: list[Link]) -> Iterator[Link]:
    main = next((link for link in more if link.semantics == "#this"), None)
    auth: dict[str, Any] = {"link_auth": "false"} if product.public else {"link_auth": "true", "link_authorized": True}
    if main is None and product.url:
        size = None if product.kbytes is None else 1024 * product.kbytes
        yield Link("", "#this", product.title, product.url, content_type=product.form, content_length=size, **auth)
    elif main is None and not product.public:
        # That the product exists, its reader may know; where its file is does not follow from that.
        sign_in = address.address() + reverse("sign-in")
        yield Link(
            "", "#this", product.title, sign_in, content_type="text/html", link_auth="true", link_authorized=False
        )
    elif main is None:
        message = "NotFoundFault: the archive holds no file of it"
        yield Link("", "#this", product.title, error_message=message)
    for link in more:
        yield link if link.link_auth else replace(link, **auth)
    path = main.access_url if main is not None and (main.content_type or "").endswith("fits") else None
    if path:
        yield Link("", "#cutout", "Cutout by SODA", service_def="soda-sync", content_type="application/fits", **auth)
        shown = path.replace(reverse("ibe-root"), "/pictures/") + "?width=768"
        yield Link("", "#preview-image", "Picture of the image", shown, content_type="image/png", **auth)


def url_of(path: str) -> str:
    """The address of a file of the tree, as IRSA has it."""
    return address.address() + reverse("ibe-data", args=[path])


def _file(file: ProductFile, semantics: str, description: str, local: str | None = None) -> Link:
    public = file.public_date is not None and file.public_date <= timezone.now()
    auth = {"link_auth": "false"} if public else {"link_auth": "true", "link_authorized": True}
    return Link(
        "", semantics, description, url_of(file.path), content_type=delivery.mime_type(file.name),
        content_length=file.size, local_semantics=local or file.suffix, **auth,
    )  # fmt: skip


def _own(files: Iterable[ProductFile], main: str | None) -> Iterator[Link]:
    """A product's own files, the main one first."""
    for file in sorted(files, key=lambda one: one.suffix != main):
        semantics, description = KINDS.get(file.suffix, ("#auxiliary", file.suffix))
        if file.suffix.endswith("log.txt"):
            semantics, description = "#auxiliary", "log of the processing"
        if semantics == "#this" and file.suffix != main:
            semantics = "#auxiliary"
        yield _file(file, "#this" if file.suffix == main else semantics, description)


def _more(family: str, numbers: list[int]) -> dict[int, list[Link]]:
    """Links of rows of a family beyond what ObsCore knows of them."""
    if not numbers or family not in _FAMILIES:
        return {}
    rows = list(FAMILIES[family].rows().filter(pk__in=numbers))
    files = files_by_row(family, rows)
    return {row.pk: list(_FAMILIES[family](row, files.get(row.pk, []))) for row in rows}


def _science(image: ScienceImage, files: list[ProductFile]) -> Iterator[Link]:
    yield from _own(files, main_file("sci", image))
    ccd = f"_c{image.ccdid:02}_"
    for file in ProductFile.objects.filter(family="raw", product_id=image.exposure_id, path__contains=ccd):
        yield _file(file, "#progenitor", "raw frame of the CCD", "raw")
    used = [choice.image for choice in calibrations.used_for(image)]
    for row, found in ((one, files_by_row("cal", used).get(one.pk, [])) for one in used):
        name = main_file("cal", row)
        for file in (one for one in found if one.suffix == name):
            yield _file(file, OF_CALIBRATION.get(row.caltype, "#calibration"), f"{row.caltype} that it was made with")
    difference = FAMILIES["diff"].rows().filter(pk=image.pk).select_related("reference").first()
    if difference is not None:
        yield from _main("ref", [difference.reference], "#auxiliary", "reference that was subtracted", "reference")
    yield from _alerts(image.pk)
    yield from _curves(image)


def _difference(row, files: list[ProductFile]) -> Iterator[Link]:
    of_difference = [file for file in files if "diff" in file.suffix]
    yield from _own(of_difference, main_file("diff", row))
    yield from _main("sci", [row.science], "#progenitor", "science image", "science")
    yield from _main("ref", [row.reference], "#progenitor", "reference that was subtracted", "reference")
    yield from _alerts(row.pk)


def _reference(image: ReferenceImage, files: list[ProductFile]) -> Iterator[Link]:
    yield from _own(files, main_file("ref", image))
    inputs = list(image.inputs.order_by("obsjd")[:MOST_INPUTS])
    yield from _main("sci", inputs, "#progenitor", "science image in the co-add", "science")
    yield from _curves(image)


def _raw(row, files: list[ProductFile]) -> Iterator[Link]:
    for file in files:
        yield _file(file, "#this", "raw frame of the CCD")
    images = list(ScienceImage.objects.filter(exposure=row.exposure_id, ccdid=row.ccdid))
    yield from _main("sci", images, "#derivation", "science image of a quadrant", "science")


def _calibration(row, files: list[ProductFile]) -> Iterator[Link]:
    yield from _own(files, main_file("cal", row))


def _alert(row: Alert, files: list[ProductFile]) -> Iterator[Link]:
    for file in files:
        yield _file(file, "#this", f"packets of the image's alerts; this one is record {row.packet_index}")
    yield from _main("sci", ScienceImage.objects.filter(pk=row.pid), "#progenitor", "science image", "science")


def _main(family: str, rows: Iterable, semantics: str, description: str, local: str) -> Iterator[Link]:
    rows = list(rows)
    files = files_by_row(family, rows)
    for row in rows:
        for file in files.get(row.pk, []):
            if file.suffix == main_file(family, row):
                yield _file(file, semantics, description, local)


def _alerts(pid: int) -> Iterator[Link]:
    for file in ProductFile.objects.filter(family="alert", product_id=pid):
        yield _file(file, "#derivation", "packets of the image's alerts", "alerts")


def _curves(image: ScienceImage | ReferenceImage) -> Iterator[Link]:
    of_place = ReferenceImage.objects.filter(field=image.field, rcid=image.rcid, fid=image.fid).values_list(
        "pk", flat=True
    )
    for file in ProductFile.objects.filter(family="lc", product_id__in=list(of_place)):
        yield _file(file, "#derivation", "light curves of the quadrant", "lightcurves")


_FAMILIES: dict[str, Callable] = {
    "sci": _science,
    "diff": _difference,
    "ref": _reference,
    "raw": _raw,
    "cal": _calibration,
    "alert": _alert,
}
