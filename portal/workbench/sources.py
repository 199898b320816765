"""Catalogs and objects within a science image, with the pixel of each: what the viewer draws over it.

All is read with the reader's rights; what has a place on the sky only gets its pixel from the image's own WCS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from astropy.table import Table
from django.urls import reverse

from archive.models import Alert, GaiaStar, PanstarrsStar, ProductFile, ScienceImage
from archive.moving.numbered import NUMBERED
from archive.pixels.rendering import header
from archive.sky.footprints import read_wcs
from archive.survey.times import SECONDS_PER_DAY
from lightcurves.models import CatalogObject
from portal.workbench.planes import PLANES

MOST = 20_000  # of one kind; the brightest
FETCHED = 2 * MOST  # of a catalog of the sky, in a circle that is 1.6 times as large as the image
NEARLY = 0.02  # deg beyond the corners, where the distortion moves a source into the image
MARGIN = 0.3  # deg around an image within which an object of the Solar System may be drawn
GAIA_EPOCH = 2457389.0  # JD of 2016.0
DAYS_PER_YEAR = 365.25
MAS_PER_DEGREE = 3.6e6
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Kind:
    """One kind of source. columns : shown for each, with the unit; scope : what a token needs beside images

    read : gives the columns of an image's sources: x and y or ra and dec, what is shown, `mag` to sort by, `link`
    """

    name: str
    label: str
    columns: Mapping[str, str]
    scope: str
    read: Callable[[ScienceImage], Columns]


@dataclass(frozen=True)
class Sources:
    """The sources of one kind in an image, brightest first; not `complete` where there are fainter ones."""

    kind: Kind
    columns: Columns
    complete: bool

    def as_json(self) -> dict:
        """Columns as lists; a number that is none is null."""
        return {
            "kind": self.kind.name,
            "label": self.kind.label,
            "units": dict(self.kind.columns),
            "count": len(self.columns["x"]),
            "complete": self.complete,
            "columns": {name: _plain(values) for name, values in self.columns.items()},
        }


def of(image: ScienceImage, file: ProductFile, kind: Kind) -> Sources:
    """The sources of a kind whose place lies on the image; `file` is the image's own, for its WCS."""
    cards = header(file)
    nx, ny = cards["NAXIS1"], cards["NAXIS2"]
    columns = kind.read(image)
    if "x" not in columns:
        wcs = read_wcs(cards)
        x, y = wcs.all_world2pix(columns["ra"], columns["dec"], 1, quiet=True) if len(columns["ra"]) else ([], [])
        columns = {"x": np.asarray(x, float), "y": np.asarray(y, float)} | columns
    with np.errstate(invalid="ignore"):
        inside = (columns["x"] > 0.5) & (columns["x"] < nx + 0.5) & (columns["y"] > 0.5) & (columns["y"] < ny + 0.5)
    rows = np.flatnonzero(inside)
    if "mag" in columns:
        rows = rows[np.argsort(np.nan_to_num(columns["mag"].astype(float)[rows], nan=99.0), kind="stable")]
    kept = {name: values[rows[:MOST]] for name, values in columns.items()}
    return Sources(kind, kept, complete=len(rows) <= MOST and len(inside) != FETCHED)


def _psf(image: ScienceImage) -> Columns:
    """The PSF-fit catalog, magnitudes with the image's zero point."""
    table = _catalog(image, "psfcat.fits")
    names = {"x": "xpos", "y": "ypos", "ra": "ra", "dec": "dec", "mag": "mag", "magerr": "sigmag", "snr": "snr",
             "chi": "chi", "sharp": "sharp", "flags": "flags"}  # fmt: skip
    return _calibrated(_taken(table, names), image)


def _aperture(image: ScienceImage) -> Columns:
    """The catalog of aperture photometry, magnitudes with the image's zero point."""
    table = _catalog(image, "sexcat.fits")
    names = {"x": "X_IMAGE", "y": "Y_IMAGE", "ra": "ALPHA_J2000", "dec": "DELTA_J2000", "mag": "MAG_AUTO",
             "magerr": "MAGERR_AUTO", "fwhm": "FWHM_IMAGE", "elongation": "ELONGATION", "star": "CLASS_STAR",
             "flags": "FLAGS"}  # fmt: skip
    return _calibrated(_taken(table, names), image)


