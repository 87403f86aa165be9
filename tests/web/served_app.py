"""The web application served on loopback, a client for it, and a process that waits for an external worker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI
from httpx import Client, Response
from waiting import join, until

from flowengine import Engine, SimulatedClock

HOOK_SECRET = "whsec_" + "c2l4dGVlbiBieXRlcyBhcmUgbmVlZGVkIGhlcmU="

ORDERING = """
process: ordering
title: Ordering
need: Cloth
states:
  need: {type: need, fields: {metres: {type: integer}}, next: order}
  order:
    type: service
    call: order_cloth
    input: {metres: data.need.metres}
    retry: {attempts: 3, first: PT10S}
    limit: PT1H
    on: {done: parcel, failed: sorry}
  parcel: {type: message, name: parcel, key: '"p" + string(data.need.metres)', on: {received: fulfilled}}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: No cloth}
"""


@dataclass
class Door:
    """A client with a token, or none."""

    client: Client
    app: FastAPI
    engine: Engine
    clock: SimulatedClock
    token: str

    def post(self, path: str, body: Any = None, *, token: str | None = None, **more: Any) -> Response:
        """Post JSON with the token; ``token=""`` shows none."""
        shown = self.token if token is None else token
        headers = {"authorization": f"Bearer {shown}"} if shown else {}
        if body is not None:
            more["json"] = body
        return self.client.post(path, headers=headers | more.pop("headers", {}), **more)

    def order(self) -> str:
        """Begin an order, whose service waits for an external worker."""
        return self.engine.start("ordering", by="ada", need={"metres": 3}).job

    def claim(self) -> dict[str, Any]:
        """Take the one call that is ready."""
        answer = self.post("/api/v1/calls/claim", {"worker": "saw-1"})
        assert answer.status_code == 200, answer.text
        (call,) = answer.json()["calls"]
        assert isinstance(call, dict)
        return call

    def state(self, job: str) -> str:
        track = self.engine.track(job, "olga")
        return track.where[0].state if track.where else track.status


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application served on a free port of loopback; its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
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
