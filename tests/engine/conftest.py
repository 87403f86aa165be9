"""An engine on each database, in simulated time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from engine_flows import SUIT

from flowengine import Database, Engine, SimulatedClock


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """An engine with the small suit in use, and Ada, Ben, a tailor, a cutter and an operator."""
    with Engine(database, clock=clock, handlers={}) as engine:
        engine.deploy(SUIT)
        engine.add_customer("ada", "Ada", contact="ada@example.org")
        engine.add_customer("ben", "Ben")
        engine.add_staff("tom", "Tom", roles=["tailor"])
        engine.add_staff("cleo", "Cleo", roles=["cutter"])
        engine.add_staff("olga", "Olga", roles=["operator"])
        yield engine


@pytest.fixture
def suit(engine: Engine) -> Callable[..., str]:
    """Begins a suit for somebody and gives the job's id."""

    def begin(by: str = "ada", **more: object) -> str:
        return engine.start("small_suit", by=by, need={"occasion": "A wedding", **more}).job

    return begin


@pytest.fixture
def step_of(engine: Engine) -> Callable[[str, str], str]:
    """The id of the one step of a job that waits for somebody."""

    def find(job: str, who: str) -> str:
        (item,) = [item for item in engine.inbox(who, everything=True) if item.job == job]
        return item.id

    return find
