"""Promises on an engine: asked anew, at risk, listed and counted, and told to whom they concern."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flowengine import NOTIFY, BadAnswer, Engine, HandlerCall, NotAllowed, NotFound, SimulatedClock, StaleCommand
from flowengine.commands import counting
from flowengine.speech import spoken_time
from flowengine.store import Database
from flowengine.work import foresight

COAT = """
process: coat
title: A coat made with you
need: A coat
zone: Europe/London
roles: {tailor: {title: Tailor}}
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: sew}
  sew: {type: task, for: tailor, phase: Making your coat, takes: P4D, on: {done: press, again: sew}}
  press: {type: task, for: tailor, takes: P2D, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
  withdrawn: {type: ended, because: The customer withdrew}
always:
  withdraw: {by: customer, to: withdrawn}
"""
NAIVE = datetime(2026, 6, 1, tzinfo=UTC).replace(tzinfo=None)
LATER = datetime(2026, 6, 1, 22, 59, 59, 999999, tzinfo=UTC)
"""When the first of June ends in London."""


@pytest.fixture
def coat(engine: Engine) -> Callable[..., str]:
    """Begins a coat for somebody, promised for a day."""
    engine.deploy(COAT)

    def begin(by: str = "ada", day: str = "2026-05-20") -> str:
        return engine.start("coat", by=by, need={"by": day}).job

    return begin


def states(engine: Engine, **narrow: str) -> dict[str, str]:
    return {row.customer: row.promise.status for row in engine.promises(by="tom", **narrow)}


def test_what_is_too_long_for_a_name_is_said_once(engine: Engine, coat: Callable[..., str]) -> None:
    """The step is called by its dates then, and has the reason whole, beside who asks."""
    reason = "The mill that weaves the cloth was flooded, and what it had lain ready for us is spoilt and is woven anew"
    engine.ask_new_promise(coat(), date(2026, 6, 1), because=reason, by="tom")
    (item,) = engine.inbox("ada")
    assert item.title == "A new date: Mon 1 Jun 2026 instead of Wed 20 May 2026"
    shown = dict(engine.step(item.id, "ada").shown)
    assert (shown["Because"], shown["Asked by"]) == (reason, "Tom")


def test_a_customer_accepts_another_date(engine: Engine, coat: Callable[..., str]) -> None:
    """He is asked on a step, both dates are in the history with who agreed, and who has asked is told."""
    job = coat()
    receipt = engine.ask_new_promise(job, date(2026, 6, 1), because="The cloth is late", by="tom")
    (item,) = engine.inbox("ada")
    assert (item.id, item.asked) == (receipt.question, "new_date")
    assert item.title == "A new date, Mon 1 Jun 2026 instead of Wed 20 May 2026: The cloth is late"
    step = engine.step(item.id, "ada")
    assert [way.title for way in step.form.ways] == ["Accept Mon 1 Jun 2026", "Refuse; Wed 20 May 2026 stands"]
    assert (
        "If you do not answer",
        "from Mon 11 May 2026, 10:00 on, Wed 20 May 2026 stands as it was promised",
    ) in step.shown
    assert engine.conversation(job, by="tom")[-1].inside is False
    assert engine.track(job, by="ada").promise.status == "asked"
    engine.act(item.id, "accepted", {}, by="ada")
    promise = engine.track(job, by="ada").promise
    assert (promise.by, promise.status, promise.agreed_by) == (LATER, "open", "ada")
    told = [line.what for line in engine.history(job)]
    assert told[1:] == [
        "asked: A new date, Mon 1 Jun 2026 instead of Wed 20 May 2026: The cloth is late",
        "answered: Accepted, Mon 1 Jun 2026 instead of Wed 20 May 2026 "
        "(to: A new date, Mon 1 Jun 2026 instead of Wed 20 May 2026: The cloth is late); "
        "promised for Mon 1 Jun 2026 instead of Wed 20 May 2026, as Ada has agreed",
    ]
    (line,) = [one for one in engine.track(job, by="tom").conversation if one.kind == "new_date"]
    assert (line.status, line.answer.text) == ("answered", "Accepted, Mon 1 Jun 2026 instead of Wed 20 May 2026")
    assert engine.audit().problems == ()


def test_who_refuses_keeps_what_was_promised(engine: Engine, coat: Callable[..., str]) -> None:
    """Whoever asked reads it, with the words."""
    job = coat()
    engine.ask_new_promise(job, date(2026, 6, 1), because="The cloth is late", by="tom")
    (item,) = engine.inbox("ada")
    engine.act(item.id, "refused", {"words": "It is for my wedding"}, by="ada")
    assert states(engine) == {"ada": "open"}
    (line,) = engine.track(job, by="tom").conversation
    assert line.answer.text == "Refused, Wed 20 May 2026 stands: It is for my wedding"


def test_an_answer_that_does_not_come_is_told(engine: Engine, coat: Callable[..., str], clock: SimulatedClock) -> None:
    """The old promise stands, and who has asked is told so."""
    heard: list[tuple[str, str]] = []

    @engine.handler(NOTIFY)
    def notify(call: HandlerCall) -> None:
        heard.append((call.input["why"], call.input.get("answer") or call.input["title"]))

    job = coat()
    engine.ask_new_promise(job, date(2026, 6, 1), because="The cloth is late", by="tom")
    clock.advance(timedelta(days=7))
    while engine.run_due().anything:
        pass
    assert ("answered", "No answer came in time, Wed 20 May 2026 stands") in heard
    assert engine.track(job, by="ada").promise.asked is None
    assert not engine.inbox("ada")


def test_a_late_answer_is_refused_though_no_worker_ran(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """Time decides, not the worker (L13)."""
    job = coat()
    receipt = engine.ask_new_promise(job, date(2026, 6, 1), because="The cloth is late", by="tom")
    clock.advance(timedelta(days=8))
    assert not engine.step(receipt.question, "ada").open
    with pytest.raises(StaleCommand, match="it waits for an answer no more: it was expired"):
        engine.act(receipt.question, "accepted", {}, by="ada")
    assert engine.track(job, by="ada").promise.by.date() == date(2026, 5, 20)


def test_only_those_inside_ask_and_only_the_customer_answers(engine: Engine, coat: Callable[..., str]) -> None:
    """A customer asks for no date; nobody else sees the step (L4)."""
    job = coat()
    with pytest.raises(NotAllowed):
        engine.ask_new_promise(job, date(2026, 6, 1), because="I say so", by="ada")
    question = engine.ask_new_promise(job, date(2026, 6, 1), because="The cloth is late", by="tom").question
    with pytest.raises(NotFound):
        engine.act(question, "accepted", {}, by="ben")
    with pytest.raises(NotFound):
        engine.act(question, "accepted", {}, by="cleo")
    engine.take_back(question, by="tom")
    assert states(engine) == {"ada": "open"}


def test_an_operator_answers_for_a_customer_who_calls(engine: Engine, coat: Callable[..., str]) -> None:
    """In his stead, with a reason, and the promise says who has agreed."""
    job = coat()
    question = engine.ask_new_promise(job, date(2026, 6, 1), because="The cloth is late", by="tom").question
    engine.act_for(question, "ada", "accepted", {}, because="She called", by="olga")
    assert engine.track(job, by="ada").promise.agreed_by == "ada"


@pytest.mark.parametrize("to", [date(2026, 5, 3), date(2026, 5, 20), NAIVE, "2026-06-01", date.max])
def test_what_is_no_new_date_is_refused(engine: Engine, coat: Callable[..., str], to: object) -> None:
    """A day that is over, the day that is promised, a moment without a zone, a text, and the end of time."""
    job = coat()
    with pytest.raises(BadAnswer) as refused:
        engine.ask_new_promise(job, to, because="Why not", by="tom")  # type: ignore[arg-type]  # as programs get it
    assert "to" in refused.value.problems


def test_the_same_request_asks_once(engine: Engine, coat: Callable[..., str]) -> None:
    """Under one key one question is asked (L3)."""
    job = coat()
    first = engine.ask_new_promise(job, date(2026, 6, 1), because="Late", by="tom", key="k")
    again = engine.ask_new_promise(job, date(2026, 6, 1), because="Late", by="tom", key="k")
    assert (again.question, again.repeated) == (first.question, True)


def test_promises_are_listed_and_counted_by_what_became_of_them(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """The earliest first, page by page, for those inside alone."""
    for customer, day in (("ada", "2026-05-20"), ("ben", "2026-05-21")):
        coat(customer, day)
    engine.add_customer("cora", "Cora")
    over = coat("cora", "2026-05-22")
    engine.withdraw(over, by="cora")
    engine.add_customer("dan", "Dan")
    kept = coat("dan", "2026-05-23")
    for _ in ("sew", "press"):
        (item,) = [one for one in engine.inbox("tom") if one.job == kept]
        engine.act(item.id, "done", {}, by="tom")
    asked = [row.job for row in engine.promises() if row.customer == "ben"]
    engine.ask_new_promise(asked[0], date(2026, 6, 1), because="Late", by="tom")
    assert states(engine) == {"ada": "open", "ben": "asked", "cora": "released", "dan": "kept"}
    assert {(one.state, one.count) for one in engine.promise_counts(by="olga")} == {
        ("open", 1), ("asked", 1), ("released", 1), ("kept", 1),
    }  # fmt: skip
    assert states(engine, state="asked") == {"ben": "asked"}
    assert states(engine, process="nothing") == {}
    first = engine.promises(limit=2)
    assert [row.customer for row in engine.promises(limit=2, after=first[-1].place)] == ["cora", "dan"]
    clock.advance(timedelta(days=30))
    assert states(engine, state="late") == {"ada": "late", "ben": "late"}
    for verb in (engine.promises, engine.promise_counts):
        with pytest.raises(NotAllowed):
            verb(by="ada")
    with pytest.raises(BadAnswer):
        engine.promises(state="nonsense")
    with pytest.raises(BadAnswer):
        engine.promises(after="nonsense")


def run(engine: Engine) -> None:
    while engine.run_due().anything:
        pass


def test_a_delay_is_told_before_the_date_as_a_range(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """By a notice, to who looks, and in the list of those inside: once for one date, with another date to accept."""
    heard: list[str] = []

    @engine.handler(NOTIFY)
    def notify(call: HandlerCall) -> None:
        if call.input["why"] == "risk":
            heard.append(call.input["title"])

    job = coat()
    for _ in range(16):
        clock.advance(timedelta(days=1))
        run(engine)
        if heard:
            break
    assert clock.now().date() < date(2026, 5, 18)
    assert heard[0].startswith("Promised for Wed 20 May 2026, but it is expected between ")
    assert heard[0].endswith(": it takes longer than we thought")
    seen = engine.track(job, by="ada").promise
    asked = spoken_time.day(seen.asked.date())
    assert (seen.status, seen.late) == ("asked", False)
    assert seen.words == f"{heard[0]}. Asked is {asked} instead"
    assert states(engine, state="asked") == {"ada": "asked"}
    assert any("at risk: promised for Wed 20 May 2026" in line.what for line in engine.history(job))
    (item,) = engine.inbox("ada")
    assert item.title == f"A new date: {asked} instead of Wed 20 May 2026"
    shown = dict(engine.step(item.id, "ada").shown)
    between = heard[0].partition("expected ")[2].partition(":")[0]
    assert shown["Because"] == f"it is expected {between}, for it takes longer than we thought"
    assert "Asked by" not in shown
    for _ in range(30):  # nobody answers
        clock.advance(timedelta(hours=1))
        run(engine)
    assert len(heard) == 1


def risked(engine: Engine, coat: Callable[..., str], clock: SimulatedClock) -> tuple[str, str]:
    """A job whose promise is at risk, and the step that asks for another date."""
    job = coat()
    while not engine.inbox("ada"):
        clock.advance(timedelta(days=1))
        run(engine)
    (item,) = engine.inbox("ada")
    return job, item.id


def test_the_date_that_is_expected_is_accepted(engine: Engine, coat: Callable[..., str], clock: SimulatedClock) -> None:
    """Then it is what is promised, and is looked at as such."""
    job, step = risked(engine, coat, clock)
    engine.act(step, "accepted", {}, by="ada")
    promise = engine.track(job, by="ada").promise
    assert (promise.status, promise.agreed_by, promise.expected) == ("open", "ada", None)
    assert promise.by > promise.first
    run(engine)
    assert engine.track(job, by="ada").promise.status == "open"
    assert engine.audit().problems == ()


def test_who_refuses_it_is_heard_by_those_at_work(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """What was promised stands and stays at risk; nobody has asked, so the tailors hear it, and it is asked no more."""
    heard: list[tuple[str, str, object]] = []

    @engine.handler(NOTIFY)
    def notify(call: HandlerCall) -> None:
        heard.append((call.input["why"], call.input.get("answer", ""), call.input["audience"]))

    job, step = risked(engine, coat, clock)
    engine.act(step, "refused", {"words": "It is for my wedding"}, by="ada")
    run(engine)
    assert heard[-1] == ("answered", "Refused, Wed 20 May 2026 stands: It is for my wedding", ["role:tailor"])
    assert states(engine) == {"ada": "at_risk"}
    clock.advance(timedelta(hours=5))
    run(engine)
    assert engine.inbox("ada") == []
    (line,) = engine.track(job, by="tom").conversation
    assert line.answer.text == "Refused, Wed 20 May 2026 stands: It is for my wedding"


def test_those_inside_take_back_what_nobody_has_asked(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """To ask for another date themselves; a customer does not."""
    job, step = risked(engine, coat, clock)
    with pytest.raises((NotAllowed, NotFound)):
        engine.take_back(step, by="ada")
    with pytest.raises((NotAllowed, NotFound)):
        engine.take_back(step, by="ben")
    engine.take_back(step, by="tom")
    assert engine.inbox("ada") == []
    engine.ask_new_promise(job, date(2026, 7, 1), because="The cloth is late", by="tom")
    assert engine.track(job, by="ada").promise.status == "asked"


def test_jobs_that_took_longer_put_a_promise_at_risk(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """Where no file says how long it takes, what jobs have taught does; and a file that is too hopeful is overruled."""
    engine.deploy(COAT.replace("takes: P4D, ", "").replace("takes: P2D, ", ""))
    for _ in range(6):
        job = coat("ben", "2027-05-01")
        clock.advance(timedelta(days=20))
        for _ in ("sew", "press"):
            (item,) = [one for one in engine.inbox("tom") if one.job == job]
            engine.act(item.id, "done", {}, by="tom")
    while counting.count(engine.shell)[0]:
        pass
    early = (clock.now() + timedelta(days=10)).date().isoformat()
    late = (clock.now() + timedelta(days=90)).date().isoformat()
    jobs = {coat("ada", day): day for day in (early, late)}
    run(engine)
    found = {row.job: row.promise.status for row in engine.promises() if row.job in jobs}
    assert {jobs[job]: status for job, status in found.items()} == {early: "asked", late: "open"}
    rows = {row.job: row for row in engine.promises(by="tom") if row.job in jobs}
    assert all(row.expected is not None and row.expected.jobs == 6 for row in rows.values())


def test_each_promise_is_looked_at_once_an_hour(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock
) -> None:
    """However often it is asked; also after a clock that ran ahead was set right."""
    for _ in range(3):
        coat()
    assert foresight.look(engine.shell, 2) == (2, 0)
    assert foresight.look(engine.shell) == (1, 0)
    assert foresight.look(engine.shell) == (0, 0)
    clock.advance(timedelta(minutes=59))
    assert foresight.look(engine.shell) == (0, 0)
    clock.advance(timedelta(minutes=1))
    assert foresight.look(engine.shell) == (3, 0)
    clock.set(clock.now() - timedelta(days=3))
    assert foresight.look(engine.shell) == (3, 0)


def test_one_that_cannot_be_told_holds_up_nobody(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it is, the others are told, and it is tried again an hour later."""
    jobs = [coat(), coat()]
    clock.advance(timedelta(days=14))
    once = engine.shell.by_engine

    def strike(job: str, command: Any) -> Any:
        if job == jobs[0]:
            raise ValueError("it is broken")
        return once(job, command)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.shell, "by_engine", strike)
        assert foresight.look(engine.shell) == (1, 1)
    assert "cannot be told that it is late: ValueError: it is broken" in caplog.text
    assert [item.job for item in engine.inbox("ada")] == jobs[1:]
    clock.advance(timedelta(hours=1))
    run(engine)
    assert len(engine.inbox("ada")) == 2


def test_what_is_archived_is_listed_no_more(
    engine: Engine, coat: Callable[..., str], clock: SimulatedClock, tmp_path: object
) -> None:
    """With the job its promise goes."""
    job = coat()
    engine.withdraw(job, by="ada")
    while engine.run_due().anything:
        pass
    clock.advance(timedelta(days=9))
    engine.archive(clock.now(), tmp_path / "jobs.gz")  # type: ignore[operator]  # a path
    assert engine.promises() == []


def test_the_list_says_what_the_jobs_say(engine: Engine, coat: Callable[..., str], database: Database) -> None:
    """The row of a promise is that of its job's head."""
    job = coat()
    engine.ask_new_promise(job, date(2026, 6, 1), because="Late", by="tom")
    with database.reading() as tx:
        (row,) = tx.promises.list(engine.clock.now())
        assert row.promise == tx.jobs.get(job).position.head.promise
