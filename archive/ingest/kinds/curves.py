"""Files of light curves: what each part of them tells, read in the sandbox and checked, for whoever keeps light curves.

    a data release's Parquet   all objects of a field's quadrant and filter: heliocentric times, no exposures
    a matchfile                the same, with each point's exposure and program
    CSV, VOTable, IPAC table   points as IRSA's light-curve service answers, of any objects

They are handed to the application that keeps light curves (archive.ingest.keepers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from archive.ingest import values
from archive.ingest.door import Copy
from archive.ingest.errors import RefusedError
from archive.ingest.keepers import CURVE_FILES, NoKeeperError, keeper
from archive.ingest.parsing import parse
from archive.sky.sphere import separation
from archive.survey.camera import FILTER_BY_CODE, Camera, plane_to_sky, quadrant_centre, rcid
from archive.survey.fields import UnknownFieldError, field_centre
from archive.survey.filenames import ProductName
from archive.survey.identifiers import BadIdentifierError, make_oid, split_oid
from archive.survey.times import MJD_ZERO

OBJECTS_OF_PLACE = 10**8
FARTHEST = 2.0  # deg that an object may be from where its field, CCD and quadrant are
LIGHT_WAY = 0.1  # d that the heliocentric time of the middle may be from the start: 8.5 minutes, and half an exposure
TABLES = (".xml", ".vot", ".votable", ".tbl")


@dataclass(frozen=True)
class Told:
    """Some objects and all points that the file tells of them at this place of it.

    objects : oid (ascending, each once), and what is told of them besides: ra, dec (deg), ref…; by column (n_objects,)
    points : oid (ascending), hmjd (heliocentric MJD of mid-exposure), mag, magerr, catflags, and what else is told, by
        column (n_points,); `programid` where the file tells it
    placed : whether the file tells where the objects are; else they are in the middle of these points
    """

    objects: dict[str, np.ndarray]
    points: dict[str, np.ndarray]
    placed: bool = True


@dataclass(frozen=True)
class Terms:
    """The terms on which points are taken.

    name : of the file. rights : of all points (programid, public_date), where the file tells no programs.
    may_open : whether what is closed here may be opened. references : whether what is told of reference images may be
        seen with the objects.
    """

    name: str
    rights: Mapping | None = None
    may_open: bool = False
    references: bool = False


@dataclass
class Kept:
    """Counts of what was taken (objects, points), and in words what of the file was left out."""

    objects: int = 0
    points: int = 0
    left_out: list[str] = field(default_factory=list)


def keep(parts: Iterable[Told], terms: Terms) -> Kept:
    """Hand the parts of a file over: all of them are taken in a transaction, or RefusedError is raised."""
    try:
        take = keeper(CURVE_FILES)
    except NoKeeperError as reason:
        raise RefusedError(f"{terms.name}: light curves: {reason}") from reason
    return take(parts, terms)


def check(copy: Copy, name: ProductName) -> dict:
    """A file's programs and parts, once it is known to be of the field, channel and filter in its name.

    Raises
    ------
    RefusedError
    """
    found = parse("matchfiles:read" if name.suffix.endswith("pytable") else "releases:read", copy)
    if name.suffix.endswith("pytable") and not found["programs"]:
        raise RefusedError(f"{copy.name}: names no program: it has neither exposures nor points")
    if not found["points"]:
        raise RefusedError(f"{copy.name}: holds no point of a light curve")
    filter_ = FILTER_BY_CODE[name.filtercode]
    for what, expected in (("fields", name.field), ("channels", name.rcid), ("filters", filter_.fid)):
        if (told := found.get(what)) and told != [expected]:
            raise RefusedError(f"{copy.name}: its {what} are {told[:5]}, {expected} by the name; one of them is wrong")
    return found


def of_place(copy: Copy, name: ProductName, found: Mapping) -> Iterator[Told]:
    """The parts of a file of a place, one after another."""
    assert name.field is not None and name.qid is not None
    first = make_oid(name.field, FILTER_BY_CODE[name.filtercode].fid, name.ccdid, name.qid, 0)
    for part in found["parts"]:
        if name.suffix.endswith("pytable"):
            kind, low, high = part
            told = parse("matchfiles:read_part", copy, kind=kind, first=low, last=high)
            told["objects"]["oid"] = told["objects"].pop("matchid").astype(np.int64) + first
        else:
            told = parse("releases:read_part", copy, first=part[0], rows=part[1])
            told["points"]["hmjd"] = told["points"]["hmjd"].astype(np.float64)
        yield _part(told, first // OBJECTS_OF_PLACE, copy.name)


def of_table(copy: Copy) -> Iterator[Told]:
    """The parts of a table of points of any objects."""
    if copy.name.endswith(TABLES):
        yield from _of_rows(parse("curvetables:read_table", copy)["points"], copy.name)
        return
    place: int | None = 0
    while place is not None:
        found = parse("curvetables:read_csv_part", copy, offset=place)
        place = found["next"]
        yield from _of_rows(found["points"], copy.name)


def is_table_of_points(copy: Copy) -> bool:
    """Whether a CSV table holds points of light curves, not metadata."""
    return parse("curvetables:are_points", copy)


def _part(told: Mapping, place: int, file: str) -> Told:
    objects = _checked("toldobject", told["objects"], f"{file}: object")
    if (strange := objects["oid"][objects["oid"] // OBJECTS_OF_PLACE != place]).size:
        raise RefusedError(f"{file}: object {strange[0]}: is not of the field, filter, CCD and quadrant in the name")
    if len(np.unique(objects["oid"])) != len(objects["oid"]):
        raise RefusedError(f"{file}: holds an object twice")
    points = {"oid": np.repeat(objects["oid"], told["counts"]), **told["points"]}
    points = _with_closed_programs(_checked("toldpoint", _heliocentric(points, file), file))
    having = np.asarray(told["counts"]) > 0
    order = np.argsort(objects["oid"], kind="stable")
    order = order[having[order]]
    _require_there(objects, file)
    by_object = np.argsort(points["oid"], kind="stable")
    return Told(
        {name: values[order] for name, values in objects.items()},
        {name: values[by_object] for name, values in points.items()},
    )


def _of_rows(points: dict[str, np.ndarray], file: str) -> Iterator[Told]:
    if not len(points["oid"]):
        return
    codes, place = points.pop("filtercode"), [points.pop(name) for name in ("field", "ccdid", "qid")]
    checked = _checked("toldpoint", _heliocentric(points, file), file)
    for name in ("expid", "filefracday"):
        if not np.all(checked[name] > 0):
            raise RefusedError(
                f"{file}: row {int(np.argmin(checked[name] > 0))}: {name}=0: {name} of an exposure is needed"
            )
    _require_same_place(checked["oid"], place, codes, file)
    order = np.argsort(checked["oid"], kind="stable")
    checked = {name: values[order] for name, values in checked.items()}
    oids, first = np.unique(checked["oid"], return_index=True)
    objects = {"oid": oids, "ra": np.zeros(len(oids)), "dec": np.zeros(len(oids))}
    for k, (begin, end) in enumerate(zip(first, np.append(first[1:], len(checked["oid"])), strict=True)):
        ra, dec = checked["ra"][begin:end], checked["dec"][begin:end]
        if np.isnan(ra).any() or np.isnan(dec).any():
            raise RefusedError(f"{file}: object {oids[k]}: ra, dec: a point without a position")
        objects["ra"][k] = (ra[0] + np.median((ra - ra[0] + 180) % 360 - 180)) % 360  # across RA 0 as anywhere else
        objects["dec"][k] = np.median(dec)
    _require_there(objects, file)
    yield Told(objects, checked, placed=False)


def _checked(model: str, columns: Mapping[str, np.ndarray], what: str) -> dict[str, np.ndarray]:
    """The columns that there are rules for, every value by its rule."""
    known = {name: columns[name] for name in values.RULES[model] if name in columns}
    made = values.checked_table(model, pd.DataFrame(known), what)
    return {name: made[name].to_numpy() for name in known}


def _heliocentric(points: dict[str, np.ndarray], file: str) -> dict[str, np.ndarray]:
    """With `hmjd` where a file has `hjd`: the same moment, counted from another day."""
    if "hjd" not in points:
        return points
    made = {name: column for name, column in points.items() if name != "hjd"}
    made["hmjd"] = np.asarray(points["hjd"], float) - MJD_ZERO
    with np.errstate(invalid="ignore"):
        apart = np.abs(made["hmjd"] - points["mjd"]) > LIGHT_WAY
    if apart.any():
        row = int(np.argmax(apart))
        raise RefusedError(
            f"{file}: row {row}: hjd={points['hjd'][row]}, mjd={points['mjd'][row]}: are of different times"
        )
    return made


def _with_closed_programs(points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A point whose exposure is of another program is of the closed one of both; of two closed ones nobody's."""
    of_exposure = points.pop("exposure_program", None)
    if of_exposure is not None:
        mine = points["programid"]
        either = np.where(mine == 1, of_exposure, np.where(of_exposure == 1, mine, 0))
        points["programid"] = np.where(mine == of_exposure, mine, either)
    return points


