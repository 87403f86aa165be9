"""What is inside stays inside: a process that saves secrets in every way there is, and all that customers see (L9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from flowengine import Engine, HandlerCall, Outcome, SimulatedClock
from flowengine.views.replies import Receipt

SECRET = "SECRET"
INNER = "hush"
"""The names and titles of all inner states begin so."""

FLOW = """
process: secrets
title: Something made
need: Something
roles: {clerk: {title: Clerk}}
states:
  need:
    type: need
    fields: {wish: {type: string, title: Wish}}
    next: hush_check
  hush_check:
    type: task
    for: clerk
    fields:
      score: {type: string}
      told: {type: string, title: Told, show: true}
    on: {done: {to: hush_code, set: {hush_sum: data.hush_check.score, deep.inner: data.hush_check.score}}}
  hush_code:
    type: service
    call: hush_code
    fields: {open: {type: string, title: Open, show: true}, closed: {type: string}, list: {type: array, minItems: 1}}
    on: {done: hush_free, failed: gone}
  hush_free:
    type: service
    call: hush_free
    saves: word
    on: {done: word, other: word, failed: word}
  word:
    type: ask
    fields: {text: {type: string, title: Your word}, more: {type: string, title: More words, optional: true}}
    saves: word
    within: P9D
    on: {answered: {to: deep, set: {word.text: data.hush_sum}}, expired: gone}
  deep:
    type: ask
    saves: deep.inner.text
    fields: {text: {type: string, title: Deep}}
    within: P9D
    on: {answered: hush_over, expired: gone}
  hush_over:
    type: approval
    by: {all: [{role: clerk}]}
    within: P9D
    on: {approved: hush_race, changes: hush_race, declined: hush_race, expired: hush_race}
  hush_race:
    type: race
    of:
      say: {type: ask, title: Say, fields: {colour: {type: string, title: Colour}}}
      hush_note: {type: task, for: clerk, fields: {colour: {type: string, title: Colour}}}
    within: P9D
    on: {say: hush_each, hush_note: hush_each, expired: gone}
  hush_each:
    type: each
    of: '[data.hush_sum]'
    start: hush_item
    states:
      hush_item:
        type: task
        for: clerk
        fields: {found: {type: string}}
        on: {done: {to: opinion, set: {hush_own: item}}}
      opinion:
        type: ask
        fields: {text: {type: string, title: Opinion}}
        within: P9D
        on: {answered: done, expired: done}
    on: {joined: {to: hush_message, set: {opinion: '{"text": data.hush_sum}'}}}
  hush_message:
    type: message
    name: letter
    within: P9D
    on: {received: hush_call, expired: gone}
  hush_call:
    type: call
    process: hush_child
    need: {size: '"large"'}
    on: {fulfilled: hush_rule, ended: hush_rule}
  hush_rule:
    type: decision
    rules: [{when: data.hush_sum == "no", to: gone}]
    else: {to: offer, set: {hush_rule.found: data.hush_sum}}
  offer:
    type: choice
    title: Offer
    choose: {thing: {from: '{data.hush_code.list}', title: Thing}}
    within: P9D
    on: {chosen: visit, expired: gone}
  visit:
    type: fitting
    title: Visit
    with: clerk
    length: PT30M
    fields: {seen: {type: string, title: Seen, show: true}, hush: {type: string}}
    within: P9D
    on: {held: hush_open, expired: gone}
  hush_open:
    type: task
    open_to: [customers]
    title: Open to all
    fields: {kept: {type: string, title: Kept}}
    within: P9D
    on: {done: last, expired: gone}
  last:
    type: feedback
    title: Last
    within: P9D
    on: {given: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It took too long}
always:
  hush_flag:
    by: {role: clerk}
    fields: {reason: {type: string}}
    to: last
