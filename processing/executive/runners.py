"""The functions that run each pipeline's jobs."""

from __future__ import annotations

from django.utils.module_loading import import_string

from processing.executive.queue import Outcome
from processing.models import Job

RUNS = "processing.executive.runs"
RUNNERS = {
    "bias": f"{RUNS}.calibration.run_bias",
    "flat": f"{RUNS}.calibration.run_flat",
    "lownuflat": f"{RUNS}.statics.run_lowflat",
    "pmask": f"{RUNS}.statics.run_pmask",
    "science": f"{RUNS}.science.run_science",
    "distortion": f"{RUNS}.distortion.run_distortion",
    "lightcurves": f"{RUNS}.lightcurves.run_lightcurves",
    "statistics": f"{RUNS}.lightcurves.run_statistics",
    "periods": f"{RUNS}.periods.run_periods",
    "compact": f"{RUNS}.lightcurves.run_compact",
    "reference": f"{RUNS}.reference.run_reference",
    "hips": f"{RUNS}.hips.run_hips",
    "difference": f"{RUNS}.difference.run_difference",
    "alerts": f"{RUNS}.alerts.run_alerts",
}  # dotted names: pages list pipelines and run none


def run(job: Job) -> Outcome:
    """Run a claimed job; raises ScienceError when its input is unusable."""
    return import_string(RUNNERS[job.pipeline])(job)
