"""A simulated field with its exposures over seasons, as PSF photometry finds it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

FIELD, FID, FILTER = 600, 2, "zr"
CENTRE = (150.0, 30.0)
SIDE = 0.865  # deg, of a quadrant
SEED = 1
FLOOR = 0.005  # mag: scatter that no amount of light takes away
ZERO_POINT_SCATTER = 0.02  # mag, between images
PROGRAMS, SHARES = (1, 2, 3), (0.6, 0.3, 0.1)
FIRST_DAY = datetime(2018, 4, 1, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    """quadrants of the field; objects in each; exposures that are packed as they are made, and that are appended."""

    quadrants: int
    objects: int
    packed: int
    appended: int


FULL = Size(64, 15_625, 310, 48)
QUICK = Size(8, 4_000, 90, 30)


@dataclass(frozen=True)
class Objects:
    """Objects of a quadrant, arrays (n,): numbers, degrees, true magnitudes; those that vary."""

    oid: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    mag: np.ndarray
    varies: np.ndarray


class World:
    """Images and objects in the database, and what every image saw."""

    def __init__(self, size: Size):
        self.size = size
        rng = np.random.default_rng(SEED)
        n = size.packed + size.appended
        season = [day for day in range(2200) if day % 365 < 235]
        days = np.sort(rng.choice(season[: -size.appended], size.packed, replace=False))
        days = np.append(days, season[-size.appended :])  # the last ones: a night each
        self.days = days + rng.uniform(0.1, 0.4, n)
        self.programs = rng.choice(PROGRAMS, n, p=SHARES)
        self.limits = rng.normal(20.5, 0.5, n)
        # By exposure and quadrant: what relative photometry is to find.
        bad = rng.random(n) < 0.05
        self.offsets = rng.normal(0, ZERO_POINT_SCATTER, (n, 64)) + bad[:, None] * rng.normal(0.1, 0.05, (n, 1))
        self.images = self._images()
        self.fill_seconds = 0.0

    def objects(self, quadrant: int) -> Objects:
        """The objects of a quadrant, by number."""
        from lightcurves.storage import store

        rng = np.random.default_rng((SEED, quadrant))
        n, x, y = self.size.objects, quadrant % 8 - 4, quadrant // 8 - 4
        dec = CENTRE[1] + (y + rng.random(n)) * SIDE
        ra = CENTRE[0] + (x + rng.random(n)) * SIDE / np.cos(np.radians(dec))
        mag = np.clip(22.3 - rng.exponential(1.35, n), 12.5, 22.3)
        first = store.place_of(FIELD, quadrant, FID) * 10**8
        return Objects(first + np.arange(n), ra, dec, mag, rng.random(n) < 0.05)

    def seen(self, quadrant: int, exposures: range):
        """Row numbers of the objects that each exposure sees, with their points as arrays over (exposure, object)."""
        objects = self.objects(quadrant)
        rng = np.random.default_rng((SEED, quadrant, exposures.start))
        chance = 0.97 / (
            1 + np.exp((objects.mag[None, :] - self.limits[exposures.start : exposures.stop, None]) / 0.25)
        )
        exposure, row = np.nonzero(rng.random(chance.shape, dtype=np.float32) < chance)
        exposure = exposure + exposures.start
        n = len(row)
        sigma = np.hypot(FLOOR, 0.2 * 10 ** (0.4 * (objects.mag[row] - 20.5)))
        mag = objects.mag[row] + self.offsets[exposure, quadrant] + sigma * rng.standard_normal(n)
        mag += np.where(objects.varies[row], 0.3 * np.sin(2 * np.pi * self.days[exposure] / 0.61), 0)
        place = np.hypot(30, 200 * sigma)
        return exposure, row, {
            "oid": objects.oid[row],
            "mag": mag.astype(np.float32),
            "magerr": (sigma * rng.normal(1, 0.05, n)).clip(0.003).astype(np.float32),
            "chi": rng.normal(1, 0.1, n).astype(np.float32),
            "sharp": rng.normal(0, 0.03, n).astype(np.float32),
            "catflags": np.where(rng.random(n) < 0.03, rng.choice([1, 2, 16, 32], n), 0),
            "dra": np.rint((place * rng.standard_normal(n)).clip(-3e4, 3e4)).astype(np.int64),
            "ddec": np.rint((place * rng.standard_normal(n)).clip(-3e4, 3e4)).astype(np.int64),
        }  # fmt: skip

    def put_sources(self) -> int:
        """Objects into the database; returns how many."""
        from django.db import connection

        from archive.database.upsert import upsert
        from lightcurves.models import Source

        for quadrant in range(self.size.quadrants):
            upsert(Source, self._source_table(quadrant))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE lightcurves_source")
            cursor.execute("ANALYZE archive_scienceimage")
            cursor.execute("ANALYZE archive_exposure")
        return self.size.quadrants * self.size.objects

    def put_packed(self) -> int:
        """The points of the older exposures straight into chunks, as compaction leaves them; returns how many."""
        from django.db import connection, transaction

        from lightcurves.storage import chunks, store

        began, total = time.perf_counter(), 0
        for quadrant in range(self.size.quadrants):
            exposure, _, columns = self.seen(quadrant, range(self.size.packed))
            pid = np.array([image[quadrant].pid for image in self.images[: self.size.packed]])
            program = self.programs[exposure]
            more = {"pid": pid[exposure], "programid": program, "public": program == 1}
            with transaction.atomic(), connection.cursor() as cursor:
                chunks.write(cursor, chunks.Points(columns | more))
                counts = np.bincount(exposure, minlength=self.size.packed).tolist()
                images = [image[quadrant] for image in self.images[: self.size.packed]]
                dates = {image.pid: image.public_date for image in images}
                store.put_images(list(zip(images, counts, strict=True)), dates)
            total += len(exposure)
        self.fill_seconds = time.perf_counter() - began
        return total

    def fresh(self):
        """For each of the last exposures: its images with their points, as matching leaves them."""
        from lightcurves.storage import store

        first, last = self.size.packed, self.size.packed + self.size.appended
        for start in range(first, last, 8):
            span = range(start, min(start + 8, last))
            found = [self.seen(quadrant, span) for quadrant in range(self.size.quadrants)]
            for number in span:
                images = []
                for quadrant, (exposure, _, columns) in enumerate(found):
                    chosen = exposure == number
                    points = store.Points(**{name: values[chosen] for name, values in columns.items()})
                    images.append((self.images[number][quadrant], points))
                yield images

    def _source_table(self, quadrant: int):
        import pandas as pd

        from lightcurves.storage import healpix

        objects = self.objects(quadrant)
        table = pd.DataFrame({"oid": objects.oid, "ra": objects.ra, "dec": objects.dec})
        constants = {"field": FIELD, "ccdid": quadrant // 4 + 1, "qid": quadrant % 4 + 1, "rcid": quadrant, "fid": FID,
                     "filtercode": FILTER, "programid": 1, "public_date": "2018-01-01", "colour": 0.5}  # fmt: skip
        for name, value in constants.items():
            table[name] = value
        return table.assign(**healpix.numbers(objects.ra, objects.dec))

    def _images(self) -> list[list]:
        from archive.models import Exposure, ScienceImage
        from archive.survey import identifiers
        from archive.survey.times import julian_date

        exposures, images = [], []
        for day, programid, limit in zip(self.days, self.programs.tolist(), self.limits.tolist(), strict=True):
            observed = FIRST_DAY + timedelta(days=float(day))
            jd = julian_date(observed)
            expid = identifiers.expid_of_jd(jd)
            common = {
                "nid": identifiers.nid_of_jd(jd), "field": FIELD, "fid": FID, "filtercode": FILTER,
                "imgtypecode": "o", "obsjd": jd, "obsdate": observed, "exptime": 30.0,
                "filefracday": identifiers.filefracday_of_jd(jd), "programid": programid,
                "public_date": observed if programid == 1 else None,
            }  # fmt: skip
            exposures.append(
                Exposure(expid=expid, tdb_mid=jd, observer_x=0.9, observer_y=0.3, observer_z=0.1, **common)
            )
            images.append([self._image(expid, rcid, limit, common) for rcid in range(self.size.quadrants)])
        Exposure.objects.bulk_create(exposures, batch_size=1000)
        ScienceImage.objects.bulk_create([one for row in images for one in row], batch_size=1000)
        return images

    @staticmethod
    def _image(expid: int, rcid: int, limit: float, common: dict):
        from archive.models import ScienceImage
        from archive.survey import identifiers

        corners = {f"{axis}{n}": CENTRE[axis == "dec"] for axis in ("ra", "dec") for n in (1, 2, 3, 4)}
        wcs = dict.fromkeys(("crpix1", "crpix2", "crval1", "crval2", "cd11", "cd12", "cd21", "cd22"), 1.0)
        return ScienceImage(
            pid=identifiers.make_pid(expid, rcid), exposure_id=expid, ccdid=rcid // 4 + 1, qid=rcid % 4 + 1,
            rcid=rcid, ra=CENTRE[0], dec=CENTRE[1], radius=0.6, magzp=26.2, magzprms=0.02, clrcoeff=0.1,
            clrcounc=1e-5, maglimit=limit, airmass=1.2, **common, **corners, **wcs,
        )  # fmt: skip
