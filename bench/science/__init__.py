"""The science pipeline on simulated quadrants: photometry, detection, astrometry, zero point, time, memory.

Two types of field: typical (10,000 sources in the frame) and the Galactic plane (60,000 brighter than 21.5 mag), five
seeings each. Every quadrant is measured in a process of its own, which holds nothing but the pipeline. The photon and
sky limit is that of a fit with the true PSF at the true place, the sky known, in read-out, sky and the star's own
photon noise: neighbours are no part of it. Bias and flat are the true ones. SExtractor, scamp and PSFEx look at the
same calibrated images with the same mask where they are installed (`make bench-peers`); of several thresholds
SExtractor takes the one that does it most good. Skies, channel and pointings are none that the pipeline was tuned on
(bench/seeds.py).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.report import Figure, report
from bench.science import figures, frames, measuring, peers, plots, repeatability
from bench.seeds import require_fresh

SEED, OF_TYPE = 2027, 100
"""Of the first quadrant of the first type of field; types are OF_TYPE apart. Exposures of repeatability follow SEED."""


def seeds() -> list[int]:
    """Every seed that a full run draws from."""
    kinds, seeings = range(len(frames.FIELD_TYPES)), range(len(frames.FULL_SEEING))
    quadrants = [SEED + OF_TYPE * kind + seeing for kind in kinds for seeing in seeings]
    return quadrants + [repeatability.seed_of(SEED, exposure) for exposure in range(repeatability.EXPOSURES)]


def run(quick: bool) -> None:
    """Simulate, measure, compare, print, plot."""
    require_fresh("science", seeds(), [frames.CHANNEL], [kind.boresight for kind in frames.FIELD_TYPES])
    from archive.survey.camera import Camera

    camera = Camera().scaled(frames.QUICK_SIDE, frames.QUICK_SIDE) if quick else Camera()
    found: dict[str, Figure] = {}
    notes = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, kind in enumerate(frames.FIELD_TYPES):
            quadrants = []
            for k, seeing in enumerate(frames.QUICK_SEEING if quick else frames.FULL_SEEING):
                print(f"{kind.name} {k + 1}: {camera.nx} x {camera.ny} px, seeing {seeing} px", flush=True)
                inputs, truth = frames.simulate(camera, kind, seeing, SEED + OF_TYPE * number + k)
                measured = measuring.measure_apart(inputs, folder, keep_image=bool(peers.INSTALLED))
                others = peers.measure(inputs, measured, truth, folder, seeing) if peers.INSTALLED else {}
                quadrants.append(figures.Quadrant(seeing, truth, measured.without_image(), others))
            found |= {f"{kind.name}: {key}": value for key, value in figures.of_type(kind, quadrants).items()}
            notes.append(f"{kind.name}\n{figures.per_frame(quadrants)}")
            plots.residuals(kind.name, figures.compared_all(quadrants))
        found |= repeatability.figures(camera.scaled(frames.QUICK_SIDE, frames.QUICK_SIDE), folder, SEED, quick)
    notes.append(peers.missing())
    notes.append(f"residual plots: {plots.FOLDER}")
    report("science", found, "\n\n".join(filter(None, notes)), quick)
