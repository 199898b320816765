"""Header cards of camera and observatory, in every raw header beside the exposure's own: sky, weather, temperatures.

Sun and Moon are real; weather and temperatures are plausible, vary slowly, and follow from the time alone.
"""

from functools import lru_cache

import numpy as np
from astropy.coordinates import get_body, get_sun
from astropy.time import Time

from archive.survey.camera import CCD_IDS, Site
from archive.survey.times import SECONDS_PER_DAY
from processing.simulate.conditions import alt_az, moon_illumination, sidereal_time

Cards = list[tuple[str, object, str]]
UNKNOWN = -9999.0
CCD_TEMPERATURE, CRYO_HEAD = 172.0, 168.0  # K
FAILED_SENSOR = 5  # of the CCD temperatures, as on the real camera


def observatory_cards(jd: float, site: Site) -> Cards:
    """Weather, Sun and Moon at Palomar."""
    sun, moon = _bodies(round(jd, 5))
    sun_altitude, sun_azimuth, _ = alt_az(jd, *sun, site)
    moon_altitude, _, _ = alt_az(jd, *moon, site)
    temperature = 14.0 + _swing(jd, 365.25, 6.0) + _swing(jd, 1.0, 2.0)
    humidity = 35.0 + _swing(jd, 3.7, 20.0)
    lit = moon_illumination(jd)
    return [
        ("TEMPTURE", round(temperature, 1), "Outside air temperature (C)"),
        ("WINDSPD", round(3.0 + _swing(jd, 0.9, 2.5), 1), "Outside wind speed"),
        ("WINDDIR", round(180.0 + _swing(jd, 2.3, 179.0)), "Outside wind direction (deg)"),
        ("DEWPOINT", round(temperature - (100.0 - humidity) / 5.0, 1), "Dewpoint (C)"),
        ("WETNESS", 0.0, "Wetness sensor reading"),
        ("HUMIDITY", round(humidity, 1), "Humidity"),
        ("PRESSURE", UNKNOWN, "Atmospheric pressure, millibars"),
        ("CLOUDS", UNKNOWN, "Cloud sensor reading"),
        ("SUNAZ", round(sun_azimuth, 4), "Sun azimuth (deg)"),
        ("SUNALT", round(sun_altitude, 4), "Sun altitude (deg)"),
        ("MOONRA", round(moon[0], 4), "Moon J2000.0 R.A. (deg)"),
        ("MOONDEC", round(moon[1], 4), "Moon J2000.0 Dec. (deg)"),
        ("MOONALT", round(moon_altitude, 4), "Moon altitude (deg)"),
        ("MOONILLF", round(lit, 4), "Moon illuminated fraction (frac)"),
        ("MOONPHAS", round(float(np.degrees(np.arccos(np.clip(2.0 * lit - 1.0, -1, 1)))), 4), "Moon phase angle (deg)"),
        ("MOONESB", 0.0, "Moon excess in sky brightness V-band"),
    ]


