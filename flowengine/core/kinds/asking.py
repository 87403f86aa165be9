"""``need`` and ``ask``: the customer answers fields, and the answer is saved."""

from __future__ import annotations

from flowengine.core.commands import Act
from flowengine.core.fields import check_answer
from flowengine.core.forms import Way, questions
from flowengine.core.kinds.base import NO_THANKS, S, Waiting, chosen, routed, skipped
from flowengine.core.spot import NOTHING, Result, Spot
from flowengine.core.values import Step
from flowengine.language.model import State
from flowengine.language.texts import spoken


class Answering(Waiting[S]):
    """Waits for the answers to the state's fields, with one of its outcomes.

    The fields are required with the first outcome and optional with the others; another outcome without any answer
    leaves the data as they are.
    """

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        possible = self.possible(spot, step)
        outcome = chosen(step, command, possible)
        if spot.state.is_skipping(outcome):
            return skipped(step, command)
        partial = outcome != possible[0]
        answer = check_answer(
            spot.state.fields, command.answer, step.state, partial=partial, names=spot.names, world=spot.world
        )
        return Result(outcome, NOTHING if partial and not answer else answer, command.by.id)

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        return routed(spot)

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        possible, state = self.possible(spot, step), spot.state
        return tuple(
            NO_THANKS
            if state.is_skipping(outcome)
            else Way(
                outcome=outcome,
                title=self.called(spot, step, outcome),
                fields=questions(state.fields, partial=outcome != possible[0], world=spot.world, names=spot.names),
            )
            for outcome in possible
        )

    def called(self, spot: Spot, step: Step, outcome: str) -> str:  # noqa: ARG002 - kinds may look at more
        """What a person chooses who takes that way."""
        return spot.process.said(spoken(outcome).capitalize())


class Asking(Answering[State]):
    """Waits for the customer's answers, or, where nothing is asked, until he says that he has understood."""

    def called(self, spot: Spot, step: Step, outcome: str) -> str:
        if outcome not in spot.state.outcomes:
            return super().called(spot, step, outcome)
        if not (spot.state.fields or spot.state.is_start):
            return "Understood"
        return step.title if len(self.possible(spot, step)) == 1 else "Answer"
