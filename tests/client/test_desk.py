"""A desk: one interface for one identity, whoever answers it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, get_type_hints

import msgspec
import pytest

from flowengine import Actor, Engine, NotConfigured, NotFound, SimulatedClock
from flowengine.client import Desk, LocalDesk, open_desk

SHOP = """
process: small_shop
title: A small shop
need: A table
roles: {maker: {title: Maker}}
states:
  need: {type: need, ask: What for?, fields: {wish: {type: string, title: Wish}}, next: choose}
  choose:
    type: ask
    ask: How many legs?
    fields: {legs: {type: integer, title: Legs}}
    within: P14D
    on: {answered: build, expired: gone}
  build: {type: task, for: maker, phase: Being built, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
always:
  withdraw: {by: customer, title: Withdraw, when: '!passed("choose")', to: gone}
"""

OWN = {"close", "now", "zone", "me", "need", "source"}
"""What is no verb of the engine: these are about the desk, or give a view of what the engine hands out whole."""

Desks = Callable[..., Desk]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The small shop on each database, with its people."""
    with Engine(database_url, clock=SimulatedClock(datetime(2027, 1, 4, 10, tzinfo=UTC))) as engine:
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada", "ada@example.org")
        engine.add_customer("ben", "Ben")
        engine.add_staff("tom", "Tom", ["maker"])
        engine.add_staff("olga", "Olga", ["operator"])
        yield engine


@pytest.fixture
def desk(engine: Engine) -> Desks:
    """A desk of somebody on the engine."""
    return lambda identity=None, **more: LocalDesk(engine, identity, **more)


def test_a_desk_asks_what_the_engine_answers() -> None:
    """Each verb takes and gives what the engine's of the same name does, but for who asks."""
    for name, verb in inspect.getmembers(Desk, inspect.isfunction):
        if name.startswith("_") or name in OWN:
            continue
        asked, engines = inspect.signature(verb).parameters, inspect.signature(getattr(Engine, name)).parameters
        assert set(asked) == set(engines) - {"by"}, name
        assert "by" in engines, name
        assert get_type_hints(verb)["return"] == get_type_hints(getattr(Engine, name), _names(name))["return"], name


def _names(verb: str) -> dict[str, Any]:
    """What the verb's annotations may name: of its own file, and what the engine's imports for them."""
    return {**vars(inspect.getmodule(Engine)), **getattr(Engine, verb).__globals__}


def test_a_job_goes_through_desks_alone(desk: Desks) -> None:
    """A customer, a maker and an operator do their parts; every answer encodes to JSON as it is."""
    ada, tom, olga = desk("ada"), desk("tom"), desk("olga")
    begun = ada.start("small_shop", need={"wish": "A desk"}, key="k1")
    assert ada.start("small_shop", need={"wish": "A desk"}, key="k1") == begun
    (item,) = ada.inbox()
    step = ada.step(item.id)
    acted = ada.act(step.id, "answered", {"legs": 4})
    (build,) = tom.inbox()
    answers: list[Any] = [begun, item, step, acted, build, tom.claim(build.id), tom.release(build.id)]
    answers += [olga.assign(build.id, "tom"), ada.say(begun.job, "Mind the stairs"), tom.act(build.id, "done")]
    answers += [*olga.history(begun.job), olga.audit(), *olga.jobs(), *olga.people(), *olga.processes(), *olga.stuck()]
    answers += [ada.track(begun.job), olga.track(begun.job), ada.need("small_shop"), olga.find_person("Ada")]
    answers += [olga.issue_token("operator", "olga"), *olga.tokens(), olga.retry_all()]
    for one in answers:
        assert json.loads(json.dumps(msgspec.to_builtins(one))) is not None
    assert ada.track(begun.job).status == "fulfilled"
    assert olga.source("small_shop") == SHOP


def test_what_is_meant_is_found_in_one_look(desk: Desks) -> None:
    """A step is found by its id, its job, or by nothing; where not exactly one waits, those that do are told."""
    ada = desk("ada")
    assert ada.find_step() == {}
    job = ada.start("small_shop", need={"wish": "x"}).job
    (item,) = ada.inbox()
    found = [ada.find_step(text) for text in (item.id, item.short, job, "")]
    assert [getattr(one, "id", one) for one in found] == [item.id] * 4
    other = ada.start("small_shop", need={"wish": "y"}).job
    several = ada.find_step()
    assert isinstance(several, dict)
    assert several[item.short] == "How many legs?, Ada"
    assert len(several) == 2
    ada.withdraw(other)
    with pytest.raises(NotFound):
        desk("ben").find_step(job)


def test_under_its_key_the_step_is_found_that_was_acted_on(desk: Desks) -> None:
    """Once a request key was used, the step is found as it was, so that a repeat can ask the same again (L3)."""
    ada = desk("ada")
    job = ada.start("small_shop", need={"wish": "x"}).job
    step = ada.find_step(job, key="k")
    assert not isinstance(step, dict)
    receipt = ada.act(step.id, "answered", {"legs": 3}, key="k")
    assert ada.find_step(job) == {}
    for text in (job, step.id, step.short, ""):
        again = ada.find_step(text, key="k")
        assert not isinstance(again, dict)
        assert (again.id, again.form) == (step.id, step.form)
        assert ada.act(again.id, "answered", {"legs": 3}, key="k") == receipt
    other = ada.start("small_shop", need={"wish": "y"}).job
    found = ada.find_step(other, key="k")
    assert not isinstance(found, dict)
    assert found.job == other, "a key says nothing of another job"


def test_an_offer_is_asked_whether_it_is_open_or_not(desk: Desks) -> None:
    """What a job offers is found by its name for whom it is meant, and is not there for others (L4)."""
    ada = desk("ada")
    job = ada.start("small_shop", need={"wish": "x"}).job
    offer = ada.offer(job, "withdraw")
    assert (offer.title, offer.questions) == ("Withdraw", ())
    ada.act(ada.inbox()[0].id, "answered", {"legs": 3})
    assert ada.track(job).offers == ()
    assert ada.offer(job, "withdraw") == offer
    for who in ("tom", "ben"):
        with pytest.raises(NotFound):
            desk(who).offer(job, "withdraw")


def test_who_asks_is_exact_unless_it_was_typed(desk: Desks, engine: Engine) -> None:
    """An identity is an id; what a person typed finds him, and begins a job for who is new (L15)."""
    job = desk(typed="ada@example.org").start("small_shop", need={"wish": "x"}).job
    assert engine.track(job, "ada").customer == "ada"
    assert desk(typed="Ada").inbox() == desk("ada").inbox() != []
    with pytest.raises(NotFound):
        desk(typed="nobody").inbox()
    new = desk(typed="eve")
    assert new.need("small_shop").process == "small_shop"
    new.start("small_shop", need={"wish": "x"})
    assert len(new.inbox()) == 1


def test_without_an_identity_the_program_asks(desk: Desks) -> None:
    """Whoever holds the database operates it, and has no steps of his own."""
    job = desk("ada").start("small_shop", need={"wish": "x"}).job
    program = desk()
    assert program.inbox() == []
    assert [row.id for row in program.jobs()] == [job]
    assert program.track(job).job == job
    assert desk(Actor(kind="customer", id="ben")).jobs() == []


def test_a_server_is_not_reached_yet() -> None:
    """The address of a server is refused with what is possible, without its password."""
    with pytest.raises(NotConfigured, match="HTTP client") as refused:
        open_desk("https://ada:secret@example.org")
    assert refused.value.where == "https://ada:***@example.org"
    assert refused.value.possible
