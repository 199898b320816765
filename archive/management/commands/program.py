"""manage.py program: the programs, and the proprietary period of one."""

from django.core.management.base import BaseCommand, CommandError

from archive.access.audit import Actor
from archive.models import Program
from archive.releases import redating
from archive.releases.orders import BadOrderError


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "List the programs; with an id, change its proprietary period and date what is not public yet anew."

    def add_arguments(self, parser):
        parser.add_argument("programid", type=int, nargs="?")
        period = parser.add_mutually_exclusive_group()
        period.add_argument("--days", type=int, help="from observation until public")
        period.add_argument("--never", action="store_true", help="not public until a release says so")
        period.add_argument("--take-back", action="store_true", help="undo the last change")
        parser.add_argument("--preview", action="store_true", help="only say what would change")
        parser.add_argument("--yes", action="store_true", help="also where rows open at once")

    def handle(self, *args, programid, days, never, take_back, **options):
        if programid is None:
            for one in Program.objects.all():
                self.stdout.write(f"{one}: {self.told(one)}")
            return
        program = Program.objects.filter(pk=programid).first()
        if program is None:
            known = ", ".join(str(one) for one in Program.objects.values_list("pk", flat=True))
            raise CommandError(f"programid={programid}: use one of {known}")
        if days is None and not never and not take_back:
            raise CommandError("say --days N, --never or --take-back")
        try:
            self.change(program, days, take_back, options)
        except BadOrderError as reason:
            raise CommandError(str(reason)) from reason

    def change(self, program: Program, days: int | None, back: bool, options: dict) -> None:
        found = redating.preview_back(program) if back else redating.preview(program, days)
        moved = "closes" if back else "opens at once"
        if options["preview"]:
            for table, (dated, now) in found.items():
                self.stdout.write(f"{dated:>12} {table}, of which {moved}: {now}")
            return
        opened = sum(now for _, now in found.values())
        if opened and not back and not options["yes"]:
            raise CommandError(f"this opens {opened} rows at once; look with --preview, then say --yes")
        actor = Actor.on_this_machine()
        done = redating.take_back(program, actor) if back else redating.redate(program, days, actor)
        for table, count in done.items():
            self.stdout.write(f"{count:>12} {table}")
        program.refresh_from_db()
        self.stdout.write(f"{program}: {self.told(program)}")

    def told(self, program: Program) -> str:
        days = program.proprietary_days
        return "public when a release says so" if days is None else f"public {days} days after observation"
