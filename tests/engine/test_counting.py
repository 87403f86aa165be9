"""What jobs teach is counted as they act, once, whoever counts and whatever crashes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.commands import counting
from flowengine.core.values import Actor
from flowengine.insight.cells import Cell, Key
from flowengine.store.codec import decode
from flowengine.store.insight import Insights

OLGA = Actor(kind="operator", id="olga")
Suit = Callable[..., str]
StepOf = Callable[[str, str], str]


def cells(engine: Engine) -> dict[Key, Cell]:
    with engine.shell.reading() as tx:
        found = tx.insights.of("small_suit", 0, 999_912, high="z")
    summed: dict[Key, Cell] = {}
    for one in found:
        summed[Key(*one[:-1])] = decode(one.body, Cell)
    return summed


def count_all(engine: Engine) -> int:
    done = 0
    while now := counting.count(engine.shell)[0]:
        done += now
    return done


def behind(engine: Engine) -> int:
    with engine.shell.reading() as tx:
        return tx.insights.behind(1_000)


def test_an_act_leaves_its_job_to_be_counted(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A job waits to be counted once it began and after each act, and no more than once."""
    job = suit()
    assert behind(engine) == 1
    assert count_all(engine) == 1
    assert behind(engine) == 0
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    assert behind(engine) == 1
    assert counting.count(engine.shell) == (1, 0)
    assert counting.count(engine.shell) == (0, 0)


def test_a_look_leaves_a_job_counted(engine: Engine, suit: Suit) -> None:
    """Who looks, and who is refused, changes nothing that had to be counted."""
    job = suit()
    count_all(engine)
    engine.track(job, "ada")
    engine.history(job, by="olga")
    assert behind(engine) == 0


def test_counting_as_it_happens_comes_to_what_counting_anew_does(
    engine: Engine, suit: Suit, step_of: StepOf, clock: SimulatedClock
) -> None:
    """Counted after each act, or all at once from the histories: the cells are the same."""
    for who in ("ada", "ben"):
        job = suit(who)
        count_all(engine)
        clock.advance(timedelta(days=40))
        if who == "ada":
            continue  # her choice has expired by then
        engine.act(step_of(suit(who), who), "chosen", {"cloth": "grey"}, by=who)
        count_all(engine)
        engine.run_due()
        assert engine.track(job, "olga").status == "ended"
    count_all(engine)
    before = cells(engine)
    assert {key.month for key in before} == {202605, 202606, 202607}
    counting.recount(engine.shell, OLGA)
    assert cells(engine) == {}
    assert behind(engine) == 3
    assert count_all(engine) == 3
    assert cells(engine) == before


def test_counting_anew_goes_on_while_jobs_act(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """A job that acts in the middle of counting anew is counted once, with all that it has done."""
    jobs = [suit("ada") for _ in range(5)]
    count_all(engine)
    counting.recount(engine.shell, OLGA)
    counting.count(engine.shell, most=2)
    for job in (jobs[0], jobs[4]):
        engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    suit("ben")
    while counting.count(engine.shell, most=2)[0]:
        pass
    found = cells(engine)
    assert behind(engine) == 0
    assert found[Key(202605, "", "started", "", "")].n == 6
    assert found[Key(202605, "", "chosen", "choose", "cloth=navy")].n == 2


def test_what_did_not_commit_was_not_counted(engine: Engine, suit: Suit) -> None:
    """Counting that fails at its end has counted nothing, and the next counts all."""
    suit()

    class Broken(Exception):
        pass

    def strike(*_: object) -> None:
        raise Broken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Insights, "live", strike)
        with pytest.raises(Broken):
            counting.count(engine.shell)
    assert cells(engine) == {}
    count_all(engine)
    assert cells(engine)[Key(202605, "", "started", "", "")].n == 1


@pytest.mark.parametrize("meanwhile", ["an act", "a count"])
def test_what_happens_while_a_history_is_read_is_left_for_the_next_time(
    engine: Engine, suit: Suit, step_of: StepOf, meanwhile: str
) -> None:
    """The job acts, or another counts it, between reading and writing: that is not counted twice, nor forgotten."""
    job = suit()
    lived, struck = counting.lived, list[str]()

    def strike(*given: Any) -> Any:
        if not struck:
            struck.append(meanwhile)
            if meanwhile == "an act":
                engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
            else:
                assert counting.count(engine.shell) == (1, 0)
        return lived(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "lived", strike)
        assert counting.count(engine.shell) == (0, 0)
    assert behind(engine) == (1 if meanwhile == "an act" else 0)
    count_all(engine)
    found = cells(engine)
    assert found[Key(202605, "", "started", "", "")].n == 1
    assert len([key for key in found if key.measure == "chosen" and not key.segment]) == (meanwhile == "an act")


