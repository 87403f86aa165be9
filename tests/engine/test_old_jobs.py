"""Jobs by their age."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flowengine import BadAnswer, Engine, SimulatedClock

ASK = """
process: ask
need: An answer
states:
  need: {type: need, next: think}
  think: {type: ask, within: P400D, on: {answered: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def test_jobs_that_were_begun_before_a_moment(engine: Engine, clock: SimulatedClock) -> None:
    """The oldest first, page by page, together with what else narrows them; one that began then is not among them."""
    engine.deploy(ASK)
    engine.add_customer("ada", "Ada")
    jobs = []
    for _ in range(5):
        jobs.append(engine.start("ask", by="ada", need={}).job)
        clock.advance(timedelta(days=1))
    before = engine.track(jobs[3], "ada").started
    assert [one.id for one in engine.jobs(begun_before=before)] == jobs[:3]
    first = engine.jobs(begun_before=before, limit=2)
    assert [one.id for one in engine.jobs(begun_before=before, limit=2, after=first[-1].id)] == jobs[2:3]
    engine.act(engine.inbox("ada")[0].id, "answered", {}, by="ada")
    over = next(one.id for one in engine.jobs() if one.status == "fulfilled")
    assert [one.id for one in engine.jobs(begun_before=clock.now(), status="open")] == [
        one for one in jobs if one != over
    ]
    assert [one.id for one in engine.jobs(begun_before=before, by="ada")] == jobs[:3]
    assert engine.jobs(begun_before=before, late=True) == []
    with pytest.raises(BadAnswer, match="must say its offset"):
        engine.jobs(begun_before=datetime(2026, 5, 4))  # noqa: DTZ001 - that is what is wrong
