"""``service``: code, as a handler by name or over HTTP; and ``call``: a job of another process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression
from flowengine.language.model import Held, State
from flowengine.language.parser.audiences import AUDIENCES
from flowengine.language.parser.common_keys import ATTENTION_KEY, FIELDS_KEY, LEADING, NAMING, SAVES_KEY, WITHIN_KEY
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.routes import ASSIGNMENTS
from flowengine.language.parser.scalars import AGREEMENT, BRIEF_TIME, EXPRESSION, HANDLER, NAME, TEXT, URL, HandlerOrUrl
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Json, Named, Number
from flowengine.language.parts import DONE, EXPIRED, Audience, Retry
from flowengine.language.texts import Text
from flowengine.language.value_shapes import TEXT as A_TEXT
from flowengine.language.value_shapes import UNKNOWN, Lists, Record, Saved, Shape, Slot, of_fields
from flowengine.language.yaml_reader import Node, Pairs, Scalar


def _retry(values: Values, reading: Reading) -> Retry:
    if "factor" in values:
        values["factor"] = float(values["factor"])  # of lengths of time, which are no one's data
    retry = Retry(**values)
    if retry.longest.seconds < retry.first.seconds:
        raise reading.refuse(values.place, "bad-number", "the longest wait between attempts is shorter than the first")
    return retry


_RETRY = record(
    "a retry",
    Key("attempts", Number(1, 1_000), "How often it is tried in all; 5 unless given."),
    Key("first", BRIEF_TIME, "The wait before the second attempt; PT10S unless given."),
    Key("factor", Number(1, 100, fraction=True), "How many times as long each further wait is; 2 unless given."),
    Key("longest", BRIEF_TIME, "The longest wait between attempts; PT1H unless given."),
    build=_retry,
)


_UNDO_IN_WORDS = record(
    "an undo",
    Key("call", HandlerOrUrl(), "The handler that takes back what was done, or its address.", True),
    Key("words", TEXT, "What the customer is told of it before a change of mind: a text with expressions in braces."),
    Key("costs", EXPRESSION, "What it costs the customer that it is taken back."),
)


class _Undo:
    """The handler alone, or ``{call, words, costs}``."""

    handler = HandlerOrUrl()

    def read(self, node: Node, reading: Reading) -> dict[str, Any]:
        if isinstance(node, Pairs):
            found: dict[str, Any] = _UNDO_IN_WORDS.read(node, reading)
            return found
        return {"call": self.handler.read(node, reading)}

    def schema(self, defs: Json) -> Json:
        return {"anyOf": [self.handler.schema(defs), _UNDO_IN_WORDS.schema(defs)]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(State):
    """Code: a handler by name (``call``), or an URL (``http``). ``limit`` bounds one attempt."""

    type = "service"
    keys = (
        *NAMING, SAVES_KEY, WITHIN_KEY, ATTENTION_KEY, FIELDS_KEY, *LEADING,
        Key("call", HANDLER, "The handler that is called."),
        Key("http", URL, "The address that is called."),
        Key("input", ASSIGNMENTS, "What it is given: names and expressions.", gives="anything"),
        Key("retry", _RETRY, "How it is tried again after a failure."),
        Key("limit", BRIEF_TIME, "How long one attempt may take; PT5M unless given."),
        Key("undo", Named("undo", _Undo()), "What takes back what was done: a handler, or {call, words, costs}."),
    )  # fmt: skip
    exactly_one = ("call", "http")
    in_race = True
    only_fields = True
    outcomes = (DONE, "failed")
    open_outcomes = True
    rare = frozenset(("failed", "missed", "declined", "ended"))
    """Words by which handlers call what nobody hopes for."""
    symbol = "code"
    settled_at_entry = ("input.",)

    call: str = ""
    http: str = ""
    input: Mapping[str, Expression] = field(default_factory=dict)
    retry: Retry = Retry()
    limit: Duration = Duration(rest=timedelta(minutes=5))
    undo: str = ""
    undo_words: Text | None = None
    """What the customer is told, before a change of mind, of what is taken back with it."""
    undo_costs: Expression | None = None
    """What it costs him that it is taken back."""

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        undo = values.pop("undo", None)
        if undo is not None:
            for key, attribute in (("call", "undo"), ("words", "undo_words"), ("costs", "undo_costs")):
                if key in undo:
                    values[attribute] = undo[key]

    def expressions(self) -> Iterator[Held]:
        yield from State.expressions(self)
        yield Held(self.undo_costs, "undo.costs", "number")

    @property
    def undone_in_words(self) -> Text | None:
        return self.undo_words

    @property
    def detail(self) -> str:
        return self.call or self.http

    @property
    def handlers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (self.call, self.http, self.undo))))

    @property
    def alone(self) -> tuple[str, ...]:
        """Code that knows but one good end comes to it; one that knows several may be what ends a round."""
        timed = (EXPIRED,) if self.within is not None else ()
        return timed if set(self.on) - {DONE, "failed", EXPIRED} else (DONE, *timed)

    def is_usual(self, outcome: str) -> bool:
        return outcome == DONE

    @property
    def saves_anything(self) -> bool:
        return not set(self.on) <= {DONE, EXPIRED}

    def saved(self, outcome: str, lists: Lists) -> Saved | None:
        """Only with ``done`` the result is held against the fields; with other outcomes it may be anything."""
        found = State.saved(self, outcome, lists)
        return replace(found, internal=True) if found is not None and outcome != DONE else found

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        if outcome == "failed":
            return None
        fields = of_fields(self.fields, internal=True, required=outcome == DONE)
        rest = None if outcome == DONE else UNKNOWN
        return Record(fields.members, rest) if self.fields else UNKNOWN

    def surely(self, outcome: str) -> bool:
        return outcome == DONE


class _Partner:
    """The name of a partner. Files of earlier versions have an address, at which nothing was ever begun (L6)."""

    def read(self, node: Node, reading: Reading) -> str:
        if isinstance(node, Scalar) and str(node.value).startswith(("http://", "https://")):
            hint = "name a partner of the installation: at: mill"
            reading.doubt(node.place, "bad-name", "an address is no name of a partner", hint)
            return str(URL.read(node, reading))
        return str(NAME.read(node, reading))

    def schema(self, defs: Json) -> Json:
        return NAME.schema(defs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(State):
    """Another process's job. ``at`` names the partner at which it runs, or is empty for here; ``answerers`` are those
    of us who answer what the partner asks of its customer; ``agreement`` is the version of what was agreed with it."""

    type = "call"
    keys = (
        *NAMING, SAVES_KEY, WITHIN_KEY, ATTENTION_KEY, *LEADING,
        Key("process", NAME, "The process whose job is started.", True),
        Key("at", _Partner(), "The partner that runs it, by the name that it has here; here, unless given."),
        Key("for", AUDIENCES, "Who answers what the partner asks.", into="answerers"),
        Key("agreement", AGREEMENT, "The version of what was agreed: flow agreement tells it."),
        Key("need", ASSIGNMENTS, "The need of that job: names and expressions.", gives="anything"),
    )  # fmt: skip
    in_race = True
    outcomes = ("fulfilled", "ended")
    rare = frozenset(("ended",))
    symbol = "code"
    settled_at_entry = ("need.",)

    process: str = ""
    at: str = ""
    answerers: tuple[Audience, ...] = ()
    agreement: str = ""
    need: Mapping[str, Expression] = field(default_factory=dict)

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        if "at" in values and "answerers" not in values:
            hint = "for: customer, or the role that deals with them"
            reading.doubt(values.place, "missing-key", "a call at a partner has no 'for': who answers it?", hint)
        if "at" not in values:
            for key, written in (("answerers", "for"), ("agreement", "agreement")):
                if values.pop(key, None) is not None:
                    message = f"a call of a job here has no {written!r}: that job asks its customer itself"
                    reading.refuse(
                        values.places[written], "unknown-key", message, "leave it out, or say at which partner"
                    )

    @property
    def audience(self) -> tuple[Audience, ...]:
        return self.answerers

    @property
    def detail(self) -> str:
        return f"{self.process} at {self.at}" if self.at else self.process

    @property
    def begins(self) -> tuple[str, ...]:
        return () if self.at else (self.process,)

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        return Record({"status": Slot(A_TEXT)}, UNKNOWN)
