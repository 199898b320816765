"""Alert packets: Avro files of ZTF's schema, one or many packets each, by themselves or in a tar."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from archive.files import placing
from archive.files.storage import StoredFile
from archive.ingest import values
from archive.ingest.door import Copy, Found, open_regular
from archive.ingest.errors import RefusedError
from archive.ingest.kinds import tars
from archive.ingest.parsing import parse_many
from archive.models import Alert, OwnDate, ProductFile, Program, ScienceImage
from archive.products import register as registry
from archive.releases.closing import most_closed, own_rights
from archive.releases.rights import keep_open
from archive.survey import identifiers
from archive.survey.times import SECONDS_PER_DAY, date_of_jd

COLUMNS = (
    "candid", "pid", "rfid", "jd", "nid", "fid", "field", "rcid", "ra", "dec", "magpsf", "sigmapsf", "isdiffpos", "rb",
    "drb", "distnr", "ssnamenr", "ssdistnr", "programid",
)  # fmt: skip
SAME = ("objectid", "pid", "jd", "fid", "programid")  # of a candidate that comes a second time
MOST_BYTES = 4 << 30  # of a file's packets
SECONDS = 120.0  # that a candidate's time may be from that of its image's number
NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,99}\.avro")
_DIGITS = re.compile(r"[0-9]{15,}")
_PROGRAM = re.compile(r"programid([0-9])")


@dataclass(frozen=True)
class _File:
    """A packet file and the candidates in it, as columns of Alert."""

    copy: Copy
    found: list[dict]

    @property
    def path(self) -> str:
        return f"{_folder(self.found)}/{self.copy.name}"


@dataclass(frozen=True)
class _Known:
    """The rows that are here of some packet files: by path, candid, pid, number of program."""

    files: Mapping[str, ProductFile]
    alerts: Mapping[int, Alert]
    images: Mapping[int, ScienceImage]
    programs: Mapping[int, Program]


def ingest(copies: Sequence[Copy], origin: str, may_open: bool = False) -> list[int | RefusedError]:
    """Register packet files and their alerts' rows; returns of each how many alerts it brought, or why it is refused.

    A file never takes another's name, and a candidate that is here keeps the packet that it has. All of them come in
    one transaction.
    """
    outcomes: list[int | RefusedError] = [0] * len(copies)
    waiting: dict[int, _File] = {}
    for number, one in enumerate(_read(copies)):
        if isinstance(one, RefusedError):
            outcomes[number] = one
        else:
            waiting[number] = one
    with transaction.atomic():
        placing.lock(*(_folder(one.found) for one in waiting.values()))
        while waiting:
            first = _without_repeats(waiting)
            taken = _register(list(first.values()), origin, may_open)
            outcomes_of = zip(first, taken, strict=True)
            for number, outcome in outcomes_of:
                outcomes[number] = outcome
                del waiting[number]
    return outcomes


def _folder(found: list[dict]) -> str:
    return f"alert/{identifiers.date_of_nid(found[0]['nid']):%Y/%m%d}"


def _without_repeats(files: Mapping[int, _File]) -> dict[int, _File]:
    """The files before the first one whose name or one of whose candidates another brings as well."""
    first: dict[int, _File] = {}
    seen: set[object] = set()
    for number, one in files.items():
        brought = {one.path, *(candidate["candid"] for candidate in one.found)}
        if seen & brought:
            break
        seen |= brought
        first[number] = one
    return first


def _register(files: list[_File], origin: str, may_open: bool) -> list[int | RefusedError]:
    known = _known(files)
    judged = [_judged(one, known) for one in files]
    new = [one for one in judged if isinstance(one, registry.NewFile)]
    rows = {row.path: row for row in registry.register_files(new, origin, may_open=may_open)}
    own = own_rights(ProductFile, [row.pk for row in rows.values()])
    alerts, outcomes = [], []
    for file, one in zip(files, judged, strict=True):
        if not isinstance(one, registry.NewFile):
            outcomes.append(one)
            continue
        row = rows[file.path]
        made = [alert_of(candidate, number, row, own[row.pk], origin) for number, candidate in enumerate(file.found)]
        fresh = [alert for alert in made if alert.candid not in known.alerts]
        alerts += fresh
        outcomes.append(len(made) if file.path in known.files else len(fresh))
        _follow(row, [known.alerts[one.candid] for one in made if one.candid in known.alerts], own[row.pk], may_open)
    _write(alerts)
    return outcomes


def _follow(file: ProductFile, alerts: list[Alert], rights: dict, may_open: bool) -> None:
    """The alerts of a file that is taken again get its rights: a file never closes without what is read from it."""
    mine = [one.pk for one in alerts if one.packet_id == file.pk]
    for pk, own in own_rights(Alert, mine).items():
        new_rights = rights if may_open else most_closed([own, rights])
        if new_rights != own:
            Alert.objects.filter(pk=pk).update(**new_rights)
    opened = OwnDate.objects.filter(relation=Alert._meta.db_table, key__in=mine).values_list("key", flat=True)
    keep_open(*Alert.objects.filter(pk__in=list(opened)))


def _judged(one: _File, known: _Known) -> registry.NewFile | int | RefusedError:
    """The file and alerts to register; 0, where all candidates came with another file before; or why it is refused."""
    name, file = one.copy.name, known.files.get(one.path)
    try:
        if file is not None and file.sha256 != one.copy.sha256:
            raise RefusedError(f"{name}: another packet file of this name and night is here; it is not replaced")
        for number, candidate in enumerate(one.found):
            _require_image(candidate, known.images, f"{name}: record {number}")
        _require_same(one.found, known.alerts, file, name)
        if file is None and all(candidate["candid"] in known.alerts for candidate in one.found):
            return 0
        rights = _rights(one.found, name, known)
        stored = one.copy.stored(one.path)
        return registry.NewFile(stored, ProductFile.Family.ALERT, one.found[0]["pid"], "alerts.avro", rights)
    except RefusedError as reason:
        return reason


def _known(files: list[_File]) -> _Known:
    found = [candidate for one in files for candidate in one.found]
    return _Known(
        {row.path: row for row in ProductFile.objects.filter(path__in=[one.path for one in files])},
        Alert.objects.in_bulk([one["candid"] for one in found]),
        ScienceImage.objects.in_bulk({one["pid"] for one in found}),
        Program.objects.in_bulk(),
    )


def _read(copies: Sequence[Copy]) -> Iterator[_File | RefusedError]:
    """The candidates of Avro files, in order; Refused for one that does not decode, holds no packet, or whose values
    or identity are wrong.
    """
    fit = [copy for copy in copies if NAME.fullmatch(copy.name)]
    read = iter(parse_many("avrofile:read", fit, most=MOST_BYTES))
    for copy in copies:
        if not NAME.fullmatch(copy.name):
            yield RefusedError(
                f"{copy.name!r}: a packet file is named like 558190215115015004.avro, in up to 100 characters"
            )
            continue
        packets = next(read)
        try:
            yield packets if isinstance(packets, RefusedError) else _File(copy, _checked(packets, copy.name))
        except RefusedError as reason:
            yield reason
        except identifiers.BadIdentifierError as reason:
            yield RefusedError(f"{copy.name}: {reason}")


def _checked(packets: list[dict], name: str) -> list[dict]:
    found = []
    for number, packet in enumerate(packets):
        what = f"{name}: record {number}"
        if missing := [one for one in ("candid", "jd", "programid") if packet[one] is None]:
            raise RefusedError(f"{what} lacks {', '.join(missing)}")
        found.append(_columns(packet, what))
        _require_identity(found[-1], packet, what)
    candids = {one["candid"] for one in found}
    if len(candids) != len(found):
        raise RefusedError(f"{name}: holds a candidate twice")
    _require_named(name, found)
    return found


def register(file: StoredFile, packets: list[dict], origin: str, provenance: dict | None = None) -> list[Alert]:
    """Rows for the packets of a file that was made here; the file gets the rights of its (one) program."""
    found = [{**packet["candidate"], "objectid": packet["objectId"]} for packet in packets]
    rights = _own_rights(found, file.path)
    row = registry.register_file(
        file, ProductFile.Family.ALERT, found[0]["pid"], "alerts.avro", rights, origin, provenance
    )
    return _write([alert_of(one, number, row, rights, origin) for number, one in enumerate(found)])


def alert_of(candidate: Mapping, number: int, file: ProductFile, rights: Mapping, origin: str) -> Alert:
    """The searchable part of one packet."""
    solar = candidate.get("ssnamenr") or ""
    plain = {name: candidate.get(name) for name in COLUMNS if name not in ("programid", "ssnamenr", "isdiffpos")}
    optional = {name: known(plain[name]) for name in ("rb", "drb", "distnr", "ssdistnr")}
    return Alert(
        **plain | optional | {"ra": candidate["ra"] % 360},
        objectid=candidate["objectid"],
        origin=origin,
        isdiffpos=str(candidate["isdiffpos"]).lower() in ("t", "1", "true"),
        ssnamenr="" if solar == "null" else solar,
        packet=file,
        packet_index=number,
        **rights,
    )


def known(value: float | None) -> float | None:
    """A measured value; ZTF writes -999 where there is none."""
    return None if value is None or value != value or value <= values.UNKNOWN[0] else value


def members(one: Found) -> Iterator[tuple[str, Copy | RefusedError]]:
    """Names and private copies of the packet files in a tar, one after another; what cannot be one is a refusal."""
    handle = open_regular(one)
    with os.fdopen(handle, "rb") as file:
        yield from tars.copies(file, one.name)


def _columns(packet: Mapping, what: str) -> dict:
    said = {name: packet[name] for name in COLUMNS}
    said |= {name: None for name in ("rb", "drb") if isinstance(said[name], float) and said[name] != said[name]}
    said["isdiffpos"] = str(said["isdiffpos"]).lower()
    said["ssnamenr"] = said["ssnamenr"] or ""
    return values.checked("alert", said | {"objectid": packet["objectId"]}, what)


def _require_identity(one: Mapping, packet: Mapping, what: str) -> None:
    """One identity in candidate, image and time: the numbers contain each other."""
    if packet["packet_candid"] not in (None, one["candid"]):
        raise RefusedError(
            f"{what}: candid is {packet['packet_candid']} in the packet, {one['candid']} in its candidate"
        )
    if one["candid"] // 10**6 != one["pid"]:
        raise RefusedError(f"{what}: candid={one['candid']} is of image {one['candid'] // 10**6}, pid={one['pid']}")
    expid, rcid, _ = identifiers.split_pid(one["pid"])
    if one["rcid"] not in (None, rcid):
        raise RefusedError(f"{what}: rcid={one['rcid']}, {rcid} by its pid")
    nid = identifiers.nid_of_expid(expid)
    begun = identifiers.jd_of_ticks(nid * identifiers.TICKS_PER_DAY + expid % 10**5 * 100)
    if one["nid"] != nid or abs(one["jd"] - begun) * SECONDS_PER_DAY > SECONDS:
        raise RefusedError(f"{what}: nid={one['nid']}, jd={one['jd']}; by its pid night {nid} at {begun}")


def _require_image(one: Mapping, images: Mapping[int, ScienceImage], what: str) -> None:
    """Refuse a candidate that tells of another field, filter or channel than its science image, where that is here."""
    image = images.get(one["pid"])
    if image is not None:
        for name in ("field", "fid", "rcid"):
            if one[name] not in (None, getattr(image, name)):
                raise RefusedError(f"{what}: {name}={one[name]}, {getattr(image, name)} of its science image")


def _require_named(name: str, found: list[dict]) -> None:
    told = {int(one) for one in _DIGITS.findall(name)}
    if len(found) == 1 and told and found[0]["candid"] not in told:
        raise RefusedError(f"{name}: holds candidate {found[0]['candid']}; one of the numbers is wrong")


def _require_same(found: list[dict], here: Mapping[int, Alert], known_file: ProductFile | None, name: str) -> None:
    """Refuse a candidate that is here with another identity: neither replaces the other."""
    for one in found:
        alert = here.get(one["candid"])
        if alert is None or (known_file is not None and alert.packet_id == known_file.pk):
            continue
        for column in SAME:
            if getattr(alert, column) != one[column]:
                raise RefusedError(
                    f"{name}: candidate {one['candid']} is here with {column}={getattr(alert, column)}, "
                    f"not {one[column]}; it is not replaced"
                )


def _rights(found: list[dict], name: str, known: _Known) -> dict:
    """By the packets' program; where file name or science image say otherwise, the most closed."""
    said = [_own_rights(found, name, known.programs)]
    own = said[0]["programid"]
    others = {int(one) for one in _PROGRAM.findall(name)}
    others |= {known.images[one["pid"]].programid for one in found if one["pid"] in known.images}
    for one in others - {own}:
        said.append({"programid": values.checked("alert", {"programid": one}, name)["programid"], "public_date": None})
    return most_closed(said)


def _own_rights(found: list[dict], name: str, programs: Mapping[int, Program] | None = None) -> dict:
    said = {one["programid"] for one in found}
    if len(said) != 1:
        raise RefusedError(f"{name}: packets of programs {sorted(said)} in one file; write one file a program")
    return registry.rights(said.pop(), date_of_jd(min(one["jd"] for one in found)), programs)


def _write(alerts: list[Alert]) -> list[Alert]:
    columns = [field.name for field in Alert._meta.concrete_fields if field.name != "candid"]
    made = Alert.objects.bulk_create(alerts, update_conflicts=True, unique_fields=["candid"], update_fields=columns)
    keep_open(*made)
    return made
