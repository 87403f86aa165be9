"""The web application on a database of its own, in simulated time, served on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from httpx import Client
from served_app import HOOK_SECRET, ORDERING, Door, served

from flowengine import Engine, Settings, SimulatedClock
from flowengine.web import make_app


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
