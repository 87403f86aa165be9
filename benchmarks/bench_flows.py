"""The flows that are measured, and one client who acts."""

from __future__ import annotations

from time import perf_counter

from flowengine import Actor, Engine

ADA = Actor(kind="customer", id="ada")
MIKA = Actor(kind="staff", id="mika", roles=("helper",))

TALK = """
process: talk
title: A talk that goes to and fro
need: Words
options:
  way:
    - {id: up, title: Up the hill, price: 3}
    - {id: down, title: Down to the sea, price: 2}
states:
  need: {type: need, fields: {topic: {type: string}}, next: ping}
  ping:
    type: choice
    ask: "Which way shall we talk about {data.need.topic}?"
    choose: {way: {from: way}}
    within: P7D
    on: {chosen: pong, expired: gone}
  pong:
    type: ask
    ask: And what do you say to that?
    fields: {words: {type: string}, much: {type: number}}
    within: P7D
    on: {answered: ping, expired: gone}
  stop: {type: decision, rules: [{when: 'count("ping") > 1000000', to: fulfilled}], else: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
always:
  enough: {by: customer, to: stop}
"""

MANY = """
process: many
title: Many at once
need: Many things
roles: {helper: {title: Helper}}
states:
  need: {type: need, fields: {things: {type: array, items: {type: integer}}}, next: all}
  all:
    type: each
    of: data.need.things
    more: true
    start: do
    states:
      do: {type: task, for: helper, on: {done: done}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""

ANSWERS = (
    ("chosen", {"way": "up"}),
    ("answered", {"words": "Something that a customer may say in a field", "much": 12.5}),
)


def long_process(states: int, *, deciding: bool = False) -> str:
    """A process of so many states, each of which asks the customer and reads what was answered before; where it is
    ``deciding``, each has a condition on its answer too."""
    lines = ["process: long", "title: Long", "need: Patience", "states:"]
    lines.append("  need: {type: need, fields: {words: {type: string}}, next: s1}")
    words = "{type: string, enum: [more, enough]}" if deciding else "{type: string}"
    for number in range(1, states - 2):
        before = f"s{number - 1}" if number > 1 else "need"
        after = f"s{number + 1}" if number < states - 3 else "fulfilled"
        lines += [
            f"  s{number}:",
            "    type: ask",
            f'    ask: "You said {{data.{before}.words}}. And then?"',
            f"    fields: {{words: {words}}}",
            "    within: P7D",
            f"    on: {{answered: {_on(number, after) if deciding else after}, expired: gone}}",
        ]
    lines += ["  fulfilled: {type: fulfilled}", "  gone: {type: ended, because: Silence}", ""]
    return "\n".join(lines)


def _on(number: int, after: str) -> str:
    return f"[{{to: {after}, when: 'data.s{number}.words == \"more\"'}}, gone]"


class Talker:
    """One job that can be acted on for ever."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name, self.count = engine, name, 0
        receipt = engine.start("talk", by=ADA, need={"topic": "suits"}, key=f"{name}-start")
        self.job, self.step = receipt.job, receipt.steps[0]

    def act(self) -> None:
        outcome, answer = ANSWERS[self.count % 2]
        self.count += 1
        self.step = self.engine.act(self.step, outcome, answer, by=ADA, key=f"{self.name}-{self.count}").steps[0]

    def acts(self, number: int) -> float:
        """Seconds for so many acts."""
        began = perf_counter()
        for _ in range(number):
            self.act()
        return perf_counter() - began


def ready(engine: Engine) -> Engine:
    """The engine with the talk in use and its customer entered."""
    engine.deploy(TALK)
    engine.add_customer("ada", "Ada")
    return engine
