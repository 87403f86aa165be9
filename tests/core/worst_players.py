"""Lives of people, code and clocks at their worst: silent, late, contrary, failing, changing their minds.

A life goes on for a while by the worst that can happen. Then it is looked at in two ways, each from the same moment:

- **silence**: nobody does anything any more, perhaps not even code. The clock alone must bring the job to its end, or
  to where it waits for staff, code or the outside; no customer is left waiting, and none is asked for ever.
- **good will**: everybody wants the job to end. It must come to an end within a bound.

Whatever happens on the way, the core never breaks, no expression fails, and what cannot be done is a typed refusal.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from flowengine.core import events as e
from flowengine.core.forms import Way
from flowengine.core.machines import Compiled
from flowengine.core.values import Json, Step
from flowengine.errors import BadAnswer, FlowError, InvariantBroken, NotAllowed, Refused, SlotTaken
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE, EXPIRED
from flowengine.language.types import Race
from flowengine.rehearsal.made_up import MadeUp
from flowengine.rehearsal.trial import Move, Trial

BEGIN = datetime(2026, 10, 5, 9, tzinfo=UTC)

WORST = 40
"""Moves of the worst kind before silence or good will begins, at most."""

REFUSED = 80
"""Moves that are refused one after another before a life counts as stuck."""

WILLING = 1_000
"""Moves within which everybody's good will must end a job."""

SILENT = 2_000
"""Moves of the clock and of code alone that are looked at."""

ASKED = 200
"""How often customers may be asked while nobody does anything; rounds that are counted to three nest, but seldom."""

STILL = 20
"""How often a hundred timers may be due at one moment."""

LATE = 10
"""How much farther an end is by way of a deadline: of good will people do not wait for one."""

_OFTEN = (0.0, 0.1, 1.0, 1.0, 5.0)
"""How often each kind of actor does something, in one life: never, seldom, as usual, all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a sound process was promised never to meet, and how a life came there."""

    kind: str
    what: str
    seed: int
    moves: tuple[str, ...]

    def __str__(self) -> str:
        way = "\n".join(f"    {move}" for move in self.moves)
        return f"{self.kind}: {self.what}\n  in the life {self.seed}:\n{way}"


class _Found(Exception):
    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind


def life(compiled: Compiled, compass: Compass, seed: int) -> Fault | None:
    """Play a life, and its two endings; the fault that it met, if it met one. The same for the same seed."""
    player = _Player(compiled, compass, seed)
    others: list[_Player] = []
    try:
        if not player.begins():
            return None
        player.at_worst()
        others = [player.again(), player.again()]
        for one, end in zip(others, (_Player.in_silence, _Player.with_good_will), strict=True):
            player = one
            end(player)
    except _Found as found:
        return player.fault(found.kind, str(found))
    except InvariantBroken as error:
        return player.fault("broken", str(error))
    except Exception as error:
        return player.fault("crash", f"{type(error).__name__}: {error}")
    return None


