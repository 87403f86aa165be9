"""What is known of a job, told as titles and texts for people.

A customer is told his own answers, his appointments, and what is marked to be shown; data of inner states stay inside
(L9). What he is being asked anew is not settled, and left out. Prices are told one by one: what is to be paid in all
is the process's to say, in a text of its own, for only it knows what belongs together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flowengine.core.fields import once
from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.scopes import branches_in
from flowengine.core.translating import saved_in
from flowengine.core.values import Booking, Json
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import Always, Field
from flowengine.language.types import Each
from flowengine.speech.words import ENGLISH, Words
from flowengine.views import plainly
from flowengine.views.writers import Writers, by_customer, path_of, writers_of


@dataclass(frozen=True, slots=True)
class _Fact:
    """One line. ``about`` is the title of the state it comes from; of a price, what it is the price of."""

    title: str
    text: str
    about: str = ""
    price: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a job's data. ``inside``: for those who may see everything that the states declare."""

    process: Process
    position: Position
    inside: bool
    writers: Writers
    booked: Mapping[tuple[str, str], datetime]
    clock: plainly.Clock
    name_of: Callable[[str], str] = str

    def may(self, place: str, key: str, *, own: bool) -> bool:
        return self.inside or (own and self.writers.shown(place, key))

    def asked_now(self, state: State) -> bool:
        """Whether the job stands in the state, so that what was answered there before is not settled."""
        return state.name in self.position.head.standing


def facts(
    compiled: Compiled,
    position: Position,
    *,
    inside: bool,
    words: Words = ENGLISH,
    name_of: Callable[[str], str] = str,
    taken_part: Collection[str] | None = None,
) -> tuple[tuple[str, str], ...]:
    """Title and text of what is known, in the order of the process file; what several states save in one place once.
    Moments are told in the words of who reads, persons and files by the names that ``name_of``
    gives for their ids. For a customer in somebody else's job: of the states that he has ``taken_part`` in, what
    customers may see; what its customer answered there is his own."""
    look = _look(compiled, position, inside, words, name_of)
    told: dict[str, list[_Fact]] = {}
    for number, (state, member, data) in enumerate(_states(look.process.root)):
        if taken_part is not None and (state.name not in taken_part or _of_customer_alone(state)):
            continue
        place = state.saves or state.name
        found = list(_of_state(look, state, member, place)) if data else list(_appointment(look, state, member, {}))
        if found and (not told.get(place) or not data):
            told[place if data else f"{place} {number}"] = found
    for entry in _entries(look.process.root) if taken_part is None else ():
        found = list(_of_fields(look, entry.fields, entry.name, entry.title, own=by_customer(entry)))
        told.setdefault(f"always {entry.name}", found)
    return _distinct(words, [fact for found in told.values() for fact in found])


def known_data(compiled: Compiled, position: Position) -> dict[str, Json]:
    """What a customer may know of the data, as it is saved and where; by the rule for :func:`facts` (L9)."""
    look = _look(compiled, position, inside=False)
    told = [
        (entry.name, frozenset(one.name for one in entry.fields if one.show or by_customer(entry)))
        for entry in _entries(look.process.root)
    ]
    for state, _, data in _states(look.process.root):
        place, asked_now = state.saves or state.name, look.asked_now(state)
        if data and not (asked_now and state.answered_by_customer):
            told.append((place, state.told_keys(_keys(look, place)) - ({"slot"} if asked_now else set())))
    known: dict[str, Any] = {}
    for place, keys in told:
        for key in sorted(keys & _keys(look, place)):
            if look.may(place, key, own=True):
                there = known
                for name in path_of(place):
                    there = there.setdefault(name, {})
                there[key] = _read(look.position.data, place)[key]
    return known


def _keys(look: _Look, place: str) -> frozenset[str]:
    """The keys of what is saved at a place."""
    saved = _read(look.position.data, place)
    return frozenset(saved) if isinstance(saved, Mapping) else frozenset()


def _look(
    compiled: Compiled,
    position: Position,
    inside: bool,
    words: Words = ENGLISH,
    name_of: Callable[[str], str] = str,
) -> _Look:
    process = compiled.process
    writers = once(process, "writers", lambda: writers_of(process))
    booked, clock = _booked(compiled, position), plainly.Clock(process, words)
    return _Look(process, position, inside, writers, booked, clock, name_of)


def _states(scope: Scope, data: bool = True) -> Iterator[tuple[State, str, bool]]:
    """States and members of races (with the race's name), in the order of the file, inner ones after those around them.

    The last says whether they save into the job's data; inside an each they do not.
    """
    for state in scope.states.values():
        for name, one in state.members.items():
            place = one.saves or state.saves or state.name
            yield (replace(one, name=state.name, saves=place) if name else one), name, data
        for inner in state.scopes:
            yield from _states(inner, data and not isinstance(state, Each))


