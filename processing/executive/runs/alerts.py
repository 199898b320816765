"""Alert jobs: the candidates of one difference image become packets of the alert archive."""

from __future__ import annotations

import time

from astropy.table import Table
from django.utils import timezone

from archive.files import storage
from archive.ingest.kinds import alerts as alert_archive
from archive.models import Alert, DifferenceImage
from archive.releases.rights import own_date
from archive.survey import identifiers
from archive.survey.times import SECONDS_PER_DAY, julian_date
from processing import __version__
from processing.alerts import history, neighbours, packets, schema, stamps
from processing.executive.products import files
from processing.executive.queue import Outcome
from processing.models import Job
from processing.science.errors import UnusableFrameError
from processing.science.subtraction import realbogus


def run_alerts(job: Job) -> Outcome:
    """Make the packets of one difference image; none if it has no candidates."""
    start = time.process_time()
    pid = job.parameters["pid"]
    difference = DifferenceImage.objects.select_related("science", "reference").filter(pk=pid).first()
    if difference is None:
        raise UnusableFrameError(f"pid {pid}: there is no difference image; its job did not succeed")
    made = make_packets(difference)
    seconds = {"packets": round(time.process_time() - start, 4)}

    def record() -> None:
        _write(difference, made)

    return Outcome(record, {"alerts": len(made)}, seconds, f"{len(made)} packets\n")


def make_packets(difference: DifferenceImage) -> list[dict]:
    """All packets of a difference image, without their names."""
    science = difference.science
    table, _ = files.table(files.product("diff", science.pid, "diffcand.fits").location)
    cuts, _ = files.table(files.product("diff", science.pid, "diffstamps.fits").location)
    _, header = files.table(files.product("sci", science.pid, "psfcat.fits").location)
    shared = packets.image_fields(difference, header, _reference_times(difference))
    past, middle = history.History(difference), science.obsjd + science.exptime / 2 / SECONDS_PER_DAY
    made = []
    for tblid, cut in enumerate(cuts):
        made.append(_packet(table, cut, tblid, shared, past, middle))
    return made


def _packet(table: Table, cut, tblid: int, shared: dict, past: history.History, middle: float) -> dict:
    row = table[int(cut["row"])]
    ra, dec = float(row["ra"]), float(row["dec"])
    near = neighbours.panstarrs(ra, dec) | neighbours.gaia(ra, dec) | neighbours.solar_system(ra, dec, middle)
    numbers, previous = past.of(ra, dec)
    candidate = packets.candidate_record(row, tblid, shared, near, numbers)
    pictures = stamps.cutouts(
        candidate["candid"], shared["pid"], bool(row["positive"]),
        cut["science"], cut["template"], cut["difference"],
    )  # fmt: skip
    return packets.packet(candidate, previous, pictures)


def _reference_times(difference: DifferenceImage) -> tuple[float, float]:
    reference = difference.reference
    return julian_date(reference.startobsdate), julian_date(reference.endobsdate)


def _write(difference: DifferenceImage, made: list[dict]) -> None:
    """Name, write and register the packets; alerts of an earlier run that are no longer made go."""
    science = difference.science
    candids = [packet["candid"] for packet in made]
    Alert.objects.filter(pid=science.pid, origin="ours").exclude(candid__in=candids).delete()
    if not made:
        return
    own = own_date(science)
    public = own is not None and own <= timezone.now()
    names = history.give_names([packet["candidate"] for packet in made], public)
    named = [packet | {"objectId": name} for packet, name in zip(made, names, strict=True)]
    night = identifiers.date_of_nid(science.nid)
    path = f"alert/{night:%Y/%m%d}/ztf_{science.pid}_programid{science.programid}.avro"
    place = storage.private_path(path)
    packets.write(place, named)
    provenance = {
        "software": __version__,
        "pipeline": "alerts",
        "version": schema.VERSION,
        "rbversion": realbogus.VERSION,
        "inputs": {"difference": science.pid, "reference": difference.reference_id},
    }
    alert_archive.register(storage.complete(path, place), named, "ours", provenance)
