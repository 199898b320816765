"""Matchfiles: all light curves of a field, quadrant and filter as HDF5, in the layout of ZTF's own (PyTables).

Group `matches` with five tables: exposures; sources and sourcedata (objects of the reference and their points);
transients and transientdata (objects that the reference does not have, and theirs). `matchid` links an object with its
points: it is the end of the object's number. An edition holds what the reader of the context may see, no other
exposure, point or number; statistics are of these points.

Source: a matchfile of 2020 (field 245, zr, CCD 10, quadrant 1); the layout is checked against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archive.files.atomic import whole_file
from archive.models import ReferenceImage, ScienceImage
from archive.sky.sphere import unit_vectors
from archive.survey.camera import rcid as channel
from archive.survey.identifiers import make_rfid
from archive.survey.times import MJD_UNIX_EPOCH, SECONDS_PER_DAY
from lightcurves.download.matchfile_layout import EXPOSURES, POINTS, SOURCES, TRANSIENT_POINTS
from lightcurves.models import Image, Source
from lightcurves.photometry.columns import PERCENTILE_NAMES
from lightcurves.storage import read, store
from lightcurves.storage.recent import OBJECTS_OF_PLACE

if TYPE_CHECKING:
    import tables as hdf5  # which few requests need

OBJECTS_AT_ONCE = 1000
ROWS_IN_CHUNK = 4096
REFERENCE_ZERO_POINT = 27.0
COLOURS = {1: b"g-R", 2: b"g-R", 3: b"R-i"}  # that the colour term is for, as ZTF writes them
LEVELS = ("1", "3", "5")
POGSON = 2.5 / np.log(10)
COMPRESSED = {"complevel": 5, "complib": "zlib", "shuffle": True}  # what every HDF5 library reads
Progress = Callable[[int, int], None]


class NoMatchfileError(ValueError):
    """A place without light curves that the reader may see; the message says which."""


@dataclass(frozen=True)
class Place:
    """A field's quadrant and filter."""

    field: int
    ccdid: int
    qid: int
    fid: int

    @property
    def rcid(self) -> int:
        """The readout channel, 0 to 63."""
        return channel(self.ccdid, self.qid)

    @property
    def name(self) -> str:
        """The file's, as ZTF has it."""
        return f"ztf_{self.field:06}_{read.FILTERS[self.fid]}_c{self.ccdid:02}_q{self.qid}_match.pytable"


@dataclass(frozen=True)
class Written:
    """Counts of a matchfile's rows."""

    exposures: int
    objects: int
    points: int


def write(place: Place, path: Path, progress: Progress | None = None) -> Written:
    """Write the matchfile of a place; `path` appears whole, or not at all.

    Parameters
    ----------
    progress : called with objects done and objects in all

    Raises
    ------
    NoMatchfileError
        if there are no points there that the reader of the context may see.
    """
    import tables as hdf5

    with whole_file(path) as temporary, hdf5.open_file(temporary, "w") as file:
        return _fill(file, place, progress)


def _fill(file: hdf5.File, place: Place, progress: Progress | None) -> Written:
    import tables as hdf5

    filters = hdf5.Filters(**COMPRESSED)
    group = file.create_group("/", "matches", "Matched Sources")
    title = f"Field {place.field:06} RC {place.rcid:02}"
    made = {
        name: file.create_table(group, name, kind, heading, filters=filters, chunkshape=ROWS_IN_CHUNK)
        for name, kind, heading in (
            ("exposures", EXPOSURES, "List of Exposures"),
            ("sources", SOURCES, f"{title} Matched Sources Table"),
            ("sourcedata", POINTS, f"{title} Matched Sources Data"),
            ("transients", SOURCES, f"{title} Transients Table"),
            ("transientdata", TRANSIENT_POINTS, f"{title} Transients Data"),
        )
    }
    sources = Source.objects.filter(field=place.field, rcid=place.rcid, fid=place.fid).order_by("oid")
    known = list(sources.values_list("oid", "rfid"))
    counts: Counter[tuple[str, int]] = Counter()
    model, points = _Errors(), 0
    for first in range(0, len(known), OBJECTS_AT_ONCE):
        part = known[first : first + OBJECTS_AT_ONCE]
        points += _write_objects(made, part, counts, model)
        if progress is not None:
            progress(first + len(part), len(known))
    if not points:
        raise NoMatchfileError(f"{place.name}: there are no light curves of this place that you may see")
    exposures = _exposures(place, counts)
    made["exposures"].append(exposures)
    _write_model(made, model)
    _describe(group, place, exposures)
    objects = made["sources"].nrows + made["transients"].nrows
    return Written(len(exposures), int(objects), points)