def _gaia(image: ScienceImage) -> Columns:
    """Stars of Gaia, moved to the image's date."""
    names = ("source_id", "ra", "dec", "pmra", "pmdec", "phot_g_mean_mag", "bp_rp")
    rows = GaiaStar.objects.within(image.ra, image.dec, image.radius + NEARLY)
    columns = _columns(rows.order_by("phot_g_mean_mag").values_list(*names)[:FETCHED], names)
    years = (image.obsjd - GAIA_EPOCH) / DAYS_PER_YEAR
    dec = columns["dec"].astype(float)
    east = np.nan_to_num(columns["pmra"].astype(float)) * years / MAS_PER_DEGREE / np.cos(np.radians(dec))
    north = np.nan_to_num(columns["pmdec"].astype(float)) * years / MAS_PER_DEGREE
    return {
        "ra": (columns["ra"].astype(float) + east) % 360,
        "dec": dec + north,
        "name": _texts(columns["source_id"]),
        "mag": columns["phot_g_mean_mag"].astype(float),
        "colour": columns["bp_rp"].astype(float),
    }


def _ps1(image: ScienceImage) -> Columns:
    """Sources of Pan-STARRS1."""
    names = ("objid", "ra", "dec", "gmag", "rmag", "imag", "sgscore")
    rows = PanstarrsStar.objects.within(image.ra, image.dec, image.radius + NEARLY)
    columns = _columns(rows.order_by("rmag").values_list(*names)[:FETCHED], names)
    own = {"zg": "gmag", "zr": "rmag", "zi": "imag"}[image.filtercode]
    numbers = {name: columns[name].astype(float) for name in names[1:]}
    return {"ra": numbers["ra"], "dec": numbers["dec"], "name": _texts(columns["objid"]), "mag": numbers[own],
            "g": numbers["gmag"], "r": numbers["rmag"], "i": numbers["imag"], "star": numbers["sgscore"]}  # fmt: skip


def _alerts(image: ScienceImage) -> Columns:
    """Objects with alerts at places in the image; of each its alert in this image, or else its newest."""
    names = ("objectid", "candid", "pid", "ra", "dec", "magpsf", "sigmapsf", "rb", "jd")
    rows = Alert.objects.within(image.ra, image.dec, image.radius + NEARLY).order_by("jd").values_list(*names)
    chosen: dict[str, tuple] = {}
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[0]] = counts.get(row[0], 0) + 1
        if chosen.get(row[0], (None, None, None))[2] != image.pk:
            chosen[row[0]] = row
    columns = _columns(chosen.values(), names)
    here = np.array(["yes" if pid == image.pk else "no" for pid in columns["pid"]], dtype=object)
    return {"ra": columns["ra"].astype(float), "dec": columns["dec"].astype(float), "name": columns["objectid"],
            "mag": columns["magpsf"].astype(float), "magerr": columns["sigmapsf"].astype(float),
            "rb": columns["rb"].astype(float), "alerts": np.array(list(counts.values()), dtype=int), "here": here,
            "link": _links("alert", columns["candid"])}  # fmt: skip


def _objects(image: ScienceImage) -> Columns:
    """Objects with a light curve in the image's field, quadrant and filter."""
    names = ("oid", "ra", "dec", "medianmag", "magrms", "ngoodobs")
    rows = CatalogObject.objects.within(image.ra, image.dec, image.radius + NEARLY)
    rows = rows.filter(field=image.field, rcid=image.rcid, filtercode=image.filtercode)
    columns = _columns(rows.order_by("medianmag").values_list(*names)[:FETCHED], names)
    return {"ra": columns["ra"].astype(float), "dec": columns["dec"].astype(float), "name": _texts(columns["oid"]),
            "mag": columns["medianmag"].astype(float), "rms": columns["magrms"].astype(float),
            "points": columns["ngoodobs"].astype(float), "link": _links("object", columns["oid"])}  # fmt: skip


def _moving(image: ScienceImage) -> Columns:
    """Known objects of the Solar System at their predicted places at the middle of the exposure."""
    from archive.moving.dynamics.ephemeris import ephemeris  # compiled, and few pages need it

    middle = image.obsjd + image.exptime / 2 / SECONDS_PER_DAY
    found: dict[str, list] = {name: [] for name in ("ra", "dec", "name", "mag", "dra", "ddec", "link")}
    for number, orbit in NUMBERED.items():
        at = ephemeris(orbit, middle)
        ra, dec = float(at.ra[0]), float(at.dec[0])
        if not _near(image, ra, dec):
            continue
        values = (ra, dec, f"({number}) {orbit.name}", float(at.vmag[0]), float(at.dra[0]) * 150,
                  float(at.ddec[0]) * 150, f"{reverse('moving')}?name={number}")  # fmt: skip
        for name, value in zip(found, values, strict=True):
            found[name].append(value)
    return {name: np.array(values, object if name in ("name", "link") else float) for name, values in found.items()}


