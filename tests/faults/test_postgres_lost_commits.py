"""A commit whose answer was lost is found, or done again: each act is in the history once (L2, L3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from proxy import Proxy
from servers import Server, clusters
from talking import begin, engine_on, prepare, said

from flowengine import Engine
from flowengine.errors import ConnectionLost


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with clusters() as make:
        server = make("single")
        server.execute("CREATE DATABASE flow")
        prepare(server.url("flow"))
        yield server


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with Proxy(server.socket) as proxy:
        yield proxy


@pytest.fixture
def engine(proxy: Proxy) -> Iterator[Engine]:
    with engine_on(proxy.url("flow")) as engine:
        yield engine


@pytest.fixture
def witness(server: Server) -> Iterator[Engine]:
    """An engine that is not behind the proxy."""
    with engine_on(server.url("flow")) as engine:
        yield engine


def jobs(engine: Engine) -> set[str]:
    """All jobs that there are."""
    with engine.database.reading() as tx:
        return set(tx.jobs.ids())


@pytest.mark.parametrize("when", ["before", "after", "racing"])
def test_an_act_is_done_once_though_its_answer_was_lost(
    engine: Engine, proxy: Proxy, witness: Engine, when: str
) -> None:
    """Without a request key, and whether or not the server had done the commit, an act is in the history once."""
    job = begin(engine)
    for number in range(3):
        proxy.lose_commit(when)
        receipt = engine.say(job, f"word {number}", by="ada")
        assert proxy.lost == number + 1
        assert receipt.seq == number + 2
    assert said(witness, job) == ["word 0", "word 1", "word 2"]


@pytest.mark.parametrize("when", ["before", "after", "racing"])
@pytest.mark.parametrize("key", [None, "a key"])
def test_a_job_is_begun_once_though_the_answer_was_lost(
    engine: Engine, proxy: Proxy, witness: Engine, when: str, key: str | None
) -> None:
    """A start whose answer was lost gives one job, the one in its receipt."""
    before = jobs(witness)
    proxy.lose_commit(when)
    job = begin(engine, key and f"{key} {when}")
    assert proxy.lost == 1
    assert jobs(witness) - before == {job}
    if key:
        assert begin(engine, f"{key} {when}") == job


@pytest.mark.parametrize("when", ["before", "after", "racing"])
def test_a_ballot_is_cast_once_though_its_answer_was_lost(
    engine: Engine, proxy: Proxy, witness: Engine, when: str
) -> None:
    """Each ballot is in the box once, also the one with which the vote closes; and so is one that is cast anew."""
    job = engine.start("meeting", by="ada").job
    (step,) = [item.id for item in engine.inbox("ada") if item.job == job]
    for place, (who, what) in enumerate([("ada", "defend"), ("ada", "attack"), ("ben", "attack"), ("cid", "attack")]):
        proxy.lose_commit(when)
        receipt = engine.act(step, "vote", {"for": what}, by=who)
        assert proxy.lost == place + 1
        assert receipt.status == ("fulfilled" if who == "cid" else "open")
    vote = witness.data(job)["vote"]
    assert (vote["winner"], vote["cast"], vote["tally"]) == ("attack", 3, {"attack": 3, "defend": 0})
    assert len(witness.history(job)) == 2
    assert witness.audit(job).fine


def test_a_commit_that_is_still_under_way_is_waited_for(engine: Engine, proxy: Proxy, witness: Engine) -> None:
    """The client is cut off while its commit is still on the way: nobody answers before it has arrived, and then it
    is found, not done again."""
    job = begin(engine)
    proxy.lose_commit("late")
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(engine.say(job, "late", by="ada").seq))
    thread.start()
    thread.join(0.5)
    assert not done, "the job's lock is held by a transaction that may yet be kept"
    proxy.release()
    thread.join(60)
    assert done == [2]
    assert said(witness, job) == ["late"]


def test_a_start_that_is_still_under_way_is_not_done_twice(engine: Engine, proxy: Proxy, witness: Engine) -> None:
    """A job has no row to wait for before it is begun: done again under its id, the start meets the first one."""
    before = jobs(witness)
    proxy.lose_commit("late")
    begun: list[str] = []
    thread = threading.Thread(target=lambda: begun.append(begin(engine)))
    thread.start()
    thread.join(0.5)
    proxy.release()
    thread.join(60)
    assert jobs(witness) - before == set(begun)
    assert len(begun) == 1


def test_what_cannot_be_found_out_is_said(proxy: Proxy, witness: Engine) -> None:
    """When the server stays away after a commit was sent, the error says that it is in doubt; asked again with the
    same key, the act is done once."""
    with engine_on(proxy.url("flow"), patience=0.3) as engine:
        job = begin(engine)
        proxy.lose_commit("after", and_refuse=True)
        with pytest.raises(ConnectionLost) as raised:
            engine.say(job, "hello", by="ada", key="once")
        assert raised.value.in_doubt
        proxy.heal()
        engine.say(job, "hello", by="ada", key="once")
        assert said(witness, job) == ["hello"]
