"""Steps that nobody can do: operators see them, and why, and no longer once somebody can."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flowengine import Actor, Database, Engine, NotAllowed, SimulatedClock

WORK = """
process: work
title: Work
need: Something
roles: {tailor: {title: Tailor}, head: {title: Head}, second: {title: Second}}
groups: {friends: {title: Friends}}
states:
  need: {type: need, fields: {to: {type: string}, who: {type: string, optional: true}}, next: where}
  where:
    type: decision
    rules:
      - {when: 'data.need.to == "sew"', to: sew}
      - {when: 'data.need.to == "call"', to: sewn}
      - {when: 'data.need.to == "agree"', to: agree}
      - {when: 'data.need.to == "named"', to: named}
    else: meet
  sew: {type: task, for: tailor, on: {done: check}}
  check: {type: task, for: tailor, not_by: sew, on: {done: fulfilled}}
  sewn: {type: task, for: tailor, within: P1D, on: {done: call, expired: call}}
  call: {type: task, title: Call, for: {person: 'by("sewn")'}, on: {done: fulfilled}}
  named: {type: task, for: {people: '[has(data.need.who) ? data.need.who : "tom"]'}, on: {done: fulfilled}}
  meet: {type: task, for: {group: friends}, within: P90D, on: {done: fulfilled, expired: fulfilled}}
  agree:
    type: approval
    ask: Is it good?
    by: {any: 3, of: [tailor, head, second]}
    within: P90D
    on: {approved: fulfilled, changes: agree, declined: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def work(engine: Engine) -> Engine:
    engine.deploy(WORK)
    return engine


def begin(engine: Engine, to: str, **need: str) -> str:
    return engine.start("work", by="ada", need={"to": to, **need}).job


def told(engine: Engine) -> list[str]:
    """Why steps cannot be done, as incidents and as what is stuck, which must agree."""
    found = [one.error.partition(" (possible:")[0] for one in engine.incidents() if one.kind == "step"]
    waits = [wait.error for one in engine.stuck() for wait in one.waits if wait.kind == "step" and wait.error]
    assert sorted(waits) == sorted(found)
    return found


def act(engine: Engine, who: str, **more: str) -> None:
    (item,) = engine.inbox(who)
    engine.act(item.id, by=who, **more)


def test_a_role_that_nobody_has(work: Engine) -> None:
    """The step is an incident as soon as the last one with the role is gone, and none once somebody has it."""
    job = begin(work, "sew")
    assert told(work) == []
    work.add_staff("tom", "Tom", roles=[])
    (incident,) = work.incidents()
    assert (incident.kind, incident.job, incident.state, incident.handler) == ("step", job, "sew", "Sew")
    assert incident.error.startswith("nobody can do it: nobody has the role tailor (possible: give somebody the role")
    assert told(work) == ["nobody can do it: nobody has the role tailor"]
    work.add_staff("eva", "Eva", roles=["tailor", "operator"])
    assert told(work) == []
    work.add_staff("eva", "Eva", roles=[])
    work.assign(incident.short, "cleo", by="olga")
    assert told(work) == []


def test_a_step_is_not_tried_again(work: Engine) -> None:
    """Trying it again is refused with what is possible, and passed over where all are tried."""
    begin(work, "sew")
    work.add_staff("tom", "Tom", roles=[])
    (incident,) = work.incidents()
    with pytest.raises(NotAllowed) as refused:
        work.retry(incident.id)
    assert "assign the step" in refused.value.possible
    assert work.retry_all().refused == {}


def test_the_only_one_who_did_the_other_part(work: Engine) -> None:
    """Where all who have the role are excluded, that is told with their names."""
    begin(work, "sew")
    act(work, "tom")
    assert told(work) == ["nobody can do it: tom did a part that must be done by another"]
    work.add_staff("eva", "Eva", roles=["tailor"])
    assert told(work) == []


def test_an_expression_that_names_nobody(work: Engine, clock: SimulatedClock) -> None:
    """A person that is an empty text is nobody; the expression is told, and the step does not wait for "you"."""
    begin(work, "call")
    clock.advance(timedelta(days=2))
    work.run_due()
    assert told(work) == ['nobody can do it: by("sewn") gave an empty text']
    (waits,) = work.stuck()[0].waits
    assert (waits.what, waits.whom) == ("Call", "nobody")


@pytest.mark.parametrize("who", ["tmo", "x' OR 1=1 --", "a|b"])
def test_a_person_who_is_not_there(work: Engine, who: str) -> None:
    """An id that nobody has is told; entered, he can."""
    begin(work, "named", who=who)
    assert told(work) == [f"nobody can do it: there is nobody with the id {who!r}"]
    if "'" not in who:
        work.add_customer(who)
        assert told(work) == []


def test_the_jobs_customer_is_there(work: Engine) -> None:
    """Also where nothing is known of him."""
    begin(work, "named", who="ada")
    with work.database.writing() as tx:
        tx.channel.raw.execute("DELETE FROM flow_people WHERE id = 'ada'")  # type: ignore[attr-defined]
    assert told(work) == []


def test_a_group_that_nobody_is_in(work: Engine) -> None:
    """It is judged where members are known of any group."""
    begin(work, "meet")
    assert told(work) == []
    work.add_customer("ben", groups=["others"])
    assert told(work) == ["nobody can do it: nobody is in the group friends"]
    work.add_customer("ben", groups=["friends"])
    assert told(work) == []


def test_too_few_to_approve(work: Engine) -> None:
    """Three of two people can never approve, whoever has approved by then."""
    work.add_staff("cleo", "Cleo", roles=["head", "second"])
    begin(work, "agree")
    why = "nobody can do it: 3 must approve, and no more than 2 people can"
    assert told(work) == [why]
    act(work, "cleo", outcome="approved")
    assert told(work) == [why]
    work.add_staff("eva", "Eva", roles=["head"])
    assert told(work) == []
    act(work, "tom", outcome="approved")
    act(work, "eva", outcome="approved")
    assert work.jobs()[0].status == "fulfilled"


def test_people_of_the_application_are_not_judged(database: Database, clock: SimulatedClock) -> None:
    """Where the store knows no staff, or operators alone, nothing is said of roles and persons."""
    with Engine(database, clock=clock) as engine:
        engine.deploy(WORK)
        engine.add_staff("olga", "Olga", roles=["operator"])
        jobs = [begin(engine, to, who="zoe") for to in ("sew", "meet", "agree", "named")]
        assert told(engine) == []
        sewing = next(wait.id for one in engine.stuck() if one.job == jobs[0] for wait in one.waits)
        engine.claim(sewing, by=Actor(kind="staff", id="tim", roles=("tailor",)))
        engine.add_staff("eva", "Eva", roles=["cutter"])
        assert len(told(engine)) == 2  # tim has the first, and is the application's to know


def test_a_claim_by_one_who_may_no_longer(work: Engine) -> None:
    """A step held by somebody who has lost the right to it waits for nobody, until it is given back."""
    begin(work, "sew")
    (item,) = work.inbox("tom")
    work.claim(item.id, by="tom")
    with work.database.writing() as tx:
        tom = tx.people.get("tom")
        assert tom is not None
        tx.people.update(type(tom)(id="tom", kind="staff", name="Tom", created=tom.created))
    work.add_staff("eva", "Eva", roles=["tailor"])
    assert told(work) == ["nobody can do it: tom has it, and may no longer do it"]
    work.release(item.id, by="olga")
    assert told(work) == []


def test_deploying_tells_what_nobody_has(engine: Engine) -> None:
    """A process is in use all the same: its roles and groups may be filled later."""
    lacks = ("nobody has the role head", "nobody has the role second", "nobody is in the group friends")
    assert engine.deploy(WORK).warnings == lacks
    engine.add_staff("eva", "Eva", roles=["head", "second"])
    engine.add_customer("ben", groups=["friends"])
    assert engine.deploy(WORK).warnings == ()
