"""Many jobs of a process, each played by chance from beginning to end: what they met, and what none of them did.

Each life has a seed of its own, and is the same each time: the process, the seed and the moment it begins at give all
that happens in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from flowengine.core import events as e
from flowengine.core.advance import compile_process
from flowengine.core.draft import moment_text
from flowengine.core.forms import Way
from flowengine.core.machines import Compiled
from flowengine.core.values import Json
from flowengine.errors import BadAnswer, FlowError, NotAllowed, Refused, SlotTaken
from flowengine.language.model import Process
from flowengine.language.types import Race
from flowengine.rehearsal.made_up import MadeUp
from flowengine.rehearsal.trial import Kind, Move, Trial

LONGEST = 500
"""Moves after which a life that is not over is left."""

TRIES = 60
"""Moves that are refused one after another before a life counts as stuck."""

HURRY = 150
"""Moves after which people do what is hoped for, so that lives come to an end."""

_WEIGHTS: dict[Kind, float] = {
    "act": 8, "service": 8, "message": 4, "retry": 4, "time": 1.5, "item": 0.3, "always": 1.5,
}  # fmt: skip
"""How likely each kind of move is."""

_SLOWNESS = (0.3, 0.3, 1.0, 8.0)
"""How much likelier it is that time passes: some lives are of people who let others wait."""

_CHANGE_OF_MIND = 0.1
"""How often it is looked what could be done at any time."""

_DONE = 0.03
"""How much less likely it is that somebody acts who has done his part: who has voted, or waits for an appointment."""

_BOOKING = {"book": 1.0, "move": 1.0, "hold": 0.2, "cancel": 0.2}
"""How likely each thing is that can be done about an appointment."""

_PATIENCE = (4, 4, 2, 1, 1)
"""How much sooner than at any time she wants an appointment, in one try after another."""

_RARE = 0.15
"""How much less likely an outcome is of which nobody hopes that it comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How one job went. ``end`` is the end it came to; empty where it was ``stuck``, or left after very many moves."""

    seed: int
    end: str
    stuck: str
    troubles: tuple[tuple[str, str], ...]
    moves: tuple[str, ...]
    lasted: timedelta
    states: frozenset[str]
    outcomes: frozenset[tuple[str, str]]
    unanswered: frozenset[str]

    @property
    def is_fine(self) -> bool:
        """Whether it met nothing that the process does not provide for."""
        return not self.stuck and not self.troubles

    def to_json(self) -> dict[str, Any]:
        """The life as plain values, for who wants to see it again."""
        return {
            "seed": self.seed, "end": self.end, "stuck": self.stuck, "moves": list(self.moves),
            "troubles": [{"where": where, "what": what} for where, what in self.troubles],
            "lasted_seconds": self.lasted.total_seconds(),
        }  # fmt: skip


@dataclass(slots=True)
class Lives:
    """What many lives came to. ``failed`` holds the first of those that were not fine."""

    seed: int
    count: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    unfinished: int = 0
    stuck: int = 0
    troubled: int = 0
    expressions: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: list[Life] = field(default_factory=list)
    longest: Life | None = None
    never_reached: tuple[str, ...] = ()
    never_taken: tuple[tuple[str, str], ...] = ()
    unanswered: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def is_fine(self) -> bool:
        """Whether no life got stuck, and nothing failed in any."""
        return not self.stuck and not self.troubled

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "fine": self.is_fine, "seed": self.seed, "lives": self.count, "ends": dict(self.ends),
            "unfinished": self.unfinished, "stuck": self.stuck, "troubled": self.troubled,
            "troubles": [{"where": at, "what": why, "lives": n} for (at, why), n in self.expressions.most_common()],
            "never_reached": list(self.never_reached),
            "never_taken": [{"state": state, "outcome": outcome} for state, outcome in self.never_taken],
            "unanswered": list(self.unanswered), "failed": [one.to_json() for one in self.failed],
            "longest": self.longest.to_json() if self.longest else None,
        }  # fmt: skip


SHOWN = 5
"""Lives that were not fine, of which the way is kept."""


def play(
    process: Process, count: int, seed: int, now: datetime, *, each: Callable[[int], None] = lambda _: None
) -> Lives:
    """Play so many lives, of which the first has the seed ``seed``, the next ``seed + 1``; ``each`` is told how many
    are over. Takes time linear in their moves."""
    compiled = compile_process(process)
    lives = Lives(seed)
    states: set[str] = set()
    outcomes: set[tuple[str, str]] = set()
    unanswered: set[str] = set()
    for number in range(count):
        life = live(compiled, seed + number, now)
        _add(lives, life)
        states |= life.states
        outcomes |= life.outcomes
        unanswered |= life.unanswered
        each(number + 1)
    lives.never_reached = tuple(name for name in compiled.states if name not in states)
    lives.never_taken = tuple(
        (name, outcome)
        for name, state in compiled.states.items()
        if name in states
        for outcome in state.on
        if (name, outcome) not in outcomes
    )
    lives.unanswered = tuple(sorted(unanswered))
    return lives


def _add(lives: Lives, life: Life) -> None:
    lives.count += 1
    lives.stuck += bool(life.stuck)
    lives.troubled += bool(life.troubles)
    lives.unfinished += not life.end and not life.stuck
    lives.ends.update([life.end] if life.end else [])
    lives.expressions.update(set(life.troubles))
    if not life.is_fine and len(lives.failed) < SHOWN:
        lives.failed.append(life)
    if lives.longest is None or len(life.moves) > len(lives.longest.moves):
        lives.longest = life


def live(process: Process | Compiled, seed: int, now: datetime) -> Life:
    """One life by chance."""
    return _Player(process, seed, now).play()


class _Player:
    """Plays one job, now this one of the people, now that, now the code, now the clock."""

    def __init__(self, process: Process | Compiled, seed: int, now: datetime) -> None:
        self.chance = Random(seed)
        self.seed = seed
        self.trial = Trial(process, now, told=False)
        self.begun = now
        self.made_up = MadeUp(self.chance)
        self.slowness = self.chance.choice(_SLOWNESS)
        self.unanswered: set[str] = set()
        self.stuck = ""

    def play(self) -> Life:
        """Play it until it is over, is stuck, or has gone on for very long."""
        trial = self.trial
        try:
            self._begin()
        except FlowError as error:
            return self._life(f"it cannot begin: {error}")
        while not trial.is_over and len(trial.taken) < LONGEST and not self.stuck:
            self._once()
        return self._life(self.stuck)

    def _begin(self) -> None:
        """State the need; one whose answers are refused is stated again, with others."""
        for tries in range(TRIES):
            try:
                return self.trial.begin(self.made_up.answer(self.trial.asked_first, self.begun))
            except BadAnswer:
                if tries == TRIES - 1:
                    raise
        return None

    def _once(self) -> None:
        """One move that somebody makes; those that are refused are tried in other ways first."""
        refused = "nothing can happen any more"
        for _ in range(TRIES):
            change = self.chance.random() < _CHANGE_OF_MIND
            moves = self.trial.moves(always=change) or self.trial.moves()
            if not moves:
                break
            move = self.chance.choices(moves, [self._weight(one) for one in moves])[0]
            try:
                if self._take(move):
                    return
            except Refused as error:
                refused = f"{move.name} is refused: {error}"
            except FlowError as error:
                refused = f"{move.name}: {error}"
        self.stuck = f"at {', '.join(self.trial.states)}: {refused}"

    def _weight(self, move: Move) -> float:
        weight = _WEIGHTS[move.kind] * (self.slowness if move.kind == "time" else 1)
        step = move.step if move.kind == "act" else None
        if step is not None and (step.booked or (step.appointment and step.appointment > self.trial.now)):
            return weight * _DONE
        if step is not None and step.seats and self.trial.has_answered(move):
            return weight * _DONE
        if move.call is not None and move.kind == "service":
            return weight * (1 if move.outcome in ("done", "fulfilled") else _RARE)
        return weight

    def _take(self, move: Move) -> bool:
        """Make a move; whether it was made."""
        if move.kind == "act" and (move.can == ("move",) or (move.step is not None and move.step.purpose == "book")):
            return self._book(move)
        ways = self.trial.ways(move)
        if not ways:
            return False
        way = self._way(move, ways)
        answer = self._answer(way)
        self.trial.take(move, way.outcome if move.kind == "act" else "", answer)
        return True

    def _way(self, move: Move, ways: tuple[Way, ...]) -> Way:
        """What is hoped for comes more often than the rest, and always when it has taken very long."""
        if move.step is None or len(ways) == 1:
            return ways[0]
        state = self.trial.compiled.states[move.step.state].member(move.step.member)
        hurry = len(self.trial.taken) > HURRY
        weights = [1.0 if state.is_usual(way.outcome) else (0.01 if hurry else 0.4) for way in ways]
        return self.chance.choices(ways, weights)[0]

    def _answer(self, way: Way) -> Json:
        answer = self.made_up.answer(way.fields, self.trial.now)
        self.unanswered |= {field.name for field in way.fields if field.required and field.name not in answer}
        return answer

    def _book(self, move: Move) -> bool:
        """What is done about an appointment before it begins: the first is taken that can be had after a moment that
        suits the customer."""
        step, can = move.step, move.can
        assert step is not None, "who books acts on a step"
        if not can:
            return False
        way = self.chance.choices(can, [_BOOKING[one] for one in can])[0]
        if way == "cancel" or (way == "book" and "cancel" in can):  # what is held is booked
            self.trial.take(move, way, {})
            return True
        for patience in _PATIENCE:
            slot = self.trial.slot(step, self.chance.random() ** patience)
            if slot is None:
                continue
            try:
                self.trial.take(move, way, {"slot": moment_text(slot)})
                return True
            except (BadAnswer, SlotTaken):
                continue  # somebody is elsewhere then
            except NotAllowed:
                break  # it is hers already
        return False

    def _life(self, stuck: str) -> Life:
        trial = self.trial
        begun = trial.has_begun
        states, outcomes = _seen(event for _, events in (trial.history if begun else ()) for event in events)
        return Life(
            seed=self.seed,
            end=trial.position.head.end if begun and trial.is_over else "",
            stuck=stuck,
            troubles=tuple((one.where, one.what) for one in trial.troubles) if begun else (),
            moves=tuple(_said(one.move, one.outcome) for one in trial.taken) if begun else (),
            lasted=trial.now - self.begun,
            states=frozenset(states),
            outcomes=frozenset((name, self._routed(name, outcome)) for name, outcome in outcomes),
            unanswered=frozenset(self.unanswered),
        )

    def _routed(self, name: str, outcome: str) -> str:
        """The outcome under which a state says where it leads: a race may name the member alone."""
        state = self.trial.compiled.states[name]
        return outcome.partition(".")[0] if isinstance(state, Race) and outcome not in state.on else outcome


def _said(move: str, outcome: str) -> str:
    return move if not outcome or move.endswith(f" {outcome}") else f"{move}: {outcome}"


def _seen(events: Iterable[e.AnyEvent]) -> tuple[set[str], set[tuple[str, str]]]:
    """The states that were entered, and with which outcomes they were left."""
    states, outcomes = set(), set()
    for event in events:
        if isinstance(event, e.Entered):
            states.add(event.state)
        elif isinstance(event, e.Left) and event.passed:
            outcomes.add((event.state, event.outcome))
    return states, outcomes
