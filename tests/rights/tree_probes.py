"""Probes of the trees that scripts written for IRSA walk: matchfiles, nights' summaries, the files of images."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import tables
from astropy.io import ascii as text_tables
from django.conf import settings
from django.urls import reverse

from archive.survey.identifiers import date_of_nid, nid_of_jd
from lightcurves.download import served
from lightcurves.download.matchfiles import Place
from lightcurves.hats.released import NothingToExportError
from lightcurves.irsa.matchfiles import folder_of
from tests.rights.dal_probes import place_of
from tests.rights.probes import Asker, csv_rows, pids, probe, refused
from tests.rights.world import JD, World


@probe("matchfile-fields", "matchfile-folder", "matchfile")
def matchfiles_in_folders(world: World, ask: Asker, draw) -> None:
    """The points that they see."""
    image = world.units[0].image
    place, folder = Place(655, image.ccdid, image.qid, 2), folder_of(655)
    if refused(ask, reverse("matchfile-fields", args=[place.rcid]), "lightcurves"):
        return
    seen = world.data(ask.person)
    listed = reverse("matchfile-folder", args=[place.rcid, folder])
    assert (folder.encode() in ask(reverse("matchfile-fields", args=[place.rcid])).body) == bool(seen)
    assert (place.name.encode() in ask(listed, status=200 if seen else 404).body) == bool(seen)
    answer = ask(f"{listed}{place.name}", status=200 if seen else 404)
    assert ask(f"{listed}{Place(655, image.ccdid, image.qid, 3).name}", status=404)
    if not seen:
        return
    with tempfile.NamedTemporaryFile(suffix=".pytable") as copy:
        Path(copy.name).write_bytes(answer.body)
        with tables.open_file(copy.name) as file:
            held = set(file.root.matches.exposures.col("expid").tolist())
            ask.bodies.append(file.root.matches.sources.read().tobytes())
            assert len(file.root.matches.sources) + len(file.root.matches.transients) == len(seen)
    assert held == {one.image.exposure_id for one in seen}


@probe("hats-releases", "hats-file", "bulk-releases", "bulk-file", "bulk-file-of-old")
def files_of_releases(world: World, ask: Asker, draw) -> None:
    """Whoever asks: the points of the public release that everybody sees, and none of a release that is not public."""
    everybody = world.people[0]
    images = [u for u in world.both(everybody) if u.metadata.programid == u.data.programid == 1]
    points = len(images) * len(world.data(everybody))
    try:
        world.committed(lambda: served.write("open"))
    except NothingToExportError:
        assert not points
    assert bool(points) == (settings.EXPORT_ROOT / "open").exists()
    shown = [b"open/" in ask(reverse(name)).body for name in ("hats-releases", "bulk-releases")]
    assert shown == [bool(points)] * 2
    top = "open/lc/hats/ztf_open_lc-hats/"
    if refused(ask, reverse("hats-file", args=[f"{top}partition_info.csv"]), "lightcurves"):
        return
    status = 200 if points else 404
    found = csv_rows(ask(reverse("hats-file", args=[f"{top}partition_info.csv"]), status=status))
    bulk = f"open/0/field000655/ztf_000655_zr_c{world.units[0].image.ccdid:02}_q{world.units[0].image.qid}_open.parquet"
    bodies = [ask(reverse(name, args=[bulk]), status=status).body for name in ("bulk-file", "bulk-file-of-old")]
    if points:
        part = f"{top}dataset/Norder={found[0]['Norder']}/Dir=0/Npix={found[0]['Npix']}.parquet"
        for body in (*bodies, ask(reverse("hats-file", args=[part])).body):
            assert sum(pq.ParquetFile(io.BytesIO(body)).read().column("nepochs").to_pylist()) == points
        closed = settings.EXPORT_ROOT / "closed"
        closed.symlink_to((settings.EXPORT_ROOT / "open").resolve())  # as if it had files
        try:
            for name in ("hats-file", "bulk-file", "bulk-file-of-old"):
                ask(reverse(name, args=[bulk.replace("open/", "closed/")]), status=404)
                ask(reverse(name, args=["closed/"]), status=404)
            assert b"closed" not in ask(reverse("hats-releases")).body
        finally:
            closed.unlink()


@probe("depot", "depot-night", "depot-file")
def summaries_of_nights(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("depot"), "images"):
        return
    seen, day = world.images(ask.person), f"{date_of_nid(nid_of_jd(JD)):%Y%m%d}"
    assert (f"{day}/".encode() in ask(reverse("depot")).body) == bool(seen)
    ask(reverse("depot-night", args=[day]), status=200 if seen else 404)
    url = reverse("depot-file", args=[day, f"ztf_recentproc_{day}.json"])
    if refused(ask, url, "images", "alerts"):
        return
    answer = ask(url, status=200 if seen else 404)
    good = ask(reverse("depot-file", args=[day, f"goodsubs_{day}.txt"]), status=200 if seen else 404)
    if seen:
        found = {(one["exposure_id"], one["qid"]): one["nalertpackets"] for one in json.loads(answer.body)}
        alerts = [unit.pid for unit in world.data(ask.person)]
        assert found == {(one.image.exposure_id, one.image.rcid): alerts.count(one.pid) for one in seen}
        table = text_tables.read(good.body.decode(), format="fixed_width", data_start=2, data_end=-1)
        assert set(table["expid"]) <= {one.image.exposure_id for one in seen}


@probe("ibe-archive-root", "ibe-archive", "ibe-products-root", "ibe-products")
def other_names_of_the_tree(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    for name in ("ibe-archive", "ibe-products"):
        url = reverse(name, args=[unit.files["sci"].path])
        if refused(ask, url, "images"):
            continue
        ask(url, status=200 if unit in world.data(ask.person) else 404)
        top = ask(reverse(f"{name}-root")).body
        assert (b"sci/" in top) == bool(world.data(ask.person))


@probe("scs-irsa")
def irsas_cone(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("scs-irsa"), "tap"):
        return
    ra, dec = place_of(world)
    asked = {"table": "ztf_current_meta_sci", "RA": ra, "DEC": dec, "SR": 5, "RESPONSEFORMAT": "csv"}
    rows = csv_rows(ask(reverse("scs-irsa"), asked))
    assert sorted(row["pid"] for row in rows) == list(map(str, pids(world.images(ask.person))))
