"""A pipeline: a name, a config, steps in order, products. No files, no database."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from processing.science.errors import ScienceError

Cards = list[tuple[str, Any, str]]
Measurements = dict[str, Any]
"""Numbers that a step found out, by name."""


class Product(NamedTuple):
    """data: array, astropy Table or text; cards: FITS cards (keyword, value, comment)."""

    data: Any
    cards: Cards


@dataclass(frozen=True)
class StepReport:
    """cpu, wall: seconds; measurements: what the step found out."""

    name: str
    cpu: float
    wall: float
    measurements: Mapping[str, Any]


@dataclass(frozen=True)
class Products:
    """files: suffix -> Product; measurements: of all steps together; steps: reports in order; details: what the
    pipeline found out beyond single numbers, for the database, or None."""

    files: dict[str, Product]
    measurements: dict[str, Any]
    steps: tuple[StepReport, ...]
    details: Any = None

    @property
    def cpu(self) -> float:
        """CPU seconds of all steps."""
        return sum(step.cpu for step in self.steps)


@dataclass(frozen=True)
class Pipeline:
    """One pipeline as data.

    name, version : go into every product
    config : frozen dataclass of every number the pipeline turns on
    begin : (inputs, config) -> state, a small mutable object that the steps share
    steps : functions (state, config) -> measurements
    finish : (state, config, measurements, steps) -> files
    makes : suffixes of the products
    details : state -> details of the products

    `run` raises `ScienceError` with the measurements so far when the frame cannot be carried further.
    """

    name: str
    version: str
    config: type
    begin: Callable
    steps: tuple[Callable, ...]
    finish: Callable
    makes: tuple[str, ...] = field(default=())
    details: Callable = lambda state: None

    def run(self, inputs: Any, config: Any = None) -> Products:
        """Execute the steps in order on one set of inputs."""
        config = config if config is not None else self.config()
        measurements: dict[str, Any] = {}
        reports = []
        try:
            state = self.begin(inputs, config)
            for step in self.steps:
                cpu, wall = time.process_time(), time.perf_counter()
                found = step(state, config) or {}
                measurements.update(found)
                reports.append(
                    StepReport(step.__name__, time.process_time() - cpu, time.perf_counter() - wall, dict(found))
                )
        except ScienceError as problem:
            problem.measurements = {**measurements, **problem.measurements}
            raise
        files = self.finish(state, config, measurements, tuple(reports))
        if set(files) != set(self.makes):
            raise RuntimeError(f"{self.name} made {sorted(files)}, declared {sorted(self.makes)}")
        return Products(files, measurements, tuple(reports), self.details(state))


def log_text(pipeline_name: str, version: str, config: Any, steps: tuple[StepReport, ...]) -> str:
    """The log of a run: its config, its steps, what they measured and cost."""
    lines = [f"{pipeline_name} {version}", f"config {config}", ""]
    for step in steps:
        lines.append(f"{step.name}: cpu {step.cpu:.3f} s, wall {step.wall:.3f} s")
        lines.extend(f"    {key} = {value}" for key, value in step.measurements.items())
    return "\n".join(lines) + "\n"
