"""The private Redis of this checkout: Celery's broker."""

from __future__ import annotations

import os
import subprocess
import time

import redis

from deploy import machine

SETTINGS = """
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
daemonize yes
pidfile {folder}/redis.pid
logfile {folder}/redis.log
"""
START_SECONDS = 30


class Broker:
    """One folder and its Redis server. What it loses in a crash, the job rows in PostgreSQL still know."""

    def __init__(self) -> None:
        self.user = machine.server_user("redis")
        self.folder = machine.service_folder("redis", self.user)
        self.port_file = self.folder / "port"

    def up(self) -> None:
        if not self.ready():
            self._start()
        machine.write_environment(CELERY_BROKER_URL=self.url())

    def down(self) -> None:
        if self.ready():
            self._client().shutdown(save=True)

    def ready(self) -> bool:
        if not self.port_file.exists():
            return False
        try:
            return self._client().ping()
        except (
            redis.ConnectionError,
            redis.AuthenticationError,
        ):  # stopped, or another's server on that port
            return False

    def url(self) -> str:
        return f"redis://:{machine.secret('redis')}@127.0.0.1:{self.port_file.read_text()}/0"

    def _client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url(), socket_timeout=5)

    def _start(self) -> None:
        if not self.port_file.exists() or not machine.port_is_free(int(self.port_file.read_text())):
            self.port_file.write_text(str(machine.free_port()))
        settings = self.folder / "redis.conf"
        port, password = self.port_file.read_text(), machine.secret("redis")
        machine.write_private(settings, SETTINGS.format(port=port, password=password, folder=self.folder))
        if self.user is not None:
            os.chown(settings, self.user.pw_uid, self.user.pw_gid)
        command = machine.as_user(self.user, ["/usr/bin/redis-server", settings])
        subprocess.run(command, check=True, cwd="/", env=machine.clean_environment(self.folder))
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise machine.SetupError(f"Redis did not start; see {self.folder}/redis.log")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.ready()
        except redis.BusyLoadingError:
            return False
