"""XML elements as text: names, attributes and text go in as they are, escaping and what XML cannot hold are seen to.

Written by the standard library's generator: Django's sorts attributes and refuses control characters, which messages
that repeat a request may hold.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import XMLGenerator, escape
from xml.sax.xmlreader import AttributesImpl

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
Attributes = Mapping[str, object]


class Xml(str):
    """Text that is XML already."""

    __slots__ = ()


def valid(value: object) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", str(value))


def xml_text(value: object) -> str:
    """Text for an element, escaped."""
    return escape(valid(value))


def element(name: str, *content: object, attributes: Attributes | None = None) -> Xml:
    """An element; content that is no Xml is text. One without content is closed where it opens.

    attributes : in their order; those that are None are left out
    """
    written = io.StringIO()
    generator = XMLGenerator(written, "utf-8", short_empty_elements=not content)
    given = {key: valid(value) for key, value in (attributes or {}).items() if value is not None}
    generator.startElement(name, AttributesImpl(given))
    for part in content:
        if isinstance(part, Xml):
            generator.ignorableWhitespace(part)  # which is written as it is
        else:
            generator.characters(valid(part))
    generator.endElement(name)
    return Xml(written.getvalue())


def joined(parts: Iterable[object], end: str = "") -> Xml:
    """Elements and text one after another, each with `end` behind it."""
    return Xml("".join((part if isinstance(part, Xml) else xml_text(part)) + end for part in parts))


def lines(*parts: object) -> Xml:
    """Elements and text, each on a line of its own; those that are empty are left out."""
    return joined((part for part in parts if part), "\n")


def document(root: Xml) -> str:
    """A document of one element."""
    return f"{DECLARATION}{root}\n"