class Compass:
    """How far it is from each state to the way out of its scope, and which outcome leads there."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._far: dict[str, float] = {}
        self._scope: dict[str, Scope] = {}
        for scope in reversed(list(process.scopes())):
            self._scope |= dict.fromkeys(scope.states, scope)
            for _ in scope.states:
                before = dict(self._far)
                for name, state in scope.states.items():
                    self._far[name] = self._of(state)
                if before == self._far:
                    break

    def _of(self, state: State) -> float:
        if state.is_end:
            return 0
        inside = max((self._far.get(inner.start, 0) for inner in state.scopes), default=0)
        ways = [self._to(route.to) + LATE * (outcome == EXPIRED) for outcome, _, route in state.routes]
        ways += [0 for inner in state.scopes for entry in inner.always if entry.to in self.process.ends]
        return 1 + inside + min(ways, default=99)

    def _to(self, target: str) -> float:
        return 0 if target == DONE or target in self.process.ends else self._far.get(target, 99)

    def after(self, state: State, member: str, outcome: str) -> float:
        """How far it is once a state is left by an outcome; by what leaves it open, as far as by its usual one."""
        names = [f"{member}.{outcome}", member] if isinstance(state, Race) else [outcome]
        routes = next((state.ways[name] for name in names if name in state.ways), None)
        if routes is None:
            routes = next(iter(state.ways.values()), ())
        return min((self._to(route.to) for route in routes), default=99)


class _Player:
    def __init__(self, compiled: Compiled, compass: Compass, seed: int) -> None:
        self.seed = seed
        self.chance = chance = Random(seed)
        self.trial = Trial(compiled, BEGIN, told=False)
        self.compass = compass
        self.made_up = MadeUp(chance, edge=chance.choice((0.1, 0.9)))
        self.often = {kind: chance.choice(_OFTEN) for kind in ("customer", "staff", "service", "message", "always",
                                                               "item", "retry")}  # fmt: skip
        self.often["time"] = chance.choice((0.2, 1.0, 5.0))
        self.contrary = chance.choice((0.2, 1.0, 6.0))
        self.code_fails = chance.choice((0.1, 1.0, 20.0))
        self.stale: list[tuple[Move, str]] = []

    def again(self) -> _Player:
        """The same life from here on, to be lived in another way."""
        other = copy.copy(self)
        other.trial = copy.copy(self.trial)
        other.stale = []
        return other

    def fault(self, kind: str, what: str) -> Fault:
        moves = tuple(f"{one.move}: {one.outcome}" if one.outcome else one.move for one in self._taken)
        return Fault(kind=kind, what=what, seed=self.seed, moves=moves)

    @property
    def _taken(self) -> Sequence[object]:
        return self.trial.taken if self.trial.has_begun else ()

    # three ways to live

    def begins(self) -> bool:
        """Whether a need is taken; a process may refuse some, and a job that did not begin does not wait."""
        for _ in range(REFUSED):
            try:
                self.trial.begin(self.made_up.answer(self.trial.asked_first, BEGIN))
            except Refused:
                continue
            except FlowError as error:
                raise _Found("trouble", f"as it begins: {error}") from None
            self._look()
            return True
        return False

    def at_worst(self) -> None:
        """The worst that can happen, for a while; nobody has to do anything."""
        for _ in range(self.chance.randint(0, WORST)):
            moves = [] if self.trial.is_over else self.trial.moves()
            weights = [self._often(one) for one in moves]
            if not any(weights):
                return
            move = self.chance.choices(moves, weights)[0]
            self.stale = [*self.stale[-9:], *((one, way) for one in moves[:3] for way in one.can)]
            self._try(move, self._contrary(move))
            if self.stale and self.chance.random() < 0.1:
                self._try(*self.chance.choice(self.stale))

    def in_silence(self) -> None:
        """Nobody does anything; code may, or may not. Nobody who is a customer waits, or is asked, for ever."""
        answering = self.chance.random() < 0.5
        before, still = self._asked(), 0
        for _ in range(SILENT):
            if self.trial.is_over:
                return
            calls = [one for one in self.trial.moves(always=False) if self._is_code(one)] if answering else []
            time = self.trial.next_time()
            if calls and (time is None or self.chance.random() < 0.8):
                self._try(self.chance.choice(calls), "")
            elif time is not None and time.at is not None:
                still = still + 1 if time.at <= self.trial.now else 0
                self._try(time, "")
                if still > STILL:
                    raise _Found("spins", f"the clock strikes for ever at one moment: {', '.join(self.trial.states)}")
            else:
                break
            if self._asked() - before > ASKED and not self._is_limited():
                raise _Found("endless", f"customers are asked for ever: {', '.join(self.trial.states)}")
        if self.trial.next_time() is None:
            self._waiting()

    def _is_limited(self) -> bool:
        """Whether it is over by now, or a clock will end it some day, however far that is: one around those who are
        asked, or a condition that asks what time it is."""
        routes = (route for state in self.trial.compiled.states.values() for _, _, route in state.routes)
        if any(route.when is not None and "now" in route.when.variables for route in routes):
            return True
        position = self.trial.position
        asked = [step.branch for step in position.steps.values() if self._asks_customers(step)]
        around = [one.id for one in position.branches.values() if any(at.startswith(f"{one.id}/") for at in asked)]
        clocks = ("expire", "always")
        return not asked or any(timer.purpose in clocks for id in around for timer in position.branches[id].timers)

    def _is_code(self, move: Move) -> bool:
        """Whether code alone answers, one way or another: it does not give up, and no people work on it in a job that
        is called."""
        if move.kind != "service" or move.call is None:
            return False
        member = self.trial.compiled.states[move.call.state].member(move.call.member)
        return move.call.undo or not (member.begins or move.outcome == "failed")

    def _waiting(self) -> None:
        """What is waited for when no clock will strike any more: no customer, and nothing that operators do not see."""
        position = self.trial.position
        for step in position.steps.values():
            if self._asks_customers(step):
                raise _Found("waits", f"{step.state} waits for a customer for ever")
        for branch in position.branches.values():
            state = self.trial.compiled.states.get(branch.state) if branch.state else None
            if state is None or state.scopes or any(timer.rang for timer in branch.timers):
                continue
            if any(one.begins for one in state.members.values()):
                continue  # the job that it called is watched as its own process says
            if not (any(call.incident for call in branch.calls) or any(one.escalate for one in state.members.values())):
                raise _Found("unseen", f"{branch.state} is waited for, and nobody is told that it takes long")

    def with_good_will(self) -> None:
        """Everybody does what leads to the end, most of the time."""
        refusals = 0
        for _ in range(WILLING):
            if self.trial.is_over:
                return
            pairs = list(self._pairs())
            if not pairs:
                raise _Found("stuck", f"at {', '.join(self.trial.states)}: nothing can happen any more")
            patient = [pair for pair in pairs if pair[0].kind == "time"] if refusals > REFUSED // 4 else []
            refusals = 0 if self._try(*(patient or [self._best(pairs)])[0]) else refusals + 1
            if refusals > REFUSED:
                raise _Found("stuck", f"at {', '.join(self.trial.states)}: {self.refused}")
        raise _Found("astray", f"no end is reached, whatever is tried: at {', '.join(self.trial.states)}")

    # choosing

    def _often(self, move: Move) -> float:
        kind = move.by.kind if move.kind == "act" else move.kind
        weight = self.often.get(kind, 1.0)
        if move.kind == "service":
            weight *= 1.0 if move.outcome in ("done", "fulfilled") else self.code_fails
        return weight

    def _contrary(self, move: Move) -> str:
        """The outcome of a move on a step: often one that nobody hopes for."""
        if not move.can or move.step is None:
            return ""
        state = self.trial.compiled.states[move.step.state].member(move.step.member)
        return self.chance.choices(move.can, [1.0 if state.is_usual(one) else self.contrary for one in move.can])[0]

    def _pairs(self) -> Iterator[tuple[Move, str]]:
        for move in self.trial.moves(always=self.chance.random() < 0.1):
            if move.kind != "item":
                for outcome in move.can or ("",):
                    yield move, outcome

    def _best(self, pairs: Sequence[tuple[Move, str]]) -> tuple[Move, str]:
        if self.chance.random() < 0.3:
            return self.chance.choice(pairs)
        far = [self._far(move, outcome or move.outcome) for move, outcome in pairs]
        least = min(far)
        return self.chance.choice([pair for pair, one in zip(pairs, far, strict=True) if one <= least + 0.5])

    def _far(self, move: Move, outcome: str) -> float:
        if move.kind in ("time", "always") or (move.wait is not None and move.wait.always):
            return 50
        if outcome in ("cancel", "move", "hold"):
            return 60
        if move.step is not None:
            answered = bool(move.step.seats) and self.trial.has_answered(move)
            far = self.compass.after(self.trial.compiled.states[move.step.state], move.step.member, outcome)
            return 60 if answered else far
        if move.call is not None and not move.call.undo:
            return self.compass.after(self.trial.compiled.states[move.call.state], move.call.member, outcome)
        if move.wait is not None:
            listeners = self.trial.compiled.listeners.get(move.wait.message, ())
            states = [one.state for one in listeners if one.state is not None]
            return min((self.compass.after(one, move.wait.member, "received") for one in states), default=0)
        return 0

    # doing

    refused = ""

    def _try(self, move: Move, outcome: str) -> bool:
        """Do it, if it can be done; whether it was. What a person is refused changes nothing."""
        before = self.trial.position
        try:
            self._do(move, outcome)
        except Refused as error:
            self.refused = f"{move.name} {outcome} is refused: {error}"
            assert self.trial.position is before, "what is refused changes nothing"
            self._look()
            return False
        except FlowError as error:
            if isinstance(error, InvariantBroken):
                raise
            raise _Found("trouble", f"{move.name} {outcome}: {error}") from None
        self._look()
        return True

    def _do(self, move: Move, outcome: str) -> None:
        if move.kind == "act" and outcome in ("book", "move", "hold"):
            self._book(move, outcome)
            return
        way = self._way(move, outcome)
        self.trial.take(move, outcome, self.made_up.answer(way.fields, self.trial.now) if way else {})

    def _way(self, move: Move, outcome: str) -> Way | None:
        if move.kind == "act":
            if move.step is None or move.step.number not in self.trial.position.steps:
                return None
            return self.trial.form(move).way(outcome)
        if move.call is not None and move.call.number not in self.trial.position.calls:
            return None
        return self.trial.ways(move)[0]

    def _book(self, move: Move, outcome: str) -> None:
        """Book what can be had, which somebody is told of who asks for a slot that is none, and then for one that is
        taken."""
        answer: dict[str, Json] = {} if outcome == "book" and "cancel" in move.can else {"slot": "soon"}
        for last in (False, False, True):
            try:
                self.trial.take(move, outcome, answer)
                return
            except (BadAnswer, SlotTaken) as error:
                free = [one for one in error.possible if one[:1].isdigit()]
                if last or not free:
                    raise NotAllowed("nothing is free") from None
                answer = {"slot": self.chance.choice(free)}

    # looking

    def _look(self) -> None:
        for one in self.trial.troubles:
            if "InvariantBroken" in one.what or "a bug" in one.what:
                raise _Found("broken", f"{one.where}: {one.what}")
            raise _Found("trouble", f"{one.where}: {one.what}")

    def _asked(self) -> int:
        """How often a customer was asked so far."""
        opened = (event for _, events in self.trial.history for event in events if isinstance(event, e.StepOpened))
        return sum(self._asks_customers(event.step) for event in opened)

    def _asks_customers(self, step: Step) -> bool:
        if step.booked is not None or step.purpose == "hold":
            return False
        state = self.trial.compiled.states[step.state].member(step.member)
        return state.for_customers
