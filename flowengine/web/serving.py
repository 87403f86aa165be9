"""A server of its own: the web application in one process, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from types import FrameType

import uvicorn
from fastapi import FastAPI

from flowengine.clock import Clock
from flowengine.engine import Engine
from flowengine.web.app import Application, make_app
from flowengine.web.connections import Connection, Limits, Quiet, most_connections
from flowengine.web.envelope import Named
from flowengine.web.pages import Look
from flowengine.worker.standalone import Standalone

GRACE = 25
"""Seconds that requests have to end once the server is told to stop: longer than anybody may wait for work."""

QUEUE = 2048
"""Connections that may wait to be taken."""


LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Server(uvicorn.Server):
    """A server that answers at once those who wait for work when it is told to stop, and then ends well."""

    def __init__(self, app: FastAPI, limits: Limits | None = None) -> None:
        most = most_connections()
        connection = Connection.within(limits or Limits(), most)
        at_once = most // 8  # as many are taken before one too many can be let go
        config = uvicorn.Config(
            app, http=connection, loop="auto", ws="none", backlog=at_once, log_config=None, access_log=False,
            server_header=False, timeout_graceful_shutdown=GRACE, lifespan="off",
        )  # fmt: skip
        super().__init__(config)
        self._stopping: Event = app.state.stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(Quiet())
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(QUEUE)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        """The first signal stops it gracefully; another does not wait for requests that are under way."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping.set()


def serve(
    address: str,
    environment: Mapping[str, str],
    host: str,
    port: int,
    ready: Callable[[str], None],
    clock: Clock | None = None,
    hosts: Sequence[str] = (),
    look: str = "",
) -> None:
    """Serve the database at an address until a signal comes. ``ready`` is told the server's URL once it listens.
    Where ``hosts`` are named, it is served under these, and to this machine. ``look`` is the folder of a look. Raises
    NotConfigured."""
    worn = look_of(look)
    with Standalone(address, environment, clock) as here, _listening(host, port) as listening:
        app = application(here.engine, hosts, worn)
        ready(address_of(listening))
        Server(app).run([listening])


def look_of(folder: str) -> Look:
    """The look in a folder, or the usual one. Raises NotConfigured."""
    return Look.read(Path(folder)) if folder else Look()


def application(engine: Engine, hosts: Sequence[str], look: Look) -> Application:
    """What a server serves."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(Named())
    app = make_app(engine, pages=True, look=look, hosts=[*hosts, *LOOPBACK] if hosts else ())
    gc.freeze()  # what is there now stays: looking through it again and again is a twentieth of an act
    gc.enable()
    return app


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OSError, for one that is taken, or an address that is not this machine's."""
    try:
        return socket.create_server((host, port), family=family_of(host), backlog=QUEUE)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from None


def family_of(host: str) -> socket.AddressFamily:
    """Of which kind an address is."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def address_of(listening: socket.socket) -> str:
    """The URL of what listens there."""
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
