"""What is different between two versions of a process, in words: for those who put the newer one in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from flowengine.interop import labels
from flowengine.language.durations import Duration, Working
from flowengine.language.expressions import Expression
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import EXPIRED, WANTING, Always, Audience, Field, Option
from flowengine.language.texts import Text, plain
from flowengine.speech.languages import LANGUAGES

MOST = 200
"""Differences that are told; where there are more, it is another process."""

_LONGEST = 60
_TOLD_ELSEWHERE = frozenset({"name", "place", "title", "fields", "on"})
_WORDS = {
    "ask": "the words",
    "phase": "the customer's word for it",
    "within": "the deadline",
    "remind": "the reminders",
    "remind_before": "the reminders of the appointment",
    "escalate": "the escalation",
    "claim": "how long it may be claimed",
    "shows": "what is shown",
    "closed_to": "to whom the record is closed",
    "saves": "the place of its answer",
    "takes": "how long it takes",
    "uses": "what is used up in it",
    "thanks": "the words of thanks",
    "choose": "what is chosen",
    "call": "the handler",
    "undo": "how it is undone",
    "undo_words": "what is told of undoing it",
    "undo_costs": "what undoing it costs",
    "as_": "the name of an item",
}
"""What is different, by the attribute; others are named as the file does."""
_CUSTOMER = "customers"

Thing = TypeVar("Thing")


class Difference(NamedTuple):
    """One difference. ``where`` is the title of a state, or empty for the process as a whole; ``who`` are the people
    who notice: ``customers``, and titles of roles and groups."""

    where: str
    what: str
    who: tuple[str, ...] = ()


def differences(old: Process, new: Process) -> list[Difference]:
    """All differences in what two versions of a process mean, those of the process first; at most :data:`MOST`."""
    found = [*_of_process(old, new), *_of_states(old, new), *_of_always(old, new)]
    if len(found) > MOST:
        return [*found[:MOST], Difference("", f"and {len(found) - MOST} more")]
    return found


def noticed_by(found: Iterable[Difference]) -> tuple[str, ...]:
    """Everybody who notices any of it, customers first."""
    everybody = dict.fromkeys(who for one in found for who in one.who)
    return (*(one for one in everybody if one == _CUSTOMER), *(one for one in everybody if one != _CUSTOMER))


def _of_process(old: Process, new: Process) -> Iterator[Difference]:
    for name, words, who in (
        ("title", "the title", (_CUSTOMER,)),
        ("need", "the need", (_CUSTOMER,)),
        ("promise", "the promise", (_CUSTOMER,)),
        ("promise_kept", "when the promise is kept", ()),
        ("zone", "the time zone", (_CUSTOMER,)),
        ("language", "the language of its texts", (_CUSTOMER,)),
        ("currency", "the currency", (_CUSTOMER,)),
        ("starts", "what starts jobs by itself", ()),
        ("calendars", "the calendars", (_CUSTOMER,)),
    ):
        yield from _changed("", words, getattr(old, name), getattr(new, name), who)
    yield from _of_texts(old, new)
    for kind, wanting in WANTING.items():
        if wanting.key:  # else it is as with questions
            yield from _of_answerers(kind, wanting.key, old, new)
    yield from _of_names("role", old.roles, new.roles)
    yield from _of_names("group", old.groups, new.groups)
    for name in dict.fromkeys((*new.options, *old.options)):
        yield from _of_options(name, old.options.get(name, ()), new.options.get(name, ()))


def _of_texts(old: Process, new: Process) -> Iterator[Difference]:
    """What is said otherwise in other languages; what the texts themselves say is told where they stand."""
    for language in dict.fromkeys((*new.texts, *old.texts)):
        was, now = old.texts.get(language, {}), new.texts.get(language, {})
        counts = (
            (len(now.keys() - was.keys()), "new"),
            (sum(was[key] != now[key] for key in was.keys() & now.keys()), "otherwise"),
            (len(was.keys() - now.keys()), "gone"),
        )
        told = ", ".join(f"{count} {words}" for count, words in counts if count)
        if told:
            yield Difference("", f"its texts in {LANGUAGES[language]}: {told}", (_CUSTOMER,))


def _of_answerers(kind: str, words: str, old: Process, new: Process) -> Iterator[Difference]:
    (left, was), (right, now) = old.answerers(kind), new.answerers(kind)
    before, after = tuple(_named(old, left)), tuple(_named(new, right))
    if before != after:
        who = tuple(dict.fromkeys((_CUSTOMER, *before, *after)))
        yield Difference("", f"{words} are answered by {', '.join(after)} now, and were by {', '.join(before)}", who)
    yield from _changed("", f"within how long {words} are answered", was, now, (_CUSTOMER, *after))


def _of_names(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    added, gone, both = _sorted_out(old, new)
    yield from (Difference("", f"a new {kind}: {one.title}") for one in added)
    yield from (Difference("", f"no more a {kind}: {one.title}") for one in gone)
    for was, now in both:
        if was.title != now.title:
            yield Difference("", f"the {kind} {was.title} is now called {now.title}", (now.title,))


def _of_options(name: str, old: tuple[Option, ...], new: tuple[Option, ...]) -> Iterator[Difference]:
    added, gone, both = _sorted_out({one.id: one for one in old}, {one.id: one for one in new})
    yield from (Difference("", f"to choose of {name}: {one.title}", (_CUSTOMER,)) for one in added)
    yield from (Difference("", f"to choose of {name}: {one.title} no more", (_CUSTOMER,)) for one in gone)
    for was, now in both:
        yield from _changed("", f"the price of {now.title}", was.price, now.price, (_CUSTOMER,))
        yield from _changed("", f"the lead time of {now.title}", was.lead_time, now.lead_time, (_CUSTOMER,))
        yield from _changed("", f"the option {now.id}", was.title, now.title, (_CUSTOMER,))
        if was.more != now.more:
            yield Difference("", f"what else is known of {now.title} is different")


def _of_states(old: Process, new: Process) -> Iterator[Difference]:
    stood, stands = _scopes(old), _scopes(new)
    added, gone, both = _sorted_out(_states(old), _states(new))
    yield from (Difference(one.title, f"is new: {_what(new, one)}", _people(new, one)) for one in added)
    yield from (Difference(one.title, f"is gone: it was {_what(old, one)}", _people(old, one)) for one in gone)
    for was, now in both:
        if was != now:
            yield from _of_state(old, new, was, now)
        if stood[now.name] != stands[now.name]:
            yield Difference(now.title, f"stands in {stands[now.name] or 'the process itself'} now")


def _what(process: Process, state: State) -> str:
    whom = labels.who(process, state) if state.audience else ""
    return f"{type(state).called()}{f' for {whom}' if whom else ''}"


def _of_state(old: Process, new: Process, was: State, now: State) -> Iterator[Difference]:
    people = tuple(dict.fromkeys((*_people(old, was), *_people(new, now))))
    where = now.title
    if was.title != now.title:
        yield Difference(where, f"was called {was.title}", people)
    if type(was) is not type(now):
        yield Difference(where, f"is {type(now).called()} now, and was {type(was).called()}", people)
        return
    before, after = labels.who(old, was), labels.who(new, now)
    if now.audience and before != after:
        yield Difference(where, f"is for {after} now, and was for {before}", people)
    yield from _of_fields(where, was.fields, now.fields, people)
    yield from _of_ways(old, new, was, now, people)
    for one in fields(now):
        if one.name in _TOLD_ELSEWHERE or not one.compare:
            continue
        left, right = _bare(getattr(was, one.name)), _bare(getattr(now, one.name))
        if left != right and not _only_whom(left, right):
            yield from _changed(where, _WORDS.get(one.name, one.name.replace("_", " ")), left, right, people)


def _of_fields(
    where: str, old: tuple[Field, ...], new: tuple[Field, ...], people: tuple[str, ...]
) -> Iterator[Difference]:
    added, gone, both = _sorted_out({one.name: one for one in old}, {one.name: one for one in new})
    for one in added:
        yield Difference(where, f"asks for {one.title}{', which may be left out' if one.optional else ''}", people)
    yield from (Difference(where, f"asks no more for {one.title}", people) for one in gone)
    for was, now in both:
        if was.title != now.title:
            yield Difference(where, f"calls {was.title} now {now.title}", people)
        if was.optional != now.optional:
            must = "may be left out" if now.optional else "must be given"
            yield Difference(where, f"{now.title} {must} now", people)
        if replace(was, title="", optional=False) != replace(now, title="", optional=False):
            yield Difference(where, f"what {now.title} may be is different", people)


def _of_ways(old: Process, new: Process, was: State, now: State, people: tuple[str, ...]) -> Iterator[Difference]:
    titles = {state.name: state.title for state in (*old.states(), *new.states())}
    before, after = ({_label(state, way): way.route for way in labels.ways(state)} for state in (was, now))
    for label, right in after.items():
        left = before.get(label)
        if left is None:
            yield Difference(now.title, f"a new way, {label}: to {titles.get(right.to, right.to)}", people)
            continue
        if left.to != right.to:
            to, was_to = titles.get(right.to, right.to), titles.get(left.to, left.to)
            yield Difference(now.title, f"{label}: leads to {to} now, and led to {was_to}", people)
        if replace(left, to="") != replace(right, to=""):
            yield Difference(now.title, f"{label}: what goes with this way is different")
    for label, left in before.items():
        if label in after:
            continue
        yield Difference(now.title, f"no more a way, {label}: it led to {titles.get(left.to, left.to)}", people)
    if before == after and was.on != now.on:
        yield Difference(now.title, "its ways are asked in another order, or under other conditions")


def _label(state: State, way: labels.Way) -> str:
    """A way's label; that of the deadline without its length, of which is told by itself."""
    if way.outcome == EXPIRED and isinstance(state.within, Duration | Working):
        return way.label.replace(f"not within {labels.span(state.within)}", "not in time")
    return way.label or "then"


