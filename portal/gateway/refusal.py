"""Requests that are answered without a view."""

from __future__ import annotations

import json
from http import HTTPStatus


class RefusalError(Exception):
    """A request that the gateway refuses; `status` as HTTP has it, `retry` in s where trying again makes sense."""

    def __init__(self, status: int, detail: str, retry: int = 0):
        super().__init__(detail)
        self.status, self.detail, self.retry = status, detail, retry

    def messages(self) -> tuple[dict, dict]:
        """The answer, as ASGI messages: a problem (RFC 9457)."""
        title = HTTPStatus(self.status).phrase
        problem = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}
        content = json.dumps(problem).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        if self.retry:
            headers.append((b"retry-after", str(self.retry).encode()))
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        return start, {"type": "http.response.body", "body": content}
