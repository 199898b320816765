"""IRSA's light-curve service: what a request asks, checked.

Source: the parameters of nph_light_curves as IRSA's page and ztfquery's docstrings give them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archive.given.positions import BadPositionError, at
from archive.given.times import BadTimeError, as_modified
from archive.requests.numbers import real, whole
from archive.services.protocol.errors import BadRequestError
from archive.survey.camera import filter_named
from lightcurves.download import bulk
from lightcurves.download.bulk import LARGEST_RADIUS, PointFilter
from lightcurves.download.formats import FORMATS

PARAMETERS = (
    "ID", "POS", "CIRCLE", "BAND", "BANDNAME", "MAG", "NOBS_MIN", "NUM_OBS", "TIME", "BAD_CATFLAGS_MASK",
    "COLLECTION", "FORMAT",
)  # fmt: skip
OF_REGIONS = ("BAND", "BANDNAME", "NOBS_MIN", "NUM_OBS", "MAG")
COVERAGE = {1: (4.10e-7, 5.50e-7), 2: (5.60e-7, 7.30e-7), 3: (7.00e-7, 9.00e-7)}
"""Wavelengths of g, r and i in metres, as IRSA's examples of BAND have them."""
BAND_NAMES = {"g": 1, "r": 2, "i": 3, "1": 1, "2": 2, "3": 3}
EVERYTHING = "ztf"
MOST_OBJECTS = 100_000  # that one request names


@dataclass(frozen=True)
class Asked:
    """Objects by number, or a circle (ra, dec, radius; degrees); which of their points; and the answer's format."""

    oids: tuple[int, ...]
    circle: tuple[float, float, float] | None
    point_filter: PointFilter
    format: str

    def found(self) -> list[int]:
        """The objects, for the reader of the context."""
        return list(self.oids) if self.circle is None else bulk.in_circle(*self.circle, self.point_filter)


def read(given: Mapping[str, Sequence[str]], signed_in: bool) -> Asked:
    """Check the parameters of a request: their values by name, in any case.

    Raises
    ------
    BadRequestError
        naming the parameter, its value and what would be right.
    """
    values = _by_name(given)
    oids = _numbers_of_objects(values.pop("ID", []))
    single = {name: _single(name, texts) for name, texts in values.items()}
    single = {name: text for name, text in single.items() if text}
    if oids and (extra := next((name for name in OF_REGIONS if name in single), None)):
        raise BadRequestError(f"{extra}={single[extra]}: goes with POS or CIRCLE, not with ID")
    if sum((bool(oids), "POS" in single, "CIRCLE" in single)) != 1:
        raise BadRequestError(
            "ID, POS, CIRCLE: give exactly one, for example ID=686103400067717 or POS=CIRCLE 255.9302 11.8654 0.0028"
        )
    point_filter = PointFilter(
        fids=_filters(single),
        nobs=max(_whole(single, name) for name in ("NOBS_MIN", "NUM_OBS")),
        mag=_range(single, "MAG", "17.0 17.7"),
        mjd=_times(single),
        mask=_whole(single, "BAD_CATFLAGS_MASK"),
        release=_release(single.get("COLLECTION", ""), signed_in),
        of_files=not single.get("COLLECTION"),
    )
    return Asked(oids, None if oids else _circle(single), point_filter, _format(single.get("FORMAT", "votable")))


