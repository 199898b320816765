"""Period search on arrays: periodograms by seven methods, their significance, and the search that combines them.

No Django. `periodogram` is the one door to all methods; `find_period` names the period of a star with a confidence.
"""

from lightcurves.periods.boxes import Boxes, box_least_squares
from lightcurves.periods.config import PeriodConfig
from lightcurves.periods.fold import analysis_of_variance, conditional_entropy, phase_dispersion
from lightcurves.periods.grid import (
    FrequencyGrid,
    NoSpanError,
    NoVariationError,
    Series,
    TooFewPointsError,
    UnusableLightCurveError,
    frequency_grid,
    split_bands,
)
from lightcurves.periods.harmonics import harmonic_power
from lightcurves.periods.lombscargle import lomb_scargle, multiband_lomb_scargle
from lightcurves.periods.periodogram import METHODS, Peak, Periodogram, periodogram
from lightcurves.periods.plavchan import plavchan
from lightcurves.periods.search import Candidate, PeriodResult, find_period
from lightcurves.periods.significance import bootstrap_false_alarm, false_alarm_probability
from lightcurves.periods.warmup import warm_up

__all__ = [
    "METHODS",
    "Boxes",
    "Candidate",
    "FrequencyGrid",
    "NoSpanError",
    "NoVariationError",
    "Peak",
    "PeriodConfig",
    "PeriodResult",
    "Periodogram",
    "Series",
    "TooFewPointsError",
    "UnusableLightCurveError",
    "analysis_of_variance",
    "bootstrap_false_alarm",
    "box_least_squares",
    "conditional_entropy",
    "false_alarm_probability",
    "find_period",
    "frequency_grid",
    "harmonic_power",
    "lomb_scargle",
    "multiband_lomb_scargle",
    "periodogram",
    "phase_dispersion",
    "plavchan",
    "split_bands",
    "warm_up",
]
