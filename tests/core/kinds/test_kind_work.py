"""``task``, ``feedback``, ``service``, ``call``, ``wait`` and ``message``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rehearsal import ADA, BEN, EVA, TOM, Rehearsal, days, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.answers import form
from flowengine.core.values import Undoable
from flowengine.errors import BadAnswer, NotAllowed, StaleCommand, UnknownOutcome

TASK = """
  first:
    type: task
    for: tailor
    fields: {inches: {type: number}, note: {type: string, optional: true}}
    within: P7D
    escalate: [{after: P2D, to: staff}]
    on: {done: second, too_hard: gone, expired: gone}
  second:
    type: task
    for: tailor
    not_by: first
    on: {done: third}
  third:
    type: task
    open_to: [customers, tailor]
    prefer: by("first")
    on: {done: fulfilled}
"""


def test_task_is_done_with_its_fields() -> None:
    """The first outcome needs the fields, and saves them."""
    job = Rehearsal(process(TASK))
    assert job.offered("first") == ("done", "too_hard")
    with pytest.raises(BadAnswer, match="inches: is missing"):
        job.act("first", "done", by=TOM)
    job.act("first", "done", {"inches": 3}, by=TOM)
    assert job.data["first"] == {"inches": 3.0}


def test_other_outcomes_need_no_fields() -> None:
    """An outcome of the designer's own may leave the fields out, and then saves nothing; what it gives is checked."""
    job = Rehearsal(process(TASK))
    with pytest.raises(BadAnswer):
        job.act("first", "too_hard", {"inches": "three"}, by=TOM)
    job.act("first", "too_hard", by=TOM)
    assert job.position.head.end == "gone"
    assert "first" not in job.data
    told = Rehearsal(process(TASK))
    told.act("first", "too_hard", {"note": "no tools"}, by=TOM)
    assert told.data["first"] == {"note": "no tools"}


def test_task_of_several_outcomes_wants_one_named() -> None:
    """Where several outcomes are possible none is assumed, and an unknown one is refused with those there are."""
    job = Rehearsal(process(TASK))
    for outcome in ("", "expired", "finished"):
        with pytest.raises(UnknownOutcome) as refused:
            job.act("first", outcome, {"inches": 3}, by=TOM)
        assert refused.value.possible == ("done", "too_hard")


def test_separation_of_duties() -> None:
    """Who did a state named in ``not_by`` may not do this one, and cannot be handed it."""
    job = Rehearsal(process(TASK))
    job.act("first", "done", {"inches": 3}, by=TOM)
    assert job.step("second").excluded == ("tom",)
    with pytest.raises(NotAllowed):
        job.act("second", by=TOM)
    with pytest.raises(NotAllowed):
        job.do(c.Assign(by=EVA, step=job.step("second").number, person="tom"))
    job.act("second", by=EVA)
    assert job.standing == ["third"]


def test_preferred_person() -> None:
    """``prefer`` says for whom the step is kept first; it is open to its whole audience all the same."""
    job = Rehearsal(process(TASK))
    job.act("first", "done", {"inches": 3}, by=TOM)
    job.act("second", by=EVA)
    step = job.step("third")
    assert step.preferred == "tom"
    assert step.audience == ("customers", "role:tailor")
    job.act("third", by=BEN)
    assert job.status == "fulfilled"


def test_task_escalates_and_expires() -> None:
    """After a while the step is open to others as well, and in the end it expires."""
    job = Rehearsal(process(TASK))
    job.wait("P3D")
    assert job.step("first").audience == ("role:tailor", "staff")
    job.wait("P5D")
    assert job.position.head.end == "gone"


def test_form_of_a_task() -> None:
    """Each outcome of a task has a way; the fields are required with the first alone."""
    job = Rehearsal(process(TASK))
    done, hard = form(job.compiled, job.position, job.step("first"), job.now, job.world).ways
    assert (done.outcome, [field.required for field in done.fields]) == ("done", [True, False])
    assert (hard.outcome, hard.title, [field.required for field in hard.fields]) == (
        "too_hard",
        "Too hard",
        [False, False],
    )


FEEDBACK = """
  first:
    type: feedback
    scale: [0, 10]
    refer: true
    within: P30D
    fields: {again: {type: boolean, optional: true}}
    on: {given: fulfilled, expired: fulfilled}
"""


def test_feedback_with_a_referral() -> None:
    """A rating is saved with its words; whom the customer brings is told as an event and kept out of the job's data."""
    job = Rehearsal(process(FEEDBACK))
    answer = {
        "rating": 9,
        "words": "Lovely",
        "recommend": True,
        "again": True,
        "referral": {"name": "Ben", "contact": "b@x.org"},
    }
    done = job.act("first", answer=answer)
    assert job.data["first"] == {"rating": 9, "words": "Lovely", "recommend": True, "again": True}
    assert [(one.name, one.contact) for one in done.effects.referred] == [("Ben", "b@x.org")]


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({}, "rating"),
        ({"rating": 11}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": 5, "recommend": "yes"}, "recommend"),
        ({"rating": 5, "referral": {}}, "referral.name"),
        ({"rating": 5, "referral": {"name": " "}}, "referral.name"),
        ({"rating": 5, "referral": {"name": "Ben", "age": 3}}, "referral.age"),
        ({"rating": 5, "stars": 3}, "stars"),
    ],
)
def test_wrong_feedback_is_refused(answer: dict[str, Any], path: str) -> None:
    """A rating off the scale, and a referral of nobody, are refused."""
    with pytest.raises(BadAnswer) as refused:
        Rehearsal(process(FEEDBACK)).act("first", answer=answer)
    assert path in refused.value.problems


