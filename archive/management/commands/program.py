"""manage.py program: the programs, and the proprietary period of one."""

from django.core.management.base import BaseCommand, CommandError

from archive.audit import Actor, record
from archive.models import Program
from archive.releases.redating import redate


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "List the programs; with an id, change its proprietary period and date what is not public yet anew."

    def add_arguments(self, parser):
        parser.add_argument("programid", type=int, nargs="?")
        period = parser.add_mutually_exclusive_group()
        period.add_argument("--days", type=int, help="from observation until public")
        period.add_argument("--never", action="store_true", help="not public until a release says so")

    def handle(self, *args, programid, days, never, **options):
        if programid is None:
            for one in Program.objects.all():
                self.stdout.write(f"{one}: {self.told(one)}")
            return
        program = Program.objects.filter(pk=programid).first()
        if program is None:
            known = ", ".join(str(one) for one in Program.objects.values_list("pk", flat=True))
            raise CommandError(f"programid={programid}: use one of {known}")
        if days is None and not never:
            raise CommandError("say --days N or --never")
        if days is not None and days < 0:
            raise CommandError(f"--days={days}: use 0 or more")
        before, program.proprietary_days = program.proprietary_days, days
        program.save(update_fields=["proprietary_days"])
        values = [{"proprietary_days": one} for one in (before, days)]
        record("program.change", str(program), Actor.on_this_machine(), *values)
        for table, count in redate(program, Actor.on_this_machine()).items():
            self.stdout.write(f"{count:>12} {table}")
        self.stdout.write(f"{program}: {self.told(program)}")

    def told(self, program: Program) -> str:
        days = program.proprietary_days
        return "public when a release says so" if days is None else f"public {days} days after observation"
