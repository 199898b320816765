"""Meanings of the bits of a mask image and of INFOBITS.

Sources: the BITnn cards of a real `mskimg` and a real `sciimg` header; the templates 6141 and 2050 are those
of the ZTF Explanatory Supplement; bit 25 is the survey's advisory about nights of bad photometric quality.
"""

from enum import IntFlag
from typing import TypeVar

Flag = TypeVar("Flag", bound=IntFlag)


class MaskBit(IntFlag):
    """Bits of the 16-bit mask image; bits 13 to 15 are reserved."""

    TRACK = 1 << 0
    SEXTRACTOR = 1 << 1
    LOW_RESPONSE = 1 << 2
    HIGH_RESPONSE = 1 << 3
    NOISY = 1 << 4
    GHOST = 1 << 5
    SPILLAGE = 1 << 6
    SPIKE = 1 << 7
    SATURATED = 1 << 8
    DEAD = 1 << 9
    NAN = 1 << 10
    PSF_SOURCE = 1 << 11
    HALO = 1 << 12


MASK_DESCRIPTIONS = {
    MaskBit.TRACK: "AIRCRAFT/SATELLITE TRACK",
    MaskBit.SEXTRACTOR: "CONTAINS SEXTRACTOR DETECTION",
    MaskBit.LOW_RESPONSE: "LOW RESPONSIVITY",
    MaskBit.HIGH_RESPONSE: "HIGH RESPONSIVITY",
    MaskBit.NOISY: "NOISY",
    MaskBit.GHOST: "GHOST FROM BRIGHT SOURCE",
    MaskBit.SPILLAGE: "POSSIBLE GHOST FROM CHARGE SPILLAGE",
    MaskBit.SPIKE: "PIXEL SPIKE (POSSIBLE RAD HIT)",
    MaskBit.SATURATED: "SATURATED",
    MaskBit.DEAD: "DEAD (UNRESPONSIVE)",
    MaskBit.NAN: "NAN (not a number)",
    MaskBit.PSF_SOURCE: "CONTAINS PSF-EXTRACTED SOURCE POSITION",
    MaskBit.HALO: "HALO FROM BRIGHT SOURCE",
}
MASK_WORDS = {
    MaskBit.TRACK: "aircraft or satellite track",
    MaskBit.SEXTRACTOR: "in an aperture detection",
    MaskBit.LOW_RESPONSE: "low response",
    MaskBit.HIGH_RESPONSE: "high response",
    MaskBit.NOISY: "noisy",
    MaskBit.GHOST: "ghost of a bright source",
    MaskBit.SPILLAGE: "charge spillage",
    MaskBit.SPIKE: "pixel spike (cosmic ray)",
    MaskBit.SATURATED: "saturated",
    MaskBit.DEAD: "dead",
    MaskBit.NAN: "not a number",
    MaskBit.PSF_SOURCE: "at a PSF source",
    MaskBit.HALO: "halo of a bright source",
}
"""The bits in words for people."""

SOURCE_MASK = int(MaskBit.SEXTRACTOR | MaskBit.PSF_SOURCE)
"""Bits that mark a source, not a defect: 2050."""

BAD_PIXEL_MASK = int(sum(MaskBit)) & ~SOURCE_MASK
"""Bits that make a pixel unusable: 6141 (bits 0, 2 to 10, 12)."""


class InfoBit(IntFlag):
    """Bits of INFOBITS of a science image. Bit 25 makes the image unusable for photometry."""

    BACKGROUND_HIGH = 1 << 0
    NOISE_HIGH = 1 << 1
    SATURATED_HIGH = 1 << 2
    SEEING_HIGH = 1 << 3
    MAGLIM_PSF_LOW = 1 << 4
    MAGLIM_EMPIRICAL_LOW = 1 << 5
    FEW_PSF_SOURCES = 1 << 6
    FEW_SEX_SOURCES = 1 << 7
    NO_PHOTCAL = 1 << 8
    FEW_CALIBRATORS = 1 << 9
    FEW_PHOTCAL_MATCHES = 1 << 10
    ZP_RMS_HIGH = 1 << 11
    NO_ASTROMETRY = 1 << 12
    FEW_REFCAT_MATCHES = 1 << 13
    FEW_ASTROM_MATCHES = 1 << 14
    FEW_GRID_MATCHES = 1 << 15
    PIXEL_SCALE_ODD = 1 << 16
    CHI2_GREW = 1 << 17
    CHI2_HIGH = 1 << 18
    GRID_RESIDUAL_HIGH = 1 << 19
    NO_PSF = 1 << 20
    FEW_DETECTED_MATCHES = 1 << 21
    BAD_PHOTOMETRIC_QUALITY = 1 << 25


