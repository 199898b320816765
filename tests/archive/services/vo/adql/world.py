# ruff: noqa: E501 - tables of queries and texts read better on one line
"""A small sky in PostgreSQL and the same in numpy: what queries give must be what plain Python finds.

Stars lie all over the sky, and many of them at the poles, across RA 0, and around one place. Rows that a visitor may
not see have values of their own (names SECRET, magnitudes of 99), so that they show wherever they slip through.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from io import StringIO

import numpy as np
from django.db import connection

from archive.access.reading import READER_ROLE, VISIBLE
from archive.services.vo.adql import Catalog, Column, Parts, Region, Shifted, Table
from tests.archive.services.vo.adql import sphere

STARS, SECRET, IMAGES = 2000, 300, 160
CENTRE = (150.0, 2.0)
LARGEST = 1.2  # deg; no corner of an image lies farther from its centre
_CORNERS = tuple(f"{axis}{n}" for n in (1, 2, 3, 4) for axis in ("ra", "dec"))

STAR_COLUMNS = (
    Column("id", "bigint", ucd="meta.id;meta.main"),
    Column("ra", "double precision", "deg", "pos.eq.ra;meta.main", "Right ascension"),
    Column("dec", "double precision", "deg", "pos.eq.dec;meta.main", "Declination"),
    Column("mag", "real", "mag", "phot.mag", "Magnitude"),
    Column("err", "double precision", "arcsec", "stat.error"),
    Column("fid", "smallint"),
    Column("flags", "integer"),
    Column("night", "bigint", indexable=Shifted("later", 1.5, 1.0)),
    Column("name", "text", indexable=Parts(lambda name: {"first": name[:1], "size": len(name)} if name else None)),
    Column("seen", "timestamp", ucd="time.epoch", indexable=Shifted("jd", 2440587.5)),
    Column("good", "boolean"),
    Column("programid", "integer"),
    Column("Order", "integer"),
)
IMAGE_COLUMNS = (
    Column("id", "integer"),
    Column("ra", "double precision", "deg"),
    Column("dec", "double precision", "deg"),
    Column("s_region", "text", xtype="polygon", region=Region(_CORNERS, ("ra", "dec"), LARGEST)),
    Column("plain_region", "text", xtype="adql:REGION"),
    Column("outline", "double precision[]", "deg", xtype="polygon"),
    Column("centre", "double precision[]", "deg", xtype="point"),
    Column("disc", "double precision[]", "deg", xtype="circle"),
)
CATALOG = Catalog(
    (
        Table("sky", "stars", STAR_COLUMNS, 10**8, ("adql_test", "stars")),
        Table("sky", "images", IMAGE_COLUMNS, 10**6, ("adql_test", "images")),
        Table(
            "sky", "filters", (Column("fid", "smallint"), Column("label", "text"), Column("width", "double precision", "nm")),
            3, ("adql_test", "filters"),
        ),
        Table("other", "filters", (Column("fid", "smallint"), Column("code", "text")), 3, ("adql_test", "codes")),
    )
).extended(
    (
        Table(
            "tap_upload", "mine",
            (Column("label", "text"), Column("RA_deg", "double precision", "deg"), Column("DE_deg", "double precision", "deg")),
            50, ("adql_test", "mine"),
        ),
    )
)  # fmt: skip

DDL = f"""
    CREATE SCHEMA adql_test;
    GRANT USAGE ON SCHEMA adql_test TO {READER_ROLE};
    CREATE TABLE adql_test.stars (id bigint, ra float8, "dec" float8, mag real, err float8, fid smallint, flags integer,
        night bigint, name text, seen timestamp, good boolean, programid integer, "Order" integer, public_date timestamptz,
        later float8 GENERATED ALWAYS AS (night + 1) STORED,
        jd float8 GENERATED ALWAYS AS (date_part('epoch', seen) / 86400 + 2440587.5) STORED,
        first text GENERATED ALWAYS AS (left(name, 1)) STORED, size integer GENERATED ALWAYS AS (length(name)) STORED);
    CREATE TABLE adql_test.images (id integer, ra float8, "dec" float8, {", ".join(f"{name} float8" for name in _CORNERS)},
        s_region text, plain_region text, outline float8[], centre float8[], disc float8[], programid integer,
        public_date timestamptz);
    CREATE TABLE adql_test.filters (fid smallint, label text, width float8);
    CREATE TABLE adql_test.codes (fid smallint, code text);
    CREATE TABLE adql_test.mine (label text, "RA_deg" float8, "DE_deg" float8);
    CREATE INDEX ON adql_test.stars (q3c_ang2ipix(ra, "dec"));
    CREATE INDEX ON adql_test.images (q3c_ang2ipix(ra, "dec"));
    GRANT SELECT ON ALL TABLES IN SCHEMA adql_test TO {READER_ROLE};
    ALTER TABLE adql_test.stars ENABLE ROW LEVEL SECURITY;
    ALTER TABLE adql_test.images ENABLE ROW LEVEL SECURITY;
    CREATE POLICY readers ON adql_test.stars FOR SELECT TO {READER_ROLE} USING ({VISIBLE});
    CREATE POLICY readers ON adql_test.images FOR SELECT TO {READER_ROLE} USING ({VISIBLE});
