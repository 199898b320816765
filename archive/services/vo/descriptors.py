"""Service descriptors (DataLink 1.1, section 4): how a client calls a service for a row of a table, as XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.urls import reverse

from archive.access import address as site
from archive.tables.fields import Field
from archive.tables.xml import Xml, element, lines

IDENTIFIER = "obs_publisher_did"
LINKS = "ivo://ivoa.net/std/DataLink#links-1.1"
SODA_SYNC = "ivo://ivoa.net/std/SODA#sync-1.0"
SODA_ASYNC = "ivo://ivoa.net/std/SODA#async-1.0"


@dataclass(frozen=True)
class Parameter:
    """An input of a service; `ref` is the column that holds its value."""

    name: str
    datatype: str
    description: str
    arraysize: str | None = "*"
    unit: str | None = None
    ucd: str | None = None
    xtype: str | None = None
    ref: str | None = None
    value: str = ""

    def written(self) -> Xml:
        """The PARAM element."""
        names = ("name", "datatype", "arraysize", "unit", "ucd", "xtype", "ref", "value")
        attributes = {name: getattr(self, name) for name in names}
        return element("PARAM", element("DESCRIPTION", self.description), attributes=attributes)


SHAPES = (
    Parameter("CIRCLE", "double", "ra, dec, radius, degrees", "3", "deg", "pos.outline;obs", "circle"),
    Parameter("POLYGON", "double", "ra, dec of each vertex, degrees", "*", "deg", "pos.outline;obs", "polygon"),
    Parameter("POS", "char", "CIRCLE, RANGE or POLYGON and its numbers", "*", None, "pos.outline;obs"),
    Parameter("BAND", "double", "Shortest and longest wavelength", "2", "m", "em.wl;stat.interval", "interval"),
    Parameter("TIME", "double", "Begin and end, MJD (UTC)", "2", "d", "time.interval;obs.exposure", "interval"),
    Parameter("PLANES", "char", "What comes of the region: some of image,mask,uncertainty,psf"),
)


def service(name: str, standard: str | None, address: str, description: str, inputs: Iterable[Parameter]) -> Xml:
    """One descriptor: RESOURCE with utype adhoc:service."""
    group = element("GROUP", *(parameter.written() for parameter in inputs), attributes={"name": "inputParams"})
    known = [_text("standardID", standard)] if standard else []
    return lines(
        element(
            "RESOURCE",
            lines(element("DESCRIPTION", description)),
            *known,
            lines(_text("accessURL", address), group),
            attributes={"type": "meta", "utype": "adhoc:service", "ID": name},
        )
    )


def _text(name: str, value: str) -> Xml:
    return element("PARAM", attributes={"name": name, "datatype": "char", "arraysize": "*", "value": value})


def whole(name: str, *arguments) -> str:
    """The whole address of a page of ours by its name."""
    return site.address() + reverse(name, args=arguments)


def links(column: str) -> Xml:
    """DataLink for the rows of a table whose `column` (an XML id) holds identifiers of data sets."""
    identifier = Parameter("ID", "char", "Identifier of the data set", ucd="meta.id;meta.main", ref=column)
    return service("links", LINKS, whole("datalink"), "Everything that belongs to a product", [identifier])


def cutouts(column: str) -> Xml:
    """SODA for the rows of a table whose `column` (an XML id) holds identifiers of data sets."""
    identifier = Parameter("ID", "char", "Identifier of the data set", ucd="meta.id;meta.main", ref=column)
    text = "The part of an image that lies in a region, with its sky coordinates"
    return service("soda-sync", SODA_SYNC, whole("soda-sync"), text, [identifier, *SHAPES])


def followed_by(pieces: Iterable[bytes], resources: str) -> Iterator[bytes]:
    """A VOTable with further resources before its end."""
    if not resources:
        yield from pieces
        return
    end = b"</VOTABLE>"
    for piece in pieces:
        head, closed, tail = piece.rpartition(end)
        yield head + resources.encode() + closed + tail if closed else piece


def linked(fields: Iterable[Field]) -> tuple[list[Field], str]:
    """A result's columns, and the descriptor of DataLink where one column names data sets as ObsCore does."""
    fields = list(fields)
    if [field.name for field in fields].count(IDENTIFIER) != 1:
        return fields, ""
    return [replace(one, id=IDENTIFIER) if one.name == IDENTIFIER else one for one in fields], links(IDENTIFIER)
