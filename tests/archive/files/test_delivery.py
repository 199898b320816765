"""A file is sent in the state that a client asked for, or not at all (RFC 9110, section 13)."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.utils.http import http_date

from archive.files.delivery import deliver_path


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"0123456789")
    return path


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": '"tag"'}, 200),
        ({"If-Match": '"other", "tag"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": 'W/"tag"'}, 412),  # strong comparison
        ({"If-Unmodified-Since": http_date(0)}, 412),
        ({"If-Unmodified-Since": http_date(4e9)}, 200),
        ({"If-Unmodified-Since": "nonsense"}, 200),
        ({"If-Match": '"tag"', "If-Unmodified-Since": http_date(0)}, 200),  # the tag decides where there is one
        ({"If-Match": '"other"', "Range": "bytes=0-1"}, 412),
        ({"If-None-Match": '"tag"'}, 304),
    ],
)
def test_the_state_that_was_asked_for_is_sent_or_nothing(file, headers, status):
    answer = deliver_path(RequestFactory().get("/", headers=headers), file, "tag")
    assert answer.status_code == status
    if status == 412:
        assert answer.content == b""
