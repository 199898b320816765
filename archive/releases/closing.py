"""Rights that foreign files bring: what is closed stays closed, and of what contradicts itself the most closed holds.

Rights are `programid` and `public_date`, as in every protected row. Only an explicit order opens what was closed
(`may_open`; releases and a program's rule open by themselves and are not asked here).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import models

from archive.access.reading import ENGINEERING, PUBLIC
from archive.models import OwnDate
from archive.releases.rights import own_date

CLOSED = {"programid": ENGINEERING, "public_date": None}
"""Of what says nothing of its program: nobody's but the operators'."""


def most_closed(rights: Iterable[Mapping]) -> dict:
    """The rights of something of which all of these are said.

    The latest date of one program; of a closed program and the public one the closed one's, without a date; of two
    closed programs nobody's.
    """
    said = list(rights)
    programs = {one["programid"] for one in said}
    if len(programs) == 1:
        dates = [one["public_date"] for one in said]
        return {"programid": programs.pop(), "public_date": None if None in dates else max(dates)}
    closed = programs - {PUBLIC}
    return {"programid": closed.pop(), "public_date": None} if len(closed) == 1 else dict(CLOSED)


def kept_closed(row: models.Model | None, rights: Mapping, may_open: bool = False) -> dict:
    """The rights of a row that is written again."""
    if row is None or may_open:
        return {"programid": rights["programid"], "public_date": rights["public_date"]}
    return most_closed([{"programid": row.programid, "public_date": own_date(row)}, rights])


def own_rights(model: type[models.Model], keys: list[int]) -> dict[int, dict]:
    """The rights of rows as they would be without any release, by primary key; of those that are here."""
    found = model.objects.filter(pk__in=keys).values_list("pk", "programid", "public_date")
    own: dict[int, datetime | None] = dict(
        OwnDate.objects.filter(relation=model._meta.db_table, key__in=keys).values_list("key", "public_date")
    )
    return {pk: {"programid": program, "public_date": own.get(pk, date)} for pk, program, date in found}
