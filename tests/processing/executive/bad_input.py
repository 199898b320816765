"""Faults of frames, and what each must end in.

The table of docs/supplement/bad_input.md is printed from these cases: a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import fitsio
import numpy as np
from astropy.io import fits

from archive.files import storage
from archive.models import CalibrationImage, GaiaStar, PanstarrsStar, ProductFile
from archive.survey.bits import InfoBit, bit_number
from archive.survey.camera import QUADRANT_IDS, filter_of, rcid
from archive.survey.identifiers import expid_of_jd, jd_of_ticks, ticks_of_jd
from processing.simulate import detector, survey
from processing.simulate.plan import night_exposures
from processing.simulate.randomness import stream
from processing.simulate.raw import write_ccd
from tests.processing.executive.nights import CAMERA, PLAN, sky_of

BAD_QUADRANT, GOOD_QUADRANT = 1, 2
CCD = 8
MINUTE = 7000  # ticks of identifiers


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong in one quadrant (or the whole file).

    light, readout, file : what is done to the electrons, to the numbers read, to the finished file
    archive : what is done to the archive between taking the file in and running its jobs
    outcome : refused (by ingest), quarantined, or done
    status, bits : of the science image, where there is one; the bits must be among those set
    reason : part of what a person reads
    undefined_rows : rows of the image that bit 10 (NAN) must mask, and nothing else
    spreads : whether the exposure's other quadrants suffer alike
    """

    name: str
    what: str
    outcome: str
    light: Callable | None = None
    readout: Callable | None = None
    file: Callable | None = None
    archive: Callable | None = None
    true_filter: str = "zr"
    status: int | None = None
    bits: InfoBit = InfoBit(0)
    reason: str = ""
    undefined_rows: int = 0
    spreads: bool = False


def expose(folder: Path, number: int, case: Case | None = None) -> Path:
    """The raw file of an exposure some minutes after the night's own, spoilt as a case says."""
    case = case or Case("good", "", "done")
    (first,) = (one for one in night_exposures(PLAN, 0, CAMERA) if one.imgtypecode == "o")
    named = replace(first, jd=jd_of_ticks(ticks_of_jd(first.jd) + (number + 1) * MINUTE))
    real = replace(named, filtercode=case.true_filter)
    state = survey._observe(PLAN, real, CAMERA, sky_of(PLAN))
    readouts = {}
    for qid in QUADRANT_IDS:
        channel = rcid(CCD, qid)
        light, _ = survey._light(PLAN, real, CAMERA, channel, state)
        if case.light and qid == BAD_QUADRANT:
            light = case.light(light, detector.response(CAMERA, channel, filter_of(real.filtercode).fid))
        rng = stream(PLAN.seed, "readout", expid_of_jd(named.jd), channel)
        readouts[qid] = detector.read_out(rng, CAMERA, channel, light, named.exptime)
        if case.readout and qid == BAD_QUADRANT:
            readouts[qid] = case.readout(readouts[qid])
    path = write_ccd(folder, CAMERA, named, CCD, readouts)
    if case.file:
        path = case.file(path)
    return path


def saturated(light, response):
    return light * np.float32(1e4)


def clouds(light, response):
    """Stars dimmed by 3 mag on average, in patches of 1 to 5 mag; the sky stays."""
    sky = np.float32(np.median(light))
    y, x = np.mgrid[: light.shape[0], : light.shape[1]] / max(light.shape)
    dimming = 3.0 + 2.0 * np.sin(7 * x) * np.cos(5 * y)
    return (sky + (light - sky) * 10 ** (-0.4 * dimming)).astype(np.float32)


def closed_shutter(light, response):
    return np.zeros_like(light)


def twilight(light, response):
    return light + np.float32(20_000 * CAMERA.gain) * response


def lost_rows(readout):
    """A tenth of the rows is not a number, in a file of floats."""
    pixels = readout.pixels.astype(np.float32)
    pixels[100:151] = np.nan
    return replace(readout, pixels=pixels)


def no_numbers(readout):
    return replace(readout, pixels=np.full(readout.pixels.shape, np.nan, np.float32))


def fewer_columns(readout):
    return replace(readout, pixels=readout.pixels[:, :-12])


def dead_overscan(readout):
    return replace(readout, overscan=np.full_like(readout.overscan, 65535))


def without_overscan(path: Path) -> Path:
    """The last of the nine HDUs is not there; what is there is whole."""
    with fitsio.FITS(str(path)) as hdus:
        end = hdus[8].get_offsets()["header_start"]
    path.write_bytes(path.read_bytes()[:end])
    return path


