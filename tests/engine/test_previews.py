"""What a change of mind would come to is told before it is done; nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowengine import Engine, NotAllowed, NotFound

UNDOING = """
process: undoing
title: Undoing
need: Anything
states:
  need: {type: need, next: order}
  order: {type: service, call: order, undo: cancel, within: P9D, on: {done: fulfilled, failed: over, expired: over}}
  fulfilled: {type: fulfilled}
  over: {type: ended, because: No}
always:
  back: {by: customer, undo: true, to: over}
  stop: {by: customer, to: over}
"""


def test_a_preview_is_what_then_happens(engine: Engine, suit: Callable[..., str]) -> None:
    """A dry withdrawal tells what the real one then comes to, and leaves job, history and offers as they were."""
    job = suit()
    before = engine.track(job, by="ada"), engine.history(job)
    seen = engine.withdraw(job, dry=True, by="ada")
    assert (seen.status, seen.because) == ("ended", "The customer withdrew")
    assert (engine.track(job, by="ada"), engine.history(job)) == before
    done = engine.withdraw(job, by="ada", key="k")
    assert (done.status, done.because, done.states) == (seen.status, seen.because, seen.states)


def test_a_preview_is_refused_like_the_change(engine: Engine, suit: Callable[..., str]) -> None:
    """Who may not look at the job finds nothing there; who may is told why it cannot be done now (L4)."""
    job = suit()
    with pytest.raises(NotFound):
        engine.withdraw(job, dry=True, by="ben")
    with pytest.raises(NotFound):
        engine.withdraw("ffffffff", dry=True, by="ada")
    with pytest.raises(NotAllowed):
        engine.invoke(job, "rethink", dry=True, by="ada")


def test_an_offer_says_whether_it_undoes_something(engine: Engine) -> None:
    """Where what services did is undone first, the offer tells."""
    engine.deploy(UNDOING)
    job = engine.start("undoing", by="ada").job
    assert {one.name: one.undoes for one in engine.track(job, by="ada").offers} == {"back": True, "stop": False}
