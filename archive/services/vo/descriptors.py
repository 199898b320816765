"""Service descriptors (DataLink 1.1, section 4): how a client calls a service for a row of a table, as XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from django.urls import reverse

from archive.access import address as site
from archive.tables.fields import Field

IDENTIFIER = "obs_publisher_did"
LINKS = "ivo://ivoa.net/std/DataLink#links-1.1"
SODA_SYNC = "ivo://ivoa.net/std/SODA#sync-1.0"
SODA_ASYNC = "ivo://ivoa.net/std/SODA#async-1.0"


def attributes(**values: str | None) -> str:
    """XML attributes, without those that are None."""
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value is not None)


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

    def written(self) -> str:
        """The PARAM element."""
        named = attributes(
            name=self.name, datatype=self.datatype, arraysize=self.arraysize, unit=self.unit, ucd=self.ucd,
            xtype=self.xtype, ref=self.ref, value=self.value,
        )  # fmt: skip
        return f"<PARAM{named}><DESCRIPTION>{escape(self.description)}</DESCRIPTION></PARAM>"


SHAPES = (
    Parameter("CIRCLE", "double", "ra, dec, radius, degrees", "3", "deg", "pos.outline;obs", "circle"),
    Parameter("POLYGON", "double", "ra, dec of each vertex, degrees", "*", "deg", "pos.outline;obs", "polygon"),
    Parameter("POS", "char", "CIRCLE, RANGE or POLYGON and its numbers", "*", None, "pos.outline;obs"),
    Parameter("BAND", "double", "Shortest and longest wavelength", "2", "m", "em.wl;stat.interval", "interval"),
    Parameter("TIME", "double", "Begin and end, MJD (UTC)", "2", "d", "time.interval;obs.exposure", "interval"),
)


def service(name: str, standard: str | None, address: str, description: str, inputs: Iterable[Parameter]) -> str:
    """One descriptor: RESOURCE with utype adhoc:service."""
    params = f'<PARAM name="standardID" datatype="char" arraysize="*"{attributes(value=standard)}/>' if standard else ""
    return (
        f'<RESOURCE type="meta" utype="adhoc:service"{attributes(ID=name)}>'
        f"<DESCRIPTION>{escape(description)}</DESCRIPTION>\n{params}"
        f'<PARAM name="accessURL" datatype="char" arraysize="*"{attributes(value=address)}/>\n'
        f'<GROUP name="inputParams">{"".join(one.written() for one in inputs)}</GROUP>\n</RESOURCE>\n'
    )


def whole(name: str, *arguments) -> str:
    """The whole address of a page of ours by its name."""
    return site.address() + reverse(name, args=arguments)


def links(column: str) -> str:
    """DataLink for the rows of a table whose `column` (an XML id) holds identifiers of data sets."""
    identifier = Parameter("ID", "char", "Identifier of the data set", ucd="meta.id;meta.main", ref=column)
    return service("links", LINKS, whole("datalink"), "Everything that belongs to a product", [identifier])


def cutouts(column: str) -> str:
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
