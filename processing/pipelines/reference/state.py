"""Config, inputs and state of the reference pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from processing.science import tpv
from processing.science.background import Background
from processing.science.coadd.coadd import CoaddFrame, FrameSky
from processing.science.detection import DetectionConfig
from processing.science.psf.model import Psf, PsfConfig
from processing.science.psf.photometry import PsfFit, PsfFitConfig
from processing.science.psf.wings import WingsConfig

ZERO_POINTS = {"zg": 26.325, "zr": 26.275, "zi": 25.660}
"""Zero point to which all references of a filter are scaled, as in the survey's."""
MAX_FRAMES = 40
SIDE, FULL_SIDE = 3200, 3072
"""A reference of a full quadrant has 3200 px of 1 arcsec a side; smaller detectors get smaller ones."""
PIXEL_SCALE = 1.0 / 3600


@dataclass(frozen=True)
class ReferenceConfig:
    """Every number the reference pipeline turns on.

    minimum, maximum : frames; clip : sigmas of an outlier; relative : error allowed for differing seeing,
    as a fraction of the light near by; background_box : px; saturation : fraction of the frames' saturation
    beyond which a star is marked
    """

    minimum: int = 15
    maximum: int = MAX_FRAMES
    clip: float = 5.0
    relative: float = 0.2
    background_box: int = 128
    saturation: float = 0.9
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    psf: PsfConfig = field(default_factory=PsfConfig)
    psf_fit: PsfFitConfig = field(default_factory=PsfFitConfig)
    wings: WingsConfig = field(default_factory=WingsConfig)


@dataclass(frozen=True)
class ReferenceFrame:
    """One science image. image, mask: (ny, nx), memory maps welcome; wcs; magzp: mag; gain: e-/DN;
    seeing: FWHM, px; saturation: DN; name: for the log."""

    image: np.ndarray
    mask: np.ndarray
    wcs: tpv.Tpv
    magzp: float
    gain: float
    seeing: float
    saturation: float
    name: str


@dataclass(frozen=True)
class ReferenceInputs:
    """frames; centre: nominal centre of the quadrant, (ra, dec) deg; filtercode: zg, zr, zi; cards: carried
    into the products."""

    frames: Sequence[ReferenceFrame]
    centre: tuple[float, float]
    filtercode: str
    cards: tuple = ()


@dataclass
class ReferenceState:
    """A co-add on its way, in the order in which the steps add to it.

    begin : wcs, shape (ny, nx) and zero_point (mag) of the co-add
    choose_frames : used: the sharpest frames; frames: the same, with their flux scales
    measure_skies : skies: of the frames
    average : image, uncertainty, coverage: float32 (ny, nx); gain (e-/DN); saturation (DN); mask: ZTF's bits; bad: bool
    detect_sources : sky; clean: the image without it; sources, segments; aperture_flux, aperture_sigma
    model_psf : psf; psf_stars: rows of sources
    fit_stars : fit
    """

    inputs: ReferenceInputs
    wcs: tpv.Tpv
    shape: tuple[int, int]
    zero_point: float
    used: list[ReferenceFrame] = field(init=False)
    frames: list[CoaddFrame] = field(init=False)
    skies: list[FrameSky] = field(init=False)
    image: np.ndarray = field(init=False)
    uncertainty: np.ndarray = field(init=False)
    coverage: np.ndarray = field(init=False)
    gain: float = field(init=False)
    saturation: float = field(init=False)
    mask: np.ndarray = field(init=False)
    bad: np.ndarray = field(init=False)
    sky: Background = field(init=False)
    clean: np.ndarray = field(init=False)
    sources: np.ndarray = field(init=False)
    segments: np.ndarray = field(init=False)
    aperture_flux: np.ndarray = field(init=False)
    aperture_sigma: np.ndarray = field(init=False)
    psf: Psf = field(init=False)
    psf_stars: np.ndarray = field(init=False)
    fit: PsfFit = field(init=False)
