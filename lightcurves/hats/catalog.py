"""A HATS catalog on disk: its partitions, its index by object number, its margin cache, and what describes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cdshealpix.skymap.skymap import SkymapImplicit

from archive.files.kept import key_of
from archive.models import Release
from lightcurves.download.tree import Tree
from lightcurves.hats.contents import HEALPIX, Content
from lightcurves.hats.partitions import MARGIN, Pixel, margin
from lightcurves.hats.released import Progress
from lightcurves.storage.healpix import ORDER

SKYMAP_ORDER = 8
OBJECTS_OF_FIELD = 10**12  # object numbers of a field are successive
ROWS_IN_INDEX_GROUP = 100_000
BUILDER = "lightcurves.hats"
INDEX_EXTRA = ("Norder", "Dir", "Npix")


@dataclass
class Catalog:
    """A catalog that is being written into a tree.

    place : its folder, relative to the tree
    key : how its files are known in trees of other releases
    """

    tree: Tree
    place: str
    key: str
    content: Content
    release: Release
    parts: list[tuple[Pixel, pq.FileMetaData]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return Path(self.place).name

    @property
    def folder(self) -> Path:
        return self.tree.folder / self.place

    @property
    def rows(self) -> int:
        return sum(told.num_rows for _, told in self.parts)

    def path_of(self, pixel: Pixel) -> Path:
        """The file of a partition."""
        return self.folder / pixel.path

    def write_parts(self, pixels: Iterable[Pixel], progress: Progress | None = None) -> None:
        """Write the partitions that have rows."""
        objects = self.content.objects
        for pixel in pixels:
            self._write_part(pixel, objects[pixel.first : pixel.last])
            if progress is not None:
                progress(pixel.last, len(objects))

    def write_margins(self, pixels: Iterable[Pixel]) -> None:
        """Write for each partition the rows of others that lie at most MARGIN outside it."""
        objects = self.content.objects
        for pixel in pixels:
            near = margin(pixel, objects[:, 0])
            if len(near):
                self._write_part(pixel, objects[near])

    def _write_part(self, pixel: Pixel, objects: np.ndarray) -> None:
        path, key = self.path_of(pixel), f"{self.key} {pixel.order} {pixel.number}"
        content = self.content
        if self.tree.put(key, path, lambda: content.state_of(objects), lambda file: content.write(file, objects)):
            told = pq.read_metadata(path)
            told.set_file_path(str(path.relative_to(self.folder / "dataset")))
            self.parts.append((pixel, told))

    def describe(self, **more: object) -> None:
        """Write what HATS asks for beside partitions: properties, the list of pixels, the metadata of all files."""
        self.parts.sort(key=lambda one: (one[0].order, one[0].number))
        dataset = self.folder / "dataset"
        dataset.mkdir(parents=True, exist_ok=True)
        pq.write_metadata(self.content.schema, dataset / "_common_metadata")
        told = [one for _, one in self.parts]
        pq.write_metadata(self.content.schema, dataset / "_metadata", metadata_collector=told)
        lines = ["Norder,Npix", *(f"{pixel.order},{pixel.number}" for pixel, _ in self.parts)]
        (self.folder / "partition_info.csv").write_text("\n".join(lines) + "\n")
        own = {
            "dataproduct_type": "object",
            "hats_col_ra": self.content.ra, "hats_col_dec": self.content.dec,
            "hats_col_healpix": HEALPIX, "hats_col_healpix_order": ORDER, "hats_npix_suffix": ".parquet",
            "hats_cols_default": " ".join(self.content.shown),
            "hats_max_rows": max((one.num_rows for one in told), default=0),
            "hats_order": max((pixel.order for pixel, _ in self.parts), default=0),
        }  # fmt: skip
        write_properties(self.folder, self.release, self.name, self.rows, own | more)

    def write_skymap(self) -> None:
        """Write how many rows there are in each pixel of SKYMAP_ORDER."""
        counts = np.zeros(12 * 4**SKYMAP_ORDER, dtype=np.int64)
        for pixel, _ in self.parts:
            cells = self.column(pixel, HEALPIX) >> (2 * (ORDER - SKYMAP_ORDER))
            np.add.at(counts, cells, 1)
        SkymapImplicit(counts, null_value=0).to_explicit().to_fits(self.folder / "skymap.fits")

    def column(self, pixel: Pixel, name: str) -> np.ndarray:
        """A column of a partition."""
        return pq.ParquetFile(self.path_of(pixel)).read([name]).column(name).to_numpy()


def write_index(main: Catalog, index: Catalog) -> None:
    """Write in which partition each object's row lies: a file for each field, rows by object number."""
    column, parts = main.content.oid, []
    for pixel, _ in main.parts:
        oids = main.column(pixel, column)
        place = [np.full(len(oids), value) for value in (pixel.order, pixel.folder, pixel.number)]
        parts.append(np.stack([oids, *place]))
    found = np.concatenate(parts, axis=1)
    found = found[:, np.argsort(found[0], kind="stable")]
    schema = pa.schema([(column, pa.int64()), ("Norder", pa.uint8()), ("Dir", pa.uint64()), ("Npix", pa.uint64())])
    dataset, told = index.folder / "dataset", []
    fields, starts = np.unique(found[0] // OBJECTS_OF_FIELD, return_index=True)
    for one, first, last in zip(fields.tolist(), starts, [*starts[1:], found.shape[1]], strict=True):
        path, rows = dataset / "index" / f"part.{one}.parquet", found[:, first:last]
        table = pa.table([pa.array(values).cast(kind.type) for values, kind in zip(rows, schema, strict=True)], schema)

        def write(file: Path, table: pa.Table = table) -> int:
            pq.write_table(table, file, row_group_size=ROWS_IN_INDEX_GROUP, compression="zstd")
            return len(table)

        index.tree.put(f"{index.key} {one}", path, partial(key_of, rows.tobytes().hex()), write)
        told.append(pq.read_metadata(path))
        told[-1].set_file_path(str(path.relative_to(dataset)))
    pq.write_metadata(schema, dataset / "_common_metadata")
    pq.write_metadata(schema, dataset / "_metadata", metadata_collector=told)
    own = {
        "dataproduct_type": "index", "hats_primary_table_url": main.name, "hats_index_column": column,
        "hats_index_extra_column": " ".join(INDEX_EXTRA),
    }  # fmt: skip
    write_properties(index.folder, index.release, index.name, found.shape[1], own)


def margin_properties(main: Catalog) -> dict[str, object]:
    """Further properties of a margin cache."""
    return {"dataproduct_type": "margin", "hats_primary_table_url": main.name, "hats_margin_threshold": MARGIN}


def write_properties(folder: Path, release: Release, name: str, rows: int, own: dict) -> None:
    """Write a catalog's properties, under the name of HATS 1.x and that of 0.x."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    properties = {
        "obs_collection": name, **own, "hats_nrows": rows, "hats_estsize": size // 1024, "hats_version": "v1.0",
        "hats_builder": BUILDER, "obs_title": release.title,
        "hats_release_date": f"{release.published or release.frozen:%Y-%m-%d}",
    }  # fmt: skip
    text = properties_text(properties)
    for one in ("hats.properties", "properties"):
        (folder / one).write_text(text, encoding="utf-8")


def properties_text(properties: dict) -> str:
    """Lines of a file of properties."""
    return "".join(f"{name}={' '.join(str(value).split())}\n" for name, value in properties.items())


def points_of(catalog: Catalog) -> int:
    """The number of points of a catalog's light curves; 0 where rows have none."""
    if "nepochs" not in catalog.content.schema.names:
        return 0
    return sum(int(pc.sum(pa.array(catalog.column(pixel, "nepochs"))).as_py()) for pixel, _ in catalog.parts)
