"""What can be asked of a job, and what is refused without changing anything."""

from __future__ import annotations

import pytest
from rehearsal import ADA, BEN, CLOCK, CODE, EVA, OPS, TOM, Rehearsal, process

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.world import Member
from flowengine.errors import AlreadyClaimed, BadAnswer, NotAllowed, NotFound, StaleCommand, UnknownOutcome

SEWING = """
  first: {type: task, for: tailor, on: {done: check, hopeless: gone}}
  check: {type: task, for: tailor, not_by: first, next: fulfilled}
"""
ORDERING = """
  first: {type: service, call: order, fields: {ref: {type: string}}, on: {done: fulfilled, out_of_stock: gone}}
"""


def sewing() -> Rehearsal:
    return Rehearsal(process(SEWING))


def refused(job: Rehearsal, command: c.AnyCommand, error: type[Exception], match: str | None = None) -> None:
    """The command is refused, and nothing is changed by it."""
    before = job.position, len(job.history)
    with pytest.raises(error, match=match):
        job.do(command)
    assert (job.position, len(job.history)) == before


def test_a_job_begins_with_its_need_and_ends_once() -> None:
    """A job starts by stating the need, which is saved, and ends in one end (L1)."""
    job = sewing()
    assert job.data["need"] == {}
    assert job.position.root.memory.by == {"need": "ada"}
    job.act("first", "done", by=TOM)
    job.act("check", by=EVA)
    assert (job.status, job.standing) == ("fulfilled", ["fulfilled"])
    assert len(job.told(e.Ended)) == 1


def test_a_job_that_is_over_takes_words_only() -> None:
    """After its end a job refuses every command but to say something."""
    job = sewing()
    job.act("first", "hopeless", by=TOM)
    refused(job, c.Act(by=TOM, step=1), StaleCommand, "over: ended")
    job.do(c.Say(by=ADA, text="a pity", kind="concern"))
    assert [said.text for said in job.told(e.Said)] == ["a pity"]


def test_an_act_on_a_step_that_is_not_open_is_stale() -> None:
    """An act on a step that was done, or never was, is refused with where the job stands."""
    job = sewing()
    step = job.step("first")
    job.act("first", "done", by=TOM)
    for number in (step.number, 999):
        with pytest.raises(StaleCommand) as caught:
            job.do(c.Act(by=TOM, step=number, outcome="done"))
        assert caught.value.possible == ("check",)


def test_an_unknown_outcome_is_refused_with_those_that_are_known() -> None:
    """An outcome the step does not know is refused, naming those it knows."""
    job = sewing()
    with pytest.raises(UnknownOutcome) as caught:
        job.act("first", "dnoe", by=TOM)
    assert caught.value.possible == ("done", "hopeless")
    assert job.offered("first") == ("done", "hopeless")


def test_claiming() -> None:
    """Who claims a step has it alone until it is given back."""
    job = sewing()
    step = job.step("first").number
    job.do(c.Claim(by=TOM, step=step))
    assert job.step("first").claimed == "tom"
    assert job.do(c.Claim(by=TOM, step=step)).events == [], "claiming it again changes nothing"
    refused(job, c.Claim(by=EVA, step=step), AlreadyClaimed, "tom")
    refused(job, c.Act(by=EVA, step=step, outcome="done"), AlreadyClaimed, "tom")
    refused(job, c.Release(by=EVA, step=step), AlreadyClaimed)
    job.do(c.Release(by=TOM, step=step))
    assert job.step("first").claimed is None
    refused(job, c.Release(by=TOM, step=step), NotAllowed, "nobody")
    job.act("first", "done", by=EVA)


def test_assigning() -> None:
    """A step is handed to a person by who has it, by anybody while nobody has it, and by an operator."""
    job = sewing()
    step = job.step("first").number
    job.do(c.Assign(by=TOM, step=step, person="eva"))
    assert job.step("first").claimed == "eva"
    assert "person:eva" in job.step("first").audience
    refused(job, c.Assign(by=TOM, step=step, person="tom"), AlreadyClaimed)
    job.do(c.Assign(by=OPS, step=step, person="tom"))
    job.act("first", "done", by=TOM)


def test_separation_of_duties() -> None:
    """Who did a state may not do one that is ``not_by`` it: not claim it, not be given it, not act on it."""
    job = sewing()
    job.act("first", "done", by=TOM)
    step = job.step("check").number
    refused(job, c.Claim(by=TOM, step=step), NotAllowed, "another")
    refused(job, c.Assign(by=EVA, step=step, person="tom"), NotAllowed, "another")
    refused(job, c.Act(by=TOM, step=step, outcome="done"), NotAllowed, "another")
    job.act("check", by=EVA)
    assert job.status == "fulfilled"


def test_a_service_ends_with_its_outcome() -> None:
    """A service's result is saved and its outcome routes the job."""
    job = Rehearsal(process(ORDERING))
    job.finish("first", result={"ref": "A7"})
    assert job.data["first"] == {"ref": "A7"}
    assert job.status == "fulfilled"
    job = Rehearsal(process(ORDERING))
    job.finish("first", "out_of_stock")
    assert job.position.head.end == "gone"


