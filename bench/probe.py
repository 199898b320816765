"""Asks a portal's /health again and again, from a process of its own, until its standard input is closed.

Whoever sends something to the portal is busy with that; a probe that shared their process would measure them, too.
"""

from __future__ import annotations

import http.client
import json
import select
import sys
import time
from urllib.parse import urlparse

EVERY = 0.1  # s between an answer and the next question
PATIENCE = 60.0  # s


def main() -> None:
    """Print, as JSON at the end: how often it was asked, how often that failed, and the longest answer (s)."""
    place, found = urlparse(sys.argv[1]), {"asked": 0, "failed": 0, "longest": 0.0}
    while not select.select([sys.stdin], [], [], EVERY)[0]:
        began = time.monotonic()
        ok = _is_well(place.hostname, place.port)
        found["asked"] += 1
        found["failed"] += not ok
        found["longest"] = max(found["longest"], time.monotonic() - began)
    print(json.dumps(found))


def _is_well(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    main()
