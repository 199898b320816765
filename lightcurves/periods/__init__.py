"""Period search on arrays: periodograms by seven methods, their significance, and the search that combines them.

`periodogram` calls all methods by their names (methods/); `find_period` gives the period of a star with a confidence
(search/). `multiband` bounds what one question may cost. No Django, no database: arrays in, arrays out.
"""

from importlib import import_module

_HOMES = {
    "choices": ("Peak",),
    "config": ("PeriodConfig",),
    "grid": (
        "FrequencyGrid",
        "NoSpanError",
        "NoVariationError",
        "Series",
        "TooFewPointsError",
        "UnusableLightCurveError",
        "frequency_grid",
        "split_bands",
    ),
    "methods.boxes": ("Boxes", "box_least_squares"),
    "methods.fold": ("analysis_of_variance", "conditional_entropy", "phase_dispersion"),
    "methods.harmonics": ("harmonic_power",),
    "methods.lombscargle": ("lomb_scargle", "multiband_lomb_scargle"),
    "methods.plavchan": ("plavchan",),
    "methods.significance": ("bootstrap_false_alarm", "false_alarm_probability"),
    "search.find": ("Candidate", "PeriodResult", "find_period"),
    "spectra": ("METHODS", "Periodogram", "periodogram"),
    "warmup": ("warm_up",),
}
"""Names by the module that has them: a name's module is loaded when it is first asked for (PEP 562), for kernels are
compiled, and a page that offers methods runs none."""

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605


def __getattr__(name: str):
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
