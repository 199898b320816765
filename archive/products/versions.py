"""Versions of a science image: naming one, and what each says of the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from archive.models import ProcessingVersion, ProductFile, ScienceImage, ScienceVersion
from archive.models.versions import CURRENT, VERSION_NAME
from archive.releases.rights import keep_open, own_date

FOLDER = "versions"
COMPARED = ("magzp", "magzprms", "maglimit", "seeing", "clrcoeff", "nmatches", "infobits", "status")


class BadVersionError(ValueError):
    """A version that cannot be made or used; the message says why and what would be right."""


@dataclass(frozen=True)
class Difference:
    """One quality number: in the current version, in the other, and how much it changed (None if unknown)."""

    name: str
    current: float | None
    value: float | None

    @property
    def change(self) -> float | None:
        return None if self.current is None or self.value is None else self.value - self.current


@dataclass(frozen=True)
class Beside:
    """One version of an image: its row, its files, its numbers against the current ones."""

    row: ScienceVersion
    files: list[ProductFile]
    numbers: tuple[Difference, ...]


def named(
    name: str, overrides: Mapping, config: Mapping, config_sha256: str, software: str, by: str = "", note: str = ""
) -> ProcessingVersion:
    """The version of a name, made if it is new; a name stands for one config for ever.

    Raises
    ------
    BadVersionError
        for a name that is reserved or malformed, or that stands for another config.
    """
    if name == CURRENT:
        raise BadVersionError(f"version={name!r}: is what `process` makes without --version; choose another name")
    try:
        VERSION_NAME(name)
    except ValidationError as error:
        raise BadVersionError(f"version={name!r}: {error.message}, for example deep2") from error
    values = {"note": note, "overrides": overrides, "config": config, "config_sha256": config_sha256}
    version, made = ProcessingVersion.objects.get_or_create(
        name=name, defaults=values | {"software": software, "created_by": by}
    )
    if not made and version.config_sha256 != config_sha256:
        raise BadVersionError(
            f"version={name!r}: stands since {version.created:%Y-%m-%d} for {version.overrides} over the defaults of "
            f"software {version.software}, which is another config; choose another name"
        )
    return version


def register(image: ScienceImage, version: ProcessingVersion, values: Mapping, quality: Mapping) -> ScienceVersion:
    """The row of an image in a version; again, the same row. `values`: columns by name."""
    row, _ = ScienceVersion.objects.update_or_create(
        image=image,
        version=version,
        defaults={
            **values,
            "quality": dict(quality),
            "programid": image.programid,
            "public_date": own_date(image),
        },
    )
    keep_open(row)
    return row


def beside(image: ScienceImage) -> list[Beside]:
    """All versions of an image but the current one, oldest first, as far as the reader may see them."""
    rows = list(ScienceVersion.objects.filter(image=image).select_related("version").order_by("version__created"))
    files: dict[int, list[ProductFile]] = {row.pk: [] for row in rows}
    for file in ProductFile.objects.filter(family=ProductFile.Family.VERSION, product_id__in=files).order_by("path"):
        files[file.product_id].append(file)
    return [Beside(row, files[row.pk], differences(image, row)) for row in rows]


def differences(image: ScienceImage, row: ScienceVersion) -> tuple[Difference, ...]:
    """The numbers that tell two versions of an image apart."""
    return tuple(Difference(name, getattr(image, name), getattr(row, name)) for name in COMPARED)
