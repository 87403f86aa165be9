"""What somebody did on a step, in plain words: booked, voted, chose, approved, finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import Booking, Json, Step
from flowengine.language.model import Approval, Ask, Choice, Feedback, Fitting, Need, State, Task, Vote
from flowengine.language.texts import plain
from flowengine.views import plainly
from flowengine.views.known import Known


def acted(known: Known, command: c.Act, events: Sequence[e.AnyEvent]) -> str:
    """One act: the move that was made, the answer of one of several, or how the step ended."""
    step = known.steps.get(command.step)
    if step is None:
        return "acted on a step that the history does not know"
    parts = [_moved(known, step, events) or _seated(known, step, events)]
    left = next((one for one in events if isinstance(one, e.Left) and one.branch == step.branch), None)
    if left is not None and left.state == step.state:
        parts.append(_left(known, step, left, events, last=bool(parts[0])))
    return "; ".join(filter(None, parts)) or f"acted on: {step.title}"


def verdict(outcome: str, words: Json, what: str) -> str:
    """What somebody said of what he was asked to approve."""
    said = {"approved": "approved", "changes": "asked for changes", "declined": "declined"}.get(outcome, outcome)
    return f"{said}: {what}" + (f" (“{words}”)" if isinstance(words, str) and words else "")


def _moved(known: Known, step: Step, events: Sequence[e.AnyEvent]) -> str:
    moved = next((one for one in events if isinstance(one, e.Moved) and one.step == step.number), None)
    if moved is None:
        return ""
    what, at = known.title(step.state, step.member), _slot(known, step, events)
    if moved.move == "vote":
        return f"voted{_ballot(known, step, events)}: {step.title or what}"
    return {
        "book": f"booked {at}: {what}",
        "hold": f"reserved {at} for now: {what}",
        "move": f"moved the appointment to {at}: {what}",
        "cancel": f"gave back the appointment of {at}: {what}",
        "missed": f"noted that the customer did not come at {at}: {what}",
    }.get(moved.move, f"{plainly.spoken(moved.move)}: {what}")


def _slot(known: Known, step: Step, events: Sequence[e.AnyEvent]) -> str:
    """The appointment that is taken by these events; else the one there was before them."""
    slot = known.slots.get((step.branch, step.member))
    for event in events:
        if isinstance(event, e.Kept) and isinstance(event.inner, Booking) and event.inner.slot is not None:
            slot = event.inner.slot
    return known.moment(slot, step.state) if slot is not None else "a time that the history does not know"


def _ballot(known: Known, step: Step, events: Sequence[e.AnyEvent]) -> str:
    """For what, where the vote is not secret."""
    answered = next((one for one in events if isinstance(one, e.SeatAnswered)), None)
    if answered is None or answered.secret or not isinstance(answered.seat.answer, Mapping):
        return ""
    titles = _titles(known, known.state(step.state, step.member))
    chosen = answered.seat.answer.get("for", ())
    return " for " + ", ".join(titles.get(str(one), str(one)) for one in chosen)


def _titles(known: Known, state: State | None) -> Mapping[str, str]:
    if not isinstance(state, Vote) or known.process is None:
        return {}
    source: Any = known.process.options.get(state.options, ()) if isinstance(state.options, str) else state.options
    return {str(option.id): option.title for option in source} if isinstance(source, tuple) else {}


def _seated(known: Known, step: Step, events: Sequence[e.AnyEvent]) -> str:
    answered = next((one for one in events if isinstance(one, e.SeatAnswered)), None)
    if answered is None or not isinstance(answered.seat.answer, Mapping):
        return ""
    said = answered.seat.answer
    return verdict(str(said.get("outcome", "")), said.get("words"), step.title or known.title(step.state))


def _left(known: Known, step: Step, left: e.Left, events: Sequence[e.AnyEvent], *, last: bool) -> str:
    """How the step ended. ``last``: by the answer of one of several, which is told already."""
    state, outcome = known.state(step.state, step.member), left.outcome.rpartition(".")[2]
    title = step.title or known.title(step.state, step.member)
    saved = _saved(step, events)
    match state:
        case Vote():
            return f"the vote closed: {plainly.spoken(outcome)}"
        case Approval():
            return f"it is decided: {plainly.spoken(outcome)}" if last else verdict(outcome, saved.get("words"), title)
        case Need():
            return "stated the need"
        case Choice():
            return f"chose {_picks(state, saved)}"
        case Ask():
            return f"answered: {title}"
        case Feedback():
            words = saved.get("words")
            return f"gave feedback: {plain(saved.get('rating'))}" + (f" (“{words}”)" if words else "")
        case Fitting():
            what = known.title(step.state, step.member)
            held = f"held the appointment: {what}"
            return held if outcome == "held" else f"noted that the customer did not come: {what}"
        case Task() if outcome == "done":
            return f"finished: {title}"
    return f"{title}: {plainly.spoken(outcome)}"


def _saved(step: Step, events: Sequence[e.AnyEvent]) -> Mapping[str, Json]:
    """What the answer was saved as: the first that was saved before the state was left."""
    for event in events:
        if isinstance(event, e.Saved) and event.branch == step.branch and isinstance(event.value, Mapping):
            return event.value
        if isinstance(event, e.Left):
            break
    return {}


def _picks(state: Choice, saved: Mapping[str, Json]) -> str:
    titles = saved.get("titles")
    words = titles if isinstance(titles, Mapping) else {}
    picked = [
        f"{pick.title}: {words.get(name) or plain(saved[name])}"
        for name, pick in state.choose.items()
        if name in saved and (words.get(name) or saved[name])
    ]
    return "; ".join(picked) or "nothing"
