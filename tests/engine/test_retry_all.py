"""Incidents are tried again one by one or all of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

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
OPERATOR = Actor(kind="operator", id="olga")


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Two processes, whose mills have both given up twice."""
    with Engine(database, clock=SimulatedClock(datetime(2026, 5, 4, tzinfo=UTC))) as engine:
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


def test_one_that_cannot_be_does_not_stop_the_others(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    """What is refused is told with its reason, and the others are tried again all the same."""
    assert database is engine.database
    from flowengine.commands import incidents

    first = engine.incidents()[0].id
    retry: Callable[..., object] = incidents.retry

    def refusing(shell: object, text: str, by: object) -> object:
        if text == first:
            raise Refused("its guard fails")
        return retry(shell, text, by)

    monkeypatch.setattr(incidents, "retry", refusing)
    done = engine.retry_all(OPERATOR)
    assert done.refused == {first: "its guard fails"}
    assert len(done.tried) == 3
