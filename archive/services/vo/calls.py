"""A search as calls of scripts, ready to be copied: the same rows by curl, requests, astropy, pyvo, ztfquery."""

from __future__ import annotations

import json
import shlex
from functools import lru_cache
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from archive.requests.parameters import joined
from archive.search.as_adql import conditions_of, is_square
from archive.search.families import BORESIGHT, FOOTPRINT
from archive.search.query import FAMILIES, ImageQuery
from archive.services.vo.adql import ADQLError, translate
from archive.services.vo.schema.published import adql_catalog
from archive.tables.pages.asked import PARAMETERS

REQUESTS = """import requests

answer = requests.get({address})
rows = answer.json()["rows"]"""
ASTROPY = """from astropy.table import Table

rows = Table.read({address}, format="votable")"""
PYVO = '''import pyvo

service = pyvo.dal.TAPService({service})
rows = service.search("""
{adql}
""").to_table()'''
ZTFQUERY = """from ztfquery import io, metasearch, query

base = {base}
metasearch.SEARCH_BASEURL = f"{{base}}{search}"
io.LOGIN_URL = f"{{base}}{sign_in}"
images = query.ZTFQuery()
images.load_metadata({asked})
rows = images.metatable"""
IBE = "/ibe/search/ztf/products/"
OF_ZTFQUERY = ("sci", "raw", "cal", "ref")


def calls(request: HttpRequest, adql: str | None = None, query: ImageQuery | None = None) -> list[tuple[str, str]]:
    """Names of clients, and the call of each that gives all rows of the search whose page this is.

    adql : the same rows as a query, where there is one
    query : the search, where it is one for images
    """
    given = {name: value for name, value in joined(request.GET).items() if name not in PARAMETERS}
    page = request.build_absolute_uri(request.path)

    def address(form: str) -> str:
        return f"{page}?{urlencode(given | {'format': form})}"

    found = [
        ("curl", f"curl -fsS {shlex.quote(address('csv'))} -o rows.csv"),
        ("requests", REQUESTS.format(address=json.dumps(address("json")))),
        ("astropy", ASTROPY.format(address=json.dumps(address("votable")))),
    ]
    if adql is not None and is_understood(adql):
        service = request.build_absolute_uri(reverse("tap")).rstrip("/")
        quoted = adql.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        found += [("pyvo", PYVO.format(service=json.dumps(service), adql=quoted)), ("ADQL", adql)]
    if query is not None and (asked := _of_ztfquery(query)):
        base = json.dumps(request.build_absolute_uri("/").rstrip("/"))
        places = {"base": base, "search": IBE, "sign_in": reverse("irsa-login")}
        found.append(("ztfquery", ZTFQUERY.format(**places, asked=asked)))
    return found


@lru_cache(maxsize=256)
def is_understood(adql: str) -> bool:
    """Whether a query is one that TAP answers: a condition of a page may use columns that only pages have."""
    try:
        translate(adql, adql_catalog())
    except ADQLError:
        return False
    return True


def _of_ztfquery(query: ImageQuery) -> str:
    """The arguments of load_metadata; empty where IBE has no words for the search."""
    family = FAMILIES[query.family]
    unknown = (query.origin, query.release, query.programid is not None, query.infobits, query.flagged)
    if query.family not in OF_ZTFQUERY or any(unknown) or not is_square(query):
        return ""
    parts = [f'kind="{query.family}"']
    if query.ra is not None and family.place in (FOOTPRINT, BORESIGHT):
        parts.append(f"radec=[{query.ra!r}, {query.dec!r}]")
        parts += [f"size={query.width!r}"] if query.width else []
    conditions = " and ".join(conditions_of(query))
    if conditions:
        parts.append(f"sql_query={json.dumps(conditions)}")
    return ", ".join(parts)
