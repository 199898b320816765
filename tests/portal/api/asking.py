"""Random requests, right and wrong, that schemathesis makes of the OpenAPI document, and what answers must keep."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@dataclass
class Tally:
    """The tally of what was asked and found; a finding by its operation and the first line of what is wrong."""

    asked: Counter = field(default_factory=Counter)  # by operation
    statuses: Counter = field(default_factory=Counter)
    findings: dict[tuple[str, str], str] = field(default_factory=dict)


def document() -> dict:
    """The OpenAPI document as it is served."""
    return SchemaGenerator().get_schema(request=None, public=True)


def ask(headers: dict[str, str], examples: int, tally: Tally, until: float = float("inf")) -> None:
    """Ask every operation so often, in each mode, as whoever the headers name; end at a time of time.monotonic()."""
    schema = schemathesis.openapi.from_dict(document())
    schema.app = get_wsgi_application()
    ways = settings(
        max_examples=examples, deadline=None, database=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for found in schema.get_all_operations():
        for mode in MODES:
            _in_mode(found.ok(), mode, ways, headers, tally, until)


def _in_mode(operation, mode: GenerationMode, ways: settings, headers: dict, tally: Tally, until: float) -> None:
    @ways
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case):
        if time.monotonic() < until:
            _one(case, headers, operation.label, tally)

    with suppress(Unsatisfiable):  # of an operation without parameters nothing wrong can be made
        one()


def _one(case, headers: dict[str, str], label: str, tally: Tally) -> None:
    response = case.call(headers=headers)
    tally.asked[label] += 1
    tally.statuses[response.status_code] += 1
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        for one in group.exceptions:
            key = label, f"{response.status_code} {type(one).__name__}"
            tally.findings.setdefault(key, f"{one}\n{case.as_curl_command()[:600]}\n{response.content[:300]!r}")
