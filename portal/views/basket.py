"""The basket: rows that a reader put aside; the page is the same for everybody, its content is the browser's."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from archive.files.download_scripts import KINDS as SCRIPTS
from archive.tables.pages.choosing import MOST_ROWS

FORMATS = (("csv", "CSV"), ("votable", "VOTable"), ("fits", "FITS"), ("parquet", "Parquet"))


@dataclass(frozen=True)
class Part:
    """A kind of rows: the column that names them, a row's page, their search, and what else there is of it."""

    kind: str
    title: str
    key: str
    page: str
    search: str
    links: tuple[tuple[str, str], ...] = ()

    @property
    def votable(self) -> str:
        """The search as VOTable."""
        return f"{self.search}{'&' if '?' in self.search else '?'}format=votable"


def basket(request: HttpRequest) -> HttpResponse:
    """The page of the basket."""
    return render(request, "portal/basket.html", {"parts": _parts(), "formats": FORMATS, "most": MOST_ROWS})


def _parts() -> list[Part]:
    images, of = reverse("images"), "?family=ref"
    scripts = [(f"Script ({kind})", reverse("script", args=[kind])) for kind in SCRIPTS]
    more = (*scripts, ("On the sky", reverse("sky")), ("Quality", reverse("quality")))
    of_references = tuple((name, url + of) for name, url in more[:-1])
    return [
        Part("sci", "Science images", "pid", reverse("image", args=[0]), images, more),
        Part("ref", "References", "rfid", reverse("reference", args=[0]), images + of, of_references),
        Part("alert", "Alerts", "candid", reverse("alert", args=[0]), reverse("alerts")),
        Part("object", "Light curves", "oid", reverse("object", args=[0]), reverse("objects")),
    ]
