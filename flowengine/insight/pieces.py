"""The pieces of one job: what was chosen in it, and whether it is used, withdrawn, or waits; a fold of its history.

A state says by ``uses`` what is used up in it: when it is left on a way that people may hope for, what was chosen last
at that place is used. Left so again, it uses as much again, chosen and used on that day. Another choice takes back what
waits, and so does the end of the job. Days are those of the process's zone.

What is kept of a job says nothing of anybody. It is told anew from the first entry where the job goes on under another
version of its process, where contents of its history were erased, or where another version says what is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from flowengine.core import events as e
from flowengine.core.values import ROOT
from flowengine.language.model import Process, State
from flowengine.language.parts import option_key

FOLD = 1
"""Raised with each change of what is kept or counted: what was kept before is told anew."""

LONGEST = 200
"""Characters of an option's id that are kept."""

Fate: TypeAlias = Literal["waiting", "used", "withdrawn"]


class PieceKey(NamedTuple):
    """Which choices: of an option of a list of options, on the day ``made``, of ``size`` pieces each, and what became
    of them on the day ``over`` (0 while they wait). Days are ordinals of the calendar."""

    options: str
    option: str
    size: int
    made: int
    fate: Fate
    over: int


Pieces: TypeAlias = Counter[PieceKey]
"""How many choices there are of each."""


class Uses(NamedTuple):
    """What has to be known of a process: by state, of which member (empty: of itself) it uses what was chosen at a
    place; from which list of options that is chosen; which states these are; and in which zone its days are."""

    version: str
    by_state: Mapping[str, tuple[tuple[str, str], ...]]
    lists: Mapping[str, str]
    states: Mapping[str, State]
    zone: tzinfo

    @classmethod
    def of(cls, process: Process) -> Uses:
        by_state: dict[str, tuple[tuple[str, str], ...]] = {}
        states: dict[str, State] = {}
        lists: dict[str, str] = {}
        for state in process.states():
            using = [("", place) for place in state.uses]
            for name, member in state.members.items():
                using += [(name, place) for place in member.uses if member is not state]
            if using:
                by_state[state.name], states[state.name] = tuple(using), state
            for place, pick in state.picked:
                if isinstance(pick.source, str):
                    lists.setdefault(place, pick.source)
        used = {place for using in by_state.values() for _, place in using}
        return cls(process.version, by_state, {place: lists.get(place, place) for place in used}, states, process.clock)


class _Waiting(msgspec.Struct, array_like=True):
    """What was chosen last at a place, of a list of options: how many pieces of each. ``made`` is on which day, of what
    is not used."""

    options: str
    chosen: dict[str, int]
    made: dict[str, int]


class Piecework(msgspec.Struct):
    """What became of a job's choices, up to the entry ``seq``: those that are over, and those that wait, by the branch
    whose data they are in and their place. ``owner`` and ``around`` are of branches of an each: whose data they save
    to, and whose they see behind those."""

    seq: int = 0
    fold: int = FOLD
    version: str = ""
    standing: dict[str, dict[str, _Waiting]] = {}
    owner: dict[str, str] = {}
    around: dict[str, str] = {}
    over: dict[str, int] = {}


def pieced(uses: Uses, entries: Sequence[Any], before: Piecework | None = None) -> Piecework | None:
    """What became of a job's choices with these entries, which follow those that were told ``before`` (None: all of its
    entries are given). None where it has to be told anew, from the first entry on."""
    if before is not None and (
        before.fold != FOLD or before.version != uses.version or any(_anew(entry) for entry in entries)
    ):
        return None
    work = before if before is not None else Piecework(version=uses.version)
    for entry in entries:
        _Telling(work, uses, entry).tell()
    return work


def _anew(entry: Any) -> bool:
    return any(isinstance(event, e.Migrated | e.Erased) for event in entry.events)


