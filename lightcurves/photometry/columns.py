"""Names of what is computed from light curves: metrics and motions. No kernels: models and tables list these names."""

PERCENTILES = (5.0, 10.0, 17.5, 25.0, 32.5, 40.0, 60.0, 67.5, 75.0, 82.5, 90.0, 95.0)
PERCENTILE_NAMES = tuple(
    "percentiles_" + name for name in ["05", "10", "175", "25", "325", "40", "60", "675", "75", "825", "90", "95"]
)
_NAMES_AND_LEAST = (
    ("ngoodobs", 0), ("meanmag", 1), ("medianmag", 1), ("minmag", 1), ("maxmag", 1), ("medmagerr", 1),
    ("weightedmeanmag", 1), ("medianabsdev", 2), ("magrms", 2), ("weightedmagrms", 2), ("chisq", 2),
    ("lineartrend", 2), ("maxslope", 2), ("skewness", 3), ("smallkurtosis", 4), ("stetsonj", 2),
    ("stetsonk", 2),
    ("vonneumannratio", 2), ("con", 3), ("nmedianbufferrange", 2), ("npairposslope", 2),
    ("astrometricrms", 2),
    *(
        (f"{kind}meanbystd_{k}", 2)
        for kind in ("nabove", "nbelow", "nconsecabove", "nconsecbelow", "nconsecfrom")
        for k in (1, 3, 5)
    ),
)  # fmt: skip
METRICS = tuple(name for name, _ in _NAMES_AND_LEAST)
LEAST_POINTS = dict(_NAMES_AND_LEAST)
"""Good points that each metric needs; with fewer it is NaN."""

MOTION = ("pmra", "pmdec", "pmraerr", "pmdecerr")
MIDDLE = ("meanra", "meandec", "meanmjd")
FAST = 100.0  # mas/yr: a slower star stays within a match radius for the survey's life
