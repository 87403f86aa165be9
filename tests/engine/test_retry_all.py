"""Incidents are tried again one by one or all of a kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from flowengine import Actor, Database, Engine, NotAllowed, Refused, SimulatedClock

MILL = """
process: {name}
title: Cloth
need: Cloth
states:
  need: {{type: need, next: order}}
  order: {{type: service, call: {handler}, retry: {{attempts: 1}}, on: {{done: fulfilled}}}}
  fulfilled: {{type: fulfilled}}
"""
RUNG = """
process: bell
title: A bell
need: A bell
states:
  need: {type: need, next: rest}
  rest: {type: wait, for: PT1H, next: [{to: fulfilled, when: customer.age > 3}, gone]}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Too young}
"""
"""What it asks about its customer is not known of anybody, so its clock cannot go on."""

OPERATOR = Actor(kind="operator", id="olga")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """Two processes, whose mills have both given up twice."""
    with Engine(database, clock=clock) as engine:
        for name, handler in (("wool", "shear"), ("silk", "spin")):
            engine.deploy(MILL.format(name=name, handler=handler))
            engine.register({handler: broken})
            for who in ("ada", "ben"):
                engine.start(name, by=who)
        engine.run_due()
        assert len(engine.incidents()) == 4
        yield engine


def broken(_: object) -> None:
    raise RuntimeError("the mill stands still")


@pytest.mark.parametrize("chosen", [{"process": "wool"}, {"handler": "shear"}, {"kind": "call", "process": "wool"}])
def test_all_of_a_kind_are_tried_again(engine: Engine, chosen: dict[str, str]) -> None:
    """Those that are meant go on as soon as a worker runs them; the others stay incidents."""
    meant = {one.id for one in engine.incidents() if one.process == "wool"}
    engine.register({"shear": lambda _: None, "spin": lambda _: None})
    done = engine.retry_all(OPERATOR, **chosen)
    assert set(done.tried) == meant
    assert not done.refused
    engine.run_due()
    assert {row.process for row in engine.jobs(status="fulfilled")} == {"wool"}
    assert {one.process for one in engine.incidents()} == {"silk"}
    assert len(engine.retry_all(OPERATOR).tried) == 2
    engine.run_due()
    assert not engine.incidents()


def test_only_operators_try_all_again(engine: Engine) -> None:
    """A customer may not, and an unknown kind is told with those there are."""
    with pytest.raises(NotAllowed):
        engine.retry_all("ada")
    with pytest.raises(Refused) as refused:
        engine.retry_all(OPERATOR, kind="trouble")
    assert refused.value.possible == ("call", "timer", "message", "schedule")
    assert len(engine.incidents()) == 4


def test_one_that_cannot_be_does_not_stop_the_others(engine: Engine, clock: SimulatedClock) -> None:
    """What is refused is told with its reason, and the others are tried again all the same."""
    engine.deploy(RUNG)
    engine.start("bell", by="ada")
    clock.advance(timedelta(hours=2))
    engine.run_due()
    (timer,) = [one.id for one in engine.incidents() if one.kind == "timer"]
    done = engine.retry_all(OPERATOR)
    assert "age" in done.refused.pop(timer)
    assert not done.refused
    assert len(done.tried) == 4
