"""The small application, served on a port of its own."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings

from deploy.machine import free_port


class Served:
    """A server that is asked over raw sockets, so that a test can be as rude as a client can."""

    def __init__(self, port: int):
        self.port = port
        self.address = "192.0.2.100"  # that the proxy before the gateway tells of

    def connect(self, receive_buffer: int = 0) -> socket.socket:
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def send(self, path: str, extra: str = "", method: str = "GET", body: bytes = b"", **options) -> socket.socket:
        """A request, as far as it is given."""
        connection = self.connect(**options)
        if "X-Forwarded-For" not in extra:
            extra += f"X-Forwarded-For: {self.address}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n"
        connection.sendall(head.encode() + body)
        return connection

    def ask(self, path: str, extra: str = "", method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
        """Status and content of a whole answer."""
        with self.send(path, f"Connection: close\r\n{extra}", method, body) as connection:
            return self.receive(connection)

    @staticmethod
    def receive(connection: socket.socket) -> tuple[int, bytes]:
        blocks = []
        while block := connection.recv(1 << 16):
            blocks.append(block)
        head, _, content = b"".join(blocks).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), content


@pytest.fixture(scope="module")
def served():
    port = free_port()
    granian = Path(sys.executable).with_name("granian")
    command = [granian, "--interface", "asgi", "tests.portal.gateway.small:gateway", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1", "--no-ws", "--http1-header-read-timeout", "2000"]
    server = subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)
    try:
        _wait(port, server)
        yield Served(port)
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait(port: int, server: subprocess.Popen, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            Served(port).ask("/health")
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the gateway did not start")
