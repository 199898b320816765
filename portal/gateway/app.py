"""The ASGI application: Django's WSGI handler behind the limits of the gateway."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import structlog
from asgiref.wsgi import WsgiToAsgiInstance

from archive.requests import disconnect
from portal.gateway.address import client_address, network_of
from portal.gateway.body import Body, ClientLeftError, Receive, receive_body
from portal.gateway.lanes import Admission, lane_for, lanes_of
from portal.gateway.limits import Limits
from portal.gateway.refusal import RefusalError
from portal.gateway.spool import Budget, Spool

log = structlog.get_logger("portal.gateway")
Send = Callable[[dict], Awaitable[None]]
UNCOUNTED = "/health"  # answered whatever else an address has open
FILE_BLOCK = 1 << 18


class SlowReaderError(Exception):
    """A client that does not read its answer at the minimum rate."""


class Gateway:
    """Receives requests, runs `application` (WSGI) in a thread of their lane, and sends its answers.

    Parameters
    ----------
    proxies : how many of our own stand before us (see `client_address`)
    """

    def __init__(self, application: Callable, limits: Limits, proxies: int = 0):
        self._application, self._limits, self._proxies = application, limits, proxies
        self._admission, self._budget = Admission(limits), Budget(limits.spool_total, limits.spool_address)
        self._bare = replace(limits, largest_body=0)  # of what is answered uncounted: it would fill the spools
        self._lanes = lanes_of(limits)
        self._files = ThreadPoolExecutor(2, thread_name_prefix="files")

    async def __call__(self, scope: dict, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await _lifespan(receive, send)
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']}: only HTTP is served here")
        address = self._address_of(scope)
        try:
            if scope["path"] == UNCOUNTED:
                return await self._answer(scope, receive, send, address, self._bare)
            self._admission.enter(network_of(address))
            try:
                return await self._answer(scope, receive, send, address, self._limits)
            finally:
                self._admission.leave(network_of(address))
        except RefusalError as refusal:
            log.warning("request refused", path=scope["path"], ip=address, status=refusal.status, reason=str(refusal))
            for message in refusal.messages():
                await send(message)
        except (ClientLeftError, disconnect.ClientGoneError, SlowReaderError) as reason:
            log.info("client left", path=scope["path"], ip=address, reason=str(reason))
            raise  # the server closes the connection; a half answer must not look whole
        return None

    async def _answer(self, scope: dict, receive: Receive, send: Send, address: str, limits: Limits) -> None:
        network = network_of(address)
        body = Body(self._budget.of(network), limits.spool_memory)
        try:
            await receive_body(receive, _declared(scope), limits, body)
            environ = _environ(scope, body, address)
            async with lane_for(scope["path"], self._lanes).turn(network) as executor:
                rest = await self._run(executor, environ, receive, send, network)
            if rest is not None:
                await self._send_file(rest, send)
        finally:
            body.close()

    async def _run(self, executor: ThreadPoolExecutor, environ: dict, receive: Receive, send: Send, network: str):
        """Run the view in a thread and send what it writes; returns a file to be sent when its thread is free again."""
        loop = asyncio.get_running_loop()
        limits, connection = self._limits, disconnect.Connection()
        spool = Spool(loop, limits.spool_memory, limits.spool_answer, self._budget.of(network))
        writer = _Writer(self._application, environ, spool, connection)
        thread = loop.run_in_executor(executor, contextvars.copy_context().run, writer.run)
        watch = asyncio.create_task(_watch(receive, connection, spool, loop))
        try:
            await self._send(spool, writer, send)
            return writer.file
        except BaseException:
            spool.break_off()
            await loop.run_in_executor(None, connection.leave)
            raise
        finally:
            watch.cancel()
            await asyncio.wait([thread])  # the lane's turn lasts as long as its thread is busy
            spool.close()
            if not thread.cancelled() and (error := thread.exception()) and not connection.gone:
                raise error

    async def _send(self, spool: Spool, writer: _Writer, send: Send) -> None:
        block, more = await spool.read()
        if writer.start is None:
            return  # the view raised, or its client left; the thread knows
        await send(writer.start)
        if writer.file is not None:
            return
        pace = _Pace(self._limits)
        while True:
            if writer.failed:
                raise disconnect.ClientGoneError("the answer broke off")
            await pace.send(send, block, more)
            if not more:
                return
            block, more = await spool.read()

    async def _send_file(self, span: tuple[Path, int, int], send: Send) -> None:
        """Send bytes of a file; no lane's thread waits for a client that saves them slowly."""
        path, start, stop = span
        loop, pace = asyncio.get_running_loop(), _Pace(self._limits)
        file = await loop.run_in_executor(self._files, path.open, "rb")
        try:
            file.seek(start)
            while start < stop:
                block = await loop.run_in_executor(self._files, file.read, min(FILE_BLOCK, stop - start))
                if not block:
                    raise disconnect.ClientGoneError(f"{path.name} became shorter while it was being sent")
                start += len(block)
                await pace.send(send, block, True)
            await pace.send(send, b"", False)
        finally:
            file.close()

    def _address_of(self, scope: dict) -> str:
        peer = (scope.get("client") or ("",))[0]
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        return client_address(peer, forwarded.decode("latin1"), self._proxies)


