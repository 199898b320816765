"""A region (MOC) or a probability map (HEALPix FITS, also multi-order) that somebody brings, as cells of the sky.

Runs in the sandbox's child. What is returned is bounded: cells that the region or 99 % of the probability lie in, at
one order, and the outlines of 50 and 90 % as MOC. Formats: IVOA MOC 2.0 (FITS, text, JSON); HEALPix in FITS, implicit
or explicit; multi-order maps of the gravitational-wave observatories (UNIQ, PROBDENSITY). Their header has the words of
a MOC, too (MOCORDER, ORDERING = NUNIQ): the columns tell them apart.
"""

from __future__ import annotations

import io
import math
from typing import BinaryIO

import numpy as np
from astropy.io import fits
from astropy_healpix import HEALPix
from mocpy import MOC

from archive.sandbox.readers.declared import check_fits
from archive.sandbox.readers.errors import BadFileError
from archive.sandbox.readers.uploads.mocs import FITS, read_moc, shortened, without_gzip

FINEST = 11  # order of the cells that are returned: 1.7 arcmin
COARSEST = 8  # 0.23 deg: an image has some 14 of them, and the whole sky 786,432
MOST_CELLS = 60_000  # of finer ones
MOST_DRAWN = 8_000  # cells of an outline
MOST_ROWS = 12 * 4096**2
LARGEST_NSIDE = 1024  # of a map of one resolution; the next does not fit into the memory of a child
DEEPEST = 29  # order, of HEALPix in 64 bits
LEVELS = (0.5, 0.9)
ALL_OF_IT = 0.99  # of a map's probability: what is beyond it may lie anywhere
SKY = 4 * math.pi * math.degrees(1) ** 2  # deg2
SQUARE_DEGREE = math.radians(1) ** 2  # sr
WRONG_SUM = 0.05
EMPTY = "it covers nothing"
MOC_CARDS = {"MOCVERS", "MOCORDER", "MOCORD_S", "MOCDIM"}


def read(source: BinaryIO, most_bytes: int, **shortest: int) -> dict:
    """Cells, areas and outlines of a file.

    shortest : bounds of an outline's text, as of archive.sandbox.readers.uploads.mocs.shortened

    Returns
    -------
    dict : kind (moc or map), title, order and cells (nested) with the part of the whole that each holds; outlines:
        list of {level, area (deg2), moc (JSON text), text (ASCII, for a search)}; ra, dec of the likeliest cell
    """
    content = without_gzip(source.read(), most_bytes)
    found = _of_fits(content, most_bytes) if content.startswith(FITS) else _of_moc(read_moc(content, most_bytes), "")
    for outline in found["outlines"]:
        moc = outline["moc"]
        outline |= {"moc": _drawn(moc), "text": shortened(moc, **shortest)["text"]}
    return found


def _of_fits(content: bytes, most_bytes: int) -> dict:
    check_fits(io.BytesIO(content), len(content), most_bytes, MOST_ROWS)
    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]
        if not tables:
            raise BadFileError("it has no table: a MOC or a HEALPix map is one")
        hdu, header = tables[0], tables[0].header
        names = {name.upper(): name for name in hdu.columns.names}
        title = str(header.get("OBJECT", ""))[:80]
        if len(names) == 1 and (header.get("ORDERING") in ("NUNIQ", "RANGE") or not MOC_CARDS.isdisjoint(header)):
            return _of_moc(read_moc(content, most_bytes), title)
        _check_frame(header)
        if "UNIQ" in names:
            return _of_map(*_multi_order(hdu, names), title)
        return _of_map(*_flat(hdu, header, names), title)


def _check_frame(header: fits.Header) -> None:
    frame = str(header.get("COORDSYS", "C")).strip().upper()
    if not frame.startswith(("C", "ICRS", "EQ")):
        raise BadFileError(f"COORDSYS = {frame[:20]}: give a map in equatorial coordinates (ICRS)")


