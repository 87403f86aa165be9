"""The promise to the customer: a moment that the process computes from the job's data, kept or broken at the end,
or as soon as the process says that it is kept. A timer of the job tells, once for each promised moment, that it is over
before the job is."""

from __future__ import annotations

from datetime import timedelta

from flowengine.core import events as e
from flowengine.core.draft import replace
from flowengine.core.flow import Flow
from flowengine.core.values import ROOT, Promise, Timer
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression, in_range, moment

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
    if before is None or (before.by != by and before.kept is None):
        first = before.first if before else by
        _drop_timer(flow)
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
    _drop_timer(flow)
    flow.draft.record(e.Promised(promise=replace(head.promise, kept=flow.now <= head.promise.by)))


def watch(flow: Flow) -> None:
    """Set the timer of what was promised just now, or before promises had any; where its moment is over already, it is
    due at once."""
    head = flow.draft.head
    promise = head.promise
    if promise is None or promise.timer or promise.kept is not None or head.status != "open":
        return
    timer = Timer(number=flow.draft.next_number(), branch=ROOT, purpose="promise", due=promise.by + _AFTER)
    flow.draft.record(e.TimerSet(timer=timer))


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
    promise = flow.draft.head.promise
    if promise is not None and promise.kept is None and (fulfilled or flow.now > promise.by):
        flow.draft.record(e.Promised(promise=replace(promise, kept=flow.now <= promise.by)))


def _drop_timer(flow: Flow) -> None:
    """Nobody needs to be told any more that it is late, if that was not told already."""
    promise = flow.draft.head.promise
    if promise is not None and any(timer.number == promise.timer for timer in flow.draft.at(ROOT).timers):
        flow.draft.record(e.TimerDropped(branch=ROOT, timer=promise.timer))


def _touched(flow: Flow, expression: Expression) -> bool:
    """Whether this command saved something that the expression mentions."""
    members = expression.variables.get("data", frozenset())
    saved = (event.place.split(".", 1)[0] for event in flow.draft.events if isinstance(event, e.Saved))
    return any(members is None or place in members for place in saved)


def _unreadable(error: ExpressionFailed, expression: Expression) -> ExpressionFailed:
    where = str(expression)
    return ExpressionFailed(f"the promise cannot be read: {error.what}", where=where, kind=error.kind)
