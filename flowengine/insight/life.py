"""The life of one job, as far as it teaches anything: a fold of its history, and the cells that it comes to.

What is kept of it is small and says nothing of anybody: no id of a person, no words. It is told anew from the first
entry where the job goes on under another version of its process, or where contents of its history were erased.

Which measures there are, each with what its ``state`` and its ``value`` are:

=========== ================ ================================ ====================================================
measure     state            value                            counts
=========== ================ ================================ ====================================================
started     -                -                                jobs that began
ended       the end          fulfilled, ended                 jobs that are over, with their lead times
wait        the state        for whom it waited               stays in states that wait, with their durations
visit       the state        the outcome; empty: cut short    stays in states, whatever they do
again       the state        -                                times that a branch came back to a state
chosen      the state        pick=option                      what was chosen last; the sum is that of quantities
rechosen    the state        -                                choices that were made anew
change      -                the always entry                 changes of mind, by whomever
said        -                the kind                         what was said
answered    -                the kind                         what was answered, with how long that took
promise     -                what became of it                made, moved, at_risk, late, kept, broken, released
rated       the state        -                                ratings: their sum, and how many of each
recommended the state        yes, no                          whether they would recommend it
rated_after the state        a state passed before            the ratings of those who came that way
rated_when  the state        day, week, month, longer         the ratings of those who had waited for so long for us
act         -                who: customer, staff, …          what was done, by whom
command     the state        the outcome                      approvals by somebody inside: steps of command
alone       -                -                                jobs that are over, with how long at a stretch their
                                                              customer had nothing to do with them
=========== ================ ================================ ====================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import CONVERSATION, Actor, Step
from flowengine.insight.cells import Cell, Cells, Key, bin_of, bucket
from flowengine.insight.trails import Trail, follow
from flowengine.language.model import Process

FOLD = 2
"""Raised with each change of what a life keeps or counts: what was kept before is told anew."""

LONGEST = 200
"""Characters of a value that are kept."""

_SELF = {"wait": "clock", "message": "message", "race": "clock"}
"""For whom a state waits that has opened no step and called nothing, by its type."""

_SPANS = ((86_400, "day"), (7 * 86_400, "week"), (30 * 86_400, "month"))

SPLIT = frozenset(("rated_after", "rated_when"))
"""Measures that are counted for all customers alone, for they split what is split already."""


class Known(msgspec.Struct, frozen=True):
    """What has to be known of a process: the type of each state, where its choices are saved (by place, the names of
    the picks), where its ratings are, and which states only hold others."""

    types: Mapping[str, str]
    picks: Mapping[str, Mapping[str, tuple[str, ...]]]
    ratings: Mapping[str, frozenset[str]]
    holders: frozenset[str] = frozenset()

    @classmethod
    def of(cls, process: Process) -> Known:
        types: dict[str, str] = {}
        picks: dict[str, dict[str, tuple[str, ...]]] = {}
        ratings: dict[str, set[str]] = {}
        for state in process.states():
            types[state.name] = state.type
            for member in state.members.values():
                place = (member.saves if member is not state else "") or state.saves or state.name
                if member.picks:
                    picks.setdefault(state.name, {})[place] = tuple(member.picks)
                if member.rates:
                    ratings.setdefault(state.name, set()).add(place)
        holders = frozenset(state.name for state in process.states() if state.scopes)
        return cls(types, picks, {name: frozenset(places) for name, places in ratings.items()}, holders)


class Visit(msgspec.Struct, array_like=True):
    """A branch stands in a state; ``whom`` it waits for, once that is known."""

    state: str
    since: datetime
    whom: str = ""


class Chosen(msgspec.Struct, array_like=True):
    """What was chosen last in a state: each value with its quantity."""

    month: int
    state: str
    values: tuple[tuple[str, int], ...]


class Rated(msgspec.Struct, array_like=True):
    """What was given last in a state: the rating, whether it would be recommended, which states were passed before,
    and for how many seconds the job had waited for others than its customer."""

    month: int
    state: str
    rating: int
    recommended: bool | None
    passed: tuple[str, ...]
    waited: int


class Life(msgspec.Struct):
    """A job's life so far, up to the entry ``seq``. ``facts`` are cells without segments that only grow; the ``trail``
    is counted apart (:mod:`flowengine.commands.learning`)."""

    seq: int = 0
    fold: int = FOLD
    version: str = ""
    groups: tuple[str, ...] = ()
    started: datetime | None = None
    alone_since: datetime | None = None
    alone: int = 0
    waited: int = 0
    promise: str = ""
    by: datetime | None = None
    open: dict[str, Visit] = {}
    seen: dict[str, tuple[str, ...]] = {}
    passed: tuple[str, ...] = ()
    chosen: dict[str, Chosen] = {}
    rated: dict[str, Rated] = {}
    asked: dict[int, tuple[str, datetime]] = {}
    facts: dict[str, Cell] = {}
    trail: Trail = msgspec.field(default_factory=Trail)

    def count(self, month: int, measure: str, state: str = "", value: str = "", seconds: int | None = None) -> None:
        """One more, perhaps with its duration."""
        name = "\n".join((str(month), measure, state, value[:LONGEST]))
        cell = self.facts.setdefault(name, Cell())
        cell.n += 1
        if seconds is not None:
            cell.total += seconds
            place = bin_of(seconds)
            cell.bins[place] = cell.bins.get(place, 0) + 1


def lived(known: Known, customer: str, entries: Sequence[Any], before: Life | None = None) -> Life | None:
    """The life that a job has lived with these entries, which follow those that it had lived ``before`` (None: all of
    its entries are given). None where it has to be told anew, from the first entry on."""
    if before is not None and (before.fold != FOLD or any(_anew(entry) for entry in entries)):
        return None
    life = before if before is not None else Life()
    for entry in entries:
        _Telling(life, known, customer, entry).tell()
    return life


def _anew(entry: Any) -> bool:
    return any(isinstance(event, e.Migrated | e.Erased) for event in entry.events)


class _Telling:
    """One entry of a history, on its way into a life."""

    def __init__(self, life: Life, known: Known, customer: str, entry: Any) -> None:
        self.life, self.known, self.customer, self.entry = life, known, customer, entry
        at: datetime = entry.at
        self.at, self.month = at, at.year * 100 + at.month
        self.saved: dict[str, Any] = {}

    def tell(self) -> None:
        life, by = self.life, self.entry.by
        life.seq = self.entry.seq
        follow(life.trail, self.known.holders, self.entry)
        self.count("act", value=_doer(by))
        if life.alone_since is None:
            life.alone_since = self.at
        if by.kind == "customer" and not isinstance(self.entry.command, c.Erase):
            self._taken_part(by)
        for event in self.entry.events:
            tell = _TELLS.get(type(event))
            if tell is not None:
                tell(self, event)

    def count(self, measure: str, state: str = "", value: str = "", seconds: int | None = None) -> None:
        self.life.count(self.month, measure, state, value, seconds)

    def since(self, moment: datetime) -> int:
        return max(0, int((self.at - moment).total_seconds()))

    def _taken_part(self, by: Actor) -> None:
        """A customer has done something; the job's own one says in which groups he is."""
        life = self.life
        assert life.alone_since is not None, "the entry began it"
        life.alone = max(life.alone, self.since(life.alone_since))
        life.alone_since = self.at
        if self.customer in (by.id, by.party):
            mine = dict.fromkeys(by.groups if by.id == self.customer else ())
            mine |= dict.fromkeys(group for party, group in by.member_of if party == self.customer)
            life.groups = tuple(sorted(mine))

    # events

    def started(self, event: e.Started) -> None:
        self.life.started, self.life.version = self.at, event.head.version
        self.count("started")

    def migrated(self, event: e.Migrated) -> None:
        self.life.version = event.version
        for visit in self.life.open.values():
            visit.state = event.states.get(visit.state, visit.state)

    def entered(self, event: e.Entered) -> None:
        life, seen = self.life, self.life.seen.get(event.branch, ())
        life.open[event.branch] = Visit(event.state, self.at)
        if event.state in seen:
            self.count("again", event.state)
        else:
            life.seen[event.branch] = (*seen, event.state)

    def saved_value(self, event: e.Saved) -> None:
        self.saved[event.place] = event.value

    def step_opened(self, event: e.StepOpened) -> None:
        step, visit = event.step, self.life.open.get(event.step.branch)
        if visit is not None and not visit.whom:
            visit.whom = self._whom(step)

    def _whom(self, step: Step) -> str:
        if step.seats:
            return "several"
        if f"person:{self.customer}" in step.audience:
            return "customer"
        return next(("person" if one.startswith("person:") else one for one in step.audience), "nobody")

    def call_opened(self, event: e.CallOpened) -> None:
        visit = self.life.open.get(event.call.branch)
        if visit is not None and not visit.whom and not event.call.undo:
            visit.whom = "job" if event.call.process else "service"

    def left(self, event: e.Left) -> None:
        life, visit = self.life, self.life.open.pop(event.branch, None)
        type_ = self.known.types.get(event.state, "")
        if visit is not None:
            whom = visit.whom or _SELF.get(type_, "")
            if whom:
                waited = self.since(visit.since)
                self.count("wait", event.state, whom, waited)
                life.waited += waited if whom not in ("customer", "clock") else 0
            if event.passed and type_ == "approval" and whom not in ("", "customer"):
                self.count("command", event.state, event.outcome)
        self.count("visit", event.state, event.outcome if event.passed else "")
        if event.passed:
            self._answer(event, type_)
            if event.state not in life.passed:
                life.passed = (*life.passed, event.state)
        self.saved.clear()

    def _answer(self, event: e.Left, type_: str) -> None:
        """What a choice or a rating came to, unless it was erased."""
        if self.entry.erased or type_ not in ("choice", "feedback", "race"):
            return
        life, here = self.life, f"{event.branch} {event.state}"
        for place, picks in self.known.picks.get(event.state, {}).items():
            answer = self.saved.get(place)
            if isinstance(answer, dict):
                chosen = Chosen(self.month, event.state, tuple(_picked(picks, answer)))
                if here in life.chosen:
                    self.count("rechosen", event.state)
                life.chosen[here] = chosen
        for place in self.known.ratings.get(event.state, ()):
            answer = self.saved.get(place)
            if isinstance(answer, dict) and isinstance(answer.get("rating"), int):
                told = answer.get("recommend")
                life.rated[here] = Rated(
                    self.month, event.state, answer["rating"], told if isinstance(told, bool) else None,
                    life.passed, life.waited,
                )  # fmt: skip

    def branch_closed(self, event: e.BranchClosed) -> None:
        visit = self.life.open.pop(event.branch, None)
        if visit is not None:
            self.count("visit", visit.state)
        self.life.seen.pop(event.branch, None)

    def invoked(self, event: e.Invoked) -> None:
        self.count("change", value=event.name)

    def said(self, event: e.Said) -> None:
        if event.kind != "answer":
            self.count("said", value=event.kind)
            if event.number:
                self.life.asked[event.number] = (event.kind, self.at)
        elif event.to in self.life.asked:
            kind, since = self.life.asked.pop(event.to)
            self.count("answered", value=kind, seconds=self.since(since))

    def step_closed(self, event: e.StepClosed) -> None:
        if event.branch == CONVERSATION and event.outcome != "answered" and event.step in self.life.asked:
            kind, _ = self.life.asked.pop(event.step)
            self.count("said", value=f"{kind} taken back")

    def promised(self, event: e.Promised) -> None:
        life, promise = self.life, event.promise
        if promise.kept is not None and life.promise in ("", "open"):
            life.promise = "kept" if promise.kept else "broken"
            self.count("promise", value=life.promise)
        elif promise.kept is None:
            if not life.promise:
                self.count("promise", value="made")
            elif life.by != promise.by:
                self.count("promise", value="moved")
            life.promise = "open"
        life.by = promise.by

    def at_risk(self, _: e.PromiseAtRisk) -> None:
        self.count("promise", value="at_risk")

    def overdue(self, _: e.PromiseOverdue) -> None:
        self.count("promise", value="late")

    def ended(self, event: e.Ended) -> None:
        life = self.life
        assert life.started is not None, "what ends has begun"
        assert life.alone_since is not None, "what ends has begun"
        self.count("ended", event.state, event.kind, self.since(life.started))
        self.count("alone", seconds=max(life.alone, self.since(life.alone_since)))
        if life.promise == "open":
            self.count("promise", value="released")
            life.promise = "released"
        life.open.clear()
        life.seen.clear()


