"""Whether a process could have produced what a log says of a case, and where a case leaves it.

The structure of the process is walked, with all that could be going on at once: a set of markings, each a tree of the
states where branches stand. Data is not known, so each guard may hold or not. What people, services and messages do
must stand in the log; what passes by itself (decisions, tells, waits, deadlines, joins, and the need, with which a case
begins) may, or may not. A case that the process has not ended yet fits as far as it goes. The check errs on the side of
the log: branches that may only run one at a time are not held to it.

It is the replay of tokens over a net, with the silent moves closed over (W. M. P. van der Aalst, *Process Mining*,
2016, chapter 8), here over a tree, since branches nest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flowengine.language import suggest
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE, EXPIRED
from flowengine.language.types import Each, Parallel, Race, Stage
from flowengine.rehearsal.event_log import Case

MOST_AT_ONCE = 3_000
"""Markings that are followed at once; of a case with more, it is not known whether it fits."""

MOST_ITEMS = 8
"""Items of an each that run at once; further ones begin when one of them is done."""

SHOWN = 30
"""Activities that would have been possible of which so many are told."""


class Token(NamedTuple):
    """A branch that stands in a state. ``inside`` are the branches that the state holds, each a token, ``"done"`` or
    ``"later"``; ``rest`` those that went on after a join."""

    state: str
    inside: tuple[Any, ...] = ()
    rest: tuple[Any, ...] = ()


class Ended(NamedTuple):
    """The job is over, in that end."""

    end: str


Marking = Token | Ended

DONE_BRANCH, LATER = "done", "later"


class Step(NamedTuple):
    """Something that happens: in which state, or by which always entry, with which outcome. ``silent``: a log need not
    tell it."""

    name: str
    outcome: str
    silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a case came to. ``fits``: the process could have produced it; None where that could not be found out.

    Where it does not, it leaves the process with event ``at`` (counted from 1) of ``activity``, in one of ``states``,
    where ``possible`` could have come. ``over`` are the ends that a case that fits may have come to.
    """

    case: str
    events: int
    fits: bool | None
    over: tuple[str, ...] = ()
    at: int = 0
    activity: str = ""
    states: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "case": self.case, "events": self.events, "fits": self.fits, "over": list(self.over), "at": self.at,
            "activity": self.activity, "states": list(self.states), "possible": list(self.possible),
            "hint": self.hint,
        }  # fmt: skip


class _TooMany(Exception):
    """More could be going on than is followed."""


