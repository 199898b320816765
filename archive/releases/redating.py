"""A program's proprietary period was changed: rows that are not public yet get the dates of the new rule.

What is public stays so, and what the new rule would have opened in the past opens at the moment of the change, so
that whatever follows passing dates sees it pass.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.dispatch import Signal
from django.utils import timezone

from archive import audit, userjobs
from archive.models import Program, UserJob
from archive.releases.actions import ACTIONS_LOCK, Progress
from archive.releases.rights import FOLLOWED, IMAGES, Opening, openings

# Sent inside the transaction, with program and now.
redated = Signal()

_OF_IMAGE = "(SELECT i.obsdate FROM archive_scienceimage AS i WHERE i.pid = t.{unit})"
_OF_ALERTS = "(SELECT to_timestamp(86400 * (min(a.jd) - 2440587.5)) FROM archive_alert AS a WHERE a.packet_id = t.id)"
_OF_FILE = f"""CASE t.family
    WHEN 'raw' THEN (SELECT e.obsdate FROM archive_exposure AS e WHERE e.expid = t.product_id)
    WHEN 'alert' THEN coalesce({_OF_IMAGE.format(unit="product_id")}, {_OF_ALERTS})
    WHEN 'ver' THEN (
        SELECT i.obsdate FROM archive_scienceversion AS v JOIN archive_scienceimage AS i USING (pid)
        WHERE v.id = t.product_id)
    ELSE {_OF_IMAGE.format(unit="product_id")}
END"""
# When what a row tells of was observed. References have no rule: they are public when they are made, or as they came.
OBSERVED = {
    "archive_exposure": "t.obsdate",
    IMAGES: "t.obsdate",
    "archive_rawimage": "(SELECT e.obsdate FROM archive_exposure AS e WHERE e.expid = t.exposure_id)",
    "archive_alert": "to_timestamp(86400 * (t.jd - 2440587.5))",
    "archive_productfile": _OF_FILE,
    **dict.fromkeys(("archive_differenceimage", "archive_scienceversion", "archive_imageresiduals"), _OF_IMAGE),
}
# greatest() leaves a NULL out.
RULE = "CASE WHEN %(days)s IS NOT NULL THEN greatest({observed} + %(days)s * interval '1 day', %(now)s) END"
CLOSED = "({date} IS NULL OR {date} > %(now)s)"
ROWS = (
    f"UPDATE {{table}} AS t SET public_date = {RULE} WHERE t.programid = %(program)s "
    f"AND {CLOSED.format(date='t.public_date')} AND {{observed}} IS NOT NULL"
)
KEPT_DATES = (
    f"UPDATE archive_owndate AS o SET public_date = {RULE} FROM {{table}} AS t WHERE o.relation = '{{table}}' "
    f"AND o.key = t.{{key}} AND t.programid = %(program)s AND {CLOSED.format(date='o.public_date')} "
    "AND {observed} IS NOT NULL"
)
FOLLOWING = (
    f"UPDATE {{table}} AS t SET public_date = {FOLLOWED} WHERE t.programid = %(program)s "
    f"AND {CLOSED.format(date='t.public_date')} "
    "AND EXISTS (SELECT FROM archive_scienceimage AS m WHERE m.pid = t.{unit})"
)


def redate(program: Program, by: audit.Actor, progress: Progress | None = None) -> dict[str, int]:
    """Give a program's rows that are not public the dates of its rule as it stands; returns how many by table.

    A row without an observation that it belongs to keeps its date.
    """
    # What follows an image is dated after the images are.
    wanted = sorted((one for one in openings() if one.follows or one.table in OBSERVED), key=lambda one: one.follows)
    changed = {}
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [ACTIONS_LOCK])
        program = Program.objects.using("default").select_for_update().get(pk=program.pk)
        now = timezone.now()
        parameters = {"program": program.pk, "days": program.proprietary_days, "now": now}
        for number, opening in enumerate(wanted, start=1):
            changed[opening.table] = _redate(cursor, opening, parameters)
            if progress is not None:
                progress(number, len(wanted))
        redated.send(sender=Program, program=program, now=now)
        audit.record("program.redate", str(program), by, {}, {"days": program.proprietary_days, "rows": changed})
    return changed


def _redate(cursor, opening: Opening, parameters: dict) -> int:
    names = {"table": opening.table, "key": opening.key, "unit": opening.unit}
    if opening.follows:
        cursor.execute(FOLLOWING.format(**names), parameters)
        return cursor.rowcount
    names["observed"] = OBSERVED[opening.table].format(**names)
    cursor.execute(KEPT_DATES.format(**names), parameters)
    cursor.execute(ROWS.format(**names), parameters)
    return cursor.rowcount


def order(program: Program, user, actor: audit.Actor) -> UserJob:
    """Ask for a program's rows to be dated anew."""
    parameters = {"program": program.pk, "who": actor.who, "address": actor.address}
    return userjobs.place("program", "archive.releases.redating.run", parameters, user)


def run(job_id: str) -> None:
    """Carry it out; started by the queue. Doing it twice changes nothing more."""
    userjobs.carry_out(job_id, _carry_out, (PermissionError, Program.DoesNotExist))


def _carry_out(job: UserJob) -> str:
    asked = job.parameters
    user = get_user_model().objects.get(pk=job.owner_id)
    if not (user.is_active and user.has_perm("archive.change_program")):
        raise PermissionError(f"{asked['who']} may not change programs any more")
    changed = redate(Program.objects.get(pk=asked["program"]), audit.Actor(asked["who"], asked["address"]))
    told = ", ".join(f"{n} {table}" for table, n in changed.items() if n)
    return f"dated anew: {told or 'nothing that is not public'}"
