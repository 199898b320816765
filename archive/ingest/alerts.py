"""Alert packets: Avro files of ZTF's schema, one or many packets each."""

from __future__ import annotations

import math
from pathlib import Path

import fastavro
from django.db import transaction

from archive import registry, storage
from archive.ingest.errors import Refused
from archive.models import Alert, ProductFile
from archive.releases.rights import keep_open
from archive.storage import StoredFile
from archive.survey import identifiers

NEEDED = ("candid", "jd", "fid", "pid", "nid", "programid", "ra", "dec", "magpsf", "sigmapsf", "isdiffpos")
NOTHING_NEAR = -999.0


def take(path: Path, origin: str) -> int:
    """Store a packet file and its alerts' rows; returns how many alerts."""
    packets = read_packets(path)
    first = packets[0]["candidate"]
    night = identifiers.date_of_nid(first["nid"])
    file = storage.copy_in(path, f"alert/{night:%Y/%m%d}/{path.name}")
    with transaction.atomic():
        return len(register(file, packets, origin))


def read_packets(path: Path) -> list[dict]:
    """All packets of an Avro file.

    Raises
    ------
    Refused
        if the file does not decode, holds no packet, or a packet lacks what a search needs.
    """
    try:
        with path.open("rb") as file:
            packets = list(fastavro.reader(file))
    except Exception as error:  # noqa: BLE001 (fastavro raises whatever a broken schema or block leads it to)
        raise Refused(f"{path.name}: does not decode as Avro ({type(error).__name__}: {error})") from error
    if not packets:
        raise Refused(f"{path.name}: holds no packet")
    for number, packet in enumerate(packets):
        candidate = packet.get("candidate") if isinstance(packet, dict) else None
        if not isinstance(candidate, dict) or "objectId" not in packet:
            raise Refused(f"{path.name}: record {number} is no ZTF alert (no objectId or no candidate)")
        missing = [name for name in NEEDED if candidate.get(name) is None]
        if missing:
            raise Refused(f"{path.name}: record {number} lacks {', '.join(missing)}")
    return packets


def register(file: StoredFile, packets: list[dict], origin: str, provenance: dict | None = None) -> list[Alert]:
    """Rows for the packets of a stored file; the file gets the rights of its (one) program."""
    programs = {packet["candidate"]["programid"] for packet in packets}
    if len(programs) != 1:
        raise Refused(f"{file.path}: packets of programs {sorted(programs)} in one file; write one file a program")
    first = packets[0]["candidate"]
    rights = registry.rights(programs.pop(), registry.date_of_jd(first["jd"]))
    row = registry.register_file(
        file, ProductFile.Family.ALERT, first["pid"], "alerts.avro", rights, origin, provenance
    )
    alerts = [alert_of(packet, number, row, rights, origin) for number, packet in enumerate(packets)]
    columns = [field.name for field in Alert._meta.concrete_fields if field.name != "candid"]
    made = Alert.objects.bulk_create(alerts, update_conflicts=True, unique_fields=["candid"], update_fields=columns)
    keep_open(*made)
    return made


def alert_of(packet: dict, number: int, file: ProductFile, rights: dict, origin: str) -> Alert:
    """The searchable part of one packet."""
    candidate = packet["candidate"]
    solar = candidate.get("ssnamenr") or ""
    return Alert(
        candid=candidate["candid"],
        objectid=packet["objectId"],
        origin=origin,
        pid=candidate["pid"],
        rfid=candidate.get("rfid"),
        jd=candidate["jd"],
        nid=candidate["nid"],
        fid=candidate["fid"],
        field=candidate.get("field"),
        rcid=candidate.get("rcid"),
        ra=candidate["ra"] % 360,
        dec=candidate["dec"],
        magpsf=candidate["magpsf"],
        sigmapsf=candidate["sigmapsf"],
        isdiffpos=str(candidate["isdiffpos"]).lower() in ("t", "1", "true"),
        rb=_known(candidate.get("rb")),
        drb=_known(candidate.get("drb")),
        distnr=_known(candidate.get("distnr")),
        ssnamenr="" if solar == "null" else solar,
        ssdistnr=_known(candidate.get("ssdistnr")),
        packet=file,
        packet_index=number,
        **rights,
    )


def _known(value: float | None) -> float | None:
    """A measured value; ZTF writes -999 where there is none."""
    return None if value is None or math.isnan(value) or value <= NOTHING_NEAR else value
