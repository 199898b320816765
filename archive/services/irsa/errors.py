"""Errors as IBE gives them: an XML document."""

from __future__ import annotations

from xml.sax.saxutils import escape

from django.http import HttpResponse


class BadRequestError(ValueError):
    """A request that cannot be answered; `status` is HTTP's."""

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


def refuse(message: str, status: int = 400) -> HttpResponse:
    """What is wrong.

    Clients that expect CSV read this as a table of one column whose name starts with `<?xml version`; hence the line
    break after it, and neither commas nor quotes that would split what follows.
    """
    text = escape(message, {",": "&#44;", '"': "&quot;", "\n": " ", "\r": " "})
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<error>\n<message>{text}</message>\n</error>\n'
    return HttpResponse(body, content_type="text/xml; charset=utf-8", status=status)
