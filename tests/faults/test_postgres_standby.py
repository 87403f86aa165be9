"""A standby is promoted while jobs run: nothing that was acknowledged is lost (L2), and all find the new primary."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from servers import Server, both, clusters, primary_and_standby
from talking import Crowd, begin, engine_on, engines_on, prepare, said

from flowengine.errors import ConnectionLost, StoreError


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    with primary_and_standby() as pair:
        pair[0].execute("CREATE DATABASE flow")
        prepare(pair[0].url("flow"))
        yield pair


def test_a_promotion_under_load_loses_nothing(pair: tuple[Server, Server]) -> None:
    """The primary dies under load and its synchronous standby takes over: each acknowledged act is there, once, and
    the clients go on with one address, without being told."""
    primary, standby = pair
    with engines_on(both("flow", primary, standby), 4, timeout=60) as engines:
        with Crowd(engines) as crowd:
            crowd.until(30)
            primary.stop("immediate")
            standby.promote()
            crowd.until(30)
        assert crowd.errors == []
        with engine_on(standby.url("flow")) as there:
            crowd.check(there)


def test_a_standby_takes_no_writes_and_says_so(pair: tuple[Server, Server]) -> None:
    """Connected to the standby by mistake, work is refused as not kept, as by a server that is away; once the standby
    is promoted, the same engine goes on."""
    primary, standby = pair
    with engine_on(primary.url("flow")) as engine:
        job = begin(engine)
    standby.until(lambda: has_replayed_a_job(standby), "replay what it has on its disk")
    with engine_on(standby.url("flow"), patience=0.2) as engine:
        assert engine.track(job, by="ada").job == job
        with pytest.raises(ConnectionLost, match="takes no writes") as raised:
            engine.say(job, "hello", by="ada")
        assert not raised.value.in_doubt
        primary.stop("immediate")
        standby.promote()
        engine.say(job, "hello", by="ada")
        assert said(engine, job) == ["hello"]


def has_replayed_a_job(standby: Server) -> bool:
    """Whether there is a job to be read. What was acknowledged is on the standby's disk; to be seen, it has to be
    replayed, and on a busy machine not even the database is there at first."""
    try:
        return bool(standby.execute("SELECT 1 FROM flow_jobs", database="flow"))
    except psycopg.Error:
        return False


def test_nothing_is_acknowledged_that_the_standby_has_not(pair: tuple[Server, Server]) -> None:
    """While the synchronous standby is down no act is acknowledged: it stays in doubt, and is done once when the
    standby is back and the request is repeated with its key."""
    primary, standby = pair
    with engine_on(primary.url("flow"), timeout=0.5, patience=0.5, answer=1) as engine:
        job = begin(engine, "a start")
        standby.stop("immediate")
        with pytest.raises(StoreError) as raised:
            engine.say(job, "hello", by="ada", key="once")
        assert isinstance(raised.value, ConnectionLost)
        assert raised.value.in_doubt
        standby.start()
        primary.until(lambda: bool(primary.sync_standbys()), "have its standby back")
    with engine_on(primary.url("flow")) as engine:
        engine.say(job, "hello", by="ada", key="once")
        assert said(engine, job) == ["hello"]


def test_what_the_primary_kept_by_itself_is_not_acknowledged_either(pair: tuple[Server, Server]) -> None:
    """A primary that ends sessions which wait for the standby keeps their acts by itself. Whoever asks again with the
    same key is told nothing until the standby has them as well (L2)."""
    primary, standby = pair
    with engine_on(primary.url("flow"), timeout=0.5, patience=0.5, answer=1) as engine:
        job = begin(engine, "a start")
        standby.stop("immediate")
        for ask, key in (
            (lambda: begin(engine, "another"), "another"),
            (lambda: engine.say(job, "hello", by="ada", key="once"), "once"),
        ):
            with pytest.raises(ConnectionLost):
                ask()
            primary.until(lambda key=key: kept_by_itself(primary, key), "end those who wait")  # type: ignore[misc]
            with pytest.raises(ConnectionLost) as raised:
                ask()
            assert raised.value.in_doubt
        standby.start()
        primary.until(lambda: bool(primary.sync_standbys()), "have its standby back")
    with engine_on(primary.url("flow")) as engine:
        assert begin(engine, "a start") == job
        assert begin(engine, "another") == begin(engine, "another") != job
        engine.say(job, "hello", by="ada", key="once")
        assert said(engine, job) == ["hello"]


def kept_by_itself(primary: Server, key: str) -> bool:
    """End all sessions that wait for the standby; whether the receipt under this key is there."""
    primary.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    return bool(primary.execute("SELECT 1 FROM flow_receipts WHERE key = %s", key, database="flow"))


def test_the_servers_are_gone_at_the_end() -> None:
    """The folder and the processes of a cluster go with it."""
    with clusters() as make:
        server = make("single")
        before = (server.running, server.folder.exists())
    assert (before, server.running, server.folder.exists()) == ((True, True), False, False)
