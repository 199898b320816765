"""A light curve as a figure for papers: PDF by Matplotlib, made on the server."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archive.survey.times import MJD_ZERO, date_of_jd
from lightcurves.models import Source
from lightcurves.photometry.offsets import Offset
from lightcurves.told.reading import times

Columns = dict[str, np.ndarray]
WIDTH, PANEL = 7.2, 3.0  # inches
MARKERS = {"zg": "o", "zr": "s", "zi": "D"}
COLOURS = {"zg": "#15803d", "zr": "#b91c1c", "zi": "#92400e"}
NAMES = {"zg": "g", "zr": "r", "zi": "i"}
LONG = 3.0  # d: over less, ticks need the time of the day


@dataclass(frozen=True)
class Fold:
    """period : d; epoch : heliocentric Julian date of phase 0, None: the first point's"""

    period: float
    epoch: float | None = None


def pdf(source: Source, columns: Columns, fold: Fold | None, offsets: Mapping[int, Offset], address: str) -> bytes:
    """The light curve over time, and over two cycles where it is folded.

    Parameters
    ----------
    columns : arrays (n,) of the points that are drawn, as of lightcurves.storage.read; at least one of them
    offsets : to be taken away, by object; empty: magnitudes as they are
    address : of the page, told below the figure
    """
    from matplotlib.figure import Figure  # loaded with the first figure

    panels = 1 if fold is None else 2
    figure = Figure(figsize=(WIDTH, PANEL * panels + 0.7), layout="constrained")
    axes = figure.subplots(panels, 1, squeeze=False)[:, 0]
    moved = np.array([offsets[int(oid)].value if int(oid) in offsets else 0.0 for oid in columns["oid"]])
    points = dict(columns) | {"mag": columns["mag"] - moved}
    _over_time(axes[0], points)
    if fold is not None:
        _folded(axes[1], points, fold)
    for one in axes:
        one.invert_yaxis()
        one.set_ylabel("magnitude" + (", fields aligned" if offsets else ""))
        one.grid(alpha=0.3, linewidth=0.5)
    axes[0].legend(fontsize=8, frameon=False, ncols=3)
    figure.suptitle(f"ZTF {source.pk}   RA {source.ra:.6f}°, Dec {source.dec:+.6f}° (ICRS)", fontsize=10)
    figure.supxlabel(f"{len(columns['mag'])} points · {address}", fontsize=6, color="0.4")
    stream = io.BytesIO()
    title = {"Title": f"Light curve of ZTF object {source.pk}", "CreationDate": None, "Producer": "ZTF archive"}
    figure.savefig(stream, format="pdf", metadata=title)
    return stream.getvalue()


def _over_time(axes, points: Columns) -> None:
    from matplotlib import dates

    mjd = times(points)
    when = np.array([np.datetime64(date_of_jd(one + MJD_ZERO).replace(tzinfo=None), "ms") for one in mjd])
    _bands(axes, points, when)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.set_xlabel("UTC")


def _folded(axes, points: Columns, fold: Fold) -> None:
    epoch = float(points["hjd"].min()) if fold.epoch is None else fold.epoch
    phase = (points["hjd"] - epoch) / fold.period % 1.0
    twice = {name: np.concatenate([points[name], points[name]]) for name in ("mag", "magerr", "filtercode")}
    _bands(axes, twice, np.concatenate([phase, phase + 1]))
    axes.set_xlim(0, 2)
    axes.set_xlabel(f"phase, period {fold.period:.9g} d, phase 0 at HJD {epoch:.5f}")


def _bands(axes, points: Columns, x: np.ndarray) -> None:
    for band, marker in MARKERS.items():
        mine = points["filtercode"] == band
        if mine.any():
            axes.errorbar(
                x[mine], points["mag"][mine], np.nan_to_num(points["magerr"][mine]), fmt=marker, markersize=3,
                color=COLOURS[band], elinewidth=0.6, markeredgewidth=0, label=NAMES[band],
            )  # fmt: skip
