"""L8: what takes longer than it should is an incident for operators, and its customer is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flowengine import NOTIFY, Database, Engine, HandlerCall, NotAllowed, SimulatedClock
from flowengine.client import StaffTrack

Suit = Callable[..., str]

WAITS = """
process: waits
title: Something made
need: Something made for me
roles: {tailor: {title: Tailor}, head: {title: Head}}
states:
  need: {type: need, fields: {for: {type: string, enum: [message, service, approval, job, race]}}, next: which}
  which:
    type: decision
    rules:
      - {when: 'data.need.for == "message"', to: dried}
      - {when: 'data.need.for == "service"', to: mill}
      - {when: 'data.need.for == "approval"', to: agreed}
      - {when: 'data.need.for == "job"', to: other}
    else: either
  dried: {type: message, name: dried, key: 'job.id', title: The oak is dry, attention: P2D, next: fulfilled}
  mill: {type: service, call: order_cloth, title: Order the cloth, on: {done: fulfilled}}
  agreed: {type: approval, by: {all: [tailor, head]}, ask: Is it sound?, on: {approved: fulfilled}}
  other: {type: call, process: inner, title: The work, on: {fulfilled: fulfilled, ended: fulfilled}}
  either: {type: race, title: Either, of: {a: {type: task, for: tailor}, b: {type: message, name: x}}, next: fulfilled}
  fulfilled: {type: fulfilled}
"""
INNER = """
process: inner
title: Inner work
need: Something made inside
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, next: sew}
  sew: {type: task, for: tailor, title: Sew it, next: fulfilled}
  fulfilled: {type: fulfilled}
"""
WORDS = "It takes longer than it should; we have been told, and look into it"


@pytest.fixture
def waits(engine: Engine) -> Callable[[str], str]:
    """Begins a job of Ada's that waits for something inside."""
    engine.deploy(INNER)
    engine.deploy(WAITS)

    def begin(what: str) -> str:
        return engine.start("waits", by="ada", need={"for": what}).job

    return begin


def pass_time(engine: Engine, clock: SimulatedClock, days: float) -> None:
    """Time passes, and all that is due by then is done."""
    clock.advance(timedelta(days=days))
    while engine.run_due().anything:
        pass


def test_what_waits_too_long_is_an_incident_until_it_goes_on(
    engine: Engine, suit: Suit, clock: SimulatedClock, step_of: Callable[[str, str], str]
) -> None:
    """It names the job, the state, since when, and who could do it; nothing else changes; it closes by itself."""
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    begun, step = clock.now(), step_of(job, "cleo")
    pass_time(engine, clock, 6.9)
    assert engine.incidents(by="olga") == []
    pass_time(engine, clock, 0.2)
    (found,) = engine.incidents(by="olga")
    assert (found.kind, found.job, found.state, found.since) == ("attention", job, "cut", begun)
    assert (found.id, found.whom, found.handler) == (step, "Cutter", "Cut the cloth")
    assert found.error == "it waits longer than it should for Cutter"
    engine.claim(step, by="cleo")
    assert [one.whom for one in engine.incidents()] == ["Cleo"]
    pass_time(engine, clock, 30)
    assert len(engine.incidents()) == 1
    told = [line.what for line in engine.history(job)]
    assert told.count("it takes so long that somebody has to look: Cut the cloth") == 1
    engine.act(step, by="cleo")
    assert engine.incidents() == []
    assert engine.audit(job).fine


def test_the_customer_is_told_that_it_takes_longer_and_nothing_of_the_inside(
    engine: Engine, suit: Suit, clock: SimulatedClock, step_of: Callable[[str, str], str]
) -> None:
    """As long as it does, in plain words; whoever else may see the job is told only as staff."""
    job = suit()
    engine.act(step_of(job, "ada"), "chosen", {"cloth": "navy"}, by="ada")
    assert engine.track(job, by="ada").takes_longer == ""
    clock.advance(timedelta(days=8))
    seen = engine.track(job, by="ada")  # no worker has run: time decides (L13)
    assert (seen.takes_longer, [one.words for one in seen.where]) == (WORDS, ["Making your suit"])
    assert "cut" not in str(seen).lower().replace("cutter", "")
    inside = engine.track(job, by="tom")
    assert isinstance(inside, StaffTrack)
    assert inside.takes_longer == WORDS
    engine.act(step_of(job, "cleo"), by="cleo")
    assert engine.track(job, by="ada").takes_longer == ""


def test_each_kind_of_wait_says_whom_it_waits_for(
    engine: Engine, waits: Callable[[str], str], clock: SimulatedClock
) -> None:
    """A message by its name, a service by its handler, an approval by how many are missing, a race by all of it."""
    engine.add_staff("hedda", "Hedda", roles=["head"])
    for what in ("message", "service", "approval", "race"):
        waits(what)
    pass_time(engine, clock, 3)
    assert [one.state for one in engine.incidents() if one.kind == "attention"] == ["dried"]
    pass_time(engine, clock, 5)
    found = {one.state: one.whom for one in engine.incidents() if one.kind == "attention"}
    assert {one.state for one in engine.incidents() if one.kind == "call"} == {"mill"}  # nobody has its handler
    assert found == {"dried": "the message dried", "agreed": "2 of 2", "either": "Tailor or the message x"}


