"""The web application on a database of its own, in simulated time, served on loopback; and a client for it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from httpx import Client, Response

from flowengine import Engine, Settings, SimulatedClock
from flowengine.web import make_app

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


@pytest.fixture
def door(sqlite_url: str) -> Iterator[Door]:
    """The application with a worker's token for order_cloth."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    settings = Settings(hook_secrets={"parcel": HOOK_SECRET})
    with Engine(sqlite_url, clock=clock, handlers={}, settings=settings) as engine:
        engine.deploy(ORDERING)
        engine.add_customer("ada", "Ada")
        engine.add_staff("olga", "Olga", roles=["operator"])
        token = engine.issue_token("worker", "mill", handlers=["order_cloth"]).token
        app = make_app(engine)
        with served(app) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
            yield Door(client, app, engine, clock, token)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application served on a free port of loopback; its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            app.state.stopping.set()
            server.should_exit = True
            thread.join(60)
