"""A light curve as SVG: what the page shows without script, and prints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.tables.scales import padded, scale, ticks
from lightcurves.storage.read import LightCurves
from lightcurves.told.reading import times

WIDTH, HEIGHT = 900, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 34


@dataclass(frozen=True)
class Drawing:
    """The drawing that the template renders, in drawing units."""

    width: int
    height: int
    marks: list[dict]
    x_ticks: list[dict]
    y_ticks: list[dict]
    x_label: str
    summary: str


def draw(curves: LightCurves, period: float | None = None) -> Drawing | None:
    """Magnitudes (brighter is up) against time, or against phase over two cycles; None without good points.

    Points with flags are drawn pale, and do not widen the range.
    """
    columns = curves.columns
    good = (columns["catflags"] == 0) & np.isfinite(columns["mag"])
    if not good.any():
        return None
    shown = np.isfinite(columns["mag"]) if period is None else good
    mjd = times(columns)
    x = mjd if period is None else (columns["hjd"] - columns["hjd"][good].min()) / period % 1
    band, mag, err, faint = (columns[name][shown] for name in ("filtercode", "mag", "magerr", "catflags"))
    x = x[shown]
    if period is not None:
        x, band, mag, err, faint = (np.concatenate([one, other]) for one, other in
                                    ((x, x + 1), (band, band), (mag, mag), (err, err), (faint, faint)))  # fmt: skip
    x_range = (0.0, 2.0) if period is not None else padded(mjd[good])
    y_range = padded(columns["mag"][good])
    across = scale(x_range, LEFT, WIDTH - RIGHT)
    down = scale(y_range, TOP, HEIGHT - BOTTOM)
    inside = (x >= x_range[0]) & (x <= x_range[1]) & (mag >= y_range[0]) & (mag <= y_range[1])
    marks = [
        {"x": across(x[k]), "y": down(mag[k]), "low": down(mag[k] - err[k]), "high": down(mag[k] + err[k]),
         "style": f"{band[k]}{' flagged' if faint[k] else ''}"}
        for k in np.flatnonzero(inside)
    ]  # fmt: skip
    bands = ", ".join(f"{int(np.sum(columns['filtercode'][good] == one))} in {one}" for one in np.unique(band))
    what = "Light curve" if period is None else f"Light curve folded with {period:.8g} days"
    return Drawing(
        WIDTH, HEIGHT, marks, ticks(x_range, across), ticks(y_range, down),
        "MJD" if period is None else "phase",
        f"{what}: {int(good.sum())} good points ({bands}), {y_range[0]:.2f} to {y_range[1]:.2f} mag",
    )  # fmt: skip
