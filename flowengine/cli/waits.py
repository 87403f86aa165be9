"""What open jobs wait for, in words."""

from __future__ import annotations

from datetime import datetime

from flowengine.cli.moments import distance, told
from flowengine.client import WaitView


def words(wait: WaitView, now: datetime) -> str:
    """One thing that a job waits for, in words: for whom or what, until when, what went wrong, and what comes next."""
    return "; ".join(filter(None, (_what(wait, now), _trouble(wait, now), wait.id)))


def _what(wait: WaitView, now: datetime) -> str:
    until = f" (until {told(wait.due)}{', overdue' if wait.due < now else ''})" if wait.due else ""
    match wait.kind:
        case "step":
            return f"{wait.whom or 'nobody'}: {wait.what}{until}"
        case "message":
            return f"the message {wait.what}" + (f" ({wait.whom})" if wait.whom else "")
        case "call":
            said = f" ({wait.progress})" if wait.progress else ""
            return f"the service {wait.whom}{', by an external worker' if wait.external else ''}: {wait.what}{said}"
        case "suspended":
            return f"suspended by {wait.whom}: {wait.what}"
        case "sending":
            return f"sending: {wait.what}"
        case "attention":
            return f"{wait.what}{f', for {wait.whom}' if wait.whom else ''}"
        case "job":
            return f"the job {wait.whom}: {wait.what}"
        case _:
            return f"the clock: {wait.what}{until}"


def _trouble(wait: WaitView, now: datetime) -> str:
    if wait.kind == "attention":
        return f"{wait.error}, since {told(wait.since)} ({distance(wait.since, now)})"
    if not wait.error or wait.kind == "step":
        return wait.error
    tried = f"tried {wait.attempts} {'time' if wait.attempts == 1 else 'times'}: " if wait.attempts else ""
    if wait.next is None:
        return f"gave up, {tried}{wait.error}"
    again = f"again {distance(wait.next, now)}" if wait.next > now else "again now"
    return f"{tried}{wait.error}; {again}"
