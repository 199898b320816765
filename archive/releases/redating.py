"""A program's proprietary period changes: rows that are not public yet get the dates of the new rule.

What is public stays so, and what the new rule would have opened in the past opens at the moment of the change, so
that whatever follows passing dates sees it pass. The last change can be taken back, exactly.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.dispatch import Signal
from django.utils import timezone

from archive.access import audit
from archive.jobs import user_jobs
from archive.models import PeriodChange, Program, UserJob
from archive.models.programs import LONGEST_DAYS
from archive.releases import orders
from archive.releases.actions import Progress
from archive.releases.guard import one_at_a_time
from archive.releases.rights import FOLLOWED, IMAGES, Opening, also_opens, openings
from archive.survey.times import JD_UNIX_EPOCH, SECONDS_PER_DAY

# Sent inside the transaction, with program and now; with program and change.
redated = Signal()
taken_back = Signal()

_OF_IMAGE = "(SELECT i.obsdate FROM archive_scienceimage AS i WHERE i.pid = t.{unit})"
_OF_ALERTS = f"""(
    SELECT to_timestamp({SECONDS_PER_DAY} * (min(a.jd) - {JD_UNIX_EPOCH}))
    FROM archive_alert AS a WHERE a.packet_id = t.id)"""
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
    "archive_alert": f"to_timestamp({SECONDS_PER_DAY} * (t.jd - {JD_UNIX_EPOCH}))",
    "archive_productfile": _OF_FILE,
    **dict.fromkeys(("archive_differenceimage", "archive_scienceversion", "archive_imageresiduals"), _OF_IMAGE),
}
# greatest() leaves a NULL out.
RULE = "CASE WHEN %(days)s IS NOT NULL THEN greatest({observed} + %(days)s * interval '1 day', %(now)s) END"
CLOSED = "({date} IS NULL OR {date} > %(now)s)"
OWN = "CASE WHEN o.key IS NULL THEN t.public_date ELSE o.public_date END"
OF_PROGRAM = "t.programid = %(program)s AND {observed} IS NOT NULL"
# What the new rule dates: each row's own date, which a release keeps in archive_owndate while it holds the row open.
KEEP = f"""
INSERT INTO archive_olddate (change_id, relation, key, public_date)
SELECT %(change)s, '{{table}}', t.{{key}}, {OWN}
FROM {{table}} AS t LEFT JOIN archive_owndate AS o ON o.relation = '{{table}}' AND o.key = t.{{key}}
WHERE {OF_PROGRAM}
    AND {CLOSED.format(date=f"({OWN})")}
"""
KEPT = "d.change_id = %(change)s AND d.relation = '{table}' AND d.key = t.{key}"
OWN_DATES = f"""
UPDATE archive_owndate AS o SET public_date = {RULE} FROM {{table}} AS t, archive_olddate AS d
WHERE {KEPT} AND o.relation = '{{table}}' AND o.key = t.{{key}}
"""
ROWS = f"""
UPDATE {{table}} AS t SET public_date = {RULE} FROM archive_olddate AS d
WHERE {KEPT} AND {CLOSED.format(date="t.public_date")}
"""
FOLLOWING = (
    f"UPDATE {{table}} AS t SET public_date = {FOLLOWED} WHERE t.programid = %(program)s "
    f"AND {CLOSED.format(date='t.public_date')} "
    "AND EXISTS (SELECT FROM archive_scienceimage AS m WHERE m.pid = t.{unit})"
)
COUNT = f"""
SELECT count(*), count(*) FILTER (WHERE {{observed}} + %(days)s * interval '1 day' <= %(now)s)
FROM {{table}} AS t WHERE {OF_PROGRAM} AND {CLOSED.format(date="t.public_date")}
"""
# Rows that came since have the new rule's date: they get the one that the old rule would have given them.
KEEP_NEW = f"""
INSERT INTO archive_olddate (change_id, relation, key, public_date)
SELECT %(change)s, '{{table}}', t.{{key}}, {{observed}} + %(days)s * interval '1 day'
FROM {{table}} AS t LEFT JOIN archive_owndate AS o ON o.relation = '{{table}}' AND o.key = t.{{key}}
WHERE {OF_PROGRAM} AND NOT EXISTS (SELECT FROM archive_olddate AS d WHERE {KEPT})
    AND CASE WHEN %(after)s IS NULL
        THEN ({OWN}) IS NULL
        ELSE abs(extract(epoch FROM ({OWN}) - ({{observed}} + %(after)s * interval '1 day'))) < 1 END
