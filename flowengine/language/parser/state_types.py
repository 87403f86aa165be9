"""The keys of each type of state that waits for a person, code, a message or the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowengine.language import model
from flowengine.language.parser.audiences import APPROVERS, AUDIENCES, ELECTORATE, Approvers
from flowengine.language.parser.common_keys import (
    ASK_KEY,
    ESCALATE_KEY,
    FIELDS_KEY,
    LEADING,
    NAMING,
    PHASE_KEY,
    SAVES_KEY,
    SHOWS_KEY,
    TITLE_KEY,
    WAITING,
    WITHIN_KEY,
)
from flowengine.language.parser.options import PICKS, SOURCE
from flowengine.language.parser.records import Key, Record, Values, record
from flowengine.language.parser.routes import ASSIGNMENTS, ELSE, RULES
from flowengine.language.parser.scalars import (
    EXPRESSION,
    FLAG,
    HANDLER,
    NAME,
    SOME_TIME,
    TITLE,
    URL,
    WHEN,
    HandlerOrUrl,
)
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Json, ListOf, Named, Number, OneOf
from flowengine.language.yaml_reader import Node


@dataclass(frozen=True, slots=True)
class StateType:
    """One type of state: the class of its values, its keys, and what is settled between the keys."""

    cls: type[model.State]
    record: Record
    settle: Callable[[Values, Reading], None]
    saves: bool

    @property
    def name(self) -> str:
        return self.cls.type


def _nothing(values: Values, reading: Reading) -> None:
    """Nothing is to be settled between the keys."""


def state_type(
    cls: type[model.State],
    *keys: Key,
    settle: Callable[[Values, Reading], None] = _nothing,
    **rules: Any,
) -> StateType:
    """A type of state with its keys; ``type`` itself is added."""
    key = Key("type", OneOf((cls.type,)), "What the state is.", True)
    table = record(_called(cls.type), key, *keys, **rules)
    return StateType(cls, table, settle, any(key.name == "saves" for key in keys))


def _called(name: str) -> str:
    """A type in a sentence; those whose names are no nouns are spelt out."""
    if name in ("ask", "each", "parallel", "fulfilled", "ended"):
        return f"a state of type {name}"
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _needs(key: Key) -> Key:
    return Key(key.name, key.shape, key.description, True, key.into)


def _settle_fitting(values: Values, reading: Reading) -> None:
    """A fitting that names no calendar takes the process's, when there is only one."""
    if "calendar" in values or not reading.calendars:
        return
    if len(reading.calendars) > 1:
        hint = f"possible: {', '.join(reading.calendars)}"
        raise reading.refuse(values.place, "missing-key", "a fitting needs the key 'calendar'", hint)
    values["calendar"] = reading.calendars[0]


def _settle_approval(values: Values, reading: Reading) -> None:  # noqa: ARG001 - the signature of settlers
    approvers = values.pop("by", Approvers((model.Audience(kind="customer", place=values.place),)))
    values["by"], values["needed"] = approvers.by, approvers.needed


def _settle_task(values: Values, reading: Reading) -> None:  # noqa: ARG001 - the signature of settlers
    values["open_to"] = values.pop("for_", ()) + values.get("open_to", ())


class _Scale:
    """The smallest and the largest rating."""

    ends = ListOf(Number(-100, 100))

    def read(self, node: Node, reading: Reading) -> tuple[int, int]:
        ends = self.ends.read(node, reading)
        if len(ends) != 2 or ends[0] >= ends[1]:
            raise reading.refuse(node.place, "bad-number", "a scale is two whole numbers that rise", "write [1, 5]")
        return ends[0], ends[1]

    def schema(self, defs: Json) -> Json:
        return self.ends.schema(defs) | {"minItems": 2, "maxItems": 2}


def _retry(values: Values, reading: Reading) -> model.Retry:
    retry = model.Retry(**values)
    if retry.longest.seconds < retry.first.seconds:
        raise reading.refuse(values.place, "bad-number", "the longest wait between attempts is shorter than the first")
    return retry


_RETRY = record(
    "a retry",
    Key("attempts", Number(1, 1_000), "How often it is tried in all; 5 unless given."),
    Key("first", SOME_TIME, "The wait before the second attempt; PT10S unless given."),
    Key("factor", Number(1, 100, fraction=True), "How many times as long each further wait is; 2 unless given."),
    Key("longest", SOME_TIME, "The longest wait between attempts; PT1H unless given."),
    build=_retry,
)
_REQUIRED_FIELDS = _needs(FIELDS_KEY)
_NAMES = Named("names", ListOf(NAME, one=True))