def _exposures(place: Place, counts: Counter) -> np.ndarray:
    """One row for each image that gave points; what its metadata say only where the reader sees these too."""
    pids = sorted({pid for _, pid in counts})
    images = ScienceImage.objects.in_bulk(pids)
    seen = list(Image.objects.filter(pk__in=pids).order_by("mjd"))
    rows = np.zeros(len(seen), EXPOSURES)
    for row, epoch in zip(rows, seen, strict=True):
        image = images.get(epoch.pid, ScienceImage())
        quality = image.quality
        row["nsources"], row["ntransients"] = counts["source", epoch.pid], counts["transient", epoch.pid]
        for name in ("expid", "exptime", "programid"):
            row[name] = getattr(epoch, name)
        for name in ("airmass", "clrcoeff", "clrcounc", "limitmag", "magzp", "magzprms"):
            row[name] = _known(getattr(epoch, name))
        row["clrmed"], row["clrrms"] = _known(quality.get("clrmed")), _known(quality.get("clrrms"))
        row["diq"], row["gmedian"] = _known(image.seeing), _known(quality.get("gmedian"))
        row["fieldid"], row["filterid"], row["rcid"] = place.field, place.fid, place.rcid
        row["fracday"], row["infobits"] = epoch.filefracday, image.infobits
        row["ipac_pub_date"] = np.nan if epoch.public_date is None else _mjd(epoch.public_date)
        row["magzpunc"], row["nps1matches"] = _known(image.magzpunc), image.nmatches or 0
        row["obsmjd"], row["obshjd"] = epoch.mjd, _heliocentric(epoch, image)
        row["pcolor"] = COLOURS[place.fid]
        row["zpclrcov"], row["zpmed"] = _known(quality.get("zpclrcov")), _known(quality.get("zpmed"))
    return rows


def _known(value) -> float:
    return np.nan if value is None else value


def _mjd(moment: datetime) -> float:
    return moment.timestamp() / SECONDS_PER_DAY + MJD_UNIX_EPOCH


def _heliocentric(epoch: Image, image: ScienceImage) -> float:
    """Heliocentric Julian date of the middle of the exposure at the image's centre."""
    columns = {name: np.array([getattr(epoch, name)]) for name in (*read.OBSERVER, "tdb_mid", "mjd", "exptime")}
    columns |= {"ra": np.array([_known(image.ra)]), "dec": np.array([_known(image.dec)])}
    read.add_heliocentric(columns)
    return float(columns["hjd"][0])


def _write_objects(made: dict, part: list[tuple], counts: Counter, model: _Errors) -> int:
    """The tables of some objects, those of the reference and the others; returns how many points they have."""
    curves = read.get([oid for oid, _ in part])
    if np.any(curves.columns["pid"] == 0):
        raise NoMatchfileError(
            "the light curves of this place came as files: no image here that a matchfile could name"
        )
    of_reference = np.array([oid for oid, rfid in part if rfid is not None], dtype=np.int64)
    statistics = store.with_statistics(Source.objects.filter(pk__in=curves.oids.tolist()).order_by("oid"))
    columns = curves.columns
    inside = np.isin(columns["oid"], of_reference)
    for kind, chosen in (("source", inside), ("transient", ~inside)):
        those = {name: values[chosen] for name, values in columns.items()}
        oids = set(those["oid"].tolist())
        objects = [row for row in statistics if row.pk in oids]
        if not objects:
            continue
        made[f"{kind}s"].append(_object_rows(objects, those))
        colour = {row.pk: row.colour or 0.0 for row in objects}
        those["colour"] = np.array([colour[oid] for oid in those["oid"].tolist()])
        made[f"{kind}data"].append(_point_rows(those, made[f"{kind}data"].dtype))
        pids, numbers = np.unique(those["pid"], return_counts=True)
        counts.update({(kind, pid): number for pid, number in zip(pids.tolist(), numbers.tolist(), strict=True)})
    model.add(columns)
    return len(columns["oid"])


def _object_rows(objects: list[Source], columns: dict[str, np.ndarray]) -> np.ndarray:
    rows = np.zeros(len(objects), SOURCES)
    for name in SOURCES.names or ():
        if name in ("matchid", "percentiles", "uncalibmeanmag", "x", "y", "z") or SOURCES[name].shape:
            continue
        values = np.array([_known(getattr(member, name)) for member in objects], dtype=float)
        rows[name] = np.nan_to_num(values) if SOURCES[name].kind in "iu" else values
    rows["matchid"] = [member.pk % OBJECTS_OF_PLACE for member in objects]
    for name in SOURCES.names or ():
        if name.endswith("bystd"):
            levels = [[_known(getattr(member, f"{name}_{level}")) for level in LEVELS] for member in objects]
            rows[name] = np.nan_to_num(np.array(levels, dtype=float))
    rows["percentiles"] = [[_known(getattr(member, name)) for name in PERCENTILE_NAMES] for member in objects]
    uncorrected = columns["mag"] + columns["dzp"]
    place = np.searchsorted([member.pk for member in objects], columns["oid"])
    rows["uncalibmeanmag"] = np.bincount(place, uncorrected, len(objects)) / np.bincount(place, minlength=len(objects))
    rows["x"], rows["y"], rows["z"] = unit_vectors(rows["ra"], rows["dec"]).T
    return rows


