"""The promise to the customer: a moment that the process computes from the job's data, kept or broken at the end,
or as soon as the process says that it is kept."""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.draft import replace
from flowengine.core.flow import Flow
from flowengine.core.values import ROOT, Promise
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression, in_range, moment


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
    flow.draft.record(e.Promised(promise=replace(head.promise, kept=flow.now <= head.promise.by)))


def close(flow: Flow, *, fulfilled: bool) -> None:
    """The job is over: the promise was kept or broken, unless that is settled already. One whose time had not come
    when the job ended otherwise is neither."""
    renew(flow)
    settle(flow)
    promise = flow.draft.head.promise
    if promise is not None and promise.kept is None:
        in_time = flow.now <= promise.by
        kept = in_time if fulfilled else None if in_time else False
        flow.draft.record(e.Promised(promise=replace(promise, kept=kept)))


def _touched(flow: Flow, expression: Expression) -> bool:
    """Whether this command saved something that the expression mentions."""
    members = expression.variables.get("data", frozenset())
    saved = (event.place.split(".", 1)[0] for event in flow.draft.events if isinstance(event, e.Saved))
    return any(members is None or place in members for place in saved)


def _unreadable(error: ExpressionFailed, expression: Expression) -> ExpressionFailed:
    where = str(expression)
    return ExpressionFailed(f"the promise cannot be read: {error.what}", where=where, kind=error.kind)
