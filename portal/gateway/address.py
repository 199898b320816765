"""The client's address at the other end of a request, behind a known number of proxies."""

from __future__ import annotations

import ipaddress


def client_address(peer: str, forwarded: str, proxies: int) -> str:
    """The client's address.

    Each proxy of ours appends the address of whoever asked it to `X-Forwarded-For`; what stands before the entries of
    our own proxies was written by the client, and says nothing.

    Parameters
    ----------
    peer : of the connection itself; empty for a socket in the file system
    forwarded : X-Forwarded-For
    proxies : how many of ours stand before us; 0: none, and the header is not believed

    Returns
    -------
    str
        `peer` where the header has fewer entries than there are proxies, or no address at that place.
    """
    if proxies == 0:
        return peer
    entries = [entry.strip() for entry in forwarded.split(",") if entry.strip()]
    if len(entries) < proxies:
        return peer
    try:
        return str(ipaddress.ip_address(entries[-proxies]))
    except ValueError:
        return peer


def network_of(address: str) -> str:
    """The network that counts as one client: an IPv4 address, or the /64 that an IPv6 client has to itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
