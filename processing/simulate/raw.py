"""Raw CCD files as the camera writes them.

Primary header with the camera's cards, extensions 1 to 4 the quadrants, 5 to 8 their overscan strips
(extension qid + 4), all tile-compressed with RICE without loss.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fitsio

from archive.files.atomic import whole_file
from archive.survey.camera import QUADRANT_IDS, Camera, filter_of, nominal_wcs, plane_to_sky
from archive.survey.fields import CALIBRATION_FIELD, field_centre
from archive.survey.filenames import IMAGE_TYPES, ProductName, raw_name
from archive.survey.identifiers import FIRST_NIGHT, TICKS_PER_DAY, filefracday_of_jd, ticks_of_jd
from archive.survey.times import MJD_ZERO
from processing.science.detector.lamps import LED_WAVELENGTH
from processing.simulate import checksums
from processing.simulate.conditions import airmass_at, alt_az, sidereal_time
from processing.simulate.detector import Readout
from processing.simulate.telemetry import camera_cards, observatory_cards, pointing_cards

PROGRAM_INVESTIGATOR = {0: "Engineering", 1: "Kulkarni", 2: "Kulkarni", 3: "Kulkarni"}


@dataclass(frozen=True)
class RawExposure:
    """One order of the observing queue: time (JD, UTC, shutter open, whole 1e-6 d), field, filter, program, kind of
    frame.

    `filtercode` is zg, zr or zi, or 'bi' for a bias frame; `imgtypecode` o, b or f. `led` is the lamp of a flat;
    `offset` (deg east, deg north) is how far from the field's centre the telescope is sent.
    """

    jd: float
    field: int
    filtercode: str
    exptime: float
    programid: int = 1
    imgtypecode: str = "o"
    led: int | None = None
    offset: tuple[float, float] = (0.0, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """Right ascension and declination (deg) that the telescope was told to look at."""
        ra, dec = field_centre(self.field)
        if self.offset == (0.0, 0.0):
            return ra, dec
        there = plane_to_sky(*self.offset, ra, dec)
        return float(there[0]), float(there[1])

    @property
    def filefracday(self) -> int:
        """YYYYMMDDdddddd of this exposure's files."""
        return filefracday_of_jd(self.jd)

    def name(self, ccdid: int) -> ProductName:
        """Name of one CCD's file."""
        return raw_name(self.filefracday, self.field, self.filtercode, ccdid, self.imgtypecode)


def write_ccd(root: Path, camera: Camera, exposure: RawExposure, ccdid: int, readouts: dict[int, Readout]) -> Path:
    """Write one CCD's file into the raw tree below `root`; returns its path.

    The file is written under a temporary name, synced and renamed, so a reader never sees half of it.

    Parameters
    ----------
    readouts : Readout by qid, all four quadrants
    """
    missing = [qid for qid in QUADRANT_IDS if qid not in readouts]
    if missing:
        raise ValueError(f"readouts: quadrants {missing} of CCD {ccdid} are missing; a file holds all four")
    path = Path(root) / exposure.name(ccdid).path
    temporary = path.with_name(f".{path.name}.part")  # CFITSIO compresses by how a name ends
    temporary.unlink(missing_ok=True)
    with whole_file(path, temporary):
        _write_file(temporary, path.name, camera, exposure, ccdid, readouts)
    return path


def _write_file(temporary: Path, name: str, camera, exposure, ccdid: int, readouts) -> None:
    with fitsio.FITS(str(temporary), "rw") as file:
        file.write(None, header=_records(primary_cards(camera, exposure, name)))
        checksums.reserve(file[0])
        for qid in QUADRANT_IDS:
            cards = quadrant_cards(camera, exposure, ccdid, qid)
            _write_image(file, readouts[qid].pixels, cards)
        for qid in QUADRANT_IDS:
            cards = overscan_cards(camera, ccdid, qid)
            _write_image(file, readouts[qid].overscan, cards)
    checksums.fill_in(temporary)


def _write_image(file, pixels, cards):
    # fitsio drops EXTNAME from a header; it has to be told by name.
    (extname,) = (value for name, value, _ in cards if name == "EXTNAME")
    file.write(pixels, header=_records(cards), extname=extname, compress="RICE", tile_dims=(1, pixels.shape[1]))
    checksums.reserve(file[-1])


def _records(cards):
    return [{"name": name, "value": value, "comment": comment} for name, value, comment in cards]


