"""A step that is no longer open is told so to those for whom it was, however long the history is."""

from __future__ import annotations

import pytest

from flowengine import Engine, NotFound, StaleCommand
from flowengine.store.history import Entry, History

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
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To say that a step is stale takes a few entries of a long history, for the job is locked meanwhile."""
    _, steps = talked(engine, 150)
    read: list[Entry] = []

    def counted(self: History, job: str, after: int = 0, limit: int | None = None) -> list[Entry]:
        found = of(self, job, after, limit)
        read.extend(found)
        return found

    of = History.of
    monkeypatch.setattr(History, "of", counted)
    with pytest.raises(StaleCommand):
        engine.act(steps[3], by="ada")
    assert 0 < len(read) < 100
