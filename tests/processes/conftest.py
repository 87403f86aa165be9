"""Fixtures of the tests that run whole processes through the engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.samples import example
from flowengine.store import Database

MONDAY = datetime(2027, 1, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock that stands on a Monday morning."""
    return SimulatedClock(MONDAY)


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """An engine on each database in turn."""
    with Engine(database, clock=clock, handlers={}) as engine:
        yield engine


@pytest.fixture
def mill(tmp_path: Path, clock: SimulatedClock):
    """The pretend mill, in the clock's time."""
    example("bespoke_suit")
    from flowengine_examples.bespoke_suit.mill import Mill

    return Mill(tmp_path / "mill.db", today=lambda: clock.now().date())


@pytest.fixture
def till(tmp_path: Path):
    """The pretend till."""
    example("bespoke_suit")
    from flowengine_examples.bespoke_suit.till import Till

    return Till(tmp_path / "till.db")


@pytest.fixture
def checkout(tmp_path: Path):
    """The pretend till as the services of the templates know it: imported from the project, not from the sample."""
    from examples.bespoke_suit.till import Till

    return Till(tmp_path / "till.db")