def _point_rows(columns: dict[str, np.ndarray], kind: np.dtype) -> np.ndarray:
    """Points by object and time.

    `psfflux` is what was measured, DN. Positions in pixels and the numbers of candidates are not kept with light
    curves: NaN and 0.
    """
    rows = np.zeros(len(columns["oid"]), kind)
    for name in ("catflags", "chi", "dec", "expid", "hjd", "mag", "magerr", "mjd", "programid", "ra", "sharp"):
        rows[name] = columns[name]
    rows["matchid"] = columns["oid"] % OBJECTS_OF_PLACE
    measured = columns["mag"] + columns["dzp"] - np.nan_to_num(columns["clrcoeff"] * columns["colour"])
    rows["psfflux"] = 10 ** (-0.4 * (measured - columns["magzp"]))
    rows["psffluxerr"] = rows["psfflux"] * columns["magerr"] / POGSON
    rows["xpos"] = rows["ypos"] = np.nan
    if "snr" in (kind.names or ()):
        rows["psfmag"], rows["psfmagerr"] = measured, columns["magerr"]
        rows["snr"] = POGSON / columns["magerr"]
        rows["x"], rows["y"], rows["z"] = unit_vectors(columns["ra"], columns["dec"]).T
    return rows


class _Errors:
    """The model of uncertainties: magerr = A + B mag + C 10^(0.4 mag) + D 10^(0.8 mag), by least squares."""

    def __init__(self):
        self.matrix, self.vector = np.zeros((4, 4)), np.zeros(4)

    @staticmethod
    def terms(mag: np.ndarray) -> np.ndarray:
        """The model's terms (n, 4), with fluxes about magnitude 20 so that the sums keep their digits."""
        faint = 10 ** (0.4 * (mag - 20))
        return np.stack([np.ones_like(mag), mag - 20, faint, faint**2], axis=1)

    def add(self, columns: dict[str, np.ndarray]) -> None:
        """Good points have a say."""
        good = (columns["catflags"] == 0) & np.isfinite(columns["mag"]) & (columns["magerr"] > 0)
        terms = self.terms(columns["mag"][good])
        self.matrix += terms.T @ terms
        self.vector += terms.T @ columns["magerr"][good]

    def solved(self) -> np.ndarray:
        """The least-squares solution of smallest norm: few or equal points say little."""
        return np.linalg.lstsq(self.matrix, self.vector, rcond=1e-10)[0]


def _write_model(made: dict, model: _Errors) -> None:
    """Write the model's errors with each point, and its coefficients as attributes."""
    solved = model.solved()
    for name in ("sourcedata", "transientdata"):
        table = made[name]
        table.flush()
        for first in range(0, table.nrows, 50 * ROWS_IN_CHUNK):
            last = min(first + 50 * ROWS_IN_CHUNK, table.nrows)
            values = model.terms(table.read(first, last, field="mag").astype(float)) @ solved
            table.modify_column(first, last, column=values.astype(np.float32), colname="magerrmodel")
    scale = 10**-8.0
    given = solved[0] - 20 * solved[1], solved[1], solved[2] * scale, solved[3] * scale**2
    for letter, value in zip("ABCD", given, strict=True):
        made["sourcedata"].attrs[letter] = np.float64(value)


def _describe(group: hdf5.Group, place: Place, exposures: np.ndarray) -> None:
    """The group's attributes, as ZTF names them; -1 and infinity where nothing was decided."""
    rfid = make_rfid(place.field, place.fid, place.rcid)
    reference = ReferenceImage.objects.filter(pk=rfid).first()
    known = {
        "calibratedSinceLastMatch": np.int64(-1),
        "ccdID": np.int64(place.ccdid),
        "datetimeCalibrated": np.str_(""),
        "datetimeMatched": np.str_(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"),
        "fieldID": np.int64(place.field),
        "filterID": np.int64(place.fid),
        "globalMaglimit": np.float32(np.nanmedian(exposures["limitmag"])),
        "goodSystematicErrorLimit": np.float64(np.inf),
        "nCalibrationSources": np.int64(0),
        "quadrantID": np.int64(place.qid),
        "rcID": np.int64(place.rcid),
        "referenceImageID": np.int64(-1 if reference is None else rfid),
        "referenceZeroPoint": np.float64(REFERENCE_ZERO_POINT),
        "referenceZeroPointErr": np.float64(0.0),
        "saturatedMagnitude": np.float64(np.inf),
    }
    for name, value in known.items():
        group._v_attrs[name] = value