def _multi_order(hdu: fits.BinTableHDU, names: dict[str, str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orders, cells and probabilities of a multi-order map."""
    if "PROBDENSITY" not in names:
        raise BadFileError("it has UNIQ and no PROBDENSITY: it is no multi-order map of probability")
    uniq = np.asarray(hdu.data[names["UNIQ"]], np.int64).ravel()
    density = np.asarray(hdu.data[names["PROBDENSITY"]], np.float64).ravel()
    if len(uniq) != len(density) or not len(uniq) or uniq.min() < 4:
        raise BadFileError("UNIQ: is no number of a cell in some of its rows")
    orders = _orders(uniq)
    if orders.max() > DEEPEST:
        raise BadFileError(f"UNIQ: cells of order {orders.max()}; at most {DEEPEST}")
    cells = uniq - (np.int64(4) << (2 * orders))
    area = 4 * math.pi / 12 / 4.0**orders
    return orders, cells, density * area


def _orders(uniq: np.ndarray) -> np.ndarray:
    """The orders of cells by their numbers (UNIQ), in whole numbers; DEEPEST + 1 for what is too deep."""
    return np.searchsorted(4 * 4 ** np.arange(DEEPEST + 2), uniq, "right") - 1


def _flat(
    hdu: fits.BinTableHDU, header: fits.Header, names: dict[str, str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orders, cells (nested) and probabilities of a map of one resolution."""
    nside = header.get("NSIDE")
    if not isinstance(nside, int) or nside < 1 or nside & (nside - 1):
        raise BadFileError(f"NSIDE = {str(nside)[:20]}: a HEALPix map has a power of two up to {LARGEST_NSIDE}")
    if nside > LARGEST_NSIDE:
        raise BadFileError(f"NSIDE = {nside}: at most {LARGEST_NSIDE} in a flat map; give the multi-order file")
    order = int(math.log2(nside))
    name = next((names[one] for one in ("PROB", "PROBABILITY", "PROBDENSITY") if one in names), None)
    if name is None:
        raise BadFileError(f"it has no column PROB; its columns are {', '.join(names)[:200]}")
    values = np.asarray(hdu.data[name], np.float64).ravel()
    if "PIXEL" in names and str(header.get("INDXSCHM", "")).strip() == "EXPLICIT":
        cells = np.asarray(hdu.data[names["PIXEL"]], np.int64).ravel()
    else:
        cells = np.arange(12 * nside**2)
    if len(cells) != len(values) or not len(cells) or cells.min() < 0 or cells.max() >= 12 * nside**2:
        raise BadFileError(f"it has {len(values)} values; NSIDE = {nside} has {12 * nside**2} cells")
    if str(header.get("ORDERING", "RING")).strip().upper() != "NESTED":
        cells = HEALPix(nside, order="ring").ring_to_nested(cells)
    if name.upper() == "PROBDENSITY":
        values = values * (4 * math.pi / (12 * nside**2))
    return np.full(len(cells), order), np.asarray(cells, np.int64), values


def _of_map(orders: np.ndarray, cells: np.ndarray, probability: np.ndarray, title: str) -> dict:
    if not np.isfinite(probability).all() or probability.min() < 0:
        raise BadFileError("its probabilities are not all numbers from 0 on")
    total = float(probability.sum())
    if abs(total - 1) > WRONG_SUM:
        raise BadFileError(f"its probabilities add up to {total:.4g}, not to 1: it is no map of probability")
    area = SKY / 12 / 4.0**orders
    rank = np.argsort(-probability / area, kind="stable")
    so_far = np.cumsum(probability[rank]) / total
    outlines = []
    for level in LEVELS:
        within = rank[: int(np.searchsorted(so_far, level)) + 1]
        moc = MOC.from_healpix_cells(cells[within].astype(np.uint64), orders[within].astype(np.uint8), DEEPEST)
        outlines.append({"level": level, "area": float(area[within].sum()), "moc": moc})
    kept = rank[: int(np.searchsorted(so_far, ALL_OF_IT)) + 1]
    order, places, parts = _at_one_order(orders[kept], cells[kept], probability[kept] / total)
    return _answer("map", title, outlines, order, places, parts)


def _of_moc(moc: MOC, title: str) -> dict:
    if moc.empty():
        raise BadFileError(EMPTY)
    outline = {"level": 1.0, "area": float(moc.sky_fraction) * SKY, "moc": moc}
    uniq = np.asarray(moc.uniq_hpx, np.int64)
    orders = _orders(uniq)
    cells = uniq - (np.int64(4) << (2 * orders))
    area = 1 / 12 / 4.0**orders
    return _answer("moc", title, [outline], *_at_one_order(orders, cells, area / area.sum()))


def _at_one_order(orders: np.ndarray, cells: np.ndarray, parts: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """The same at the finest order that leaves few enough cells."""
    area = float((SKY / 12 / 4.0**orders).sum())
    order = int(min(FINEST, max(COARSEST, math.floor(math.log(MOST_CELLS * SKY / 12 / area, 4)))))
    while True:
        fine = orders > order
        places = [cells[fine] >> (2 * (orders[fine] - order))]
        shares = [parts[fine]]
        for coarser in np.unique(orders[~fine]):
            these = orders == coarser
            count = 4 ** int(order - coarser)
            places.append((cells[these][:, None] * count + np.arange(count)).ravel())
            shares.append(np.repeat(parts[these] / count, count))
        found, inverse = np.unique(np.concatenate(places), return_inverse=True)
        if len(found) <= MOST_CELLS or order == COARSEST:
            return order, found, np.bincount(inverse, np.concatenate(shares), len(found))
        order -= 1


def _drawn(moc: MOC) -> str:
    """An outline as JSON, at the finest order that leaves few enough cells."""
    for order in range(min(int(moc.max_order), FINEST), -1, -1):
        coarse = moc.degrade_to_order(order)
        if len(coarse.uniq_hpx) <= MOST_DRAWN:
            break
    return coarse.to_string("json")


def _answer(kind: str, title: str, outlines: list[dict], order: int, cells: np.ndarray, parts: np.ndarray) -> dict:
    lon, lat = HEALPix(2**order, order="nested").healpix_to_lonlat(cells[int(np.argmax(parts))])
    return {
        "kind": kind, "title": title, "outlines": outlines, "order": order, "cells": cells, "parts": parts,
        "ra": float(lon.deg), "dec": float(lat.deg),
    }  # fmt: skip
