"""Config, inputs and state of the science pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archive.survey.times import julian_year
from processing.science import tpv
from processing.science.astrometry import solve as astrometry
from processing.science.astrometry.solve import Astrometry, AstrometryConfig
from processing.science.background import Background
from processing.science.detection import DetectionConfig, SeeingConfig
from processing.science.detector.cosmics import CosmicsConfig
from processing.science.detector.overscan import OverscanFit
from processing.science.detector.tracks import TracksConfig
from processing.science.masks import BrightStarConfig
from processing.science.photometry import zeropoint
from processing.science.photometry.apertures import ApertureCorrections
from processing.science.photometry.quality import QualityLimits
from processing.science.photometry.residuals import Residuals
from processing.science.photometry.zeropoint import ZeroPoint, ZeroPointConfig
from processing.science.psf.blends import BlendsConfig
from processing.science.psf.model import Psf, PsfConfig
from processing.science.psf.photometry import PsfFit, PsfFitConfig
from processing.science.psf.wings import WingsConfig

VERSION = "3"


@dataclass(frozen=True)
class ScienceConfig:
    """Every number the science pipeline turns on.

    overscan_order : degree of the floating-bias fit; saturation : DN above the floating bias, a little below
        the full well of 58647 so that noise does not hide it; saturation_growth : px; overexposed_margin : px
        around saturated ones in which no cosmic rays are looked for
    min_usable : percent of the pixels that must be neither saturated nor undefined
    hit_share : a source that owes a larger share of its light to cosmic rays is no source
    gain (e-/DN), read_noise (e-) : taken where the header has no GAIN, READNOI
    background_box : px; residual_box : px, of the sky under the fitted stars
    residual_profile_error : relative error of the PSF, of what the stars leave, where tracks are sought
    faintest_wing : sky sigmas per pixel, light of bright stars beyond the PSF's table is followed to here
    aperture_stars : brightest PSF stars used for aperture corrections
    min_match : S/N of the detections used in astrometry; match_radius : arcsec, calibrators
    """

    overscan_order: int = 9
    saturation: float = 58000.0
    saturation_growth: int = 1
    overexposed_margin: int = 4
    min_usable: float = 5.0
    hit_share: float = 0.5
    gain: float = 6.0
    read_noise: float = 9.0
    background_box: int = 128
    residual_box: int = 64
    residual_profile_error: float = 0.03
    faintest_wing: float = 0.1
    aperture_stars: int = 300
    min_match: float = 8.0
    match_radius: float = 1.0
    cosmics: CosmicsConfig = field(default_factory=CosmicsConfig)
    seeing: SeeingConfig = field(default_factory=SeeingConfig)
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    psf: PsfConfig = field(default_factory=PsfConfig)
    psf_fit: PsfFitConfig = field(default_factory=PsfFitConfig)
    hidden: BlendsConfig = field(default_factory=BlendsConfig)  # of blended stars; stored versions have this name

    wings: WingsConfig = field(default_factory=WingsConfig)
    tracks: TracksConfig = field(default_factory=TracksConfig)
    bright_stars: BrightStarConfig = field(default_factory=BrightStarConfig)
    astrometry: AstrometryConfig = field(default_factory=AstrometryConfig)
    zero_point: ZeroPointConfig = field(default_factory=ZeroPointConfig)
    limits: QualityLimits = field(default_factory=QualityLimits)


@dataclass(frozen=True)
class ProductIdentity:
    """Numbers by which the archive knows an exposure's quadrant (`archive.survey.identifiers`); created: when the
    product was ordered (ISO 8601, UTC)."""

    field: int
    ccdid: int
    qid: int
    rcid: int
    fid: int
    nid: int
    expid: int
    rid: int
    pid: int
    created: str


@dataclass(frozen=True)
class ScienceInputs:
    """raw (ny, nx) and overscan (ny, n): DN; header: of the raw exposure and quadrant (GAIN, READNOI,
    OBSJD, FILTER); bias, bias_unc (DN), flat, flat_unc (mean 1): float32 (ny, nx); defects: int16 mask of
    the calibration; guess: expected projection; filtercode: zg, zr, zi; stars: astrometric catalog;
    calibrators: photometric catalog; bright: stars that throw halos and ghosts, also from outside the frame
    (None: those of `stars`); boresight: (ra, dec) deg of the telescope, without which no ghosts are
    predicted; identity: the product's place in the archive; astrometric_catalog: name of where `stars`
    come from."""

    raw: np.ndarray
    overscan: np.ndarray
    header: Mapping[str, Any]
    bias: np.ndarray
    bias_unc: np.ndarray
    flat: np.ndarray
    flat_unc: np.ndarray
    defects: np.ndarray
    guess: tpv.Tpv
    filtercode: str
    stars: astrometry.ReferenceStars
    calibrators: zeropoint.Calibrators
    bright: astrometry.ReferenceStars | None = None
    boresight: tuple[float, float] | None = None
    identity: ProductIdentity | None = None
    astrometric_catalog: str = "Gaia"


@dataclass
class ScienceState:
    """One quadrant on its way, in the order in which the steps add to it.

    begin : gain (e-/DN), read_noise (e-)
    measure_floating_bias : overscan
    calibrate : image, uncertainty: float32 (ny, nx), DN; saturation (DN); mask: ZTF's bits; bad: every pixel unfit for
        measuring; overexposed: those of them that are saturated or next to it
    measure_sky : sky
    detect_sources : clean: the image without sky, its bad pixels filled; seeing: FWHM (px), None where too few stars
        show it; sources; segments: number of each pixel's source; aperture_flux, aperture_sigma: (n, diameters), DN
    model_psf : psf, None where there is none; psf_stars: rows of sources, with a PSF only
    fit_stars : fit, None without a PSF
    subtract_wings : wing_light: of bright stars, taken from `clean` while the fits go on
    solve_positions : places: x, y of the detections given to astrometry; astrometry, None without a solution
    calibrate_flux : calibrators: indices of fitted sources and of their catalog stars; zero_point, None without one
    assess_residuals : residuals
    correct_apertures : corrections
    """

    inputs: ScienceInputs
    gain: float
    read_noise: float
    overscan: OverscanFit = field(init=False)
    image: np.ndarray = field(init=False)
    uncertainty: np.ndarray = field(init=False)
    saturation: float = field(init=False)
    mask: np.ndarray = field(init=False)
    bad: np.ndarray = field(init=False)
    overexposed: np.ndarray = field(init=False)
    sky: Background = field(init=False)
    clean: np.ndarray = field(init=False)
    seeing: float | None = None
    sources: np.ndarray = field(init=False)
    segments: np.ndarray = field(init=False)
    aperture_flux: np.ndarray = field(init=False)
    aperture_sigma: np.ndarray = field(init=False)
    psf: Psf | None = None
    psf_stars: np.ndarray = field(init=False)
    fit: PsfFit | None = None
    wing_light: np.ndarray | None = None
    places: tuple[np.ndarray, np.ndarray] = field(init=False)
    astrometry: Astrometry | None = None
    calibrators: tuple[np.ndarray, np.ndarray] = field(init=False)
    zero_point: ZeroPoint | None = None
    residuals: Residuals | None = None
    corrections: ApertureCorrections | None = None
    problems: list[str] = field(default_factory=list)


def epoch_of(header: Mapping[str, Any]) -> float:
    """Julian year of an exposure."""
    return julian_year(float(header["OBSJD"]))
