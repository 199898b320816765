"""The message at the end of a job: by e-mail, and by calling an address (a webhook).

A webhook's host must be named in the settings (see archive.requests.safe_http).
"""

from __future__ import annotations

import http.client
import json
import smtplib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import structlog
from django.conf import settings
from django.core.mail import send_mail

from archive.requests import safe_http
from archive.requests.safe_http import NotAllowedError

TIMEOUT = 5.0  # s
log = structlog.get_logger("processing.forced")


@dataclass(frozen=True)
class Ended:
    """A job as the message tells of it."""

    id: str
    reqid: int
    name: str
    ra: float
    dec: float
    jdstart: float
    jdend: float
    phase: str
    message: str
    page: str
    lightcurve: str
    log: str

    @classmethod
    def of(cls, job, reqid: int) -> Ended:
        """From a job; addresses stand on the site that it was ordered from."""
        values, site = job.parameters, job.parameters["site"].rstrip("/")
        files = f"{site}/ztf/ops/forcedphot/lc/{job.pk}/{stem_of(job, reqid)}"
        asked = {name: values[name] for name in ("name", "ra", "dec", "jdstart", "jdend")}
        page = f"{site}/forced/{job.pk}/"
        return cls(
            id=str(job.pk), reqid=reqid, **asked, phase=job.phase, message=job.message, page=page,
            lightcurve=f"{files}_lc.txt", log=f"{files}_log.txt",
        )  # fmt: skip


def stem_of(job, reqid: int) -> str:
    """Stem of the names of a job's files."""
    return f"batchfp_req{reqid:010}" if job.parameters["batch"] else f"forcedphotometry_req{reqid:08}"


def send(email: str, webhook: str, ended: Sequence[Ended]) -> list[str]:
    """Tell that jobs have ended; what could not be sent is returned in words, and never stops a job."""
    problems = []
    if email:
        try:
            send_mail(_subject(ended), body_of(ended), settings.DEFAULT_FROM_EMAIL, [email])
        except (OSError, smtplib.SMTPException) as reason:
            problems.append(f"e-mail: {reason}")
    if webhook:
        try:
            call(webhook, {"jobs": [asdict(job) for job in ended]})
        except (OSError, http.client.HTTPException, NotAllowedError) as reason:
            problems.append(f"webhook: {reason}")
    for problem in problems:
        log.warning("message not sent", job=ended[0].id, reason=problem)
    return problems


def _subject(ended: Sequence[Ended]) -> str:
    return f"ZTF forced photometry: {len(ended)} request{'s' if len(ended) > 1 else ''} done"


def body_of(ended: Sequence[Ended]) -> str:
    """The text, with the lines that IRSA's has and clients read."""
    parts = []
    for one in ended:
        span = f"startJD={one.jdstart}, endJD={one.jdend}, ra={one.ra:.6f}, dec={one.dec:.6f}"
        if one.phase == "COMPLETED":
            parts.append(
                f"Processing has completed for reqid={one.reqid} ({span})\n{one.message}\n\n"
                f"{one.lightcurve}\n{one.log}\n\nPage: {one.page}\n"
            )
        else:
            parts.append(f"Processing has failed for request {one.reqid}: {span}\n{one.message}\nPage: {one.page}\n")
    return "\n".join(parts)


def check(address: str) -> None:
    """Raise NotAllowedError for an address that is no http(s) one of an allowed host."""
    safe_http.check(address, settings.WEBHOOK_HOSTS)


def call(address: str, content: dict) -> None:
    """POST JSON to an allowed address.

    Raises
    ------
    NotAllowedError
        for a host that is not allowed, or leads into a private network.
    OSError, http.client.HTTPException
        where nobody answers, or with another status than 2xx.
    """
    hosts, private = settings.WEBHOOK_HOSTS, settings.WEBHOOK_PRIVATE
    with safe_http.connected(address, hosts, private, TIMEOUT) as (connection, path):
        connection.request("POST", path, json.dumps(content), {"Content-Type": "application/json"})
        status = connection.getresponse().status
    if not 200 <= status < 300:
        raise ConnectionError(f"{connection.host} answered with status {status}")
