"""What became of a promise, and the words for it: to its customer, and inside the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from flowengine.core.machines import Compiled
from flowengine.core.values import Head, Promise, Step
from flowengine.language.model import Process
from flowengine.speech.spoken_time import day, last_day
from flowengine.views import plainly
from flowengine.views.customer_words import UNDER_WAY, places
from flowengine.views.replies import PromiseStatus, PromiseView, View


class PromiseRow(View, frozen=True, kw_only=True):
    """A promise in a list: of which job, for whom, and what became of it. ``zone`` is that of its process, in which a
    promised day ends; ``place`` is what the next page comes ``after``."""

    job: str
    short: str
    process: str
    title: str
    customer: str
    customer_name: str
    promise: PromiseView
    zone: str = ""
    place: str = ""


class PromiseCount(View, frozen=True, kw_only=True):
    """How many promises of a process are in one ``state``, which is a :attr:`PromiseView.status`."""

    process: str
    state: PromiseStatus
    count: int


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


def promise_view(
    process: Process, head: Head, now: datetime, reader: tzinfo | None, passed: str = ""
) -> PromiseView | None:
    """The promise as it is told; ``passed`` are the words for one that is late, where they are not the usual ones."""
    return None if head.promise is None else told(process, head.promise, status(head, now), reader, passed)


def told(
    process: Process, promise: Promise, became: PromiseStatus, reader: tzinfo | None, passed: str = ""
) -> PromiseView:
    """A promise of which that became, as it is told."""
    clock = plainly.Clock(process, reader)
    by = clock.promised(promise.by)
    words = {
        "open": f"Promised for {by}",
        "at_risk": at_risk(process, promise, reader),
        "asked": f"Promised for {by}; asked is {clock.promised(promise.asked or promise.by)} instead",
        "late": passed or f"Promised for {by}, late since then",
        "kept": f"Promised for {by}, kept",
        "broken": f"Promised for {by}, broken",
        "released": f"Had been promised for {by}, which no longer stands",
    }
    return PromiseView(
        by=promise.by,
        first=promise.first,
        kept=promise.kept,
        late=became == "late" or promise.kept is False,
        status=became,
        words=words[became],
        expected=promise.risk if promise.kept is None else None,
        asked=promise.asked,
        agreed_by=promise.agreed_by,
    )


def at_risk(process: Process, promise: Promise, reader: tzinfo | None) -> str:
    """That it will be later than promised, as a range of days; a promise that is not at risk as it stands."""
    clock = plainly.Clock(process, reader)
    by = f"Promised for {clock.promised(promise.by)}"
    if promise.risk is None:
        return by
    soonest, latest = (day(one.astimezone(reader or clock.home)) for one in promise.risk)
    between = f"on {soonest}" if soonest == latest else f"between {soonest} and {latest}"
    return f"{by}, but it is expected {between}: it takes longer than we thought"


def passed(compiled: Compiled, head: Head, reader: tzinfo | None, asked: Sequence[Step]) -> str:
    """What a customer is told of a promise whose moment is over, and of what is done about it now; ``asked`` are the
    steps that wait for him."""
    assert head.promise is not None, "nothing was promised"
    process, by = compiled.process, head.promise.by
    what = "time" if last_day(by, process.clock) is None else "day"
    over = f"The {what} we promised, {plainly.Clock(process, reader).promised(by)}, has passed"
    if head.suspended is not None:
        return f"{over}. It is paused: {head.suspended.because}"
    titles, states = ", ".join(step.title for step in asked), {step.state for step in asked}
    elsewhere = {name: count for name, count in head.standing.items() if name not in states}
    if titles and all(compiled.states[name].scopes for name in elsewhere):  # they only hold what waits for him
        return f"{over}. It waits for you: {titles}"
    at_work = ", ".join(words for words in places(compiled, elsewhere) if words != UNDER_WAY)
    told = f"{over}. We are still at work on it" + (f": {at_work}" if at_work else "")
    return f"{told}. It waits for you, too: {titles}" if titles else told
