"""``call``: a job of another process, here or at a partner.

What a partner asks of us, as his customer, stands here as steps of the state: they have the forms that he sent, and our
answers go back to him. He decides what they come to: a step of his that is over closes ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from flowengine import exact
from flowengine.core import events as e
from flowengine.core.commands import Act, Finish, Hear
from flowengine.core.fields import as_plain, check_answer, expect_usable
from flowengine.core.forms import FormField, Way
from flowengine.core.kinds.base import Waiting, chosen
from flowengine.core.kinds.service import inputs
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Foreign, ServiceCall, Step
from flowengine.errors import BadAnswer
from flowengine.language.parts import Field
from flowengine.language.types import Call

MOST_ASKED = 100
"""Steps of one job of his that a partner asks of us at once."""

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
        known, asked = _known(spot.steps), _wanted(call, command.asked, command.took)
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
        way = next(one for one in _ways(step) if one.outcome == outcome)
        answer = check_answer([_field(one) for one in way.fields], command.answer, step.title)
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
        return tuple(one.outcome for one in _ways(step))

    def ways(self, spot: Spot, step: Step) -> tuple[Way, ...]:  # noqa: ARG002 - the protocol's signature
        return _ways(step)

    def slots(self, spot: Spot, step: Step) -> tuple[datetime, ...]:  # noqa: ARG002 - the protocol's signature
        return () if step.foreign is None else step.foreign.slots

    def renewed(self, spot: Spot, before: Spot, step: Step) -> Step:
        """The words are the partner's; those who answer may be others now."""
        kept = {"title": step.title, "shown": step.shown}
        return msgspec.structs.replace(Waiting.renewed(self, spot, before, step), **kept)


def expect_sound(asked: Sequence[Foreign]) -> None:
    """Raises BadAnswer where what a partner asks could not be shown, answered or kept here: at the door, so that nobody
    has a step before him that fails when he opens it."""
    if len(asked) > MOST_ASKED:
        raise BadAnswer({"asked": f"has {len(asked)} steps; at most {MOST_ASKED} are taken"})
    for one in asked:
        as_plain(exact.builtins(one), name="asked")
        try:
            ways = msgspec.convert(one.ways, tuple[Way, ...])
        except msgspec.ValidationError as error:
            raise BadAnswer({"asked": f"has no form that can be answered: {str(error)[:200]}"}) from None
        if not ways:
            raise BadAnswer({"asked": "says in no way how it can be answered"})
        if any(moment.tzinfo is None for moment in (one.due, *one.slots) if moment is not None):
            raise BadAnswer({"asked": "has a moment without its offset to UTC"})
        for way in ways:
            expect_usable([_field(field) for field in way.fields if not field.kinds])


def is_known(call: ServiceCall, steps: Sequence[Step], seq: int, asked: Sequence[Foreign], took: str = "") -> bool:
    """Whether what a partner tells of his job is older than what we know, or the same. ``steps`` are those of the
    call's state."""
    if seq != call.heard or took:
        return seq < call.heard
    return {id: step.foreign for id, step in _known(steps).items()} == _wanted(call, asked)


def _known(steps: Sequence[Step]) -> dict[str, Step]:
    """What he has asked already, by his steps."""
    return {step.foreign.step: step for step in steps if step.foreign is not None}


def _wanted(call: ServiceCall, asked: Sequence[Foreign], took: str = "") -> dict[str, Foreign]:
    """What is to be answered here, by his steps: not what has been, and is on its way."""
    return {one.step: one for one in asked if one.step == took or one.step not in call.answered}


def _ways(step: Step) -> tuple[Way, ...]:
    """The ways that a partner has sent, as those of our own forms."""
    return () if step.foreign is None else msgspec.convert(step.foreign.ways, tuple[Way, ...])


def _field(asked: FormField) -> Field:
    """What an answer is held against before it is sent. A file lies here, and means nothing to the partner."""
    if asked.kinds:
        raise BadAnswer({asked.name: "files do not go to a partner"}, possible=("send it to them otherwise",))
    kind = "string" if asked.type == "file" else asked.type
    return Field(name=asked.name, type=kind, title=asked.title, optional=not asked.required, schema=_schema(asked))


def _schema(asked: FormField) -> dict[str, object]:
    ids = [one.id for one in asked.options]
    if not ids:
        return {key: value for key, value in asked.schema.items() if key not in ("earliest", "latest")}
    if asked.shape == "one":
        return {"enum": ids}
    if asked.shape in ("several", "ranked"):
        return {"items": {"enum": ids}, "minItems": int(asked.min or 0), "uniqueItems": True}
    return {
        "propertyNames": {"enum": [str(id) for id in ids]},
        "additionalProperties": {"type": "integer", "minimum": 0},
    }