def truncated(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    return path


def flipped_bit(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


def other_filter_in_header(path: Path) -> Path:
    """Whole, with right checksums; only the name and the header do not agree."""
    with fits.open(path, disable_image_compression=True) as hdus:
        end = hdus[1].fileinfo()["hdrLoc"]
        header = hdus[0].header.copy()
    header["FILTER"], header["FILTERID"] = "ZTF_g", 1
    primary = fits.PrimaryHDU(header=header)
    primary.add_checksum()
    path.write_bytes(primary.header.tostring().encode() + path.read_bytes()[end:])
    return path


def cut_in_the_tree(raw: ProductFile) -> None:
    path = storage.absolute(raw.path)
    path.write_bytes(path.read_bytes()[:-5760])


def lost_from_the_tree(raw: ProductFile) -> None:
    storage.absolute(raw.path).unlink()


def all_biases_bad(raw: ProductFile) -> None:
    of_quadrant = CalibrationImage.objects.filter(caltype="bias", rcid=rcid(CCD, BAD_QUADRANT))
    of_quadrant.update(status=CalibrationImage.Status.BAD, reason="light leak")


def no_stars_known(raw: ProductFile) -> None:
    GaiaStar.objects.all().delete()
    PanstarrsStar.objects.all().delete()


def bias_with_lost_rows(raw: ProductFile) -> None:
    _spoil_bias(slice(200, 251))


def bias_of_nothing(raw: ProductFile) -> None:
    _spoil_bias(slice(None))


def _spoil_bias(rows: slice) -> None:
    """NaN in the newest bias, registered as if it had been made so; the files of other nights stay."""
    bias = CalibrationImage.objects.filter(caltype="bias", rcid=rcid(CCD, BAD_QUADRANT)).latest("nid")
    file = ProductFile.objects.get(family="cal", product_id=bias.cid, suffix="bias.fits")
    data, header = fits.getdata(storage.absolute(file.path), header=True)
    data = data.copy()
    data[rows] = np.nan
    path = file.path.replace("_bias.fits", "_biasx.fits")
    with storage.new_file(path) as temporary:
        fits.PrimaryHDU(data, header).writeto(temporary)
    ProductFile.objects.filter(pk=file.pk).update(path=path, sha256=storage.stored(path).sha256)


NO_PLACE = InfoBit.NO_PHOTCAL | InfoBit.NO_ASTROMETRY
CASES = (
    Case(
        "Saturated frame", "every pixel at the full well", "quarantined", light=saturated,
        reason="100 % of the pixels are saturated",
    ),
    Case(
        "Clouds", "stars dimmed by 1 to 5 mag in patches, sky as ever", "done", light=clouds, status=0,
        bits=InfoBit.NO_PHOTCAL, reason="calibrators scatter by",
    ),
    Case(
        "No stars", "the shutter stayed closed", "done", light=closed_shutter, status=0,
        bits=NO_PLACE | InfoBit.NO_PSF | InfoBit.FEW_SEX_SOURCES, reason="stars for the PSF: at least 8 needed",
    ),
    Case(
        "Wrong filter", "g light in a frame whose name and header say r", "done", true_filter="zg", status=0,
        bits=InfoBit.NO_PHOTCAL, reason="the light came through another filter", spreads=True,
    ),
    Case(
        "Filter disagrees", "FILTER is ZTF_g, the name says zr", "refused", file=other_filter_in_header,
        reason="FILTER is 'ZTF_g' in the header, 'ZTF_r' by the name",
    ),
    Case("Twilight", "20,000 DN of sky", "done", light=twilight, bits=InfoBit.BACKGROUND_HIGH),
    Case(
        "Missing overscan", "one of four strips is not in the file", "refused", file=without_overscan,
        reason="7 extensions; a raw file has 4 quadrants and 4 overscan strips",
    ),
    Case(
        "Unusable overscan", "the strip at 65535 DN", "quarantined", readout=dead_overscan,
        reason="only 0 of 512 rows are finite",
    ),
    Case("Truncated file", "60 % of its bytes", "refused", file=truncated, reason="not a whole FITS file"),
    Case(
        "Wrong FITS checksum", "one bit flipped before it was taken in", "refused", file=flipped_bit,
        reason="Checksum verification failed",
    ),
    Case(
        "Wrong SHA-256", "the archive's own copy was cut short later", "quarantined", archive=cut_in_the_tree,
        reason="is damaged, its SHA-256", spreads=True,
    ),
    Case(
        "Lost file", "the archive's own copy is gone", "quarantined", archive=lost_from_the_tree,
        reason="is missing from the tree; restore it", spreads=True,
    ),
    Case(
        "NaN rows", "51 of 512 rows of a raw file of floats are NaN", "done", readout=lost_rows, status=1,
        undefined_rows=51,
    ),
    Case("NaN frame", "NaN everywhere", "quarantined", readout=no_numbers, reason="100 % not finite"),
    Case(
        "NaN rows in the bias", "51 of 512 rows of the stack are NaN", "done", archive=bias_with_lost_rows, status=1,
        undefined_rows=51,
    ),
    Case("NaN bias", "a stack of nothing but NaN", "quarantined", archive=bias_of_nothing, reason="100 % not finite"),
    Case(
        "Wrong shape", "12 columns fewer than the calibrations have", "quarantined", readout=fewer_columns,
        reason="frame has shape (512, 500), its bias (512, 512)",
    ),
    Case(
        "No calibration", "every bias of the quadrant is marked bad", "quarantined", archive=all_biases_bad,
        reason="1 marked bad): take in 4 bias frames or more of CCD 8",
    ),
    Case(
        "Outside the catalogs", "neither Gaia nor Pan-STARRS is loaded there", "done", archive=no_stars_known,
        status=0, bits=NO_PLACE, reason="0 catalog stars in the frame", spreads=True,
    ),
)  # fmt: skip


def table() -> str:
    """The cases as a MyST table: input, what it ends in, what a person reads."""
    lines = ["| input | ends in | what a person reads |", "|---|---|---|"]
    for case in CASES:
        lines.append(f"| **{case.name}**: {case.what} | {_end(case)} | {case.reason and f'… {case.reason} …'} |")
    return "\n".join(lines)


def _end(case: Case) -> str:
    if case.outcome != "done":
        return {"refused": "refused by `ingest`", "quarantined": "job quarantined"}[case.outcome]
    status = "" if case.status is None else f"`STATUS` {case.status}, "
    bits = ", ".join(f"{bit_number(bit)} {bit.name}" for bit in case.bits)
    return f"{status}`INFOBITS` {bits}" if bits else f"{status}rows masked with bit 10 (NAN)"
