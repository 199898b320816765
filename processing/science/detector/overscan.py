"""The floating bias of an amplifier, from the columns that are read after each row without light."""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

from archive.survey.robust import robust_scatter
from processing.science.errors import UnusableFrameError

ORDER = 9
"""Follows an amplifier that settles by 4 DN within 120 of 3080 rows to 0.03 DN there; a cubic leaves 1 DN."""


@dataclass(frozen=True)
class OverscanFit:
    """level: mean of the fitted curve (DN); slope: last row minus first (DN); scatter: robust sigma of the
    rows about the curve (DN); rows_used: rows kept; curve: float32 (ny,), DN."""

    level: float
    slope: float
    scatter: float
    rows_used: int
    curve: np.ndarray


def fit_overscan(
    strip: np.ndarray, order: int = ORDER, saturation: float = 60000.0, clip: float = 3.0, skip_columns: int = 3
) -> OverscanFit:
    """Fit a Chebyshev series along y to the row medians of an overscan strip, with iterated clipping.

    Parameters
    ----------
    strip : array (ny, n_overscan), DN
    order : int
        Degree of the series.
    saturation : float, DN
        A row whose median reaches this has charge bled into the overscan and is left out.
    clip : float
        Rows further than this many robust sigmas from the curve are left out.
    skip_columns : int
        First columns dropped: they hold charge deferred from the last lit columns.

    Raises
    ------
    UnusableFrameError
        if the strip is missing or narrow, or more than half of its rows are saturated or not finite.

    Source: ZTF Explanatory Supplement, section on floating bias.
    """
    if strip is None or np.ndim(strip) != 2 or np.shape(strip)[1] <= skip_columns:
        raise UnusableFrameError(
            f"overscan strip has shape {np.shape(strip)}: two dimensions and more than {skip_columns} columns needed"
        )
    rows = _row_medians(strip[:, skip_columns:])
    good = np.isfinite(rows) & (rows < saturation)
    if good.sum() <= len(rows) / 2 or good.sum() <= order + 1:
        raise UnusableFrameError(
            f"overscan: only {int(good.sum())} of {len(rows)} rows are finite and below {saturation:g} DN; "
            "more than half are needed",
            overscan_good_rows=int(good.sum()),
        )
    u = np.linspace(-1.0, 1.0, len(rows))
    for _ in range(10):
        series = chebyshev.chebfit(u[good], rows[good], order)
        residual = rows - chebyshev.chebval(u, series)
        scatter = robust_scatter(residual[good], 0.0)
        # A noiseless strip must not clip everything away for rounding errors.
        keep = np.isfinite(rows) & (np.abs(residual) <= clip * scatter + 1e-6)
        if keep.sum() <= order + 1 or np.array_equal(keep, good):
            break
        good = keep
    curve = chebyshev.chebval(u, series).astype(np.float32)
    return OverscanFit(float(curve.mean()), float(curve[-1] - curve[0]), float(scatter), int(good.sum()), curve)


def _row_medians(strip):
    """As np.median along rows, float64; sorting whole numbers as they are is several times faster."""
    ordered = np.sort(strip, axis=1)
    half = ordered.shape[1] // 2
    middle = ordered[:, [half]] if ordered.shape[1] % 2 else ordered[:, half - 1 : half + 1]
    rows = middle.astype(np.float64).mean(axis=1)
    # What is not a number is sorted to the end.
    rows[np.isnan(ordered[:, -1].astype(np.float64))] = np.nan
    return rows
