"""What operators do to a job by hand: what each needs to know, and the verb that does it, or says what it would do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from flowengine.client.desk import Desk
from flowengine.core.values import Json
from flowengine.speech.telling import Speech
from flowengine.views.replies import MigrationView, Receipt, Track

Done = Receipt | MigrationView
"""What came of it, or would come of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A hand, used: ``of`` what (the id of a step, a call or a timer), with what was ``given``, and why. ``dry``: only
    to say what would come of it."""

    job: str
    of: str
    given: dict[str, str]
    because: str
    dry: bool
    key: str | None
    speech: Speech


class Unreadable(Exception):
    """What was typed in a box cannot be read."""

    def __init__(self, box: str, words: str) -> None:
        super().__init__(words)
        self.box, self.words = box, words


@dataclass(frozen=True, slots=True)
class Box:
    """Something that is asked."""

    name: str
    title: str
    hint: str = ""
    sort: Literal["text", "long", "moment", "tick"] = "text"
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Hand:
    """One of them. ``of``: what it is about, where that is not the job as a whole."""

    name: str
    title: str
    means: str
    do: Callable[[Desk, Call], Done]
    boxes: tuple[Box, ...] = ()
    of: Literal["", "step", "call", "timer"] = ""


def all_hands(speech: Speech) -> dict[str, Hand]:
    """All, by their names in addresses."""
    say = speech.say
    branch = Box("branch", say("Branch"), say("Only where several are under way."), needed=False)
    answer = Box("answer", say("Answer"), say("As JSON, by the names of the questions."), "long", False)
    outcome = Box("outcome", say("Outcome"), needed=False)
    found = (
        Hand("suspend", say("Pause the job"), say("Nobody acts on it, and no clock runs."), _suspend),
        Hand("resume", say("Let the job go on"), say("Its clocks run again."), _resume),
        Hand(
            "end", say("End the job"), say("For good, wherever it stands."), _end,
            (Box("undo", say("Undo first what its services did"), sort="tick", needed=False),),
        ),
        Hand(
            "move", say("Move the job to another state"), say("It leaves where it stands."), _move,
            (Box("to", say("To which state"), say("Its name in the process.")), branch),
        ),
        Hand(
            "data", say("Set data"), say("A value at a place in the data of the job."), _data,
            (Box("place", say("Place"), say("As in “need.by”.")), Box("value", say("Value"), say("As JSON.")), branch),
        ),
        Hand(
            "migrate", say("Move the job to another version of its process"), say("The latest, unless you name one."),
            _migrate, (Box("version", say("Version"), needed=False),),
        ),
        Hand(
            "act", say("Act in somebody’s stead"), say("As if the person had done it; the history says that you did."),
            _act, (Box("person", say("In whose stead"), say("The exact id.")), outcome, answer), "step",
        ),
        Hand(
            "complete", say("Say that the call is done"), say("The job goes on with the result that you give."),
            _complete, (outcome, Box("result", say("Result"), say("As JSON."), "long", False)), "call",
        ),
        Hand("fail", say("Have the call fail"), say("The job takes the way for that."), _fail, (), "call"),
        Hand("skip", say("Leave the call out"), say("The job goes on as if it were done."), _skip, (outcome,), "call"),
        Hand("fire", say("Have it happen now"), say("What the clock is set for."), _fire, (), "timer"),
        Hand("drop", say("Have it not come"), say("A reminder, or an escalation."), _drop, (), "timer"),
        Hand(
            "deadline", say("Move the deadline"), say("Those who wait for it are told."), _deadline,
            (Box("to", say("To when"), say("By the clock in %(place)s.", place=speech.place()), "moment"),), "timer",
        ),
    )  # fmt: skip
    return {one.name: one for one in found}


def of_jobs(track: Track, speech: Speech) -> list[Hand]:
    """Those for a job as it stands."""
    if track.status != "open":
        return []
    left_out = "resume" if track.suspended is None else "suspend"
    return [one for one in all_hands(speech).values() if not one.of and one.name != left_out]


def _suspend(desk: Desk, call: Call) -> Done:
    return desk.suspend(call.job, because=call.because, dry=call.dry, key=call.key)


def _resume(desk: Desk, call: Call) -> Done:
    return desk.resume(call.job, because=call.because, dry=call.dry, key=call.key)


def _end(desk: Desk, call: Call) -> Done:
    return desk.end(call.job, call.because, undo=call.given["undo"] == "yes", dry=call.dry, key=call.key)


def _move(desk: Desk, call: Call) -> Done:
    given = call.given
    return desk.move(
        call.job, given["to"], because=call.because, branch=given["branch"], dry=call.dry, key=call.key
    )  # fmt: skip


def _data(desk: Desk, call: Call) -> Done:
    given, value = call.given, _json("value", call)
    return desk.set_data(
        call.job, given["place"], value, because=call.because, branch=given["branch"], dry=call.dry, key=call.key
    )


def _migrate(desk: Desk, call: Call) -> Done:
    return desk.migrate(call.job, call.given["version"] or None, because=call.because, dry=call.dry)


def _act(desk: Desk, call: Call) -> Done:
    answer = _json("answer", call)
    if answer is not None and not isinstance(answer, dict):
        raise Unreadable("answer", call.speech.say("Please give an object: {…}."))
    given = call.given
    return desk.act_for(
        call.of, given["person"], given["outcome"], answer, because=call.because, dry=call.dry, key=call.key
    )


def _complete(desk: Desk, call: Call) -> Done:
    return desk.complete_call(
        call.of, call.given["outcome"] or "done", _json("result", call), because=call.because, dry=call.dry,
        key=call.key,
    )  # fmt: skip


def _fail(desk: Desk, call: Call) -> Done:
    return desk.fail_call(call.of, call.because, dry=call.dry, key=call.key)


def _skip(desk: Desk, call: Call) -> Done:
    return desk.skip_call(
        call.of, call.because, outcome=call.given["outcome"] or "done", dry=call.dry, key=call.key
    )  # fmt: skip


def _fire(desk: Desk, call: Call) -> Done:
    return desk.fire_timer(call.of, because=call.because, dry=call.dry, key=call.key)


def _drop(desk: Desk, call: Call) -> Done:
    return desk.drop_timer(call.of, because=call.because, dry=call.dry, key=call.key)


def _deadline(desk: Desk, call: Call) -> Done:
    try:
        typed = datetime.fromisoformat(call.given["to"])
        moment = (typed if typed.tzinfo is not None else typed.replace(tzinfo=call.speech.clock())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("to", call.speech.say("Please give a day and a time.")) from None
    return desk.move_deadline(call.of, moment, because=call.because, dry=call.dry, key=call.key)


def _json(box: str, call: Call) -> Json:
    return read_json(box, call.given[box], call.speech)


def read_json(box: str, text: str, speech: Speech) -> Json:
    """What was typed in a box, as JSON; None for nothing. Raises Unreadable."""
    if not text:
        return None
    try:
        found: Json = json.loads(text)
    except (ValueError, RecursionError):
        words = speech.say('This is no JSON: texts stand in quotes, as "navy"; numbers stand alone.')
        raise Unreadable(box, words) from None
    return found