def _of_always(old: Process, new: Process) -> Iterator[Difference]:
    added, gone, both = _sorted_out(_always(old), _always(new))
    for process, words, entries in ((new, "may be done at any time", added), (old, "may be done no more", gone)):
        for one in entries:
            who = tuple(_named(process, one.by))
            yield Difference(one.title, f"{words}: {labels.occasion(process, one)}", who)
    for was, now in both:
        if was != now:
            who = tuple(dict.fromkeys((*_named(old, was.by), *_named(new, now.by))))
            yield Difference(now.title, "what may be done at any time is different", who)


def _always(process: Process) -> dict[Any, Always]:
    return {(scope.path, entry.name): entry for scope in process.scopes() for entry in scope.always}


def _states(process: Process) -> dict[str, State]:
    return {state.name: state for state in process.states()}


def _scopes(process: Process) -> dict[str, str]:
    return {name: scope.path for scope in process.scopes() for name in scope.states}


def _people(process: Process, state: State) -> tuple[str, ...]:
    """Who notices what is different in a state."""
    named = dict.fromkeys(_named(process, (*state.readers, *state.companions)))
    if state.phase or state.for_customers:
        named = {_CUSTOMER: None} | named
    return tuple(named)


def _named(process: Process, audience: Iterable[Audience]) -> Iterator[str]:
    for one in audience:
        yield _CUSTOMER if one.kind in ("customer", "customers", "everyone") else labels.audience(process, one)


