"""An object with alerts in two filters, brighter and fainter, and with limits before them; some of it proprietary."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from archive.files import storage
from archive.ingest.kinds.alerts import alert_of
from archive.models import Alert
from archive.survey.camera import filter_of
from archive.survey.identifiers import make_candid
from processing.alerts import packets, schema, stamps
from tests import factories

OBJECT = "ZTF26abcdefg"
OTHER = "ZTF26hijklmn"
JD = 2461340.8
RA, DEC, RCID, FIELD = 55.1, 33.4, 50, 655
NOTHING = -999.0
CLOSED = {"programid": 2, "public_date": datetime(2099, 1, 1, tzinfo=UTC)}
SIDE = 63

# days after JD, filter, magnitude, uncertainty, brighter than the reference, program
DETECTIONS = (
    (0.0, 1, 19.61, 0.12, True, 1), (0.04, 2, 19.32, 0.11, True, 1), (3.0, 1, 18.45, 0.06, True, 1),
    (3.04, 2, 18.29, 0.05, True, 1), (5.5, 2, 17.93, 0.04, True, 2), (9.0, 1, 18.02, 0.04, True, 1),
    (12.0, 2, 18.20, 0.05, True, 1), (20.0, 2, 19.90, 0.15, False, 1),
)  # fmt: skip
LIMITS = ((-9.0, 1, 20.7), (-6.0, 2, 20.4), (-3.0, 1, 20.9), (-2.96, 2, 20.5))


def build() -> list[Alert]:
    """The object's alerts in order of time; each in a file of its own."""
    made = []
    for number, (days, fid, mag, err, positive, program) in enumerate(DETECTIONS):
        image = factories.science_image(
            factories.exposure(jd=JD + days, fid=fid, filtercode=filter_of(fid).code, ra=RA, dec=DEC), RCID,
            programid=program,
        )  # fmt: skip
        one = candidate(image, number, mag, err, positive, program)
        made.append(add(one, OBJECT, history(program), program))
    return made


def history(program: int = 1) -> list[dict]:
    """Limits before the first detection, by images that the archive does not hold."""
    blank = dict.fromkeys(schema.PREVIOUS_NAMES) | {"rbversion": ""}
    return [
        blank | {"jd": JD + days, "fid": fid, "pid": 3577000000015015 + k, "diffmaglim": limit, "programid": program}
        for k, (days, fid, limit) in enumerate(LIMITS)
    ]


def candidate(image, number: int, mag: float, err: float, positive: bool, program: int = 1, **values) -> dict:
    """A candidate record with every field of the schema."""
    found = dict.fromkeys(schema.CANDIDATE_NAMES)
    found |= {
        "candid": make_candid(image.pid, number, positive), "jd": image.obsjd, "fid": image.fid, "pid": image.pid,
        "nid": image.nid, "field": FIELD, "rcid": RCID, "programid": program, "programpi": "Public", "ra": RA,
        "dec": DEC, "magpsf": mag, "sigmapsf": err, "isdiffpos": "t" if positive else "f", "tblid": number,
        "xpos": 1500.25, "ypos": 1600.5, "chipsf": 1.12, "magap": mag + 0.03, "sigmagap": err, "diffmaglim": 20.5,
        "magdiff": 0.03, "rb": 0.87, "drb": None, "rbversion": "t17", "drbversion": "", "nneg": 0, "nbad": 0,
        "fwhm": 2.1, "elong": 1.05, "scorr": 23.4, "rfid": 655120250, "jdstartref": JD - 300, "jdendref": JD - 100,
        "nframesref": 16, "nmatches": 512, "ndethist": number + 1, "ncovhist": 40, "jdstarthist": JD,
        "jdendhist": image.obsjd, "ranr": RA, "decnr": DEC, "distnr": 0.4, "magnr": 19.2, "sigmagnr": 0.05,
        "zpclrcov": -4.1e-07, "exptime": 30.0, "tooflag": 0, "nmtchps": 7, "sgscore1": 0.02, "distpsnr1": 1.31,
        "sgmag1": 20.41, "srmag1": 19.85, "simag1": NOTHING, "szmag1": 19.2, "objectidps1": 148080551000123456,
        "sgscore2": 0.99, "distpsnr2": 12.4, "sgmag2": 17.2, "srmag2": 16.9, "simag2": 16.8, "szmag2": 16.75,
        "objectidps2": 148080551000123457, "sgscore3": NOTHING, "distpsnr3": NOTHING, "sgmag3": NOTHING,
        "srmag3": NOTHING, "simag3": NOTHING, "szmag3": NOTHING, "objectidps3": None, "neargaia": 12.4,
        "maggaia": 16.94, "neargaiabright": NOTHING, "maggaiabright": NOTHING, "ssdistnr": 4.2, "ssmagnr": 17.9,
        "ssnamenr": "310",
    }  # fmt: skip
    return found | values


def add(candidate: dict, name: str, previous: list[dict], program: int = 1) -> Alert:
    """An alert with its packet's file."""
    pictures = stamps.cutouts(candidate["candid"], candidate["pid"], True, *three(candidate["candid"]))
    packet = packets.packet(candidate, previous, pictures) | {"objectId": name}
    rights = factories.PUBLIC if program == 1 else CLOSED
    path = f"alert/pages/{candidate['candid']}_programid{program}.avro"
    with storage.new_file(path) as temporary:
        packets.write(temporary, [packet])
    stored = storage.stored(path)
    file = factories.product_file(
        path=path, family="alert", product_id=candidate["pid"], suffix="alerts.avro", size=stored.size,
        sha256=stored.sha256, **rights,
    )  # fmt: skip
    one = alert_of(candidate | {"objectid": name}, 0, file, rights, "ours")
    one.save()
    return one


def three(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Science, template and difference around a new source beside a galaxy, with a star to the north-east."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    noise = np.random.default_rng(seed % 2**32)
    galaxy = 300 * np.exp(-np.hypot(x + 3, 1.5 * (y + 2)) / 4)
    star = 900 * np.exp(-((x + 14) ** 2 + (y + 18) ** 2) / 4)  # x to the west, y to the south: north-east
    source = 500 * np.exp(-(x**2 + y**2) / 4)
    template = galaxy + star + noise.normal(0, 4, (SIDE, SIDE))
    science = galaxy + star + source + noise.normal(0, 12, (SIDE, SIDE))
    return tuple(one.astype(np.float32) for one in (science, template, source + noise.normal(0, 12, (SIDE, SIDE))))