def test_several_who_count_at_once_count_each_fact_once(engine: Engine, suit: Suit, step_of: StepOf) -> None:
    """Four threads count while jobs begin and act: no deadlock, and nothing is counted twice or forgotten."""
    done, troubles = [False], list[BaseException]()

    def keep_counting() -> None:
        try:
            while not done[0]:
                counting.count(engine.shell, most=3)
        except BaseException as error:
            troubles.append(error)

    threads = [Thread(target=keep_counting) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(12):
        job = suit("ben")
        engine.act(step_of(job, "ben"), "chosen", {"cloth": "navy"}, by="ben")
    done[0] = True
    for thread in threads:
        thread.join(60)
    assert troubles == []
    count_all(engine)
    found = cells(engine)
    assert found[Key(202605, "", "chosen", "choose", "cloth=navy")].n == 12
    assert found[Key(202605, "", "started", "", "")].n == 12


def test_a_history_that_cannot_be_read_holds_up_nobody(
    engine: Engine, suit: Suit, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken history is told of, and the others are counted."""
    suit("ada"), suit("ben")
    broken = Exception("it is broken")
    lived = counting.lived

    def strike(known: object, customer: str, *given: object) -> object:
        if customer == "ada":
            raise broken
        return lived(known, customer, *given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "lived", strike)
        assert counting.count(engine.shell) == (1, 1)
    assert "cannot be counted: Exception: it is broken" in caplog.text
    assert cells(engine)[Key(202605, "", "started", "", "")].n == 1
    assert behind(engine) == 0


def test_archived_jobs_stay_counted(engine: Engine, suit: Suit, clock: SimulatedClock, tmp_path: Path) -> None:
    """What archived jobs have taught is there when they are gone, also when all is counted anew."""
    suit("ada")
    count_all(engine)
    clock.advance(timedelta(days=8))
    engine.run_due()  # its end is not counted when it is archived
    began = suit("ben")
    so_far = cells(engine)
    assert not [key for key in so_far if key.measure == "ended"]
    clock.advance(timedelta(days=1))
    assert engine.archive(clock.now(), tmp_path / "old.jsonl").jobs == 1
    count_all(engine)

    def told() -> dict[tuple[str, str], int]:
        with engine.shell.reading() as tx:
            found = tx.insights.of("small_suit", 0, 999_912)
        counted: dict[tuple[str, str], int] = {}
        for one in found:
            key = (one.measure, one.value)
            counted[key] = counted.get(key, 0) + decode(one.body, Cell).n
        return counted

    before = told()
    assert before["ended", "ended"] == 1
    assert before["started", ""] == 2
    counting.recount(engine.shell, OLGA)
    count_all(engine)
    assert told() == before
    assert engine.track(began, "olga").status == "open"


def test_a_worker_counts(engine: Engine, suit: Suit) -> None:
    """A worker that runs until nothing is to be done has counted what there is."""
    from flowengine.worker import Worker

    suit()
    Worker(engine).run(until_idle=True)
    assert behind(engine) == 0


def test_what_is_erased_is_counted_no_more(engine: Engine, suit: Suit, step_of: StepOf, clock: SimulatedClock) -> None:
    """Of a customer who is erased, what he chose is neither counted nor kept from then on; that he was there is."""
    job = suit("ada")
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    engine.end(job, "She moved away", by="olga")
    engine.run_due()
    count_all(engine)
    with engine.shell.reading() as tx:
        assert "navy" in str(tx.insights.life(job))
    clock.advance(timedelta(days=1))
    assert engine.erase("ada", because="She asked", by="olga").jobs == (job,)
    with engine.shell.reading() as tx:
        assert "navy" not in str(tx.insights.life(job))
    found = cells(engine)
    assert not [key for key in found if key.measure == "chosen"]
    assert found[Key(202605, "", "started", "", "")].n == 1
    assert behind(engine) == 0
