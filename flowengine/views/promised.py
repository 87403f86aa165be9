"""What became of a promise, and the words for it: to its customer, and inside the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from flowengine.core import events as e
from flowengine.core.machines import Compiled
from flowengine.core.values import NEW_DATE, Head, Promise, Step
from flowengine.language.model import Process
from flowengine.speech.languages import SOURCE
from flowengine.speech.phrases import phrase
from flowengine.speech.spoken_time import last_day
from flowengine.speech.words import Words
from flowengine.views import plainly
from flowengine.views.customer_words import UNDER_WAY, places
from flowengine.views.replies import ExpectedView, PromiseStatus, PromiseView, View

if TYPE_CHECKING:
    from flowengine.insight.expecting import Range  # a desk far from the database loads nothing of it


class PromiseRow(View, frozen=True, kw_only=True):
    """A promise in a list: of which job, for whom, and what became of it; ``expected`` is when what is still to be kept
    is, where that is known. ``zone`` is that of its process, in which a promised day ends; ``place`` is what the next
    page comes ``after``."""

    job: str
    short: str
    process: str
    title: str
    customer: str
    customer_name: str
    promise: PromiseView
    expected: ExpectedView | None = None
    zone: str = ""
    place: str = ""


class PromiseCount(View, frozen=True, kw_only=True):
    """How many promises of a process are in one ``state``, which is a :attr:`PromiseView.status`."""

    process: str
    state: PromiseStatus
    count: int


_SAID = {
    "open": phrase("Promised for %(by)s"),
    "asked": phrase("Promised for %(by)s; asked is %(asked)s instead"),
    "late": phrase("Promised for %(by)s, late since then"),
    "kept": phrase("Promised for %(by)s, kept"),
    "broken": phrase("Promised for %(by)s, broken"),
    "released": phrase("Had been promised for %(by)s, which no longer stands"),
}


def status(head: Head, now: datetime) -> PromiseStatus:
    """What became of the promise of a job that has one."""
    promise = head.promise
    assert promise is not None, "nothing was promised"
    if promise.kept is not None:
        return "kept" if promise.kept else "broken"
    if head.status != "open":
        return "released"
    if promise.is_late(now):
        return "late"
    return "asked" if promise.asked is not None else "at_risk" if promise.risk is not None else "open"


def promise_view(process: Process, head: Head, now: datetime, words: Words, passed: str = "") -> PromiseView | None:
    """The promise as it is told; ``passed`` are the words for one that is late, where they are not the usual ones."""
    return None if head.promise is None else told(process, head.promise, status(head, now), words, passed)


def told(process: Process, promise: Promise, became: PromiseStatus, words: Words, passed: str = "") -> PromiseView:
    """A promise of which that became, as it is told."""
    clock = plainly.Clock(process, words)
    asked = clock.promised(promise.asked or promise.by)
    said = passed if became == "late" and passed else at_risk(process, promise, words) if became == "at_risk" else ""
    if became == "asked" and promise.risk is not None:
        said = words.say("%(told)s. Asked is %(asked)s instead", told=at_risk(process, promise, words), asked=asked)
    return PromiseView(
        by=promise.by,
        first=promise.first,
        kept=promise.kept,
        late=became == "late" or promise.kept is False,
        status=became,
        words=said or words.say(_SAID[became], by=clock.promised(promise.by), asked=asked),
        expected=promise.risk if promise.kept is None else None,
        asked=promise.asked,
        agreed_by=promise.agreed_by,
    )


def at_risk(process: Process, promise: Promise, words: Words) -> str:
    """That it will be later than promised, as a range of days; a promise that is not at risk as it stands."""
    clock = plainly.Clock(process, words)
    by = clock.promised(promise.by)
    if promise.risk is None:
        return words.say("Promised for %(by)s", by=by)
    between = within_days(*promise.risk, words, clock.home)
    return words.say(
        "Promised for %(by)s, but it is expected %(between)s: it takes longer than we thought", by=by, between=between
    )


def expected_view(found: Range | None, home: tzinfo, words: Words, *, inside: bool) -> ExpectedView | None:
    """When a job is expected to be finished, as it is told; how many jobs are behind it, to those ``inside`` alone."""
    if found is None:
        return None
    between = within_days(found.p50, found.p90, words, home)
    said = words.say("Expected %(between)s", between=between)
    return ExpectedView(soonest=found.p50, latest=found.p90, words=said, jobs=found.jobs if inside else None)


def within_days(soonest: datetime, latest: datetime, words: Words, home: tzinfo) -> str:
    """``between Fri 12 Mar 2027 and Fri 19 Mar 2027``, or ``on`` a day, where the reader is, else at ``home``."""
    first, last = (words.day(one.astimezone(words.zone or home)) for one in (soonest, latest))
    if first == last:
        return words.say("on %(day)s", day=first)
    return words.say("between %(soonest)s and %(latest)s", soonest=first, latest=last)


def said_in(event: e.Said, events: Sequence[e.AnyEvent], clock: plainly.Clock | None) -> str:
    """What was said, in an entry with these events. How another date is asked for a history has in English, in which it
    names the promised one too: to who reads another language it is told anew."""
    if event.kind != NEW_DATE or not event.text or clock is None or clock.words.language == SOURCE:
        return event.text
    to = next((one.to for one in events if isinstance(one, e.PromiseAsked) and one.step == event.number), None)
    if to is None:
        return event.text
    because, say = event.text.partition(": ")[2], clock.words.say
    risk = next((one for one in events if isinstance(one, e.PromiseAtRisk)), None)
    if risk is not None:
        between = within_days(risk.soonest, risk.latest, clock.words, clock.home)
        because = say("it is expected %(between)s, for it takes longer than we thought", between=between)
    return say("A new date, %(new)s: %(because)s", new=clock.promised(to), because=because)


def passed(compiled: Compiled, head: Head, words: Words, asked: Sequence[Step]) -> str:
    """What a customer is told of a promise whose moment is over, and of what is done about it now; ``asked`` are the
    steps that wait for him."""
    assert head.promise is not None, "nothing was promised"
    process, by = compiled.process, head.promise.by
    at = plainly.Clock(process, words).promised(by)
    if last_day(by, process.clock) is None:
        over = words.say("The time we promised, %(at)s, has passed", at=at)
    else:
        over = words.say("The day we promised, %(at)s, has passed", at=at)
    if head.suspended is not None:
        return words.say("%(over)s. It is paused: %(because)s", over=over, because=head.suspended.because)
    titles, states = ", ".join(step.title for step in asked), {step.state for step in asked}
    elsewhere = {name: count for name, count in head.standing.items() if name not in states}
    if titles and all(compiled.states[name].scopes for name in elsewhere):  # they only hold what waits for him
        return words.say("%(over)s. It waits for you: %(titles)s", over=over, titles=titles)
    at_work = ", ".join(words.tell(one) for one in places(compiled, elsewhere) if one != UNDER_WAY)
    told = words.say("%(over)s. We are still at work on it", over=over) + (f": {at_work}" if at_work else "")
    return words.say("%(told)s. It waits for you, too: %(titles)s", told=told, titles=titles) if titles else told
