"""Self-descriptions of the services of the data access layer (VOSI 1.1)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from archive.services.vo import descriptors
from archive.services.vo.dal import cone, sia
from archive.services.vo.interfaces import capability, interface, of_the_site
from archive.tables import xml
from archive.tables.xml import Xml, element, joined, lines

XML = "text/xml; charset=utf-8"
NAMES = {
    "xmlns:vosi": "http://www.ivoa.net/xml/VOSICapabilities/v1.0",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xmlns:vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "xmlns:vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "xmlns:cs": "http://www.ivoa.net/xml/ConeSearch/v1.0",
}
CAPABILITIES, AVAILABILITY = "ivo://ivoa.net/std/VOSI#capabilities", "ivo://ivoa.net/std/VOSI#availability"


def cone_capability(name: str) -> Xml:
    """Cone search on a table."""
    limits = {"maxSR": f"{cone.LARGEST:g}", "maxRecords": cone.DEFAULT_ROWS, "verbosity": "true"}
    test = {"ra": "51.1", "dec": "18.6", "sr": "0.05"}
    return capability(
        cone.STANDARD,
        interface(descriptors.whole("scs", name) + "?", "base", "std"),
        joined(element(key, value) for key, value in limits.items()),
        element("testQuery", *(element(key, value) for key, value in test.items())),
        kind="cs:ConeSearch",
    )


def _sia() -> Xml:
    return lines(capability(sia.STANDARD, interface(descriptors.whole("sia"), "base", "std", "2.0")))


def _links() -> Xml:
    return lines(capability(descriptors.LINKS, interface(descriptors.whole("datalink"), "base", "std", "1.1")))


def _soda() -> Xml:
    pairs = ((descriptors.SODA_SYNC, "soda-sync"), (descriptors.SODA_ASYNC, "soda-async"))
    return lines(
        *(capability(standard, interface(descriptors.whole(name), "base", "std", "1.0")) for standard, name in pairs)
    )


SERVICES: dict[str, Callable[[], Xml]] = {"sia2": _sia, "datalink": _links, "soda": _soda}


def document(service: str, own: Xml) -> str:
    """The capabilities of a service: its own, and where these and its availability are told."""
    told = lines(
        *(
            capability(standard, interface(descriptors.whole(f"dal-{name}", service), "full"))
            for name, standard in (("capabilities", CAPABILITIES), ("availability", AVAILABILITY))
        )
    )
    found = element("vosi:capabilities", "\n", own, told, lines(of_the_site()), attributes=NAMES)
    return xml.document(found)


def _own(service: str) -> Xml:
    if service in SERVICES:
        return SERVICES[service]()
    name = service.removeprefix("scs/")
    if service.startswith("scs/") and name in cone.tables():
        return lines(cone_capability(name))
    raise Http404(f"{service}: no such service; there are {', '.join(SERVICES)} and scs/ with the name of a table")


@require_safe
def capabilities(request: HttpRequest, service: str) -> HttpResponse:
    """A service's capabilities."""
    return HttpResponse(document(service, _own(service)), content_type=XML)


@require_safe
def availability(request: HttpRequest, service: str) -> HttpResponse:
    """A service's availability: who reads this has reached it."""
    _own(service)
    works = element("vosi:available", "true")
    names = {"xmlns:vosi": "http://www.ivoa.net/xml/VOSIAvailability/v1.0"}
    told = xml.document(element("vosi:availability", "\n", lines(works), attributes=names))
    return HttpResponse(told, content_type=XML)
