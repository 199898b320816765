"""Matching, metrics and refinement: the numbers that are crunched for every image and every light curve."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from bench.report import Figure

BRIGHT = 16.0  # mag
IMAGES, RADIUS = 21, 1.0  # matched; arcsec
REPEATS = 5


def measure(world, folder: Path, figures: dict) -> tuple[dict[str, Figure], list[str]]:
    """One quadrant each; CPU time of one thread, medians."""
    made = _matching(world)
    made |= _metrics(world)
    more, notes = _refinement(world)
    return made | more, notes


def _matching(world) -> dict[str, Figure]:
    """The detections of images of a quadrant against its sources, 0.1 arcsec scatter, image by image as they come.

    Ours is what lightcurves.updates.sources calls for each image: it asks the database whether the sources that it
    keeps still stand, then matches. The peers keep their tree and match as wide, with the distance in arcsec.
    """
    from astropy.coordinates import SkyCoord, match_coordinates_sky
    from django.db import transaction
    from scipy.spatial import cKDTree

    from archive.sky.sphere import unit_vectors
    from lightcurves.photometry.match import match_sky
    from lightcurves.updates import known_sources

    rng = np.random.default_rng(8)
    objects, image = world.objects(0), world.images[-1][0]
    rows = [np.flatnonzero(objects.mag < limit) for limit in rng.normal(20.3, 0.4, IMAGES)]
    found = [
        (objects.ra[row] + rng.normal(0, 0.1 / 3600, len(row)), objects.dec[row] + rng.normal(0, 0.1 / 3600, len(row)))
        for row in rows
    ]
    counts = np.array([len(row) for row in rows])
    sky, tree = SkyCoord(objects.ra, objects.dec, unit="deg"), cKDTree(unit_vectors(objects.ra, objects.dec))
    chord = 2 * np.sin(np.radians(RADIUS / 3600) / 2)

    def of_tree(ra, dec):
        distance, index = tree.query(unit_vectors(ra, dec), distance_upper_bound=chord)
        return np.degrees(2 * np.arcsin(np.minimum(distance, chord) / 2)) * 3600, index

    def of_product(ra, dec):
        return known_sources.expected(image).ordered.match(ra, dec, RADIUS)

    with transaction.atomic():
        product, asked = _each(of_product, found), _each(of_product, found, time.perf_counter)
        index = of_product(*found[0]).index
    kept = known_sources.expected(image).ordered
    peers = {
        "without asking the database": _each(lambda ra, dec: kept.match(ra, dec, RADIUS), found),
        "ordered anew for each image": _each(
            lambda ra, dec: match_sky(ra, dec, objects.ra, objects.dec, RADIUS), found
        ),
        "scipy cKDTree, kept": _each(of_tree, found),
        "astropy, tree kept": _each(lambda ra, dec: match_coordinates_sky(SkyCoord(ra, dec, unit="deg"), sky), found),
    }
    rates = {name: _rate(counts, seconds) for name, seconds in peers.items()}
    more = {"n": int(counts.sum()), "statistic": "median image"}
    return {
        "matching": Figure(_rate(counts, product), "det/s", 3e6, "higher", peer=rates, **more),
        "matching, wall clock with the database": Figure(_rate(counts, asked), "det/s", better="higher", **more),
        "matching, share not matched to their own": Figure(float(np.mean(index != rows[0])), "", n=len(rows[0])),
    }


def _each(match, found, clock=time.process_time) -> np.ndarray:
    """Seconds of each image, after a first one that compiles and reads."""
    match(*found[0])
    spent = []
    for ra, dec in found:
        began = clock()
        match(ra, dec)
        spent.append(clock() - began)
    return np.array(spent)


def _rate(counts: np.ndarray, seconds: np.ndarray) -> float:
    """Detections a second of the median image."""
    return float(np.median(counts / seconds))


def _metrics(world) -> dict[str, Figure]:
    from bench.lightcurves.world import FID, FIELD
    from lightcurves.photometry.metrics import light_curve_metrics
    from lightcurves.storage import read

    began = time.process_time()
    every = list(read.batches(FIELD, 0, FID))
    unpacking = (time.process_time() - began) / sum(len(batch.oids) for batch in every)  # s, of an object
    curves, parts = every[:4], []
    for batch in curves:
        c = batch.columns
        parts.append((batch.offsets, c["mjd"], c["mag"], c["magerr"], c["ra"], c["dec"], c["catflags"] == 0))
    light_curve_metrics(*parts[0])
    n, points = sum(len(batch.oids) for batch in curves), sum(map(len, curves))
    seconds = _cpu(lambda: [light_curve_metrics(*part) for part in parts])
    whole = seconds + n * unpacking
    peer = {"polars, 21 metrics": n / _cpu(lambda: [_polars(batch.columns) for batch in curves])}
    peer["light-curve (Rust), 17 features"] = _rust(curves[0])
    return {
        "metrics (all of the object table), with unpacking": Figure(
            n / whole, "obj/s", 2.5e4, "higher", n, {"without unpacking": n / seconds} | peer, "median"
        ),
        "metrics, points": Figure(points / seconds, "det/s", better="higher", n=points, statistic="median"),
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
    good = c["catflags"] == 0  # the same points as ours
    spans = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    masked = [[c[name][a:b][good[a:b]] for name in ("mjd", "mag", "magerr")] for a, b in spans]
    parts = [tuple(map(np.ascontiguousarray, columns)) for columns in masked if len(columns[0]) > 5]
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
    from lightcurves.storage import read

    objects = world.objects(quadrant)
    chosen = objects.oid[(objects.mag < BRIGHT) & ~objects.varies]
    curves = read.get(chosen.tolist())
    c = curves.columns
    pids = np.array([row[quadrant].pid for row in world.images])
    order = np.argsort(pids)
    injected = world.offsets[order, quadrant][np.searchsorted(pids[order], c["pid"])]
    raw = c["mag"] + np.nan_to_num(c["dzp"])
    return tuple(float(np.median(_scatters(values, curves.offsets))) for values in (raw - injected, c["mag"]))


def _scatters(values: np.ndarray, offsets: np.ndarray) -> list[float]:
    from archive.survey.robust import robust_scatter

    parts = [values[a:b] for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    return [robust_scatter(part) for part in parts]


def _cpu(work) -> float:
    """CPU seconds, the median of several runs."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return float(np.median(times))
