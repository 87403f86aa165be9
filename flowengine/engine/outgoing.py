"""What one job does to the world outside its own rows: it leaves through the outbox, in the command's transaction (L2).

| kind | body | what it becomes |
|-|-|-|
| ``child`` | call, process, need, customer | a job of another process, started for the call |
| ``child_left`` | call, process, customer | the end of the wait for a called job: it is withdrawn where it can be |
| ``child_ended`` | parent, status, end, because, data | ``Finish`` of the parent's call |
| ``referral`` | name, contact, by | a customer's record with ``referred_by`` |
| ``notice`` | step, why | a call of the handler ``engine.notify``, where there is one |
"""

from __future__ import annotations

from datetime import datetime

from flowengine.core.advance import Advance
from flowengine.core.values import Json
from flowengine.engine.handlers import NOTIFY, Handlers
from flowengine.store import Transaction


def leave(tx: Transaction, handlers: Handlers, job: str, seq: int, done: Advance, now: datetime) -> None:
    """Put what a command sends out into the outbox."""
    effects, head = done.effects, done.draft.head

    def post(kind: str, body: dict[str, Json]) -> None:
        tx.outbox.add(job, seq, kind, body, now)

    for call in effects.calls.values():
        if call.process and not call.incident:
            need = {"call": call.number, "process": call.process, "at": call.at, "need": call.input or {}}
            post("child", need | {"customer": head.customer})
    for call in effects.cut_off:
        post("child_left", {"call": call.number, "process": call.process, "customer": head.customer})
    if effects.ended is not None and head.parent:
        end = {"status": head.status, "end": head.end, "because": head.because, "data": dict(done.draft.data)}
        post("child_ended", {"parent": head.parent, "job": job} | end)
    for referral in effects.referred:
        post("referral", {"name": referral.name, "contact": referral.contact, "by": head.customer})
    if (effects.opened_steps or effects.reminded) and handlers.has(NOTIFY):
        for number in effects.opened_steps:
            post("notice", {"step": number, "why": "opened"})
        for number in effects.reminded:
            post("notice", {"step": number, "why": "reminded"})
