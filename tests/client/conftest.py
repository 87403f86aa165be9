"""The small shop, and desks on it: near on each database, and far, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from served_engine import serving_engine, token_of
from small_shop import SHOP, Desks

from flowengine import Engine, SimulatedClock
from flowengine.client import Desk, LocalDesk, RemoteDesk


@pytest.fixture(params=["sqlite", "postgresql", "server"])
def place(request: pytest.FixtureRequest) -> str:
    """Where the desk stands: on the engine and one of its databases, or before a server."""
    kind: str = request.param
    return kind


@pytest.fixture
def clock() -> SimulatedClock:
    """The time of the shop."""
    return SimulatedClock(datetime(2027, 1, 4, 10, tzinfo=UTC))


@pytest.fixture
def engine(request: pytest.FixtureRequest, place: str, clock: SimulatedClock) -> Iterator[Engine]:
    """The small shop, with its people; a server has it on SQLite."""
    url: str = request.getfixturevalue("postgres_url" if place == "postgresql" else "sqlite_url")
    with Engine(url, clock=clock) as engine:
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada", "ada@example.org")
        engine.add_customer("ben", "Ben")
        engine.add_staff("tom", "Tom", ["maker"])
        engine.add_staff("olga", "Olga", ["operator"])
        yield engine


@pytest.fixture
def desk(engine: Engine, place: str) -> Iterator[Desks]:
    """Desks on the shop."""
    with ExitStack() as stack:
        if place != "server":
            yield lambda person: LocalDesk(engine, person or None)
            return
        url = stack.enter_context(serving_engine(engine))

        def far(person: str) -> Desk:
            return stack.enter_context(RemoteDesk(url, token_of(engine, person)))

        yield far