INFO_DESCRIPTIONS = {
    InfoBit.BACKGROUND_HIGH: "MEDIAN BACKGROUND LEVEL is >  4000.0 DN",
    InfoBit.NOISE_HIGH: "ROBUST PIXEL NOISE (RMS) is > 100.0 DN",
    InfoBit.SATURATED_HIGH: "PERCENT OF SATURATED PIXELS is > 50.0%",
    InfoBit.SEEING_HIGH: 'IMAGE SEEING (FWHM) is > 5.0"',
    InfoBit.MAGLIM_PSF_LOW: "MAGLIM FROM PSF CATALOG UNCERTS is < 17.5 mag",
    InfoBit.MAGLIM_EMPIRICAL_LOW: "MAGLIM FROM EMPIRICAL FORMULA is < 17.5 mag",
    InfoBit.FEW_PSF_SOURCES: "NUMBER OF PSF CATALOG SOURCES is < 10",
    InfoBit.FEW_SEX_SOURCES: "NUMBER OF SEXTRACTOR CAT SOURCES is < 20",
    InfoBit.NO_PHOTCAL: "PHOTOMETRIC CALIBRATION NOT POSSIBLE",
    InfoBit.FEW_CALIBRATORS: "NUMBER OF PHOTOMETRIC CALIBRATORS is < 30",
    InfoBit.FEW_PHOTCAL_MATCHES: "NUMBER OF MATCHES FOR PHOTOMETRIC CAL < 5",
    InfoBit.ZP_RMS_HIGH: "RMS in PHOTCAL RESIDUALS (ZPs) is > 0.2 mag",
    InfoBit.NO_ASTROMETRY: "ASTROMETRIC CALIBRATION NOT POSSIBLE",
    InfoBit.FEW_REFCAT_MATCHES: "PCT OF REF-CAT MATCHES FOR ASTROM is < 0%",
    InfoBit.FEW_ASTROM_MATCHES: "NUMBER OF MATCHES FOR ASTROM CAL is < 100",
    InfoBit.FEW_GRID_MATCHES: "MIN NUM OF IN-GRID MATCHES FOR ASTROM is < 5",
    InfoBit.PIXEL_SCALE_ODD: "REL-PIXEL SCALE OUT OF RANGE: -0.20% - 2.00%",
    InfoBit.CHI2_GREW: "PCT CHANGE IN SCAMP CHI-SQUARE is > 0.0%",
    InfoBit.CHI2_HIGH: "CHI-SQUARE FROM SECOND PASS SCAMP is > 55",
    InfoBit.GRID_RESIDUAL_HIGH: 'MAX IN-GRID MEDIAN ASTROM RESID is > 0.7"',
    InfoBit.NO_PSF: "PSF CREATION (HENCE PSF-FIT PHOT) NOT POSSIBLE",
    InfoBit.FEW_DETECTED_MATCHES: "PCT OF DETECTED MATCHES FOR ASTROM is < 50%",
    InfoBit.BAD_PHOTOMETRIC_QUALITY: "BAD PHOTOMETRIC QUALITY (FLAGGED AFTER PROCESSING)",
}

INFO_WORDS = {
    InfoBit.BACKGROUND_HIGH: "background above 4000 DN",
    InfoBit.NOISE_HIGH: "pixel noise above 100 DN",
    InfoBit.SATURATED_HIGH: "more than half of the pixels saturated",
    InfoBit.SEEING_HIGH: "seeing above 5″",
    InfoBit.MAGLIM_PSF_LOW: "limit of the PSF catalog below 17.5 mag",
    InfoBit.MAGLIM_EMPIRICAL_LOW: "limit by formula below 17.5 mag",
    InfoBit.FEW_PSF_SOURCES: "fewer than 10 PSF sources",
    InfoBit.FEW_SEX_SOURCES: "fewer than 20 aperture sources",
    InfoBit.NO_PHOTCAL: "no photometric calibration",
    InfoBit.FEW_CALIBRATORS: "fewer than 30 photometric calibrators",
    InfoBit.FEW_PHOTCAL_MATCHES: "fewer than 5 photometric matches",
    InfoBit.ZP_RMS_HIGH: "zero point scatter above 0.2 mag",
    InfoBit.NO_ASTROMETRY: "no astrometric calibration",
    InfoBit.FEW_REFCAT_MATCHES: "few reference stars matched",
    InfoBit.FEW_ASTROM_MATCHES: "fewer than 100 astrometric matches",
    InfoBit.FEW_GRID_MATCHES: "fewer than 5 matches in a grid cell",
    InfoBit.PIXEL_SCALE_ODD: "pixel scale out of range",
    InfoBit.CHI2_GREW: "astrometric chi square grew",
    InfoBit.CHI2_HIGH: "astrometric chi square above 55",
    InfoBit.GRID_RESIDUAL_HIGH: "astrometric residual above 0.7″",
    InfoBit.NO_PSF: "no PSF",
    InfoBit.FEW_DETECTED_MATCHES: "fewer than half of detections matched",
    InfoBit.BAD_PHOTOMETRIC_QUALITY: "bad photometric quality (flagged later)",
}
"""The bits in words for people."""


def names_of(flags: type[Flag]) -> dict[str, Flag]:
    """Single bits by the names that addresses and forms have for them: seeing-high, no-psf."""
    return {bit.name.lower().replace("_", "-"): bit for bit in flags if bit.name}


def bit_number(flag: IntFlag) -> int:
    """The number of a single bit: `bit_number(MaskBit.SATURATED)` is 8."""
    return int(flag).bit_length() - 1
