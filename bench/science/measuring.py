"""One run of the pipeline in a fresh process: what it found, what it cost."""

from __future__ import annotations

import pickle
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Measured:
    """Products of the pipeline of one quadrant; cpu in s, peak_memory in GB; image and bad (pixels) where asked for."""

    catalog: dict[str, np.ndarray]
    measurements: dict
    steps: dict[str, float]
    cpu: float
    peak_memory: float
    wcs: object
    psf: np.ndarray
    image: np.ndarray | None
    bad: np.ndarray | None

    def without_image(self) -> Measured:
        return replace(self, image=None, bad=None)


def measure_apart(inputs, folder: Path, keep_image: bool = False) -> Measured:
    """Run the pipeline in a process that holds nothing else."""
    path = folder / "inputs.pickle"
    path.write_bytes(pickle.dumps(inputs, protocol=5))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, path, keep_image).result()


def measure(path: Path, keep_image: bool) -> Measured:
    """Run the pipeline on pickled inputs; called in a fresh process."""
    from archive.survey.bits import BAD_PIXEL_MASK
    from processing.executive.warmup import warm_up
    from processing.pipelines.science.pipeline import SCIENCE

    warm_up()
    inputs = pickle.loads(path.read_bytes())  # noqa: S301 - written by this bench
    started = time.process_time()
    products = SCIENCE.run(inputs)
    cpu = time.process_time() - started
    steps = {step.name: step.cpu for step in products.steps}
    table = products.files["psfcat.fits"].data
    return Measured(
        {name: np.asarray(table[name]) for name in table.colnames},
        {key: value for key, value in products.measurements.items() if np.isscalar(value)},
        steps | {"make_products": cpu - sum(steps.values())},
        cpu,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        _wcs_of(products.files["sciimg.fits"].cards),
        products.files["sciimgdaopsfcent.fits"].data,
        products.files["sciimg.fits"].data if keep_image else None,
        (products.files["mskimg.fits"].data & BAD_PIXEL_MASK) != 0 if keep_image else None,
    )


def _wcs_of(cards):
    from processing.science import tpv

    return tpv.from_header({card[0]: card[1] for card in cards})