def test_no_referral_where_none_is_asked() -> None:
    """A state that does not ask for a referral does not take one."""
    job = Rehearsal(process(FEEDBACK.replace("refer: true", "refer: false")))
    with pytest.raises(BadAnswer) as refused:
        job.act("first", answer={"rating": 5, "referral": {"name": "Ben"}})
    assert "referral" in refused.value.problems
    (way,) = form(job.compiled, job.position, job.step("first"), job.now, job.world).ways
    assert [field.name for field in way.fields] == ["rating", "words", "recommend", "again"]
    assert (way.fields[0].min, way.fields[0].max) == (0, 10)


SERVICE = """
  first:
    type: service
    call: order_cloth
    input: {who: customer.name, at: now, long: 'span("PT90M")', list: '[1, 2.5, "x"]', inner: '{"a": now}'}
    fields: {order: {type: string}, price: {type: number}}
    undo: cancel_cloth
    within: P3D
    on: {done: second, out_of_stock: gone, failed: gone, expired: gone}
  second: {type: task, for: staff, on: {done: {to: gone, undo: true}}}
"""


def test_service_is_given_its_input_as_json() -> None:
    """Expressions become plain JSON: moments and spans are texts."""
    call = Rehearsal(process(SERVICE)).call("first")
    assert call.handler == "order_cloth"
    assert call.input == {
        "who": "Ada",
        "at": "2026-03-02T09:00:00Z",
        "long": "PT1H30M",
        "list": [1, 2.5, "x"],
        "inner": {"a": "2026-03-02T09:00:00Z"},
    }


def test_result_is_checked_and_saved() -> None:
    """A good result is saved, and the service can be undone from then on."""
    job = Rehearsal(process(SERVICE))
    call = job.call("first")
    job.finish("first", result={"order": "o1", "price": 3})
    assert job.data["first"] == {"order": "o1", "price": 3.0}
    (noted,) = job.position.root.undoable
    assert noted == Undoable(
        call=call.number,
        state="first",
        handler="cancel_cloth",
        branch="main",
        input=call.input,
        result=job.data["first"],
    )
    job.act("second", by=TOM)
    assert [(one.handler, one.undo) for one in job.position.calls.values()] == [("cancel_cloth", True)]


@pytest.mark.parametrize("result", [None, {"order": 3, "price": 3}, "order", {"order": "o", "price": 1, "x": 1}])
def test_bad_result_is_an_incident(result: Any) -> None:
    """A result that breaks the fields saves nothing and becomes an incident; the state goes on waiting."""
    job = Rehearsal(process(SERVICE))
    job.finish("first", result=result)
    assert job.standing == ["first"]
    assert "refused" in job.call("first").incident
    assert "first" not in job.data


def test_other_outcomes_of_a_handler() -> None:
    """A handler's own outcome saves what it gives, unchecked, and leaves nothing to undo."""
    job = Rehearsal(process(SERVICE))
    job.finish("first", "out_of_stock", {"until": "May"})
    assert job.data["first"] == {"until": "May"}
    assert not job.position.root.undoable
    assert not job.told(e.UndoNoted)
    silent = Rehearsal(process(SERVICE))
    silent.finish("first", "out_of_stock")
    assert "first" not in silent.data


@pytest.mark.parametrize("result", ["x" * 300_000, {"x": object()}])
def test_result_that_cannot_be_kept_is_an_incident(result: Any) -> None:
    """A result that is too large, or no JSON, is not kept, also where no fields are declared."""
    text = "  first: {type: service, call: order, on: {done: fulfilled, failed: gone, other: gone}}"
    for outcome in ("done", "other"):
        job = Rehearsal(process(text))
        job.finish("first", outcome, result)
        assert "refused" in job.call("first").incident


def test_service_deadline() -> None:
    """A service that never answers is given up at its deadline."""
    job = Rehearsal(process(SERVICE))
    job.wait("P4D")
    assert job.position.head.end == "gone"
    assert not job.position.calls


def test_call_of_another_process() -> None:
    """A call gives the other process its need, and saves how its job ended with what it gave."""
    job = Rehearsal(
        process(
            "  first: {type: call, process: dyeing, at: dyer, for: tailor, need: {colour: '\"red\"'}, "
            "on: {fulfilled: fulfilled, ended: gone}}"
        )
    )
    call = job.call("first")
    assert (call.process, call.at, call.input) == ("dyeing", "dyer", {"colour": "red"})
    job.finish("first", "fulfilled", {"job": "j2", "price": 3})
    assert job.data["first"] == {"job": "j2", "price": 3, "status": "fulfilled"}


