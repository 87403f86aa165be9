"""A desk: one interface for one identity, whoever answers it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_type_hints

import msgspec
import pytest
from small_shop import SHOP, Desks

from flowengine import Actor, Engine, KeyConflict, NotFound, SimulatedClock
from flowengine.client import Desk, LocalDesk

OWN = {"close", "now", "zone", "me", "need", "source", "once"}
"""What is no verb of the engine: these are about the desk, or give a view of what the engine hands out whole."""


def test_a_desk_asks_what_the_engine_answers() -> None:
    """Each verb takes and gives what the engine's of the same name does, but for who asks."""
    for name, verb in inspect.getmembers(Desk, inspect.isfunction):
        if name.startswith("_") or name in OWN:
            continue
        asked, engines = inspect.signature(verb).parameters, inspect.signature(getattr(Engine, name)).parameters
        assert set(asked) == set(engines) - {"by"}, name
        assert "by" in engines, name
        assert get_type_hints(verb)["return"] == get_type_hints(getattr(Engine, name))["return"], name


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


def test_who_asks_is_exact_unless_it_was_typed(near: Engine) -> None:
    """An identity is an id; what a person typed finds him, and begins a job for who is new (L15)."""

    def typed(text: str) -> Desk:
        return LocalDesk(near, typed=text)

    job = typed("ada@example.org").start("small_shop", need={"wish": "x"}).job
    assert near.track(job, "ada").customer == "ada"
    assert typed("Ada").inbox() == LocalDesk(near, "ada").inbox() != []
    with pytest.raises(NotFound):
        typed("nobody").inbox()
    new = typed("eve")
    assert new.need("small_shop").process == "small_shop"
    new.start("small_shop", need={"wish": "x"})
    assert len(new.inbox()) == 1


@pytest.fixture
def near(sqlite_url: str, clock: SimulatedClock) -> Iterator[Engine]:
    """The shop, near."""
    with Engine(sqlite_url, clock=clock) as engine:
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada", "ada@example.org")
        yield engine


def test_without_an_identity_the_program_asks(desk: Desks) -> None:
    """Whoever holds the database operates it, and has no steps of his own."""
    job = desk("ada").start("small_shop", need={"wish": "x"}).job
    program = desk("")
    assert program.inbox() == []
    assert [row.id for row in program.jobs()] == [job]
    assert program.track(job).job == job
    assert program.me is None
    assert desk("ben").jobs() == []


def test_an_actor_that_the_program_vouches_for_asks_near(near: Engine) -> None:
    """Near, the program says who asks."""
    assert LocalDesk(near, Actor(kind="customer", id="ben")).jobs() == []


def test_a_verb_without_a_key_is_done_once_under_one(desk: Desks) -> None:
    """Sent twice, or by several at the same moment, it is done once, and all are answered alike; the same key of
    somebody else is another."""
    first = desk("olga").once("k").add_customer("", "Mira")
    assert desk("olga").once("k").add_customer("", "Mira") == first
    with pytest.raises(KeyConflict):
        desk("olga").once("k").add_customer("", "Mara")
    assert desk("tom").once("k").add_customer("", "Mira").id != first.id
    desks = [desk("olga").once("k2") for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda one: one.add_customer("", "Cy", "cy@example.org").id, desks))
        desks = [desk("olga").once("k3") for _ in range(4)]
        absent = list(threads.map(lambda one: one.remove_contact(made[0], "cy@example.org").address, desks))
    assert len(set(made)) == 1
    assert absent == ["cy@example.org"] * 4
    assert [one.name for one in desk("olga").people("customer") if one.name == "Cy"] == ["Cy"]