"""

CHILD = """
process: hush_child
title: A part of it
need: A part
roles: {clerk: {title: Clerk}}
states:
  need: {type: need, fields: {size: {type: string}}, next: hush_work}
  hush_work: {type: task, for: clerk, fields: {cost: {type: string}}, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@dataclass
class Spy:
    """Looks at everything that customers can see, again and again."""

    engine: Engine
    job: str = ""
    receipts: list[Receipt] = field(default_factory=list)

    def act(self, who: str, outcome: str = "", **answer: Any) -> None:
        """The one step of this person, or the one that knows the outcome."""
        items = [one for one in self.engine.inbox(who) if outcome in ("", *self.engine.step(one.id, who).possible)]
        receipt = self.engine.act(items[0].id, outcome, answer, by=who)
        if who in ("ada", "ben"):
            self.receipts.append(receipt)
        self.engine.run_due()
        self.engine.run_due()
        self.look()

    def look(self) -> None:
        seen = list(self.views())
        for one in seen:
            text = msgspec.json.encode(one).decode()
            at = max(text.find(SECRET), text.lower().find(INNER))
            assert at < 0, f"a customer sees {text[max(at - 80, 0) : at + 40]}"

    def views(self) -> Iterator[Any]:
        """What both customers see, but for the ids and names of steps that wait for them."""
        for receipt in self.receipts:
            yield receipt.to_json()
        for who in ("ada", "ben"):
            for row in self.engine.jobs(customer=who):
                track = self.engine.track(row.id, who).to_json()
                yield _without(track, "process", "state")
            for item in self.engine.inbox(who):
                yield _without(item.to_json(), "process", "state")
                yield _without(self.engine.step(item.id, who).to_json(), "process", "state")


def _without(value: Any, *names: str) -> Any:
    """A view without the name of the process, and of a customer's own state, which are handles for programs."""
    if isinstance(value, dict):
        return {key: _without(one, *names) for key, one in value.items() if key not in names}
    return [_without(one, *names) for one in value] if isinstance(value, list | tuple) else value


@pytest.fixture
def spy(engine: Engine) -> Spy:
    """The process is in use, with handlers whose results hold secrets, and a clerk."""

    @engine.handler("hush_code")
    def code(_: HandlerCall) -> dict[str, Any]:
        things = [{"id": "a", "title": "A thing", "price": 3, "cost": f"{SECRET} cost"}]
        return {"open": "OPEN", "closed": f"{SECRET} closed", "list": things}

    @engine.handler("hush_free")
    def free(_: HandlerCall) -> Outcome:
        return Outcome("other", {"text": f"{SECRET} text", "more": f"{SECRET} more", "any": f"{SECRET} any"})

    engine.deploy(FLOW)
    engine.deploy(CHILD)
    engine.add_staff("clara", "Clara", roles=["clerk"])
    engine.add_customer("ada", record={"credit": f"{SECRET} credit"})
    return Spy(engine)


def _up_to_the_race(spy: Spy) -> None:
    receipt = spy.engine.start("secrets", by="ada", need={"wish": "A wish"})
    spy.receipts.append(receipt)
    spy.job = receipt.job
    spy.engine.say(spy.job, f"{SECRET} note", by="clara")
    spy.engine.say(spy.job, f"{SECRET} question", "question", by="clara")
    spy.look()
    spy.engine.say(spy.job, f"{SECRET} answer", "answer", by="clara")
    spy.act("clara", score=f"{SECRET} score", told="TOLD")
    spy.act("ada", text="My word")
    spy.act("ada", text="My depth")
    spy.act("clara", "approved", words=f"{SECRET} words")


def _to_the_end(spy: Spy, clock: SimulatedClock) -> None:
    spy.act("clara", "done", found=f"{SECRET} found")
    spy.act("ada", text="My opinion")
    spy.engine.send("letter", body={"text": f"{SECRET} letter", "wish": f"{SECRET} wish"}, job=spy.job)
    spy.engine.run_due()
    spy.look()
    spy.act("clara", "done", cost=f"{SECRET} cost")
    spy.act("ada", "chosen", thing="a")
    slot = spy.engine.step(spy.engine.inbox("ada")[0].id, "ada").slots[0]
    spy.act("ada", "book", slot=slot.isoformat())
    clock.set(slot + timedelta(minutes=30))
    spy.act("clara", "held", seen="SEEN", hush=f"{SECRET} finding")
    spy.act("ben", "done", kept="Kept by Ben")


def test_no_secret_reaches_a_customer(spy: Spy, clock: SimulatedClock) -> None:
    """Of what inner states, code, messages, guards and other jobs save nothing is in any view of a customer (L9)."""
    _up_to_the_race(spy)
    spy.act("clara", "done", colour=f"{SECRET} colour")
    _to_the_end(spy, clock)
    facts = dict(spy.engine.track(spy.job, "ada").facts)
    assert facts.items() >= {"Wish": "A wish", "Told": "TOLD", "Thing": "A thing", "Seen": "SEEN"}.items()
    assert "Open" in facts
    spy.act("ada", "given", rating=5)
    assert spy.engine.track(spy.job, "ada").status == "fulfilled"


def test_whoever_works_on_it_sees_it(spy: Spy) -> None:
    """Staff are told all that the states declare: what is kept from customers is not lost."""
    _up_to_the_race(spy)
    told = msgspec.json.encode(spy.engine.track(spy.job, "clara")).decode()
    assert f"{SECRET} score" in told
    assert f"{SECRET} note" in told
    assert "hush_race" in told


def test_what_staff_flag_stays_inside(spy: Spy) -> None:
    """The reason that staff give with an always entry of theirs is not told, nor is it offered to the customer (L9)."""
    _up_to_the_race(spy)
    assert spy.engine.track(spy.job, "ada").offers == ()
    spy.engine.invoke(spy.job, "hush_flag", {"reason": f"{SECRET} reason"}, by="clara")
    spy.look()
    assert [place.words for place in spy.engine.track(spy.job, "ada").where] == ["We wait for an answer"]
