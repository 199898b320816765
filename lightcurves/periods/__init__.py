"""Period search on arrays: Lomb-Scargle, folding statistics, and the search that combines them. No Django."""

from lightcurves.periods.fold import (
    analysis_of_variance,
    box_least_squares,
    conditional_entropy,
    phase_dispersion,
)
from lightcurves.periods.grid import FrequencyGrid, TooFewPoints, frequency_grid
from lightcurves.periods.lombscargle import false_alarm_probability, lomb_scargle, multiband_lomb_scargle
from lightcurves.periods.search import Candidate, PeriodConfig, PeriodResult, find_period

__all__ = [
    "Candidate",
    "FrequencyGrid",
    "PeriodConfig",
    "PeriodResult",
    "TooFewPoints",
    "analysis_of_variance",
    "box_least_squares",
    "conditional_entropy",
    "false_alarm_probability",
    "find_period",
    "frequency_grid",
    "lomb_scargle",
    "multiband_lomb_scargle",
    "phase_dispersion",
]
