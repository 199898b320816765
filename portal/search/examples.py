"""A search as calls of scripts, ready to be copied: the same rows by curl, pyvo, astroquery, ztfquery."""

from __future__ import annotations

import json
import shlex
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from archive.requests.parameters import joined
from archive.tables.pages.asked import PARAMETERS
from portal.forms.images import ImageSearchForm

PYTHON = """import requests

answer = requests.get({address})
rows = answer.json()['results']"""


def calls(request: HttpRequest, form: ImageSearchForm) -> list[tuple[str, str]]:
    """Names of clients, and the call of each that gives the rows of a valid search."""
    given = {name: value for name, value in joined(request.GET).items() if name not in PARAMETERS}
    address = request.build_absolute_uri(reverse("images")) + "?" + urlencode(given | {"format": "csv"})
    api = request.build_absolute_uri(reverse("api-images"))
    votable = request.build_absolute_uri(reverse("images")) + "?" + urlencode(given | {"format": "votable"})
    return [
        ("curl", f"curl -fsS {shlex.quote(address)} -o images.csv"),
        ("Python", PYTHON.format(address=json.dumps(f"{api}?{urlencode(given)}"))),
        ("astropy", f"from astropy.table import Table\n\nimages = Table.read({json.dumps(votable)}, format='votable')"),
    ]
