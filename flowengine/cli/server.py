"""``flow serve``: the web application in one process, until it is told to stop."""

from __future__ import annotations

import os
import socket
import sys
from threading import Event
from types import FrameType

from flowengine.cli import logs, show, watching
from flowengine.cli.context import Desk, screen, write_json
from flowengine.distribution import installing
from flowengine.errors import Refused

try:
    import uvicorn

    from flowengine.web import make_app
except ModuleNotFoundError as missing:
    raise Refused(f"to serve over HTTP, {missing.name} must be installed", possible=(installing("web"),)) from missing

GRACE = 25
"""Seconds that requests have to end once the server is told to stop: longer than anybody may wait for work."""

QUEUE = 2048
"""Connections that may wait to be taken."""


class Server(uvicorn.Server):
    """A server that answers at once those who wait for work when it is told to stop, and then ends well."""

    def __init__(self, config: uvicorn.Config, stopping: Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        """The first signal stops it gracefully; another does not wait for requests that are under way."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping.set()


def serve(desk: Desk, host: str, port: int) -> None:
    """Listen, say where, and serve until a signal comes."""
    logs.configure(os.environ)
    engine = desk.engine()
    watching.watch(engine, os.environ)
    app = make_app(engine)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE, lifespan="off"
    )
    with _listening(host, port) as listening:
        address = _address(listening)
        if desk.json:
            write_json({"url": address, "database": desk.shown_address})
            sys.stdout.flush()  # whoever started it waits for the address
        else:
            show.line(screen(), (f"Serving {desk.shown_address} at ", "dim"), address, (". Ctrl-C stops it.", "dim"))
        Server(config, app.state.stopping).run([listening])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OSError, for one that is taken, or an address that is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=QUEUE)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), f"{host}:{port}") from None


def _address(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
