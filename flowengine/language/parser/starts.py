"""What starts a job by itself: a message, or the clock."""

from __future__ import annotations

from flowengine.language.parser.fields import FIELDS
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.scalars import EXPRESSION, HANDLER, SCHEDULE, name_key
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import ListOf, MapOf, Named
from flowengine.language.parts import Trigger


def _trigger(values: Values, reading: Reading) -> Trigger:
    if "every" in values and "fields" in values:
        message = "the clock brings nothing that 'fields' could describe"
        raise reading.refuse(values.places["fields"], "too-many-keys", message, "leave out 'fields'")
    for one in values.get("fields", ()):
        if one.person is not None:
            message = f"{one.name!r} cannot be a person: before there is a job, a message is held against nobody"
            raise reading.refuse(one.place, "bad-field", message, "write type: string; the need's field is held to it")
        if one.file:
            message = f"{one.name!r} cannot be a file: nobody uploads one with a message"
            raise reading.refuse(one.place, "bad-field", message, "have a person asked for it")
    values.setdefault("need", {})
    return Trigger(**values, place=values.place)


_NEED_NAME = name_key("a field's name")
_TRIGGER = record(
    "an entry of starts",
    Key("message", HANDLER, "The message that starts a job, where no job waits for it."),
    Key("every", SCHEDULE, "The clock starts a job: minute hour day month weekday, as cron has it."),
    Key("fields", FIELDS, "What the message says, by name, as in a state of type message."),
    Key("customer", EXPRESSION, "Whose job it is: an expression that gives his exact id.", True),
    Key("need", MapOf(_NEED_NAME, EXPRESSION), "The need that is stated: its fields, and expressions for them."),
    Key("when", EXPRESSION, "A condition; where it does not hold, no job is started."),
    build=_trigger,
    exactly_one=("message", "every"),
)
STARTS = Named("starts", ListOf(Named("start_entry", _TRIGGER), one=True))
