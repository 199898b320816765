"""The frames of positions: which a text names, and the way to ICRS. No Django."""

from __future__ import annotations

import re

import numpy as np

from archive.sky.sphere import to_ra_dec, unit_vectors

ICRS, FK5, FK4, GALACTIC = "ICRS", "FK5", "FK4", "galactic"
_WORDS = {
    "icrs": ICRS, "fk5": FK5, "fk4": FK4, "gal": GALACTIC, "galactic": GALACTIC,
    "j2000": "J2000", "j2000.0": "J2000", "b1950": "B1950", "b1950.0": "B1950",
}  # fmt: skip
_MEANT = {
    frozenset(said): frame
    for frame, ways in {
        ICRS: ([ICRS], ["J2000"], [ICRS, "J2000"]),
        FK5: ([FK5], [FK5, "J2000"]),
        FK4: ([FK4], ["B1950"], [FK4, "B1950"]),
        GALACTIC: ([GALACTIC],),
    }.items()
    for said in ways
}
"""J2000 alone is ICRS, as catalogues have it that call their columns RAJ2000; the two differ by 0.02 arcsec."""
_OTHERS = r"ecl(?:iptic)?|supergal(?:actic)?|sgal|altaz|cirs|gcrs|itrs|fk[0-36-9]|[jb](?:1[89]|20)[0-9]{2}(?:\.[0-9]+)?"
_WORD = rf"(?:{'|'.join(map(re.escape, sorted(_WORDS, key=len, reverse=True)))}|{_OTHERS})"
_BEFORE = re.compile(rf"(?:(?P<word>{_WORD})|\((?P<inner>{_WORD})\))(?:\s*[:,;]\s*|\s+|(?=[(\[]))")
_BEHIND = re.compile(rf"(?:\s*[,;]\s*|\s+|(?<=[)\]]))(?:(?P<word>{_WORD})|\((?P<inner>{_WORD})\))$")
_GALACTIC_TO_ICRS = np.array(
    [
        [-0.0548755604162154, 0.4941094278755837, -0.8676661490190047],
        [-0.8734370902348850, -0.4448296299600112, -0.1980763734312015],
        [-0.4838350155487132, 0.7469822444972189, 0.4559837761750669],
    ]
)
"""Columns are the galactic axes in ICRS (Hipparcos, ESA SP-1200, section 1.5.3)."""


class UnknownFrameError(ValueError):
    """A frame that is not known, or frames that contradict each other."""


def taken_from(text: str) -> tuple[str, str | None]:
    """A text (in lower case) without the words that name its frame, and the frame; None where none is named.

    Raises
    ------
    UnknownFrameError
    """
    words = set()
    while found := _BEFORE.match(text) or _BEHIND.search(text):
        word = found["word"] or found["inner"]
        text = (text[found.end() :] if found.start() == 0 else text[: found.start()]).strip()
        if word not in _WORDS:
            raise UnknownFrameError(f"the frame {word} is not known; known are ICRS, J2000, FK5, FK4, B1950 and GAL")
        words.add(_WORDS[word])
    if words and frozenset(words) not in _MEANT:
        raise UnknownFrameError(f"{' and '.join(sorted(words))} contradict each other; name one frame")
    return text, _MEANT.get(frozenset(words))


def to_icrs(frame: str, longitude: float, latitude: float) -> tuple[float, float]:
    """ICRS degrees of degrees in a frame (equinox J2000 of FK5, B1950 of FK4)."""
    if frame == ICRS:
        return longitude, latitude
    if frame == GALACTIC:
        ra, dec = to_ra_dec(_GALACTIC_TO_ICRS @ unit_vectors(longitude, latitude))
        return float(ra), float(dec)
    from astropy.coordinates import SkyCoord  # takes a while, and few ask for these frames

    place = SkyCoord(longitude, latitude, unit="deg", frame=frame.lower()).icrs
    return float(place.ra.deg), float(place.dec.deg)
