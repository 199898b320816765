"""manage.py member: who reads a program's unreleased data, and until when."""

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from archive.access.audit import Actor, record
from archive.given.times import moment
from archive.models import GroupMembership, Membership, Program, ReaderGroup
from archive.models.programs import Term


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "List who reads what; give somebody a program or a place in a group, or end it now."

    def add_arguments(self, parser):
        parser.add_argument("username", nargs="?")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--program", type=int)
        what.add_argument("--group")
        parser.add_argument("--since", type=moment, help="UTC; now where not given")
        parser.add_argument("--until", type=moment, help="UTC; open-ended where not given")
        parser.add_argument("--end", action="store_true", help="the right ends now")

    def handle(self, *args, username, program, group, **options):
        if username is None:
            return self.list()
        if program is None and group is None:
            raise CommandError("say --program ID or --group NAME")
        user = self.one(User, "username", username)
        if program is not None:
            found = {"user": user, "program": self.one(Program, "programid", program)}
            return self.change(Membership, found, options)
        return self.change(GroupMembership, {"user": user, "group": self.one(ReaderGroup, "name", group)}, options)

    @transaction.atomic
    def change(self, model: type[Term], found: dict, options: dict) -> None:
        row = model.objects.select_for_update().filter(**found).first()
        before = {} if row is None else {"since": str(row.since), "until": str(row.until)}
        if options["end"]:
            if row is None:
                raise CommandError(f"{found['user']}: has no such membership")
            row.until = timezone.now()
        else:
            row = row or model(**found)
            row.since, row.until = options["since"] or timezone.now(), options["until"]
        if row.until is not None and row.until < row.since:
            raise CommandError(f"--until={row.until:%Y-%m-%dT%H:%M:%S}: is before {row.since:%Y-%m-%dT%H:%M:%S}")
        row.save(update_fields=["since", "until"] if before else None)
        after = {"since": str(row.since), "until": str(row.until)}
        verb = "change" if before else "add"
        record(f"{model._meta.model_name}.{verb}", str(row), Actor.on_this_machine(), before, after)
        self.tell(row)

    def list(self) -> None:
        for model in (Membership, GroupMembership):
            for row in model.objects.select_related("user").order_by("user__username"):
                self.tell(row)

    def tell(self, row: Term) -> None:
        until = "open-ended" if row.until is None else f"until {row.until:%Y-%m-%d %H:%M:%S}"
        self.stdout.write(f"{row}, since {row.since:%Y-%m-%d %H:%M:%S}, {until}")

    def one(self, model, name: str, value):
        row = model.objects.filter(**{name: value}).first()
        if row is None:
            known = ", ".join(str(one) for one in model.objects.order_by(name).values_list(name, flat=True)[:20])
            raise CommandError(f"{name}={value!r}: there is none; there are: {known or 'none'}")
        return row
