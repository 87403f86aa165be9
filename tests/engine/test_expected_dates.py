"""When jobs are expected to be finished, as the jobs before them have taught, and who is told so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.commands import counting
from flowengine.commands.expecting import expected
from flowengine.core.values import Actor
from flowengine.insight.expecting import Range, StateCounts
from flowengine.store import Transaction
from flowengine.store.codec import decode
from flowengine.store.insight import CountedTo, Insights

OLGA = Actor(kind="operator", id="olga")
DAY = timedelta(days=1)
Begin = Callable[..., str]

TABLE = """
process: table
title: A table made with you
need: A table
zone: Europe/London
roles: {maker: {title: Maker}}
states:
  need: {type: need, fields: {wood: {type: string}}, next: choose}
  choose: {type: choice, ask: Which wood?, choose: {wood: {from: [oak, ash]}}, within: P90D,
           on: {chosen: build, expired: gone}}
  build: {type: task, for: maker, next: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
always:
  withdraw: {by: customer, to: gone}
"""


def learn(engine: Engine) -> None:
    while counting.count(engine.shell)[0]:
        pass


def learnt(engine: Engine, process: str = "table") -> tuple[dict[str, StateCounts], str]:
    """What is stored of a process, archived jobs included, and its correction."""
    found: dict[str, StateCounts] = {}
    with engine.shell.reading() as tx:
        for state, _, body in tx.expected.of(process):
            counts = decode(body, StateCounts)
            there = found.setdefault(state, StateCounts())
            for kind in ("finished", "unfinished"):
                for mark, bins in getattr(counts, kind).items():
                    for rest, count in bins.items():
                        kept = getattr(there, kind).setdefault(mark, {})
                        kept[rest] = kept.get(rest, 0) + count
        return found, tx.expected.stamp(process)[1]


def told(engine: Engine, job: str) -> Range | None:
    engine.shell.learnt.clear()  # nobody waits a minute here
    with engine.shell.reading() as tx:
        return expected(engine.shell, tx, [job]).get(job)


@pytest.fixture
def table(engine: Engine) -> Begin:
    """Begins a table for somebody."""
    engine.deploy(TABLE)
    engine.add_staff("mia", "Mia", roles=["maker"])

    def begin(by: str = "ada") -> str:
        return engine.start("table", by=by, need={"wood": "oak"}).job

    return begin


@pytest.fixture
def made(engine: Engine, table: Begin, clock: SimulatedClock) -> Callable[[float, float], str]:
    """Makes a table: some days until the wood is chosen, and some to build it."""

    def live(choosing: float = 1, building: float = 10) -> str:
        job = table("ben")
        clock.advance(choosing * DAY)
        chosen(engine, job, "ben")
        clock.advance(building * DAY)
        built(engine, job)
        return job

    return live


def chosen(engine: Engine, job: str, by: str) -> None:
    (item,) = [one for one in engine.inbox(by, everything=True) if one.job == job]
    engine.act(item.id, "chosen", {"wood": "oak"}, by=by)


def built(engine: Engine, job: str) -> None:
    (item,) = [one for one in engine.inbox("mia") if one.job == job]
    engine.act(item.id, "done", by="mia")


def test_where_nothing_is_known_nothing_is_told(engine: Engine, table: Begin) -> None:
    """No file says how long it takes, and no job was ever finished: to nobody, anywhere."""
    job = table()
    learn(engine)
    assert engine.track(job, by="ada").expected is None
    assert engine.track(job, by="olga").expected is None
    assert [row.expected for row in engine.jobs(by="olga")] == [None]


def test_what_the_file_says_is_told_until_there_is_more(engine: Engine, table: Begin) -> None:
    """Those inside are told that no job is behind it; the customer is told the days alone."""
    engine.deploy(TABLE.replace("for: maker,", "for: maker, takes: P8D,").replace("oak?", "oak, now?"))
    job = table()
    chosen(engine, job, "ada")
    seen, inside = engine.track(job, by="ada").expected, engine.track(job, by="mia").expected
    assert seen is not None
    assert inside is not None
    assert seen.words == "Expected between Tue 12 May 2026 and Wed 20 May 2026"
    assert (seen.jobs, inside.jobs, inside.words) == (None, 0, seen.words)


def test_jobs_that_are_over_say_how_long_it_takes(
    engine: Engine, table: Begin, made: Callable[..., str], clock: SimulatedClock
) -> None:
    """To the customer, on worklists, in lists of jobs; how many jobs are behind it, to those inside."""
    for _ in range(20):
        made()
    learn(engine)
    job = table()
    chosen(engine, job, "ada")
    clock.advance(timedelta(hours=1))
    seen = engine.track(job, by="ada").expected
    assert seen is not None
    assert 9.5 < (seen.soonest - clock.now()) / DAY < 10.5
    assert seen.soonest <= seen.latest
    (item,) = engine.inbox("mia")
    (row,) = engine.jobs(status="open", by="mia")
    for told_inside in (item.expected, row.expected, engine.track(job, by="mia").expected):  # type: ignore[union-attr]
        assert told_inside is not None
        assert told_inside.jobs == 20
    assert all(not hasattr(one, "expected") for one in engine.inbox("ada", everything=True))
    assert engine.jobs(by="ada")[0].expected is None


def test_one_job_and_one_outlier(engine: Engine, table: Begin, made: Callable[..., str], clock: SimulatedClock) -> None:
    """One job is enough to be told something; one that took a year moves the middle of many but little."""
    made()
    learn(engine)
    job = table()
    chosen(engine, job, "ada")
    first = told(engine, job)
    assert first is not None
    assert first.jobs == 1
    built(engine, job)
    for _ in range(14):
        made()
    learn(engine)
    job = table()
    chosen(engine, job, "ada")
    before = told(engine, job)
    made(1, 365)
    learn(engine)
    again = table()
    chosen(engine, again, "ada")
    after = told(engine, again)
    assert before is not None
    assert after is not None
    assert 9 < (after.p50 - clock.now()) / DAY < 15


def test_what_is_over_suspended_or_withdrawn_is_not_expected(
    engine: Engine, table: Begin, made: Callable[..., str]
) -> None:
    """Nobody is told a date of it."""
    for _ in range(3):
        made()
    learn(engine)
    paused, left = table(), table()
    assert told(engine, paused) is not None
    engine.suspend(paused, because="The wood is wet", by="olga")
    engine.withdraw(left, by="ada")
    over = [row for row in engine.jobs(by="olga") if row.status != "open"]
    assert [row.expected for row in (*over, *engine.jobs(status="open", by="olga"))] == [None] * 5
    for job in (paused, left, over[0].id):
        assert told(engine, job) is None
    engine.resume(paused, because="It is dry", by="olga")
    assert told(engine, paused) is not None


def test_a_job_that_came_to_nothing_is_taken_out(engine: Engine, table: Begin) -> None:
    """While it was open it counted; then nothing of it is left."""
    job = table()
    learn(engine)
    assert set(learnt(engine)[0]) == {"", "choose"}
    engine.withdraw(job, by="ada")
    learn(engine)
    assert learnt(engine)[0] == {}


def test_jobs_that_stand_still_count_as_long_as_they_do(
    engine: Engine, table: Begin, made: Callable[..., str], clock: SimulatedClock
) -> None:
    """Ten tables wait for months beside those that were built in days: whoever begins now is told more, and each is
    looked at now and then, not all the time."""
    for _ in range(5):
        made()
    learn(engine)
    slow = [table() for _ in range(10)]
    for job in slow:
        chosen(engine, job, "ada")
    learn(engine)
    young = told(engine, slow[0])
    looks = 0
    for _ in range(60 * 4):
        clock.advance(timedelta(hours=6))
        while done := counting.count(engine.shell)[0]:
            looks += done
    assert 10 * 5 < looks < 10 * 20
    fresh = table()
    chosen(engine, fresh, "ada")
    later = told(engine, fresh)
    assert young is not None
    assert later is not None
    assert later.p50 - clock.now() > 2 * (young.p90 - clock.now() + 60 * DAY)


def test_who_counts_a_job_that_stands_still_at_the_same_time_counts_it_once(
    engine: Engine, table: Begin, clock: SimulatedClock
) -> None:
    """Two workers have read it as it was; what the second would add was added by the first."""
    table()
    learn(engine)
    clock.advance(7 * DAY)
    folded, struck = counting._folded, list[bool]()

    def strike(*given: Any) -> Any:
        found = folded(*given)
        if not struck:
            struck.append(True)
            assert counting.count(engine.shell) == (1, 0)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "_folded", strike)
        assert counting.count(engine.shell) == (0, 0)
    before = learnt(engine)
    counting.recount(engine.shell, OLGA)
    learn(engine)
    assert learnt(engine) == before


def test_counted_anew_it_is_what_it_was(
    engine: Engine, table: Begin, made: Callable[..., str], clock: SimulatedClock, tmp_path: Path
) -> None:
    """Also what archived jobs have taught; corrections stay, for they remember what was told."""
    for building in (3, 5, 8):
        made(2, building)
        learn(engine)
    table()
    learn(engine)
    assert learnt(engine)[1] not in ("", '{"middle":0.0,"late":0.0}')
    engine.run_due()
    clock.advance(30 * DAY)
    learn(engine)
    before = learnt(engine)
    assert engine.archive(clock.now() - 29 * DAY, tmp_path / "old.jsonl").jobs == 3
    assert learnt(engine) == before
    counting.recount(engine.shell, OLGA)
    learn(engine)
    assert learnt(engine) == before


def test_a_job_that_was_counted_before_there_were_dates_is_learnt_when_it_acts(
    engine: Engine, table: Begin, clock: SimulatedClock
) -> None:
    """Whole, from its first entry on; all else that was counted of it stays as it was."""
    job = table()
    learn(engine)

    def as_before(tx: Transaction) -> None:
        tx.expected.empty()
        (to, body), kept = tx.insights.life(job) or (CountedTo(), ""), {"fold": 1}
        life = {name: value for name, value in json.loads(body).items() if name != "trail"} | kept
        tx.insights.live(job, to.seq, json.dumps(life))

    engine.shell.keep(as_before)
    clock.advance(5 * DAY)
    assert counting.count(engine.shell) == (0, 0)
    chosen(engine, job, "ada")
    learn(engine)
    found = learnt(engine)[0]
    assert set(found) == {"", "choose", "build"}
    counting.recount(engine.shell, OLGA)
    learn(engine)
    assert learnt(engine)[0] == found


def test_what_is_learnt_holds_nothing_of_anybody(engine: Engine, made: Callable[..., str]) -> None:
    """State names and numbers, so that nothing has to be erased."""
    made()
    learn(engine)
    with engine.shell.reading() as tx:
        stored = str(tx.expected.of("table")) + str(tx.expected.stamp("table"))
    assert "ben" not in stored.casefold()
    assert "oak" not in stored


def test_a_clock_that_was_set_back_is_survived(
    engine: Engine, table: Begin, made: Callable[..., str], clock: SimulatedClock
) -> None:
    """What seems to begin later than now is taken as beginning now, in what is told and what is learnt."""
    for _ in range(5):
        made()
    learn(engine)
    job = table()
    before = clock.now()
    clock.set(before - 3 * DAY)
    found = told(engine, job)
    assert found is not None
    assert found.p50 >= clock.now()
    chosen(engine, job, "ada")
    learn(engine)
    assert engine.track(job, by="ada").expected is not None


def test_a_version_with_other_states_goes_by_what_it_knows(
    engine: Engine, table: Begin, made: Callable[..., str]
) -> None:
    """In a state that nobody has been in, by how long jobs take in all; a renamed one is learnt by its new name."""
    for _ in range(8):
        made()
    learn(engine)
    old = table("ben")
    chosen(engine, old, "ben")
    engine.deploy(TABLE.replace("build", "carpentry"))
    job = table()
    chosen(engine, job, "ada")
    found = told(engine, job)
    assert found is not None
    assert found.state == ""
    version = engine.track(job, by="olga").version
    engine.migrate(old, version, states={"build": "carpentry"}, because="It has another name", by="olga")
    learn(engine)
    built(engine, old)
    learn(engine)
    found = told(engine, job)
    assert found is not None
    assert (found.state, found.jobs) == ("carpentry", 1)


def test_a_history_that_cannot_be_read_teaches_nothing(
    engine: Engine, table: Begin, made: Callable[..., str], clock: SimulatedClock
) -> None:
    """The others do, and it is not looked at again and again."""
    made()
    broken = table()
    learn(engine)
    clock.advance(9 * DAY)
    looked, folded = list[str](), counting.lived

    def strike(known: object, customer: str, *given: Any) -> Any:
        looked.append(customer)
        if customer == "ada":
            raise ValueError("it is broken")
        return folded(known, customer, *given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "lived", strike)
        assert counting.count(engine.shell) == (0, 1)
        assert counting.count(engine.shell) == (0, 0)
    assert looked == ["ada"]
    assert told(engine, broken) is not None


def test_what_did_not_commit_was_not_learnt(engine: Engine, table: Begin) -> None:
    """Counting that fails at its end has learnt nothing."""
    table()

    def strike(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Insights, "live", strike)
        with pytest.raises(ZeroDivisionError):
            counting.count(engine.shell)
    assert learnt(engine) == ({}, "")


def test_somebody_elses_job_tells_no_date(engine: Engine) -> None:
    """A customer who takes part in it sees neither its promise nor when it is expected."""
    open_to = TABLE.replace("process: table", "process: shared").replace(
        "build: {type: task, for: maker, next: fulfilled}",
        "build: {type: task, for: customers, within: P30D, takes: P3D, on: {done: fulfilled, expired: gone}}",
    )
    engine.deploy(open_to)
    job = engine.start("shared", by="ada", need={"wood": "oak"}).job
    chosen(engine, job, "ada")
    (item,) = [one for one in engine.inbox("ben") if one.job == job]
    assert engine.track(job, by="ben").expected is None
    assert engine.track(job, by="ada").expected is not None
    assert not hasattr(item, "expected")