"""  # noqa: E501 (tables of columns)


@dataclass
class Stars:
    """Columns of the visible stars, (STARS,); NaN and None where PostgreSQL has NULL."""

    id: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    mag: np.ndarray
    err: np.ndarray
    fid: np.ndarray
    flags: np.ndarray
    night: np.ndarray
    name: np.ndarray
    seen: np.ndarray
    good: np.ndarray
    order: np.ndarray

    def within(self, ra: float, dec: float, radius: float) -> np.ndarray:
        return sphere.distance(self.ra, self.dec, ra, dec) <= radius


@dataclass
class World:
    """The content of the database, as far as a visitor may see it."""

    stars: Stars
    images: list[tuple[tuple[float, float], list[tuple[float, float]]]]
    mine: np.ndarray
    labels: tuple[tuple[int, str, float], ...] = ((1, "green", 130.0), (2, "red", 150.0), (4, "other", 1.0))


def make(seed: int = 11, kept: int = STARS) -> World:
    """The visible part, the same for the same seed; `kept` stars of all, and as large a part of the images."""
    rng = np.random.default_rng(seed)
    ra, dec = _scattered(rng, STARS)
    mag = np.round(rng.uniform(12, 21, STARS), 3).astype(np.float32)
    mag[rng.random(STARS) < 0.1] = np.nan
    names = np.array([f"ZTF{n:04}" for n in range(STARS)], dtype=object)
    names[::7] = None
    names[1:6] = ["it's", 'a "quoted" name', "100%", "under_score", "Öland"]
    start = datetime(2018, 3, 17, 4, 5, 6)
    stars = Stars(
        np.arange(STARS) + 10**12, ra, dec, mag, np.round(rng.uniform(0.05, 2, STARS), 4),
        rng.integers(1, 4, STARS), rng.integers(0, 2**20, STARS), rng.integers(430, 2900, STARS), names,
        np.array([start + timedelta(hours=int(h)) for h in rng.integers(0, 50000, STARS)]),
        rng.random(STARS) < 0.5, np.arange(STARS) % 7,
    )  # fmt: skip
    near = rng.permutation(STARS)[:40]
    images = [_image(rng, n) for n in range(IMAGES)]
    mine = np.column_stack([ra[near] + rng.normal(0, 0.05, 40), np.clip(dec[near] + rng.normal(0, 0.05, 40), -90, 90)])
    some = np.sort(rng.permutation(STARS)[:kept])
    stars = Stars(**{field.name: getattr(stars, field.name)[some] for field in fields(Stars)})
    return World(stars, images[: IMAGES * kept // STARS], mine)


def _scattered(rng, n) -> tuple[np.ndarray, np.ndarray]:
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    ra[:300], dec[:300] = CENTRE[0] + rng.uniform(-3, 3, 300), CENTRE[1] + rng.uniform(-3, 3, 300)
    dec[300:400], dec[400:500] = 90 - rng.exponential(0.5, 100), -90 + rng.exponential(0.5, 100)
    ra[500:600], dec[500:600] = rng.normal(0, 0.5, 100) % 360, rng.normal(0, 0.5, 100)
    ra[600:610], dec[600:605], dec[605:610] = 0.0, 90.0, -90.0
    return ra, dec


def _image(rng, n: int):
    """A quadrilateral of about one degree, turned by any angle."""
    places = [CENTRE, (0.0, 0.0), (10.0, 90.0), (200.0, -90.0), (359.9, 40.0)]
    ra, dec = places[n % 5] if n < 100 else (rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-1, 1))))
    centre = sphere.vectors(ra, dec) + rng.normal(0, 0.01, 3)
    centre /= np.linalg.norm(centre)
    east = np.cross([0, 0, 1.0], centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    angle = rng.uniform(0, 2 * np.pi) + np.arange(4) * np.pi / 2 + rng.uniform(-0.3, 0.3, 4)
    size = np.tan(np.radians(rng.uniform(0.4, 1.1, 4)))
    corners = centre + (size * np.cos(angle))[:, None] * east + (size * np.sin(angle))[:, None] * north
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    outline = sphere.positions(corners)[:: -1 if n % 2 else 1]  # both senses
    return tuple(map(float, sphere.positions(centre))), [(float(a), float(d)) for a, d in outline]


def fill(world: World, seed: int = 12) -> None:
    """Make the tables and fill them, with rows that a visitor must not see among the others."""
    rng = np.random.default_rng(seed)
    with connection.cursor() as cursor:
        cursor.execute(DDL)
        rows = list(_star_rows(world.stars)) + list(_secret_stars(rng, world.stars))
        _copy(cursor, "stars", [rows[n] for n in rng.permutation(len(rows))])
        _copy(cursor, "images", [*_image_rows(world), *_images_without_a_place()])
        _copy(cursor, "filters", world.labels)
        _copy(cursor, "codes", ((1, "zg"), (2, "zr"), (3, "zi")))
        _copy(cursor, "mine", [(f"m{n}", *map(float, one)) for n, one in enumerate(world.mine)])
        for table in ("stars", "images"):
            cursor.execute(f"ANALYZE adql_test.{table}")


def remove() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA adql_test CASCADE")


def _star_rows(stars: Stars):
    for n in range(len(stars.id)):
        yield (
            int(stars.id[n]), stars.ra[n], stars.dec[n], None if np.isnan(stars.mag[n]) else stars.mag[n], stars.err[n],
            stars.fid[n], stars.flags[n], stars.night[n], stars.name[n], stars.seen[n], stars.good[n], 1, stars.order[n],
            "2020-01-01",
        )  # fmt: skip


def _secret_stars(rng, stars: Stars):
    for n, k in enumerate(rng.integers(0, len(stars.id), SECRET)):
        yield (
            9 * 10**12 + n, stars.ra[k], stars.dec[k], 99.0, 99.0, 9, 2**30, 99999, f"SECRET{n}", "2030-01-01", True,
            2 + n % 2, 99, None,
        )  # fmt: skip


def _image_rows(world: World):
    for n, ((ra, dec), corners) in enumerate(world.images):
        flat = [number for corner in corners for number in corner]
        words = " ".join(map(repr, flat))
        for secret in (False, True)[: 1 + (n < 20)]:
            yield (
                n + 1000 * secret, ra, dec, *flat, f"POLYGON {words}", f"Polygon ICRS {words}", _array(flat),
                _array([ra, dec]), _array([ra, dec, 0.7]), 2 if secret else 1, None if secret else "2020-01-01",
            )  # fmt: skip


def _images_without_a_place():
    """Some products have no footprint."""
    for n in range(3):
        yield (900 + n, *[None] * 10, None, None, None, None, None, 1, "2020-01-01")
    yield (
        903,
        150.0,
        2.0,
        149.5,
        1.5,
        *[None] * 6,
        None,
        "no region",
        "{150,1,NULL,2,151,3}",
        None,
        None,
        1,
        "2020-01-01",
    )


def _array(numbers) -> str:
    return "{" + ",".join(map(repr, numbers)) + "}"


def _copy(cursor, table: str, rows) -> None:
    def text(value) -> str:
        return r"\N" if value is None else str(value).replace("\\", r"\\")

    buffer = StringIO("".join("\t".join(map(text, row)) + "\n" for row in rows))
    cursor.copy_expert(f"COPY adql_test.{table} FROM STDIN", buffer)
