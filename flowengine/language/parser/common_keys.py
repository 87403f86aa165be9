"""Keys that several types of states have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flowengine.language.parser.audiences import AUDIENCES
from flowengine.language.parser.fields import FIELDS
from flowengine.language.parser.lengths import LENGTH, ROUND, WHEN
from flowengine.language.parser.records import Key, Values, record
from flowengine.language.parser.routes import ON, ROUTES
from flowengine.language.parser.scalars import FLAG, LONGEST_TITLE, NAME, OUTCOME, PLACE, SHOWN, TEXT, TITLE
from flowengine.language.parser.session import Reading
from flowengine.language.parser.shapes import Json, ListOf, MapOf, Named, Number, OneOf, Word, wrong
from flowengine.language.parts import PANEL, PANEL_KINDS, STRENGTHS, Escalation, Reminder, Show
from flowengine.language.texts import Text
from flowengine.language.yaml_reader import Items, Node, Pairs
from flowengine.problem import Place


def _show(values: Values, reading: Reading) -> Show:  # noqa: ARG001 - the signature of builders
    return Show(**values, place=values.place)


def _titled_show(title: str, place: Place, value: Any, reading: Reading) -> Show:
    if isinstance(value, tuple):
        return Show(title=title, value=Text(""), kinds=value, place=place)
    return Show(title=reading.told(title, place)[0], value=value, place=place)


class _Shows:
    """Lines as a list of title and value, or as a mapping of titles to values. In the mapping ``customer`` may be a
    list: the kinds of facts that those inside are shown of the customer."""

    panel = ListOf(OneOf(PANEL_KINDS), least=0)

    lines = ListOf(
        record(
            "a line",
            Key("title", TITLE, "What stands before the value.", True),
            Key("value", SHOWN, "A text with expressions in braces.", True),
            build=_show,
        )
    )
    mapping = MapOf(Word("a title", "bad-title", str, r"\S", LONGEST_TITLE), SHOWN, _titled_show, least=1)

    def read(self, node: Node, reading: Reading) -> tuple[Show, ...]:
        if isinstance(node, Items):
            return self.lines.read(node, reading)
        if isinstance(node, Pairs):
            return self._mapped(node, reading)
        raise wrong(node, "a mapping of titles to texts, or a list of {title, value}", reading)

    def _mapped(self, node: Pairs, reading: Reading) -> tuple[Show, ...]:
        place, known = node.pairs.get(PANEL, (node.place, None))
        if not isinstance(known, Items):
            return tuple(self.mapping.read(node, reading).values())
        panel = _titled_show(PANEL, place, self.panel.read(known, reading), reading)
        rest = {title: one for title, one in node.pairs.items() if title != PANEL}
        lines = self.mapping.read(replace(node, pairs=rest), reading).values() if rest else ()
        return (*lines, panel)

    def schema(self, defs: Json) -> Json:
        mapping = self.mapping.schema(defs)
        panel = {"anyOf": [mapping["additionalProperties"], self.panel.schema(defs)]}
        return {"anyOf": [mapping | {"properties": {PANEL: panel}}, self.lines.schema(defs)]}


def _escalation(values: Values, reading: Reading) -> Escalation:  # noqa: ARG001 - the signature of builders
    return Escalation(**values, place=values.place)


_ESCALATION = record(
    "an escalation",
    Key("after", LENGTH, "How long after the step was opened.", True),
    Key("to", AUDIENCES, "To whom the step is open then as well.", True),
    build=_escalation,
)


def _recurring(values: Values, reading: Reading) -> Reminder:  # noqa: ARG001 - the signature of builders
    return Reminder(**{"after": values["every"], **values}, place=values.place)


_RECURRING = record(
    "a reminder",
    Key("every", ROUND, "How often people are reminded.", True),
    Key("first", LENGTH, "How long after opening the first comes; 'every' unless given.", into="after"),
    Key("most", Number(1, 1_000), "How many come at most; it ends at the deadline in any case."),
    build=_recurring,
)


@dataclass(frozen=True, slots=True)
class _Reminder:
    """A length after which it comes once, or a mapping that says how it comes again and again."""

    def read(self, node: Node, reading: Reading) -> Reminder:
        if isinstance(node, Pairs) and "working" not in node.pairs:
            return _RECURRING.read(node, reading)  # type: ignore[no-any-return]  # what its builder makes
        return Reminder(after=LENGTH.read(node, reading), place=node.place)

    def schema(self, defs: Json) -> Json:
        return {"anyOf": [LENGTH.schema(defs), _RECURRING.schema(defs)]}


class _Thanks:
    """A text, which is told with the usual outcome, or one for each outcome."""

    each = MapOf(OUTCOME, TEXT, least=1, example="{outcome: text}")

    def read(self, node: Node, reading: Reading) -> dict[str, Text]:
        found: dict[str, Text] = self.each.read(node, reading) if isinstance(node, Pairs) else {}
        return found or {"": TEXT.read(node, reading)}

    def schema(self, defs: Json) -> Json:
        return {"anyOf": [TEXT.schema(defs), self.each.schema(defs)]}


TITLE_KEY = Key("title", TITLE, "What people read; the name with spaces, unless given.")
PHASE_KEY = Key("phase", TITLE, "The customer's word for where the job is.")
TAKES_KEY = Key("takes", LENGTH, "How long it usually takes: an estimate for forecasts and simulation.")
ASK_KEY = Key("ask", TEXT, "What the person is asked: a text with expressions in braces.")
SHOWS_KEY = Key("shows", Named("shows", _Shows()), "What the person sees: titles and texts with expressions in braces.")
FIELDS_KEY = Key("fields", FIELDS, "What is asked, by name: JSON Schema, with 'optional', 'unit' and 'show'.")
THANKS_KEY = Key(
    "thanks",
    Named("thanks", _Thanks()),
    "What the person is told who has acted, instead of what is told by itself: a text, or one for each outcome.",
)
SAVES_KEY = Key("saves", PLACE, "Where the answer goes in the data; under the state's name, unless given.")
WITHIN_KEY = Key(
    "within", WHEN, "The deadline: a duration, working time or '{expression}'. After it the outcome is 'expired'."
)
ATTENTION_KEY = Key("attention", LENGTH, "After how long in it somebody has to look; the process's, unless given.")
_REMIND = Named("remind", ListOf(_Reminder(), one=True))
REMIND_KEY = Key("remind", _REMIND, "How long after opening people are reminded.")
ESCALATE_KEY = Key("escalate", Named("escalate", ListOf(_ESCALATION, one=True)), "To whom the step opens if it waits.")
NEXT_KEY = Key("next", ROUTES, "Where the type's first outcome leads.")
ON_KEY = Key("on", ON, "Where each outcome leads: a state, {to, when, set, undo, title}, or a list of these.")

USES_KEY = Key(
    "uses",
    Named("uses", ListOf(PLACE, one=True)),
    "What was chosen that is used up here: the place of a pick in the data, as fabric.cloth; or several.",
)

NAMING = (TITLE_KEY, PHASE_KEY, TAKES_KEY, USES_KEY)
"""What every state that takes time may have."""
MOVED_BY_KEY = Key("deadline_moved_by", AUDIENCES, "Who may move the deadline, beside operators.")
ASKS_KEY = Key(
    "asks", OneOf(STRENGTHS), "How surely it has to be known who acts: code, or passkey; as is usual, unless given."
)
CLOSED_TO_KEY = Key(
    "closed_to",
    ListOf(NAME, one=True),
    "Roles that do not see what is recorded of the customer there; operators always do.",
)
WAITING = (
    ASK_KEY, SHOWS_KEY, THANKS_KEY, SAVES_KEY, WITHIN_KEY, MOVED_BY_KEY, REMIND_KEY, ESCALATE_KEY, ASKS_KEY,
    CLOSED_TO_KEY,
)  # fmt: skip
"""What every state may have that waits for a person."""
OPTIONAL_KEY = Key("optional", FLAG, "Whether whoever is asked may go without it; the outcome is 'skipped' then.")
LEADING = (NEXT_KEY, ON_KEY)
"""How a state says what comes next."""
