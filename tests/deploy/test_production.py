"""Production as the guide describes it: an ordinary user, HTTPS, nginx, a first admin; and an upgrade of it."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import requests
from django.conf import settings
from numba.core.caching import _CacheLocator

from deploy.machine import SERVICE_ACCOUNT, as_user, free_port
from tests import servers

pytestmark = pytest.mark.slow
NAME = "archive.example.org"
SECRET = "a long password of the first admin"
KERNELS = ("archive", "lightcurves", "processing")
NEEDED = ("static/vendor", "docs/_build")  # built, not kept in the repository


class Production:
    """A checkout of its own, in which an ordinary user runs the documented commands."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.kernels = folder / "var" / "cache" / "numba"
        # Tests that root runs need another account for it; anybody else is an ordinary user already.
        self.user = pwd.getpwnam(SERVICE_ACCOUNT) if os.geteuid() == 0 else None
        kept = servers.without_servers()
        for name in ("ZTF_VAR", "PYTHONDONTWRITEBYTECODE"):
            kept.pop(name, None)
        self.environment = kept | {
            "HOME": str(folder),
            "PORT": str(self.port),
            "HTTPS": "1",
            "PROXIES": "1",
            "ALLOWED_HOSTS": NAME,
            "CSRF_TRUSTED_ORIGINS": f"https://{NAME}",
            "ACCEL_REDIRECT": "/tree/",
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),  # .venv is another's
            "NUMBA_CACHE_DIR": str(self.kernels),
            "MAKEFLAGS": "",
        }

    def fill(self) -> None:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=settings.BASE_DIR, capture_output=True, check=True)
        for name in listed.stdout.decode().split("\0"):
            if name and not name.startswith("tests/") and (source := settings.BASE_DIR / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, self.folder / name)
        for name in (one for one in NEEDED if (settings.BASE_DIR / one).exists()):
            shutil.copytree(settings.BASE_DIR / name, self.folder / name)
        self._bring_kernels()
        if self.user:
            for path in (self.folder, *self.folder.rglob("*")):
                if not path.is_symlink():
                    os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self._bring_packages()  # whose owner stays

    def _bring_kernels(self) -> None:
        """What numba compiled of the same sources, where the programs look for it.

        Otherwise each worker compiles for a minute, in which it does not stop either.
        """
        for room in KERNELS:
            for kept in (settings.BASE_DIR / room).rglob("*.nb[ic]"):
                source = self.folder / kept.parent.parent.relative_to(settings.BASE_DIR) / "any.py"
                place = self.kernels / _CacheLocator.get_suitable_cache_subpath(str(source))
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy2(kept, place)

    def _bring_packages(self) -> None:
        """The environment of these tests; copied where the user cannot enter the checkout that it lies in."""
        ours, theirs = settings.BASE_DIR / ".venv", self.folder / ".venv"
        reached = as_user(self.user, ["test", "-x", ours / "bin" / "python"])
        if subprocess.run(reached, check=False).returncode == 0:
            theirs.symlink_to(ours)
        elif subprocess.run(["cp", "-al", ours, theirs], check=False, capture_output=True).returncode:
            subprocess.run(["cp", "-a", ours, theirs], check=True)  # on another disk

    def run(self, *words: str, **variables: str) -> str:
        done = subprocess.run(
            as_user(self.user, list(words)),
            cwd=self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def programs(self) -> dict[str, int]:
        return {path.stem: json.loads(path.read_text())["pid"] for path in (self.folder / "var/run").glob("*.json")}


@pytest.fixture(scope="module")
def production():
    with tempfile.TemporaryDirectory(prefix="ztf-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Production(folder)
        made.fill()
        try:
            made.run("make", "serve")
            yield made
        finally:
            made.run("make", "stop")


@pytest.fixture(scope="module")
def front(production, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    archive = production.folder / "var" / "archive"
    with servers.nginx(folder, f"http://127.0.0.1:{production.port}", archive, NAME, user="root") as front:
        yield front


def get(front, path: str, **options) -> requests.Response:
    options.setdefault("verify", False)  # the certificate's name is not the address
    return requests.get(f"{front.address}{path}", timeout=60, headers={"Host": NAME}, **options)


def test_nothing_of_it_runs_as_root(production):
    programs = production.programs()
    assert set(programs) == {"portal", "worker", "beat", "queue"}
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in programs.values()}
    assert owners == {production.user.pw_uid if production.user else os.geteuid()}
    assert 0 not in owners


def test_what_it_writes_is_closed_to_other_users(production):
    var = production.folder / "var"
    assert var.stat().st_mode & 0o077 == 0o011  # others pass through it, and see nothing of it
    for folder in ("archive", "jobs", "log", "run", "secrets"):
        assert (var / folder).stat().st_mode & 0o007 == 0
    assert all(path.stat().st_mode & 0o007 == 0 for path in (var / "log").iterdir())


def test_health_is_answered_whatever_name_it_is_asked_by(production):
    for headers in ({}, {"Host": "10.1.2.3"}):
        answer = requests.get(f"http://127.0.0.1:{production.port}/health", headers=headers, timeout=60)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_nginx_serves_it_by_https_and_sends_plain_http_there(front):
    page = get(front, "/")
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = requests.get(f"{front.plain}/images/", headers={"Host": NAME}, allow_redirects=False, timeout=60)
    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://{NAME}/images/")


def test_a_first_admin_signs_in(production, front):
    words = ("createsuperuser", "--noinput", "--username", "first", "--email", "first@example.org")
    production.run(".venv/bin/python", "manage.py", *words, DJANGO_SUPERUSER_PASSWORD=SECRET)
    with requests.Session() as session:
        session.verify, session.trust_env = False, False
        session.headers = {"Host": NAME, "Referer": f"https://{NAME}/sign-in/"}
        session.get(f"{front.address}/sign-in/", timeout=60)
        cookies = {cookie.name: cookie.value for cookie in session.cookies}
        form = {"username": "first", "password": SECRET, "csrfmiddlewaretoken": cookies["csrftoken"]}
        header = {"Cookie": f"csrftoken={cookies['csrftoken']}"}
        answer = session.post(f"{front.address}/sign-in/", data=form, headers=header, allow_redirects=False, timeout=60)
        assert answer.status_code == 302, answer.text
        assert "sessionid" in answer.headers["Set-Cookie"] and "Secure" in answer.headers["Set-Cookie"]


def test_wrong_passwords_of_one_client_keep_nobody_else_out(production, front):
    """The portal sees the clients' own addresses, not nginx's."""
    direct = f"http://127.0.0.1:{production.port}/api/images/"
    for _ in range(9):
        code = get(front, "/api/images/", auth=("first", "wrong")).status_code
    assert code == 429
    headers = {"Host": NAME, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    assert requests.get(direct, headers=headers, auth=("first", "wrong"), timeout=60).status_code == 401


def test_a_body_as_long_as_the_portal_takes_passes_nginx(front):
    form = {"LANG": (None, "ADQL"), "QUERY": (None, "SELECT 1"), "UPLOAD": (None, "t,param:t")}
    table = b"a\n" + b"1\n" * 50_000_000
    answer = requests.post(
        f"{front.address}/tap/sync", files=form | {"t": table}, headers={"Host": NAME}, verify=False, timeout=300
    )
    assert answer.status_code != 413
    assert "100" in answer.text or "bytes" in answer.text  # the portal's own limit, told by itself


def test_after_an_upgrade_serve_starts_anew_what_ran_the_older_code(production):
    deploy = (".venv/bin/python", "-m", "deploy")
    before = production.programs()
    production.run(*deploy, "up")
    assert production.programs() == before
    with (production.folder / "portal" / "views" / "home.py").open("a") as file:
        file.write("# newer\n")
    assert "of older code or settings" in production.run(*deploy, "status")
    production.run(*deploy, "up")
    after = production.programs()
    assert not set(before.values()) & set(after.values())
    assert "older" not in production.run(*deploy, "status")


def test_a_second_clock_waits_until_the_first_has_ended(production):
    """Another machine's `deploy up` starts a clock too; only one of them ticks."""
    second = subprocess.Popen(
        as_user(production.user, [".venv/bin/python", "manage.py", "beat"]),
        cwd=production.folder,
        env=production.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("another clock runs" in line for line in second.stderr)
        assert not _children(second.pid)
        production.run(".venv/bin/python", "-m", "deploy", "down", "beat")
        servers.wait_until(lambda: _children(second.pid))
    finally:
        second.terminate()
        second.wait(timeout=60)
        production.run(".venv/bin/python", "-m", "deploy", "up", "beat")


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_clean_asks_before_it_removes_data_that_the_demo_did_not_make(production):
    done = subprocess.run(
        as_user(production.user, ["/usr/bin/python3", "-m", "deploy.cleaning"]),
        cwd=production.folder,
        env=production.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "1 accounts, 0 by the demonstration" in done.stdout
    assert "CONFIRM=yes" in done.stderr
    assert str(production.folder / "var") in done.stdout
    assert (production.folder / "var" / "postgres").exists()
