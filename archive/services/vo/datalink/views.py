"""DataLink over HTTP."""

from __future__ import annotations

from operator import attrgetter

from django.http import HttpRequest, HttpResponse

from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import all_values, single
from archive.services.vo import descriptors
from archive.services.vo.dal import common
from archive.services.vo.datalink.links import Link, links
from archive.tables.fields import Field
from archive.tables.formats.votable import write_votable

CONTENT_TYPE = "application/x-votable+xml;content=datalink"
MOST = 500  # identifiers of one request
FIELDS = (
    Field("ID", "char", "*", None, "meta.id;meta.main", "Identifier that was asked for", id="ID"),
    Field("access_url", "char", "*", None, "meta.ref.url", "Where to get it"),
    Field("service_def", "char", "*", None, "meta.ref", "Service of this document that makes it"),
    Field("error_message", "char", "*", None, "meta.code.error", "Why there is nothing"),
    Field("description", "char", "*", None, "meta.note", "What it is"),
    Field("semantics", "char", "*", None, "meta.code", "What it is to the data set"),
    Field("content_type", "char", "*", None, "meta.code.mime", "Format"),
    Field("content_length", "long", None, "byte", "phys.size;meta.file", "Size"),
    Field("local_semantics", "char", "*", None, "meta.code", "Our own name of the kind"),
    Field("link_auth", "char", "*", None, "meta.code", "Whether one must sign in: false, optional, true"),
    Field("link_authorized", "boolean", None, None, "meta.code", "Whether you may get it"),
)
_VALUES = attrgetter(*("id" if field.name == "ID" else field.name for field in FIELDS))


@common.service
def query(request: HttpRequest) -> HttpResponse:
    """Everything that belongs to each ID; as many rows as there are things, one after another by ID."""
    parameters = all_values(request)
    form = single(parameters, "RESPONSEFORMAT", "votable").lower()
    if "votable" not in form:
        raise BadRequestError(f"RESPONSEFORMAT={form}: links come as votable")
    identifiers = parameters.get("ID", [])
    found = list(links(identifiers[:MOST]))
    response = HttpResponse(document(found, len(identifiers) > MOST), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def document(found: list[Link], overflow: bool = False) -> bytes:
    """Links as a VOTable, with the services that they name."""
    rows = [_VALUES(link) for link in found]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in FIELDS]
    if overflow:
        columns = [[*column, None] for column in columns]  # the writer leaves it out and says that there is more
    infos = {"standardID": descriptors.LINKS}
    pieces = write_votable(FIELDS, [columns], "TABLEDATA", len(rows), infos, "Links of data sets")
    services = descriptors.cutouts("ID") if any(link.service_def for link in found) else ""
    return b"".join(descriptors.followed_by(pieces, services))
