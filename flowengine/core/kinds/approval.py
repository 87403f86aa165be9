"""``approval``: one, all or some of several say whether what they are shown is as it should be.

What was approved is saved as it was shown: a receipt of exactly what was agreed.
"""

from __future__ import annotations

from typing import Any

from flowengine.core import events as e
from flowengine.core.commands import Act
from flowengine.core.draft import replace
from flowengine.core.fields import check_answer
from flowengine.core.forms import Way, questions
from flowengine.core.kinds.base import Waiting, chosen, routed
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Actor, Json, Panel, Seating, Step
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, NotFound
from flowengine.language.parts import Field
from flowengine.language.types import Approval

_TITLES = {"approved": "Approve", "changes": "Ask for changes", "declined": "Decline"}
_WORDS = (Field(name="words", type="string", title="In your words", optional=True),)
_FIELDS = {
    "approved": _WORDS,
    "changes": (
        Field(name="words", type="string", title="What should change?", schema={"minLength": 1, "pattern": r"\S"}),
    ),
    "declined": _WORDS,
}
"""What is asked with each outcome: who asks for changes says which."""


class Approving(Waiting[Approval]):
    """Waits for one answer, or for one of each of several who are asked.

    Several are decided as soon as it is certain: approved once ``needed`` of them have approved; once that can no
    longer be reached, ``changes`` if anybody asked for some, else ``declined``. Saved: ``{outcome, by, words, shown}``;
    of several also ``answers``, a list of ``{outcome, by, words}``.
    """

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        seatings = spot.seatings(state.by)
        needed = len(seatings) if state.needed is None else state.needed
        if len(seatings) < max(needed, 1):
            what = f"{len(seatings)} can be asked, but {max(needed, 1)} must approve"
            raise ExpressionFailed(what, where=state.name)
        if len(seatings) == 1:
            self.open(spot)
            return None
        spot.keep(Panel())
        step = spot.open_step((), seats=[(seating, 1.0) for seating in seatings], due=spot.due())
        spot.set_deadlines(step)
        return None

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        outcome = chosen(step, command, self.possible(spot, step))
        answer = _checked(outcome, command.answer, step.state)
        said = {"outcome": outcome, "by": command.by.id, "words": answer.get("words", "")}
        if not step.seats:
            return Result(outcome, {**said, "shown": dict(step.shown)}, command.by.id)
        self._seat(spot, step, command.by, said)
        return self._decided(spot, step, said)

    def _seat(self, spot: Spot, step: Step, by: Actor, said: dict[str, Json]) -> None:
        """Take the answer of one who is asked; each person answers once, for one seat.

        Those to whom the step was opened later (``escalate``) may answer for whoever has not.
        """
        seats = spot.draft.seats(step.number)
        if any(seat.by == by.id for seat in seats):
            raise NotAllowed("you have answered; the others have not yet", where=step.state)
        widened = any(_is_meant(by, audience) for audience in step.audience)
        own = [seat for seat in seats if widened or _is_meant(by, seat.audience)]
        if not own:
            raise NotFound("no such step", where=str(step.number))
        free = next((seat for seat in own if seat.answer is None), None)
        if free is None:
            raise NotAllowed("somebody else has answered in your place", where=step.state)
        seat = replace(free, answer=said, by=by.id)
        spot.draft.record(e.SeatAnswered(branch=spot.branch_id, seat=seat))
        panel, outcome = self._panel(spot), str(said["outcome"])
        counted: Any = {outcome: getattr(panel, outcome) + 1}
        spot.keep(replace(panel, **counted))

    def _panel(self, spot: Spot) -> Panel:
        panel = spot.inner
        assert isinstance(panel, Panel), "an approval by several keeps its count"
        return panel

    def _decided(self, spot: Spot, step: Step, said: dict[str, Json]) -> Result | None:
        panel = self._panel(spot)
        needed = self.state(spot).needed or step.seats
        waiting = step.seats - panel.approved - panel.changes - panel.declined
        if panel.approved >= needed:
            outcome = "approved"
        elif panel.approved + waiting < needed:
            outcome = "changes" if panel.changes else "declined"
        else:
            return None
        answers = [seat.answer for seat in spot.draft.seats(step.number) if seat.answer is not None]
        words = "\n".join(answer["words"] for answer in answers if answer["words"])
        value = {**said, "outcome": outcome, "words": words, "shown": dict(step.shown)}
        return Result(outcome, {**value, "answers": answers}, str(said["by"]))

    def possible(self, spot: Spot, step: Step) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        return tuple(outcome for outcome in routed(spot) if outcome in _TITLES)

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        return tuple(
            Way(outcome=outcome, title=_TITLES[outcome], fields=questions(_FIELDS[outcome]))
            for outcome in self.possible(spot, step)
        )


def _checked(outcome: str, answer: Json, where: str) -> dict[str, Json]:
    try:
        return check_answer(_FIELDS[outcome], answer, where)
    except BadAnswer as bad:
        if outcome == "changes" and "words" in bad.problems:
            problems = {**bad.problems, "words": "say what should change"}
            raise BadAnswer(problems, where=where, possible=["words"]) from None
        raise


def _is_meant(by: Actor, audience: Seating) -> bool:
    """Whether a seat, or a step, is for this actor."""
    kind, _, name = audience.partition(":")
    if kind == "person":
        return by.id == name
    if kind == "role":
        return by.kind == "staff" and name in by.roles
    if kind == "group":
        return by.kind == "customer" and name in by.groups
    return (
        kind == "anyone" or (kind == "customers" and by.kind == "customer") or (kind == "staff" and by.kind == "staff")
    )
