"""Config, inputs and state of the difference pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from astropy.table import Table

from processing.science import tpv
from processing.science.astrometry.registration import FluxRatio, Registration
from processing.science.background import Background
from processing.science.psf.model import Psf, PsfConfig
from processing.science.subtraction import features
from processing.science.subtraction.stars import CatalogStars
from processing.science.subtraction.zogy import SubtractConfig, Subtraction


@dataclass(frozen=True)
class DifferenceConfig:
    """Every number the difference pipeline turns on.

    background_box : px; match_radius : px; psf_snr : of the stars that model the PSFs; psf_isolation : px
    without a neighbour; max_peak : of those stars, as a fraction of saturation; threshold : of |Scorr|;
    saturation_growth, bad_growth : px around saturated and bad pixels where no candidate is taken;
    max_candidates : more make the difference unusable; triggers : of an alert
    """

    background_box: int = 128
    match_radius: float = 2.0
    psf_snr: float = 40.0
    psf_isolation: float = 9.0
    max_peak: float = 0.7
    threshold: float = 5.0
    saturation_growth: int = 5
    bad_growth: int = 1
    max_candidates: int = 4999
    psf: PsfConfig = field(default_factory=lambda: PsfConfig(max_stars=200, cell=768))
    subtract: SubtractConfig = field(default_factory=SubtractConfig)
    triggers: features.Triggers = field(default_factory=features.Triggers)


@dataclass(frozen=True)
class ImageInputs:
    """One image. image, uncertainty: float32 (ny, nx), DN; mask: int16 or None; wcs; catalog: psfcat; header:
    MAGZP, GAIN, SATURATE, SEEING."""

    image: np.ndarray
    uncertainty: np.ndarray
    mask: np.ndarray | None
    wcs: tpv.Tpv
    catalog: Table
    header: Mapping[str, Any]


@dataclass(frozen=True)
class DifferenceInputs:
    """science; reference: its uncertainty is 0 where it was not seen; cards: carried into the products."""

    science: ImageInputs
    reference: ImageInputs
    cards: tuple = ()


@dataclass
class DifferenceState:
    """Science image and reference on their way to a difference, in the order in which the steps add to it.

    begin : shape (ny, nx); bad, saturated: bool masks of the science image; stars, reference_stars: of the PSF
        catalogs, the reference's in the science image's pixels once it is registered
    register_reference : registration; common: rows of stars and reference_stars that are the same star
    resample_reference : reference: float32 (ny, nx), on the science image's pixels, later without its sky and on its
        flux scale; reference_noise; reference_saturated, reference_bad: bool masks
    measure_skies : science: without sky, bad pixels filled; science_noise; sky: of the science image
    model_psfs : psf, reference_psf
    match_fluxes : flux_ratio: of science image over reference
    prepare : unfit: pixels that are not compared; excluded: where no candidate is taken; source_variance: photon noise
        of the sources in both (DN^2); science_variance, reference_variance: with that of the skies
    subtract_images : subtraction
    find_candidates : limit: 5 sigma, mag; table: of the candidates
    """

    inputs: DifferenceInputs
    shape: tuple[int, int]
    bad: np.ndarray
    saturated: np.ndarray
    stars: CatalogStars
    reference_stars: CatalogStars
    registration: Registration = field(init=False)
    common: tuple[np.ndarray, np.ndarray] = field(init=False)
    reference: np.ndarray = field(init=False)
    reference_noise: np.ndarray = field(init=False)
    reference_saturated: np.ndarray = field(init=False)
    reference_bad: np.ndarray = field(init=False)
    science: np.ndarray = field(init=False)
    science_noise: np.ndarray = field(init=False)
    sky: Background = field(init=False)
    psf: Psf = field(init=False)
    reference_psf: Psf = field(init=False)
    flux_ratio: FluxRatio = field(init=False)
    unfit: np.ndarray = field(init=False)
    excluded: np.ndarray = field(init=False)
    source_variance: np.ndarray = field(init=False)
    science_variance: np.ndarray = field(init=False)
    reference_variance: np.ndarray = field(init=False)
    subtraction: Subtraction = field(init=False)
    limit: float = field(init=False)
    table: Table = field(init=False)
