"""What a partner asks of us, as his customer: whether it can be shown and answered here, whether it is known already,
and against what an answer is held before it goes to him."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flowengine import exact
from flowengine.core.fields import as_plain, expect_usable
from flowengine.core.forms import FormField, Way
from flowengine.core.values import Foreign, ServiceCall, Step
from flowengine.errors import BadAnswer
from flowengine.language.parts import Field

MOST_ASKED = 100
"""Steps of one job of his that a partner asks of us at once."""


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
            expect_usable([field_of(field) for field in way.fields if not field.kinds])


def is_known(call: ServiceCall, steps: Sequence[Step], seq: int, asked: Sequence[Foreign], took: str = "") -> bool:
    """Whether what a partner tells of his job is older than what we know, or the same. ``steps`` are those of the
    call's state."""
    if seq != call.heard or took:
        return seq < call.heard
    return {id: step.foreign for id, step in asked_here(steps).items()} == to_answer(call, asked)


def asked_here(steps: Sequence[Step]) -> dict[str, Step]:
    """What he has asked already, by his steps."""
    return {step.foreign.step: step for step in steps if step.foreign is not None}


def to_answer(call: ServiceCall, asked: Sequence[Foreign], took: str = "") -> dict[str, Foreign]:
    """What is to be answered here, by his steps: not what has been, and is on its way."""
    return {one.step: one for one in asked if one.step == took or one.step not in call.answered}


def ways_of(step: Step) -> tuple[Way, ...]:
    """The ways that a partner has sent, as those of our own forms."""
    return () if step.foreign is None else msgspec.convert(step.foreign.ways, tuple[Way, ...])


def field_of(asked: FormField) -> Field:
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
