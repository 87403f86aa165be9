"""The promise to the customer: a moment that the process computes from the job's data, kept or broken at the end,
or as soon as the process says that it is kept. A timer of the job tells, once for each promised moment, that it is over
before the job is. Whether it is at risk, whoever has expected dates says (:mod:`flowengine.work.foresight`)."""

from __future__ import annotations

from datetime import timedelta

from flowengine.core import conversation, new_dates
from flowengine.core import events as e
from flowengine.core.commands import AskPromise, Expect
from flowengine.core.draft import replace
from flowengine.core.flow import Flow
from flowengine.core.values import ROOT, Promise, Timer
from flowengine.errors import ExpressionFailed, StaleCommand
from flowengine.language.expressions import Expression, in_range, moment
from flowengine.speech.phrases import phrase

_AFTER = timedelta(microseconds=1)
"""What is done at the very moment that was promised is in time; the next one that there is is late."""


def renew(flow: Flow, *, anyhow: bool = False) -> None:
    """Compute the promise again, when something was saved that its expression mentions, or ``anyhow``. Before its data
    is there, nothing is promised; a promised date is kept until that day ends in the zone of the process.

    Raises ExpressionFailed where what was saved gives no moment.
    """
    process, head = flow.compiled.process, flow.draft.head
    expression, before = process.promise, head.promise
    if expression is None or head.status != "open":
        return
    touched = anyhow or _touched(flow, expression)
    if not touched and before is not None:
        return
    try:
        by = in_range(moment(expression.value(flow.names(ROOT)), end_of_day=True, zone=process.clock))
    except ExpressionFailed as error:
        if touched and error.kind != "missing":
            raise _unreadable(error, expression) from None
        return
    if before is not None and by == before.reckoned:
        return  # another date was agreed, which stands as long as the process reckons as it did
    if before is None or (before.by != by and before.kept is None):
        first = before.first if before else by
        new_dates.overtake(flow.draft, f"{new_dates.spoken(process, by)} is promised by now")
        new_dates.drop_timers(flow.draft)
        flow.draft.record(e.Promised(promise=Promise(by=by, made=flow.now, first=first)))


def settle(flow: Flow) -> None:
    """The promise is kept, or kept too late, as soon as the process's own expression says so; this stays. Raises
    ExpressionFailed where what was saved lets it say neither."""
    expression, head = flow.compiled.process.promise_kept, flow.draft.head
    if expression is None or head.promise is None or head.promise.kept is not None:
        return
    try:
        if not expression.holds(flow.names(ROOT)):
            return
    except ExpressionFailed as error:
        if error.kind != "missing" and _touched(flow, expression):
            raise _unreadable(error, expression) from None
        return
    new_dates.overtake(flow.draft, "The promise is settled by now")
    new_dates.drop_timers(flow.draft)
    promise = replace(head.promise, asked=None, kept=flow.now <= head.promise.by)
    flow.draft.record(e.Promised(promise=promise))


def watch(flow: Flow) -> None:
    """Set the timer of what was promised just now, or before promises had any; where its moment is over already, it is
    due at once."""
    head = flow.draft.head
    promise = head.promise
    if promise is None or promise.timer or promise.kept is not None or head.status != "open":
        return
    timer = Timer(number=flow.draft.next_number(), branch=ROOT, purpose="promise", due=promise.by + _AFTER)
    flow.draft.record(e.TimerSet(timer=timer))


# at risk


def expect(flow: Flow, command: Expect) -> None:
    """What is promised is expected later than it is promised: the customer is told so, once for each date, and asked
    whether he accepts that by which nine of ten such jobs are finished. Raises StaleCommand where that is not so (any
    more), or he is told already."""
    draft, promise = flow.draft, flow.draft.head.promise
    if (
        promise is None
        or promise.kept is not None
        or promise.risk is not None
        or promise.asked is not None
        or not flow.now < promise.by < command.soonest <= command.latest
    ):
        raise StaleCommand(phrase("nothing that is promised is at risk by that"), where=draft.head.job)
    draft.record(e.PromiseAtRisk(by=promise.by, soonest=command.soonest, latest=command.latest))
    here = conversation.spot(flow.compiled.process, draft, flow.now, flow.world)
    new_dates.ask_by_expected(replace(here, state=conversation.ASKED_DATE), command.soonest, command.latest)


# another date


def ask(flow: Flow, command: AskPromise) -> None:
    """Ask the customer for another date. Raises NotAllowed, BadAnswer."""
    here = conversation.spot(flow.compiled.process, flow.draft, flow.now, flow.world)
    new_dates.ask(replace(here, state=conversation.ASKED_DATE), command.to, command.because, command.by.id)


def unanswered(flow: Flow, timer: Timer) -> None:
    """The time is over in which he could accept it."""
    step = new_dates.asked(flow.draft)
    if step is not None and step.number == timer.step:
        new_dates.unanswered(flow.draft, flow.compiled.process, step)


def overdue(flow: Flow) -> None:
    """What was promised is late. It stays promised, until it is kept too late or there is another date."""
    promise = flow.draft.head.promise
    assert promise is not None, "the timer of a promise falls with it"
    flow.draft.record(e.PromiseOverdue(by=promise.by))


def close(flow: Flow, *, fulfilled: bool) -> None:
    """The job is over: the promise was kept or broken, unless that is settled already. One whose time had not come
    when the job ended otherwise is neither: nobody holds the house to it any more."""
    renew(flow)
    settle(flow)
    new_dates.overtake(flow.draft, "The job is over")
    promise = flow.draft.head.promise
    if promise is not None and promise.kept is None and (fulfilled or flow.now > promise.by):
        flow.draft.record(e.Promised(promise=replace(promise, kept=flow.now <= promise.by)))


def _touched(flow: Flow, expression: Expression) -> bool:
    """Whether this command saved something that the expression mentions."""
    members = expression.variables.get("data", frozenset())
    saved = (event.place.split(".", 1)[0] for event in flow.draft.events if isinstance(event, e.Saved))
    return any(members is None or place in members for place in saved)


def _unreadable(error: ExpressionFailed, expression: Expression) -> ExpressionFailed:
    where = str(expression)
    return ExpressionFailed(f"the promise cannot be read: {error.what}", where=where, kind=error.kind)
