"""The choice of the format that REST answers in."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from rest_framework.negotiation import DefaultContentNegotiation

from archive.requests.parameters import BadParameterError

# Pages whose rows REST gives as JSON: they have them in other formats too.
PAGES = {
    f"api-{name}": name for name in ("images", "image", "reference", "alerts", "alert", "objects", "object", "moving")
}
OTHERS = ("csv", "votable")


class JsonHere(DefaultContentNegotiation):
    """JSON; whoever asks for another format is told where it is."""

    def select_renderer(self, request, renderers, format_suffix=None):
        """The renderer; BadParameterError for a format that there is none for."""
        chosen_format = format_suffix or request.query_params.get(self.settings.URL_FORMAT_OVERRIDE)
        known = [one.format for one in renderers]
        if chosen_format and chosen_format not in known:
            raise BadParameterError(
                f"format={chosen_format[:20]!r}: {' or '.join(known)} is what this address gives{_where(request)}"
            )
        return super().select_renderer(request, renderers, format_suffix)


def _where(request: HttpRequest) -> str:
    """The addresses of the same rows in other formats, for the message."""
    match = request.resolver_match
    if match is None or match.url_name not in PAGES:
        return ""
    query = request.query_params.copy()
    for name in ("page", "page_size"):
        query.pop(name, None)
    query["format"] = "csv"
    address = request.build_absolute_uri(reverse(PAGES[match.url_name], kwargs=match.kwargs))
    return f"; {', '.join(OTHERS)} of all rows are at {address}?{query.urlencode()}"
