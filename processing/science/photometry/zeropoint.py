"""From instrumental to calibrated magnitudes against Pan-STARRS 1.

m_PS1 - m_inst = MAGZP + CLRCOEFF * colour, colour = g-r (zg, zr) or r-i (zi).
Source: ZTF Explanatory Supplement, photometric calibration; the cards of ZTF's science images.
"""

from dataclasses import dataclass

import numpy as np

from archive.survey.robust import MAD_TO_SIGMA, robust_scatter
from processing.science.errors import NoPhotometricCalibrationError

# filter code -> (band, bluer band of the colour, redder band, card PCOLOR)
BANDS = {"zg": ("g", "g", "r", "g - R"), "zr": ("r", "g", "r", "g - R"), "zi": ("i", "r", "i", "R - i")}
# CLRCOEFF of the camera's filters (median of real images); light of another filter gives -1 to +1.1 instead
FILTER_COLOUR = {"zg": -0.06, "zr": 0.09, "zi": 0.19}
MAG_PER_RELATIVE_FLUX = 2.5 / np.log(10.0)


@dataclass(frozen=True)
class Calibrators:
    """PS1 stars: ra, dec (deg, ICRS); g, r, i (PS1 AB mag, NaN = unknown)."""

    ra: np.ndarray
    dec: np.ndarray
    g: np.ndarray
    r: np.ndarray
    i: np.ndarray


@dataclass(frozen=True)
class ZeroPointConfig:
    """min_matches: fewer give NoPhotometricCalibrationError; clip: robust sigmas; floor: scatter added in
    quadrature to the errors (mag); min_snr; faint_limit, bright_limit: calibrators used (mag); max_rms:
    larger gives NoPhotometricCalibrationError (mag); min_colour_spread: robust sigma of the colours below which
    the slope is fixed at 0 (mag); colour_tolerance: the slope may differ by this (and three of its errors) from its
    filter's, else the light came through another filter."""

    min_matches: int = 5
    clip: float = 3.0
    floor: float = 0.01
    min_snr: float = 20.0
    bright_limit: float = 12.5
    faint_limit: float = 20.5
    max_rms: float = 0.5
    min_colour_spread: float = 0.02
    colour_tolerance: float = 0.3


@dataclass(frozen=True)
class ZeroPoint:
    """zp, zp_unc (mag); colour, colour_unc; covariance; rms: of the residuals about the line (mag);
    matches: kept; zp_median, zp_mean, zp_rms_all: of the plain differences; colour_median, colour_mean,
    colour_rms of the calibrators; colour_name: card PCOLOR."""

    zp: float
    zp_unc: float
    colour: float
    colour_unc: float
    covariance: float
    rms: float
    matches: int
    zp_median: float
    zp_mean: float
    zp_rms_all: float
    colour_median: float
    colour_mean: float
    colour_rms: float
    colour_name: str


