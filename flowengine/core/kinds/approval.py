"""``approval``: one, all or some of several say whether what they are shown is as it should be.

What was approved is saved as it was shown: a receipt of exactly what was agreed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from flowengine.core import events as e
from flowengine.core.commands import Act
from flowengine.core.draft import replace
from flowengine.core.fields import check_answer
from flowengine.core.forms import Way, questions
from flowengine.core.kinds.base import Waiting, chosen, routed
from flowengine.core.seatings import himself, person_seating, seatings, stands_for
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Actor, Json, Panel, Seat, Seating, Step
from flowengine.errors import BadAnswer, ExpressionFailed, NotAllowed, NotFound
from flowengine.language.parts import Field
from flowengine.language.types import Approval
from flowengine.speech.phrases import phrase

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
        asked = self._asked(spot)
        if len(asked) == 1:
            self.open(spot)
            return None
        spot.keep(Panel())
        step = spot.open_step((), seats=[(seating, 1) for seating in asked], due=spot.due())
        spot.set_deadlines(step)
        return None

    def _asked(self, spot: Spot) -> tuple[Seating, ...]:
        state = self.state(spot)
        asked = spot.seatings(state.by)
        needed = len(asked) if state.needed is None else state.needed
        if len(asked) < max(needed, 1):
            what = f"{len(asked)} can be asked, but {max(needed, 1)} must approve"
            raise ExpressionFailed(what, where=state.name)
        return asked

    def renew(self, spot: Spot, before: Spot) -> None:
        """Where others are asked now, or so many must approve, they are asked anew, unless somebody has answered."""
        now, was, panel = self.state(spot), self.state(before), spot.inner
        answered = isinstance(panel, Panel) and panel != Panel()
        if (now.by, now.needed) == (was.by, was.needed) or answered:
            return
        asked = self._asked(spot)
        (step,) = spot.steps
        if len(asked) == 1 and not step.seats:
            super().renew(spot, before)
            return
        spot.close_step(step)
        several = len(asked) > 1
        spot.keep(Panel() if several else None)
        seats = [(seating, 1) for seating in asked] if several else ()
        opened = spot.open_step(now.by, seats=seats, title=step.title, due=step.due)
        if (opened.shown, opened.others) != (step.shown, step.others):
            spot.change_step(opened, "migrated", shown=step.shown, others=step.others)

    def renewed(self, spot: Spot, before: Spot, step: Step) -> Step:
        """What is approved is what was shown when it was asked for."""
        return replace(super().renewed(spot, before, step), title=step.title, shown=step.shown, others=step.others)

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        outcome = chosen(step, command, self.possible(spot, step))
        answer = _checked(outcome, command.answer, step.state)
        said = {"outcome": outcome, "by": command.by.id, "words": answer.get("words", "")}
        if not step.seats:
            return Result(outcome, {**said, "shown": dict(step.shown)}, command.by.id)
        own, way = self._seats_for(spot, step, command.by)
        taken, *_ = way
        answered = replace(taken, answer=said, by=command.by.id, may=_without(own, taken))
        spot.draft.record(e.SeatAnswered(branch=spot.branch_id, seat=answered))
        for old, new in pairwise(way):  # those who sat there move on, each to the next
            may = _without((old.audience, *old.may), new)
            moved = replace(new, answer=old.answer, by=old.by, may=may)
            spot.draft.record(e.SeatAnswered(branch=spot.branch_id, seat=moved))
        panel = self._panel(spot)
        counted: Any = {outcome: getattr(panel, outcome) + 1}
        spot.keep(replace(panel, **counted))
        return self._decided(spot, step, said)

    def admit(self, spot: Spot, step: Step, by: Actor) -> Seat | None:
        """Each person answers once, for one seat: his own where he has one, which nobody else can answer for.

        Those to whom the step was opened later (``escalate``) may answer for whoever has not.
        """
        return self._seats_for(spot, step, by)[1][0] if step.seats else None

    def _seats_for(self, spot: Spot, step: Step, by: Actor) -> tuple[list[Seating], list[Seat]]:
        """The seats that somebody can take, his own first, and the way to a free one (:func:`_way`)."""
        seats, mine = {seat.audience: seat for seat in spot.draft.seats(step.number)}, seatings(by)
        if any(himself(by, seat.by) for seat in seats.values() if seat.by is not None):
            raise NotAllowed(phrase("you have answered; the others have not yet"), where=step.state)
        widened = not mine.isdisjoint(step.audience)
        own = [audience for audience in seats if widened or audience in mine]
        if not own:
            raise NotFound(phrase("no such step"), where=str(step.number))
        named = {person_seating(one) for one in stands_for(by)}
        own.sort(key=lambda audience: audience not in named)
        way = _way(seats, own, set())
        if not way:
            raise NotAllowed(phrase("somebody else has answered in your place"), where=step.state)
        return own, way

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
        return (*[outcome for outcome in routed(spot) if outcome in _TITLES],)

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:
        return tuple(
            Way(outcome=outcome, title=_TITLES[outcome], fields=questions(_FIELDS[outcome]))
            for outcome in self.possible(spot, step)
        )


def _way(seats: Mapping[Seating, Seat], own: Sequence[Seating], seen: set[Seating]) -> list[Seat]:
    """The seat to take and, where somebody sits there, those to which one after the other moves, the last of them free:
    the augmenting path of a matching, so that nobody is kept out by the order in which people come."""
    for audience in own:
        if seats[audience].answer is None:
            return [seats[audience]]
    for audience in own:
        if audience not in seen:
            seen.add(audience)
            if further := _way(seats, seats[audience].may, seen):
                return [seats[audience], *further]
    return []


def _without(audiences: Sequence[Seating], taken: Seat) -> tuple[Seating, ...]:
    return tuple(audience for audience in audiences if audience != taken.audience)


def _checked(outcome: str, answer: Json, where: str) -> dict[str, Json]:
    try:
        return check_answer(_FIELDS[outcome], answer, where)
    except BadAnswer as bad:
        if outcome == "changes" and "words" in bad.problems:
            problems = {**bad.problem_phrases, "words": phrase("say what should change")}
            raise BadAnswer(problems, where=where, possible=["words"]) from None
        raise
