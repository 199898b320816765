"""What an IRSA-compatible server is asked."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import pandas as pd
import requests
from astropy.table import Table
from astroquery import cache_conf
from astroquery.ipac.irsa.ibe import IbeClass

from archive.mirror.http import Credentials, Manners, PoliteSession

IRSA = "https://irsa.ipac.caltech.edu"
METADATA_TIMEOUT = 600  # s: IRSA answers a large search when it is whole
TEXTS = ("filtercode", "imgtype", "imgtypecode", "obsdate", "startobsdate", "endobsdate", "ipac_pub_date", "caltype")


class RemoteFailed(ConnectionError):
    """The server did not answer as it should; the message says what was asked, and what came."""


@dataclass
class Remote:
    """An IRSA-compatible server."""

    server: str = IRSA
    who: Credentials = field(default_factory=Credentials)
    manners: Manners = field(default_factory=Manners)
    cookie: bool = False  # sign in by login.do, as IRSA's own clients do

    def __post_init__(self):
        self.server = self.server.rstrip("/")
        self.session = PoliteSession(self.server, self.who, self.manners)
        if self.cookie and self.who.user:
            self.session.sign_in(f"{self.server}/account/signon/login.do", self.who)

    def metadata(
        self, family: str, where: str = "", place: tuple[float, float] | None = None, size: float = 0.0
    ) -> pd.DataFrame:
        """Rows of a family's metadata: images that overlap a box of `size` degrees around a place, and a condition.

        Raises
        ------
        RemoteFailed
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
            return _frame(answer.text)
        except (requests.RequestException, ValueError) as error:
            said = getattr(getattr(error, "response", None), "text", "")[:300]
            raise RemoteFailed(f"{self.server}: search of {family} ({asked}): {error} {said}".strip()) from error

    def url(self, path: str) -> str:
        """The address of a file of the product tree."""
        return f"{self.server}/ibe/data/ztf/products/{quote(path)}"

    def size(self, path: str) -> int | None:
        """A file's bytes; None where it is not there, or the server does not say."""
        answer = self.session.head(self.url(path), headers={"Accept-Encoding": "identity"}, allow_redirects=True)
        length = answer.headers.get("Content-Length", "")
        return int(length) if answer.ok and length.isdigit() else None

    def light_curves(
        self, place: tuple[float, float, float] | None = None, oids: Sequence[int] = (), collection: str = ""
    ) -> pd.DataFrame:
        """The points of all light curves in a circle (ra, dec, radius; degrees), or of objects by number.

        Raises
        ------
        RemoteFailed
        """
        parameters: list[tuple[str, str]] = [("FORMAT", "CSV")]
        parameters += [("COLLECTION", collection)] if collection else []
        parameters += [("POS", "CIRCLE {:.7f} {:.7f} {:.7f}".format(*place))] if place else []
        parameters += [("ID", str(oid)) for oid in oids]
        address = f"{self.server}/cgi-bin/ZTF/nph_light_curves"
        try:
            answer = self.session.get(address, params=parameters, timeout=METADATA_TIMEOUT)
            answer.raise_for_status()
            table = pd.read_csv(io.StringIO(answer.text))
        except (requests.RequestException, ValueError) as error:
            raise RemoteFailed(f"{address}: {parameters}: {error}") from error
        if "oid" not in table.columns:
            raise RemoteFailed(f"{address}: {parameters}: no light curves came, but {answer.text[:200]!r}")
        return table


def _frame(text: str) -> pd.DataFrame:
    if text.lstrip().startswith("<"):
        raise ValueError(f"an error came instead of a table: {text[:300]}")
    table = Table.read(text, format="ascii.ipac", guess=False)
    frame = table.to_pandas()
    for name in set(TEXTS) & set(frame.columns):
        frame[name] = frame[name].fillna("").astype(str)
    return frame
