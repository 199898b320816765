"""Difference jobs: one science image minus its reference becomes a difference and candidates."""

from __future__ import annotations

from functools import partial

import numpy as np

from archive.models import DifferenceImage, ReferenceImage, ScienceImage
from archive.releases.rights import keep_open, own_date
from processing.executive.products import files
from processing.executive.products.quadrants import Quadrant
from processing.executive.queue import Outcome
from processing.executive.runs.reference import PUBLIC
from processing.models import Job
from processing.pipelines.difference.pipeline import (
    DIFFERENCE,
    DifferenceConfig,
    DifferenceInputs,
    ImageInputs,
)
from processing.science import tpv
from processing.science.errors import UnusableFrameError


def run_difference(job: Job, config: DifferenceConfig = DifferenceConfig()) -> Outcome:  # noqa: B008 (frozen)
    """Subtract the reference from one science image."""
    science = ScienceImage.objects.filter(pk=job.parameters["pid"]).first()
    if science is None:
        raise UnusableFrameError(f"pid {job.parameters['pid']}: there is no science image; its job did not succeed")
    if science.status != 1:
        raise UnusableFrameError(f"pid {science.pid}: status {science.status}, infobits {science.infobits}; 1 needed")
    reference = reference_of(science)
    products = DIFFERENCE.run(
        DifferenceInputs(
            science=_inputs("sci", science.pid, "sciimg.fits", "sciunc.fits", "psfcat.fits", "mskimg.fits"),
            reference=_inputs("ref", reference.rfid, "refimg.fits", "refunc.fits", "refpsfcat.fits"),
            cards=(
                ("DBPID", science.pid, "Number of the science image"),
                ("DBRFID", reference.rfid, "Number of the reference"),
            ),
        ),
        config,
    )
    written = files.write_products(products, partial(Quadrant.of(science).science_name, science.filefracday))
    provenance = files.provenance(DIFFERENCE, config, {"science": science.pid, "reference": reference.rfid})
    found = products.measurements

    def record() -> None:
        rights = rights_of(science, reference)
        made, _ = DifferenceImage.objects.update_or_create(
            science=science,
            defaults=rights
            | {
                "reference": reference,
                "diffmaglim": found["diffmaglim"],
                "ncandidates": found["alerts"],
                "status": 1,
                "quality": files.plain(found),
            },
        )
        keep_open(made)
        files.register_all(written, "diff", science.pid, rights, provenance)

    return Outcome(record, found, files.seconds(products), files.log_of(products))


def reference_of(science: ScienceImage) -> ReferenceImage:
    """The reference of a science image's field, quadrant and filter; UnusableFrameError if there is none."""
    quadrant = Quadrant.of(science)
    reference = quadrant.current_reference()
    if reference is None:
        raise UnusableFrameError(f"pid {science.pid}: there is no reference of {quadrant.lookup}")
    return reference


def rights_of(science: ScienceImage, reference: ReferenceImage) -> dict:
    """A difference is as closed as the science image; references are made of public images only."""
    if reference.programid != PUBLIC:
        raise UnusableFrameError(
            f"reference {reference.rfid} is of program {reference.programid}: a public one is needed"
        )
    return {"programid": science.programid, "public_date": own_date(science)}


def _inputs(family: str, number: int, image: str, uncertainty: str, catalog: str, mask: str | None = None):
    def pixels(suffix: str) -> np.ndarray:
        return files.image_pixels(files.product(family, number, suffix).location)

    table, header = files.table(files.product(family, number, catalog).location)
    return ImageInputs(
        image=pixels(image),
        uncertainty=pixels(uncertainty),
        mask=pixels(mask) if mask else None,
        wcs=tpv.from_header(header),
        catalog=table,
        header=header,
    )
