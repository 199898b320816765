"""Bodies of REST requests."""

from __future__ import annotations

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from archive.requests import json_text


class BoundedJSONParser(BaseParser):
    """A JSON object, as `archive.requests.json_text` reads it."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        """The body's object; ParseError (400) for what is no JSON, or another value."""
        try:
            value = json_text.loads(stream.read())
        except ValueError as error:
            raise ParseError(f"the body is no JSON: {error}") from None
        if not isinstance(value, dict):
            raise ParseError(f'the body must be an object, for example {{"position": "M 31"}}, not {str(value)[:40]}')
        return value
