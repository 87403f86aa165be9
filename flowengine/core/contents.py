"""What in a history is content: what a person wrote, and what was made from it (L5).

The table says of each field of each command and each event what it holds. Contents stand outside the chained bytes, so
that they can be erased; the rest is plain, and stays. Plain are what the process calls its things (``named``), ids of
people, their roles and groups (``people``), what the engine numbers and counts (``counted``), moments (``moments``),
and yes or no (``flags``). Ids are in every entry, and nothing erases them: whoever chooses them chooses ids that say
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core import values as v
from flowengine.core.values import Json

ERASED = "erased"
"""What stands in the place of a text that was erased."""

_REPLACE = msgspec.structs.replace
_NUMBERS = frozenset((bool, int, float, Decimal))


class Fields(NamedTuple):
    """The names of a class's fields, by what they hold. ``inside`` are values with fields of their own (or none), and
    ``each`` tuples of such; whatever is nested in ``content`` is content."""

    content: str = ""
    inside: str = ""
    each: str = ""
    named: str = ""
    people: str = ""
    counted: str = ""
    moments: str = ""
    flags: str = ""


_BECAUSE = "because"

TABLE: dict[type[msgspec.Struct], Fields] = {
    # commands; `by` is the actor who asks
    c.Start: Fields(people="by", content="answer", named="cause", counted="parent depth"),
    c.Act: Fields(people="by", content="answer", named="outcome", counted="step"),
    c.Claim: Fields(people="by", counted="step"),
    c.Release: Fields(people="by", content=_BECAUSE, counted="step"),
    c.Assign: Fields(people="by person", content=_BECAUSE, counted="step"),
    c.Fire: Fields(people="by", content=_BECAUSE, counted="timer"),
    c.MoveDeadline: Fields(people="by", content=_BECAUSE, counted="number", moments="to"),
    c.DropTimer: Fields(people="by", content=_BECAUSE, counted="timer"),
    c.Finish: Fields(people="by", content="result because", named="outcome", counted="call"),
    c.Hear: Fields(people="by", content="refused", each="asked", counted="call seq took"),
    c.Fail: Fields(people="by", content="error", counted="call", flags="stuck certain"),
    c.Skip: Fields(people="by", content=_BECAUSE, named="outcome", counted="call"),
    c.ActFor: Fields(people="by person", content="answer because", named="outcome", counted="step"),
    c.SetData: Fields(people="by", content="value because", named="place branch"),
    c.Move: Fields(people="by", content=_BECAUSE, named="to branch"),
    c.End: Fields(people="by", content=_BECAUSE, flags="undo"),
    c.Suspend: Fields(people="by", content=_BECAUSE),
    c.Resume: Fields(people="by", content=_BECAUSE),
    c.Retry: Fields(people="by", counted="call"),
    c.Deliver: Fields(people="by", content="key body", named="name", flags="everyone"),
    c.Invoke: Fields(people="by", content="answer preview", named="name branch"),
    c.Add: Fields(people="by", content="items", named="state branch"),
    c.Say: Fields(people="by", content="text", named="kind", counted="to files"),
    c.TakeBack: Fields(people="by", counted="step"),
    c.Migrate: Fields(people="by", content="fill because", named="version states timers"),
    c.AskPromise: Fields(people="by", content=_BECAUSE, moments="to"),
    c.Expect: Fields(people="by", moments="soonest latest"),
    c.Erase: Fields(people="by whose", content=_BECAUSE, counted="entries", flags="whole"),
    # events
    e.Started: Fields(inside="head"),
    e.BranchOpened: Fields(inside="branch"),
    e.BranchWoken: Fields(named="branch"),
    e.BranchRested: Fields(named="branch"),
    e.BranchDone: Fields(named="branch"),
    e.BranchDetached: Fields(named="branch"),
    e.BranchClosed: Fields(named="branch why"),
    e.Entered: Fields(named="branch state way", counted="entry", moments="at"),
    e.Left: Fields(named="branch state outcome", people="by", flags="passed recalled"),
    e.Saved: Fields(named="branch place", content="value"),
    e.Kept: Fields(named="branch member", content="inner"),
    e.StepOpened: Fields(inside="step", each="seats"),
    e.StepChanged: Fields(inside="step", named="why", people="by"),
    e.StepClosed: Fields(named="branch outcome", counted="step", people="by"),
    e.SeatAnswered: Fields(named="branch", inside="seat", flags="secret"),
    e.Counted: Fields(
        named="branch member", content="tally", counted="cast cast_weight abstained abstained_weight", flags="shows"
    ),
    e.BoxClosed: Fields(
        named="branch member",
        content="tally",
        counted="step root cast cast_weight abstained abstained_weight",
    ),
    e.Moved: Fields(named="branch move", counted="step", people="by"),
    e.TimerSet: Fields(inside="timer"),
    e.TimerDropped: Fields(named="branch", counted="timer", flags="fired"),
    e.DeadlineMoved: Fields(named="branch", counted="timer step", moments="was to", people="by"),
    e.TakesLonger: Fields(inside="timer", named="state"),
    e.CallOpened: Fields(inside="call"),
    e.CallChanged: Fields(inside="call"),
    e.CallClosed: Fields(named="branch outcome", counted="call", content="result"),
    e.CutOff: Fields(inside="call"),
    e.LateResult: Fields(named="branch outcome", counted="call", content="result"),
    e.Heard: Fields(named="branch", content="refused", counted="call seq took"),
    e.AnsweredPartner: Fields(named="branch outcome", content="answer", counted="call step foreign", people="by"),
    e.UndoNoted: Fields(named="branch", inside="undoable"),
    e.UndoTaken: Fields(named="branch", counted="calls"),
    e.Undone: Fields(named="branch", counted="call"),
    e.SlotBooked: Fields(
        named="branch calendar",
        moments="start end held_until",
        counted="every seats",
        people="customer staff",
        flags="after_promise",
    ),
    e.AppointmentChanged: Fields(named="branch state member what", counted="step", moments="slot to", people="whom"),
    e.SlotFreed: Fields(named="branch calendar", moments="start", people="customer staff", flags="held"),
    e.MessageKept: Fields(inside="message"),
    e.MessageTaken: Fields(inside="message", counted="number", flags="dropped"),
    e.Invoked: Fields(named="branch name", people="by"),
    e.Reminded: Fields(named="branch", counted="step"),
    e.Said: Fields(named="kind", content="text", people="by", counted="number to files"),
    e.Told: Fields(named="branch state", people="to", content="words shown others"),
    e.Thanked: Fields(named="branch", content="words others"),
    e.Referred: Fields(content="name contact"),
    e.Promised: Fields(inside="promise"),
    e.PromiseAsked: Fields(counted="step", moments="to"),
    e.PromiseAtRisk: Fields(moments="by soonest latest"),
    e.PromiseOverdue: Fields(moments="by"),
    e.Suspended: Fields(inside="suspension"),
    e.Resumed: Fields(moments="at"),
    e.Migrated: Fields(named="version states scopes items"),
    e.Ended: Fields(named="kind state", content=_BECAUSE, moments="at"),
    e.Erased: Fields(counted="entries", flags="whole", moments="at"),
    # what they are made of
    v.Head: Fields(
        counted="job serial standing branches late unanswered parent depth",
        named="process version status end",
        people="customer",
        moments="started erased",
        content=_BECAUSE,
        each="kept cut_off",
        inside="promise suspended",
    ),
    v.Branch: Fields(
        named="id parent name scope state",
        counted="entry rest index memory",
        moments="since",
        flags="pending done detached own",
        each="steps timers calls undoable",
        content="inners item data",
    ),
    v.Step: Fields(
        counted="number seats",
        named="branch state member purpose",
        people="audience claimed preferred excluded booked_with asked_by",
        moments="opened due booked held held_until appointment appointment_end",
        content="title shown others",
        inside="foreign",
        flags="box",
    ),
    v.Foreign: Fields(counted="step", content="title shown ways", moments="due slots"),
    v.Seat: Fields(counted="step number weight", people="audience by may", content="answer"),
    v.Timer: Fields(counted="number step detail", named="branch member purpose", moments="due since rang"),
    v.ServiceCall: Fields(
        counted="number heard answered",
        named="branch state member handler http process at",
        flags="undo cut_off",
        moments="opened",
        content="input incident",
    ),
    v.Undoable: Fields(counted="call", named="state member handler branch", content="input result", flags="certain"),
    v.KeptMessage: Fields(counted="number id", named="name", content="key body", moments="came until"),
    v.Promise: Fields(moments="by made first risk asked reckoned", flags="kept", counted="timer", people="agreed_by"),
    v.Suspension: Fields(moments="since", content=_BECAUSE, people="by"),
}
"""Of each class, what its fields hold. The memory of a branch holds names of states and ids, a timer's detail numbers
and names."""

_CONTENT, _INSIDE, _EACH = range(3)
_Rules = tuple[tuple[str, int], ...]


def _rules(kind: type[msgspec.Struct]) -> _Rules:
    """The fields in which there is content; where they are of classes that may have none, these are looked into."""
    fields = TABLE[kind]
    whole = ((name, _CONTENT) for name in fields.content.split())
    return (
        *whole,
        *((name, _INSIDE) for name in fields.inside.split()),
        *((name, _EACH) for name in fields.each.split()),
    )


_RULES: dict[type[msgspec.Struct], _Rules] = {kind: _rules(kind) for kind in TABLE}


def emptied(values: Sequence[Any], hole: Callable[[Json], str]) -> list[Any]:
    """The values with ``hole(content)`` in the place of each content that says something; others stay as they are."""
    found = []
    for value in values:
        changes: dict[str, Any] = {}
        for name, rule in _RULES[type(value)]:
            held = getattr(value, name)
            if not held and (rule or held is None or type(held) not in _NUMBERS):
                continue
            if rule == _CONTENT:
                changes[name] = hole(held)
            elif rule == _EACH:
                changes[name] = tuple(emptied(held, hole))
            elif _RULES[type(held)]:
                changes[name] = emptied((held,), hole)[0]
        found.append(_REPLACE(value, **changes) if changes else value)
    return found


def contents(*values: msgspec.Struct) -> list[Json]:
    """All contents of values of these classes."""
    found: list[Json] = []

    def note(content: Json) -> str:
        found.append(content)
        return ""

    emptied(values, note)
    return found


def texts(value: Json, *, keys: bool) -> Iterator[str]:
    """The texts in a content; with ``keys`` also those that name the parts of objects."""
    rest: list[Json] = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            if keys:
                yield from one
            rest.extend(one.values())
        elif isinstance(one, list | tuple):
            rest.extend(one)
        elif isinstance(one, msgspec.Struct):
            rest.extend(getattr(one, name) for name in one.__struct_fields__)


LONG = 4
"""Characters from which a text is found within others; a shorter one only where it stands alone."""


class Words:
    """What somebody wrote, to find where else it stands. A text that was ``known`` before he wrote, as what he chose
    from was, is not his."""

    def __init__(self, written: Iterable[Json] = (), known: Iterable[Json] = ()) -> None:
        self._known = frozenset(text.strip() for one in known for text in texts(one, keys=True))
        found = {text.strip() for one in written for text in texts(one, keys=False)} - self._known - {""}
        self._short = frozenset(text for text in found if len(text) < LONG)
        self._long = tuple(found - self._short)

    def are_in(self, content: Json) -> bool:
        """Whether one of the texts is one of those of the content, or stands within one of them."""
        return any(self._are_in(text) for text in texts(content, keys=True))

    def _are_in(self, text: str) -> bool:
        bare = text.strip()
        return bare not in self._known and (bare in self._short or any(one in bare for one in self._long))

    def without(self, value: Json) -> Json:
        """Plain JSON with null in the place of each text in which one of them stands; so named parts are left out."""
        if isinstance(value, str):
            return None if self._are_in(value) else value
        if isinstance(value, dict):
            return {key: self.without(one) for key, one in value.items() if not self._are_in(key)}
        if isinstance(value, list):
            return [self.without(one) for one in value]
        return value
