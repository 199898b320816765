"""Interfaces and capabilities as VOResource 1.1 has them: where a service is, and how clients may say who they are."""

from __future__ import annotations

from django.conf import settings

from archive.access import address as site
from archive.tables.xml import Xml, element, joined, lines

VR = "VOResource/v1.0"
SECURITY = (None, "ivo://ivoa.net/sso#BasicAA", "ivo://ivoa.net/sso#OAuth", "ivo://ivoa.net/sso#cookie")
"""Nobody in particular; name and password; a token as Bearer, which SSO 2.0 knows as OAuth's; a session's cookie."""


def interface(
    url: str, use: str, role: str | None = None, version: str | None = None, kind: str = "vs:ParamHTTP"
) -> Xml:
    """The interfaces at an address, one for each way to say who asks: VOResource 1.1's first erratum wants them apart.

    Every way is good for every address. The role is that of the first, which needs none: validators want one `std`.
    """
    made = []
    for way in SECURITY:
        attributes = {"xsi:type": kind, "role": role if way is None else None, "version": version}
        address = element("accessURL", url, attributes={"use": use})
        method = "" if way is None else element("securityMethod", attributes={"standardID": way})
        made.append(element("interface", address, method, attributes=attributes))
    return joined(made)


def capability(standard: str | None, *inside: Xml, kind: str | None = None) -> Xml:
    """A capability of a standard: its interfaces, and what else it says."""
    return element("capability", "\n", lines(*inside), attributes={"standardID": standard, "xsi:type": kind})


def of_the_site() -> Xml:
    """All other addresses of this archive, so that clients send along who asks to files and linked services too."""
    standard = f"ivo://{settings.VO_AUTHORITY}/site"  # of no standard, but clients expect one
    return capability(standard, interface(f"{site.address()}/", "base", kind="vr:WebBrowser"))