def _entries(scope: Scope) -> Iterator[Always]:
    """The always entries that save into the job's data."""
    yield from scope.always
    for state in scope.states.values():
        if not isinstance(state, Each):
            for inner in state.scopes:
                yield from _entries(inner)


def _of_state(look: _Look, state: State, member: str, place: str) -> Iterator[_Fact]:
    own, asked_now = state.answered_by_customer, look.asked_now(state)
    saved = _read(look.position.data, place)
    known = saved_in(look.process, saved) if isinstance(saved, Mapping) else {}
    yield from _appointment(look, state, member, known)
    if not (own and asked_now):
        yield from _of_fields(look, state.fields, place, _about(state), own=own)
    if not asked_now:
        seen = {key: value for key, value in known.items() if look.may(place, key, own=True)}
        for fact in state.facts(seen, look.process.options):
            text = plainly.price(fact.value, look.process.currency, look.clock.words) if fact.price_of else fact.value
            if text:
                yield _Fact(
                    look.clock.words.tell(fact.title), text, fact.price_of or state.title, price=bool(fact.price_of)
                )


def _of_fields(look: _Look, fields: tuple[Field, ...], place: str, about: str, *, own: bool) -> Iterator[_Fact]:
    saved = _read(look.position.data, place)
    if not isinstance(saved, Mapping):
        return
    for field in fields:
        if field.name in saved and look.may(place, field.name, own=own or field.show):
            text = look.clock.value(field, _named(field, saved[field.name], look.name_of))
            if text:
                yield _Fact(field.title, text, about)


def _named(field: Field, given: Json, name_of: Callable[[str], str]) -> Json:
    """Persons and files by their names; what else was answered as it is."""
    if field.person is None and not field.file:
        return given
    return [name_of(str(one)) for one in given] if isinstance(given, list) else name_of(str(given))


def _of_customer_alone(state: State) -> bool:
    """Whether it asks the job's customer and nobody else."""
    return bool(state.audience) and all(one.kind == "customer" for one in state.audience)


def _about(state: State) -> str:
    """Where a field comes from, in words that a customer may read as well."""
    return state.title if state.for_customers else state.phase


def _appointment(look: _Look, state: State, member: str, saved: Mapping[str, Json]) -> Iterator[_Fact]:
    """When a fitting was, or when it is booked for; one that is to be booked anew is none."""
    if state.calendar_name is None:
        return
    booked = look.booked.get((state.name, member))
    if booked is not None:
        yield _Fact(state.title, look.clock.moment(booked, state), state.title)
    elif "slot" in saved and not look.asked_now(state) and look.may(state.saves or state.name, "slot", own=True):
        yield _Fact(state.title, look.clock.moment_text(saved["slot"], state), state.title)


def _booked(compiled: Compiled, position: Position) -> dict[tuple[str, str], datetime]:
    """The appointments that are booked and not over, by state and member of a race."""
    found: dict[tuple[str, str], datetime] = {}
    for name in position.head.standing:
        state = compiled.states.get(name)
        if state is None or all(one.calendar_name is None for one in state.members.values()):
            continue
        for branch in branches_in(position, compiled, compiled.scope_of[name].path):
            for member, inner in branch.inners.items() if branch.state == name else ():
                if isinstance(inner, Booking) and inner.phase == "booked" and inner.slot is not None:
                    slot = inner.slot.astimezone(UTC)
                    found[name, member] = min(slot, found.get((name, member), slot))
    return found


def _distinct(words: Words, found: list[_Fact]) -> tuple[tuple[str, str], ...]:
    """Each line once, and lines of one title told apart by where they come from."""
    prices = sum(fact.price for fact in found)
    named = [
        replace(fact, title=words.say("Price of %(what)s", what=words.within(fact.about)))
        if fact.price and prices > 1
        else fact
        for fact in found
    ]
    once: dict[tuple[str, str], _Fact] = {}
    for fact in named:
        once.setdefault((fact.title, fact.text), fact)
    lines = list(once.values())
    often = Counter(fact.title for fact in lines)
    return tuple(
        (f"{fact.title} ({words.within(fact.about)})", fact.text)
        if often[fact.title] > 1 and fact.about not in ("", fact.title)
        else (fact.title, fact.text)
        for fact in lines
    )


def _read(data: Mapping[str, Json], place: str) -> Json:
    value: Json = data
    for key in path_of(place):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value