def _near(image: ScienceImage, ra: float, dec: float) -> bool:
    east = (ra - image.ra + 180) % 360 - 180
    return abs(dec - image.dec) < image.radius + MARGIN and (
        abs(east) * np.cos(np.radians(image.dec)) < image.radius + MARGIN
    )


KINDS = {
    one.name: one
    for one in (
        Kind("psf", "PSF catalog", {"mag": "mag", "magerr": "mag", "snr": "", "chi": "", "sharp": "", "flags": ""},
             "catalogs", _psf),
        Kind("aperture", "Aperture catalog", {"mag": "mag", "magerr": "mag", "fwhm": "pix", "elongation": "",
             "star": "", "flags": ""}, "catalogs", _aperture),
        Kind("objects", "Light curves", {"name": "", "mag": "mag", "rms": "mag", "points": ""}, "lightcurves",
             _objects),
        Kind("alerts", "Alerts", {"name": "", "mag": "mag", "magerr": "mag", "rb": "", "alerts": "", "here": ""},
             "alerts", _alerts),
        Kind("moving", "Solar System", {"name": "", "mag": "mag", "dra": "arcsec/h", "ddec": "arcsec/h"}, "images",
             _moving),
        Kind("gaia", "Gaia", {"name": "", "mag": "mag", "colour": "mag"}, "images", _gaia),
        Kind("ps1", "Pan-STARRS1", {"name": "", "mag": "mag", "g": "mag", "r": "mag", "i": "mag", "star": ""},
             "images", _ps1),
    )
}  # fmt: skip


def kinds_of(image: ScienceImage) -> list[Kind]:
    """The kinds that the viewer offers: a catalog that is a file only where the reader may have it."""
    family = PLANES["science"].family
    files = set(ProductFile.objects.filter(family=family, product_id=image.pk).values_list("suffix", flat=True))
    without = {name for name, suffix in (("psf", "psfcat.fits"), ("aperture", "sexcat.fits")) if suffix not in files}
    return [kind for name, kind in KINDS.items() if name not in without]


def _catalog(image: ScienceImage, suffix: str) -> Table:
    """The table of a catalog of the image; an empty one where the reader may have none."""
    file = ProductFile.objects.filter(family=PLANES["science"].family, product_id=image.pk, suffix=suffix).first()
    if file is None or not file.on_disk.is_file():
        return Table()
    with fits.open(file.whole()) as hdus:
        return Table(next(hdu.data for hdu in hdus[1:] if isinstance(hdu, fits.BinTableHDU)))


def _taken(table: Table, names: Mapping[str, str]) -> Columns:
    """The columns of a catalog under our names; one that it does not have is left out."""
    if not table.colnames:
        return {name: np.zeros(0) for name in ("x", "y", "ra", "dec", "mag")}
    known = {one.lower(): one for one in table.colnames}
    found = {name: known.get(theirs.lower()) for name, theirs in names.items()}
    return {name: np.asarray(table[column], float) for name, column in found.items() if column is not None}


def _calibrated(columns: Columns, image: ScienceImage) -> Columns:
    """Instrumental magnitudes with the image's zero point added, where it has one."""
    return columns | {"mag": columns["mag"] + image.magzp} if image.magzp is not None else columns


def _columns(rows: Iterable[tuple], names: tuple[str, ...]) -> Columns:
    values = list(rows)
    return {name: np.array([row[n] for row in values], dtype=object) for n, name in enumerate(names)}


def _texts(values: np.ndarray) -> np.ndarray:
    """Identifiers as text: their digits are more than a browser's numbers keep."""
    return np.array([str(one) for one in values], dtype=object)


def _links(name: str, keys: np.ndarray) -> np.ndarray:
    return np.array([reverse(name, args=[key]) for key in keys], dtype=object)


def _plain(values: np.ndarray) -> list:
    if values.dtype == object:
        return values.tolist()
    return [round(one, 7) if np.isfinite(one) else None for one in values.tolist()]
