"""The clock that follows the database's: all machines agree, and no jump of one machine's clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from flowengine import Engine, SimulatedClock
from flowengine.clock import FollowingClock, SystemClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class World:
    """A server's clock, which can be set and can be away, and a steady one that only goes on."""

    def __init__(self) -> None:
        self.there = NOON
        self.steady = 1000.0
        self.away = False
        self.slow = 0.0
        self.asked = 0

    def ask(self) -> datetime:
        self.asked += 1
        if self.away:
            raise ConnectionError
        self.pass_by(self.slow)
        return self.there

    def pass_by(self, seconds: float) -> None:
        self.there += timedelta(seconds=seconds)
        self.steady += seconds


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock(world: World) -> FollowingClock:
    return FollowingClock(world.ask, away=ConnectionError, steady=lambda: world.steady)


def test_the_clock_goes_with_the_servers_and_asks_once_a_minute(world: World, clock: FollowingClock) -> None:
    """Between two questions a minute apart, the time is carried on without asking."""
    for seconds in (0.0, 1.0, 58.0):
        world.pass_by(seconds)
        assert clock.now() == world.there
    assert world.asked == 1
    world.pass_by(2)
    assert clock.now() == world.there
    assert world.asked == 2


def test_a_server_whose_clock_was_set_is_followed(world: World, clock: FollowingClock) -> None:
    """An hour's jump of the server's clock, either way, is taken over with the next question."""
    clock.now()
    for jump in (timedelta(hours=1), -timedelta(hours=2)):
        world.there += jump
        world.pass_by(61)
        assert clock.now() == world.there


def test_a_slow_answer_does_not_move_the_clock(world: World, clock: FollowingClock) -> None:
    """An answer that took four seconds says nothing about half a second."""
    clock.now()
    world.slow = 4.0
    world.pass_by(61)
    before = world.there
    assert clock.now() == before + timedelta(seconds=4)
    assert world.asked == 2


def test_the_clock_runs_on_while_nobody_answers(world: World, clock: FollowingClock) -> None:
    """A server that is away is asked again a minute later; at the first use its absence is an error."""
    world.away = True
    with pytest.raises(ConnectionError):
        clock.now()
    world.away = False
    clock.now()
    world.away = True
    for seconds in (61.0, 30.0):
        world.pass_by(seconds)
        assert clock.now() == world.there
    assert world.asked == 3


def server_time(url: str) -> datetime:
    """What time it is on the server, asked on a connection of its own."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        (moment,) = connection.execute("SELECT clock_timestamp()").fetchone() or (NOON,)
    assert isinstance(moment, datetime)
    return moment


def test_an_engine_on_postgresql_goes_by_the_servers_clock(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own clock may stand years back: the engine has the server's time; a given clock is obeyed."""
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    monkeypatch.setattr("flowengine.clock.datetime", type("Wrong", (datetime,), {"now": lambda _: long_ago}))
    assert SystemClock().now() == long_ago
    with Engine(postgres_url) as engine:
        before, now, after = server_time(postgres_url), engine.clock.now(), server_time(postgres_url)
        assert before - timedelta(minutes=1) < now < after + timedelta(minutes=1)
    given = SimulatedClock(NOON)
    with Engine(postgres_url, clock=given) as engine:
        assert engine.clock is given


def test_an_engine_on_sqlite_goes_by_the_machines_clock(sqlite_url: str) -> None:
    """A file has no clock of its own."""
    with Engine(sqlite_url) as engine:
        assert isinstance(engine.clock, SystemClock)
