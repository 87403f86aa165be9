"""A new date in the place of the one that is promised: its customer accepts or refuses it."""

from __future__ import annotations

from flowengine.core import conversation, new_dates
from flowengine.core.commands import Act
from flowengine.core.fields import check_answer
from flowengine.core.forms import Way, questions
from flowengine.core.kinds.base import Waiting, chosen
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Step


class Agreeing(Waiting[conversation.AskedDate]):
    """Waits for yes or no. It ends the step and no state, for the job stands where it did."""

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        outcome = chosen(step, command, self.possible(spot, step))
        given = check_answer(spot.state.fields, command.answer, spot.state.type)
        words = str(given.get("words", "")).strip()
        new_dates.answer(spot.draft, spot.process, step, outcome, words, command.by.id, spot.now)
        return None

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:  # noqa: ARG002 - the protocol's signature
        promise = spot.draft.head.promise
        assert promise is not None, "a new date is asked for what is promised"
        assert promise.asked is not None, "a new date is asked"
        titles = {
            new_dates.ACCEPTED: f"Accept {new_dates.spoken(spot.process, promise.asked)}",
            new_dates.REFUSED: f"Refuse; {new_dates.spoken(spot.process, promise.by)} stands",
        }
        fields = questions(spot.state.fields, world=spot.world, names=spot.names)
        return tuple(Way(outcome=one, title=title, fields=fields) for one, title in titles.items())