class _Writer:
    """Runs the application in a thread; its answer goes into a spool."""

    def __init__(self, application: Callable, environ: dict, spool: Spool, connection: disconnect.Connection):
        self._application, self._environ = application, environ
        self._spool, self._connection = spool, connection
        self.start: dict | None = None
        self.file: tuple[Path, int, int] | None = None
        self.failed = False

    def run(self) -> None:
        try:
            with disconnect.connected(self._connection):
                self._run()
        except BaseException:
            self.failed = True
            raise
        finally:
            self._spool.end()

    def _run(self) -> None:
        answer = self._application(self._environ, self._start_response)
        try:
            self.file = getattr(answer, "file_span", None)
            if self.file is None:
                for block in answer:
                    if block:
                        self._spool.write(block)
        finally:
            if hasattr(answer, "close"):
                answer.close()

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info=None) -> None:
        encoded = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
        self.start = {"type": "http.response.start", "status": int(status.split(" ", 1)[0]), "headers": encoded}


class _Pace:
    """Sends blocks to a client that must read them at a minimum rate; only the time it takes itself counts."""

    def __init__(self, limits: Limits):
        self._limits, self._sent, self._spent = limits, 0, 0.0
        self._started = time.monotonic()

    async def send(self, send: Send, block: bytes, more: bool) -> None:
        """Send one block.

        Raises
        ------
        SlowReaderError
        """
        limits, before = self._limits, time.monotonic()
        left = limits.allowed(self._sent, limits.answer_grace, limits.answer_rate) - self._spent
        left = min(left, self._started + limits.answer_seconds - before)
        message = {"type": "http.response.body", "body": block, "more_body": more}
        try:
            await asyncio.wait_for(send(message), max(0.0, left))
        except TimeoutError:
            raise SlowReaderError(f"{self._sent} bytes were read in {self._spent:.0f} s") from None
        self._spent += time.monotonic() - before
        self._sent += len(block)


async def _watch(
    receive: Receive, connection: disconnect.Connection, spool: Spool, loop: asyncio.AbstractEventLoop
) -> None:
    """Wait until the client leaves; then end what runs for it."""
    while (await receive())["type"] != "http.disconnect":
        pass
    spool.break_off()
    await loop.run_in_executor(None, connection.leave)


def _environ(scope: dict, body: Body, address: str) -> dict:
    bridge = WsgiToAsgiInstance(None)
    bridge.scope = scope
    try:
        environ = bridge.build_environ(scope, body.file)
    except (ValueError, UnicodeDecodeError) as error:
        raise RefusalError(400, f"a header or the address is not readable: {error}") from error
    environ["CONTENT_LENGTH"] = str(body.size)
    environ["REMOTE_ADDR"] = address
    environ.pop("HTTP_TRANSFER_ENCODING", None)  # the body is here, whole
    return environ


def _declared(scope: dict) -> int | None:
    values = [value for name, value in scope["headers"] if name == b"content-length"]
    if not values:
        return None
    try:
        return int(values[0])
    except ValueError:
        raise RefusalError(400, f"Content-Length={values[0][:40]!r}: is no number of bytes") from None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            return await send({"type": "lifespan.shutdown.complete"})
