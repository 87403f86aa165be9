"""What people ask about a job: somebody of those inside answers, in words."""

from __future__ import annotations

from flowengine.core import conversation
from flowengine.core.commands import Act
from flowengine.core.fields import check_answer
from flowengine.core.kinds.base import Waiting, chosen
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Step


class Replying(Waiting[conversation.Asked]):
    """Waits for an answer. It ends the step and no state, for the job stands where it did."""

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        chosen(step, command, self.possible(spot, step))
        given = check_answer(spot.state.fields, command.answer, spot.state.type)
        conversation.answer(spot.draft, step, conversation.words(given["answer"], "answer"), command.by.id)
        return None
