"""The notations of positions that are known, each as a writer of one position, and texts that are refused."""

from __future__ import annotations

from collections.abc import Callable

from astropy import units as u
from astropy.coordinates import FK4, FK5, Angle, Galactic, SkyCoord


def _sexagesimal(angle: Angle, unit: str, sep, digits: int, sign: bool = False) -> str:
    return angle.to_string(unit=unit, sep=sep, precision=digits, pad=True, alwayssign=sign)


def _both(first, second, between: str = " ") -> Callable[[SkyCoord], str]:
    def write(place: SkyCoord) -> str:
        ra = _sexagesimal(place.ra, "hourangle", first, 7)
        return ra + between + _sexagesimal(place.dec, "deg", second, 6, True)

    return write


def _decimal(form: str, minus: str = "-") -> Callable[[SkyCoord], str]:
    return lambda place: form.format(ra=place.ra.deg, dec=place.dec.deg).replace("-", minus)


def _in_frame(form: str, frame) -> Callable[[SkyCoord], str]:
    def write(place: SkyCoord) -> str:
        there = place.transform_to(frame).spherical
        return form.format(there.lon.deg, there.lat.deg)

    return write


def _minutes(place: SkyCoord) -> str:
    """12 34.5 -01 02.5: whole hours and degrees, minutes with decimals."""
    hours, degrees = place.ra.hour, abs(place.dec.deg)
    sign = "-" if place.dec.deg < 0 else "+"
    ra, dec = ((f"{int(x):02}", round(x % 1 * 60, 8)) for x in (hours, degrees))
    ra, dec = ((head, min(minutes, 59.99999999)) for head, minutes in (ra, dec))
    return f"{ra[0]} {ra[1]:.8f} {sign}{dec[0]} {dec[1]:.8f}"


def _fractions_behind(place: SkyCoord) -> str:
    """12h34m56s.7: the fraction behind the mark of the seconds."""
    ra = _sexagesimal(place.ra, "hourangle", ("h", "m", ""), 7)
    dec = _sexagesimal(place.dec, "deg", ("d", "m", ""), 6, True)
    return " ".join("{}s.{}".format(*one.split(".")) for one in (ra, dec))


def _designated(form: str) -> Callable[[SkyCoord], str]:
    def write(place: SkyCoord) -> str:
        ra, dec = _sexagesimal(place.ra, "hourangle", "", 6), _sexagesimal(place.dec, "deg", "", 5, True)
        return form.format(ra, dec)

    return write


def two_mass(place: SkyCoord) -> str:
    """2MASS J05352184-0546085: hundredths of seconds, tenths of arcseconds, cut off and without a point."""
    ra = _sexagesimal(place.ra, "hourangle", "", 4).replace(".", "")[:8]
    return f"2MASS J{ra}{_sexagesimal(place.dec, 'deg', '', 3, True).replace('.', '')[:8]}"


_PRIMES = ("h", "m", "s"), ("°", "′", "″")
EXACT: dict[str, Callable[[SkyCoord], str]] = {
    "blank": _decimal("{ra:.10f} {dec:.10f}"),
    "comma": _decimal("{ra:.10f}, {dec:.10f}"),
    "semicolon": _decimal("{ra:.10f};{dec:.10f}"),
    "nothing but the sign": _decimal("{ra:.10f}{dec:+.10f}"),
    "exponents": _decimal("{ra:.15e} {dec:.15E}"),
    "parentheses": _decimal("({ra:.10f}, {dec:.10f})"),
    "marked degrees": _decimal("{ra:.10f}d {dec:.10f}deg"),
    "minus": _decimal("{ra:.10f} {dec:.10f}", "\u2212"),
    "en dash as a sign": _decimal("{ra:.10f} {dec:.10f}", "\u2013"),
    "labels": _decimal("ra={ra:.10f} dec={dec:.10f}"),
    "labels, other order": _decimal("Dec: {dec:.10f}, RA: {ra:.10f}"),
    "ICRS": _decimal("{ra:.10f} {dec:.10f} ICRS"),
    "J2000": _decimal("J2000 {ra:.10f} {dec:.10f}"),
    "another turn": lambda place: f"{place.ra.deg + 720:.10f} {place.dec.deg:.10f}",
    "a turn back": lambda place: f"{place.ra.deg - 360:.10f} {place.dec.deg:.10f}",
    "h m s": _both(("h", "m", "s"), ("d", "m", "s")),
    "h m s, blanks within": _both(("h ", "m ", "s"), ("d ", "m ", "s")),
    "h m s, nothing between": _both(("h", "m", "s"), ("d", "m", "s"), ""),
    "colons": _both(":", ":"),
    "colons, comma": _both(":", ":", ", "),
    "blanks": _both(" ", " "),
    "primes": _both(*_PRIMES),
    "quotes": _both(("h", "m", "s"), ("d", "’", "”")),
    "minutes with decimals": _minutes,
    "fraction behind the mark": _fractions_behind,
    "SDSS": _designated("SDSS J{}{}"),
    "J alone": _designated("J{}{}"),
    "galactic, labels": _in_frame("l={:.10f} b={:.10f}", Galactic()),
    "galactic, labels and word": _in_frame("l={:.10f} b={:.10f} gal", Galactic()),
    "galactic, other labels": _in_frame("glon={:.10f}, glat={:.10f}", Galactic()),
    "GAL": _in_frame("{:.10f} {:.10f} GAL", Galactic()),
    "gal before": _in_frame("gal {:.10f} {:.10f}", Galactic()),
    "FK5": _in_frame("{:.10f} {:.10f} FK5", FK5(equinox="J2000")),
    "FK4": _in_frame("{:.10f} {:.10f} FK4", FK4(equinox="B1950")),
    "B1950": _in_frame("{:.10f} {:.10f} B1950", FK4(equinox="B1950")),
}
"""Each writes a position to better than a milliarcsecond; astropy's galactic axes differ by some 25 mas from ICRS's."""
FRAMES_APART = 0.06 * u.arcsec

REFUSED = (
    "10 20 30 40", "10 20.5 30 40", "10 20 70 5", "10 20 30", "1 2 3 4 5", "1 2 3 4 5 6 7", "10.5", "",
    "12 91", "12 -90.0001", "12:34:56 +90:00:01", "1:60:00 2:00:00", "1:00:60 2:00:00", "1h2m3s 4d60m",
    "25:00:00 1:00:00", "-1:00:00 1:00:00", "nan nan", "inf 2", "1 inf", "NaN,2", "1e999 2", "36001 2",
    "12:34:56 -1.5", "187.5 -01:02:03", "12.5 -01d02m03s", "10d 12h", "10,5 20,3", "1,2,3", "1;2;3", "210.8–54.3",
    "1--2", "1 +-2", "1_0 2", "१ २", "²1 3", "0x10 2", "150.1 2.2 ECL", "150.1 2.2 FK5 GAL", "150.1 2.2 J2015.5",
    "l=1 b=2 FK5", "l=10h b=2", "gal 10 100", "ra=1 dec=", "ra=1 ra=2", "ra=1", "J1234", "J12345-123456",
    "2MASS J0535218-0546085", "J256000+000000", "J053561-052300", "9" * 400,
)  # fmt: skip
"""No position: neither may be guessed."""
