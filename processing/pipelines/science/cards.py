"""Header cards of science products, with the names and meanings of ZTF's own."""

from archive.survey.bits import INFO_DESCRIPTIONS, MASK_DESCRIPTIONS, bit_number
from processing.pipelines.base import Cards, Measurements
from processing.pipelines.science.state import VERSION, ScienceState
from processing.science import tpv
from processing.science.photometry import apertures

PIPEID = 15
RESERVED_MASK_BITS = (13, 14, 15)
CALIBRATION_NOTES = (
    "*** photometric-calibration keywords below are from PSF-fitting:",
    "*** for aperture magnitudes of point sources add MAGZP as well",
    "*** and the psf_mag-aper_mag corrections APCORn below",
)
LAST_INFO_CARD = 21
# Cards of the raw header that describe the file, not the exposure.
STRUCTURAL = {
    "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "GCOUNT", "GROUPS", "EXTEND", 
    "BZERO", "BSCALE", "CHECKSUM", "DATASUM", "EXTNAME", "COMMENT", "HISTORY", "END", "", "TFIELDS", "BUNIT",
}  # fmt: skip
WCS_PREFIXES = ("CRPIX", "CRVAL", "CDELT", "CTYPE", "CUNIT", "CD1_", "CD2_", "PV1_", "PV2_", "PC1_", "PC2_")


def science_cards(state: ScienceState, measured: Measurements) -> Cards:
    """Header of the image and the catalogs: exposure, projection, calibration, identity."""
    return (
        exposure_cards(state)
        + wcs_cards(state)
        + astrometry_cards(state)
        + photometry_cards(state)
        + detector_cards(state)
        + quality_cards(state, measured)
        + identity_cards(state)
    )


def mask_cards(state: ScienceState) -> Cards:
    """Header of the mask: what its bits mean."""
    bits = [(f"BIT{bit_number(bit):02d}", bit_number(bit), text) for bit, text in MASK_DESCRIPTIONS.items()]
    bits += [(f"BIT{number:02d}", number, "RESERVED FOR FUTURE USE") for number in RESERVED_MASK_BITS]
    return (
        exposure_cards(state)
        + wcs_cards(state)
        + astrometry_cards(state)
        + detector_cards(state)
        + bits
        + identity_cards(state)
    )


def exposure_cards(state: ScienceState) -> Cards:
    """The raw header's own cards, without those that describe its file or its guess of the WCS."""
    header = state.inputs.header
    comments = {card.keyword: card.comment for card in getattr(header, "cards", ())}
    cards: Cards = []
    for key in header:
        if key in STRUCTURAL or key.startswith(WCS_PREFIXES) or key[:5] == "NAXIS":
            continue
        comment = comments.get(key, "")
        cards.append((key, header[key], comment))
    return cards


def wcs_cards(state: ScienceState) -> Cards:
    """The solution, or the guess where there is none (INFOBITS bit 12 tells)."""
    return tpv.header_cards(state.astrometry.wcs if state.astrometry else state.inputs.guess)


def astrometry_cards(state: ScienceState) -> Cards:
    """Cards of the projection's fit; none without a solution."""
    if state.astrometry is None:
        return []
    a = state.astrometry
    return [
        ("ASTRRMS1", float(a.rms[0]), "Astrom. dispersion RMS (ref., high S/N) [deg]"),
        ("ASTRRMS2", float(a.rms[1]), "Astrom. dispersion RMS (ref., high S/N) [deg]"),
        ("ASTIRMS1", 0.0, "Astrom. dispersion RMS (intern., high S/N)"),
        ("ASTIRMS2", 0.0, "Astrom. dispersion RMS (intern., high S/N)"),
        ("ASTROMN", len(a.detection), "Number of astrometric matches"),
        ("ASTCHI2", a.chi2, "Reduced chi-square of the astrometric fit"),
        ("SCAMPFIL", state.inputs.astrometric_catalog, "Astrometric reference catalog"),
    ]