_TELLS: dict[type[e.Event], Any] = {
    e.Started: _Telling.started,
    e.Migrated: _Telling.migrated,
    e.Entered: _Telling.entered,
    e.Saved: _Telling.saved_value,
    e.StepOpened: _Telling.step_opened,
    e.CallOpened: _Telling.call_opened,
    e.Left: _Telling.left,
    e.BranchClosed: _Telling.branch_closed,
    e.Invoked: _Telling.invoked,
    e.Said: _Telling.said,
    e.StepClosed: _Telling.step_closed,
    e.Promised: _Telling.promised,
    e.PromiseAtRisk: _Telling.at_risk,
    e.PromiseOverdue: _Telling.overdue,
    e.Ended: _Telling.ended,
}


def _doer(by: Actor) -> str:
    return "program" if by.kind == "operator" and not by.id else by.kind


def _picked(picks: Iterable[str], answer: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    """Each option that was picked, with its quantity."""
    for pick in picks:
        found = answer.get(pick)
        if isinstance(found, dict):
            yield from ((f"{pick}={id}", number) for id, number in found.items() if isinstance(number, int))
        elif isinstance(found, list | tuple):
            yield from ((f"{pick}={id}", 1) for id in found)
        elif found is not None:
            yield f"{pick}={found}", 1


def cells_of(life: Life | None, customer: str) -> Cells:
    """What a job's life comes to, each fact in each segment to which the job belongs."""
    found: Cells = {}
    if life is None:
        return found
    segments = ("", f"version:{life.version}", *(f"group:{name}" for name in life.groups))
    who = bucket(customer)
    for name, cell in life.facts.items():
        month, measure, state, value = name.split("\n")
        _put(found, segments, (int(month), measure, state, value), cell.n, cell.total, cell.bins, who)
    for one in life.chosen.values():
        for value, number in one.values:
            _put(found, segments, (one.month, "chosen", one.state, value[:LONGEST]), 1, number, {}, who)
    for given in life.rated.values():
        score = {given.rating: 1}
        rated = (given.month, "rated", given.state, "")
        _put(found, segments, rated, 1, given.rating, score, who)
        if given.recommended is not None:
            told = "yes" if given.recommended else "no"
            _put(found, segments, (given.month, "recommended", given.state, told), 1, 0, {}, who)
        waited = next((word for most, word in _SPANS if given.waited < most), "longer")
        _put(found, ("",), (given.month, "rated_when", given.state, waited), 1, given.rating, score, who)
        for state in given.passed:
            _put(found, ("",), (given.month, "rated_after", given.state, state), 1, given.rating, score, who)
    return found


def _put(
    found: Cells,
    segments: Iterable[str],
    where: tuple[int, str, str, str],
    n: int,
    total: int,
    bins: Mapping[int, int],
    who: int,
) -> None:
    month, *rest = where
    for segment in segments:
        key = Key(month, segment, *rest)
        cell = found.get(key)
        if cell is None:
            found[key] = Cell(n, total, dict(bins), {who: 1})
        else:  # the same customer, who is counted once
            cell.add(Cell(n, total, dict(bins)))
