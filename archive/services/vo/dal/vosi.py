"""What the services of the data access layer say about themselves (VOSI 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape, quoteattr

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from archive.services.vo import descriptors
from archive.services.vo.dal import cone, sia

XML = "text/xml; charset=utf-8"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"'
    ' xmlns:cs="http://www.ivoa.net/xml/ConeSearch/v1.0">\n'
)
CAPABILITIES, AVAILABILITY = "ivo://ivoa.net/std/VOSI#capabilities", "ivo://ivoa.net/std/VOSI#availability"


def interface(url: str, use: str, standard: bool = True, more: str = "") -> str:
    """A ParamHTTP interface."""
    role = ' role="std"' if standard else ""
    return (
        f'<interface xsi:type="vs:ParamHTTP"{role}{more}><accessURL use="{use}">{escape(url)}</accessURL></interface>\n'
    )


def capability(standard: str, *interfaces: str, kind: str = "", inside: str = "") -> str:
    """A capability of a standard."""
    xsi = f' xsi:type="{kind}"' if kind else ""
    return f"<capability standardID={quoteattr(standard)}{xsi}>\n{''.join(interfaces)}{inside}</capability>\n"


def cone_capability(name: str) -> str:
    """Cone search on a table."""
    limits = f"<maxSR>{cone.LARGEST:g}</maxSR><maxRecords>{cone.DEFAULT_ROWS}</maxRecords><verbosity>true</verbosity>\n"
    test = "<testQuery><ra>51.1</ra><dec>18.6</dec><sr>0.05</sr></testQuery>\n"
    url = descriptors.whole("scs", name) + "?"
    return capability(cone.STANDARD, interface(url, "base"), kind="cs:ConeSearch", inside=limits + test)


def _sia() -> str:
    return capability(sia.STANDARD, interface(descriptors.whole("sia"), "base", more=' version="2.0"'))


def _links() -> str:
    return capability(descriptors.LINKS, interface(descriptors.whole("datalink"), "base", more=' version="1.1"'))


def _soda() -> str:
    pairs = ((descriptors.SODA_SYNC, "soda-sync"), (descriptors.SODA_ASYNC, "soda-async"))
    version = ' version="1.0"'
    return "".join(capability(one, interface(descriptors.whole(name), "base", more=version)) for one, name in pairs)


SERVICES: dict[str, Callable[[], str]] = {"sia2": _sia, "datalink": _links, "soda": _soda}


def document(service: str, own: str) -> str:
    """The capabilities of a service: its own, and where these and its availability are told."""
    told = "".join(
        capability(standard, interface(descriptors.whole(f"dal-{name}", service), "full", standard=False))
        for name, standard in (("capabilities", CAPABILITIES), ("availability", AVAILABILITY))
    )
    return f"{HEAD}{own}{told}</vosi:capabilities>\n"


def _own(service: str) -> str:
    if service in SERVICES:
        return SERVICES[service]()
    name = service.removeprefix("scs/")
    if service.startswith("scs/") and name in cone.tables():
        return cone_capability(name)
    raise Http404(f"{service}: no such service; there are {', '.join(SERVICES)} and scs/ with the name of a table")


@require_safe
def capabilities(request: HttpRequest, service: str) -> HttpResponse:
    """What a service can do."""
    return HttpResponse(document(service, _own(service)), content_type=XML)


@require_safe
def availability(request: HttpRequest, service: str) -> HttpResponse:
    """That a service works: who reads this has reached it."""
    _own(service)
    return HttpResponse(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<vosi:availability xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0">\n'
        "<vosi:available>true</vosi:available>\n</vosi:availability>\n",
        content_type=XML,
    )
