"""A house in which much is under way: jobs in many situations, for those inside to find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from coats import COATS
from house import House, opened

from flowengine import HandlerCall, SimulatedClock

FETCHING = """
process: fetching
title: Fetched & brought
need: Something is somewhere else
zone: Europe/London
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, ask: What is to be fetched?, fields: {what: {type: string, title: What}}, next: carrier}
  carrier:
    type: service
    call: order_carrier
    input: {what: data.need.what}
    retry: {attempts: 1}
    on: {done: bring}
  bring:
    type: task
    for: tailor
    ask: "Bring {data.need.what}"
    fields: {said: {type: string, title: What was said, minLength: 3}, kilos: {type: number, title: Weight, unit: kg}}
    within: P3D
    on: {brought: brought, lost: gone, expired: gone}
  brought: {type: fulfilled}
  gone: {type: ended, because: It was lost}
"""

LONG = "Coat <b>& cape</b> " + "averylongwordwithoutanyend" * 4


def order_carrier(call: HandlerCall) -> None:
    """The carrier takes nothing that is heavy."""
    if call.input["what"] == "an anvil":
        raise RuntimeError("the carrier is <closed>")


@contextmanager
def busy_house(url: str) -> Iterator[House]:
    """Opened, and filled: Ada's coat is to be measured, Bob is late, a carrier fails, a job is paused, one is over."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with opened(url, clock, handlers={"order_carrier": order_carrier}) as house:
        fill(house)
        yield house


def fill(house: House) -> None:
    """Put all that in it."""
    engine = house.engine
    engine.deploy(COATS)
    engine.deploy(FETCHING)
    engine.add_staff("olga", "Olga", roles=["operator"])
    engine.add_staff("tom", "Tom", roles=["tailor"], contact="tom@example.org")
    engine.add_staff("mia", "Mia", roles=["tailor"])
    engine.add_staff("ned", "Ned", roles=["porter"])
    engine.add_customer("ada", "Ada Lund", contact="ada@example.org", groups=["members"])
    engine.add_customer("ada2", "Ada Lund", contact="Ada@example.org")
    engine.add_customer("bob", LONG, contact="+44 20 7946 0018", record={"note": LONG})
    coat = engine.start("coat", need={"what": "A wedding", "by": "2026-06-01"}, by="ada").job
    engine.act(
        engine.inbox(by="ada")[0].id, "chosen", {"cloth": "navy", "extras": [], "buttons": {"horn": 4}}, by="ada"
    )
    engine.act(engine.inbox(by="ada")[0].id, "answered", {"height": 180, "warm": True}, by="ada")
    step = engine.step(engine.inbox(by="ada")[0].id, by="ada")
    engine.act(step.id, "book", {"slot": step.slots[8].isoformat()}, by="ada")
    engine.say(coat, "Is it warm in the church?", "concern", by="ada")
    engine.message(coat, "I come by bicycle", by="ada")
    engine.note(coat, "She pays late", by="tom")
    engine.add_fact("ada", "preference", "Half lining", by="tom")
    engine.add_fact("ada", "concern", "Room at the shoulders", by="ada")
    engine.write("Are you open on Sunday?", by="bob")
    for what in ("a parcel", LONG, "an anvil", "a chair", "a lamp"):
        engine.start("fetching", need={"what": what}, customer="bob", by="tom")
    engine.run_due()
    jobs = {engine.data(one.id)["need"]["what"]: one.id for one in engine.jobs(process="fetching")}
    engine.suspend(jobs["a chair"], because="The street is <closed>", by="olga")
    engine.end(jobs["a lamp"], "It was sold", by="olga")
    mine = next(one for one in engine.inbox(by="tom") if one.job == jobs["a parcel"])
    engine.claim(mine.id, by="tom")
    house.clock.advance(timedelta(hours=5))
    engine.run_due()


NEED = {"what": "A journey", "by": "2026-06-20"}
CHOSEN = {"cloth": "tweed", "extras": ["cuffs"], "buttons": {"horn": 6}}


def ask_cy(house: House) -> None:
    """Cy has a job at each of the steps that wait for a customer; in one a time is kept for her."""
    engine = house.engine
    engine.add_customer("cy", "Cy", contact="cy@example.org", groups=["members"])
    answers = [("chosen", CHOSEN), ("answered", {"height": 170, "warm": False}), ("held", {}), ("approved", {})]
    for done in range(6):
        job = engine.start("coat", need=NEED, by="cy").job
        for outcome, answer in answers[: min(done, 4)]:
            step = next(one for one in engine.inbox(by="cy") if one.job == job)
            if outcome == "held":
                slots = engine.step(step.id, by="cy").slots
                engine.act(step.id, "book", {"slot": slots[0].isoformat()}, by="cy")
                house.clock.advance(slots[0] + timedelta(minutes=1) - house.clock.now())
                step = next(one for one in engine.inbox(by="tom") if one.job == job)
                engine.act(step.id, "held", by="tom")
            else:
                engine.act(step.id, outcome, answer, by="cy")
    kept = engine.start("coat", need=NEED, by="cy").job
    for outcome, answer in answers[:2]:
        engine.act(next(one.id for one in engine.inbox(by="cy") if one.job == kept), outcome, answer, by="cy")
    step = engine.step(next(one.id for one in engine.inbox(by="cy") if one.job == kept), by="cy")
    engine.act(step.id, "hold", {"slot": step.slots[3].isoformat()}, by="cy")
    engine.message(kept, "Shall I bring my boots?", by="cy")
