"""The clock that follows the database's: all machines agree, and no jump of one machine's clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from flowengine import Engine, SimulatedClock
from flowengine.clock import FollowingClock, SystemClock
from flowengine.errors import ConnectionLost
from flowengine.store import Database

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


def tended(clock: FollowingClock) -> datetime:
    """The time after the clock was seen to, as before each transaction."""
    clock.tend()
    return clock.now()


def test_the_clock_goes_with_the_servers_and_asks_once_a_minute(world: World, clock: FollowingClock) -> None:
    """Between two questions a minute apart, the time is carried on without asking."""
    for seconds in (0.0, 1.0, 58.0):
        world.pass_by(seconds)
        assert tended(clock) == world.there
    assert world.asked == 1
    world.pass_by(2)
    assert tended(clock) == world.there
    assert world.asked == 2


def test_a_server_whose_clock_was_set_is_followed(world: World, clock: FollowingClock) -> None:
    """An hour's jump of the server's clock, either way, is taken over with the next question."""
    clock.now()
    for jump in (timedelta(hours=1), -timedelta(hours=2)):
        world.there += jump
        world.pass_by(61)
        assert tended(clock) == world.there


def test_a_slow_answer_does_not_move_the_clock(world: World, clock: FollowingClock) -> None:
    """An answer that took four seconds says nothing about half a second."""
    clock.now()
    world.slow = 4.0
    world.pass_by(61)
    before = world.there
    assert tended(clock) == before + timedelta(seconds=4)
    assert world.asked == 2


def test_who_reads_the_clock_never_asks(world: World, clock: FollowingClock) -> None:
    """However long ago the server was asked, and whether or not it answered, the clock is read without a question: who
    reads it may hold a connection."""
    clock.tend()
    for away in (False, True):
        world.away = away
        world.pass_by(3600)
        assert clock.now() == world.there
    assert world.asked == 1


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
        assert tended(clock) == world.there
    assert world.asked == 3


def server_time(url: str) -> datetime:
    """What time it is on the server, asked on a connection of its own."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        (moment,) = connection.execute("SELECT clock_timestamp()").fetchone() or (NOON,)
    assert isinstance(moment, datetime)
    return moment


def set_back(url: str) -> None:
    """From now on the server tells a time that is years back, to whoever asks."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA years_back")
        connection.execute(
            "CREATE FUNCTION years_back.clock_timestamp() RETURNS timestamptz LANGUAGE sql "
            "AS $$ SELECT pg_catalog.clock_timestamp() - interval '25 years' $$"
        )
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET search_path = years_back, pg_catalog, public")


def test_an_engine_on_postgresql_goes_by_the_servers_clock(empty_postgres_url: str) -> None:
    """It may stand years back from the machine's own: the engine has the server's time; a given clock is obeyed."""
    set_back(empty_postgres_url)
    with Engine(empty_postgres_url) as engine:
        before, now, after = server_time(empty_postgres_url), engine.clock.now(), server_time(empty_postgres_url)
        assert before - timedelta(minutes=1) < now < after + timedelta(minutes=1)
        assert now < SystemClock().now() - timedelta(days=24 * 365)
    given = SimulatedClock(NOON)
    with Engine(empty_postgres_url, clock=given) as engine:
        assert engine.clock is given


class Unsteady(Database):
    """A database of which the first two reads find the server away; ``events`` are its reads and writes."""

    def __init__(self, driver: Any, *more: Any) -> None:
        noting = UnsteadyDriver(driver)
        super().__init__(noting, *more)
        self.events = noting.events


class UnsteadyDriver:
    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.events: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.driver, name)

    def begin_reading(self) -> Any:
        self.events.append("read")
        if self.events.count("read") < 3:
            raise ConnectionLost("away")
        return self.driver.begin_reading()

    def once(self, work: Any) -> Any:
        self.events.append("write")
        return self.driver.once(work)


def test_no_transaction_asks_for_the_time(postgres_url: str) -> None:
    """With one connection for each thread, a transaction that asked for the time would wait for itself: it is asked for
    before, at each try, and work is not begun before it is known."""
    with Unsteady.open(postgres_url, timeout=5, check=False) as database:
        assert isinstance(database, Unsteady)
        clock = database.clock()
        assert isinstance(database.keep(lambda _: clock.now()), datetime)
        assert database.events == ["read", "read", "read", "write"]


def test_an_engine_on_sqlite_goes_by_the_machines_clock(sqlite_url: str) -> None:
    """A file has no clock of its own."""
    with Engine(sqlite_url) as engine:
        assert isinstance(engine.clock, SystemClock)
