"""Shapes of variable brightness: pulsators, eclipses, supernovae.

A template gives magnitudes about the mean over one period, so that the magnitude in a catalog is the mean
magnitude. `phase` is in periods with 0 at the epoch: maximum light of pulsators, primary minimum of
eclipsing binaries.
"""

import numpy as np

PULSATION_RISE = {"RRAB": 0.16, "RRC": 0.42, "CEP": 0.27}
"""Part of the period spent rising from minimum to maximum."""

BAND_AMPLITUDE = {"g": 1.0, "r": 0.72, "i": 0.57}
"""Amplitude of a pulsator by band, relative to g (Sesar et al. 2010 find 1 : 0.71 : 0.56 for RR Lyrae)."""

SUPERNOVA_RISE_DAYS = 4.0
SUPERNOVA_FALL_DAYS = {"g": 18.0, "r": 26.0, "i": 32.0}
SUPERNOVA_COLOUR = {"g": 0.0, "r": -0.05, "i": 0.35}
"""Peak magnitude by band minus that in g, like a type Ia."""
FAINTEST = 30.0
PHASE_GRID = np.arange(512) / 512.0


def pulsation(phase: np.ndarray, amplitude: np.ndarray, rise: float | np.ndarray) -> np.ndarray:
    """Magnitude about the mean of a pulsator: half a cosine up during `rise`, half a cosine down after.

    Parameters
    ----------
    phase : array (n,), periods since maximum light
    amplitude : array (n,), mag from minimum to maximum
    rise : part of the period spent brightening, 0 to 1
    """
    phase = np.mod(phase, 1.0)
    falling = phase < 1.0 - rise
    half_cycle = np.where(falling, phase / (1.0 - rise), 1.0 + (phase - (1.0 - rise)) / rise)
    return -0.5 * amplitude * np.cos(np.pi * half_cycle)


def eclipse(phase: np.ndarray, depth: np.ndarray, width: np.ndarray, secondary: np.ndarray) -> np.ndarray:
    """Magnitude about the mean of an eclipsing binary.

    Two Gaussian dips in flux, at phase 0 and 0.5. Wide dips (width near 0.1) run into each other as in
    contact systems, narrow ones (0.02) leave the light constant between them as in detached ones.

    Parameters
    ----------
    phase : array (n,), periods since primary minimum
    depth : array (n,), part of the light lost in primary minimum, 0 to 1
    width : array (n,), standard deviation of a dip, periods
    secondary : array (n,), depth of secondary over depth of primary minimum
    """
    depth, width, secondary = (np.asarray(value, float)[..., None] for value in (depth, width, secondary))
    mean = _dips(PHASE_GRID, depth, width, secondary).mean(-1)
    return _dips(np.asarray(phase)[..., None], depth, width, secondary)[..., 0] - mean


def _dips(phase, depth, width, secondary):
    primary = (phase + 0.5) % 1.0 - 0.5
    second = phase % 1.0 - 0.5
    lost = depth * (np.exp(-0.5 * (primary / width) ** 2) + secondary * np.exp(-0.5 * (second / width) ** 2))
    return -2.5 * np.log10(1.0 - lost)


def supernova(days_from_peak: np.ndarray, peak_mag: np.ndarray, stretch: np.ndarray, band: str) -> np.ndarray:
    """Magnitude of a supernova; fainter than 30 is given as 30.

    Parameters
    ----------
    days_from_peak : array (n,), days after maximum light in g
    peak_mag : array (n,), magnitude at maximum in g
    stretch : array (n,), factor on all times, 1 for a normal one
    band : g, r or i

    Source: Bazin et al. 2009, A&A 499, 653, eq. 1, normalised to its maximum.
    """
    rise, fall = SUPERNOVA_RISE_DAYS * stretch, SUPERNOVA_FALL_DAYS[band] * stretch
    centre = -rise * np.log(fall / rise - 1.0)
    since = np.clip(np.asarray(days_from_peak) - centre, -30.0 * rise, 60.0 * fall)
    flux = np.exp(-since / fall) / (1.0 + np.exp(-since / rise))
    at_peak = np.exp(centre / fall) / (1.0 + np.exp(centre / rise))
    mag = peak_mag + SUPERNOVA_COLOUR[band] - 2.5 * np.log10(flux / at_peak)
    return np.minimum(mag, FAINTEST)
