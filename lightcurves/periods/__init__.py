"""Period search on arrays: periodograms by seven methods, their significance, and the search that combines them.

`periodogram` calls all methods by their names (methods/); `find_period` gives the period of a star with a confidence
(search/). `multiband` bounds what one question may cost. No Django, no database: arrays in, arrays out.
"""

from lightcurves.periods.config import PeriodConfig
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
from lightcurves.periods.methods.boxes import Boxes, box_least_squares
from lightcurves.periods.methods.fold import analysis_of_variance, conditional_entropy, phase_dispersion
from lightcurves.periods.methods.harmonics import harmonic_power
from lightcurves.periods.methods.lombscargle import lomb_scargle, multiband_lomb_scargle
from lightcurves.periods.methods.plavchan import plavchan
from lightcurves.periods.methods.significance import bootstrap_false_alarm, false_alarm_probability
from lightcurves.periods.periodogram import METHODS, Peak, Periodogram, periodogram
from lightcurves.periods.search.find import Candidate, PeriodResult, find_period
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
