"""Requests to an IRSA-compatible server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import pandas as pd
import requests
from astroquery import cache_conf
from astroquery.ipac.irsa.ibe import IbeClass

from archive import sandbox
from archive.ingest.mirror.http import Credentials, RateLimit, ThrottledSession
from archive.requests.numbers import whole

IRSA = "https://irsa.ipac.caltech.edu"
METADATA_TIMEOUT = 600  # s: IRSA answers a large search when it is whole
TEXTS = ("filtercode", "imgtype", "imgtypecode", "obsdate", "startobsdate", "endobsdate", "ipac_pub_date", "caltype")


class RemoteFailedError(ConnectionError):
    """The server did not answer as it should; the message says what was asked, and what came."""


@dataclass
class Remote:
    """An IRSA-compatible server."""

    server: str = IRSA
    who: Credentials = field(default_factory=Credentials)
    rate: RateLimit = field(default_factory=RateLimit)
    cookie: bool = False  # sign in by login.do, as IRSA's own clients do

    def __post_init__(self):
        self.server = self.server.rstrip("/")
        self.session = ThrottledSession(self.server, self.who, self.rate)
        if self.cookie and self.who.user:
            self.session.sign_in(f"{self.server}/account/signon/login.do", self.who)

    def metadata(
        self, family: str, where: str = "", place: tuple[float, float] | None = None, size: float = 0.0
    ) -> pd.DataFrame:
        """Rows of a family's metadata: images that overlap a box of `size` degrees around a place, and a condition.

        Raises
        ------
        RemoteFailedError
        """
        client = IbeClass()
        client.URL, client.TIMEOUT, client._session = f"{self.server}/ibe/", METADATA_TIMEOUT, self.session
        asked = {"where": where or None, "width": f"{size}d" if place and size else None}
        if place is not None:
            asked["coordinate"] = f"{place[0]:.8f}d {place[1]:.8f}d"
        try:
            with cache_conf.set_temp("cache_active", False):
                answer = client.query_region_async(mission="ztf", dataset="products", table=family, **asked)
            answer.raise_for_status()
            return _frame("read_ipac", answer.content)
        except (requests.RequestException, ValueError) as error:
            said = getattr(getattr(error, "response", None), "text", "")[:300]
            raise RemoteFailedError(f"{self.server}: search of {family} ({asked}): {error} {said}".strip()) from error

    def url(self, path: str) -> str:
        """The address of a file of the product tree."""
        return f"{self.server}/ibe/data/ztf/products/{quote(path)}"

    def size(self, path: str) -> int | None:
        """A file's bytes; None where it is not there, or the server does not say."""
        answer = self.session.head(self.url(path), headers={"Accept-Encoding": "identity"}, allow_redirects=True)
        length = answer.headers.get("Content-Length", "")
        return whole(length) if answer.ok else None

    def light_curves(
        self, place: tuple[float, float, float] | None = None, oids: Sequence[int] = (), collection: str = ""
    ) -> pd.DataFrame:
        """The points of all light curves in a circle (ra, dec, radius; degrees), or of objects by number.

        Raises
        ------
        RemoteFailedError
        """
        parameters: list[tuple[str, str]] = [("FORMAT", "CSV")]
        parameters += [("COLLECTION", collection)] if collection else []
        parameters += [("POS", "CIRCLE {:.7f} {:.7f} {:.7f}".format(*place))] if place else []
        parameters += [("ID", str(oid)) for oid in oids]
        address = f"{self.server}/cgi-bin/ZTF/nph_light_curves"
        try:
            answer = self.session.get(address, params=parameters, timeout=METADATA_TIMEOUT)
            answer.raise_for_status()
            table = _frame("read_csv", answer.content)
        except (requests.RequestException, ValueError) as error:
            raise RemoteFailedError(f"{address}: {parameters}: {error}") from error
        if "oid" not in table.columns:
            raise RemoteFailedError(f"{address}: {parameters}: no light curves came, but {answer.text[:200]!r}")
        return table


def _frame(reader: str, content: bytes) -> pd.DataFrame:
    """An answer as a table, read in the sandbox; ValueError says what is wrong with it."""
    limits = sandbox.Limits(memory=(1 << 30) + 12 * len(content), cpu=60 + len(content) // 1_000_000, seconds=1800.0)
    try:
        found = sandbox.run(f"archive.sandbox.readers.products.tabular:{reader}", content, limits, sandbox.INGEST)
    except sandbox.SandboxError as error:
        raise ValueError(str(error)) from error
    frame = pd.DataFrame(found)
    for name in set(TEXTS) & set(frame.columns):
        frame[name] = frame[name].fillna("").astype(str)
    return frame
