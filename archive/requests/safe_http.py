"""Requests that this system sends to addresses which people name: to allowed hosts only.

Where a host leads to is looked up once, checked, and that very address is asked: neither a redirection nor a second
look-up can lead elsewhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit


class NotAllowedError(ValueError):
    """An address that is not asked; the message says why."""


def check(address: str, hosts: Collection[str]) -> None:
    """Raise NotAllowedError for an address that is no http(s) one of an allowed host."""
    if not address.isascii() or not address.isprintable() or " " in address:
        raise NotAllowedError("is no address: write blanks and letters beyond ASCII as %20 and the like")
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as reason:
        raise NotAllowedError(f"is no address ({reason})") from reason
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise NotAllowedError("give an http or https address without a name and password in it")
    if parts.hostname.lower() not in hosts:
        allowed = ", ".join(hosts) or "none"
        raise NotAllowedError(f"the host {parts.hostname} is not allowed here; allowed are: {allowed}")


@contextmanager
def connected(
    address: str, hosts: Collection[str], private: bool, timeout: float
) -> Iterator[tuple[http.client.HTTPConnection, str]]:
    """A connection to the host of an address, and the path to ask it for.

    Parameters
    ----------
    hosts : that may be asked
    private : whether they may lie in a private network
    timeout : s, for each answer of the network

    Raises
    ------
    NotAllowedError
    OSError
        where nobody answers, or not as HTTP has it.
    """
    check(address, hosts)
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname or ""
    target = _public_address(host, port, private)
    connection: Any  # it has no public way to be told where to connect
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    connection._create_connection = lambda _, timeout, source: socket.create_connection(target, timeout, source)
    try:
        yield connection, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    except http.client.HTTPException as error:
        raise ConnectionError(f"the host {host} does not answer as HTTP has it ({type(error).__name__})") from error
    finally:
        connection.close()


def _public_address(host: str, port: int, private: bool) -> tuple[str, int]:
    """The first address of a host, if all of its addresses are public ones or private ones are allowed."""
    found = [(str(entry[4][0]), int(entry[4][1])) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address, _ in found:
        if not private and not ipaddress.ip_address(address.split("%")[0]).is_global:
            raise NotAllowedError(f"the host {host} leads to {address}, which is no public address")
    return found[0]
