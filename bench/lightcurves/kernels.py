"""Matching, metrics and refinement: the numbers that are crunched for every image and every light curve."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from bench.report import Figure

BRIGHT = 16.0  # mag


def measure(world, folder: Path, figures: dict) -> tuple[dict[str, Figure], list[str]]:
    """One quadrant each; CPU time of one thread."""
    made = _matching(world)
    made |= _metrics(world)
    more, notes = _refinement(world)
    return made | more, notes


def _matching(world) -> dict[str, Figure]:
    """The detections of several images of a quadrant against its objects, 0.1 arcsec scatter."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord, match_coordinates_sky
    from scipy.spatial import cKDTree

    from lightcurves.photometry.match import Catalogue, match_sky

    rng = np.random.default_rng(8)
    objects = world.objects(0)
    rows = [np.flatnonzero(objects.mag < limit) for limit in rng.normal(20.3, 0.4, 20)]
    images = [
        (objects.ra[row] + rng.normal(0, 0.1 / 3600, len(row)), objects.dec[row] + rng.normal(0, 0.1 / 3600, len(row)))
        for row in rows
    ]
    catalogue = Catalogue(objects.ra, objects.dec)
    catalogue.match(*images[0], 1.0)
    total = sum(len(row) for row in rows)
    kept = _cpu(lambda: [catalogue.match(ra, dec, 1.0) for ra, dec in images])
    each = _cpu(lambda: [match_sky(ra, dec, objects.ra, objects.dec, 1.0) for ra, dec in images])
    sky = SkyCoord(objects.ra, objects.dec, unit="deg")
    match_coordinates_sky(sky[:2], sky)
    astropy = _cpu(lambda: [match_coordinates_sky(SkyCoord(*one, unit="deg"), sky) for one in images])
    tree = _cpu(lambda: [_tree(cKDTree, objects, *one) for one in images])
    found = catalogue.match(*images[0], 1.0).index
    wrong = float(np.mean(found != rows[0]))
    assert u.deg is not None
    return {
        "matching": Figure(
            total / kept, "det/s", 3e6, "higher", total,
            {"catalogue sorted each time": total / each, "astropy, tree kept": total / astropy,
             "scipy cKDTree with build": total / tree},
        ),
        "matching, share not matched to their own": Figure(wrong, "", n=len(rows[0])),
    }  # fmt: skip


def _tree(kind, objects, ra, dec) -> np.ndarray:
    def vectors(ra, dec):
        ra, dec = np.radians(ra), np.radians(dec)
        return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)

    return kind(vectors(objects.ra, objects.dec)).query(vectors(ra, dec))[1]


def _metrics(world) -> dict[str, Figure]:
    from bench.lightcurves.world import FID, FIELD
    from lightcurves.photometry.metrics import light_curve_metrics
    from lightcurves.storage import store

    curves = list(store.batches(FIELD, 0, FID))[:4]
    parts = []
    for one in curves:
        c = one.columns
        parts.append((one.offsets, c["mjd"], c["mag"], c["magerr"], c["ra"], c["dec"], c["catflags"] == 0))
    light_curve_metrics(*parts[0])
    n, points = sum(len(one.oids) for one in curves), sum(map(len, curves))
    seconds = _cpu(lambda: [light_curve_metrics(*part) for part in parts])
    peer = {"polars, 21 metrics": n / _cpu(lambda: [_polars(one.columns) for one in curves])}
    peer["light-curve (Rust), 17 features"] = _rust(curves[0])
    return {
        "metrics (all of the object table)": Figure(n / seconds, "obj/s", 2.5e4, "higher", n, peer),
        "metrics, points": Figure(points / seconds, "det/s", better="higher", n=points),
    }


def _polars(columns: dict) -> None:
    import polars as pl

    good = columns["catflags"] == 0
    frame = pl.DataFrame({name: columns[name][good] for name in ("oid", "mag", "magerr")})
    quantiles = (5, 10, 17.5, 25, 32.5, 40, 60, 67.5, 75, 82.5, 90, 95)
    mag = pl.col("mag")
    frame.group_by("oid").agg(
        mag.median().alias("median"), mag.mean().alias("mean"), mag.std().alias("rms"), mag.min().alias("min"),
        mag.max().alias("max"), pl.col("magerr").median().alias("err"), mag.skew().alias("skew"),
        mag.kurtosis().alias("kurtosis"), pl.len().alias("n"),
        *[mag.quantile(q / 100).alias(f"p{q}") for q in quantiles],
    )  # fmt: skip


def _rust(curves) -> float:
    import light_curve as lc

    features = lc.Extractor(
        lc.Mean(), lc.Median(), lc.StandardDeviation(), lc.Skew(), lc.Kurtosis(), lc.ReducedChi2(), lc.StetsonK(),
        lc.Eta(), lc.MaximumSlope(), lc.LinearTrend(), lc.MedianAbsoluteDeviation(), lc.BeyondNStd(1),
        lc.BeyondNStd(3), lc.InterPercentileRange(0.25), lc.InterPercentileRange(0.05), lc.Amplitude(),
        lc.WeightedMean(),
    )  # fmt: skip
    c, offsets = curves.columns, curves.offsets
    parts = [
        tuple(np.ascontiguousarray(c[name][a:b]) for name in ("mjd", "mag", "magerr"))
        for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        if b - a > 5
    ]
    return len(parts) / _cpu(lambda: features.many(parts, n_jobs=1, sorted=True, check=False, fill_value=np.nan))


def _refinement(world) -> tuple[dict[str, Figure], list[str]]:
    """Relative photometry of a quadrant from the store, and its bright stars read again."""
    from bench.lightcurves.world import FID, FIELD
    from lightcurves.updates import statistics

    began = time.perf_counter()
    counts = statistics.refresh(FIELD, 1, FID)
    seconds = time.perf_counter() - began
    with_truth, refined = _bright_scatter(world, 1)
    return {
        "bright-star scatter after refinement, by the injected floor": Figure(refined / with_truth, "", 1.05),
        "bright-star scatter after refinement": Figure(1e3 * refined, "mmag"),
        "refresh of a quadrant (refinement, metrics of every tier)": Figure(seconds, "s"),
    }, [f"refinement: {counts}"]


def _bright_scatter(world, quadrant: int) -> tuple[float, float]:
    """Median over bright constant stars of the robust scatter: with the injected zero points off, and with ours."""
    from bench.lightcurves.world import FID, FIELD
    from lightcurves.storage import store

    objects = world.objects(quadrant)
    chosen = objects.oid[(objects.mag < BRIGHT) & ~objects.varies]
    curves = store.get(chosen.tolist())
    c = curves.columns
    pids = np.array([row[quadrant].pid for row in world.images])
    order = np.argsort(pids)
    injected = world.offsets[order, quadrant][np.searchsorted(pids[order], c["pid"])]
    raw = c["mag"] + np.nan_to_num(c["dzp"])
    assert FIELD, FID
    return tuple(float(np.median(_scatters(values, curves.offsets))) for values in (raw - injected, c["mag"]))


def _scatters(values: np.ndarray, offsets: np.ndarray) -> list[float]:
    parts = [values[a:b] for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    return [1.4826 * float(np.median(np.abs(part - np.median(part)))) for part in parts]


def _cpu(work) -> float:
    """CPU seconds, the best of three."""
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)
