"""An engine behind the server that ``flow serve`` runs, on loopback, in a thread of the test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from waiting import join, until

from flowengine import Engine
from flowengine.web import make_app
from flowengine.web.serving import Server


@contextmanager
def serving_engine(engine: Engine) -> Iterator[str]:
    """The server's address, as long as the block lasts. The engine stays the caller's to close."""
    app = make_app(engine)
    server = Server(app)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started or not thread.is_alive())
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            app.state.stopping.set()
            server.should_exit = True
            join(thread)


def token_of(engine: Engine, person: str = "") -> str:
    """A token by which that person asks over HTTP; without one, the program itself."""
    return engine.issue_token("operator", person or "the program").token
