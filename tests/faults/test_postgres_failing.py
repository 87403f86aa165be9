"""PostgreSQL goes away and comes back: connections are replaced, work is done again, waits are bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from proxy import Proxy
from servers import Make, Server, clusters
from talking import Crowd, begin, engine_on, engines_on, prepare, said

from flowengine import Engine
from flowengine.errors import ConnectionLost, DatabaseBusy, StoreError
from flowengine.store import Database, Transaction
from flowengine.store import tables as t
from flowengine.store.query import Query, param

_ID = t.jobs.c.id == param("of_job")
TOUCH = Query("touch", "Write a job's row as it is.", sa.update(t.jobs).where(_ID).values(updated=t.jobs.c.updated))
NONSENSE = Query("nonsense", "Divide by zero.", sa.select(sa.literal_column("1 / 0")))


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with clusters() as make:
        yield make


@pytest.fixture(scope="module")
def server(make: Make) -> Server:
    server = make("single")
    server.execute("CREATE DATABASE flow")
    prepare(server.url("flow"))
    return server


@pytest.fixture
def engine(server: Server) -> Iterator[Engine]:
    with engine_on(server.url("flow"), timeout=60) as engine:
        yield engine


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_under_load_loses_nothing(server: Server, mode: str) -> None:
    """While four clients act, the server is stopped and started again: each acknowledged act is in the history once,
    and nobody had to be told."""
    with engines_on(server.url("flow"), 4, timeout=60) as engines:
        with Crowd(engines) as crowd:
            for _ in range(3):
                crowd.until(20)
                server.restart(mode)
            crowd.until(20)
        assert crowd.errors == []
        crowd.check(engines[0])


def test_a_restart_between_acts_is_not_noticed(server: Server, engine: Engine) -> None:
    """Connections that died in their pools are replaced before they are used, by writers and by readers."""
    job = begin(engine)
    engine.track(job, by="ada")
    server.restart("fast")
    assert engine.track(job, by="ada").job == job
    with engine.database.writing() as tx:  # a block that is not done again
        assert tx.jobs.lock(job).seq == 1
    server.restart("immediate")
    with engine.database.writing() as tx:
        assert tx.jobs.lock(job).seq == 1
    engine.say(job, "still here", by="ada")
    assert said(engine, job) == ["still here"]


def test_a_server_that_stays_away_is_reported_as_such(make: Make) -> None:
    """While the server is down, work is refused as not kept; when it is back, the same engine goes on."""
    server = make("away")
    server.execute("CREATE DATABASE flow")
    prepare(server.url("flow"))
    with engine_on(server.url("flow"), patience=0.2) as engine:
        job = begin(engine)
        server.stop("immediate")
        with pytest.raises(ConnectionLost, match="could not be reached") as raised:
            engine.say(job, "hello", by="ada")
        assert not raised.value.in_doubt
        server.start()
        engine.say(job, "hello again", by="ada")
        assert said(engine, job) == ["hello again"]


@pytest.mark.parametrize(
    "words",
    [
        "the database system is starting up",
        "the database system is shutting down",
        "the database system is in recovery mode",
        "the database system is not yet accepting connections",
        "sorry, too many clients already",
        "remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ],
)
def test_a_server_that_does_not_take_connections_yet_counts_as_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """What a server says while it starts, stops, recovers or is full is no mistake of the user's: it is tried again."""
    real, tries = psycopg.connect, []

    def connect(*arguments: object, **named: object) -> object:
        tries.append(1)
        if len(tries) < 3:
            raise psycopg.OperationalError(f"connection failed: FATAL:  {words}")
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(psycopg, "connect", connect)
    begin(engine)
    assert len(tries) >= 3


def test_a_wrong_role_is_the_users_mistake(server: Server) -> None:
    """A refusal that no waiting mends is not tried again."""
    with pytest.raises(StoreError, match="refused the connection") as raised:
        Database.open(server.url("flow").replace("postgres@", "nobody_here@"))
    assert not isinstance(raised.value, ConnectionLost)