def test_what_is_an_incident_anyhow_is_one(engine: Engine, waits: Callable[[str], str], clock: SimulatedClock) -> None:
    """A service that gave up is told once, as what it is; its customer is told that it takes longer all the same."""
    job = waits("service")
    pass_time(engine, clock, 8)
    assert [one.kind for one in engine.incidents()] == ["call"]
    assert engine.track(job, by="ada").takes_longer == WORDS


def test_a_called_job_is_watched_itself_and_its_caller_tells(
    engine: Engine, waits: Callable[[str], str], clock: SimulatedClock
) -> None:
    """The incident is of the job in which somebody is to act; the customer is told in both."""
    job = waits("job")
    engine.run_due()
    pass_time(engine, clock, 8)
    (found,) = engine.incidents()
    assert (found.process, found.state, found.whom) == ("inner", "sew", "Tailor")
    assert engine.track(job, by="ada").takes_longer == WORDS
    assert engine.track(found.job, by="ada").takes_longer == WORDS
    engine.act(found.id, by="tom")
    assert engine.track(job, by="ada").takes_longer == ""


UNDO = """
process: undoes
title: Something undone
need: Something
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, next: order}
  order: {type: service, title: Order, call: order, undo: cancel, on: {done: sew}}
  sew: {type: task, for: tailor, on: {done: fulfilled, back: {to: sew, undo: true}}}
  fulfilled: {type: fulfilled}
always:
  stop: {by: customer, undo: true, to: gone}
"""


def test_an_undo_that_nobody_carries_out_is_seen(database: Database, clock: SimulatedClock) -> None:
    """It is no state, and is told by the service that it undoes; nobody fetches the call of an external worker."""
    source = UNDO.replace("always:", "  gone: {type: ended, because: She went away}\nalways:")
    with Engine(database, clock=clock, handlers={"order": lambda _: {}}) as engine:
        engine.deploy(source)
        engine.add_customer("ada", "Ada")
        engine.issue_token("worker", "mill", handlers=["cancel"])
        job = engine.start("undoes", by="ada", need={}).job
        engine.run_due()
        engine.invoke(job, "stop", by="ada")
        begun = clock.now()
        pass_time(engine, clock, 8)
        (found,) = engine.incidents()
        assert (found.kind, found.state, found.handler, found.whom) == ("attention", "order", "undoing Order", "cancel")
        assert (found.job, found.since) == (job, begun)
        assert engine.track(job, by="ada").takes_longer == WORDS
        engine.complete_call(found.id, because="By phone")
        assert (engine.incidents(), engine.track(job, by="ada").takes_longer) == ([], "")
        assert engine.audit(job).fine


def test_it_is_not_tried_again(engine: Engine, waits: Callable[[str], str], clock: SimulatedClock) -> None:
    """Nothing failed: what it waits for has to be done. It is none of all that are tried again together."""
    for what in ("message", "race"):
        waits(what)
    pass_time(engine, clock, 8)
    for one in engine.incidents():
        with pytest.raises(NotAllowed):
            engine.retry(one.id)
    assert engine.retry_all().tried == ()


def test_a_paused_job_takes_no_longer(engine: Engine, waits: Callable[[str], str], clock: SimulatedClock) -> None:
    """While an operator holds it, it is neither an incident nor told; when it goes on, it is again."""
    job = waits("race")
    pass_time(engine, clock, 8)
    engine.suspend(job, because="The shop is flooded", by="olga")
    assert (engine.incidents(), engine.track(job, by="ada").takes_longer) == ([], "")
    pass_time(engine, clock, 8)
    engine.resume(job, because="Dry again", by="olga")
    assert ([one.kind for one in engine.incidents()], engine.track(job, by="ada").takes_longer) == (
        ["attention"],
        WORDS,
    )
    assert engine.audit(job).fine


def test_an_idle_worker_does_not_wake_for_what_has_rung(
    engine: Engine, waits: Callable[[str], str], clock: SimulatedClock
) -> None:
    """What has come once is due no more."""
    waits("race")
    pass_time(engine, clock, 8)
    assert engine.next_due() is None
    assert engine.timers(engine.incidents()[0].job) == []


CROWD = INNER.replace("process: inner", "process: crowd").replace(
    "sew: {type: task, for: tailor, title: Sew it, next: fulfilled}",
    "sew: {type: each, of: '[1, 2, 3, 4, 5]', start: in, states: {in: {type: task, for: tailor, next: done}}, "
    "next: more}\n  more: {type: message, name: dry, next: fulfilled}",
)


def test_the_customer_hears_of_it_once_while_anything_is_late(database: Database, clock: SimulatedClock) -> None:
    """Five items that take longer are one notice; one that takes longer after all of them is another."""
    heard: list[HandlerCall] = []
    with Engine(database, clock=clock, handlers={NOTIFY: heard.append}) as engine:
        engine.deploy(CROWD)
        engine.add_customer("ada", "Ada")
        engine.add_staff("tom", "Tom", roles=["tailor"])
        job = engine.start("crowd", by="ada", need={}).job
        pass_time(engine, clock, 8)
        assert len(engine.incidents()) == 5
        for one in engine.incidents():
            engine.act(one.id, by="tom")
        pass_time(engine, clock, 8)
        late = [call.input for call in heard if call.input["why"] == "late"]
        assert [(one["title"], one["audience"], one["state"]) for one in late] == [
            (WORDS, ["person:ada"], "in"),
            (WORDS, ["person:ada"], "more"),
        ]
        assert engine.audit(job).fine