PEOPLE = (
    state_type(model.Need, *NAMING, ASK_KEY, SHOWS_KEY, SAVES_KEY, FIELDS_KEY, *LEADING),
    state_type(
        model.Choice, *NAMING, *WAITING, *LEADING,
        Key("choose", PICKS, "What is chosen, by name.", True),
    ),
    state_type(model.Ask, *NAMING, *WAITING, _REQUIRED_FIELDS, *LEADING),
    state_type(
        model.Fitting, *NAMING, *WAITING, *LEADING, FIELDS_KEY,
        Key("with", AUDIENCES, "Who meets the customer.", True, "with_"),
        Key("length", SOME_TIME, "How long the appointment is.", True),
        Key("calendar", NAME, "The calendar that gives the slots; the only one, unless given."),
        Key("hold", SOME_TIME, "How long a slot is held for the customer while he decides."),
        settle=_settle_fitting,
    ),
    state_type(
        model.Approval, *NAMING, *WAITING, *LEADING,
        Key("by", APPROVERS, "Who approves: an audience, {all: […]}, {any: n, of: […]}; the customer, unless given."),
        settle=_settle_approval,
    ),
    state_type(
        model.Vote, *NAMING, *(key for key in WAITING if key is not ESCALATE_KEY), *LEADING,
        Key("of", ELECTORATE, "Who may vote: {group: name}, {people: expression} or customers.", True),
        Key("options", SOURCE, "A list, the name of the process's options, or '{expression}'.", True),
        Key("seats", Number(1, 1_000), "How many options win; 1 unless given."),
        Key("quorum", Number(0, 1, fraction=True), "The share of the electorate that must vote, from 0 to 1."),
        Key("rule", OneOf(("plurality", "majority", "two_thirds")), "What wins; plurality unless given."),
        Key("weight", EXPRESSION, "The weight of a member's vote: an expression on 'member'."),
        Key("secret", FLAG, "Whether nobody sees who voted what; true unless given."),
        Key("changeable", FLAG, "Whether a vote may be changed until the end; true unless given."),
        Key("early", FLAG, "Whether it closes as soon as the result is certain."),
        Key("tie", OneOf(("outcome", "first")), "A tie: the outcome 'tied', or the option listed first wins."),
    ),
    state_type(
        model.Feedback, *NAMING, *WAITING, *LEADING, FIELDS_KEY,
        Key("scale", _Scale(), "The smallest and the largest rating; [1, 5] unless given."),
        Key("refer", FLAG, "Whether the customer may name somebody with the same need."),
    ),
    state_type(
        model.Task, *NAMING, *WAITING, *LEADING, FIELDS_KEY,
        Key("for", AUDIENCES, "Who does it.", into="for_"),
        Key("open_to", AUDIENCES, "Who else may do it."),
        Key("not_by", _NAMES, "States: whoever did one of them may not do this."),
        Key("prefer", EXPRESSION, "The person it is kept for first, for example by(\"draft\")."),
        settle=_settle_task, at_least_one=("for", "open_to"),
    ),
)  # fmt: skip
"""States that wait for people."""

MACHINES = (
    state_type(
        model.Service, *NAMING, SAVES_KEY, WITHIN_KEY, FIELDS_KEY, *LEADING,
        Key("call", HANDLER, "The handler that is called."),
        Key("http", URL, "The address that is called."),
        Key("input", ASSIGNMENTS, "What it is given: names and expressions."),
        Key("retry", _RETRY, "How it is tried again after a failure."),
        Key("limit", SOME_TIME, "How long one attempt may take; PT5M unless given."),
        Key("undo", HandlerOrUrl(), "The handler that takes back what was done, or its address."),
        exactly_one=("call", "http"),
    ),
    state_type(
        model.Wait, *NAMING, *LEADING,
        Key("for", WHEN, "How long: a duration, or '{expression}'.", into="for_"),
        Key("until", EXPRESSION, "Until when: an expression that gives a date or a time."),
        exactly_one=("for", "until"),
    ),
    state_type(
        model.Message, *NAMING, SAVES_KEY, WITHIN_KEY, FIELDS_KEY, *LEADING,
        Key("name", HANDLER, "The message's name.", True, "message"),
        Key("key", EXPRESSION, "Which messages of that name: those whose key equals this."),
        Key("keep", SOME_TIME, "How long a message is kept that comes before it is waited for."),
    ),
    state_type(
        model.Call, *NAMING, SAVES_KEY, WITHIN_KEY, *LEADING,
        Key("process", NAME, "The process whose job is started.", True),
        Key("at", URL, "The organisation that runs it; here, unless given."),
        Key("need", ASSIGNMENTS, "The need of that job: names and expressions."),
    ),
)  # fmt: skip
"""States that wait for code, a message, the clock or another job."""

PASSING = (
    state_type(
        model.Decision, TITLE_KEY, PHASE_KEY,
        Key("rules", RULES, "The first rule that holds is taken: {when, to, set}.", True),
        Key("else", ELSE, "Where to when no rule holds.", True, "otherwise"),
    ),
    state_type(
        model.Fulfilled, TITLE_KEY, PHASE_KEY, Key("because", TITLE, "A word about how it ended."),
    ),
    state_type(
        model.Ended, TITLE_KEY, PHASE_KEY, Key("because", TITLE, "The honest reason.", True),
    ),
)  # fmt: skip
"""States that wait for nothing."""
