"""The quality of a science image: depth, INFOBITS, STATUS."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archive.survey.bits import InfoBit
from archive.survey.robust import robust_scatter

FATAL_BITS = (
    InfoBit.SATURATED_HIGH
    | InfoBit.NO_PHOTCAL
    | InfoBit.NO_ASTROMETRY
    | InfoBit.NO_PSF
    | InfoBit.BAD_PHOTOMETRIC_QUALITY
)
"""Bits that make STATUS 0: without them the image has no depth, no place or no profile. The others are for
the user to weigh."""

# Sources whose S/N lies in this range tell the depth from their own errors.
DEPTH_SNR_RANGE = (3.0, 30.0)
MIN_DEPTH_SOURCES = 10
DEPTH_SNR = 5.0


@dataclass(frozen=True)
class QualityLimits:
    """The limits of ZTF's INFOBITS cards: background, noise (DN); saturated (percent); seeing (arcsec);
    maglim, zp_rms (mag); psf_sources, sex_sources, calibrators, photometric_matches, astrometric_matches,
    grid_matches (numbers); scale_change (percent); chi2; grid_residual (arcsec); detected_matches
    (percent)."""

    background: float = 4000.0
    noise: float = 100.0
    saturated: float = 50.0
    seeing: float = 5.0
    maglim: float = 17.5
    psf_sources: int = 10
    sex_sources: int = 20
    calibrators: int = 30
    photometric_matches: int = 5
    zp_rms: float = 0.2
    astrometric_matches: int = 100
    grid_matches: int = 5
    scale_change: tuple[float, float] = (-0.2, 2.0)
    chi2: float = 55.0
    grid_residual: float = 0.7
    detected_matches: float = 50.0


def empirical_limit(zero_point: float, noise: float, noise_area: float) -> float:
    """5-sigma magnitude of a point source against sky noise alone.

    noise : DN per pixel; noise_area : 1 / sum(PSF^2), pixels. Formula: King 1983, PASP 95, 163.
    """
    return zero_point - 2.5 * np.log10(DEPTH_SNR * noise * np.sqrt(noise_area))


def limiting_magnitude(zero_point: float, flux: np.ndarray, sigma: np.ndarray) -> float:
    """5-sigma magnitude from the errors in a PSF catalog; NaN if there are too few faint sources.

    Over the faint sources sigma^2 = s0^2 + k flux (sky and photon noise) is fitted with clipping, then
    flux = 5 sigma is solved.

    flux, sigma : arrays (n,), DN.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = flux / sigma
    faint = (snr > DEPTH_SNR_RANGE[0]) & (snr < DEPTH_SNR_RANGE[1])
    if faint.sum() < MIN_DEPTH_SOURCES:
        return float("nan")
    f, variance = flux[faint], sigma[faint] ** 2
    keep = np.ones(len(f), bool)
    for _ in range(10):
        design = np.column_stack([np.ones(keep.sum()), f[keep]])
        s0, k = np.linalg.lstsq(design, variance[keep], rcond=None)[0]
        residual = variance - s0 - k * f
        scatter = robust_scatter(residual[keep], 0.0)
        # Neighbours only ever add to an error, so the high side is clipped harder.
        new = (residual < 1.5 * scatter + 1e-6 * abs(s0)) & (residual > -3.0 * scatter - 1e-6 * abs(s0))
        if new.sum() < MIN_DEPTH_SOURCES or np.array_equal(new, keep):
            break
        keep = new
    s0, k = (s0, max(k, 0.0)) if s0 > 0 else (np.median(variance), 0.0)
    half = 0.5 * DEPTH_SNR**2 * k
    return float(zero_point - 2.5 * np.log10(half + np.sqrt(half**2 + DEPTH_SNR**2 * s0)))


def assess(measured: Mapping[str, float], limits: QualityLimits | None = None) -> InfoBit:
    """INFOBITS of a science image.

    Parameters
    ----------
    measured : mapping
        background, noise, saturated_percent, psf_sources, sex_sources always; seeing_arcsec if there is a
        PSF; maglim, maglim_empirical, zp_rms, zp_matches, zp_candidates if there is a zero point;
        astrometry_matches, grid_matches, scale_change, astrometry_chi2, grid_residual, detected_matches if
        there is an astrometric solution.
        What is absent was impossible: a missing psf_fwhm, zp or astrometry_matches sets its own bit.
    limits : QualityLimits

    CHI2_GREW is never set: the fit is linear, a second pass cannot be worse.
    """
    limits = limits or QualityLimits()

    def above(key, limit):
        return key in measured and measured[key] > limit

    def below(key, limit):
        return key in measured and measured[key] < limit

    has_place, has_depth = "astrometry_matches" in measured, "zp" in measured
    low, high = limits.scale_change
    tests = {
        InfoBit.BACKGROUND_HIGH: above("background", limits.background),
        InfoBit.NOISE_HIGH: above("noise", limits.noise),
        InfoBit.SATURATED_HIGH: above("saturated_percent", limits.saturated),
        InfoBit.SEEING_HIGH: above("seeing_arcsec", limits.seeing),
        InfoBit.MAGLIM_PSF_LOW: below("maglim", limits.maglim),
        InfoBit.MAGLIM_EMPIRICAL_LOW: below("maglim_empirical", limits.maglim),
        InfoBit.FEW_PSF_SOURCES: below("psf_sources", limits.psf_sources),
        InfoBit.FEW_SEX_SOURCES: below("sex_sources", limits.sex_sources),
        InfoBit.NO_PHOTCAL: not has_depth,
        InfoBit.FEW_CALIBRATORS: below("zp_candidates", limits.calibrators),
        InfoBit.FEW_PHOTCAL_MATCHES: measured.get("zp_matches", 0) < limits.photometric_matches,
        InfoBit.ZP_RMS_HIGH: above("zp_rms", limits.zp_rms),
        InfoBit.NO_ASTROMETRY: not has_place,
        InfoBit.FEW_ASTROM_MATCHES: measured.get("astrometry_matches", 0) < limits.astrometric_matches,
        InfoBit.FEW_GRID_MATCHES: below("grid_matches", limits.grid_matches),
        InfoBit.PIXEL_SCALE_ODD: below("scale_change", low) or above("scale_change", high),
        InfoBit.CHI2_HIGH: above("astrometry_chi2", limits.chi2),
        InfoBit.GRID_RESIDUAL_HIGH: above("grid_residual", limits.grid_residual),
        InfoBit.NO_PSF: "psf_fwhm" not in measured,
        InfoBit.FEW_DETECTED_MATCHES: below("detected_matches", limits.detected_matches),
    }
    bits = InfoBit(0)
    for bit, is_set in tests.items():
        if is_set:
            bits |= bit
    return bits


def status(infobits: InfoBit) -> int:
    """STATUS card: 1 usable, 0 bad."""
    return 0 if infobits & FATAL_BITS else 1
