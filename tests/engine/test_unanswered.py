"""What happens without an answer is told with a step: to whose job it is, in the file's words for customers alone."""

from __future__ import annotations

from flowengine import Engine

ASKED = """
process: asked
title: Asked
need: An answer
states:
  need: {type: need, next: first}
  first: {type: ask, ask: Which?, fields: {which: {type: string}}, within: P1D, on: {answered: second, expired: second}}
  second:
    type: ask
    ask: And then?
    fields: {then: {type: string}}
    within: P1D
    on: {answered: third, expired: call}
  third:
    type: ask
    ask: At last?
    fields: {last: {type: string}}
    within: P1D
    on: {answered: fulfilled, expired: gone}
  call: {type: task, title: Call that awkward customer, for: staff, within: P1D, on: {done: third, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody answered}
"""

HELPED = """
process: helped
title: Helped
need: Help
states:
  need: {type: need, next: carry}
  carry:
    type: task
    ask: Who carries it?
    for: customers
    within: P1D
    on: {done: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody helped}
"""


def test_what_happens_without_an_answer_is_told_in_words_for_customers(engine: Engine) -> None:
    """What it goes on with, or why it ends; nothing of what is done inside (L9)."""
    engine.deploy(ASKED)
    engine.start("asked", by="ada")

    def told() -> object:
        step = engine.step(engine.inbox("ada")[0].id, by="ada")
        found = step.unanswered
        engine.act(step.id, "answered", {step.form.ways[0].fields[0].name: "this"}, by="ada")
        return (found.words, found.ends) if found is not None else None

    assert [told() for _ in range(3)] == [("And then?", False), None, ("Nobody answered", True)]


def test_a_deadline_of_somebody_elses_job_tells_nothing_of_it(engine: Engine) -> None:
    """Who helps in it is told his deadline, and not what becomes of the job."""
    engine.deploy(HELPED)
    engine.start("helped", by="ada")
    (item,) = engine.inbox("ben")
    seen = engine.step(item.id, by="ben")
    assert seen.due is not None
    assert seen.unanswered is None
    own = engine.step(item.id, by="ada").unanswered
    assert own is not None
    assert own.words == "Nobody helped"
