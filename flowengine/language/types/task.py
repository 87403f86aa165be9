"""``task``: work for a role, for named people or for anyone, with outcomes of the designer's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from flowengine.language.expressions import Expression
from flowengine.language.model import Held, Meant, State
from flowengine.language.parser.audiences import AUDIENCES, NOT_BY
from flowengine.language.parser.common_keys import ATTENTION_KEY, FIELDS_KEY, LEADING, NAMING, WAITING
from flowengine.language.parser.lengths import LENGTH
from flowengine.language.parser.records import Key, Values
from flowengine.language.parser.scalars import EXPRESSION
from flowengine.language.parser.session import Reading
from flowengine.language.parts import DONE, Audience
from flowengine.language.value_shapes import Lists, Shape, of_fields
from flowengine.speech.phrases import phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(State):
    """``not_by`` names states whose last actor may not do this, and persons who may not; ``prefer`` gives who
    it is kept for first."""

    type = "task"
    keys = (
        *NAMING, *WAITING, ATTENTION_KEY, *LEADING, FIELDS_KEY,
        Key("for", AUDIENCES, "Who does it.", into="for_"),
        Key("open_to", AUDIENCES, "Who else may do it."),
        Key("not_by", NOT_BY, "States: whoever did one of them may not do this; or {person: …}."),
        Key("claim", LENGTH, "For how long somebody may have claimed it before it waits for all again."),
        Key("prefer", EXPRESSION, "The person it is kept for first, for example by(\"draft\").", gives="text"),
    )  # fmt: skip
    at_least_one = ("for", "open_to")
    in_race = True
    only_fields = True
    outcomes = (DONE,)
    open_outcomes = True
    rare = frozenset(("failed", "missed", "declined", "ended"))
    """Words by which designers call what nobody hopes for."""
    only_waits = True
    endings: ClassVar[Mapping[str, str]] = {DONE: phrase("finished: %(title)s")}
    replies: ClassVar[Mapping[str, str]] = {DONE: phrase("Thank you. Done: %(what)s")}

    open_to: tuple[Audience, ...] = ()
    not_by: tuple[str | Expression, ...] = ()
    prefer: Expression | None = None

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        values["open_to"] = values.pop("for_", ()) + values.get("open_to", ())

    @property
    def audience(self) -> tuple[Audience, ...]:
        return self.open_to

    @property
    def names(self) -> Iterator[Meant]:
        return (Meant("state", name, self.place, "not_by") for name in self.not_by if isinstance(name, str))

    def expressions(self) -> Iterator[Held]:
        yield from State.expressions(self)
        for one in self.not_by:
            yield Held(one, "not_by", "text")

    def called_by(self, asked: str) -> str:
        """What was to be done, which says it better than a title."""
        return asked or self.title

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        return of_fields(self.fields, internal=not self.for_customers, required=self.surely(outcome))

    def surely(self, outcome: str) -> bool:
        """The fields are required with ``done`` where it leads somewhere, else with the first outcome named."""
        return outcome == self.answering
