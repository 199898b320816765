"""Box least squares: dips that come back (Kovacs, Zucker & Mazeh 2002, A&A 391, 369)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from lightcurves.periods.grid import Series, checked_series

_GROWTH = 1.3  # each trial duration is so much longer than the one before
BINS_IN_SHORTEST = 3


@njit(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], int64, int64[:, ::1], "
    "float64[::1], float64[::1], float64[::1], float64[::1])",
    cache=True, nogil=True,
)  # fmt: skip
def _boxes(t, y, w, frequencies, n_bins, lengths, gain, length_of, start_of, inside_of):
    """w adds up to 1, y has mean 0. lengths: bins of each trial duration per frequency (nf or 1, n_durations)."""
    weight, weighted = np.empty(2 * n_bins + 1), np.empty(2 * n_bins + 1)
    bins_w, bins_y = np.empty(n_bins), np.empty(n_bins)
    for j in range(frequencies.shape[0]):
        bins_w[:] = 0.0
        bins_y[:] = 0.0
        for i in range(t.shape[0]):
            phase = frequencies[j] * t[i]
            k = min(int((phase - np.floor(phase)) * n_bins), n_bins - 1)
            bins_w[k] += w[i]
            bins_y[k] += w[i] * y[i]
        weight[0] = 0.0
        weighted[0] = 0.0
        for k in range(2 * n_bins):
            here = k if k < n_bins else k - n_bins
            weight[k + 1] = weight[k] + bins_w[here]
            weighted[k + 1] = weighted[k] + bins_y[here]
        row = j if lengths.shape[0] > 1 else 0
        for d in range(lengths.shape[1]):
            length = lengths[row, d]
            for k in range(n_bins):
                r = weight[k + length] - weight[k]
                s = weighted[k + length] - weighted[k]
                # s > 0: fainter in magnitudes, a dip
                if s > 0.0 and 1e-12 < r < 1.0 - 1e-12:
                    value = s * s / (r * (1.0 - r))
                    if value > gain[j]:
                        gain[j], length_of[j], start_of[j], inside_of[j] = value, length, k, r


@dataclass(frozen=True)
class Boxes:
    """The best box of every frequency, arrays (nf,).

    power : fraction of the chi-square that the box takes away, 0..1
    depth, depth_error : mag, between inside and outside
    duration : as a fraction of the period
    epoch : time of the middle of the first dip after the first point, days
    """

    power: np.ndarray
    depth: np.ndarray
    depth_error: np.ndarray
    duration: np.ndarray
    epoch: np.ndarray

    @property
    def snr(self) -> np.ndarray:
        """Depth over its uncertainty; 0 where there is no dip."""
        return np.divide(self.depth, self.depth_error, out=np.zeros_like(self.depth), where=self.depth_error > 0)


def fractions(qmin: float, qmax: float) -> np.ndarray:
    """Trial durations between two fractions of the period.

    Raises ValueError where these are not 0 < qmin <= qmax < 1.
    """
    if not 0 < qmin <= qmax < 1:
        raise ValueError(f"qmin={qmin}, qmax={qmax}: need 0 < qmin <= qmax < 1")
    count = int(np.ceil(np.log(qmax / qmin) / np.log(_GROWTH))) + 1
    return np.geomspace(qmin, qmax, count)


def box_least_squares(
    t, y, err, frequencies, qmin: float = 0.01, qmax: float = 0.15, durations=None, n_bins: int | None = None
) -> Boxes:
    """Search one band for box-shaped dips.

    Parameters
    ----------
    t, y, err : arrays (n,); days, magnitudes (a dip is a larger magnitude)
    frequencies : array (nf,), cycles per day
    qmin, qmax : shortest and longest dip as fractions of the period
    durations : array or None
        Trial durations in days instead of fractions.
    n_bins : phase bins; None: three in the shortest dip, at least 50

    Raises
    ------
    UnusableLightCurveError, ValueError
    """
    return boxes_of(checked_series(t, y, err), frequencies, qmin, qmax, durations, n_bins)


def boxes_of(
    series: Series, frequencies, qmin: float = 0.01, qmax: float = 0.15, durations=None, n_bins: int | None = None
) -> Boxes:
    """As box_least_squares, of a band that was checked."""
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    shares = fractions(qmin, qmax)[None, :] if durations is None else _shares(durations, frequencies)
    bins = n_bins or int(np.clip(np.ceil(BINS_IN_SHORTEST / shares.min()), 50, 2000))
    lengths = np.clip(np.rint(shares * bins), 1, bins - 1).astype(np.int64)
    total = float(series.weights.sum())
    gain, length, start, inside = (np.zeros(frequencies.size) for _ in range(4))
    _boxes(
        series.t - series.t[0],
        series.residuals,
        series.weights / total,
        frequencies,
        bins,
        lengths,
        gain,
        length,
        start,
        inside,
    )
    some = gain > 0
    share = np.where(some, inside * (1.0 - inside), 1.0)
    middle = (start + 0.5 * length) / bins
    return Boxes(
        power=np.minimum(total * gain / series.chi2, 1.0),
        depth=np.sqrt(gain / share),
        depth_error=np.where(some, 1.0 / np.sqrt(total * share), 0.0),
        duration=length / bins,
        epoch=series.t[0] + np.mod(middle, 1.0) / frequencies,
    )


def _shares(durations, frequencies: np.ndarray) -> np.ndarray:
    """Durations in days as fractions of each period."""
    durations = np.atleast_1d(np.asarray(durations, dtype=np.float64))
    shares = frequencies[:, None] * durations
    if not (durations > 0).all() or not (shares < 1).all():
        raise ValueError(f"durations={durations.tolist()}: must be positive and shorter than every period")
    return np.ascontiguousarray(shares)
