"""What one job does to the world outside its own rows: it leaves through the outbox, in the command's transaction (L2).

| kind | lane | body | what it becomes |
|-|-|-|-|
| ``child`` | the call | call, process, need, customer, depth | a job of another process, started for the call |
| ``partner`` | the call, or the parent | at, say (begin, answer, leave, news) | what a partner is told |
| | the partner | at, say (record, consent_ends) | the same, of a customer (:mod:`flowengine.commands.consents`) |
| ``child_left`` | the call | call, process, customer | the called job is withdrawn where it can be |
| ``child_ended`` | the parent | parent, status, end, because, data | ``Finish`` of the parent's call |
| ``referral`` | referrals | name, contact, by | who is new is invited (:mod:`flowengine.commands.referrals`) |
| ``notice`` | the handler | step, why | a call of the handler ``engine.notify`` |
| ``announce`` | all people | told: why, step (late: state; promise, risk: by) | a ``letter`` for each receiver |
| | | told: why (``alone``); for the job ``person:<id>`` | a ``letter``: somebody has written to him about no job |
| ``letter`` | the receiver | step, why, channel, to, person | a mail, a webhook, a message of another kind |
| ``message`` | the message | id, command | ``Deliver``, of a message for all (:mod:`flowengine.commands.messages`) |
| ``code_asked`` | code | code | a ``code``, where somebody has the contact (:mod:`flowengine.commands.codes`) |
| ``code`` | the channel | code, channel, to | a mail, a webhook, a message of another kind |

News of a job that is of no step have the step 0; where a process tells something (``told``), ``number`` says which of
the things that the command told it is, and of what became of an appointment (``lapsed``, ``missed``, ``moved``) which
of those; of what was ``written`` to the customer, which of the messages. Of one that was ``booked``, ``changed`` or
``cancelled``, ``branch`` says which, and ``whom`` who is to hear of it. Of what was ``answered``, or is ``unanswered``
for long, the step is that of what was asked. The rows of a code belong to no job: in its place stands ``code:`` and the
code's id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flowengine.commands.occasions import rebookings
from flowengine.core import events as e
from flowengine.core.advance import Advance
from flowengine.core.seatings import person_seating
from flowengine.core.values import Json
from flowengine.runtime.handlers import NOTIFY, Handlers
from flowengine.runtime.wanted import Wanted
from flowengine.store import Transaction


def leave(
    tx: Transaction, handlers: Handlers, wanted: Wanted, job: str, seq: int, done: Advance, now: datetime
) -> None:
    """Put what a command sends out into the outbox."""
    effects, head = done.effects, done.draft.head

    def post(kind: str, lane: str, body: dict[str, Json]) -> None:
        tx.outbox.add(job, seq, kind, body, now, lane)

    _tell(tx, handlers, wanted, job, seq, done, now)
    for call in effects.calls.values():
        if call.process and not call.incident and call.number not in effects.heard:
            need = {"call": call.number, "process": call.process, "at": call.at, "need": call.input or {}}
            need |= {"customer": head.customer, "depth": head.depth + 1, "say": "begin"}
            post("partner" if call.at else "child", f"call:{call.number}", need)
    for one in effects.answered:
        said = {"call": one.call, "say": "answer", "step": one.foreign, "outcome": one.outcome, "answer": one.answer}
        post("partner", f"call:{one.call}", said | {"at": _at(done, one)})
    for call in effects.cut_off:
        if call.at:
            post("partner", f"call:{call.number}", {"call": call.number, "at": call.at, "say": "leave"})
            continue
        left = {"call": call.number, "process": call.process, "customer": head.customer}
        post("child_left", f"call:{call.number}", left)
    if "/" in head.parent:
        if effects.steps or effects.closed_steps or effects.ended is not None:
            post("partner", "parent", {"at": head.parent.partition("/")[0], "say": "news"})
    elif effects.ended is not None and head.parent:
        end = {"status": head.status, "end": head.end, "because": head.because, "data": dict(done.draft.data)}
        post("child_ended", "parent", {"parent": head.parent, "job": job} | end)
    for referral in effects.referred:
        post("referral", "referrals", {"name": referral.name, "contact": referral.contact, "by": head.customer})


def _at(done: Advance, one: e.AnsweredPartner) -> str:
    """The partner at which a call is."""
    return next(call.at for call in done.draft.at(one.branch).calls if call.number == one.call)


def leave_word(
    tx: Transaction, handlers: Handlers, wanted: Wanted, about: str, number: int, why: str, now: datetime
) -> None:
    """Leave word of what belongs to no job, for people and for the handler of notices, where somebody carries it: what
    it is ``about`` stands in the place of a job."""
    handled, carried = handlers.has(NOTIFY), wanted.channels(tx, now)
    news: dict[str, Json] = {"step": 0, "why": why}
    if carried - {"handler"}:
        tx.outbox.add(about, number, "announce", {"told": [news]}, now, "people")
    if handled or "handler" in carried:
        tx.outbox.add(about, number, "notice", news, now, "handler")
    tx.wakes |= bool(handled or carried)


def _tell(
    tx: Transaction, handlers: Handlers, wanted: Wanted, job: str, seq: int, done: Advance, now: datetime
) -> None:
    """Leave word for the handler of notices, and for people, where somebody carries it."""
    effects, head = done.effects, done.draft.head
    ends = effects.ended is not None and not head.parent  # a called job is its caller's affair
    news = effects.opened_steps or effects.reminded or effects.dropped_timers or effects.told
    rebooked = effects.booked or effects.freed
    said = effects.answers or effects.messages
    if not (ends or news or rebooked or said or effects.late or effects.appointments or effects.at_risk):
        return  # an escalation drops the timer that made it, as a late promise does and what moves a deadline
    handled, carried = handlers.has(NOTIFY), wanted.channels(tx, now)
    if not (handled or carried):
        return
    told: list[Json] = [{"step": step, "why": why} for step, why in _news(done)]
    told += [{"step": 0, "why": "told", "number": number} for number, _ in enumerate(effects.told)]
    told += [{"step": one.step, "why": one.what, "number": number} for number, one in enumerate(effects.appointments)]
    told += _rebooked(done)
    told += [{"step": answer.to, "why": "answered"} for answer in effects.answers]
    told += [{"step": 0, "why": "written", "number": number} for number, _ in enumerate(effects.messages)]
    told += [{"step": one.timer.step, "why": "unanswered"} for one in effects.late if not one.timer.holds_up]
    late = [one.state for one in effects.late if one.timer.holds_up]
    if late and head.late == len(late):  # what takes longer besides, he has been told
        told.append({"step": 0, "why": "late", "state": late[0]})
    if effects.overdue is not None:
        told.append({"step": 0, "why": "promise", "by": effects.overdue.by.isoformat()})
    if carried - {"handler"} and (told or ends):
        ended: list[Json] = [{"step": 0, "why": "ended"}] if ends else []
        tx.outbox.add(job, seq, "announce", {"told": told + ended}, now, "people")
    if handled or "handler" in carried:
        if effects.at_risk is not None:  # people read it in what asks for another date
            told.append({"step": 0, "why": "risk", "by": effects.at_risk.by.isoformat()})
        for one in told:
            tx.outbox.add(job, seq, "notice", one, now, "handler")


def _rebooked(done: Advance) -> Iterator[Json]:
    """Who should hear of appointments that were booked, changed or cancelled: their customer, unless he hears of it in
    other words, and who was to meet him or is to now. Who finds it as a new step in his inbox hears of that."""
    effects = done.effects
    if not (effects.booked or effects.freed):
        return
    moved = {one.branch for one in effects.appointments if one.what == "moved"}
    opened = {
        event.step.branch: event.step.preferred
        for event in done.events
        if isinstance(event, e.StepOpened) and event.step.appointment is not None
    }
    for one in rebookings(done.events):
        before, after = one.before, one.after
        was = _concerned(before)
        now = _concerned(after)
        knows = {opened.get(one.branch)}
        if after is not None and (one.branch in moved or (before is not None and before.start == after.start)):
            knows.add(after.customer)
        kept = [id for id in now if id not in knows]
        for why, whom in ((one.what, kept), ("cancelled", [id for id in was if id not in now])):
            if whom:
                yield {"step": 0, "why": why, "branch": one.branch, "whom": [person_seating(id) for id in whom]}


def _concerned(slot: e.SlotBooked | e.SlotFreed | None) -> list[str]:
    """The customer, and who meets him where that is known."""
    return [id for id in (slot.customer, slot.staff) if id] if slot is not None else []


def _news(done: Advance) -> Iterator[tuple[int, str]]:
    """The steps that people should hear of, and why."""
    for number in done.effects.opened_steps:
        yield number, "opened"
    for number in done.effects.reminded:
        yield number, "reminded"
    for event in done.events:
        if isinstance(event, e.StepChanged) and event.why == "escalated":
            yield event.step.number, "escalated"
        elif isinstance(event, e.DeadlineMoved) and event.by and event.step:
            yield event.step, "deadline"
