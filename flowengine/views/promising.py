"""A look before something is done, as who asks may read it: what is answered again, undone, given back and cancelled,
what is promised before and after, and what comes next (L9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from flowengine import exact
from flowengine.core.fields import OR
from flowengine.core.machines import Compiled
from flowengine.core.previewing import Change, TakenBack
from flowengine.core.seatings import waits_for
from flowengine.core.translating import step_in
from flowengine.core.values import Actor, Json, Step
from flowengine.exact import Number
from flowengine.language.model import State
from flowengine.language.outcomes import outcome_words
from flowengine.speech.phrases import listing, phrase
from flowengine.speech.words import Words
from flowengine.views import plainly
from flowengine.views.customer_words import ASKED, UNDER_WAY, places, word_around, words_of
from flowengine.views.plainly import sentence_case
from flowengine.views.promised import promise_view
from flowengine.views.replies import PromiseView, View

_ENCODE = exact.encoder(order="deterministic").encode


class UndoneView(View, frozen=True, kw_only=True):
    """Something that is undone: in ``words``; what that ``costs`` the customer, where the process says it. Those inside
    are also told the ``state``, and the ``handler`` that does it; where it is not ``certain`` that it was done, it may
    have been."""

    words: str
    costs: Number | None = None
    certain: bool = True
    state: str = ""
    handler: str = ""


class Preview(View, frozen=True, kw_only=True):
    """What would come of it now; nothing is done. ``name`` is what is looked at: an offer of the job, or the outcome of
    a ``step``, ``title`` what people call it.

    ``redone`` is what its customer has answered and is asked again, now or on the usual way from there; ``undone`` what
    services have done and is taken back, in that order, with what it ``costs`` in all (in ``currency``, where the
    process has one); ``given_back`` are appointments that are free again; ``cancelled`` is what was open and is so no
    more. ``promise`` is what is promised before it and ``promise_after`` after it; ``expected`` is when the job comes
    to its end then, the soonest and the latest, as far as its file says how long things take. ``next`` is what then
    waits for who asks, and ``where`` the job stands; ``over`` is how it ends, where it does. All is told as it is once
    everything is undone, which is taken to succeed.

    ``digest`` stands for all that is told here but for ``expected`` and the words of promises, which the clock alone
    changes. Whoever does it gives it back, and is refused where it would come to something else by then.
    """

    job: str
    short: str
    name: str
    title: str
    version: str
    step: str = ""
    redone: tuple[str, ...] = ()
    undone: tuple[UndoneView, ...] = ()
    costs: Number | None = None
    currency: str = ""
    given_back: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    promise: PromiseView | None = None
    promise_after: PromiseView | None = None
    expected: tuple[datetime, datetime] | None = None
    next: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    over: str = ""
    digest: str = ""
    about: str = ""
    """What its process is called."""
    zone: str = "UTC"
    """The time zone of the process, in which a promised day ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads it: ``inside`` sees the states, ``own`` knows the promise. ``name_of`` gives names for ids."""

    actor: Actor
    inside: bool
    own: bool
    now: datetime
    words: Words
    name_of: Callable[[str], str]


def preview(compiled: Compiled, change: Change, reader: Reader, named: Preview, answer: Json) -> Preview:
    """A change as its reader may know it; ``named`` says of what it is."""
    process, head = compiled.process, change.then.head
    clock = plainly.Clock(process, reader.words)
    undone = tuple(_undone(compiled, one, reader) for one in change.undone)
    costs = [one.costs for one in undone if one.costs is not None]
    ended = head.status != "open"
    appointment = phrase("The appointment on %(at)s") if reader.inside else phrase("Your appointment on %(at)s")
    was = replace(head, status="open", promise=change.before)
    seen = replace(
        named,
        redone=tuple(dict.fromkeys(_asked(one, reader) for one in change.redone)),
        undone=undone,
        costs=sum(costs) if costs else None,
        currency=process.currency if costs else "",
        given_back=tuple(
            reader.words.say(appointment, at=clock.moment(one.slot, one.state)) for one in change.given_back
        ),
        cancelled=tuple(dict.fromkeys(_cancelled(compiled, change, reader))),
        promise=promise_view(process, was, reader.now, reader.words) if reader.own else None,
        promise_after=promise_view(process, head, reader.now, reader.words) if reader.own else None,
        expected=change.expected if reader.own else None,
        next=tuple(_step(compiled, one, reader) for one in change.opened if _is_for(one, change, reader)),
        where=() if ended else _places(compiled, change, reader),
        about=process.title,
        zone=process.zone,
        over=(process.said(head.because) or sentence_case(reader.words.tell(outcome_words(head.status))))
        if ended
        else "",
    )
    return replace(seen, digest=digest(seen, reader.actor, answer))


def digest(seen: Preview, actor: Actor, answer: Json) -> str:
    """The SHA-256, in hexadecimal, of what was shown to whom, and of what he answers. What the clock alone changes does
    not count: what is expected, and whether a promise is late by now."""
    promises = [one and (one.by, one.kept) for one in (seen.promise, seen.promise_after)]
    shown = replace(seen, digest="", expected=None, promise=None, promise_after=None)
    return sha256(_ENCODE([shown, promises, actor.kind, actor.id, answer])).hexdigest()


def _asked(state: State, reader: Reader) -> str:
    """What is asked again, as its customer knows it; to those inside by its title."""
    if reader.inside:
        return state.title
    asked = (one for one in state.members.values() if one.for_customers)
    return reader.words.tell(
        listing(filter(None, (one.in_short for one in asked)), OR) or state.customers_word or ASKED
    )


def _undone(compiled: Compiled, one: TakenBack, reader: Reader) -> UndoneView:
    state, name = one.state, one.undoable.state
    if reader.inside:
        title = state.title if state is not None else name
        words, state_name, handler = (
            one.words or reader.words.say("%(title)s: what was done is undone", title=title),
            name,
            one.undoable.handler,
        )
    else:
        word = reader.words.tell(word_around(compiled, name) if name in compiled.states else UNDER_WAY)
        words, state_name, handler = (
            one.words or reader.words.say("%(word)s: what was done is undone", word=word),
            "",
            "",
        )
    return UndoneView(words=words, costs=one.costs, certain=one.undoable.certain, state=state_name, handler=handler)


def _cancelled(compiled: Compiled, change: Change, reader: Reader) -> Iterator[str]:
    """What was open and is so no more: to a customer his own steps, but for an appointment that is told already."""
    for step in change.closed:
        if reader.inside or (_is_for(step, change, reader) and step.booked is None):
            yield _step(compiled, step, reader)
    for call in change.left:
        if reader.inside or call.state in words_of(compiled):
            yield compiled.states[call.state].title if reader.inside else words_of(compiled)[call.state]


def _step(compiled: Compiled, step: Step, reader: Reader) -> str:
    step = step_in(compiled.process, step)
    if not reader.inside:
        return step.title
    process, people = compiled.process, [one.partition(":")[2] for one in step.audience if one.startswith("person:")]
    names = {person: reader.name_of(person) for person in people}
    whom = (plainly.waits_for_words(one, names, process.roles, process.groups) for one in step.audience)
    said = reader.words.tell(listing(whom))
    return f"{step.title} ({said})" if said else step.title


def _is_for(step: Step, change: Change, reader: Reader) -> bool:
    """Whether somebody is told of a step: those inside of all of them, a customer of his own."""
    return reader.inside or waits_for(reader.actor, step, change.then.seat)


def _places(compiled: Compiled, change: Change, reader: Reader) -> tuple[str, ...]:
    standing = change.then.head.standing
    if not reader.inside:
        return tuple(map(reader.words.tell, places(compiled, standing)))
    return tuple(state.title for name, state in compiled.states.items() if name in standing)
