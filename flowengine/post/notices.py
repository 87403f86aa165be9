"""Notices: who is to get them, and what becomes of a handler that asked for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from flowengine.commands import access
from flowengine.commands.asked import Asked, answer_in, asked, in_words, messages_in
from flowengine.commands.consents import CONSENTED, SHARED, of_word
from flowengine.commands.corresponding import ALONE
from flowengine.commands.records import FACT, answered_fact, told_of_answer
from flowengine.commands.referrals import CAME, INVITED, name_given
from flowengine.commands.shell import Shell
from flowengine.commands.told import APPOINTMENTS, REBOOKED, appointments_in, told_in, took_part, voted_by
from flowengine.core.values import Json, Step
from flowengine.language.durations import Duration
from flowengine.post import invitations, referral_letters
from flowengine.post.job_letters import overdue_words, risk_words
from flowengine.post.letters import first_way
from flowengine.runtime.actors import OPERATOR, StoreWorld, customer_of, name_of
from flowengine.runtime.handler_threads import THREADS
from flowengine.runtime.handlers import NOTIFY, HandlerCall
from flowengine.speech.words import ENGLISH
from flowengine.store import OutboxMessage, Person, StoredJob, Transaction
from flowengine.views import appointments
from flowengine.views.customer_words import TAKES_LONGER
from flowengine.views.plainly import Clock

HANDLER = "handler"
"""The channel of those who registered the handler ``engine.notify``."""

LIMIT = Duration(rest=timedelta(seconds=30))
"""How long the handler may take for one notice."""

_ROOM = 1_000_000
"""Numbers of outbox rows that each row which is expanded has for what it becomes."""

_LONGEST_LANE = 200


def announce(shell: Shell, row: OutboxMessage) -> None:
    """Make a letter for each receiver out of a command's news, in one transaction that also drops the row."""

    def work(tx: Transaction) -> None:
        now = shell.clock.now()
        if not tx.outbox.done(row, now):
            return  # another worker was faster
        channels = shell.wanted.channels(tx, now)
        first = int(row.id.rpartition(".")[2]) * _ROOM
        for number, letter in enumerate(_letters(tx, row, channels), first + 1):
            lane = f"{letter['channel']}:{letter['to']}"[:_LONGEST_LANE]
            tx.outbox.add(row.job, row.seq, "letter", letter, now, lane, number)

    shell.keep(work)


def _letters(tx: Transaction, row: OutboxMessage, channels: frozenset[str]) -> Iterator[dict[str, Json]]:
    """What is to be sent: each receiver hears of each step once, whether he was reached by his name or his role."""
    crowds = _Crowds(tx)
    if row.job.startswith(ALONE):
        for person, channel, to in _reached(tx, crowds.of(row.job), channels):
            yield {"step": 0, "why": "alone", "channel": channel, "to": to, "person": person}
        return
    for news in row.body["told"]:
        told: set[str] = set()
        for person, channel, to in _reached(tx, _receivers(tx, crowds, row, news), channels):
            if to.casefold() not in told:
                told.add(to.casefold())
                yield {**news, "channel": channel, "to": to, "person": person}


