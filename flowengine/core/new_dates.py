"""Another date than the one that was promised: asked of the customer, who accepts or refuses it.

What is asked is a step beside the states (:mod:`flowengine.core.conversation`), one at a time. Until it is accepted
what was promised stands; it stands too where it is refused, not answered in time, or overtaken by what happens.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from flowengine.core import conversation
from flowengine.core import events as e
from flowengine.core.draft import Draft, moment_text
from flowengine.core.position import Position
from flowengine.core.seatings import person_seating
from flowengine.core.spot import Spot
from flowengine.core.values import CONVERSATION, NEW_DATE, ROOT, Promise, Step
from flowengine.errors import BadAnswer, NotAllowed
from flowengine.language.durations import Duration
from flowengine.language.expressions import moment as moment_of
from flowengine.language.model import Process
from flowengine.language.parts import EXPIRED
from flowengine.speech.phrases import moment_phrase, phrase
from flowengine.speech.spoken_time import day, last_day, moment

_DAY = len("2026-05-01")
ACCEPTED, REFUSED = conversation.ACCEPTED, conversation.REFUSED
OVERTAKEN = "overtaken"
WITHIN = Duration(days=7)
"""For how long a new date can be accepted, and not beyond that date itself."""


def asked(position: Position) -> Step | None:
    """What asks the customer for a new date now."""
    return next((step for step in conversation.unanswered(position) if step.asks_date), None)


def spoken(process: Process, value: datetime) -> str:
    """A date as it is told: a day, where it is the end of one."""
    whole = last_day(value, process.clock)
    return moment(value, process.clock) if whole is None else day(whole)


def ask(here: Spot, to: datetime, because: str, by: str) -> Step:
    """Ask the customer for a new date. Raises NotAllowed where nothing is promised that is still to be kept, or where
    he is asked already; BadAnswer for a date that is over, is the one that is promised, or for no reason."""
    draft, now, head = here.draft, here.now, here.draft.head
    promise = head.promise
    if promise is None or promise.kept is not None:
        what = phrase("the promise is kept") if promise and promise.kept else phrase("the promise is broken")
        raise NotAllowed(
            what if promise else phrase("nothing is promised"), where=head.job, possible=(phrase("say it"),)
        )
    before = asked(draft)
    if before is not None:
        raise NotAllowed(
            phrase("the customer is asked for another date already: %(title)s", title=before.title),
            where=head.job,
            possible=(
                phrase("wait for the answer"),
                f"flow takeback {head.job}.{before.number}",
            ),
        )
    if to <= now:
        raise BadAnswer(
            {"to": phrase("is over; now it is %(moment)s", moment=moment_phrase(now, here.process.clock))},
            possible=(phrase("a date that is still to come"),),
        )
    if to == promise.by:
        raise BadAnswer({"to": phrase("is what is promised already")}, possible=(phrase("another date"),))
    return _asked(here, promise, to, conversation.words(because, "because"), by)


def ask_by_expected(here: Spot, soonest: datetime, latest: datetime) -> Step:
    """Ask the customer for a date by which the job is expected, of which nobody but the engine has thought: of a
    promised day, the end of that day, else the next quarter of an hour."""
    process, promise = here.process, here.draft.head.promise
    assert promise is not None, "what is promised is at risk"
    zone = process.clock
    first, last = (one.astimezone(zone).date() for one in (soonest, latest))
    range_ = f"on {day(first)}" if first == last else f"between {day(first)} and {day(last)}"
    to = _next_quarter(latest) if last_day(promise.by, zone) is None else datetime.combine(last, time.max, zone)
    return _asked(here, promise, to.astimezone(UTC), f"it is expected {range_}, for {TAKES_LONGER}", "")


TAKES_LONGER = "it takes longer than we thought"


def _next_quarter(value: datetime) -> datetime:
    whole = value.replace(minute=0, second=0, microsecond=0)
    return whole + timedelta(minutes=15) * -((whole - value) // timedelta(minutes=15))


def _asked(here: Spot, promise: Promise, to: datetime, words: str, by: str) -> Step:
    draft, process, now = here.draft, here.process, here.now
    old, new = spoken(process, promise.by), spoken(process, to)
    due = min(here.after(WITHIN), to)
    conversation.open_branch(draft)
    step = Step(
        number=draft.next_number(),
        branch=CONVERSATION,
        state="",
        purpose=NEW_DATE,
        title=f"A new date: {new} instead of {old}",
        audience=(person_seating(draft.head.customer),),
        opened=now,
        due=due,
        shown=(
            ("Promised", old),
            ("New date", new),
            ("Because", words),
            ("If you do not answer", f"from {moment(due, process.clock)} on, {old} stands as it was promised"),
        ),
        asked_by=by,
    )
    text = f"A new date, {new} instead of {old}: {words}"
    draft.record(e.Said(kind=NEW_DATE, text=text, by=by, number=step.number))
    draft.record(e.StepOpened(step=step))
    draft.record(e.PromiseAsked(step=step.number, to=to))
    here.set_timer("expire", due, step=step.number)
    return step


def answer(draft: Draft, process: Process, step: Step, outcome: str, words: str, by: str, now: datetime) -> None:
    """The customer has accepted the new date, which is what is promised from now on, or has refused it."""
    promise = draft.head.promise
    assert promise is not None, "a new date is asked for what is promised"
    assert promise.asked is not None, "a new date is asked"
    to, old = promise.asked, spoken(process, promise.by)
    said = f": {words}" if words else ""
    if outcome == ACCEPTED:
        _close(draft, step, outcome, f"Accepted, {spoken(process, to)} instead of {old}{said}", by)
        drop_timers(draft)
        reckoned = _written(draft, process, to) or promise.reckoned or promise.by
        made = Promise(by=to, made=now, first=promise.first, reckoned=reckoned, agreed_by=by)
        draft.record(e.Promised(promise=made))
    else:
        _close(draft, step, outcome, f"Refused, {old} stands{said}", by)


def _written(draft: Draft, process: Process, to: datetime) -> datetime | None:
    """Where a process promises what it keeps in a place of its own (``by: data.promised``), which is a text there and
    no answer, the agreed date is written there, so that the process goes on by it: what it reckons by that. None
    elsewhere: what somebody has answered stays as it was answered."""
    path = process.promise.paths[0] if process.promise is not None and process.promise.paths else ()
    if process.promise is None or len(path) != 2 or str(process.promise).strip() != ".".join(path):
        return None
    before = draft.data.get(path[1])
    if not isinstance(before, str):
        return None
    whole = last_day(to, process.clock) or (to.astimezone(process.clock).date() if len(before) == _DAY else None)
    value = whole.isoformat() if whole is not None else moment_text(to)
    draft.save(ROOT, path[1], value)
    return moment_of(value, end_of_day=True, zone=process.clock)


def unanswered(draft: Draft, process: Process, step: Step) -> None:
    """No answer has come in time."""
    promise = draft.head.promise
    assert promise is not None, "a new date is asked for what is promised"
    _close(draft, step, EXPIRED, f"No answer came in time, {spoken(process, promise.by)} stands", "")


def overtake(draft: Draft, why: str) -> None:
    """It need not be answered any more, where it was asked: the job is over, or promises another date by now."""
    step = asked(draft)
    if step is not None:
        _close(draft, step, OVERTAKEN, why, "")


def _close(draft: Draft, step: Step, outcome: str, words: str, by: str) -> None:
    draft.record(e.Said(kind="answer", text=words, by=by, to=step.number))
    conversation.close(draft, step, outcome, by)


def drop_timers(draft: Draft) -> None:
    """Nobody needs to be told any more that what was promised is at risk, or late."""
    for timer in draft.at(ROOT).timers:
        if timer.purpose in ("promise", "risk"):
            draft.record(e.TimerDropped(branch=ROOT, timer=timer.number))