def band_and_colour(calibrators: Calibrators, filtercode: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Magnitude and colour of the calibrators for a filter, and the colour's name.

    Raises ValueError for a filter code other than zg, zr, zi.
    """
    if filtercode not in BANDS:
        raise ValueError(f"filtercode={filtercode!r}: zg, zr or zi needed")
    band, blue, red, name = BANDS[filtercode]
    return (
        getattr(calibrators, band),
        getattr(calibrators, blue) - getattr(calibrators, red),
        name,
    )


def fit_zero_point(
    instrumental: np.ndarray,
    sigma: np.ndarray,
    magnitude: np.ndarray,
    colour: np.ndarray,
    colour_name: str = "",
    config: ZeroPointConfig | None = None,
) -> ZeroPoint:
    """Robust straight line through (colour, m_PS1 - m_inst), weighted, with clipping.

    Parameters
    ----------
    instrumental, sigma : arrays (n,), mag
        -2.5 log10(DN) and its error.
    magnitude, colour : arrays (n,), mag
        The same stars in the catalog; NaN is left out.

    Raises
    ------
    NoPhotometricCalibrationError
        if too few stars are left, or they scatter too much.

    Formula: weighted linear least squares, covariance scaled by the reduced chi square if that exceeds 1.
    """
    config = config or ZeroPointConfig()
    difference = magnitude - instrumental
    good = _usable(difference, sigma, magnitude, colour, config)
    d, c, s = difference[good], colour[good], np.hypot(sigma[good], config.floor)
    columns = 2 if robust_scatter(c) > config.min_colour_spread else 1
    design = np.column_stack([np.ones_like(c), c])[:, :columns]
    solution, residual, keep = _clipped_line(design, d, s, config)
    rms = float(np.sqrt(np.mean(residual[keep] ** 2)))
    if rms > config.max_rms:
        raise NoPhotometricCalibrationError(
            f"calibrators scatter by {rms:.2f} mag about the line: must be below {config.max_rms:g}",
            photometry_matches=int(keep.sum()),
            photometry_rms=rms,
        )
    w = keep / s
    covariance = np.linalg.inv((design * w[:, None]).T @ (design * w[:, None]))
    chi2 = float(np.sum((residual * w) ** 2) / max(int(keep.sum()) - columns, 1))
    covariance = covariance * max(chi2, 1.0)
    slope = columns == 2
    return ZeroPoint(
        zp=float(solution[0]),
        zp_unc=float(np.sqrt(covariance[0, 0])),
        colour=float(solution[1]) if slope else 0.0,
        colour_unc=float(np.sqrt(covariance[1, 1])) if slope else 0.0,
        covariance=float(covariance[0, 1]) if slope else 0.0,
        rms=rms,
        matches=int(keep.sum()),
        zp_median=float(np.median(d[keep])),
        zp_mean=float(d[keep].mean()),
        zp_rms_all=float(d[keep].std()),
        colour_median=float(np.median(c[keep])),
        colour_mean=float(c[keep].mean()),
        colour_rms=float(c[keep].std()),
        colour_name=colour_name,
    )


def _usable(
    difference: np.ndarray, sigma: np.ndarray, magnitude: np.ndarray, colour: np.ndarray, config: ZeroPointConfig
) -> np.ndarray:
    """The calibrators that are known well enough; raises NoPhotometricCalibrationError if too few are."""
    good = (
        np.isfinite(difference)
        & np.isfinite(colour)
        & (sigma < MAG_PER_RELATIVE_FLUX / config.min_snr)
        & (magnitude > config.bright_limit)
        & (magnitude < config.faint_limit)
    )
    if good.sum() < config.min_matches:
        raise NoPhotometricCalibrationError(
            f"{int(good.sum())} usable calibrators: at least {config.min_matches} needed",
            photometry_matches=int(good.sum()),
        )
    return good


def _clipped_line(
    design: np.ndarray, difference: np.ndarray, sigma: np.ndarray, config: ZeroPointConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted least squares with clipping: coefficients, residuals, which stars were kept."""
    keep = np.abs(difference - np.median(difference)) < max(5.0 * robust_scatter(difference), config.floor)
    for _ in range(20):
        w = keep / sigma
        solution = np.linalg.lstsq(design * w[:, None], difference * w, rcond=None)[0]
        residual = difference - design @ solution
        normalised = np.abs(residual) / sigma
        new = normalised <= max(config.clip * MAD_TO_SIGMA * np.median(normalised[keep]), 1e-6)
        if new.sum() < config.min_matches or np.array_equal(new, keep):
            break
        keep = new
    return solution, residual, keep


def check_filter(zero_point: ZeroPoint, filtercode: str, config: ZeroPointConfig | None = None) -> None:
    """Raise NoPhotometricCalibrationError if the colour term is not that of the filter that the header names."""
    config = config or ZeroPointConfig()
    expected = FILTER_COLOUR[filtercode]
    allowed = config.colour_tolerance + 3.0 * zero_point.colour_unc
    if abs(zero_point.colour - expected) > allowed:
        raise NoPhotometricCalibrationError(
            f"colour term {zero_point.colour:.2f}: within {allowed:.2f} of {expected:g} needed for {filtercode}; "
            "the light came through another filter than the header names",
            photometry_matches=zero_point.matches,
            photometry_colour=zero_point.colour,
        )