def _require_same_place(oids: np.ndarray, place: list[np.ndarray], codes: np.ndarray, file: str) -> None:
    """An object's number begins with the field, filter, CCD and quadrant of each of its points."""
    rows = pd.DataFrame({"head": oids // OBJECTS_OF_PLACE, "code": codes})
    for name, column in zip(("field", "ccdid", "qid"), place, strict=True):
        rows[name] = column
    for one in rows.drop_duplicates().itertuples():
        said = {name: getattr(one, name) for name in ("field", "ccdid", "qid")}
        said = values.checked("curve", said | {"filtercode": one.code}, file)
        fid = FILTER_BY_CODE[said["filtercode"]].fid
        try:
            head = make_oid(said["field"], fid, said["ccdid"], said["qid"], 0) // OBJECTS_OF_PLACE
        except BadIdentifierError as error:
            raise RefusedError(f"{file}: {error}") from error
        if head != one.head:
            oid = int(oids[rows["head"] == one.head][0])
            raise RefusedError(
                f"{file}: object {oid}: its points are of field {said['field']}, {said['filtercode']}, "
                f"CCD {said['ccdid']}, quadrant {said['qid']}; its number is not"
            )


def _require_there(objects: Mapping[str, np.ndarray], file: str) -> None:
    """Refuse objects that lie elsewhere than their field, CCD and quadrant do."""
    for head in np.unique(objects["oid"] // OBJECTS_OF_PLACE).tolist():
        mine = objects["oid"] // OBJECTS_OF_PLACE == head
        try:
            said = split_oid(head * OBJECTS_OF_PLACE)
            centre = field_centre(said.field)
        except BadIdentifierError as error:
            raise RefusedError(f"{file}: {error}") from error
        except UnknownFieldError:
            continue
        ra, dec = plane_to_sky(*quadrant_centre(Camera(), said.ccdid, said.qid), *centre)
        apart = separation(ra, dec, objects["ra"][mine], objects["dec"][mine])
        if apart.max() > FARTHEST:
            oid, far = int(objects["oid"][mine][np.argmax(apart)]), float(apart.max())
            raise RefusedError(f"{file}: object {oid}: lies {far:.1f} deg from where field {said.field}, channel "
                          f"{rcid(said.ccdid, said.qid)} is")  # fmt: skip