def _by_name(given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, texts in given.items():
        if name.upper() not in PARAMETERS:
            raise BadRequestError(f"{name}: is no parameter; there are {', '.join(PARAMETERS)}")
        values.setdefault(name.upper(), []).extend(texts)
    return values


def _single(name: str, texts: Sequence[str]) -> str:
    found = {text.strip() for text in texts}
    if len(found) > 1:
        raise BadRequestError(f"{name}={texts[1]}: is given {len(texts)} times; only ID may be repeated")
    return found.pop()


def _numbers_of_objects(texts: Sequence[str]) -> tuple[int, ...]:
    words = " ".join(texts).replace(",", " ").split()
    for word in words:
        if whole(word) is None:
            raise BadRequestError(f"ID={word[:40]}: must be the number of an object, for example ID=686103400067717")
    if len(words) > MOST_OBJECTS:
        raise BadRequestError(f"ID: {len(words)} objects; at most {MOST_OBJECTS}")
    return tuple(map(int, words))


def _circle(single: Mapping[str, str]) -> tuple[float, float, float]:
    name = "POS" if "POS" in single else "CIRCLE"
    text, words = single[name], single[name].replace(",", " ").split()
    shape = words.pop(0).lower() if name == "POS" else "circle"
    example = f"for example {name}={'CIRCLE ' if name == 'POS' else ''}255.9302 11.8654 0.0028"
    if shape != "circle":
        raise BadRequestError(f"POS={text}: the only shape is CIRCLE, {example}")
    numbers = _numbers(words)
    if len(words) != 3 or len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        raise BadRequestError(f"{name}={text}: give right ascension, declination and radius in degrees, {example}")
    ra, dec, radius = numbers
    try:
        place = at(ra, dec, f"{name}={text}")
    except BadPositionError as error:
        raise BadRequestError(str(error)) from error
    if not 0 < radius <= LARGEST_RADIUS + 5e-5:  # IRSA writes the limit as 0.1667
        raise BadRequestError(f"{name}={text}: the radius lies in (0, 0.1667] degrees")
    return place.ra, place.dec, radius


def _filters(single: Mapping[str, str]) -> tuple[int, ...] | None:
    """Filters that both BAND and BANDNAME allow; None where neither is given."""
    chosen = set(COVERAGE)
    if (band := _range(single, "BAND", "4.10e-7 5.50e-7")) is not None:
        chosen &= {fid for fid, (low, high) in COVERAGE.items() if low <= band[1] and high >= band[0]}
    if text := single.get("BANDNAME", ""):
        named = [filter_named(word) for word in text.split(",")]
        letters = (
            "".join(one.band for one in named if one is not None)
            if all(named)
            else text.lower().replace(",", "").replace(" ", "")  # ztfquery leaves out the commas
        )
        if unknown := sorted(set(letters) - set(BAND_NAMES)):
            raise BadRequestError(
                f"BANDNAME={text}: {unknown[0]} is no filter; use g, r, i or 1, 2, 3, for example g,r"
            )
        chosen &= {BAND_NAMES[letter] for letter in letters}
    return tuple(sorted(chosen)) if {"BAND", "BANDNAME"} & set(single) else None


def _range(single: Mapping[str, str], name: str, example: str) -> tuple[float, float] | None:
    text = single.get(name, "")
    if not text:
        return None
    words = text.replace(",", " ").split()
    numbers = _numbers(words)
    if len(words) not in (1, 2) or len(numbers) != len(words) or numbers[0] > numbers[-1]:
        raise BadRequestError(f"{name}={text}: give one value or the two ends of a range, for example {name}={example}")
    return numbers[0], numbers[-1]


def _times(single: Mapping[str, str]) -> tuple[float, float] | None:
    found = _range(single, "TIME", "58194.0 58483.0")
    try:
        return found and (as_modified(found[0], "TIME"), as_modified(found[1], "TIME"))
    except BadTimeError as error:
        raise BadRequestError(str(error)) from error


def _numbers(words: Sequence[str]) -> list[float]:
    """The words that are numbers, infinite ones too."""
    infinite = {"-inf": -math.inf, "inf": math.inf, "+inf": math.inf}
    found = (infinite.get(word.lower(), real(word)) for word in words)
    return [number for number in found if number is not None]


def _whole(single: Mapping[str, str], name: str) -> int:
    text = single.get(name, "0")
    number = whole(text, most=2**31 - 1)
    if number is None:
        raise BadRequestError(f"{name}={text[:40]}: must be a whole number that is not negative")
    return number


def _release(name: str, signed_in: bool) -> bulk.Release | None:
    """The release of a collection; None for all that the reader may see."""
    lower = name.lower()
    if not name:
        return bulk.newest_release()
    if lower == EVERYTHING:
        if not signed_in:
            raise BadRequestError("COLLECTION=ztf: is for those who have signed in; leave it out, or name a release")
        return None
    try:
        return bulk.release_named(lower.removeprefix("ztf_"))
    except bulk.NoSuchReleaseError as error:
        raise BadRequestError(f"COLLECTION={name}: {error}; write ztf_ before the name") from error


def _format(text: str) -> str:
    if text.lower() not in FORMATS:
        raise BadRequestError(f"FORMAT={text}: use one of {', '.join(map(str.upper, FORMATS))}")
    return text.lower()
