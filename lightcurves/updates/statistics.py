"""Relative photometry and metrics of all light curves of a field's quadrant and filter.

Metrics are kept once for every set of closed programs that changes them ("tiers"), so that what a reader is shown was
computed from points that this reader may see. The zero-point corrections use the stars of all images: like biases and
flats they are calibrations, and say nothing about a single star.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations

import numpy as np
import pandas as pd
from django.db import connections, transaction

from archive.database import copy
from archive.models import ScienceImage
from lightcurves.models import STATISTICS, ImageCorrection, Source, SourceStatistics
from lightcurves.photometry import motion
from lightcurves.photometry.metrics import light_curve_metrics
from lightcurves.photometry.relative import RelativeConfig, relative_zero_points
from lightcurves.storage import read, store
from lightcurves.told import reading as told
from lightcurves.updates.sources import lock_place


@dataclass(frozen=True)
class StatisticsConfig:
    """least_stars: good points that an image needs for a correction; least_points: that a star needs to have a say;
    faintest: mag, stars fainter than this tell nothing about zero points."""

    least_stars: int = 20
    least_points: int = 3
    faintest: float = 19.0
    relphot: RelativeConfig = field(default_factory=RelativeConfig)


@dataclass(frozen=True)
class Good:
    """Points that relative photometry uses: arrays (n,), magnitudes without any correction."""

    oid: np.ndarray
    pid: np.ndarray
    mag: np.ndarray
    magerr: np.ndarray


def refresh(
    field: int,
    rcid: int,
    fid: int,
    config: StatisticsConfig = StatisticsConfig(),  # noqa: B008 (frozen)
) -> dict[str, float]:
    """Bring corrections and statistics of a field's quadrant and filter up to date; returns counts.

    One transaction; nobody else adds points to this place meanwhile.
    """
    with transaction.atomic():
        lock_place(field, rcid, fid)
        # Corrections are found from uncorrected magnitudes, and metrics with the new corrections applied.
        _forget_corrections(field, rcid, fid)
        counts = _correct(_good_points(field, rcid, fid, config), config)
        corrected = _corrected(field, rcid, fid)
        _forget_statistics(field, rcid, fid)
        rows = 0
        for curves in read.batches(field, rcid, fid):
            for tier, chosen in tiers(curves):
                rows += _write(curves, tier, chosen, corrected)
        return counts | {"statistics": rows}


def tiers(curves: read.LightCurves) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """The sets of closed programs that matter, each with the points that its readers see (bool array (n,)).

    Points of a source that has none of one of the set's programs are left out: a smaller set says the same.
    """
    programid, public = curves.columns["programid"], curves.columns["public"]
    closed = np.unique(programid[~public]).tolist()
    which = np.repeat(np.arange(len(curves.oids)), np.diff(curves.offsets))
    for tier in chain.from_iterable(combinations(closed, size) for size in range(len(closed) + 1)):
        matters = np.ones(len(curves.oids), dtype=bool)
        for program in tier:
            matters &= np.bincount(which[~public & (programid == program)], minlength=len(curves.oids)) > 0
        chosen = (public | np.isin(programid, tier)) & matters[which]
        if chosen.any():
            yield tier, chosen


def metrics(columns: dict[str, np.ndarray], oid: np.ndarray) -> pd.DataFrame:
    """One row per source from its points (sorted by source and time): oid, nobs and the metrics of the object table."""
    oids, first = np.unique(oid, return_index=True)
    offsets = np.append(first, len(oid))
    good, times = columns["catflags"] == 0, told.times(columns)
    found = light_curve_metrics(offsets, times, columns["mag"], columns["magerr"], columns["ra"], columns["dec"], good)
    found |= motion.motions(offsets, times, columns["ra"], columns["dec"], good)
    return pd.DataFrame({"oid": oids, "nobs": np.diff(offsets), **found})


def _good_points(field: int, rcid: int, fid: int, config: StatisticsConfig) -> Good:
    parts = []
    for curves in read.batches(field, rcid, fid):
        columns = curves.columns
        # What files told is calibrated already, and no image here is corrected by it.
        good = (columns["catflags"] == 0) & (columns["mag"] < config.faintest) & (columns["pid"] > 0)
        parts.append(tuple(columns[name][good] for name in ("oid", "pid", "mag", "magerr")))
    empty = [np.zeros(0, dtype=np.int64)] * 2 + [np.zeros(0)] * 2
    return Good(*map(np.concatenate, zip(*parts, strict=True))) if parts else Good(*empty)


def _correct(points: Good, config: StatisticsConfig) -> dict[str, float]:
    """Solve for the images' zero points and store them; images with too few stars get none."""
    oids, star, per_star = np.unique(points.oid, return_inverse=True, return_counts=True)
    often = per_star[star] >= config.least_points
    pids, image = np.unique(points.pid, return_inverse=True)
    solved = relative_zero_points(
        star[often], image[often], points.mag[often], points.magerr[often], len(oids), len(pids), config.relphot
    )
    enough = solved.n_used >= config.least_stars
    if enough.any():
        found = {"pid": pids, "dzp": solved.zero_point, "dzprms": solved.zero_point_rms, "nstars": solved.n_used}
        store.recalibrate(pd.DataFrame(found)[enough])
    scatter = float(np.nanmedian(solved.zero_point_rms[enough])) if enough.any() else float("nan")
    spread = float(np.nanstd(solved.zero_point[enough])) if enough.any() else float("nan")
    return {"images": len(pids), "corrected": int(enough.sum()), "dzp_spread": spread, "residual": scatter}


def _corrected(field: int, rcid: int, fid: int) -> np.ndarray:
    images = ScienceImage.objects.filter(field=field, rcid=rcid, fid=fid).values("pid")
    return np.array(list(ImageCorrection.objects.filter(pid__in=images).values_list("pid", flat=True)), dtype=np.int64)


def _forget_corrections(field: int, rcid: int, fid: int) -> None:
    images = ScienceImage.objects.filter(field=field, rcid=rcid, fid=fid).values("pid")
    ImageCorrection.objects.filter(pid__in=images).delete()


def _forget_statistics(field: int, rcid: int, fid: int) -> None:
    sources = Source.objects.filter(field=field, rcid=rcid, fid=fid).values("oid")
    SourceStatistics.objects.filter(oid__in=sources)._raw_delete("default")


def _write(curves: read.LightCurves, tier: tuple[int, ...], chosen: np.ndarray, corrected: np.ndarray) -> int:
    columns = {name: values[chosen] for name, values in curves.columns.items()}
    table = metrics(columns, columns["oid"])
    relative = np.isin(columns["pid"], corrected)
    which = np.searchsorted(table["oid"], columns["oid"])
    table["nobsrel"] = np.bincount(which[relative], minlength=len(table))
    table["ngoodobsrel"] = np.bincount(which[relative & (columns["catflags"] == 0)], minlength=len(table))
    table["programs"] = "{" + ",".join(map(str, tier)) + "}"
    with connections["default"].cursor() as cursor:
        copy.write_frame(cursor, SourceStatistics._meta.db_table, table[["oid", "programs", *STATISTICS]])
    return len(table)
