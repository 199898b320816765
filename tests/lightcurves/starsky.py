"""A small sky in the database: forty stars of one quadrant, seen on some nights by several programs."""

from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import connections

from archive.models import Exposure, ScienceImage
from archive.survey import identifiers
from archive.survey.times import julian_date
from lightcurves.models import Image, ImageCorrection, Source, SourceStatistics
from lightcurves.updates import sources

FIELD, CCDID, QID, RCID, FID = 655, 13, 3, 50, 2
CENTRE = (358.0, 10.0)
SIX_STARS, OPEN_NIGHTS, CLOSED_NIGHTS = 6, 8, 3  # of the fixture six_stars


class Sky:
    """Makes images and catalogs of the same stars; the last star varies."""

    def __init__(self, stars: int = 40):
        rng = np.random.default_rng(4)
        self.ra = (CENTRE[0] + rng.uniform(-0.2, 0.2, stars)) % 360
        self.dec = CENTRE[1] + rng.uniform(-0.2, 0.2, stars)
        self.mag = rng.uniform(15, 18, stars)
        self.rng = rng

    def image(self, day: float, programid: int = 1, public: bool = True, fid: int = FID, **values) -> ScienceImage:
        """One science image, `day` days after 2020-09-01."""
        observed = datetime(2020, 9, 1, 6, tzinfo=UTC) + timedelta(days=day)
        jd = julian_date(observed)
        expid = identifiers.expid_of_jd(jd)
        rights = {"programid": programid, "public_date": observed if public else None}
        filtercode = {1: "zg", 2: "zr", 3: "zi"}[fid]
        common = {
            "nid": identifiers.nid_of_jd(jd), "field": FIELD, "fid": fid, "filtercode": filtercode, "imgtypecode": "o",
            "obsjd": jd, "obsdate": observed, "exptime": 30.0, "filefracday": int(f"{observed:%Y%m%d}250000"),
            **rights,
        }  # fmt: skip
        exposure = Exposure.objects.create(
            expid=expid, tdb_mid=jd, observer_x=1.0, observer_y=0.0, observer_z=0.0, **common
        )
        corners = {f"{axis}{n}": CENTRE[axis == "dec"] for axis in ("ra", "dec") for n in (1, 2, 3, 4)}
        wcs = dict.fromkeys(("crpix1", "crpix2", "crval1", "crval2", "cd11", "cd12", "cd21", "cd22"), 1.0)
        defaults = {"magzp": 26.0, "magzprms": 0.02, "clrcoeff": 0.1, "clrcounc": 1e-5, "maglimit": 20.5}
        return ScienceImage.objects.create(
            pid=identifiers.make_pid(expid, RCID), exposure=exposure, ccdid=CCDID, qid=QID, rcid=RCID,
            ra=CENTRE[0], dec=CENTRE[1], radius=0.6, **common, **corners, **wcs, **(defaults | values),
        )  # fmt: skip

    def table(self, offset: float = 0.0, noise: float = 0.005, extra: list[tuple] = ()) -> dict:
        """A PSF catalog of the stars, instrumental magnitudes; `extra`: further (ra, dec, mag, flags)."""
        ra = np.concatenate([self.ra, [one[0] for one in extra]])
        dec = np.concatenate([self.dec, [one[1] for one in extra]])
        mag = np.concatenate([self.mag, [one[2] for one in extra]])
        n = len(ra)
        return {
            "ra": ra + self.rng.normal(0, 0.02 / 3600, n), "dec": dec + self.rng.normal(0, 0.02 / 3600, n),
            "mag": mag - 26.0 + offset + self.rng.normal(0, noise, n), "sigmag": np.full(n, noise),
            "snr": np.full(n, 50.0), "chi": np.ones(n), "sharp": np.zeros(n),
            "flags": np.concatenate([np.zeros(len(self.ra)), [one[3] for one in extra]]).astype(np.int16),
        }  # fmt: skip

    def catalog(self, *arguments, **options) -> sources.Catalog:
        return sources.catalog(self.table(*arguments, **options), 26.0)


def clear() -> None:
    """Remove everything that this sky brought into the database: the test database, nothing else.

    pytest-django makes test databases only if a test that runs is marked `django_db`; otherwise these connections lead
    to the real one.
    """
    name = connections["default"].settings_dict["NAME"]
    if not name.startswith("test_"):
        raise RuntimeError(f"database {name!r} is no test database: mark the module's tests django_db")
    for model in (SourceStatistics, ImageCorrection, Source, Image):
        model.objects.all().delete()
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM lightcurves_detection")
        cursor.execute("DELETE FROM lightcurves_chunk")
    ScienceImage.objects.all().delete()
    Exposure.objects.all().delete()
