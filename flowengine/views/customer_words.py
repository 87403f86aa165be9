"""What a customer may be told of the states of a process: phases, and the states that ask customers (L9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.fields import once
from flowengine.core.machines import Compiled
from flowengine.core.seatings import waits_for
from flowengine.language.model import State
from flowengine.language.parts import EXPIRED
from flowengine.language.types.ends import End
from flowengine.speech.phrases import phrase
from flowengine.views.replies import Receipt, UnansweredView

UNDER_WAY = phrase("We are working on it")
"""Where a job is, for its customer, when the process has no word of its own for it."""

ASKED = phrase("We wait for an answer")
"""The same, while customers are asked."""

_ENDED = {"fulfilled": phrase("Fulfilled"), "ended": phrase("Ended")}

TAKES_LONGER = phrase("It takes longer than it should; we have been told, and look into it")
"""What a customer is told where his job waits for staff, code or the outside for so long that somebody has to look."""


UNANSWERED = phrase("It takes longer than it should until this is answered; we have been told, and look into it")
"""What somebody is told who has asked, and is not answered in time."""


def words_of(compiled: Compiled) -> Mapping[str, str]:
    """The word for each state that has one, by name, in the order of the file; found once for each version."""
    return once(
        compiled,
        "customers",
        lambda: {name: word for name, state in compiled.states.items() if (word := state.customers_word)},
    )


def places(compiled: Compiled, standing: Mapping[str, int]) -> tuple[str, ...]:
    """Where a job stands, for customers, in the order of the file; one thing at least."""
    words = words_of(compiled)
    if len(standing) == 1:
        (name,) = standing
        return (words.get(name) or word_without(compiled, name),)
    found = tuple(dict.fromkeys(word for name, word in words.items() if name in standing))
    return found or tuple(dict.fromkeys(word_without(compiled, name) for name in standing))[:1]


def unanswered(compiled: Compiled, state: State) -> UnansweredView | None:
    """What becomes of a job where nobody answers in time, in the file's words for customers (L9): why it ends, or what
    it goes on with. None where there are no such words, and where it depends."""
    routes = state.on.get(EXPIRED, ())
    target = compiled.states.get(routes[0].to) if len(routes) == 1 else None
    if target is None:
        return None
    words = target.because if isinstance(target, End) else words_of(compiled).get(target.name, "")
    return UnansweredView(words=words, ends=isinstance(target, End)) if words else None


def word_around(compiled: Compiled, name: str) -> str:
    """The word for a state, else for the nearest around it that has one, else what stands for one without words."""
    words, around, at = words_of(compiled), _around(compiled), name
    while at and at not in words:
        at = around.get(compiled.scope_of[at].path, "")
    return words[at] if at else word_without(compiled, name)


def _around(compiled: Compiled) -> Mapping[str, str]:
    """The state around each scope, by the scope's path; found once for each version."""
    return once(
        compiled,
        "around",
        lambda: {scope.path: state.name for state in compiled.states.values() for scope in state.scopes},
    )


def word_without(compiled: Compiled, name: str) -> str:
    """What stands for a state for which the file has no words."""
    return ASKED if compiled.states[name].for_customers else UNDER_WAY


def customers_receipt(
    job: str, seq: int, compiled: Compiled, command: c.AnyCommand, done: Advance, question: str,
    told: Callable[[str], str],
) -> Receipt:  # fmt: skip
    """A receipt as the customer who asked may read it: phases for states, and of the events those that are his (L9),
    ``told`` in his words.

    The end of a job is told by its reason. ``steps`` are those that now wait for him.
    """
    head = done.draft.head
    because = compiled.process.said(head.because) if head.because else ""
    ended = (because or told(_ENDED.get(head.status, head.status)),)
    words = words_of(compiled)
    outcome, events = _told(words, command, done.events)
    step = getattr(command, "step", None)
    return Receipt(
        job=job,
        seq=seq,
        status=head.status,
        step=f"{job}.{step}" if step is not None else "",
        acted=told(_acted(compiled, words, command, done)),
        outcome=outcome,
        states=tuple(map(told, places(compiled, head.standing))) if head.status == "open" else ended,
        steps=tuple(_own_steps(job, command, done)),
        because=because,
        events=events,
        question=question,
    )


def _acted(compiled: Compiled, words: Mapping[str, str], command: c.AnyCommand, done: Advance) -> str:
    if isinstance(command, c.Invoke):
        return next(entry.title for _, entry in compiled.always[command.name])
    return (words.get(done.acted) or word_without(compiled, done.acted)) if done.acted else ""


def _own_steps(job: str, command: c.AnyCommand, done: Advance) -> Iterable[str]:
    for number in done.effects.opened_steps:
        if waits_for(command.by, done.effects.steps[number], done.draft.seat):
            yield f"{job}.{number}"


def _told(words: Mapping[str, str], command: c.AnyCommand, events: Iterable[e.AnyEvent]) -> tuple[str, tuple[str, ...]]:
    """How his own step ended, or the move he made in it; the name of what he used at any time. And what happened: his
    own doing first, then each word for where the job came by, once."""
    outcome = command.name if isinstance(command, c.Invoke) else ""
    told: dict[str, None] = {}
    acted = isinstance(command, c.Act | c.Start | c.TakeBack)
    for event in events:
        match event:
            case e.Entered():
                if event.state in words:
                    told[words[event.state]] = None
            case e.Left() | e.StepClosed():
                if acted and not outcome:
                    outcome = event.outcome
            case e.Moved():
                if acted and not outcome:
                    outcome = event.move
            case e.StepChanged():
                told[event.why] = None
            case e.Ended():
                told[event.kind] = None
    first = (outcome,) if outcome else ()
    return outcome, (*first, *(word for word in told if word != outcome))