"""
OWN_DATES_BACK = f"""
UPDATE archive_owndate AS o SET public_date = d.public_date FROM {{table}} AS t, archive_olddate AS d
WHERE {KEPT} AND o.relation = '{{table}}' AND o.key = t.{{key}}
"""
HELD_SINCE = f"""
INSERT INTO archive_owndate (relation, key, public_date)
SELECT '{{table}}', t.{{key}}, d.public_date FROM {{table}} AS t, archive_olddate AS d
WHERE {KEPT} AND {{since}} IS NOT NULL ON CONFLICT (relation, key) DO NOTHING
"""
ROWS_BACK = f"""
UPDATE {{table}} AS t SET public_date = least(d.public_date, {{since}}) FROM archive_olddate AS d WHERE {KEPT}
"""
FOLLOWING_BACK = """
UPDATE {table} AS t SET public_date = least({own}, {since}) FROM archive_olddate AS d
WHERE d.change_id = %(change)s AND d.relation = 'archive_scienceimage' AND d.key = t.{unit}
"""
COUNT_BACK = f"""
SELECT count(*), count(*) FILTER (WHERE t.public_date <= %(now)s AND {CLOSED.format(date="d.public_date")})
FROM {{table}} AS t, archive_olddate AS d WHERE {KEPT}
"""


def follow_rule(table: str, observed: str) -> None:
    """Let the rows of a table of another app (with a key `id`) be dated by their program's rule; no release holds them.

    observed : SQL, when what a row `t` tells of was observed
    """
    if table not in OBSERVED:
        OBSERVED[table] = observed
        also_opens(Opening(table, "id", "id", ("none",)))


def check_days(days: int | None) -> None:
    """See that a period is one.

    Raises
    ------
    orders.BadOrderError
    """
    if days is not None and not 0 <= days <= LONGEST_DAYS:
        raise orders.BadOrderError(f"days={days}: a proprietary period has 0 to {LONGEST_DAYS} days, or none (never)")


def preview(program: Program, days: int | None) -> dict[str, tuple[int, int]]:
    """By table: how many closed rows a new period would date, and how many of them it would open at once."""
    check_days(days)
    return _counts(COUNT, {"program": program.pk, "days": days})


def preview_back(program: Program) -> dict[str, tuple[int, int]]:
    """By table: how many rows taking the last change back would date as before, and how many would close at least."""
    return _counts(COUNT_BACK, {"change": last_change(program).pk})


def last_change(program: Program) -> PeriodChange:
    """The last change of a program's period that stands.

    Raises
    ------
    orders.BadOrderError
    """
    found = PeriodChange.objects.filter(program=program, taken_back=None).first()
    if found is None:
        raise orders.BadOrderError(f"program {program}: there is no change of its period to take back")
    return found


def redate(
    program: Program, days: int | None, by: audit.Actor, progress: Progress | None = None, job: UserJob | None = None
) -> dict[str, int]:
    """Give a program a period, and its rows that are not public the dates by it; returns how many by table.

    What is public stays so; what the new rule would have opened in the past opens now. A row without an observation
    that it belongs to keeps its date. The dates before are kept, so that `take_back` is exact.

    Raises
    ------
    orders.BadOrderError
    """
    check_days(days)
    with transaction.atomic():
        program, now = _locked(program, job), timezone.now()
        change = PeriodChange.objects.create(program=program, before=program.proprietary_days, after=days, made=now)
        program.proprietary_days = days
        program.save(update_fields=["proprietary_days"])
        parameters = {"program": program.pk, "days": days, "now": now, "change": change.pk}
        changed = _each(progress, parameters, (KEEP, OWN_DATES, ROWS), FOLLOWING)
        redated.send(sender=Program, program=program, now=now)
        _recorded("redate", program, by, change.before, changed, job)
    return changed


def take_back(
    program: Program, by: audit.Actor, progress: Progress | None = None, job: UserJob | None = None
) -> dict[str, int]:
    """Undo the last change of a program's period: its rows have the dates that they would have without it.

    What a public release holds stays open. Returns how many rows by table were dated.

    Raises
    ------
    orders.BadOrderError
    """
    with transaction.atomic():
        program, now = _locked(program, job), timezone.now()
        change = last_change(program)
        change.taken_back, program.proprietary_days = now, change.before
        change.save(update_fields=["taken_back"])
        program.save(update_fields=["proprietary_days"])
        parameters = {"program": program.pk, "days": change.before, "after": change.after, "change": change.pk}
        steps = (KEEP_NEW, OWN_DATES_BACK, HELD_SINCE, ROWS_BACK)
        changed = _each(progress, parameters | {"now": now}, steps, FOLLOWING_BACK)
        taken_back.send(sender=Program, program=program, change=change)
        _recorded("take_back", program, by, change.after, changed, job)
    return changed


def _locked(program: Program, job: UserJob | None) -> Program:
    one_at_a_time()
    program = Program.objects.using("default").select_for_update().get(pk=program.pk)
    orders.check(job, program)
    return program


def _dated_tables() -> list[Opening]:
    """The tables to date, in order: what follows an image is dated after the images are."""
    return sorted((one for one in openings() if one.follows or one.table in OBSERVED), key=lambda one: one.follows)


def _each(progress: Progress | None, parameters: dict, steps: tuple[str, ...], following: str) -> dict[str, int]:
    """Carry out statements on every table; returns how many rows the last one changed, by table."""
    changed, dated = {}, _dated_tables()
    with connections["default"].cursor() as cursor:
        for number, opening in enumerate(dated, start=1):
            for step in (following,) if opening.follows else steps:
                changed[opening.table] = _run(cursor, opening, step, parameters)
            if progress is not None:
                progress(number, len(dated))
    return changed


def _run(cursor, opening: Opening, statement: str, parameters: dict) -> int:
    if not opening.follows:
        names = {"table": opening.table, "key": opening.key, "unit": opening.unit}
        statement = statement.replace("{observed}", OBSERVED[opening.table].format(**names))
    cursor.execute(opening.sql(statement), parameters | {"families": list(opening.families)})
    return cursor.rowcount


def _counts(statement: str, parameters: dict) -> dict[str, tuple[int, int]]:
    found = {}
    with connections["default"].cursor() as cursor:
        for opening in _dated_tables():
            if not opening.follows:
                _run(cursor, opening, statement, parameters | {"now": timezone.now()})
                found[opening.table] = cursor.fetchone()
    return found


def _recorded(verb: str, program: Program, by: audit.Actor, before: int | None, changed: dict, job) -> None:
    after = {"days": program.proprietary_days, "rows": changed}
    audit.record(f"program.{verb}", str(program), by, {"days": before}, after, program.pk)
    told = ", ".join(f"{n} {table}" for table, n in changed.items() if n)
    orders.done(job, f"dated anew: {told or 'nothing that is not public'}")


def order(program: Program, days: int | None, user, actor: audit.Actor, back: bool = False) -> UserJob:
    """Ask for a program's period to be changed, or for the last change to be taken back.

    An older order for the program that has not ended ends by this.

    Raises
    ------
    orders.BadOrderError
    """
    check_days(days)
    with transaction.atomic():
        orders.end_older("program", "program", program.pk)
        held = Program.objects.using("default").get(pk=program.pk)
        if back:
            last_change(held)
        parameters = {"program": held.pk, "days": days, "back": back, "who": actor.who, "address": actor.address}
        parameters["given"] = orders.given(held)
        return user_jobs.submit("program", "archive.releases.redating.run", parameters, user)


def run(job_id: str) -> None:
    """Carry it out; started by the queue. Interrupted, it begins again while the program is as it was."""
    user_jobs.carry_out(job_id, _carry_out, (PermissionError, orders.BadOrderError, Program.DoesNotExist))


def _carry_out(job: UserJob) -> None:
    asked = job.parameters
    user = get_user_model().objects.get(pk=job.owner_id)
    if not (user.is_active and user.has_perm("archive.change_program")):
        raise PermissionError(f"{asked['who']} may not change programs any more")
    if "days" not in asked:
        raise orders.BadOrderError("this was ordered before orders named the period; order it again")
    program, actor = Program.objects.get(pk=asked["program"]), audit.Actor(asked["who"], asked["address"])
    if asked["back"]:
        take_back(program, actor, job=job)
    else:
        redate(program, asked["days"], actor, job=job)