class Replay:
    """Replays cases on one process. What was found out for a beginning of a case is kept for the next ones."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.states: dict[str, State] = {state.name: state for state in process.states()}
        self.home: dict[str, Scope] = {name: scope for scope in process.scopes() for name in scope.states}
        self.names = _names(process)
        self._closed: dict[frozenset[Marking], frozenset[Marking]] = {}
        self._after: dict[tuple[frozenset[Marking], str], frozenset[Marking]] = {}
        self._moves: dict[Marking, tuple[tuple[Step, Marking], ...]] = {}

    def judge(self, case: Case) -> Verdict:
        """Whether the process could have produced the case."""
        try:
            return self._judge(case)
        except _TooMany:
            hint = f"more than {MOST_AT_ONCE:,} positions are possible at once"
            return Verdict(case=case.name, events=len(case.events), fits=None, hint=hint)

    def _judge(self, case: Case) -> Verdict:
        here = self._close(frozenset(self._enter(self.process.root.start)))
        for number, event in enumerate(case.events, 1):
            activity = _plain(event.activity)
            after = self._step(here, activity)
            if not after:
                return Verdict(
                    case=case.name, events=len(case.events), fits=False, at=number, activity=event.activity,
                    states=tuple(sorted({name for one in here for name in _standing(one)})),
                    possible=self._possible(here)[:SHOWN], hint=self._hint(activity),
                )  # fmt: skip
            here = after
        over = tuple(sorted(one.end for one in here if isinstance(one, Ended)))
        return Verdict(case=case.name, events=len(case.events), fits=True, over=over)

    def _hint(self, activity: str) -> str:
        """For an activity that the process does not know at all: the name that was perhaps meant."""
        if activity in self.names:
            return ""
        near = suggest.near(activity, sorted(self.names))
        return "the process knows no such activity" + (f" (did you mean {near!r}?)" if near else "")

    def _step(self, here: frozenset[Marking], activity: str) -> frozenset[Marking]:
        key = (here, activity)
        if key not in self._after:
            wanted = self.names.get(activity, frozenset())
            found = {
                to
                for marking in here
                for step, to in self._moves_of(marking)
                if (step.name, step.outcome) in wanted
                or ((step.name, "") in wanted and (to != marking or not step.outcome))
            }
            self._after[key] = self._close(frozenset(found))
        return self._after[key]

    def _possible(self, here: frozenset[Marking]) -> tuple[str, ...]:
        """The activities that could have come, by the names of the file."""
        steps = {step.name for marking in here for step, _ in self._moves_of(marking) if not step.silent}
        return tuple(sorted(steps))

    def _close(self, here: frozenset[Marking]) -> frozenset[Marking]:
        """With all that may have happened without standing in the log. Raises _TooMany."""
        if here not in self._closed:
            found, waiting = set(here), list(here)
            while waiting:
                for step, to in self._moves_of(waiting.pop()):
                    if step.silent and to not in found:
                        found.add(to)
                        waiting.append(to)
                        if len(found) > MOST_AT_ONCE:
                            raise _TooMany
            self._closed[here] = frozenset(found)
        return self._closed[here]

    # what can happen

    def _moves_of(self, marking: Marking) -> tuple[tuple[Step, Marking], ...]:
        if isinstance(marking, Ended):
            return ()
        if marking not in self._moves:
            found = ((step, to) for step, to in self._of(marking) if isinstance(to, Token | Ended))
            self._moves[marking] = tuple(dict.fromkeys(found))
        return self._moves[marking]

    def _of(self, token: Token) -> Iterator[tuple[Step, Any]]:
        """All that can happen to a branch: to a token, an end of the process, or the end of the branch."""
        state, scope = self.states[token.state], self.home[token.state]
        for index, one in enumerate(token.rest):
            for step, to in self._of(one):
                rest = token.rest[:index] + (() if to == DONE_BRANCH else (to,)) + token.rest[index + 1 :]
                yield step, to if isinstance(to, Ended) else token._replace(rest=rest)
        yield from self._inside(token, state)
        for outcome, routes in state.ways.items():
            rest = token.rest
            if outcome in ("joined", DONE) and state.scopes:
                if not _may_join(token, state):
                    continue
                if isinstance(state, Parallel | Each) and state.rest == "continue":
                    rest = (*rest, *(one for one in token.inside if isinstance(one, Token)))
            for to in dict.fromkeys(route.to for route in routes):
                step = Step(token.state, outcome, _is_silent(state, outcome))
                for arrived in self._arrive(to):
                    yield step, arrived._replace(rest=rest) if isinstance(arrived, Token) else arrived
        for member in state.members.values():
            for move in member.moves:
                yield Step(token.state, move, False), token
            if member.answered_by_several:
                yield Step(token.state, "", False), token  # one of several has answered
        for entry in scope.always:
            for arrived in self._arrive(entry.to):
                yield Step(entry.name, "", entry.within is not None), arrived

    def _inside(self, token: Token, state: State) -> Iterator[tuple[Step, Any]]:
        """What happens in the branches that a state holds."""
        for index, one in enumerate(token.inside):
            for step, to in self._of(one) if isinstance(one, Token) else ():
                inside = _sorted(state, (*token.inside[:index], to, *token.inside[index + 1 :]))
                yield step, to if isinstance(to, Ended) else token._replace(inside=inside)
        opened = Step(token.state, "", True)
        if isinstance(state, Parallel):
            names = list(state.branches)
            for index, one in enumerate(token.inside):
                branch = state.branches[names[index]]
                if one == LATER and all(token.inside[names.index(name)] == DONE_BRANCH for name in branch.after):
                    for begun in self._begin(branch.scope, optional=branch.when is not None):
                        yield opened, token._replace(inside=(*token.inside[:index], begun, *token.inside[index + 1 :]))
        elif isinstance(state, Each) and sum(isinstance(one, Token) for one in token.inside) < MOST_ITEMS:
            for begun in self._enter(state.scope.start):
                running = tuple(one for one in token.inside if isinstance(one, Token))
                yield opened, token._replace(inside=_sorted(state, (*running, begun)))

    def _arrive(self, to: str) -> Iterable[Any]:
        if to == DONE:
            return (DONE_BRANCH,)
        return (Ended(to),) if to in self.process.ends else self._enter(to)

    def _enter(self, name: str) -> Iterable[Token]:
        """The markings in which a branch may be when it has come to a state."""
        state = self.states[name]
        if isinstance(state, Parallel):
            begun: list[tuple[Any, ...]] = [()]
            for branch in state.branches.values():
                later = bool(branch.after) or branch.when is not None
                first = (LATER,) if later else tuple(self._enter(branch.scope.start))
                begun = [(*before, one) for before in begun for one in first]
            return tuple(Token(name, inside) for inside in begun)
        if isinstance(state, Stage):
            return tuple(Token(name, (one,)) for one in self._enter(state.scope.start))
        return (Token(name),)

    def _begin(self, scope: Scope, *, optional: bool) -> Iterator[Any]:
        yield from self._enter(scope.start)
        if optional:
            yield DONE_BRANCH


def _sorted(state: State, inside: tuple[Any, ...]) -> tuple[Any, ...]:
    """The items of an each are alike: their order does not count, nor how many of them are done."""
    if not isinstance(state, Each):
        return inside
    return tuple(sorted((one for one in inside if isinstance(one, Token)), key=repr))


def _may_join(token: Token, state: State) -> bool:
    """Whether the branches of a state may be joined: when all are done, or earlier where the file says so."""
    done = sum(one == DONE_BRANCH for one in token.inside)
    if isinstance(state, Parallel) and state.join != "all":
        return done >= state.join if isinstance(state.join, int) else True
    if isinstance(state, Each) and state.join != "all":
        return True  # how many items there are is not known
    return all(one == DONE_BRANCH for one in token.inside)


def _is_silent(state: State, outcome: str) -> bool:
    """Whether a log need not tell that a state was left so: nobody did anything."""
    if state.passes or state.is_start or state.scopes or outcome == EXPIRED or state.elapses:
        return True
    if isinstance(state, Race):
        member, _, ending = outcome.partition(".")
        one = state.member(member)
        return one.elapses or ending == EXPIRED
    return False


def _standing(marking: Any) -> Iterator[str]:
    """The states where a marking has branches."""
    if isinstance(marking, Token):
        yield marking.state
        for one in (*marking.inside, *marking.rest):
            yield from _standing(one)


def _names(process: Process) -> Mapping[str, frozenset[tuple[str, str]]]:
    """What activities may be called, and what each means: a state (with any outcome), or with one."""
    found: dict[str, set[tuple[str, str]]] = {}

    def note(text: str, state: str, outcome: str = "") -> None:
        found.setdefault(_plain(text), set()).add((state, outcome))

    for state in process.states():
        for called in (state.name, state.title):
            note(called, state.name)
            for outcome in (*state.on, *(move for member in state.members.values() for move in member.moves)):
                if outcome:
                    note(f"{called}: {outcome}", state.name, outcome)
        if isinstance(state, Race):
            for name, one in state.of.items():
                for ending in one.possible:
                    full = f"{name}.{ending}"
                    note(f"{state.name}: {full}", state.name, full if full in state.on else name)
            for outcome in state.on:
                member = state.member(outcome.partition(".")[0])
                for called in (outcome, outcome.partition(".")[0], member.title):
                    note(called, state.name, outcome)
        for one in state.members.values():
            if one.awaited is not None:
                note(one.awaited.message, state.name)
    for scope in process.scopes():
        for entry in scope.always:
            for called in (entry.name, entry.title, *([entry.message] if entry.message else ())):
                note(called, entry.name)
    return {text: frozenset(meant) for text, meant in found.items()}


def _plain(text: str) -> str:
    """An activity's name as it is compared: capitals, underscores and spaces do not count."""
    name, colon, outcome = " ".join(text.replace("_", " ").casefold().split()).partition(":")
    return f"{name.strip()}:{outcome.strip()}" if colon else name
