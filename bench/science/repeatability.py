"""The same sky in several exposures of other seeing, pointing and transparency: how well a star agrees with itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.report import Figure
from bench.science import frames, matching, measuring

SEEING = (1.6, 1.8, 1.9, 2.1, 2.3, 2.5, 2.8, 3.2)  # px
EXPOSURES, QUICK_EXPOSURES = 8, 4
ZERO_POINTS = (26.2, 26.35, 26.0, 26.3, 26.1, 25.9, 26.25, 26.15)
SHIFT = 0.004  # deg, of the pointing, each axis
BINS = ((13.5, 15.0), (15.0, 16.0), (16.0, 17.0))
FLOOR = 5.0  # mmag


def seed_of(seed: int, exposure: int) -> int:
    """Of the noise of one exposure."""
    return seed + 50 + exposure


def figures(camera, folder: Path, seed: int, quick: bool) -> dict[str, Figure]:
    """Median scatter of a star about its own mean, each exposure calibrated by itself."""
    kind = frames.FIELD_TYPES[0]
    sky = frames.make_sky_of(camera, kind, seed)
    rng = np.random.default_rng(seed)
    mags = {}
    count = QUICK_EXPOSURES if quick else EXPOSURES
    for k in range(count):
        offset = tuple(rng.uniform(-SHIFT, SHIFT, 2))
        inputs, truth = frames.simulate(
            camera, kind, SEEING[k], seed_of(seed, k), sky, ZERO_POINTS[k], offset, catalog_seed=seed
        )
        for star, values in _calibrated(truth, measuring.measure_apart(inputs, folder)).items():
            mags.setdefault(star, []).append(values)
    whole = np.array([values for values in mags.values() if len(values) == count])
    found = {}
    for bright, faint in BINS:
        chosen = whole[(whole[:, 0, 2] > bright) & (whole[:, 0, 2] <= faint)]
        scatter = chosen[:, :, 0].std(axis=1, ddof=1)
        limit = np.sqrt((chosen[:, :, 1] ** 2).mean(axis=1))
        floor = np.sqrt(np.maximum(scatter**2 - limit**2, 0.0))
        name = f"repeatability: {bright:g}-{faint:g} mag"
        median, target = {"n": len(chosen), "statistic": "median"}, FLOOR if bright < 15 else None
        peer = {"limit": 1e3 * float(np.median(limit))}
        found[name] = Figure(1e3 * float(np.median(scatter)), "mmag", target, peer=peer, **median)
        found[f"{name}, beyond photons"] = Figure(1e3 * float(np.median(floor)), "mmag", FLOOR, **median)
    return found


def _calibrated(truth, measured) -> dict[int, tuple[float, float, float]]:
    """Star -> (calibrated magnitude, its photon limit, true magnitude); flagged stars are left out."""
    c, m = measured.catalog, measured.measurements
    match = matching.match(truth, c["xpos"] - 1.0, c["ypos"] - 1.0)
    rows = np.flatnonzero(truth.star & (match.distance < matching.MATCH) & (truth.mag < BINS[-1][1]))
    rows = rows[c["flags"][match.entry[rows]] == 0]
    entry = match.entry[rows]
    mag = c["mag"][entry] + m["zp"] + m["zp_colour"] * truth.colour[rows]
    return {
        int(i): (float(a), float(b), float(t))
        for i, a, b, t in zip(truth.id[rows], mag, truth.limit[rows], truth.mag[rows], strict=True)
    }
