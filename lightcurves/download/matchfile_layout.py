"""The columns of ZTF's matchfiles: names and types as a file of the survey has them, in its order."""

from __future__ import annotations

import numpy as np

EXPOSURES = np.dtype(
    [(name, "<f4") for name in ("airmass", "clrcoeff", "clrcounc", "clrmed", "clrrms", "diq")]
    + [("expid", "<u4"), ("exptime", "<f4"), ("fieldid", "<u4"), ("filterid", "<u2"), ("fracday", "<u8")]
    + [("gmedian", "<f4"), ("infobits", "<u4"), ("ipac_pub_date", "<f4"), ("limitmag", "<f4"), ("magzp", "<f4")]
    + [("magzprms", "<f4"), ("magzpunc", "<f4"), ("nps1matches", "<i4"), ("nsources", "<i4"), ("nstars", "<i4")]
    + [("ntransients", "<i4"), ("obshjd", "<f8"), ("obsmjd", "<f8"), ("pcolor", "S8"), ("programid", "<u2")]
    + [("programpi", "S40"), ("rcid", "u1"), ("zpclrcov", "<f4"), ("zpmed", "<f4")]
)
_RUNS = ("nabovemeanbystd", "nbelowmeanbystd", "nconsecabovemeanbystd", "nconsecbelowmeanbystd",
         "nconsecfrommeanbystd")  # fmt: skip
_COUNTS = ("ngoodobs", "ngoodobsrel", "nmedianbufferrange", "nobs", "nobsrel", "npairposslope")
_NUMBERS = (
    "refchi", "refmag", "refmagerr", "refsharp", "refsnr", "skewness", "smallkurtosis", "stetsonj", "stetsonk",
    "uncalibmeanmag", "vonneumannratio", "weightedmagrms", "weightedmeanmag",
)  # fmt: skip
SOURCES = np.dtype(
    [("astrometricrms", "<f8"), ("chisq", "<f4"), ("con", "<f4"), ("dec", "<f8"), ("lineartrend", "<f4")]
    + [("magrms", "<f4"), ("matchid", "<i4")]
    + [(name, "<f4") for name in ("maxmag", "maxslope", "meanmag", "medianabsdev", "medianmag", "medmagerr", "minmag")]
    + [(name, "<u2", (3,)) for name in _RUNS]
    + [(name, "<u2") for name in _COUNTS]
    + [("percentiles", "<f4", (12,)), ("ra", "<f8")]
    + [(name, "<f4") for name in _NUMBERS]
    + [(name, "<f8") for name in ("x", "y", "z")]
)
"""Also of the table `transients`."""
_POINT = [("catflags", "<u2"), ("chi", "<f4"), ("dec", "<f8"), ("expid", "<u4"), ("hjd", "<f8"), ("mag", "<f4"),
          ("magerr", "<f4"), ("magerrmodel", "<f4"), ("matchid", "<u4"), ("mjd", "<f8"), ("programid", "<u2"),
          ("psfflux", "<f4"), ("psffluxerr", "<f4")]  # fmt: skip
POINTS = np.dtype([*_POINT, ("ra", "<f8"), ("sharp", "<f4"), ("xpos", "<f4"), ("ypos", "<f4")])
TRANSIENT_POINTS = np.dtype(
    [*_POINT, ("psfmag", "<f4"), ("psfmagerr", "<f4"), ("ra", "<f8"), ("sharp", "<f4"), ("sid", "<u8"), ("snr", "<f4")]
    + [("x", "<f8"), ("xpos", "<f4"), ("y", "<f8"), ("ypos", "<f4"), ("z", "<f8")]
)
