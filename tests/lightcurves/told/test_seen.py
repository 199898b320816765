"""Access to light curves that came as files, by address and reader; and after an interrupted ingest."""

import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from archive.access.audit import Actor
from archive.models import Exposure, ProductFile, Release, ScienceImage
from archive.releases import freeze
from lightcurves.models import Source as Star
from lightcurves.models import SourceStatistics, ToldCurve
from processing.models import ForcedPoint
from tests import factories, preloaded, servers
from tests.archive.ingest import goods
from tests.leftovers import empty
from tests.lightcurves.told.conftest import body, ingest, irsa, member_of, rows_of, statuses, tap
from tests.lightcurves.told.test_taking import LISTED, MATCHED, RELEASED


@pytest.fixture(autouse=True)
def visible(committed):
    """Committed rows, as the reader's own connection sees them, gone after the test."""
    empty()
    yield
    empty()


def test_what_names_no_program_is_closed_at_every_address_unless_somebody_says_of_which_it_is(tmp_path):
    """Closed ones belong to those who read engineering data; --program 2 gives them to the partnership."""
    path = goods.write(tmp_path, "release")
    for words, mine in (((), 0), (("--program", 2, "--may-open"), 2)):
        ingest(path, *words)
        shown = statuses(Client(), RELEASED, 58.0, 35.7)
        assert not any(shown.values()), shown
        for program in {1, 2, 3} - {mine}:
            with member_of(program) as member:
                assert not any(statuses(member, RELEASED, 58.0, 35.7).values())
        with member_of(mine) as member:
            seen = statuses(member, RELEASED, 58.0, 35.7)
            assert all(seen.values()) and seen["irsa"] == 2, seen
    ingest(path, "--public")
    assert not any(statuses(Client(), RELEASED, 58.0, 35.7).values())  # what is closed here stays so
    ingest(path, "--public", "--may-open")
    assert all(statuses(Client(), RELEASED, 58.0, 35.7).values())
    assert set(ToldCurve.objects.values_list("programid", flat=True)) == {1}


def test_points_of_closed_programs_show_to_their_members_only(tmp_path):
    ingest(goods.write(tmp_path, "points", goods.points(programid=[1, 2, 3])))
    curves = {0: 1, 2: 2, 3: 2}
    for program, count in curves.items():
        with member_of(program) as member:
            seen = statuses(member, LISTED, 58.0, 35.7)
            assert {seen[name] for name in ("page", "points", "curve", "light curves", "irsa", "nobs in tap")} == {
                count
            }
    everybody = statuses(Client(), LISTED, 58.0, 35.7)
    assert everybody["irsa"] == everybody["nobs in tap"] == 1
    ingest(goods.write(tmp_path, "forced", goods.forced(programid=[1, 3])))
    asked = {"position": "58.0 35.7"}
    assert Client().get(reverse("api-forced-points"), asked).json()["count"] == 1
    assert Client().get(reverse("forced-points"), asked | {"format": "json"}).json()["count"] == 1
    assert len(tap(Client(), "SELECT pid FROM ztf.ztf_forced_points")) == 1
    with member_of(3) as member:
        assert member.get(reverse("api-forced-points"), asked).json()["count"] == 2
        assert len(tap(member, "SELECT pid FROM ztf.ztf_forced_points")) == 2
        forced = member.get(reverse("object-forced", args=[LISTED])).json()["columns"]
        assert forced["pid"] == [goods.PID, goods.PID + 10**7]
    assert Client().get(reverse("object-forced", args=[LISTED])).json()["columns"]["pid"] == [goods.PID]


def test_no_image_has_a_page_or_a_row_because_of_light_curves(tmp_path):
    ingest(goods.write(tmp_path, "points"))
    assert not ScienceImage.objects.exists() and not Exposure.objects.exists()
    page = body(Client().get(reverse("object", args=[LISTED]))).decode()
    assert 'href="/images/0/"' not in page and f"exposure {goods.PID // 10**4}" in page
    assert Client().get(reverse("images"), {"position": "58.0 35.7", "format": "json"}).json()["count"] == 0


def test_who_names_no_collection_finds_what_came_as_files_and_who_names_one_what_it_holds(tmp_path):
    """The newest release here, which is meant where none is named, holds images, and so none of these points."""
    ingest(goods.write(tmp_path, "points"), goods.write(tmp_path, "release"), "--public")
    factories.science_image(rcid=goods.RCID + 1)
    made = Release.objects.create(name="dr9", title="Nine", first_night=date(2020, 9, 1), last_night=date(2020, 12, 31))
    made.programs.set([1])
    freeze(made, Actor("test"))
    factories.put_release("dr9", state=Release.State.PUBLIC, published=timezone.now())
    asked = {"ID": f"{LISTED},{RELEASED}"}
    assert len(irsa(Client(), **asked)) == 3 + 2
    assert len(irsa(Client(), COLLECTION="ztf_dr9", **asked)) == 0
    listed = rows_of(Client().get(reverse("api-lightcurves"), {"ids": LISTED, "release": "dr9"}))
    assert len(listed) == 0


KILLED = """
import os, signal, sys
import django
django.setup()
from archive.ingest import Source, ingest
from lightcurves.told import taking
from pathlib import Path
real = getattr(taking, "{step}")
def killed(*parts):
    real(*parts)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(taking, "{step}", killed)
ingest(Path(sys.argv[1]), Source("ztf", program=1))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["release", "match", "points"])
@pytest.mark.parametrize("step", ["_write_sources", "_write_points", "follow_rights"])
def test_killed_in_the_middle_nothing_is_there_and_the_next_time_all_is(tmp_path, kind, step):
    path = goods.write(tmp_path, kind)
    command = [*preloaded.python(servers.environment()), "-c", KILLED.format(step=step), str(path)]
    done = subprocess.run(command, env=servers.environment(), cwd=settings.BASE_DIR, check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL
    for model in (ToldCurve, Star, SourceStatistics, ProductFile):
        assert not model.objects.exists(), model
    assert "refused: 0" in ingest(path)
    assert ToldCurve.objects.count() == Star.objects.count() == SourceStatistics.objects.count() > 0


@pytest.mark.slow
def test_several_at_once_leave_each_point_once(tmp_path):
    paths = [goods.write(tmp_path, kind) for kind in ("release", "match", "points", "forced")]
    python = preloaded.python(servers.environment())

    def once(number: int) -> int:
        command = [*python, "manage.py", "ingest", *map(str, paths[number % 2 :] + paths[: number % 2])]
        return subprocess.run(
            [*command, "--origin", "ztf", "--public", "-v0"], env=servers.environment(), cwd=settings.BASE_DIR,
            check=False, capture_output=True, timeout=300,
        ).returncode  # fmt: skip

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(once, range(3))) == [0, 0, 0]
    assert (ToldCurve.objects.count(), Star.objects.count(), ForcedPoint.objects.count()) == (6, 6, 2)
    assert len(irsa(Client(), ID=f"{RELEASED},{MATCHED},{LISTED}")) == 2 + 3 + 3


@pytest.mark.django_db(databases=["default", "reader"])  # one that is marked: pytest-django makes no database else
def test_the_command_refuses_two_words_about_a_program(tmp_path):
    with pytest.raises(CommandError, match="not allowed with"):
        ingest(goods.write(tmp_path, "release"), "--public", "--program", 2)
