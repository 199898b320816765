"""The pages of the portal by group, as the header, the front page and the search box name them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Link:
    """A page in the header.

    names : further addresses that belong to it, by their names
    staff, signed_in : who it is shown to
    """

    name: str
    label: str
    description: str
    names: tuple[str, ...] = ()
    staff: bool = False
    signed_in: bool = False

    @property
    def url(self) -> str:
        return reverse(self.name)

    def belongs(self, name: str | None) -> bool:
        """Whether a page of this address's name is part of it."""
        return name is not None and name in (self.name, *self.names)


@dataclass(frozen=True)
class Group:
    """Links under one word."""

    title: str
    links: tuple[Link, ...]

    def belongs(self, name: str | None) -> bool:
        """Whether a page of this address's name is part of one of its pages."""
        return any(link.belongs(name) for link in self.links)


GROUPS = (
    Group("Search", (
        Link("images", "Images", "Raw, science, reference and difference images", ("image", "reference", "quality")),
        Link("objects", "Light curves", "Objects with their light curves", ("object", "light-curve-list")),
        Link("alerts", "Alerts", "Candidates of difference images", ("alert",)),
        Link("moving", "Moving objects", "Images of an asteroid or a comet", ("known-objects",)),
        Link("image-list", "List of positions", "Images around each position of a list"),
    )),
    Group("Tools", (
        Link("sky", "Sky map", "Images and surveys on the sky", ("sky-region",)),
        Link("query", "Query (ADQL)", "Tables by TAP: write, run, plot, save"),
        Link("cutouts", "Cutouts", "Parts of all images of a position", ("comparison",)),
        Link("target-list", "Cutouts of a list", "Parts of images around many positions"),
        Link("forced", "Forced photometry", "Fluxes at a position in all images", ("forced-job", "forced-points")),
    )),
    Group("Data", (
        Link("releases", "Releases", "What was made public, and when", ("release",)),
        Link("hips", "Sky surveys (HiPS)", "Our surveys and coverage maps"),
        Link("ibe-archive-root", "Files", "The product tree, folder by folder"),
        Link("bulk-releases", "Light curves in bulk", "Files of each release, as Parquet"),
        Link("jobs", "Downloads", "Archives and tables that you ordered", ("job",)),
        Link("saved-searches", "Saved searches", "Searches that you saved, and recent ones"),
        Link("basket", "Basket", "Rows that you put aside in searches"),
        Link("saved-periods", "Saved periods", "Periods that you saved", signed_in=True),
    )),
    Group("Operations", (
        Link("nights", "Nights", "What was observed and processed", ("night",), staff=True),
        Link("admin:index", "Administration", "Programs, releases, people", staff=True),
    )),
    Group("Help", (
        Link("help", "Documentation", "Guide, tables, data products"),
        Link("api-docs", "REST API", "Every operation, to try out"),
    )),
)  # fmt: skip
"""In the order of the header."""


def shown_to(request: HttpRequest) -> list[Group]:
    """The groups with the links that a reader has use of."""
    user = request.user

    def seen(link: Link) -> bool:
        return not (link.staff and not user.is_staff) and not (link.signed_in and not user.is_authenticated)

    groups = (Group(group.title, tuple(filter(seen, group.links))) for group in GROUPS)
    return [group for group in groups if group.links]
