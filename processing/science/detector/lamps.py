"""The lamps of the flat-field screen, and how they are mixed to look like starlight.

Numbers of the lamps per filter and their peaks are ZTF's. Each lamp is taken as a Gaussian of `LED_FWHM` nm; its
pattern on the screen, which stars do not see, is smooth.
"""

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import nnls

LED_WAVELENGTH = {
    2: 451.4, 3: 479.8, 4: 499.9, 5: 525.9, 7: 593.5, 8: 620.7, 9: 633.1, 10: 652.9, 11: 738.9, 12: 833.6, 13: 864.6,
}  # fmt: skip
"""Peak, nm (header card ILUMWAVE); the number is that of ILUM_LED."""
LED_FWHM = 25.0
FILTER_LEDS = {"zg": (2, 3, 4, 5), "zr": (7, 8, 9, 10), "zi": (11, 12, 13)}
FILTER_BAND = {"zg": (415.6, 543.4), "zr": (565.9, 714.4), "zi": (719.5, 924.5)}
"""Half-power wavelengths, nm."""
STAR_TEMPERATURE = 5500.0
SMOOTHING = 70.0
"""nm: a pixel's deviation from the mean response changes more slowly with wavelength than this."""
EVENNESS = 0.02
"""How much an even mix is preferred, in units of the lamps' spectra: a lamp without weight would add no photons."""
GRID = np.arange(350.0, 1000.0, 2.0)
HC_OVER_K = 1.438777e7
"""nm K"""


def star_spectrum(filtercode: str, temperature: float = STAR_TEMPERATURE) -> np.ndarray:
    """Photons of a star per nm through a filter, on GRID, sum 1: a black body in a box with soft edges."""
    blue, red = FILTER_BAND[filtercode]
    photons = GRID**-4.0 / np.expm1(HC_OVER_K / (GRID * temperature))
    spectrum = photons * gaussian_filter1d(((blue < GRID) & (red > GRID)).astype(float), 2.0)
    return spectrum / spectrum.sum()


def led_spectrum(led: int) -> np.ndarray:
    """Photons of a lamp per nm, on GRID, sum 1."""
    spectrum = np.exp(-4.0 * np.log(2.0) * ((GRID - LED_WAVELENGTH[led]) / LED_FWHM) ** 2)
    return spectrum / spectrum.sum()


@lru_cache
def led_weights(filtercode: str, temperature: float = STAR_TEMPERATURE) -> dict[int, float]:
    """Weights of a filter's lamps, sum 1, with which their mix comes nearest to a star's spectrum.

    Non-negative least squares of both spectra, smoothed as the detector's response varies, drawn towards even weights.
    """
    leds = FILTER_LEDS[filtercode]
    step = SMOOTHING / (GRID[1] - GRID[0])
    design = np.column_stack([gaussian_filter1d(led_spectrum(led), step) for led in leds])
    star = gaussian_filter1d(star_spectrum(filtercode, temperature), step)
    even = EVENNESS * np.eye(len(leds))
    solution, _ = nnls(np.vstack([design, even]), np.concatenate([star, even.mean(axis=1)]))
    return {led: float(weight) for led, weight in zip(leds, solution / solution.sum(), strict=True)}
