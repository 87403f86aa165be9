"""``message``: something from outside."""

from __future__ import annotations

from dataclasses import dataclass

from flowengine.language.durations import Duration
from flowengine.language.expressions import Expression
from flowengine.language.model import Awaited, State
from flowengine.language.parser.common_keys import ATTENTION_KEY, FIELDS_KEY, LEADING, NAMING, SAVES_KEY, WITHIN_KEY
from flowengine.language.parser.records import Key, Values
from flowengine.language.parser.routes import FOR_ALL
from flowengine.language.parser.scalars import EXPRESSION, HANDLER, SOME_TIME
from flowengine.language.parser.session import Reading
from flowengine.language.value_shapes import UNKNOWN, Lists, Shape, of_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(State):
    """Waits for a message of that name (and key). One that came up to ``keep`` earlier counts. With ``for_all`` it is
    for all who wait for it."""

    type = "message"
    keys = (
        *NAMING, SAVES_KEY, WITHIN_KEY, ATTENTION_KEY, FIELDS_KEY, *LEADING,
        Key("name", HANDLER, "The message's name.", True, "message"),
        Key("key", EXPRESSION, "Which messages of that name: those whose key equals this.", gives="anything"),
        Key("keep", SOME_TIME, "How long a message is kept that comes before it is waited for."),
        FOR_ALL,
    )  # fmt: skip
    in_race = True
    only_fields = True
    outcomes = ("received",)
    only_waits = True
    symbol = "message"

    message: str = ""
    key: Expression | None = None
    keep: Duration | None = None
    for_all: bool = False

    @classmethod
    def settle(cls, values: Values, reading: Reading) -> None:
        if values.get("for_all") and "keep" in values:
            message = "a message for all is for those who wait when it comes; it is not kept for one who comes later"
            raise reading.refuse(values.places["keep"], "too-many-keys", message, "leave out 'keep' or 'all'")

    @property
    def awaited(self) -> Awaited:
        return Awaited(self.message, self.key, self.keep, self.for_all)

    @property
    def detail(self) -> str:
        return self.message

    def shape(self, outcome: str, lists: Lists) -> Shape | None:
        return of_fields(self.fields, internal=True) if self.fields else UNKNOWN
