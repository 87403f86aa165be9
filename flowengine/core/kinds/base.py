"""What all kinds share: the usual answer to what does not concern a kind, and the outcomes that are routed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from flowengine.core import events as e
from flowengine.core.commands import Act, Finish
from flowengine.core.draft import replace
from flowengine.core.fields import check_answer, clip
from flowengine.core.forms import Way, questions
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Actor, KeptMessage, Seat, Seating, ServiceCall, Step, Timer
from flowengine.errors import ExpressionFailed, InvariantBroken, UnknownOutcome
from flowengine.language.model import State
from flowengine.language.parts import EXPIRED, SKIPPED, Audience, Field
from flowengine.speech.phrases import phrase

S = TypeVar("S", bound=State)


NO_THANKS = Way(outcome=SKIPPED, title="No, thanks")
"""How somebody goes without what is optional."""


class Waiting(Generic[S]):
    """A kind that waits for something. Each kind overrides what concerns it; what is left is a stray command."""

    def enter(self, spot: Spot) -> Result | None:
        """Open what the state waits for."""
        self.open(spot)
        return None

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:  # noqa: ARG002 - the protocol's signature
        raise _stray(spot, f"step {step.number}")

    def admit(self, spot: Spot, step: Step, by: Actor) -> Seat | None:  # noqa: ARG002 - the protocol's signature
        """Most steps ask nobody one by one."""
        return None

    def fire(self, spot: Spot, timer: Timer) -> Result | None:
        """A deadline ends the state as ``expired``."""
        if timer.purpose == "expire":
            return Result(EXPIRED)
        raise _stray(spot, f"timer {timer.number} ({timer.purpose})")

    def finish(self, spot: Spot, call: ServiceCall, command: Finish) -> Result | None:  # noqa: ARG002
        raise _stray(spot, f"call {call.number}")

    def deliver(self, spot: Spot, message: KeptMessage) -> Result | None:
        raise _stray(spot, f"message {message.name}")

    def leave(self, spot: Spot) -> None:
        """Most kinds hold nothing outside the job."""

    def handed(self, spot: Spot, step: Step, person: str) -> Step:  # noqa: ARG002 - the protocol's signature
        raise _stray(spot, f"step {step.number}, which is for no appointment")

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """What can be done on the step now: outcomes and moves."""
        return spot.state.own_outcomes

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        """What a person is asked for each thing that can be done now."""
        fields = questions(self.asked(self.state(spot)), world=spot.world, names=spot.names)
        return tuple(
            NO_THANKS if spot.state.is_skipping(one) else Way(outcome=one, title=step.title, fields=fields)
            for one in self.possible(spot, step)
        )

    def asked(self, state: S) -> tuple[Field, ...]:
        """What the answer is held against."""
        return state.fields

    def slots(self, spot: Spot, step: Step) -> tuple[datetime, ...]:  # noqa: ARG002
        """The appointments that can be booked now."""
        return ()

    def state(self, spot: Spot) -> S:
        """The state as its own type."""
        return spot.state  # type: ignore[return-value]  # the state is of the kind's own type

    def open(self, spot: Spot) -> Step:
        """Open the state's one step, with its deadline, reminders and escalations."""
        step = spot.open_step(spot.state.audience, due=spot.due())
        spot.set_deadlines(step)
        return step

    # another version of the process

    def renew(self, spot: Spot, before: Spot) -> None:
        """The job goes on in another version: what is open becomes what the state says now, where it said otherwise
        ``before``. Raises what opening it would, and NotAllowed where what has been done stands in the way."""
        for step in spot.steps:
            changed = self.renewed(spot, before, step)
            if changed != step:
                spot.draft.record(e.StepChanged(step=changed, why="migrated"))

    def renewed(self, spot: Spot, before: Spot, step: Step) -> Step:
        """An open step with the words and for the people of now; who was added by hand, or by an escalation, stays."""
        now, was = self.state(spot), self.state(before)
        changes: dict[str, Any] = {}
        if (now.ask, now.title) != (was.ask, was.title):
            changes["title"] = self.heading(spot, step)
        if now.shows != was.shows:
            changes["shown"] = spot.shown()
        if spot.process.texts != before.process.texts or changes:
            heading = self.heading(spot, step)
            changes["others"] = spot.in_others("" if heading == spot.title() else heading)
        if self.invited(now, step) != self.invited(was, step):
            added = [whom for whom in step.audience if whom not in self._asked_before(before, step)]
            asked = (*spot.seatings(self.invited(now, step)), *added)
            changes["audience"] = tuple(dict.fromkeys(asked))
        return replace(step, **changes)

    def _asked_before(self, before: Spot, step: Step) -> Sequence[Seating]:
        try:
            return before.seatings(self.invited(self.state(before), step))
        except ExpressionFailed:
            return step.audience

    def invited(self, state: S, step: Step) -> tuple[Audience, ...]:  # noqa: ARG002 - steps of a state may differ
        """For whom the state opens such a step."""
        return state.audience

    def heading(self, spot: Spot, step: Step) -> str:  # noqa: ARG002
        """What such a step is called."""
        return spot.title()

    def timing(self, state: S) -> object:
        """What the file says of when the state is over by itself; two that are equal make the same moment."""
        return state.within

    def over_at(self, spot: Spot) -> datetime | None:
        """When the state is over by itself, counted from the spot's moment; None: never."""
        return spot.due()

    def timer_purpose(self, state: S) -> Literal["expire", "elapse", "close"]:
        """The purpose of the timer that says so."""
        return "expire" if state.expires else "close"


def _stray(spot: Spot, what: str) -> InvariantBroken:
    return InvariantBroken(f"a {spot.state.type} has no use for {what}", where=spot.state.name)


def chosen(step: Step, command: Act, possible: tuple[str, ...]) -> str:
    """The outcome or move that the command names; it may name none where only one is possible."""
    if command.outcome in possible:
        return command.outcome
    if not command.outcome and len(possible) == 1:
        return possible[0]
    what = (
        phrase("the step does not know %(outcome)s", outcome=clip(command.outcome))
        if command.outcome
        else phrase("say which outcome")
    )
    raise UnknownOutcome(what, where=step.state, possible=possible)


def skipped(step: Step, command: Act) -> Result:
    """Somebody goes without what is optional; raises BadAnswer where he answers it all the same."""
    check_answer((), command.answer, step.state)
    return Result(SKIPPED, by=command.by.id)


def routed(spot: Spot) -> tuple[str, ...]:
    """The outcomes of the state that lead somewhere, in the order of its type and then of the file.

    A member's outcomes are routed by its race, as ``member.outcome`` or all at once as ``member``.
    """
    state = spot.state
    names = tuple(state.on) if not spot.member else _routed_by_race(spot)
    if not spot.member and not names:
        return state.own_outcomes
    usual = [name for name in state.own_outcomes if name in names]
    return (*usual, *[name for name in names if name not in usual and name != EXPIRED])


def _routed_by_race(spot: Spot) -> tuple[str, ...]:
    branch = spot.branch
    race = next((scope.states.get(branch.state) for scope in spot.process.scopes() if scope.path == branch.scope), None)
    if race is None:
        return spot.state.own_outcomes
    prefix = f"{spot.member}."
    named = tuple(name[len(prefix) :] for name in race.on if name.startswith(prefix))
    return (*spot.state.own_outcomes, *named) if spot.member in race.on else named