class _Telling:
    """One entry of a history."""

    def __init__(self, work: Piecework, uses: Uses, entry: Any) -> None:
        self.work, self.uses, self.entry = work, uses, entry
        self.day: int = entry.at.astimezone(uses.zone).date().toordinal()

    def tell(self) -> None:
        self.work.seq = self.entry.seq
        for event in self.entry.events:
            match event:
                case e.BranchOpened():
                    self._opened(event.branch.id, event.branch.parent, own=event.branch.own)
                case e.Saved():
                    self._saved(event)
                case e.Left(passed=True):
                    self._left(event)
                case e.BranchClosed():
                    self._closed(event.branch)
                case e.Ended():
                    self._closed()

    def _opened(self, branch: str, parent: str | None, *, own: bool) -> None:
        if parent is None:
            return
        above = self.work.owner.get(parent, ROOT)
        if own:
            self.work.owner[branch], self.work.around[branch] = branch, above
        elif above != ROOT:
            self.work.owner[branch] = above

    def _saved(self, event: e.Saved) -> None:
        for place, options in self.uses.lists.items():
            if place == event.place or place.startswith(f"{event.place}."):
                rest = place[len(event.place) + 1 :]
                value = None if self.entry.erased else _within(event.value, rest.split(".") if rest else ())
                self._chosen(self.work.owner.get(event.branch, ROOT), place, options, _pieces(value))

    def _chosen(self, owner: str, place: str, options: str, chosen: dict[str, int]) -> None:
        """Something else is chosen: what waits is taken back, but for what stays as it is."""
        here = self.work.standing.setdefault(owner, {})
        before = here.pop(place, None)
        made = dict.fromkeys(chosen, self.day)
        if before is not None:
            for option, day in before.made.items():
                if chosen.get(option) == before.chosen[option]:
                    made[option] = day
                else:
                    self._count(before.options, option, before.chosen[option], day, "withdrawn")
        if chosen:
            here[place] = _Waiting(options, chosen, made)

    def _left(self, event: e.Left) -> None:
        using = self.uses.by_state.get(event.state)
        if using is None or not self.uses.states[event.state].is_usual(event.outcome):
            return
        member = event.outcome.partition(".")[0]
        for name, place in using:
            if name in ("", member):
                self._used(self.work.owner.get(event.branch, ROOT), place)

    def _used(self, owner: str | None, place: str) -> None:
        while owner is not None:
            waiting = self.work.standing.get(owner, {}).get(place)
            if waiting is not None:
                for option, size in waiting.chosen.items():
                    self._count(waiting.options, option, size, waiting.made.get(option, self.day), "used")
                waiting.made.clear()
                return
            owner = self.work.around.get(owner)

    def _closed(self, branch: str = ROOT) -> None:
        """The job, or a branch of an each, is over: what waits in it is taken back."""
        work = self.work
        own = branch if work.owner.get(branch) == branch else ""
        for owner in [*work.standing] if branch == ROOT else [own]:
            for waiting in work.standing.pop(owner, {}).values():
                for option, day in waiting.made.items():
                    self._count(waiting.options, option, waiting.chosen[option], day, "withdrawn")
        work.owner.pop(branch, None)
        work.around.pop(branch, None)

    def _count(self, options: str, option: str, size: int, made: int, fate: Fate) -> None:
        name = "\n".join((options, option, str(size), str(made), fate, str(self.day)))
        self.work.over[name] = self.work.over.get(name, 0) + 1


def _within(value: Any, path: Iterable[str]) -> Any:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _pieces(value: Any) -> dict[str, int]:
    """What is picked, by option: one piece each, unless it says how many."""
    if isinstance(value, dict):
        said = {_id(id): number for id, number in value.items() if isinstance(number, int)}
        return {id: number for id, number in said.items() if number > 0}
    several = value if isinstance(value, list | tuple) else () if value is None else (value,)
    return dict(Counter(_id(one) for one in several if isinstance(one, str | int)))


def _id(id: object) -> str:
    return option_key(id).replace("\n", " ")[:LONGEST]


def pieces_of(work: Piecework | None) -> Pieces:
    """What a job's choices come to."""
    found: Pieces = Counter()
    if work is None:
        return found
    for name, number in work.over.items():
        options, option, size, made, fate, over = name.split("\n")
        found[PieceKey(options, option, int(size), int(made), fate, int(over))] += number  # type: ignore[arg-type]
    found.update(_waiting(work))
    return found


def _waiting(work: Piecework) -> Iterator[PieceKey]:
    for places in work.standing.values():
        for waiting in places.values():
            for option, day in waiting.made.items():
                yield PieceKey(waiting.options, option, waiting.chosen[option], day, "waiting", 0)
