"""What the process shows on purpose of what is internal is told to customers, and nothing else is (L9)."""

from __future__ import annotations

from datetime import UTC, datetime

from flowengine import Engine, SimulatedClock

SCHOOL = """
process: outing
need: A day out
roles: {head: The head}
states:
  need: {type: need, fields: {where: {type: string}}, next: agrees}
  agrees:
    type: approval
    title: The head's word
    by: head
    show: true
    on: {approved: {to: plan, set: {head_says: {value: data.agrees.words, show: true}}}}
  plan: {type: approval, by: head, title: The plan, on: {approved: tell}}
  tell: {type: ask, ask: "The head says: {data.head_says}", within: P7D, next: fulfilled, on: {expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def test_words_of_an_approval_are_told_where_they_are_shown() -> None:
    """The customer reads the words in what he is asked and what is known of his job, of the other approval nothing."""
    with Engine("sqlite://", clock=SimulatedClock(datetime(2027, 1, 4, tzinfo=UTC)), handlers={}) as engine:
        engine.add_customer("zoe")
        engine.add_staff("hal", roles=["head"])
        engine.deploy(SCHOOL)
        job = engine.start("outing", by="zoe", need={"where": "the sea"}).job
        for words in ("Mind the tide", "Costs too much"):
            (step,) = engine.inbox("hal")
            engine.act(step.id, "approved", {"words": words}, by="hal")
        track = engine.track(job, "zoe")
        assert dict(track.facts)["The head's word"] == "Mind the tide"
        assert "Costs too much" not in str(track)
        (step,) = engine.inbox("zoe")
        assert step.title == "The head says: Mind the tide"
        assert engine.audit(job).fine
