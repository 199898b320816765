"""Each kind of call at many places, and two questions that return much."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from statistics import median
from urllib.parse import quote

from bench.clients.timing import Times, session, timed
from bench.clients.world import Archive
from bench.report import Figure

FIELDS_ASKED = 400
MANY_ROWS = 50_000
COLUMNS = "ra,dec,field,ccdid,qid,filtercode,pid,obsjd,seeing,maglimit"
ASTEROIDS = ("1", "4", "310")
Kind = tuple[float, Iterator[str], Callable[[bytes], int]]  # target of p50 (ms), addresses, rows of an answer


def all_figures(archive: Archive, quick: bool) -> tuple[dict[str, Figure], list[str]]:
    """Every figure by its label, and what the answers held."""
    times, figures, notes = 15 if quick else 60, {}, []
    for name, (target, addresses, rows_of) in _kinds(archive).items():
        spent = Times()
        for turn, address in enumerate(islice(addresses, times + 3)):
            one = timed(lambda address=address: session.get(archive.address + address, timeout=120), rows_of)
            if turn > 2:  # the first warm up
                spent.add(*one)
        figures |= spent.figures(name, target)
        notes.append(f"{name}: {spent.rows} {'bytes' if rows_of is len else 'rows'}")
        print(f"{name}: {spent.p50:.1f} ms", flush=True)
    for part in (_many_fields(archive), _beside_tap(archive, 2 if quick else 5)):
        figures |= part[0]
        notes += part[1]
    return figures, notes


def _kinds(archive: Archive) -> dict[str, Kind]:
    """The kinds of calls, each at places or for objects that the archive has."""
    from archive.services.vo.obscore.identifiers import prefix

    places = [(image.ra, image.dec) for image in archive.images]
    links = [quote(f"{prefix('sci')}{image.pid}") for image in archive.images]

    def at(text: str, values) -> Iterator[str]:
        return (text.format(*value) if isinstance(value, tuple) else text.format(value) for value in cycle(values))

    return {
        "SIA2": (30, at("/SIA?POS=CIRCLE+{}+{}+0.01&COLLECTION=ztf", places), _votable_rows),
        "SCS": (10, at("/vo/scs/ztf_objects?RA={}&DEC={}&SR=0.003", archive.stars), _votable_rows),
        "IBE point": (10, at("/ibe/search/ztf/products/sci?POS={},{}&ct=csv", places), _csv_rows),
        "cutout": (30, at("/ibe/data/ztf/products/{}?center={},{}&size=60arcsec&gzip=false", archive.with_pixels), len),
        "light curve by id": (12, at("/cgi-bin/ZTF/nph_light_curves?ID={}&FORMAT=CSV", archive.oids), _csv_rows),
        "DataLink": (40, at("/vo/datalink/links?ID={}", links), _votable_rows),
        "page of images": (60, at("/images/?position={},{}", places), len),
        "moving page": (150, at("/moving/?name={}", ASTEROIDS), len),
    }


def _votable_rows(content: bytes) -> int:
    from astropy.io.votable import parse_single_table

    return len(parse_single_table(io.BytesIO(content)).array)


def _csv_rows(content: bytes) -> int:
    return sum(1 for row in csv.reader(io.StringIO(content.decode())) if row) - 1


def _many_fields(archive: Archive) -> tuple[dict[str, Figure], list[str]]:
    """The references of many fields, as planobs and nuztf ask for them."""
    asked = " OR ".join(f"field={number}" for number in range(250, 250 + FIELDS_ASKED))
    address = f"{archive.address}/ibe/search/ztf/products/ref"
    found = [timed(lambda: session.get(address, params={"WHERE": asked, "ct": "csv"}, timeout=120), _csv_rows)
             for _ in range(4)][1:]  # fmt: skip
    name = f"IBE, {FIELDS_ASKED} ORed fields of references"
    seconds = median(spent for spent, _ in found) / 1e3
    return {name: Figure(seconds, "s", 3, n=len(found), statistic="median")}, [f"{name}: {found[0][1]} rows"]


def _beside_tap(archive: Archive, times: int) -> tuple[dict[str, Figure], list[str]]:
    """The same columns of the same rows as CSV by IBE and by TAP, in turn."""
    condition = "fid=2"
    query = f"SELECT TOP {MANY_ROWS} {COLUMNS} FROM ztf.ztf_current_meta_sci WHERE {condition} ORDER BY pid"
    ibe = {"WHERE": condition, "COLUMNS": COLUMNS, "ct": "csv"}
    tap = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv", "MAXREC": MANY_ROWS}
    speeds: dict[str, list[float]] = {"IBE": [], "TAP": []}
    for turn in range(times + 1):
        for name, address, asked in (("IBE", "/ibe/search/ztf/products/sci", ibe), ("TAP", "/tap/sync", tap)):
            spent, rows = timed(
                lambda address=address, asked=asked: session.get(archive.address + address, params=asked, timeout=300),
                _csv_rows,
            )
            speeds[name] += [1e3 * rows / spent] if turn else []
    ibe_speed, tap_speed = (median(values) for values in speeds.values())
    more = {"better": "higher", "n": times, "statistic": "median"}
    return {
        "IBE, rows a second": Figure(ibe_speed, "row/s", peer={"TAP": tap_speed}, **more),
        "IBE, rows a second over TAP's": Figure(ibe_speed / tap_speed, "", **more),
    }, []
