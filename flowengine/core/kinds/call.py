"""``call``: a job of another process, here or at a partner.

What a partner asks of us, as his customer, stands here as steps of the state: they have the forms that he sent, and our
answers go back to him. He decides what they come to: a step of his that is over closes ours.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from flowengine.core import events as e
from flowengine.core.commands import Act, Finish, Hear
from flowengine.core.fields import as_plain, check_answer
from flowengine.core.foreign import asked_here, field_of, is_known, to_answer, ways_of
from flowengine.core.forms import Way
from flowengine.core.kinds.base import Waiting, chosen
from flowengine.core.kinds.service import inputs
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Foreign, ServiceCall, Step
from flowengine.language.types import Call

SAID = "Their answer"
"""Under which words a refusal is shown beside what is asked again."""


class Delegating(Waiting[Call]):
    """Waits for the end of another process's job, and saves what it gave, with its ``status``."""

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        spot.open_call(process=state.process, at=state.at, input=inputs(spot, state.need))
        return None

    def finish(self, spot: Spot, call: ServiceCall, command: Finish) -> Result | None:  # noqa: ARG002
        result = as_plain(command.result, f"the result of {spot.state.name}")
        given = result if isinstance(result, dict) else {}
        return Result(command.outcome, {**given, "status": command.outcome})

    # what a partner asks

    def hear(self, spot: Spot, call: ServiceCall, command: Hear) -> None:
        """A partner tells how his job stands. What is older than what we know tells only that an answer has come."""
        heard = e.Heard(
            branch=spot.branch_id, call=call.number, seq=command.seq, took=command.took, refused=command.refused
        )
        if is_known(call, spot.steps, command.seq, command.asked, command.took):
            if command.took in call.answered:
                spot.draft.record(heard)
            return
        known, asked = asked_here(spot.steps), to_answer(call, command.asked, command.took)
        spot.draft.record(heard)
        for id, step in known.items():
            if id not in asked:
                spot.close_step(step)
        for id, one in asked.items():
            if id not in known:
                self._ask(spot, one, command.refused if id == command.took else "")
            elif known[id].foreign != one:
                spot.change_step(known[id], "asked anew", title=one.title, shown=one.shown, due=one.due, foreign=one)

    def _ask(self, spot: Spot, asked: Foreign, refused: str) -> None:
        again = (*asked.shown, (SAID, refused)) if refused else asked.shown
        spot.open_step(self.state(spot).answerers, title=asked.title, due=asked.due, shown=again, foreign=asked)

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        """Our answer goes to the partner, and the step waits for nobody here any more."""
        (call,) = (one for one in spot.branch.calls if one.member == spot.member and not one.undo)
        assert step.foreign is not None, "only what a partner asks is a step of a call"
        outcome = chosen(step, command, self.possible(spot, step))
        way = next(one for one in ways_of(step) if one.outcome == outcome)
        answer = check_answer([field_of(one) for one in way.fields], command.answer, step.title)
        spot.draft.record(
            e.AnsweredPartner(
                branch=spot.branch_id,
                call=call.number,
                step=step.number,
                foreign=step.foreign.step,
                outcome=outcome,
                answer=answer,
                by=command.by.id,
            )
        )
        spot.close_step(step, outcome, command.by.id)
        return None

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        return tuple(one.outcome for one in ways_of(step))

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:  # noqa: ARG002 - the protocol's signature
        return ways_of(step)

    def slots(self, spot: Spot, step: Step) -> tuple[datetime, ...]:  # noqa: ARG002 - the protocol's signature
        return () if step.foreign is None else step.foreign.slots

    def renewed(self, spot: Spot, before: Spot, step: Step) -> Step:
        """The words are the partner's; those who answer may be others now."""
        kept = {"title": step.title, "shown": step.shown}
        return msgspec.structs.replace(Waiting.renewed(self, spot, before, step), **kept)
