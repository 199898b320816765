"""What all tests share: an archive tree of their own, real data where it is present, readers of each kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.db import connections

from tests import clients, leftovers

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARED = ("tests/whole", "tests/tasks")  # folders whose fixtures of package scope take long
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in the tests' own thread


def pytest_addoption(parser):
    """`--clients FILE`: write which calls of which clients this run made."""
    parser.addoption("--clients", type=Path, metavar="FILE", help="write the table of clients of this run")


def pytest_configure(config):
    """The table is kept by the process that hears of all tests."""
    path = config.getoption("--clients")
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(clients.Table(path))


def pytest_runtest_setup(item):
    """A test's report names the calls of clients that it makes."""
    clients.note(item)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests run in one process; so do a folder's that share the whole archive or the tasks' one."""
    from xdist.scheduler import LoadFileScheduling

    class ByFolder(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            folder = file.rpartition("/")[0]
            return folder if folder in SHARED else file

    config.option.loadscopereorder = False  # in the order below
    return ByFolder(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What takes longest begins first: at the end no process waits for another."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(SHARED), item.path not in slow))


@pytest.fixture(scope="session", autouse=True)
def archive_root(tmp_path_factory):
    """The product tree of this test run."""
    from django.conf import settings

    settings.ARCHIVE_ROOT = tmp_path_factory.mktemp("archive")
    settings.JOB_ROOT = tmp_path_factory.mktemp("jobs")
    settings.EXPORT_ROOT = tmp_path_factory.mktemp("exports")
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    return settings.ARCHIVE_ROOT


@pytest.fixture(scope="session", autouse=True)
def registered_in_the_admin():
    """Tests that go over the admin's tables find them, whichever file runs alone."""
    from django.contrib import admin

    admin.autodiscover()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """A password is hashed in microseconds, not in a third of a second; every process can still check it."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    PBKDF2PasswordHasher.iterations = 1


@pytest.fixture(autouse=True)
def names_at_once(monkeypatch):
    """A test's own transaction is never committed: within it files get their names at once."""
    from archive.files import placing

    at_commit = placing.when_committed

    def when_committed(todo):
        if any(block._from_testcase for block in connections["default"].atomic_blocks):
            todo()
        else:
            at_commit(todo)

    monkeypatch.setattr(placing, "when_committed", when_committed)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real ZTF data; tests that need it say so when they skip."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real ZTF data at {REAL_DATA}")
    return REAL_DATA


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database, with note taken of what migrations filled."""
    with django_db_blocker.unblock():
        leftovers.note_what_migrations_left()


@pytest.fixture(scope="module", autouse=True)
def nothing_left(request, django_db_setup, django_db_blocker):
    """Tests of other files find no rows of this one; a shared folder's go when all its files are through."""
    yield
    if not request.node.nodeid.startswith(SHARED):
        with django_db_blocker.unblock():
            leftovers.empty()


@pytest.fixture(scope="session", autouse=True)
def no_connection_left(django_db_setup):
    """The test database can only be removed when nobody is connected any more."""
    from archive.database import pool

    yield
    pool.close_all()
    connections.close_all()


@pytest.fixture(scope="session")
def committed(django_db_setup, django_db_blocker):
    """Database access outside any test's transaction: what is written here, the read-only role sees too."""
    with django_db_blocker.unblock():
        assert connections["default"].settings_dict["NAME"].startswith("test_")
        yield
