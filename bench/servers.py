"""Checks of the servers that a measurement needs, and the line that says how to start them."""

from __future__ import annotations

import os

from deploy.machine import read_environment

PATIENCE = 3  # s, for a server that does not answer
HOW = "start it with `.venv/bin/python -m deploy up postgres redis`, stop it with `.venv/bin/python -m deploy down`"


class NotReadyError(RuntimeError):
    """Something that a measurement needs is not there; the message says how one gets it."""


def require(names: tuple[str, ...]) -> None:
    """See that the servers of these names answer.

    Raises
    ------
    NotReadyError
    """
    for name in names:
        CHECKS[name]()


def _postgres() -> None:
    import psycopg2

    address = os.environ.get("DATABASE_URL") or read_environment().get("DATABASE_URL")
    if not address:
        raise NotReadyError(f"there is no PostgreSQL of this checkout: {HOW}")
    try:
        psycopg2.connect(address, connect_timeout=PATIENCE).close()
    except psycopg2.Error as error:
        raise NotReadyError(f"PostgreSQL does not answer ({str(error).splitlines()[0]}): {HOW}") from error


def _redis() -> None:
    import redis

    address = os.environ.get("CELERY_BROKER_URL") or read_environment().get("CELERY_BROKER_URL")
    if not address:
        raise NotReadyError(f"there is no Redis of this checkout: {HOW}")
    try:
        redis.Redis.from_url(address, socket_connect_timeout=PATIENCE).ping()
    except redis.RedisError as error:
        raise NotReadyError(f"Redis does not answer ({str(error).splitlines()[0]}): {HOW}") from error


CHECKS = {"postgres": _postgres, "redis": _redis}
