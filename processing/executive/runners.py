"""Which function runs which pipeline's jobs."""

from __future__ import annotations

from collections.abc import Callable

from processing.executive.queue import Outcome
from processing.executive.runs.alerts import run_alerts
from processing.executive.runs.calibration import run_bias, run_flat
from processing.executive.runs.difference import run_difference
from processing.executive.runs.distortion import run_distortion
from processing.executive.runs.hips import run_hips
from processing.executive.runs.lightcurves import run_compact, run_lightcurves, run_statistics
from processing.executive.runs.periods import run_periods
from processing.executive.runs.reference import run_reference
from processing.executive.runs.science import run_science
from processing.executive.runs.statics import run_lowflat, run_pmask
from processing.executive.warmup import warm_up
from processing.models import Job

RUNNERS: dict[str, Callable[[Job], Outcome]] = {
    "bias": run_bias,
    "flat": run_flat,
    "lownuflat": run_lowflat,
    "pmask": run_pmask,
    "science": run_science,
    "distortion": run_distortion,
    "lightcurves": run_lightcurves,
    "statistics": run_statistics,
    "periods": run_periods,
    "compact": run_compact,
    "reference": run_reference,
    "hips": run_hips,
    "difference": run_difference,
    "alerts": run_alerts,
}

__all__ = ["RUNNERS", "run", "warm_up"]


def run(job: Job) -> Outcome:
    """Run a claimed job; raises ScienceError when its input is unusable."""
    return RUNNERS[job.pipeline](job)
