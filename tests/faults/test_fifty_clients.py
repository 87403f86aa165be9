"""Fifty clients want one step, or one hour, at the same moment: as many as can have it do, and each of the others is
told why not."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from waiting import join

from flowengine import Engine, Receipt, SimulatedClock
from flowengine.errors import FlowError

CLIENTS = 50

TASK = """
process: one_task
title: One task for many
need: A thing done
roles: {maker: {title: Maker}}
states:
  need: {type: need, next: make}
  make: {type: task, for: maker, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


MONDAY = datetime(2026, 5, 4, 8, tzinfo=UTC)
HOUR = """
process: one_hour
title: One hour for many
need: An hour
roles: {maker: {title: Maker}}
calendars:
  shop: {zone: UTC, open: {mon-fri: "09:00-17:00"}, every: PT30M, ahead: P2D, seats: 5}
  garden: {zone: UTC, open: {mon-fri: "09:00-17:00"}, every: PT20M, ahead: P2D, seats: 5}
states:
  need:
    type: need
    fields: {where: {type: string}}
    on: {stated: [{to: inside, when: 'data.need.where == "in"'}, {to: outside}]}
  inside: {type: fitting, with: maker, calendar: shop, length: PT1H, within: P9D, on: {held: fulfilled, expired: gone}}
  outside:
    type: fitting
    with: maker
    calendar: garden
    length: PT1H
    within: P9D
    on: {held: fulfilled, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Nobody came}
"""


def _all_at_once(url: str, ask: Callable[[Engine, str], Receipt]) -> Counter[str]:
    """Each client has connections of its own, and asks when all are ready; how many were told what."""
    barrier, told, lock = threading.Barrier(CLIENTS), Counter[str](), threading.Lock()

    def client(number: int) -> None:
        with Engine(url, clock=SimulatedClock(MONDAY), handlers={}) as engine:
            engine.person(f"maker_{number}")  # connected before the start
            barrier.wait(120)
            try:
                ask(engine, f"maker_{number}")
                word = "won"
            except FlowError as error:
                word = error.code
            with lock:
                told[word] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    join(*threads)
    return told


@pytest.mark.parametrize(("what", "lost"), [("claim", "AlreadyClaimed"), ("act", "StaleCommand")])
def test_one_wins_and_the_others_are_told_why_not(database_url: str, what: str, lost: str) -> None:
    """Of fifty who claim a step, or end it, one does; 49 get a typed conflict, and the history has it once."""
    with Engine(database_url, handlers={}) as engine:
        engine.deploy(TASK)
        for number in range(CLIENTS):
            engine.add_staff(f"maker_{number}", roles=["maker"])
        receipt = engine.start("one_task", by="ada")
        (step,) = [item.id for item in engine.inbox("maker_0")]
        if what == "claim":
            told = _all_at_once(database_url, lambda one, who: one.claim(step, by=who))
        else:
            told = _all_at_once(database_url, lambda one, who: one.act(step, "done", by=who, key=f"of {who}"))
        assert told == {"won": 1, lost: CLIENTS - 1}
        assert len(engine.history(receipt.job)) == 2
        assert engine.audit().fine


def test_as_many_have_an_hour_as_there_are_people_for_it(database_url: str) -> None:
    """Of fifty customers who book one hour in two rooms with five seats each, as many have it as there are people who
    can meet them: three, each with another one; 47 get a typed conflict, with hours that are free."""
    with Engine(database_url, clock=SimulatedClock(MONDAY), handlers={}) as engine:
        engine.deploy(HOUR)
        makers = ("tess", "tim", "tom")
        for maker in makers:
            engine.add_staff(maker, roles=["maker"])
        steps: dict[str, str] = {}
        for number in range(CLIENTS):
            who = f"maker_{number}"  # as the clients above are called
            engine.start("one_hour", by=who, need={"where": "in" if number % 2 else "out"})
            steps[who] = engine.inbox(who)[0].id
        slot = {"slot": "2026-05-04T10:00:00Z"}
        told = _all_at_once(database_url, lambda one, who: one.act(steps[who], "book", slot, by=who))
        assert told == {"won": len(makers), "SlotTaken": CLIENTS - len(makers)}
        whom = [item.booked_with for who in steps for item in engine.inbox(who, everything=True) if item.booked]
        assert sorted(whom) == sorted(makers)
        assert engine.audit().fine