def _reached(tx: Transaction, persons: Sequence[Person], channels: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """By which channel, and where, each is reached: by the first of his contacts for which there is one, the verified
    before the others; a party that has none by those who act for it."""
    known = tx.contacts.of_several([one.id for one in persons])
    without: list[str] = []
    for person in persons:
        way = first_way(known.get(person.id, ()), person.contact, channels)
        if way is not None:
            yield person.id, *way
        elif person.kind == "customer":
            without.append(person.id)
    acting, now = tx.acting.for_parties(without), tx.terms.now()
    ids = [one.person for party in without for one in acting.get(party, ()) if one.may != "see" and one.holds(now)]
    known = tx.contacts.of_several(ids)
    for id in dict.fromkeys(ids):
        found = tx.people.get(id)
        if found is not None and found.left is None:
            way = first_way(known.get(id, ()), found.contact, channels)
            if way is not None:
                yield id, *way


def _receivers(tx: Transaction, crowds: _Crowds, row: OutboxMessage, news: dict[str, Json]) -> list[Person]:
    """Those who should hear of a step: nobody, when it is closed by now. That the job is over, takes longer, or is
    late, its customer hears, and what the process tells they whom it tells it; what became of an appointment, whose it
    was; and what was answered, or is not, who has asked."""
    if news["why"] == FACT:
        fact = answered_fact(tx, row.job)
        return [one for id in told_of_answer(fact) for one in crowds.of(f"person:{id}")] if fact is not None else []
    if news["why"] in (INVITED, CAME):
        one = referral_letters.of_row(tx, replace(row, body=news))
        return crowds.of(f"person:{referral_letters.receiver(one, news['why'])}") if one is not None else []
    if news["why"] in (CONSENTED, SHARED):
        of = of_word(tx, row)
        return crowds.of(f"person:{of[0].person}") if of is not None else []
    job = tx.jobs.get(row.job)
    if news["why"] in ("ended", "late", "promise", "risk", "written"):
        return crowds.of(f"person:{job.customer}")
    if news["why"] == "told":
        to = told_in(tx, row.job, row.seq)[int(news["number"])].to
        if "everyone" in to:
            took = took_part(entry for entry in tx.history.of(row.job) if entry.seq <= row.seq)
            to = (*to, *(f"person:{one}" for one in dict.fromkeys((job.customer, *took, *voted_by(tx, job, row.seq)))))
        return [person for seating in to for person in crowds.of(seating)]
    if news["why"] in ("answered", "unanswered"):
        found = asked(tx, job, int(news["step"]))
        seatings = _askers(tx, job, found) if found is not None else ()
        return [person for seating in seatings for person in crowds.of(seating)]
    if news["why"] in REBOOKED:
        return [person for seating in news["whom"] for person in crowds.of(seating)]
    if news["why"] in APPOINTMENTS:
        became = appointments_in(tx, row.job, row.seq)[0]
        whom = became[int(news["number"])].whom if became else ()
        return [person for seating in whom for person in crowds.of(seating)]
    step = access.open_step(job, int(news["step"]))
    if step is None or (step.booked is not None and news["why"] != "reminded"):
        return []
    return [
        person
        for seating in _seatings(tx, job, step)
        for person in crowds.of(seating)
        if person.id not in step.excluded
    ]


def _askers(tx: Transaction, job: StoredJob, found: Asked) -> list[str]:
    """Who is to hear what becomes of what was asked. Where nobody has asked for another date but the engine, and what
    was promised stands, those at work on the job do, else the operators."""
    step = found.step
    if step.asked_by:
        return [f"person:{step.asked_by}"]
    head = job.position.head
    if not step.asks_date or head.promise is None or head.promise.risk is None or head.status != "open":
        return []
    rows = [one for one in tx.steps.of(job.id) if not one.step.is_asked]
    at_work = (f"person:{one.step.claimed}" if one.step.claimed else one.audience for one in rows)
    inside = [one for one in at_work if one.startswith(("role:", "person:")) and one != f"person:{job.customer}"]
    return list(dict.fromkeys(inside)) or [f"role:{OPERATOR}"]


def _seatings(tx: Transaction, job: StoredJob, step: Step) -> list[str]:
    if step.claimed:
        return [f"person:{step.claimed}"]
    if step.box:
        return [f"person:{id}" for id in tx.ballots.waiting(job.id, step.number)]
    if step.seats:
        unanswered = [seat.audience for seat in job.position.seats(step.number) if seat.answer is None]
        return [*unanswered, *step.audience]
    return list(step.audience)


class _Crowds:
    """The people that seatings mean. Nobody is written to because anybody may do it: that is what inboxes are for."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._found: dict[str, list[Person]] = {}
        self._staff: list[Person] | None = None

    def of(self, seating: str) -> list[Person]:
        """The people of one seating."""
        if seating not in self._found:
            self._found[seating] = self._look(seating)
        return self._found[seating]

    def _look(self, seating: str) -> list[Person]:
        kind, _, name = seating.partition(":")
        if kind == "person":
            found = self._tx.people.get(name)
            return [found] if found and found.left is None else []
        if kind == "group":
            return list(self._tx.people.members(name))
        if kind == "role":
            if self._staff is None:
                self._staff = self._tx.people.all("staff")
            return [person for person in self._staff if name in person.roles]
        return []


def to_handler(shell: Shell, row: OutboxMessage) -> None:
    """Tell the application that a step was opened, or that its deadline comes near, which is nothing when it is done
    by now; that something takes longer, is later than was promised, or will be; or what the process tells."""
    with shell.reading() as tx:
        call = _call(shell, tx, row)
    if call is not None:
        THREADS.run(shell.handlers.get(NOTIFY), call, LIMIT)  # no transaction is open meanwhile (L11)


def _call(shell: Shell, tx: Transaction, row: OutboxMessage) -> HandlerCall | None:
    """What the application is told by a row; nothing where it need not be said any more."""
    if row.body["why"] == FACT:
        return _of_fact(tx, row)
    if row.body["why"] in (INVITED, CAME):
        return _of_referral(tx, row)
    if row.body["why"] in (CONSENTED, SHARED):
        return _of_consent(tx, row)
    job = tx.jobs.get(row.job)
    given = _given(shell, tx, job, row)
    if given is None:
        return None
    return HandlerCall(
        job=row.job,
        key=f"{row.job}.{row.seq}.{row.body['step']}.{row.body['why']}" + _number(row),
        handler=NOTIFY,
        input=given,
        customer=dict(StoreWorld(tx, job.customer).customer),
        process=job.process,
        state=given["state"],
        attempt=row.attempts + 1,
    )


def _of_fact(tx: Transaction, row: OutboxMessage) -> HandlerCall | None:
    """That what was said of a customer is answered; nothing where it counts no more."""
    fact = answered_fact(tx, row.job)
    if fact is None:
        return None
    audience = [f"person:{id}" for id in told_of_answer(fact)]
    told: dict[str, Any] = {"step": None, "why": FACT, "title": fact.text, "state": fact.state, "due": None}
    return HandlerCall(
        job=fact.job,
        key=f"{row.job}.{row.seq}.{FACT}",
        handler=NOTIFY,
        input=told | {"audience": audience, "answer": fact.answer, "fact": fact.id},
        customer=customer_of(fact.person, tx.people.get(fact.person)),
        process=fact.process,
        state=fact.state,
        attempt=row.attempts + 1,
    )


def _of_referral(tx: Transaction, row: OutboxMessage) -> HandlerCall | None:
    """That somebody was named who is new, or has come; nothing where it counts no more."""
    one, why = referral_letters.of_row(tx, row), str(row.body["why"])
    if one is None:
        return None
    whom = referral_letters.receiver(one, why)
    told: dict[str, Any] = {"step": None, "why": why, "title": name_given(tx, one), "state": "", "due": None}
    return HandlerCall(
        job=one.job,
        key=f"{row.job}.{row.seq}.{why}",
        handler=NOTIFY,
        input=told | {"audience": [f"person:{whom}"], "referral": one.id, "began": one.began},
        customer=customer_of(whom, tx.people.get(whom)),
        process=referral_letters.process_of(tx, one) or "",
        state="",
        attempt=row.attempts + 1,
    )


def _of_consent(tx: Transaction, row: OutboxMessage) -> HandlerCall | None:
    """That a consent was noted, or that a partner has a record; nothing where it counts no more."""
    found, why = of_word(tx, row), str(row.body["why"])
    if found is None:
        return None
    one = found[0]
    told: dict[str, Any] = {"step": None, "why": why, "title": name_of(tx, one.partner), "state": "", "due": None}
    return HandlerCall(
        job="",
        key=f"{row.job}.{row.seq}.{why}",
        handler=NOTIFY,
        input=told | {"audience": [f"person:{one.person}"], "consent": one.id, "partner": one.partner},
        customer=customer_of(one.person, tx.people.get(one.person)),
        process="",
        state="",
        attempt=row.attempts + 1,
    )


def _number(row: OutboxMessage) -> str:
    return f".{row.body['number']}" if "number" in row.body else ""


def _given(shell: Shell, tx: Transaction, job: StoredJob, row: OutboxMessage) -> dict[str, Any] | None:
    if row.body["why"] == "told":
        told = told_in(tx, row.job, row.seq)[int(row.body["number"])]
        audience, shown = list(told.to), [list(line) for line in told.shown]
        said: dict[str, Any] = {"step": None, "why": "told", "title": told.words, "state": told.state}
        return said | {"audience": audience, "due": None, "shown": shown}
    if row.body["why"] == "written":
        return _of_message(tx, job, row)
    if row.body["why"] == "late":
        audience, state = [f"person:{job.customer}"], row.body["state"]
        late: dict[str, Any] = {"step": None, "why": "late", "title": str(TAKES_LONGER), "state": state, "due": None}
        return late | {"audience": audience} if job.position.head.late else None
    if row.body["why"] in ("answered", "unanswered"):
        return _of_asked(tx, job, row)
    if row.body["why"] in REBOOKED:
        return _of_rebooked(shell, tx, job, row)
    if row.body["why"] in APPOINTMENTS:
        return _of_appointment(shell, tx, job, row)
    if row.body["why"] in ("promise", "risk"):
        find = overdue_words if row.body["why"] == "promise" else risk_words
        compiled = shell.catalogue.compiled(tx, job.process, job.version)
        words = find(tx, job, compiled, str(row.body["by"]), ENGLISH)
        over: dict[str, Any] = {
            "step": None,
            "why": row.body["why"],
            "title": words,
            "state": "",
            "due": row.body["by"],
        }
        return over | {"audience": [f"person:{job.customer}"]} if words else None
    step = access.open_step(job, int(row.body["step"]))
    if step is None:
        return None
    step = in_words(tx, job, step)
    return {
        "step": f"{row.job}.{step.number}",
        "why": row.body["why"],
        "title": step.title,
        "state": step.state,
        "audience": list(step.audience),
        "due": step.due.isoformat() if step.due else None,
    }


def _of_message(tx: Transaction, job: StoredJob, row: OutboxMessage) -> dict[str, Any] | None:
    """What somebody inside wrote to the customer; nothing where its history is archived."""
    found = messages_in(tx, row.job, row.seq)
    if not found:
        return None
    one = found[int(row.body["number"])]
    said: dict[str, Any] = {"step": None, "why": "written", "title": one.text, "state": "", "due": None}
    return said | {"audience": [f"person:{job.customer}"], "by": one.by, "files": list(one.files)}


def _of_asked(tx: Transaction, job: StoredJob, row: OutboxMessage) -> dict[str, Any] | None:
    """That something was answered, with the words; or that it is not, where that is still so."""
    number, why = int(row.body["step"]), row.body["why"]
    found = asked(tx, job, number)
    askers = _askers(tx, job, found) if found is not None else []
    if found is None or not askers or (why == "unanswered" and access.open_step(job, number) is None):
        return None
    answer = {"answer": answer_in(tx, job, row.seq, number)} if why == "answered" else {}
    told: dict[str, Any] = {"step": f"{row.job}.{number}", "why": why, "title": found.text, "state": "", "due": None}
    return told | {"audience": askers} | answer


def _of_rebooked(shell: Shell, tx: Transaction, job: StoredJob, row: OutboxMessage) -> dict[str, Any] | None:
    """That an appointment was booked, changed or cancelled; nothing where it has changed again since."""
    kept = invitations.of_row(tx, row, job)
    if kept is None:
        return None
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    return {
        "step": f"{row.job}.{kept.step}" if kept.step else None,
        "why": row.body["why"],
        "title": kept.title or compiled.process.title,
        "state": kept.state,
        "audience": row.body["whom"],
        "due": None,
        "appointment": kept.start.isoformat(),
        "end": kept.end.isoformat(),
    }


def _of_appointment(shell: Shell, tx: Transaction, job: StoredJob, row: OutboxMessage) -> dict[str, Any] | None:
    """What became of an appointment; nothing where its history is archived."""
    became = appointments_in(tx, row.job, row.seq)[0]
    if not became:
        return None
    one = became[int(row.body["number"])]
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    return {
        "step": f"{row.job}.{one.step}",
        "why": one.what,
        "title": appointments.changed(compiled, one, Clock(compiled.process)),
        "state": one.state,
        "audience": list(one.whom),
        "due": None,
        "appointment": one.slot.isoformat(),
        "to": one.to.isoformat() if one.to else None,
    }
