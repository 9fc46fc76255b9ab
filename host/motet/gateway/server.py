# SPDX-License-Identifier: Apache-2.0
"""Runs the gateway: HTTP by uvicorn (uvloop, httptools) inside the caller's event loop; clean shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import math
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import uvicorn

from motet.gateway.app import GatewayApp
from motet.gateway.callers import ANONYMOUS
from motet.gateway.connection import Connections
from motet.gateway.options import Options
from motet.gateway.views import PATH as MCP_PATH

log = logging.getLogger(__name__)
T = TypeVar("T")
# What is left to databases, serial lines, brokers and programs.
_OTHER_FILES = 128
_NEW_OBJECTS = 20_000
_ALL_ADDRESSES = ("0.0.0.0", "::", "")


class AddressInUse(OSError):
    """Another program listens there; the text says where and what to do."""


def _best_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        # There is none for this machine.
        return asyncio.new_event_loop
    return uvloop.new_event_loop


new_event_loop = _best_loop()


def run(main: Coroutine[Any, Any, T]) -> T:
    """asyncio.run, on uvloop where it is installed: half the CPU time per request.

    Each request makes many objects and no cycles, so the garbage collector has little to find and looks rarely: at its usual
    rate it takes a fifth of a call's time.
    """
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the program, which has more to stop than this server."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()

    async def wait_started(self, serving: asyncio.Task[None]) -> None:
        """Return once requests are answered; raise when that will not happen."""
        up = asyncio.create_task(self._up.wait())
        await asyncio.wait((up, serving), return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if serving.done():
            await serving
        if not self.started:
            raise RuntimeError("the HTTP server could not start; the log says why")


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises AddressInUse, or OSError with host and port in its text."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        where = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(f"{where} is in use by another program; set another port (gateway.port, 0 for any)") from error
        raise OSError(error.errno, f"cannot listen on {where}: {error.strerror}") from error
    # Inherited by every connection. asyncio does it by itself only for sockets made with an explicit protocol; without it,
    # an answer of two writes waits 40 ms for the client's delayed acknowledgement.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


@contextlib.asynccontextmanager
async def listening(app: GatewayApp, options: Options) -> AsyncIterator[str]:
    """Serve `app` inside the block; yields the MCP URL with the real port. Leaving it drains calls in flight."""
    if options.host in _ALL_ADDRESSES and not options.allowed_hosts:
        log.warning("listening on %s, but answering only loopback names; gateway.allowed_hosts lists others", options.host)
    with contextlib.closing(bind(options.host, options.port)) as sock:
        server = _Uvicorn(_uvicorn_config(app, options))
        task = asyncio.create_task(server.serve([sock]))
        try:
            await server.wait_started(task)
            yield _url(sock)
        finally:
            app.end_streams()
            server.should_exit = True
            await asyncio.wait((task,), timeout=options.drain_s)
            app.front.calls.stop()
            await task


def _uvicorn_config(app: GatewayApp, options: Options) -> uvicorn.Config:
    pool = Connections(_room(options.limits.connections), lambda: app.front.shedding.refused(ANONYMOUS, "gateway_connections"))
    return uvicorn.Config(
        app,
        http=pool.protocol,  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # Longer than clients keep idle connections: otherwise both ends close at once, and a request gets lost between.
        timeout_keep_alive=75,
        # Only for what is still there after calls were withdrawn.
        timeout_graceful_shutdown=math.ceil(options.drain_s) + 2,
    )


def _room(most: int) -> int:
    """So many connections, as far as the process may have files open at all."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return most
    room = max(1, files - _OTHER_FILES)
    return min(most or room, room)


def _url(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{MCP_PATH}"


async def serve(app: GatewayApp, options: Options, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; `ready` gets the MCP URL.

    Raises AddressInUse or OSError when the address cannot be had.
    """
    stop = asyncio.Event()
    with on_signals(stop.set):
        async with listening(app, options) as url:
            # What is there now stays: the garbage collector need not look through it again and again.
            gc.collect()
            gc.freeze()
            log.info("MCP at %s", url)
            if ready is not None:
                ready(url)
            await stop.wait()
            log.info("stopping")


@contextlib.contextmanager
def on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGINT and SIGTERM inside the block."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