def wait(key: str) -> Rehearsal:
    return Rehearsal(process(f"  first: {{type: wait, {key}, next: fulfilled}}"))


def test_wait_for_a_time() -> None:
    """A wait lasts as long as it says, from entering, and not a moment less."""
    job = wait("for: P2D")
    (timer,) = job.timers
    assert timer.due - job.now == days(2)
    job.wait("P1DT23H59M")
    assert job.status == "open"
    job.wait("PT1M")
    assert job.status == "fulfilled"


@pytest.mark.parametrize("key", ["until: 'now - span(\"PT1S\")'", "until: now", "until: '\"2026-03-01\"'"])
def test_moment_that_has_passed_elapses_at_once(key: str) -> None:
    """A wait for a moment in the past does not wait."""
    assert wait(key).status == "fulfilled"


def test_wait_until_a_date() -> None:
    """A wait until a date ends with the date's first instant."""
    job = wait("until: '\"2026-03-04\"'")
    (timer,) = job.timers
    assert timer.due == job.now + timedelta(days=1, hours=15)


MESSAGE = """
  first: {type: task, for: staff, next: second}
  second:
    type: message
    name: paid
    key: customer.id
    keep: P5D
    within: P9D
    fields: {amount: {type: number}}
    on: {received: fulfilled, expired: gone}
"""


def test_message_is_taken() -> None:
    """A message of the right name and key ends the state, and its body is saved."""
    job = Rehearsal(process(MESSAGE))
    job.act("first", by=TOM)
    job.deliver("paid", "ada", {"amount": 3})
    assert job.status == "fulfilled"
    assert job.data["second"] == {"amount": 3.0}


def test_message_with_a_wrong_body_is_refused() -> None:
    """A body that breaks the fields is refused to its sender, and the state goes on waiting."""
    job = Rehearsal(process(MESSAGE))
    job.act("first", by=TOM)
    with pytest.raises(BadAnswer, match="amount"):
        job.deliver("paid", "ada", {"amount": "three"})
    assert job.standing == ["second"]


def test_unknown_message_is_refused() -> None:
    """A message that nobody waits for, and nobody keeps, is refused."""
    with pytest.raises(StaleCommand):
        Rehearsal(process(MESSAGE)).deliver("shipped", "ada")


def test_early_message_is_kept_and_taken() -> None:
    """A message that comes early is taken at once on entering, with its timer; one with another key is not."""
    job = Rehearsal(process(MESSAGE))
    job.deliver("paid", "ben", {"amount": 1})
    job.deliver("paid", "ada", {"amount": 2})
    job.wait("P4D")
    job.act("first", by=TOM)
    assert job.status == "fulfilled"
    assert job.data["second"] == {"amount": 2.0}


def test_early_message_is_dropped_in_time() -> None:
    """A kept message is dropped when its time is over."""
    job = Rehearsal(process(MESSAGE))
    job.deliver("paid", "ada", {"amount": 2})
    job.wait("P6D")
    job.act("first", by=TOM)
    assert job.standing == ["second"]
    assert not job.position.head.kept


def test_bad_early_message_is_dropped() -> None:
    """A kept message whose body breaks the fields is dropped, and does not stop the one who acts."""
    job = Rehearsal(process(MESSAGE))
    job.deliver("paid", "ada", {"amount": "three"})
    job.deliver("paid", "ada", {"amount": 4})
    job.act("first", by=TOM)
    assert job.data["second"] == {"amount": 4.0}
    assert [one.dropped for one in job.told(e.MessageTaken)] == [True, False]


def test_message_without_key_or_fields() -> None:
    """A state without a key takes any; without fields the body is saved as it comes, and none as an empty object."""
    text = "  first: {type: message, name: paid, within: P9D, on: {received: fulfilled, expired: gone}}"
    for body, saved in (({"a": [1]}, {"a": [1]}), (None, {}), ("text", "text")):
        job = Rehearsal(process(text))
        job.deliver("paid", "any", body)
        assert job.data["first"] == saved


def test_race_offers_members_their_outcomes() -> None:
    """A member of a race offers the outcomes that the race routes: by ``member.outcome``, or all by ``member``."""
    text = """
  first:
    type: race
    of:
      ok: {type: approval}
      work: {type: task, for: staff}
      late: {type: wait, for: P3D}
    on: {ok.approved: fulfilled, ok.changes: gone, work: fulfilled, late: gone}
"""
    job = Rehearsal(process(text))
    offered = {step.member: form(job.compiled, job.position, step, job.now, job.world).ways for step in job.steps}
    assert {member: [way.outcome for way in ways] for member, ways in offered.items()} == {
        "ok": ["approved", "changes"],
        "work": ["done"],
    }
    step = next(one for one in job.steps if one.member == "ok")
    with pytest.raises(UnknownOutcome):
        job.do(c.Act(by=ADA, step=step.number, outcome="declined"))
    job.do(c.Act(by=ADA, step=step.number, outcome="approved"))
    assert job.status == "fulfilled"