def test_an_answer_that_never_comes_is_not_waited_for_for_ever(server: Server) -> None:
    """In a black hole behind a proxy that takes everything, writers and readers get a ConnectionLost in time; an act
    is done again when the network is back, and is done once."""
    with (
        Proxy(server.socket) as proxy,
        engine_on(proxy.url("flow", connect_timeout="3"), timeout=1, patience=60, answer=2) as engine,
    ):
        job = begin(engine)
        engine.track(job, by="ada")
        proxy.blackhole()
        with pytest.raises(ConnectionLost) as raised:
            engine.track(job, by="ada")
        assert not raised.value.in_doubt
        done: list[int] = []
        thread = threading.Thread(target=lambda: done.append(engine.say(job, "hello", by="ada").seq))
        thread.start()
        thread.join(3)
        assert not done
        proxy.heal()
        thread.join(60)
        assert said(engine, job) == ["hello"]


def test_a_deadlock_is_resolved_by_doing_one_again(engine: Engine) -> None:
    """Two pieces of work that lock two jobs crosswise are both kept: the one that was broken off is done again."""
    jobs = [begin(engine), begin(engine)]
    met = threading.Barrier(2)
    tries: list[str] = []

    def lock(first: str, second: str) -> None:
        def work(tx: Transaction) -> None:
            tries.append(first)
            tx.jobs.lock(first)
            if len(tries) <= 2:
                met.wait(60)
            tx.jobs.lock(second)

        engine.database.keep(work)

    threads = [threading.Thread(target=lock, args=(jobs[n], jobs[1 - n])) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(tries) >= 3


def test_the_first_jobs_of_a_new_customer_are_begun_at_once(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Starts at the same moment by somebody whom nobody knows yet enter him once, and each begins its job; two with the
    same key begin one. The driver complains to nobody."""
    keys = ["the same", "the same", None, None, None, "another"]
    for name in ("cleo", "dan", "eve"):
        with engines_on(server.url("flow"), len(keys), timeout=60) as engines:
            met = threading.Barrier(len(keys))

            def start(engine: Engine, key: str | None, by: str = name, met: threading.Barrier = met) -> str:
                met.wait(60)
                return engine.start("talk", by=by, need={"subject": "a suit"}, key=key).job

            with ThreadPoolExecutor(len(keys)) as pool:
                begun = list(pool.map(start, engines, keys))
            assert begun[0] == begun[1]
            assert len(set(begun)) == len(keys) - 1
            with engines[0].database.reading() as tx:
                assert tx.people.get(name) is not None
    assert [record.getMessage() for record in caplog.records if record.name == "psycopg"] == []


def test_serialization_failures_are_done_again(server: Server) -> None:
    """Where the operator made every transaction serializable, acts on one job cross and are all kept, once."""
    server.execute("CREATE DATABASE strict")
    prepare(server.url("strict"))
    server.execute("ALTER DATABASE strict SET default_transaction_isolation = 'serializable'")
    with engine_on(server.url("strict"), timeout=60) as engine:
        job = begin(engine)
        tries: list[int] = []
        met = threading.Barrier(2)

        def slow(number: int) -> None:
            def work(tx: Transaction) -> None:
                tries.append(number)
                tx.jobs.get(job)
                if len(tries) <= 2:
                    met.wait(60)  # both have their snapshot, so one of them comes too late
                tx.jobs.lock(job)
                tx.channel.write(TOUCH, {"of_job": job})

            engine.database.keep(work)

        threads = [threading.Thread(target=slow, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(tries) >= 3


def test_work_that_always_crosses_is_given_up(engine: Engine) -> None:
    """After a few tries the collision is told to the caller."""
    tries: list[int] = []

    def work(_: Transaction) -> None:
        tries.append(1)
        raise DatabaseBusy("crossed", collided=True)

    with pytest.raises(DatabaseBusy):
        engine.database.keep(work)
    assert len(tries) == 6


def test_a_commit_after_a_failed_statement_is_refused(engine: Engine) -> None:
    """Work that swallows the error of a statement cannot be kept, and is told so, though the server says nothing."""
    job = begin(engine)

    def work(tx: Transaction) -> None:
        with pytest.raises(StoreError):
            tx.channel.one(NONSENSE, {"of_job": job})

    with pytest.raises(StoreError, match="nothing of it was kept"):
        engine.database.keep(work)