def _sorted_out(
    old: Mapping[Any, Thing], new: Mapping[Any, Thing]
) -> tuple[list[Thing], list[Thing], list[tuple[Thing, Thing]]]:
    """What only the newer has, what only the older had, and what both have."""
    added = [one for key, one in new.items() if key not in old]
    gone = [one for key, one in old.items() if key not in new]
    return added, gone, [(old[key], one) for key, one in new.items() if key in old]


def _changed(where: str, what: str, was: Any, now: Any, who: tuple[str, ...]) -> Iterator[Difference]:
    if was == now:
        return
    before, after = _short(was), _short(now)
    if after and before and before != after:
        yield Difference(where, f"{what}: {after}, and was {before}", who)
    elif after and _is_nothing(was):
        yield Difference(where, f"{what}: {after}, and was none", who)
    elif before and _is_nothing(now):
        yield Difference(where, f"{what}: none, and was {before}", who)
    else:
        verb = "are" if what.endswith("s") and not what.endswith("ss") else "is"
        yield Difference(where, f"{what} {verb} different", who)


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or value == () or value == {}


def _short(value: Any) -> str:
    """A value in words, where a few say it all."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Text | Expression):
        return f"“{labels.shorten(value.source, _LONGEST)}”"
    if isinstance(value, str):
        return f"“{labels.shorten(value, _LONGEST)}”" if value else ""
    if isinstance(value, Duration | Working):
        return labels.span(value)
    return plain(value) if isinstance(value, int | Decimal) else ""


def _only_whom(left: Any, right: Any) -> bool:
    """Whether they are people, of whom is told in other words."""
    return all(
        isinstance(one, tuple) and one and all(isinstance(who, Audience) for who in one) for one in (left, right)
    )


def _bare(value: Any) -> Any:
    """A value without the states that stand in it, which are compared by themselves."""
    if isinstance(value, Scope):
        return replace(value, states={}, always=())
    if isinstance(value, Mapping):
        return {key: _bare(one) for key, one in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_bare(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type | Expression | Text | State):
        held = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
        if any(isinstance(one, Scope) for one in held.values()):
            return replace(value, **{name: _bare(one) for name, one in held.items()})
    return value
