"""Links that answers give in whole lead to addresses of the archive."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import is_valid_path

from tests.addresses import ADDRESSES, well_formed

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
HERE = "http://archive.example"
LINK = re.compile(re.escape(HERE) + r"[^\s\"'<>|,;)\]`]*")
QUESTIONS = {
    "gator-scan": ["mode=xml", "mode=html", "mode=ascii"],
    "gator-dd": ["catalog=ztf_objects&mode=xml", "catalog=ztf_objects&mode=html"],
    "gator-query": ["catalog=ztf_objects&spatial=NONE&outfmt=2", "outfmt=6"],
    "registry": ["verb=ListRecords&metadataPrefix=ivo_vor", "verb=Identify"],
    "sia": ["MAXREC=0"], "irsa-sia": ["MAXREC=0"],
    "datalink": ["ID=ivo://org.example.ztf/ztf?sci/1"],
}  # fmt: skip


def links_of(path: str, question: str) -> set[str]:
    """Whole links to ourselves in an answer."""
    client = Client(raise_request_exception=False, headers={"Host": urlsplit(HERE).netloc})
    answer = client.get(path, QUERY_STRING=question)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return set()  # a picture
    return {unescape(one).partition('"')[0].rstrip(".'") for one in LINK.findall(text)}  # quotes of code are escaped


def test_every_whole_link_is_an_address_of_ours(committed, settings):
    settings.ALLOWED_HOSTS = [urlsplit(HERE).netloc]
    seen = 0
    for name, route in sorted(ADDRESSES.items()):
        for question in ("", *QUESTIONS.get(name, ())):
            for link in links_of(well_formed(route), question):
                seen += 1
                path = urlsplit(link).path
                assert urlsplit(link).netloc == urlsplit(HERE).netloc, (name, question, link)
                assert is_valid_path(path) or is_valid_path(f"{path}/"), f"{name}?{question}: {link} is no address here"
    assert seen > 50
