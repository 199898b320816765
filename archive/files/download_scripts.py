"""Scripts that fetch the files of a selection: for curl, for wget, for Python without anything installed.

They resume what was cut off, keep the archive's folders, check every file's SHA-256 and skip what is whole already.
Rights come from the environment of whoever runs them (ZTF_TOKEN, or ZTF_USER and ZTF_PASSWORD), never from the script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Download:
    """One file: where it is fetched, where it goes below the current folder, what it must be."""

    url: str
    path: str
    size: int
    sha256: str


_SHELL_HEAD = """#!/bin/sh
# Fetches {what} from {site}. Run it again to go on where it stopped.
# For data that are not public: set ZTF_TOKEN, or ZTF_USER and ZTF_PASSWORD.
set -u
failed=0
whole() {{ [ -f "$1" ] && printf '%s  %s\n' "$2" "$1" | sha256sum -c --status; }}
fetch() {{
{command}
}}
get() {{
  whole "$2" "$3" && return
  mkdir -p "$(dirname "$2")"
  fetch "$1" "$2" || :
  whole "$2" "$3" && return
  rm -f "$2"  # what was there is no beginning of it
  fetch "$1" "$2" || :
  whole "$2" "$3" || {{ echo "failed: $2" >&2; failed=1; }}
}}
"""
_CURL = """  if [ -n "${ZTF_TOKEN:-}" ]; then
    curl -fsS --retry 3 -C - -H "Authorization: Bearer $ZTF_TOKEN" -o "$2" "$1"
  elif [ -n "${ZTF_USER:-}" ]; then
    curl -fsS --retry 3 -C - -u "$ZTF_USER:$ZTF_PASSWORD" -o "$2" "$1"
  else
    curl -fsS --retry 3 -C - -o "$2" "$1"
  fi"""
_WGET = """  if [ -n "${ZTF_TOKEN:-}" ]; then
    wget -q --tries=3 -c --header="Authorization: Bearer $ZTF_TOKEN" -O "$2" "$1"
  elif [ -n "${ZTF_USER:-}" ]; then
    wget -q --tries=3 -c --auth-no-challenge --user="$ZTF_USER" --password="$ZTF_PASSWORD" -O "$2" "$1"
  else
    wget -q --tries=3 -c -O "$2" "$1"
  fi"""
_PYTHON_HEAD = '''#!/usr/bin/env python3
"""Fetches {what} from {site}. Run it again to go on where it stopped.

For data that are not public: set ZTF_TOKEN, or ZTF_USER and ZTF_PASSWORD.
"""

import base64, hashlib, os, sys, urllib.request
from pathlib import Path

HEADERS = {{}}
if token := os.environ.get("ZTF_TOKEN"):
    HEADERS["Authorization"] = f"Bearer {{token}}"
elif user := os.environ.get("ZTF_USER"):
    pair = f"{{user}}:{{os.environ['ZTF_PASSWORD']}}".encode()
    HEADERS["Authorization"] = "Basic " + base64.b64encode(pair).decode()


def whole(path, sha256):
    if not path.is_file():
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest() == sha256


def get(url, path, sha256):
    path = Path(path)
    if whole(path, sha256):
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    start = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers=HEADERS | ({{"Range": f"bytes={{start}}-"}} if start else {{}}))
    with urllib.request.urlopen(request) as answer, part.open("ab" if answer.status == 206 else "wb") as file:
        while block := answer.read(1 << 20):
            file.write(block)
    part.rename(path)
    return whole(path, sha256)


failed = 0
for line in """\\
'''
_PYTHON_TAIL = '''\
""".splitlines():
    url, path, sha256 = line.split()
    try:
        good = get(url, path, sha256)
    except OSError as error:
        print(f"{path}: {error}", file=sys.stderr)
        good = False
    failed += not good
    print("ok" if good else "FAILED", path)
sys.exit(bool(failed))
'''


def _shell(command: str) -> Callable[[Iterable[Download], str, str], Iterator[str]]:
    def write(files: Iterable[Download], what: str, site: str) -> Iterator[str]:
        yield _SHELL_HEAD.format(what=what, site=site, command=command)
        for file in files:
            yield f"get '{file.url}' '{file.path}' {file.sha256}\n"
        yield 'exit "$failed"\n'

    return write


def _python(files: Iterable[Download], what: str, site: str) -> Iterator[str]:
    yield _PYTHON_HEAD.format(what=what, site=site)
    for file in files:
        yield f"{file.url} {file.path} {file.sha256}\n"
    yield _PYTHON_TAIL


# name -> (suffix of the script, function that writes it)
KINDS: dict[str, tuple[str, Callable[[Iterable[Download], str, str], Iterator[str]]]] = {
    "curl": ("sh", _shell(_CURL)),
    "wget": ("sh", _shell(_WGET)),
    "python": ("py", _python),
}


def script(kind: str, files: Iterable[Download], what: str, site: str) -> Iterator[str]:
    """The lines of a script of one of KINDS; paths and addresses are the archive's own and need no quoting."""
    return KINDS[kind][1](files, what, site)
