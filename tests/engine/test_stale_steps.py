"""A step that is no longer open is told so to those for whom it was, however long the history is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from noted_database import NotedDatabase

from flowengine import Actor, Engine, NotFound, SimulatedClock, StaleCommand

TALK = """
process: talk
title: A talk
need: Words
states:
  need: {type: need, fields: {}, next: ask}
  ask: {type: ask, ask: And now?, fields: {}, within: P7D, on: {answered: again, expired: gone}}
  again: {type: ask, ask: And then?, fields: {}, within: P7D, on: {answered: ask, expired: gone}}
  stop: {type: decision, rules: [{when: 'count("ask") > 1000000', to: fulfilled}], else: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
always:
  enough: {by: customer, to: stop}
"""

TOGETHER = """
process: together
title: Agreed together
need: An agreement
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, fields: {}, next: agree}
  agree:
    type: approval
    by: {all: [customer, tailor]}
    ask: Agreed?
    within: P7D
    on: {approved: fulfilled, changes: gone, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Not agreed}
"""


def talked(engine: Engine, times: int) -> tuple[str, list[str]]:
    """A job and the steps that were opened in it, with words said in between that open none."""
    engine.deploy(TALK)
    for who in ("ada", "ben"):
        engine.add_customer(who)
    receipt = engine.start("talk", by="ada", need={})
    steps = list(receipt.steps)
    for time in range(times):
        steps.extend(engine.act(steps[-1], by="ada").steps)
        for _ in range(time % 3):
            engine.say(receipt.job, "hm", by="ada")
    return receipt.job, steps


def test_every_step_that_was_is_told_apart_from_those_that_never_were(engine: Engine) -> None:
    """Each closed step is stale for whom it was, and to others, like numbers that were no steps, it never was (L4)."""
    job, steps = talked(engine, 12)
    were = {int(step.rpartition(".")[2]) for step in steps[:-1]}
    for number in range(max(were) + 20):
        for who in ("ada", "ben"):
            if f"{job}.{number}" == steps[-1]:
                continue
            wanted = StaleCommand if who == "ada" and number in were else NotFound
            with pytest.raises(wanted):
                engine.act(f"{job}.{number}", by=who)


def test_an_old_step_is_found_without_reading_the_whole_history(
    engine: Engine, database_url: str, clock: SimulatedClock
) -> None:
    """To say that a step is stale takes a few entries of a long history, for the job is locked meanwhile."""
    _, steps = talked(engine, 150)
    with NotedDatabase.open(database_url) as noted, Engine(noted, clock=clock) as asking:
        assert isinstance(noted, NotedDatabase)
        with pytest.raises(StaleCommand):
            asking.act(steps[3], by="ada")
        assert 0 < sum(one.rows for one in noted.asked if one.query.startswith("history.")) < 100


def test_a_closed_step_is_read_by_those_for_whom_it_was(
    engine: Engine, suit: Callable[..., str], step_of: Callable[[str, str], str], clock: SimulatedClock
) -> None:
    """Whoever acted, others for whom the step was, and operators read how it ended; to others it never was (L4)."""
    job = suit()
    choose = step_of(job, "ada")
    clock.advance(timedelta(hours=1))
    engine.act(choose, "chosen", {"cloth": "navy"}, by="ada", key="k")
    for who in ("ada", "olga", Actor(kind="operator")):
        step = engine.step(choose, who)
        assert (step.open, step.outcome, step.ended_by, step.ended) == (False, "chosen", "ada", clock.now())
        assert (step.title, step.type, step.possible, step.form.ways) == ("Choose your cloth", "choice", (), ())
        assert step.to_json()["open"] is False
    for stranger in ("ben", "tom"):
        with pytest.raises(NotFound):
            engine.step(choose, stranger)
    assert engine.act(choose, "chosen", {"cloth": "navy"}, by="ada", key="k").repeated


def test_a_customer_reads_of_others_only_that_the_step_is_over(
    engine: Engine, step_of: Callable[[str, str], str], clock: SimulatedClock
) -> None:
    """Who has ended a step otherwise, and how, stays inside; that one's own time has run out does not (L9)."""
    engine.deploy(TALK)
    job = engine.start("talk", by="ada", need={}).job
    first = step_of(job, "ada")
    clock.advance(timedelta(days=8))
    engine.run_due()
    late = engine.step(first, "ada")
    assert (late.open, late.outcome, late.ended_by) == (False, "expired", "clock")
    engine.deploy(TOGETHER)
    job = engine.start("together", by="ada", need={}).job
    agreed = step_of(job, "ada")
    engine.act(agreed, "declined", by="tom")
    told, inside = engine.step(agreed, "ada"), engine.step(agreed, "tom")
    assert (told.open, told.outcome, told.ended_by, told.ended) == (False, "", "", clock.now())
    assert (inside.outcome, inside.ended_by) == ("declined", "tom")


def test_who_was_handed_a_step_reads_it_after_its_end(
    engine: Engine, suit: Callable[..., str], step_of: Callable[[str, str], str]
) -> None:
    """A step that was handed to somebody else was his, too; one that was cut short has the outcome that did so."""
    job = suit()
    choose = step_of(job, "ada")
    engine.assign(choose, "tom", by="olga")
    engine.withdraw(job, by="ada")
    step = engine.step(choose, "tom")
    assert (step.open, step.claimed, step.outcome, step.ended_by) == (False, "tom", "withdraw", "ada")
