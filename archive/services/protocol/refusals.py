"""Error documents: a VOTable as DALI has it, XML as IBE has it, a line as Gator has it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from archive.services.protocol.errors import BadRequestError
from archive.tables.formats.votable import CONTENT_TYPE, error_votable
from archive.tables.xml import Xml, document, element, lines, xml_text

CHALLENGES = 'Basic realm="ZTF archive", charset="UTF-8", Bearer realm="ZTF archive"'
View = Callable[..., HttpResponseBase]


def as_votable(message: str, status: int = 400) -> HttpResponse:
    """An error as DALI has it, in whatever format the result was asked for."""
    response = HttpResponse(error_votable(message), content_type=CONTENT_TYPE, status=status)
    if status == 401:
        response["WWW-Authenticate"] = CHALLENGES
    return response


def errors_as_votable(*refused: type[Exception]) -> Callable[[View], View]:
    """A decorator of views whose BadRequestError, and these errors, become error documents."""

    expected: tuple[type[Exception], ...] = (BadRequestError, *refused)

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *arguments, **named) -> HttpResponseBase:
            try:
                return view(request, *arguments, **named)
            except expected as reason:
                return as_votable(str(reason), getattr(reason, "status", 400))

        return wrapped

    return decorate


def as_ibe_xml(message: str, status: int = 400) -> HttpResponse:
    """An error as IBE has it.

    Clients that expect CSV read this as a table of one column whose name starts with `<?xml version`; hence the line
    break after it, and neither commas nor quotes that would split what follows.
    """
    text = xml_text(message)
    for mark, written in ((",", "&#44;"), ('"', "&quot;"), ("\n", " "), ("\r", " ")):
        text = text.replace(mark, written)
    body = document(element("error", "\n", lines(element("message", Xml(text)))))
    return HttpResponse(body, content_type="text/xml; charset=utf-8", status=status)


def as_struct(message: str, status: int = 400) -> HttpResponse:
    """An error as Gator has it: one line, whose clients know it by how it begins and ends."""
    text = " ".join(message.replace('"', "'").split())
    return HttpResponse(f'[struct stat="ERROR", msg="{text}"]\n', "text/plain; charset=utf-8", status)


def as_uneven_lines(message: str, status: int = 400) -> HttpResponse:
    """An error for clients that read CSV or TSV: its lines have different numbers of fields, so that no reader takes
    it for a table."""
    text = " ".join(message.replace('"', "'").split())
    body = f'"ERROR"\n"{text}"\n"status",{status},"this","is","no","table"\n'
    return HttpResponse(body, "text/plain; charset=utf-8", status)


def as_asked(message: str, form: str, status: int = 400) -> HttpResponse:
    """An error for whoever asked IRSA's services for rows in a format (VOTABLE, IPAC_TABLE, HTML, CSV, TSV)."""
    wanted = form.strip().lower()
    if wanted in ("csv", "tsv"):
        return as_uneven_lines(message, status)
    return as_struct(message, status) if wanted in ("ipac_table", "html") else as_votable(message, status)