def test_a_service_outcome_that_leads_nowhere_is_an_incident() -> None:
    """A handler's outcome that is not routed keeps the job where it is, for an operator to see and retry."""
    job = Rehearsal(process(ORDERING))
    job.finish("first", "exploded")
    assert "exploded" in job.call("first").incident
    job.do(c.Retry(by=OPS, call=job.call("first").number))
    assert job.call("first").incident == ""
    refused(job, c.Retry(by=OPS, call=job.call("first").number), NotAllowed, "no incident")
    job.finish("first", result={"ref": "A7"})
    assert job.status == "fulfilled"


def test_a_service_result_that_breaks_its_fields_is_an_incident() -> None:
    """A result that is not what the state declares is not saved."""
    job = Rehearsal(process(ORDERING))
    job.finish("first", result={"ref": 7})
    assert "ref" in job.call("first").incident
    assert "first" not in job.data


def test_a_service_whose_end_the_process_cannot_follow_is_an_incident() -> None:
    """When a guard fails after a call, or the job would run away, the call waits for an operator; nothing is saved."""
    guarded = "\n  first: {type: service, call: order, on: {done: {to: fulfilled, when: data.first.size > 3}}}\n"
    job = Rehearsal(process(guarded))
    job.finish("first", result={"size": "large"})
    assert "data.first.size" in job.call("first").incident
    assert "first" not in job.data
    job.do(c.Retry(by=OPS, call=job.call("first").number))
    job.finish("first", result={"size": 4})
    assert job.status == "fulfilled"

    failing = "\n  first: {type: service, call: order, on: {done: fulfilled, failed: {to: gone, when: data.no.such}}}\n"
    job = Rehearsal(process(failing))
    job.fail("first", "no connection")
    assert "no connection" in job.call("first").incident
    assert "data.no" in job.call("first").incident


def test_a_service_that_gives_up() -> None:
    """A service that gave up takes the route ``failed`` where there is one, else it is an incident."""
    job = Rehearsal(process(ORDERING))
    job.fail("first", "no connection")
    assert job.call("first").incident == "no connection"
    states = "\n  first: {type: service, call: order, on: {done: fulfilled, failed: gone}}\n"
    job = Rehearsal(process(states))
    job.do(c.Fail(by=CODE, call=job.call("first").number, error="no handler", stuck=True))
    assert job.call("first").incident == "no handler"
    job.fail("first")
    assert job.position.head.end == "gone"


def test_late_service_results_are_stale() -> None:
    """A call that is closed takes no result any more (L10)."""
    states = """
  first: {type: service, call: order, within: P1D, on: {done: fulfilled, expired: after}}
  after: {type: task, for: tailor, next: fulfilled}
"""
    job = Rehearsal(process(states))
    call = job.call("first").number
    job.wait("P2D")
    assert job.standing == ["after"]
    refused(job, c.Finish(by=CODE, call=call), StaleCommand)
    refused(job, c.Fail(by=CODE, call=call, error="late"), StaleCommand)


def test_stale_and_early_timers() -> None:
    """A timer fires once, and not before its time."""
    states = """
  first: {type: ask, ask: When?, fields: {day: {type: string}}, within: P3D, on: {answered: after, expired: gone}}
  after: {type: task, for: tailor, next: fulfilled}
"""
    job = Rehearsal(process(states))
    timer = job.timers[0].number
    refused(job, c.Fire(by=CLOCK, timer=timer), NotAllowed, "not due")
    job.act("first", answer={"day": "Monday"})
    refused(job, c.Fire(by=CLOCK, timer=timer), StaleCommand)


def test_an_answer_that_breaks_the_need_starts_no_job() -> None:
    """A job begins only with a need that fits its fields."""
    states = SEWING
    made = process(states)
    with pytest.raises(BadAnswer):
        Rehearsal(made, need={"unasked": 1})


def test_what_cannot_be_done_at_any_time_is_not_found() -> None:
    """An ``always`` that the process does not have is refused with those it has."""
    job = sewing()
    refused(job, c.Invoke(by=BEN, name="withdraw"), NotFound, "withdraw")


def test_the_child_job_of_a_call_routes_its_caller() -> None:
    """A called process's job ends a ``call`` with its own end."""
    states = """
  first: {type: call, process: repair, need: {what: '"hem"'}, on: {fulfilled: fulfilled, ended: gone}}
"""
    job = Rehearsal(process(states))
    call = job.call("first")
    assert (call.process, call.input) == ("repair", {"what": "hem"})
    job.finish("first", "fulfilled", {"price": 12})
    assert job.status == "fulfilled"
    assert job.data["first"]["price"] == 12


def test_who_votes_last_is_not_who_decided() -> None:
    """A vote that closes early with the last ballot does not name the last voter as who did the state."""
    states = """
  first:
    type: vote
    of: {group: members}
    ask: Which colour?
    options: [{id: navy, title: Navy}, {id: grey, title: Grey}]
    early: true
    within: P3D
    on: {decided: fulfilled, no_quorum: gone, tied: gone}
"""
    made = process(states, "groups: {members: {title: Members}}\n")
    job = Rehearsal(made, members=[Member(id="ada"), Member(id="ben")])
    job.act("first", "vote", {"for": "navy"}, by=ADA)
    job.act("first", "vote", {"for": "navy"}, by=BEN)
    assert job.status == "fulfilled"
    assert "first" not in job.position.root.memory.by
