"""``approval``: one, all or some of several say whether what they are shown is as it should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flowengine.language.model import Fact, Ids, State
from flowengine.language.outcomes import outcome_words
from flowengine.language.parser.audiences import APPROVERS, Approvers
from flowengine.language.parser.common_keys import ATTENTION_KEY, LEADING, NAMING, WAITING
from flowengine.language.parser.records import Key, Values
from flowengine.language.parser.scalars import FLAG
from flowengine.language.parser.session import Reading
from flowengine.language.parts import Audience, Option
from flowengine.language.value_shapes import TEXT, UNKNOWN, ListOf, Lists, Record, Shape, Slot, of_fields, of_values
from flowengine.speech.phrases import phrase
from flowengine.speech.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(State):
    """``by`` lists who is asked; ``needed`` of them must approve (all, when None)."""

    type = "approval"
    keys = (
        *NAMING, *WAITING, ATTENTION_KEY, *LEADING,
        Key("by", APPROVERS, "Who approves: an audience, {all: […]}, {any: n, of: […]}; the customer, unless given."),
        Key("show", FLAG, "Whether the customer may see what was said with it, although it is not for him to say."),
    )  # fmt: skip
    in_race = True
    outcomes = ("approved", "changes", "declined")
    rare = frozenset(("declined",))
    only_waits = True
    replies: ClassVar[Mapping[str, str]] = {
        "approved": phrase("Thank you. You have said yes: %(what)s"),
        "changes": phrase("You have asked for changes%(words)s: %(what)s"),
        "declined": phrase("You have said no%(words)s: %(what)s"),
    }

    by: tuple[Audience, ...] = ()
    needed: int | None = 1
    show: bool = False

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        approvers = values.pop("by", Approvers((Audience(kind="customer", place=values.place),)))
        values["by"], values["needed"] = approvers.by, approvers.needed

    @property
    def ids(self) -> Iterator[Ids]:
        yield Ids("by")

    @property
    def signed(self) -> bool:
        return True

    @property
    def answered_by_several(self) -> bool:
        return len(self.by) > 1 or any(one.kind == "people" for one in self.by)

    @property
    def asks_each(self) -> bool:
        return self.needed is None or self.needed > 1

    @property
    def quorum_of_seats(self) -> int | None:
        return self.needed

    @property
    def audience(self) -> tuple[Audience, ...]:
        return self.by

    @property
    def must_lead(self) -> tuple[str, ...]:
        return ("approved",)  # only what leads somewhere is offered

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        hidden = not self.for_customers
        members = {
            **of_fields(self.fields, internal=hidden, required=outcome == "approved").members,
            "outcome": Slot(of_values(self.outcomes)),
            "by": Slot(TEXT, internal=hidden),
            "words": Slot(TEXT, internal=hidden and not self.show),
            "shown": Slot(Record({}, TEXT), internal=hidden),
        }
        if len(self.by) > 1 or any(one.kind == "people" for one in self.by):
            members["answers"] = Slot(ListOf(UNKNOWN), internal=hidden)
        return Record(members)

    def told_keys(self, keys: frozenset[str]) -> frozenset[str]:
        return keys & {"words"} if self.show else frozenset()

    def facts(self, saved: Mapping[str, Any], options: Mapping[str, tuple[Option, ...]]) -> Iterator[Fact]:
        if self.show and isinstance(saved.get("words"), str):
            yield Fact(self.title, saved["words"])

    def ended(self, reader: Words, outcome: str, title: str, saved: Mapping[str, Any], *, decided: bool) -> str:
        if decided:
            return reader.say("it is decided: %(outcome)s", outcome=outcome_words(outcome))
        return verdict(reader, outcome, saved.get("words"), title)


def verdict(reader: Words, outcome: str, words: Any, what: str) -> str:
    """What somebody said of what he was asked to approve."""
    said = reader.say("asked for changes") if outcome == "changes" else reader.tell(outcome_words(outcome))
    return f"{said}: {what}{reader.aside(words)}"
