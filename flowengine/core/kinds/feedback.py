"""``feedback``: the customer rates what was done, and may bring another customer."""

from __future__ import annotations

from typing import Any

from flowengine.core import events as e
from flowengine.core.commands import Act
from flowengine.core.fields import check_answer, once
from flowengine.core.kinds.base import Waiting, chosen, skipped
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Step
from flowengine.language.parts import Field
from flowengine.language.types import Feedback

_NO = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_LINE = f"[^{_NO}]*"
"""Names and contacts are one line, without control characters."""

_ONCE = "A mail address, say. We write there once, and say that it was you."

_REFERRAL: dict[str, Any] = {
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": rf"^{_LINE}[^\s{_NO}]{_LINE}$"},
        "contact": {"type": "string", "maxLength": 500, "pattern": rf"^{_LINE}$", "description": _ONCE},
    },
    "required": ["name"],
    "additionalProperties": False,
}


class Rating(Waiting[Feedback]):
    """Waits for a rating on the state's scale, with words and more if the customer likes.

    The answer is ``{rating, words?, recommend?, referral?}`` and the state's own fields. A referral (``{name,
    contact?}``, only where the state asks for one) is told as :class:`~flowengine.core.events.Referred` and is not
    saved: it is another person's data, not this job's.
    """

    def act(self, spot: Spot, step: Step, command: Act) -> Result | None:
        outcome = chosen(step, command, self.possible(spot, step))
        if spot.state.is_skipping(outcome):
            return skipped(step, command)
        answer = check_answer(
            self.asked(self.state(spot)), command.answer, step.state, names=spot.names, world=spot.world
        )
        referral = answer.pop("referral", None)
        if referral is not None:
            spot.draft.record(e.Referred(name=referral["name"], contact=referral.get("contact", "")))
        return Result(outcome, answer, command.by.id)

    def asked(self, state: Feedback) -> tuple[Field, ...]:
        """The rating, words, whether he would recommend it, and the state's own fields."""
        return once(state, "feedback", lambda: _fields(state))


def _fields(state: Feedback) -> tuple[Field, ...]:
    low, high = state.scale
    asked = [
        Field(name="rating", type="integer", title="Rating", schema={"minimum": low, "maximum": high}),
        Field(name="words", type="string", title="In your words", optional=True),
        Field(name="recommend", type="boolean", title="Would you recommend us?", optional=True),
    ]
    if state.refer:
        asked.append(
            Field(name="referral", type="object", title="Whom would you bring?", optional=True, schema=_REFERRAL)
        )
    return (*asked, *state.fields)
