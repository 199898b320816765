"""Probes of what is drawn and cut: HiPS and coverage, lists of targets, movies, IRSA's folders."""

from __future__ import annotations

import csv
import io
import tarfile

import numpy as np
from astropy import units
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from mocpy import MOC
from PIL import Image

from archive.files import storage
from archive.models.images import CORNERS
from archive.services.hips import coverage
from archive.services.hips.models import MemberTile
from tests.rights.probes import Asker, probe, refused
from tests.rights.world import Unit, World

MIDDLE = 2  # the unit whose centre lies on the pixels of all
FILTER = "zr"


def place_of(world: World) -> tuple[float, float]:
    image = world.units[MIDDLE].image
    return image.ra, image.dec


@probe("hips", "hipslist", "hips-survey", "hips-properties", "hips-whole", "hips-tile", "sky")
def tiles_of_references(world: World, ask: Asker, draw) -> None:
    """A tile shows pixels of all references in it: only who may read the files of each of them gets it."""
    if refused(ask, reverse("hips"), "images"):
        return
    may = len(world.both(ask.person)) == len(world.units)
    known = ask(reverse("hips"), {"format": "json"}).json()["count"]
    assert known == may
    assert (b"hips_status" in ask(reverse("hipslist")).body) == may
    ask(reverse("hips-survey", args=[FILTER]), status=200 if may else 404)
    ask(reverse("hips-properties", args=[FILTER]), status=200 if may else 404)
    ask(reverse("hips-whole", args=[FILTER, "Norder3/Allsky.fits"]), status=200 if may else 404)
    cells = sorted(set(MemberTile.objects.filter(filtercode=FILTER).values_list("cell", flat=True)))
    cell = cells[draw(0, len(cells) - 1)]
    inside = set(MemberTile.objects.filter(filtercode=FILTER, cell=cell).values_list("member_id", flat=True))
    seen = inside <= {unit.rfid for unit in world.both(ask.person)}
    for order in (9, 5):
        number = cell >> 2 * (9 - order)
        exists = storage.absolute(
            f"hips/{FILTER}/Norder{order}/Dir{number // 10000 * 10000}/Npix{number}.fits"
        ).is_file()
        tile = reverse("hips-tile", args=[FILTER, order, number // 10000 * 10000, number, "fits"])
        ask(tile, status=200 if exists and (seen if order == 9 else may) else 404)
    page = ask(reverse("sky"), {"position": "{} {}".format(*place_of(world))})
    assert [one["code"] for one in page.context["surveys"]] == ([FILTER] if may else [])
    assert page.context["page"].paginator.count == len(world.images(ask.person))


@probe("moc")
def coverage_of_images(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("moc", args=["science", FILTER, "txt"]), "images"):
        return
    cache.clear()
    for kind in ("science", "references"):
        corners = [corners_of(unit, kind) for unit in world.images(ask.person)]
        expected = coverage.of_footprints(np.array(corners, float))
        found = MOC.from_string(ask(reverse("moc", args=[kind, FILTER, "txt"])).body.decode(), "ascii")
        # One image stands for those near it: never more than what is seen, and all but its edge.
        assert found.difference(expected).empty() and found.empty() == expected.empty()
        assert found.sky_fraction >= 0.8 * expected.sky_fraction


def corners_of(unit: Unit, kind: str) -> list[float]:
    image = unit.image if kind == "science" else unit.reference
    return [getattr(image, name) for name in CORNERS]


@probe("target-list", "api-cutouts")
def cutouts_of_targets(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("target-list"), "images"):
        return
    ra, dec = place_of(world)
    family = ("sci", "ref")[draw(0, 1)]
    wish = {"targets": f"it {ra} {dec}", "size": 0.003, "deliver": "stream", "family": family}
    for name in ("target-list", "api-cutouts"):
        body = ask(reverse(name), wish, method="post").body
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            files = [one for one in tar.getnames() if one != "manifest.csv"]
            rows = list(csv.DictReader(io.StringIO(tar.extractfile("manifest.csv").read().decode())))
        seen = world.both(ask.person)
        expected = [str(unit.pid if family == "sci" else unit.rfid) for unit in seen]
        assert sorted(row["image"] for row in rows if row["file"]) == sorted(expected)
        assert len(files) == len(expected)


@probe("movie", "api-movie")
def frames_of_a_movie(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("movie"), "images"):
        return
    ra, dec = place_of(world)
    seen = world.both(ask.person)
    for name in ("movie", "api-movie"):
        answer = ask(reverse(name), {"position": f"{ra} {dec}", "filtercode": FILTER, "size": 0.003}, status=None)
        assert answer.status_code == (200 if seen else 400), answer.body[:300]
        if seen:
            assert Image.open(io.BytesIO(answer.body)).n_frames == len(seen)


@probe("ibe-root", "ibe-data")
def folders_of_the_tree(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("ibe-root"), "images"):
        return
    top = ask(reverse("ibe-root"), status=None)
    folder = ask(reverse("ibe-data", args=["sci/rights/"]), status=None)
    for unit in world.units:
        for key in ("sci", "cat"):
            name = unit.files[key].path.rpartition("/")[2].encode()
            assert (name in folder.body) == (unit in world.data(ask.person)), name
    assert (b"sci/" in top.body) == bool(world.data(ask.person))


@probe("comparison")
def epochs_side_by_side(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("comparison"), "images"):
        return
    ra, dec = place_of(world)
    seen = world.both(ask.person)
    wish = {"position": f"{ra} {dec}", "size": 0.003, "epochs": 12, "kinds": "sci"}
    answer = ask(reverse("comparison"), wish, status=200 if seen else 400)
    if seen:
        cells = [cell for row in answer.context["rows"] for cell in row["cells"]]
        assert sorted(cell["frame"].image.pid for cell in cells) == sorted(unit.pid for unit in seen)


@probe("moving-cutouts")
def cutouts_of_a_moving_object(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("moving-cutouts"), "images"):
        return
    body = ask(reverse("moving-cutouts"), {"name": "310", "size": 0.003}).body
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        rows = list(csv.DictReader(io.StringIO(tar.extractfile("manifest.csv").read().decode())))
    assert sorted(row["image"] for row in rows) == sorted(str(unit.pid) for unit in world.both(ask.person))


@probe("sky-region")
def images_in_a_region(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("sky-region"), "images"):
        return
    ra, dec = place_of(world)
    cone = MOC.from_cone(lon=ra * units.deg, lat=dec * units.deg, radius=3 * units.deg, max_depth=8)
    upload = SimpleUploadedFile("region.txt", cone.to_string("ascii").encode())
    page = ask(reverse("sky-region"), {"upload": upload}, method="post")
    seen = {unit.pid for unit in world.images(ask.person)}
    found = page.context["found"]
    assert {one.pid for one in found.images} == seen
    assert sum(one.images for one in found.summaries) == len(seen)
    assert {one["url"] for one in (page.context["sky"] or {"footprints": []})["footprints"]} <= {
        reverse("image", args=[pid]) for pid in seen
    }
