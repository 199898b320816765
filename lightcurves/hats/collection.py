"""HATS collections of a release in IRSA's folders and names: ztf_RELEASE_lc-hats, ztf_RELEASE_objects-hats."""

from __future__ import annotations

from pathlib import Path

from archive.models import Release
from lightcurves.download.tree import Tree
from lightcurves.hats import light_curves, objects
from lightcurves.hats.catalog import SKYMAP_ORDER, Catalog, margin_properties, points_of, properties_text, write_index
from lightcurves.hats.contents import Content
from lightcurves.hats.partitions import OBJECTS_IN_FILE, pixels
from lightcurves.hats.released import Exported, NothingToExportError, Progress, appearing_whole

LIGHT_CURVES, OBJECTS = "lc", "objects"
CONTENTS = {LIGHT_CURVES: light_curves.content, OBJECTS: objects.content}
SUMS = "md5sums.txt"


def export(
    release: Release,
    folder: Path,
    progress: Progress | None = None,
    kind: str = LIGHT_CURVES,
    most: int = OBJECTS_IN_FILE,
) -> Exported:
    """Write a collection of a release; `folder` appears whole, or stays as it was.

    Parameters
    ----------
    progress : called with objects done and objects in all
    kind : LIGHT_CURVES or OBJECTS
    most : objects in a partition

    Raises
    ------
    NothingToExportError
        if the release has no light curves, or none that the reader of the context may see.
    FileExistsError
        if there is a folder of this name: an export is not changed.
    """
    with appearing_whole(folder) as temporary:
        return write(Tree(temporary), "", CONTENTS[kind](release), release, progress, most)


def write(
    tree: Tree,
    place: str,
    content: Content,
    release: Release,
    progress: Progress | None = None,
    most: int = OBJECTS_IN_FILE,
) -> Exported:
    """Write a collection into a folder of a tree.

    Raises
    ------
    NothingToExportError
        if no row is to be seen.
    """
    if not len(content.objects):
        raise NothingToExportError(f"release {release.name}: holds no {content.title} that you may see")
    name = f"ztf_{release.name}_{content.kind}-hats"

    def catalog(ending: str) -> Catalog:
        return Catalog(tree, f"{place}/{name}{ending}".lstrip("/"), f"{content.kind}{ending}", content, release)

    main, index, margin = catalog(""), catalog("_index"), catalog("_margin")
    cut = pixels(content.objects[:, 0], most)
    main.write_parts(cut, progress)
    if not main.parts:
        raise NothingToExportError(f"release {release.name}: holds no point that you may see")
    main.write_skymap()
    main.describe(hats_skymap_order=SKYMAP_ORDER)
    margin.write_margins([pixel for pixel, _ in main.parts])
    margin.describe(**margin_properties(main))
    write_index(main, index)
    for one in (main, index, margin):
        tree.write_sums(one.folder / SUMS)
    _describe(tree.folder / place, name, content.oid, release)
    files = [path for path in (tree.folder / place).rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    return Exported(main.rows, points_of(main), len(main.parts), size)


def _describe(folder: Path, name: str, column: str, release: Release) -> None:
    index, margin = f"{name}_index", f"{name}_margin"
    properties = {
        "obs_collection": name, "obs_title": release.title, "hats_primary_table_url": name, "all_margins": margin,
        "default_margin": margin, "all_indexes": f"{column} {index}", "default_index": column,
    }  # fmt: skip
    (folder / "collection.properties").write_text(properties_text(properties), encoding="utf-8")
