"""The promise to the customer: a moment that the process computes from the job's data, kept or broken at the end,
or as soon as the process says that it is kept."""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.draft import replace
from flowengine.core.flow import Flow
from flowengine.core.values import ROOT, Promise
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import moment


def renew(flow: Flow, *, anyhow: bool = False) -> None:
    """Compute the promise again, when something was saved that its expression mentions, or ``anyhow``. Before its data
    is there, nothing is promised."""
    expression, head = flow.compiled.process.promise, flow.draft.head
    if expression is None or head.status != "open" or not (anyhow or _touched(flow)):
        return
    try:
        by = moment(expression.value(flow.names(ROOT)), end_of_day=True)
    except ExpressionFailed:
        return
    before = head.promise
    if before is None or (before.by != by and before.kept is None):
        first = before.first if before else by
        flow.draft.record(e.Promised(promise=Promise(by=by, made=flow.now, first=first)))


def settle(flow: Flow) -> None:
    """The promise is kept, or kept too late, as soon as the process's own expression says so; this stays."""
    expression, head = flow.compiled.process.promise_kept, flow.draft.head
    if expression is None or head.promise is None or head.promise.kept is not None:
        return
    try:
        if not expression.holds(flow.names(ROOT)):
            return
    except ExpressionFailed:
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


def _touched(flow: Flow) -> bool:
    expression = flow.compiled.process.promise
    assert expression is not None, "only asked of a process that promises"
    members = expression.variables.get("data", frozenset())
    saved = (event.place.split(".", 1)[0] for event in flow.draft.events if isinstance(event, e.Saved))
    return any(members is None or place in members for place in saved) or flow.draft.head.promise is None
