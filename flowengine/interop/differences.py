"""What is different between two versions of a process, in words: for those who put the newer one in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from flowengine.interop import labels
from flowengine.language.durations import Duration, Working
from flowengine.language.expressions import Expression
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import WANTING, Always, Audience, Field, Option
from flowengine.language.texts import Text
from flowengine.speech.languages import LANGUAGES
from flowengine.speech.phrases import listing, phrase

MOST = 200
"""Differences that are told; where there are more, it is another process."""

_LONGEST = 60
_TOLD_ELSEWHERE = frozenset({"name", "place", "title", "fields", "on"})
_WORDS = {
    "ask": phrase("the words"),
    "phase": phrase("the customer's word for it"),
    "within": phrase("the deadline"),
    "remind": phrase("the reminders"),
    "remind_before": phrase("the reminders of the appointment"),
    "escalate": phrase("the escalation"),
    "claim": phrase("how long it may be claimed"),
    "shows": phrase("what is shown"),
    "closed_to": phrase("to whom the record is closed"),
    "saves": phrase("the place of its answer"),
    "takes": phrase("how long it takes"),
    "uses": phrase("what is used up in it"),
    "thanks": phrase("the words of thanks"),
    "choose": phrase("what is chosen"),
    "call": phrase("the handler"),
    "undo": phrase("how it is undone"),
    "undo_words": phrase("what is told of undoing it"),
    "undo_costs": phrase("what undoing it costs"),
    "as_": phrase("the name of an item"),
}
"""What is different, by the attribute; others are named as the file does."""
_CUSTOMER = phrase("customers")
_NAMES = {
    "role": (
        phrase("a new role: %(title)s"),
        phrase("no more a role: %(title)s"),
        phrase("the role %(was)s is now called %(now)s"),
    ),
    "group": (
        phrase("a new group: %(title)s"),
        phrase("no more a group: %(title)s"),
        phrase("the group %(was)s is now called %(now)s"),
    ),
}
_ANSWERED_BY = {
    "questions": phrase("questions are answered by %(now)s now, and were by %(was)s"),
    "concerns": phrase("concerns are answered by %(now)s now, and were by %(was)s"),
}
_ANSWERED_WITHIN = {
    "questions": phrase("within how long questions are answered"),
    "concerns": phrase("within how long concerns are answered"),
}

Thing = TypeVar("Thing")


class Difference(NamedTuple):
    """One difference. ``where`` is the title of a state, or empty for the process as a whole; ``what`` is a phrase;
    ``who`` are the people who notice: ``customers``, a phrase, and titles of roles and groups."""

    def told(self, tell: Callable[[str], str]) -> Difference:
        """The same as who reads it is told phrases."""
        return Difference(self.where, tell(self.what), tuple(map(tell, self.who)))

    where: str
    what: str
    who: tuple[str, ...] = ()


def differences(old: Process, new: Process) -> list[Difference]:
    """All differences in what two versions of a process mean, those of the process first; at most :data:`MOST`."""
    found = [*_of_process(old, new), *_of_states(old, new), *_of_always(old, new)]
    if len(found) > MOST:
        return [*found[:MOST], Difference("", phrase("and %(number)s more", number=len(found) - MOST))]
    return found


def noticed_by(found: Iterable[Difference]) -> tuple[str, ...]:
    """Everybody who notices any of it, customers first."""
    everybody = dict.fromkeys(who for one in found for who in one.who)
    return (*(one for one in everybody if one == _CUSTOMER), *(one for one in everybody if one != _CUSTOMER))


def _of_process(old: Process, new: Process) -> Iterator[Difference]:
    for name, words, who in (
        ("title", phrase("the title"), (_CUSTOMER,)),
        ("need", phrase("the need"), (_CUSTOMER,)),
        ("promise", phrase("the promise"), (_CUSTOMER,)),
        ("promise_kept", phrase("when the promise is kept"), ()),
        ("zone", phrase("the time zone"), (_CUSTOMER,)),
        ("language", phrase("the language of its texts"), (_CUSTOMER,)),
        ("currency", phrase("the currency"), (_CUSTOMER,)),
        ("starts", phrase("what starts jobs by itself"), ()),
        ("calendars", phrase("the calendars"), (_CUSTOMER,)),
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
            (len(now.keys() - was.keys()), phrase("%(number)s new")),
            (sum(was[key] != now[key] for key in was.keys() & now.keys()), phrase("%(number)s otherwise")),
            (len(was.keys() - now.keys()), phrase("%(number)s gone")),
        )
        told = listing(phrase(words, number=count) for count, words in counts if count)
        if told:
            what = phrase("its texts in %(language)s: %(changes)s", language=LANGUAGES[language], changes=told)
            yield Difference("", what, (_CUSTOMER,))


def _of_answerers(kind: str, key: str, old: Process, new: Process) -> Iterator[Difference]:
    (left, was), (right, now) = old.answerers(kind), new.answerers(kind)
    before, after = tuple(_named(old, left)), tuple(_named(new, right))
    if before != after:
        who = tuple(dict.fromkeys((_CUSTOMER, *before, *after)))
        what = phrase(_ANSWERED_BY[key], now=listing(after), was=listing(before))
        yield Difference("", what, who)
    yield from _changed("", _ANSWERED_WITHIN[key], was, now, (_CUSTOMER, *after))


def _of_names(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    added, gone, both = _sorted_out(old, new)
    another, lost, called = _NAMES[kind]
    yield from (Difference("", phrase(another, title=one.title)) for one in added)
    yield from (Difference("", phrase(lost, title=one.title)) for one in gone)
    for was, now in both:
        if was.title != now.title:
            yield Difference("", phrase(called, was=was.title, now=now.title), (now.title,))


def _of_options(name: str, old: tuple[Option, ...], new: tuple[Option, ...]) -> Iterator[Difference]:
    added, gone, both = _sorted_out({one.id: one for one in old}, {one.id: one for one in new})
    for one in added:
        yield Difference("", phrase("to choose of %(list)s: %(option)s", list=name, option=one.title), (_CUSTOMER,))
    for one in gone:
        no_more = phrase("to choose of %(list)s: %(option)s no more", list=name, option=one.title)
        yield Difference("", no_more, (_CUSTOMER,))
    for was, now in both:
        yield from _changed("", phrase("the price of %(option)s", option=now.title), was.price, now.price, (_CUSTOMER,))
        yield from _changed(
            "", phrase("the lead time of %(option)s", option=now.title), was.lead_time, now.lead_time, (_CUSTOMER,)
        )
        yield from _changed("", phrase("the option %(id)s", id=now.id), was.title, now.title, (_CUSTOMER,))
        if was.more != now.more:
            yield Difference("", phrase("what else is known of %(option)s is different", option=now.title))


def _of_states(old: Process, new: Process) -> Iterator[Difference]:
    stood, stands = _scopes(old), _scopes(new)
    added, gone, both = _sorted_out(_states(old), _states(new))
    yield from (
        Difference(one.title, phrase("is new: %(state)s", state=_what(new, one)), _people(new, one)) for one in added
    )
    yield from (
        Difference(one.title, phrase("is gone: it was %(state)s", state=_what(old, one)), _people(old, one))
        for one in gone
    )
    for was, now in both:
        if was != now:
            yield from _of_state(old, new, was, now)
        if stood[now.name] != stands[now.name]:
            inside = stands[now.name] or phrase("the process itself")
            yield Difference(now.title, phrase("stands in %(scope)s now", scope=inside))


def _what(process: Process, state: State) -> str:
    whom = labels.who(process, state) if state.audience else ""
    if whom:
        return phrase("%(type)s for %(whom)s", type=_type(state), whom=whom)
    return _type(state)


def _type(state: State) -> str:
    """The type of a state: the word of the file, which is the same in each language."""
    return phrase("a state of the type %(type)s", type=state.type)


def _of_state(old: Process, new: Process, was: State, now: State) -> Iterator[Difference]:
    people = tuple(dict.fromkeys((*_people(old, was), *_people(new, now))))
    where = now.title
    if was.title != now.title:
        yield Difference(where, phrase("was called %(title)s", title=was.title), people)
    if type(was) is not type(now):
        what = phrase("is of the type %(type)s now, and was of the type %(was)s", type=now.type, was=was.type)
        yield Difference(where, what, people)
        return
    before, after = labels.who(old, was), labels.who(new, now)
    if now.audience and before != after:
        yield Difference(where, phrase("is for %(now)s now, and was for %(was)s", now=after, was=before), people)
    yield from _of_fields(where, was.fields, now.fields, people)
    yield from _of_ways(old, new, was, now, people)
    for one in fields(now):
        if one.name in _TOLD_ELSEWHERE or not one.compare:
            continue
        left, right = _bare(getattr(was, one.name)), _bare(getattr(now, one.name))
        if left != right and not _only_whom(left, right):
            yield from _changed(where, _WORDS.get(one.name) or one.name.replace("_", " "), left, right, people)


def _of_fields(
    where: str, old: tuple[Field, ...], new: tuple[Field, ...], people: tuple[str, ...]
) -> Iterator[Difference]:
    added, gone, both = _sorted_out({one.name: one for one in old}, {one.name: one for one in new})
    for one in added:
        asks = phrase("asks for %(field)s", field=one.title)
        if one.optional:
            asks = phrase("asks for %(field)s, which may be left out", field=one.title)
        yield Difference(where, asks, people)
    yield from (Difference(where, phrase("asks no more for %(field)s", field=one.title), people) for one in gone)
    for was, now in both:
        if was.title != now.title:
            yield Difference(where, phrase("calls %(was)s now %(now)s", was=was.title, now=now.title), people)
        if was.optional != now.optional:
            must = phrase("%(field)s must be given now", field=now.title)
            may = phrase("%(field)s may be left out now", field=now.title)
            yield Difference(where, may if now.optional else must, people)
        if replace(was, title="", optional=False) != replace(now, title="", optional=False):
            yield Difference(where, phrase("what %(field)s may be is different", field=now.title), people)


def _of_ways(old: Process, new: Process, was: State, now: State, people: tuple[str, ...]) -> Iterator[Difference]:
    titles = {state.name: state.title for state in (*old.states(), *new.states())}
    before, after = (
        {way.label or phrase("then"): way.route for way in labels.ways(state, lengths=False)} for state in (was, now)
    )
    for label, right in after.items():
        left = before.get(label)
        if left is None:
            to = titles.get(right.to, right.to)
            yield Difference(now.title, phrase("a new way, %(way)s: to %(state)s", way=label, state=to), people)
            continue
        if left.to != right.to:
            to, was_to = titles.get(right.to, right.to), titles.get(left.to, left.to)
            what = phrase("%(way)s: leads to %(state)s now, and led to %(was)s", way=label, state=to, was=was_to)
            yield Difference(now.title, what, people)
        if replace(left, to="") != replace(right, to=""):
            yield Difference(now.title, phrase("%(way)s: what goes with this way is different", way=label))
    for label, left in before.items():
        if label in after:
            continue
        to = titles.get(left.to, left.to)
        yield Difference(now.title, phrase("no more a way, %(way)s: it led to %(state)s", way=label, state=to), people)
    if before == after and was.on != now.on:
        yield Difference(now.title, phrase("its ways are asked in another order, or under other conditions"))


def _of_always(old: Process, new: Process) -> Iterator[Difference]:
    added, gone, both = _sorted_out(_always(old), _always(new))
    for process, words, entries in (
        (new, phrase("may be done at any time: %(whom)s"), added),
        (old, phrase("may be done no more: %(whom)s"), gone),
    ):
        for one in entries:
            who = tuple(_named(process, one.by))
            yield Difference(one.title, phrase(words, whom=labels.occasion(process, one)), who)
    for was, now in both:
        if was != now:
            who = tuple(dict.fromkeys((*_named(old, was.by), *_named(new, now.by))))
            yield Difference(now.title, phrase("what may be done at any time is different"), who)


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
        yield Difference(where, phrase("%(what)s: %(now)s, and was %(was)s", what=what, now=after, was=before), who)
    elif after and _is_nothing(was):
        yield Difference(where, phrase("%(what)s: %(now)s, and was none", what=what, now=after), who)
    elif before and _is_nothing(now):
        yield Difference(where, phrase("%(what)s: none, and was %(was)s", what=what, was=before), who)
    else:
        yield Difference(where, phrase("%(what)s: different now", what=what), who)


def _is_nothing(value: Any) -> bool:
    return value is None or value == "" or value == () or value == {}


def _short(value: Any) -> str:
    """A value in words, where a few say it all."""
    if isinstance(value, bool):
        return phrase("yes") if value else phrase("no")
    if isinstance(value, Text | Expression):
        return phrase("“%(text)s”", text=labels.shorten(value.source, _LONGEST))
    if isinstance(value, str):
        return phrase("“%(text)s”", text=labels.shorten(value, _LONGEST)) if value else ""
    if isinstance(value, Duration | Working):
        return labels.span(value)
    return phrase("%(number)s", number=value) if isinstance(value, int | Decimal) else ""


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
