"""A stranger's file is parsed where nothing can be reached, within bounds, and however that ends the caller goes on."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive import sandbox
from archive.requests import disconnect
from archive.sandbox import client, turns, wire

FUNCTIONS = "tests.archive.sandbox.hostile"
SMALL = sandbox.Limits(memory=256 * 1024**2, cpu=2, seconds=5.0, answer=8 * 1024**2, written=8 * 1024**2)


@pytest.fixture(scope="module", autouse=True)
def hostile_functions():
    """The server of these tests has loaded them."""
    client.stop()
    client.also_loaded = (FUNCTIONS,)
    yield
    client.also_loaded = ()
    client.stop()


def run(name: str, source: bytes | int = b"", limits: sandbox.Limits = SMALL, **arguments):
    return sandbox.run(f"{FUNCTIONS}:{name}", source, limits, **arguments)


def server():
    """The process of this process's fork server."""
    return client._servers[sandbox.FILES].process


@pytest.fixture
def secret(tmp_path):
    """A file that everybody on the machine may read."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != folder.parent and "pytest" in str(folder):
            folder.chmod(0o755)
    path = tmp_path / "secret"
    path.write_text("canary")
    path.chmod(0o644)
    return path


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        yield server


def test_one_child_reads_many_files_and_tells_of_each():
    found = sandbox.run_many(f"{FUNCTIONS}:says_or_refuses", [b"one", b"", b"!two", b"three"], SMALL)
    assert [str(one) if isinstance(one, sandbox.RefusedError) else one for one in found] == [
        b"one",
        b"",
        "!two",
        b"three",
    ]
    assert found[2].kind == "ValueError"
    assert sandbox.run_many(f"{FUNCTIONS}:says_or_refuses", [], SMALL) == []


def test_a_child_that_dies_of_one_file_gives_nothing_of_the_others():
    with pytest.raises(sandbox.TooLargeError):
        sandbox.run_many(f"{FUNCTIONS}:takes_memory", [b"one", b"two"], SMALL, megabytes=2000)


def test_every_layer_holds_on_this_machine():
    assert all(sandbox.layers().values()), sandbox.layers()


def test_a_child_opens_no_file_that_everybody_may_read(secret):
    for path in (str(secret), "/etc/passwd", f"/proc/{os.getpid()}/environ", "/proc/self/environ"):
        with pytest.raises(sandbox.RefusedError, match="denied|permitted"):
            run("opens", path=path)
    with pytest.raises(sandbox.RefusedError, match="denied|permitted"):
        run("lists", path=str(secret.parent))


def test_a_child_writes_no_file(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(sandbox.RefusedError):
        run("opens_for_writing", path=str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_child_reaches_no_server_of_this_machine(listener):
    with pytest.raises(sandbox.RefusedError):
        run("connects", port=listener.getsockname()[1])
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.parametrize("name", ["starts_a_process", "runs_a_program", "kills_its_server", "raises_its_limits"])
def test_a_child_is_alone(name):
    with pytest.raises(sandbox.RefusedError, match="permitted|not allowed"):
        run(name)
    assert run("reads", b"as before") == b"as before"


def test_a_child_is_never_root_and_knows_no_secret():
    assert 0 not in run("who")
    assert not [name for name in run("environment") if "URL" in name or "SECRET" in name or "KEY" in name]
    assert run("descriptors") == 6


@pytest.mark.parametrize(
    ("name", "arguments", "error", "words"),
    [
        ("takes_memory", {"megabytes": 2000}, sandbox.TooLargeError, "more than 256 MB of memory"),
        ("answers_much", {"megabytes": 20}, sandbox.TooLargeError, "more than 8 MB"),
        ("writes_a_large_file", {"megabytes": 20}, sandbox.RefusedError, "File too large"),
        ("turns", {}, sandbox.TooSlowError, "longer than [25] seconds"),  # of CPU, or of the clock where others work
        ("sleeps", {"seconds": 60}, sandbox.TooSlowError, "longer than 5 seconds"),
        ("crashes", {}, sandbox.DiedError, "Segmentation fault"),
        ("aborts", {}, sandbox.DiedError, "Aborted"),
        ("calls_itself", {}, sandbox.RefusedError, "recursion"),
    ],
)
def test_what_takes_too_much_or_crashes_is_an_error_that_says_so(name, arguments, error, words):
    with pytest.raises(error, match=words):
        run(name, **arguments)


def head(text: bytes) -> bytes:
    return struct.pack("<8sQ", b"ztfwire1", len(text)) + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        struct.pack("<8sQ", b"ztfwire1", 1 << 60),
        head(b"[" * 20_000),
        head(b"{}"),
        head(b'{"d": {"value": {"a": ["<f8", [4], [0, 32]]}}}'),
        head(b'{"d": {"value": {"a": ["<f8", [4], [-8, 32]]}}}'),
        head(b'{"d": {"value": {"a": ["|O", [1], [0, 8]]}}}') + b"\0" * 8,
        head(b'{"d": {"value": {"t": [["a"], [1000000000000], "U"]}}}'),
        head(b'{"d": {"value": {"x": 1, "y": 2}}}'),
        head(b'{"d": {"value": {"pickle": "gASVBQAAAAAAAABLAS4="}}}'),
    ],
)
def test_a_forged_answer_is_a_crash_and_not_believed(content):
    with pytest.raises(wire.BrokenCopyError):
        wire.decode(content)
    with pytest.raises(sandbox.DiedError):
        run("forges", content=content.hex())


def test_values_come_back_as_they_were():
    found = run("returns")
    assert found["plain"] == [1, 2.5, None, True, float("inf"), "é\ud800", {"a": {"b": []}}]
    assert found["text"].tolist() == ["a", "bb"] and found["bytes"].tolist() == [b"a", b"bb"]
    assert found["whole"].dtype == ">i2" and found["whole"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["objects"][0].tolist() == [0, 1, 2] and found["objects"].tolist()[1:] == [None, "q"]
    assert found["empty"].shape == (0,) and found["raw"] == b"\0\1"


def test_an_open_file_is_read_without_its_name(secret):
    handle = os.open(secret, os.O_RDONLY)
    try:
        assert run("reads", handle) == b"canary"
        assert run("reads_by_path", handle) == b"canary"
    finally:
        os.close(handle)


def test_a_server_that_was_killed_is_started_again():
    run("who")
    server().kill()
    server().wait()
    assert run("reads", b"again") == b"again"


def test_a_server_that_dies_while_it_works_is_told_of():
    run("who")
    threading.Timer(1.0, server().kill).start()
    with pytest.raises(sandbox.UnavailableError):
        run("sleeps", seconds=4)
    assert run("reads", b"again") == b"again"


def test_what_comes_when_all_turns_are_taken_is_told_to_come_later():
    impatient = replace(sandbox.FILES, wait=0.5)
    client.started(impatient)  # a kind of its own has a server of its own; turns go by name
    with ThreadPoolExecutor(sandbox.FILES.at_once) as others:
        taken = [others.submit(run, "sleeps", seconds=3) for _ in range(sandbox.FILES.at_once)]
        time.sleep(1.0)
        with pytest.raises(sandbox.BusyError, match="none ended within 0.5 s"):
            sandbox.run(f"{FUNCTIONS}:who", b"", SMALL, impatient)
        assert [one.result() for one in taken] == [3] * sandbox.FILES.at_once


def test_turns_are_the_machines_and_end_with_the_process_that_has_them():
    kind = client.Kind("tests of turns", (), at_once=1)
    holds = (
        "import time\nfrom archive.sandbox import turns\nfrom archive.sandbox.client import Kind\n"
        f"with turns.turn({kind!r}, 1.0):\n    print(1, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", holds], stdout=subprocess.PIPE, cwd=client.PROJECT) as other:
        assert other.stdout.readline() == b"1\n"
        with pytest.raises(sandbox.BusyError, match="tests of turns: 1 are being worked on"), turns.turn(kind, 0.1):
            pass
        other.kill()
        other.wait()
        with turns.turn(kind, 1.0):
            pass


def test_threads_get_each_their_own_answer():
    with ThreadPoolExecutor(8) as threads:
        texts = [str(number).encode() * 1000 for number in range(40)]
        assert list(threads.map(lambda text: run("reads", text), texts)) == texts


def test_a_forked_process_starts_its_own_server():
    run("who")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, run("reads", b"child") + str(server().pid).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    told = os.read(reading, 100)
    assert told.startswith(b"child") and int(told[5:]) != server().pid
    assert run("reads", b"parent") == b"parent"
    os.close(reading)
    os.close(writing)


def test_a_server_ends_with_the_process_that_started_it():
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        run("who")
        os.write(writing, json.dumps(server().pid).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    started = json.loads(os.read(reading, 100))
    deadline = time.monotonic() + 20
    while _alive(started) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(started)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_numbers_of_a_foreign_byte_order_are_kept():
    array = np.array([1.5, -2.0], dtype=">f8")
    found = wire.decode(b"".join(bytes(piece) for piece in wire.encoded(wire.value({"a": array}))))["value"]["a"]
    assert found.dtype == array.dtype and found.tolist() == [1.5, -2.0]


def test_a_client_that_leaves_ends_the_work_for_it():
    run("who")
    connection = disconnect.Connection()
    begun = time.monotonic()
    threading.Timer(1.0, connection.leave).start()
    with disconnect.connected(connection), pytest.raises(disconnect.ClientGoneError):
        run("sleeps", limits=sandbox.Limits(seconds=60), seconds=50)
    assert time.monotonic() - begun < 30
    assert run("reads", b"again") == b"again"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have processes of another account")
def test_parquet_is_read_however_many_processes_the_account_has():
    """Threads are counted with all that runs under the child's account; a whole file must not be refused for that."""
    columns = {name: np.ones(1000) for name in ("objra", "objdec")}
    columns |= {name: [[1.0, 2.0]] * 1000 for name in ("hmjd", "mag", "magerr")} | {"catflags": [[0, 0]] * 1000}
    columns |= {name: np.ones(1000, np.int64) for name in ("objectid", "filterid", "rcid")}
    with io.BytesIO() as file:
        pq.write_table(pa.table(columns), file)
        content = file.getvalue()
    busy = [subprocess.Popen(["sleep", "60"], user="nobody") for _ in range(70)]
    try:
        assert sandbox.run("archive.sandbox.readers.products.releases:read", content)["channels"] == [1]
        asked = {"kind": ".parquet", "names": ["objra"]}
        found = sandbox.run("archive.sandbox.readers.products.tabular:read_catalog", content, **asked)
        assert len(found["columns"]["objra"]) == 1000
    finally:
        for one in busy:
            one.kill()
            one.wait()
