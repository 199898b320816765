"""The refusals of every operation, as the OpenAPI document has them."""

from __future__ import annotations

from typing import Any

REFUSALS = {
    "400": "A parameter, or the body, does not make a question; `detail` names it.",
    "401": "A name, password or token is wrong.",
    "403": "What is asked for is not open to this token, or the form came from another site.",
    "404": "There is no such thing, or it is not public.",
    "405": "The address is not asked by this method.",
    "406": "Nothing that `Accept` names can be sent.",
    "413": "The body, or what was asked for, is too large.",
    "415": "The body is of a type that is not read here.",
    "429": "Too much at once, or too many wrong attempts; `Retry-After` says when to try again.",
    "500": "A fault of the archive, a damaged file for example.",
    "503": "Try again later.",
}
PROBLEM = {
    "type": "object",
    "description": "An error as RFC 9457 has it",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, naming the parameter, its value, what is right"},
    },
}


def with_refusals(result: dict[str, Any], generator, request, public: bool) -> dict[str, Any]:
    """The document with all refusals of every operation (a hook of drf-spectacular)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, text in REFUSALS.items():
                operation["responses"].setdefault(status, {"description": text, "content": content})
    return result