def camera_cards(jd: float, filename: str) -> Cards:
    """Software, temperatures, focus."""
    cards: Cards = [
        ("ROBOSOFT", "simulated", "Robotic software version"),
        ("FITSSOFT", "simulated", "FITS software version"),
        ("DETECTOR", "", "Detector controller"),
        ("DETSOFT", "", "Detector software version"),
        ("DETFIRM", "", "Detector firmware version"),
        ("MODE_NUM", 0, "Mode identifying key"),
        ("ORIGNAME", filename, "Original file name"),
        ("FRAMENUM", int(jd % 1 * SECONDS_PER_DAY) // 40, "Detector frame number"),
        ("HEADTEMP", round(CRYO_HEAD + _swing(jd, 0.31, 0.02), 3), "Cryo cooler cold head temp (K)"),
        ("DEWPRESS", 6.58e-5, "Dewar pressure (milli-torr)"),
        ("DETHEAT", 0.0, "Detector focal plane heater power (%)"),
    ]
    for ccdid in CCD_IDS:
        # Each CCD has its own level about the common one.
        kelvin = CCD_TEMPERATURE + 2.0 * np.sin(2.4 * ccdid) + _swing(jd, 0.4, 0.05)
        value = -7.124 if ccdid == FAILED_SENSOR else round(float(kelvin), 3)
        cards.append((f"CCDTMP{ccdid:02d}", value, f"CCD temperature {ccdid:02d} (K)"))
    return cards + [
        ("INST_X", 0.0, "Hexapod X (RA) axis position (mm)"),
        ("INST_Y", 0.0, "Hexapod Y (Dec) axis position (mm)"),
        ("FOCUSPOS", round(1.57 + _swing(jd, 0.7, 0.02), 4), "Hexapod Z (Focus) axis position (mm)"),
        ("THETA_X", 0.322225, "Hexapod rotation about INST_X (deg)"),
        ("THETA_Y", 0.342111, "Hexapod rotation about INST_Y (deg)"),
        ("INST_ROT", 0.0, "Hexapod rotation about Z axis (deg)"),
        ("REQUSTID", 0, "Queue request ID"),
        ("QCOMMENT", "all_sky", "Queue comment"),
        ("CDS0", "#eval RGsettleT", ""),
        ("CDS1", "#eval PixelT", "/ 2 - 1"),
        ("CDS2", "#eval PixelT", "/ 2 - 1 + SWsettleT"),
        ("CDS3", "#eval PixelT - 2", ""),
    ]


def pointing_cards(jd: float, ra: float, dec: float, site: Site) -> Cards:
    """Cards of where the telescope looks, as texts and angles."""
    _, azimuth, hour_angle = alt_az(jd, ra, dec, site)
    lst = _sexagesimal(sidereal_time(jd, site.longitude) / 15, "+{:02d}:{:02d}:{:04.1f}")
    return [
        ("OBJRA", _sexagesimal(ra / 15, "+{:02d}h{:02d}m{:05.2f}s"), "Queue object right ascension"),
        ("OBJDEC", _sexagesimal(dec, "{:+03d}d{:02d}m{:02.0f}s"), "Queue object declination"),
        ("RA_RATE", 0.0, 'RA tracking rate ("/hr)'),
        ("DEC_RATE", 0.0, 'Dec tracking rate ("/hr)'),
        ("RA", _sexagesimal(ra / 15, "+{:02d}:{:02d}:{:05.2f}"), "Requested right ascension"),
        ("DEC", _sexagesimal(dec, "{:+03d}:{:02d}:{:02.0f}"), "Requested declination"),
        ("TELRA", _sexagesimal(ra / 15, "+{:02d}:{:02d}:{:05.2f}"), "Telescope right ascension"),
        ("TELDEC", _sexagesimal(dec, "{:+03d}:{:02d}:{:04.1f}"), "Telescope declination"),
        ("TRACKRA", 0.0, 'TCS RA non-sidereal tracking rate ("/hr)'),
        ("TRACKDEC", 0.0, 'TCS Dec non-sidereal tracking rate ("/hr)'),
        ("HJD", round(jd, 7), "Heliocentric Julian Day (days)"),
        ("OBLST", lst, "Local Sidereal Time"),
        ("HOURANG", _sexagesimal(hour_angle / 15, "{:+03d}:{:02d}:{:05.2f}"), "Hour angle"),
        ("DOME_AZ", round(azimuth, 1), "Dome azimuth (deg)"),
        ("WINDSCAL", 0.0, "Windscreen elevation (deg)"),
        ("DOMESTAT", "Open", "Dome status at beginning of exposure"),
    ]


@lru_cache(maxsize=64)
def _bodies(jd: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Right ascension and declination (deg) of the Sun and the Moon, geocentric."""
    time = Time(jd, format="jd", scale="utc")
    sun, moon = get_sun(time), get_body("moon", time)
    return (float(sun.ra.deg), float(sun.dec.deg)), (float(moon.ra.deg), float(moon.dec.deg))


def _swing(jd: float, period: float, amplitude: float) -> float:
    """A slow oscillation in time."""
    return amplitude * float(np.sin(2 * np.pi * (jd % (1000 * period)) / period))


def _sexagesimal(value: float, form: str) -> str:
    """Degrees or hours in three parts; the form's decimals decide how seconds are rounded."""
    decimals = int(form.rsplit("f}", 1)[0][-1])
    ticks = round(abs(value) * 3600 * 10**decimals)
    minutes, seconds = divmod(ticks, 60 * 10**decimals)
    whole, minutes = divmod(minutes, 60)
    text = form.format(whole, minutes, seconds / 10**decimals)
    return text.replace("+", "-", 1) if value < 0 else text
