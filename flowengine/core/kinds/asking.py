"""``need`` and ``ask``: the customer answers fields, and the answer is saved."""

from __future__ import annotations

from flowengine.core.commands import Act
from flowengine.core.fields import check_answer
from flowengine.core.kinds.base import Waiting, chosen
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Step
from flowengine.language.model import State


class Asking(Waiting[State]):
    """Waits for the answers to the state's fields; ends with the one outcome that the type knows."""

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        outcome = chosen(step, command, self.possible(spot, step))
        answer = check_answer(spot.state.fields, command.answer, step.state)
        return Result(outcome, answer, command.by.id)