def photometry_cards(state: ScienceState) -> Cards:
    """Zero point, colour term, aperture corrections; what is unknown is left out."""
    cards: Cards = []
    if state.zero_point is not None:
        z = state.zero_point
        cards += [(f"CALNOTE{k}", text, "") for k, text in enumerate(CALIBRATION_NOTES, 1)]
        cards += [
            ("NMATCHES", z.matches, "Number of photometric calibrators used"),
            ("MAGZP", z.zp, "Magnitude zero point for PSF-photometry [mag]"),
            ("MAGZPUNC", z.zp_unc, "Magnitude zero point uncertainty [mag]"),
            ("MAGZPRMS", z.rms, "Magnitude zero point RMS deviation [mag]"),
            ("CLRCOEFF", z.colour, "Color coefficient from linear fit"),
            ("CLRCOUNC", z.colour_unc, "Color coefficient uncertainty"),
            ("ZPCLRCOV", z.covariance, "Covariance in MAGZP and CLRCOEFF [mag^2]"),
            ("PCOLOR", z.colour_name, "Calibrator color used for PSF-fit calibration"),
            ("ZPMED", z.zp_median, "Mag zero point from median of mag diffs [mag]"),
            ("ZPAVG", z.zp_mean, "Mag zero point from average of mag diffs [mag]"),
            ("ZPRMSALL", z.zp_rms_all, "Mag zero point RMS from all mag diffs [mag]"),
            ("CLRMED", z.colour_median, "Median calibrator color [mag]"),
            ("CLRAVG", z.colour_mean, "Average calibrator color [mag]"),
            ("CLRRMS", z.colour_rms, "RMS in calibrator color [mag]"),
        ]
    if state.corrections is not None:
        c = state.corrections
        for k, diameter in enumerate(apertures.DIAMETERS):
            what = f"PSF_mag - AP_mag for AP.diam={diameter:4.1f} pix."
            cards += [
                (f"APCOR{k + 1}", float(c.correction[k]), what),
                (f"APCORUN{k + 1}", float(c.uncertainty[k]), f"Uncertainty in APCOR{k + 1} [mag]"),
            ]
    return cards


def detector_cards(state: ScienceState) -> Cards:
    """Measurements of the frame itself, and the quantities needed to count its electrons."""
    cards: Cards = [
        ("SATURATE", float(state.saturation), "Saturation value in final science image [DN]"),
        ("GAIN", state.gain, "Gain [e-/DN]"),
        ("READNOI", state.read_noise, "Read noise [e-]"),
        ("FIXAPERS", ",".join(f"{d:g}" for d in apertures.DIAMETERS), "fixed aperture diameters used [pixels]"),
        ("BKGMED", state.sky.median, "Median background [DN]"),
        ("BKGRMS", state.sky.rms, "Robust pixel noise [DN]"),
    ]
    if state.psf is not None:
        cards.append(("SEEING", round(state.psf.fwhm, 4), "seeing FWHM [pixels]"))
    return cards


def quality_cards(state: ScienceState, measured: Measurements) -> Cards:
    """Depth, INFOBITS and what they mean, STATUS."""
    cards: Cards = []
    if "psf_total" in measured:
        cards.append(("PSFTOTAL", measured["psf_total"], "Light of a star over that in the PSF model"))
    if "maglim" in measured:
        cards.append(("MAGLIM", round(measured["maglim"], 3), "5-sigma mag-limit in PSF-fit catalog [mag]"))
    cards.append(("INFOBITS", measured["infobits"], "infoBits; see BIT00 to BIT21"))
    for bit, text in INFO_DESCRIPTIONS.items():
        number = bit_number(bit)
        if number <= LAST_INFO_CARD:
            cards.append((f"BIT{number:02d}", number, text))
    return [*cards, ("STATUS", measured["status"], "overall processing flag: 0 = bad; 1 = usable")]


def identity_cards(state: ScienceState) -> Cards:
    """The product's place in the archive."""
    identity = state.inputs.identity
    cards: Cards = [("PROCVSN", int(VERSION), "Processing version")]
    if identity is None:
        return cards
    return cards + [
        ("CCDID", identity.ccdid, "CCD number (1..16)"),
        ("QID", identity.qid, "Quadrant number (1..4)"),
        ("RCID", identity.rcid, "Readout-channel number (0..63)"),
        ("EXPID", identity.expid, "Exposure number"),
        ("CREATED", identity.created, "Date and time of processing (UTC)"),
        ("DBPID", identity.pid, "Database processed-image ID"),
        ("DBFIELD", identity.field, "Database field"),
        ("DBNID", identity.nid, "Database night ID"),
        ("DBEXPID", identity.expid, "Database exposure ID"),
        ("DBRID", identity.rid, "Database raw-image ID"),
        ("DBRCID", identity.rcid, "Database readout-channel ID"),
        ("DBFID", identity.fid, "Database filter ID"),
        ("DBPIPEID", PIPEID, "Database pipeline ID"),
    ]
