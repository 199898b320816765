"""The config of a processing version, and the config that a job runs with."""

from __future__ import annotations

import dataclasses
import getpass
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archive.models import ProcessingVersion
from archive.products import versions
from archive.products.versions import BadVersionError
from processing import __version__
from processing.pipelines.base import Pipeline
from processing.pipelines.configure import BadConfigError, configured
from processing.pipelines.science.pipeline import SCIENCE

PIPELINES: dict[str, Pipeline] = {"science": SCIENCE}


def named(name: str, overrides: Mapping[str, Mapping[str, Any]], note: str = "") -> ProcessingVersion:
    """The version of a name; one that is known may be asked for without its overrides.

    Parameters
    ----------
    overrides : mapping
        Pipeline -> dotted field name -> value.

    Raises
    ------
    BadConfigError, BadVersionError
    """
    known = ProcessingVersion.objects.filter(name=name).first()
    overrides = overrides or (known.overrides if known else {})
    full = {pipeline: values_of(config_of(pipeline, values)) for pipeline, values in overrides.items()}
    if not full:
        raise BadVersionError(f"version={name!r}: is new and changes nothing; say what with --config")
    return versions.named(name, _as_typed(overrides, full), full, digest(full), __version__, getpass.getuser(), note)


def config_of(pipeline: str, overrides: Mapping[str, Any]) -> Any:
    """A pipeline's config with overrides; raises BadConfigError."""
    if pipeline not in PIPELINES:
        raise BadConfigError(f"{pipeline}: versions change the config of {', '.join(PIPELINES)}")
    return configured(PIPELINES[pipeline].config, overrides, pipeline)


def config_of_version(name: str, pipeline: str) -> Any:
    """The config that a version's jobs run with.

    Raises
    ------
    BadVersionError
        if the code's defaults have changed since the version was made: its products would not be alike.
    """
    version = ProcessingVersion.objects.get(pk=name)
    config = config_of(pipeline, version.overrides.get(pipeline, {}))
    if values_of(config) != version.config[pipeline]:
        raise BadVersionError(
            f"version={name!r}: was made with other defaults (software {version.software}); make a new version"
        )
    return config


def values_of(config: Any) -> dict:
    """Every value of a config, as JSON keeps it."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def digest(values: Mapping) -> str:
    """SHA-256 of a config."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_overrides(pairs: list[str], file: Path | None = None) -> dict[str, dict[str, Any]]:
    """Overrides by pipeline from `pipeline.field=value` texts and a TOML file; the texts win.

    Raises
    ------
    BadConfigError
    """
    merged: dict[str, dict[str, Any]] = _from_toml(file) if file else {}
    for pair in pairs:
        path, equals, value = pair.partition("=")
        pipeline, dot, name = path.strip().partition(".")
        if not equals or not dot or not name:
            raise BadConfigError(
                f"config={pair!r}: give PIPELINE.FIELD=VALUE, for example science.detection.threshold=1.2"
            )
        merged.setdefault(pipeline, {})[name] = value.strip()
    return merged


def _from_toml(file: Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfigError(f"{file}: cannot be read as TOML ({error})") from error
    loose = [name for name, table in tables.items() if not isinstance(table, dict)]
    if loose:
        raise BadConfigError(f"{file}: {', '.join(loose)} stands in no table; begin with [science]")
    return {pipeline: dict(_flat(table)) for pipeline, table in tables.items()}


def _flat(table: Mapping[str, Any], before: str = ""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _as_typed(overrides: Mapping, full: Mapping) -> dict:
    """The overrides with their values as the configs took them, so that 1.2 and '1.20' are one version."""
    typed: dict[str, dict[str, Any]] = {}
    for pipeline, fields in overrides.items():
        typed[pipeline] = {}
        for path in sorted(fields):
            value = full[pipeline]
            for part in path.split("."):
                value = value[part]
            typed[pipeline][path] = value
    return typed