def primary_cards(camera: Camera, exposure: RawExposure, filename: str) -> list[tuple[str, object, str]]:
    """Cards of the primary header: (name, value, comment)."""
    opened = _utc(exposure.jd)
    cards = [
        ("ORIGIN", "Zwicky Transient Facility", "Data origin"),
        ("OBSERVER", "Simulated night", "Observer"),
        ("INSTRUME", "ZTF/MOSAIC", "Instrument name"),
        ("OBSERVAT", "Palomar Observatory", "Observatory"),
        ("TELESCOP", "Palomar 48-inch", "Observatory telescope"),
        ("OBSLON", camera.site.longitude, "Observatory longitude (deg)"),
        ("OBSLAT", camera.site.latitude, "Observatory latitude (deg)"),
        ("OBSALT", camera.site.altitude, "Observatory altitude (m)"),
        ("IMGTYPE", IMAGE_TYPES[exposure.imgtypecode], "Image type"),
        ("EXPOSURE", exposure.exptime, "Total Exposure Time (s)"),
        ("EXPTIME", exposure.exptime, "Requested Exposure Time (s)"),
        ("CCDSUM", "1 1", "CCD binning"),
        ("PIXSCALE", round(camera.pixel_scale * 3600.0, 6), "Pixel scale, in arcsec per pixel"),
        ("PIXSCALX", round(camera.pixel_scale * 3600.0, 6), "Pixel scale in X"),
        ("PIXSCALY", round(camera.pixel_scale * 3600.0, 6), "Pixel scale in Y"),
        ("FILENAME", filename.removesuffix(".fz"), "File name"),
        ("FIELDID", exposure.field, "ZTF field ID number"),
        ("PROGRMID", exposure.programid, "Queue program ID"),
        ("PROGRMPI", PROGRAM_INVESTIGATOR[exposure.programid], "Queue program PI"),
        ("OBSJD", round(exposure.jd, 7), "Julian day corresponds to UTC-OBS (day)"),
        ("OBSMJD", round(exposure.jd - MJD_ZERO, 7), "MJD corresponds to UTC-OBS (day)"),
        ("SHUTOPEN", _iso(opened), "Shutter open time"),
        ("SHUTCLSD", _iso(opened + timedelta(seconds=exposure.exptime)), "Shutter close time"),
        ("NFRAMES", 2 * len(QUADRANT_IDS), "number of frames in FITS file"),
        *camera_cards(exposure.jd, filename.removesuffix(".fz")),
        *observatory_cards(exposure.jd, camera.site),
    ]
    if exposure.filtercode != "bi":
        filter_ = filter_of(exposure.filtercode)
        cards += [
            ("FILTERID", filter_.fid, "Filter ID code"),
            ("FILTER", filter_.name, "Filter name"),
            ("FILTPOS", filter_.fid, "Filter position"),
        ]
    if exposure.led is not None:
        cards += [
            ("ILUM_LED", exposure.led, "Flat-field lamp that was on"),
            ("ILUMWAVE", LED_WAVELENGTH[exposure.led], "Peak wavelength of the lamp (nm)"),
        ]
    if exposure.field != CALIBRATION_FIELD:
        cards += _sky_cards(camera, exposure)
    return cards


def _sky_cards(camera, exposure):
    """Cards of where the telescope was told to look, and how high that was."""
    ra, dec = exposure.centre
    altitude, azimuth, hour_angle = alt_az(exposure.jd, ra, dec, camera.site)
    return [
        ("EQUINOX", 2000.0, "Equinox"),
        ("OBJRAD", ra, "Object right ascension (deg)"),
        ("OBJDECD", dec, "Object declination (deg)"),
        ("RAD", ra, "Requested right ascension (deg)"),
        ("DECD", dec, "Requested declination (deg)"),
        ("TELRAD", ra, "Telescope right ascension (deg)"),
        ("TELDECD", dec, "Telescope declination (deg)"),
        ("AZIMUTH", round(azimuth, 4), "Telescope azimuth (deg)"),
        ("ELVATION", round(altitude, 4), "Telescope elevation (deg)"),
        ("HOURANGD", round(hour_angle, 6), "Hour angle (deg)"),
        ("OBLSTD", round(sidereal_time(exposure.jd, camera.site.longitude), 6), "Local Sidereal Time (deg)"),
        ("AIRMASS", round(airmass_at(altitude), 4), "Airmass (Hardie)"),
        *pointing_cards(exposure.jd, ra, dec, camera.site),
    ]


def quadrant_cards(camera: Camera, exposure: RawExposure, ccdid: int, qid: int) -> list[tuple[str, object, str]]:
    """Cards of a quadrant's extension: its amplifier, for sky frames also the WCS that was pointed at."""
    cards = [
        ("EXTNAME", str(qid), "Quadrant"),
        ("HDUVERS", 1, ""),
        *_amplifier_cards(camera, ccdid, qid),
        ("CCD_ROT", 0.0, "CCD rotation angle"),
    ]
    if exposure.field != CALIBRATION_FIELD:
        ra, dec = exposure.centre
        cards.append(("WCSVERS", "2.1", "WCS version number"))
        cards += [(name, value, "") for name, value in nominal_wcs(camera, ccdid, qid, ra, dec).items()]
    return cards


def overscan_cards(camera: Camera, ccdid: int, qid: int) -> list[tuple[str, object, str]]:
    """Cards of an overscan strip's extension."""
    return [("EXTNAME", f"OVERSCAN{qid}", "Overscan strip"), *_amplifier_cards(camera, ccdid, qid)]


def _amplifier_cards(camera, ccdid, qid):
    return [
        ("CCD_ID", ccdid, "ID value of CCD detector"),
        ("CCDNAME", f"S{ccdid:02d}", "Detector name or serial number"),
        ("AMP_ID", qid - 1, "ID value of CCD amplifier"),
        ("AMP_NAME", "EGFH"[qid - 1], "Name of CCD amplifier"),
        ("GAIN", camera.gain, "Gain e-/adu"),
        ("READNOI", camera.read_noise, "Read noise e-"),
        ("DARKCUR", camera.dark_current, "Dark current e-/s @ 150 K"),
    ]


def _utc(jd):
    days, ticks = divmod(ticks_of_jd(jd), TICKS_PER_DAY)
    first = datetime(FIRST_NIGHT.year, FIRST_NIGHT.month, FIRST_NIGHT.day, tzinfo=UTC)
    return first + timedelta(days=days, microseconds=ticks * 8640)


def _iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
