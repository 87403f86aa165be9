"""From what people type to jobs and steps, and who may touch them.

A job or step that is not for the asker and one that is not there are answered in the same words (L4).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.always import meant_for, open_to
from flowengine.core.machines import Compiled
from flowengine.core.seatings import himself, in_one_part, seatings, stands_for, waits_for
from flowengine.core.values import CLOCK, Actor, Seating, Step
from flowengine.errors import Ambiguous, NotAllowed, NotFound, StaleCommand
from flowengine.language.model import State
from flowengine.language.texts import spoken
from flowengine.people.identities import By, Identity, check_person, person_of
from flowengine.people.permissions import (
    ANY,
    LOOKS,
    OPEN,
    OWN,
    PART,
    PRICED,
    WAITS,
    Relation,
    denied,
    least,
    needs,
    refuse_beyond,
    refuse_weak,
    require,
    stands,
)
from flowengine.runtime.actors import (
    StoreWorld,
    actor_of,
    as_actor,
    name_of,
    nobody,
    reader_zone,
    refuse_erased,
)
from flowengine.speech.phrases import moment_phrase, phrase
from flowengine.store import Entry, Person, StoredJob, Transaction, short, shown
from flowengine.store.transaction import Terms

JOB_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""What the full id of a job looks like."""

_FULL_ID = re.compile(JOB_ID)
MOST_NAMED = 6
"""Of those for whom somebody may act, how many are named."""

MOST_OWN = 1_000
"""Of a customer's jobs, how many are looked through for a beginning that fits other people's jobs as well."""

PAGE = 8
"""History entries that are read at once to find a step; nearly each opens one."""


def no_such(kind: str, text: str) -> NotFound:
    """The one answer for what is not there and for what is not for the asker."""
    return NotFound(
        phrase("there is no %(kind)s %(text)s, or it is not for you", kind=kind, text=repr(text)), where=text
    )


class Hidden(Exception):
    """Something is not there, or not for the asker; whoever knows what was typed answers with :func:`no_such`."""


class Absent(Hidden):
    """It is not there."""


Permit: TypeAlias = Callable[[Transaction, Compiled, StoredJob, Any], None]
"""Raises when the command is not for the actor that asks."""


# ids


def job_ref(tx: Transaction, text: str, actor: Actor, kind: str = "job", whole: str = "") -> str:
    """The full id of a job from a full id or a unique beginning; customers are told only of jobs they may see, and who
    comes by a link to one job of that alone."""
    if actor.job:
        return _linked(text, actor, kind, whole or text)
    if _FULL_ID.fullmatch(text):
        return text
    try:
        return tx.jobs.resolve(text)
    except NotFound:
        raise no_such(kind, whole or text) from None
    except Ambiguous:
        if actor.kind != "customer":
            raise
        return _own(tx, text.strip().lower(), actor, kind, whole or text)


def _linked(text: str, actor: Actor, kind: str, whole: str) -> str:
    """The job of the link, where it is meant. There is no other (L4)."""
    start = text.strip().lower()
    if start and (actor.job.startswith(start) or short(actor.job).startswith(start)):
        return actor.job
    raise no_such(kind, whole)


def _own(tx: Transaction, start: str, actor: Actor, kind: str, text: str) -> str:
    """The one job of that beginning that the customer has a part in; other people's do not count (L4)."""
    whose = stands_for(actor, looking=True)
    known = {row.id: None for row in tx.jobs.list(customer=whose, limit=MOST_OWN)}
    waiting = tx.steps.inbox(sorted(seatings(actor)), MOST_OWN, person=actor.id, everything=True)
    known |= {row.job: None for row in waiting}
    known |= {row.id: None for row in tx.jobs.list(took_part=whose, limit=MOST_OWN)}
    found = [job for job in known if job.startswith(start) or short(job).startswith(start)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise no_such(kind, text)
    raise Ambiguous(
        phrase("%(text)s fits more than one %(kind)s", text=repr(text), kind=kind),
        where=text,
        possible=[short(job) for job in found],
    )


def asker_of_job(tx: Transaction, by: By, job: str, key: str | None) -> Actor:
    """Who asks something of a job.

    Where he is looked up, the job is locked behind it: a guess, which saves a round trip when it is right. Whoever
    names himself by his id, and the job by its own, is met by it.
    """
    if isinstance(by, Actor):
        return by
    if _FULL_ID.fullmatch(job):
        if key is None:
            tx.jobs.expect_locked(job)
        else:
            tx.receipts.expect_locked(job, person_of(by), key)
    return actor_of(tx, by)


def is_full(job: str) -> bool:
    """Whether a text is the full id of a job."""
    return _FULL_ID.fullmatch(job) is not None


def locked(tx: Transaction, job_id: str) -> StoredJob:
    """The job, locked. Raises Absent."""
    try:
        return tx.jobs.lock(job_id)
    except NotFound:
        raise Absent from None


def read(tx: Transaction, job_id: str, kind: str, text: str, actor: Actor | None = None) -> StoredJob:
    """The job, for looking at. Raises NotFound in the words for what was typed; for an ``actor`` who is then asked
    whether he may see it, after as much work as for another's."""
    try:
        return tx.jobs.get(job_id)
    except NotFound:
        if actor is not None:
            look_in_vain(tx, job_id, actor)
        raise no_such(kind, text) from None


def look_in_vain(tx: Transaction, job_id: str, actor: Actor) -> None:
    """Look for somebody's part in a job that is not there, so that this takes as long as with another's (L4)."""
    if needs("track", actor) == PART and not actor.job:
        _takes_part(tx, job_id, actor, looking=True)


def numbered_ref(tx: Transaction, text: str, actor: Actor, kind: str = "step") -> tuple[str, int]:
    """The job and the number of a step or call, which is written ``<job>.<number>``."""
    job, dot, number = text.rpartition(".")
    if not dot or not job or not (number.isascii() and number.isdigit()) or len(number) > 12:
        raise no_such(kind, text)
    known = _FULL_ID.fullmatch(job) and not actor.job
    return job if known else job_ref(tx, job, actor, kind, text), int(number)


def open_step(job: StoredJob, number: int) -> Step | None:
    """The open step of that number."""
    branch_id = job.position.branch_of_step(number)
    branch = job.position.branch(branch_id) if branch_id is not None else None
    for step in branch.steps if branch else ():
        if step.number == number:
            return step
    return None


def steps_for(job: StoredJob, tx: Transaction, actor: Actor) -> list[str]:
    """The ids of the job's open steps that wait for the actor."""
    mine = seatings(actor)
    numbers = {row.step.number for row in tx.steps.of(job.id, stands_for(actor)) if row.audience in mine}
    return [f"{shown(job.id)}.{number}" for number in sorted(numbers)]


# permissions


def asker(tx: Transaction, verb: str, by: By) -> Actor:
    """Who asks, where such an actor may ask at all, known strongly enough whatever he asks it of. Raises NotFound,
    NotAllowed, WeakIdentity."""
    actor = actor_of(tx, by)
    check(verb, actor, tx.terms)
    return actor


def check(verb: str, actor: Actor, terms: Terms) -> None:
    """Raises NotFound, NotAllowed, WeakIdentity where such an actor may not use a verb, whatever it is used on."""
    require(verb, actor)
    refuse_weak(verb, actor, least(verb, terms.strengths))


_IN_PARTS = (c.Act, c.Claim, c.Release, c.Assign, c.TakeBack, c.Invoke, c.Say, c.Add)
"""The commands of those who take part in a job."""


def in_part(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any, now: datetime) -> Any:
    """The command of one who acts either for himself or for one party: for the one whom it takes."""
    if isinstance(command, c.ActFor):
        step = open_step(job, command.step)
        whom = in_one_part(command.person, lambda one: step is not None and waits_for(one, step, job.position.seat))
        return replace(command, person=whom)
    by: Actor = command.by
    if not by.acting or by.party or not isinstance(command, _IN_PARTS):
        return command
    number = command.to if isinstance(command, c.Say) else getattr(command, "step", 0)
    step = open_step(job, number) if number else None

    def wanted(actor: Actor) -> bool:
        if isinstance(command, c.Invoke):
            world = StoreWorld(tx, job.customer)
            return meant_for(compiled, job.position, actor, command.name, now, world)
        if step is not None:
            return waits_for(actor, step, job.position.seat) or _is_askers(step, actor)
        return actor.kind != "customer" or job.customer in stands_for(actor)

    def unanswered(actor: Actor) -> bool:
        assert step is not None, "only a step has seats"
        found = (job.position.seat(step.number, seating) for seating in seatings(actor))
        return any(seat is not None and seat.answer is None for seat in found)

    if step is not None and step.seats:
        part = in_one_part(by, unanswered)
        if unanswered(part):
            return replace(command, by=part)
    return replace(command, by=in_one_part(by, wanted))


def permit_all(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
    """For commands of the engine itself."""


def permit_on_step(verb: str) -> Permit:
    """The step must be to the actor what the verb needs (L4); to one whom it waited for, a step that is done is told
    to be done."""

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
        actor, step = command.by, open_step(job, command.step)
        if step is None:
            raise closed(tx, job, actor, command.step)
        needed, known = needs(verb, actor), needs("step", actor) == ANY
        waits = (needed == WAITS or not known) and waits_for(actor, step, job.position.seat)
        if not waits and not known:
            raise Hidden  # whatever else may be said of who asks: it is not there
        refuse_beyond(verb, actor)
        if needed != ANY and not (needed == WAITS and waits):
            raise denied(verb, actor)
        if actor.strength or actor.party:
            _refuse_on_step(tx, compiled, job, verb, step, command)

    return permit


def _refuse_on_step(tx: Transaction, compiled: Compiled, job: StoredJob, verb: str, step: Step, command: Any) -> None:
    """Raises NotAllowed for who may act for a party and not sign for it, where something is to be approved;
    WeakIdentity for who is not known so strongly as the step, or what it is about, asks for."""
    actor, where = command.by, f"{shown(job.id)}.{step.number}"
    state = None if step.is_asked else compiled.at(step).member(step.member)
    if actor.party and actor.party not in actor.signing and state is not None and state.signed:
        others = [
            one.person for one in tx.acting.for_party(actor.party) if one.may == "sign" and one.holds(tx.terms.now())
        ]
        what = phrase("%(id)s may act for %(party)s, and not sign for it", id=actor.id, party=actor.party)
        raise NotAllowed(what, where=where, possible=(*others[:MOST_SIGNING], phrase("ask to be let sign")))
    if verb == "act" and state is not None:
        refuse_weak(verb, actor, known_to_act(tx, state, command.outcome), where)
    else:
        refuse_weak(verb, actor, least(verb, tx.terms.strengths), where)


def known_to_act(tx: Transaction, state: State, outcome: str = "") -> str:
    """How strongly somebody has to be known to act on a step of a state, with an outcome."""
    priced = state.signed and state.priced and outcome in ("", "approved") and "act" not in tx.terms.strengths
    return least("act", tx.terms.strengths, state.asks, PRICED if priced else "")


MOST_SIGNING = 5
"""Of those who may sign for a party, how many are named."""


permit_act, permit_claim, permit_release = map(permit_on_step, ("act", "claim", "release"))


def permit_assign(person: str) -> Permit:
    """Those for whom the step waits may hand it to another of them; operators may hand it to anybody.

    Others are not told whether there is such a person.
    """
    permit_handing = permit_on_step("assign")

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
        permit_handing(tx, compiled, job, command)
        found, step, now = tx.people.get(person), open_step(job, command.step), tx.terms.now()
        if needs("assign", command.by) == ANY:
            if found is None:
                raise nobody(person)
            as_actor(found, now)  # who has left is refused
        elif not (found and step and found.left is None and waits_for(as_actor(found, now), step, job.position.seat)):
            raise NotAllowed(
                phrase("%(person)s is not one of those for whom the step waits", person=person),
                where=f"{shown(job.id)}.{command.step}",
                possible=[*(step.audience if step else ()), phrase("ask an operator to hand it over")],
            )

    return permit


def permit_on_job(verb: str) -> Permit:
    """The job must be to the actor what the verb needs."""

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:  # noqa: ARG001
        refuse_on_job(tx, job, verb, command.by)
        refuse_weak(verb, command.by, least(verb, tx.terms.strengths), f"job {shown(job.id)}")

    return permit


def refuse_on_job(tx: Transaction, job: StoredJob, verb: str, actor: Actor) -> None:
    """Raises Hidden for who may not see the job, whatever else may be said of him; NotAllowed, NotFound where he is not
    to it what the verb needs."""
    if not sees(tx, job, actor):
        raise Hidden
    refuse_beyond(verb, actor)
    needed, looking = needs(verb, actor), verb in LOOKS
    as_seen = needed == needs("track", actor) and (looking or not actor.seeing)
    if not as_seen and not _stands(tx, job, actor, needed, looking=looking):
        raise denied(verb, actor, f"job {shown(job.id)}")


def refuse_strangers(tx: Transaction, job: StoredJob, actor: Actor) -> None:
    """Raises Hidden for a customer who has no part in the job: before anything that is due in it is done, so that he
    does not learn of it by that either."""
    if needs("track", actor) == PART and not sees(tx, job, actor):
        raise Hidden


permit_say, permit_add, permit_send = map(permit_on_job, ("say", "add", "send"))
permit_message, permit_note = map(permit_on_job, ("message", "note"))


def permit_taking_back(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:  # noqa: ARG001
    """What was asked must still wait for an answer, and be the actor's own, or of those inside what nobody has asked;
    they know of what others ask."""
    actor, step = command.by, open_step(job, command.step)
    if step is None:
        raise closed(tx, job, actor, command.step)
    known = needs("step", actor) == ANY or (step.is_asked and actor.kind == "staff")
    nobodys = step.asks_date and not step.asked_by and actor.kind != "customer"  # the engine has asked for the house
    own = _is_askers(step, actor) or (nobodys and known)
    if own or known:
        refuse_beyond("take_back", actor)
    if own and needs("take_back", actor) == OWN:
        refuse_weak("take_back", actor, least("take_back", tx.terms.strengths), f"{shown(job.id)}.{command.step}")
        return
    if known:
        what = phrase("only who has asked something may take it back")
        raise NotAllowed(what, where=f"{shown(job.id)}.{command.step}", possible=(phrase("answer it"),))
    raise Hidden


def _is_askers(step: Step, actor: Actor) -> bool:
    return step.is_asked and himself(actor, step.asked_by)


def permit_always(name: str, now: Callable[[], datetime], asks: str = "invoke") -> Permit:
    """An always entry must be open to the actor, now or at another time; who sees the job is told what is open now.
    ``asks`` is the verb by which it is asked, be it only to look what it would do."""

    def permit(tx: Transaction, compiled: Compiled, job: StoredJob, command: Any) -> None:
        actor, world = command.by, StoreWorld(tx, job.customer)
        if not sees(tx, job, actor):
            raise Hidden
        refuse_beyond(asks, actor)
        if needs(asks, actor) != OPEN or not meant_for(compiled, job.position, actor, name, now(), world):
            raise NotAllowed(
                phrase("%(name)s cannot be asked of this job by %(id)s", name=repr(name), id=actor.id or actor.kind),
                where=f"job {shown(job.id)}",
                possible=sorted(entry.name for entry in open_to(compiled, job.position, actor, now(), world)),
            )
        if actor.strength:
            verb = name if name == "withdraw" else "invoke"
            raised = [entry.asks for _, entry in compiled.always.get(name, ())]
            refuse_weak(verb, actor, least(verb, tx.terms.strengths, *raised), f"job {shown(job.id)}")

    return permit


def sees(tx: Transaction, job: StoredJob, actor: Actor) -> bool:
    """Whether the actor may look at the job."""
    return _stands(tx, job, actor, needs("track", actor), looking=True)


def _stands(tx: Transaction, job: StoredJob, actor: Actor, needed: Relation, *, looking: bool = False) -> bool:
    """``stands``, with the steps of the job read only where it depends on them."""
    if (actor.job and actor.job != job.id) or is_shut_out(tx, job, actor):
        return False
    return stands(needed, actor, job.customer, looking=looking) or (
        needed == PART and _takes_part(tx, job.id, actor, looking=looking)
    )


def _takes_part(tx: Transaction, job_id: str, actor: Actor, *, looking: bool) -> bool:
    """Whether a step of a job waits for somebody, or he has done something in it."""
    mine = seatings(actor)
    if any(row.audience in mine for row in tx.steps.of(job_id, stands_for(actor))):
        return True
    whose = stands_for(actor, looking=looking) if actor.kind == "customer" else ()
    return any(tx.participants.took_part(job_id, one) for one in whose)


def is_shut_out(tx: Transaction, job: StoredJob, actor: Actor) -> bool:
    """Whether a process is closed to a member of staff, for whom no step of the job waits either."""
    if actor.kind != "staff" or not tx.terms.closes(tx, job.process, job.version, actor.roles):
        return False
    return seatings(actor).isdisjoint(row.audience for row in tx.steps.of(job.id))


def visible_job(tx: Transaction, text: str, actor: Actor) -> StoredJob:
    """A job for looking at. Raises NotFound for those who may not."""
    job = read(tx, job_ref(tx, text, actor), "job", text, actor)
    if not sees(tx, job, actor):
        raise no_such("job", text)
    refuse_weak("track", actor, least("track", tx.terms.strengths), f"job {shown(job.id)}")
    return job


def closed(tx: Transaction, job: StoredJob, actor: Actor, number: int) -> Hidden | StaleCommand:
    """For a step that is not open: those for whom it was are told so, to others it never was (L4)."""
    found = opening(tx, job, number)
    if found is None or not (was_asked(tx, job.id, found[1], actor) or _is_askers(found[1].step, actor)):
        return Hidden()
    ended = ending(tx, job, *found)
    title = repr(found[1].step.title)
    what = phrase("the step %(title)s is no longer open", title=title)
    if ended is not None:
        why = _why_over(tx, actor, ended)
        what = phrase("the step %(title)s is no longer open: %(why)s", title=title, why=why)
    if found[1].step.is_asked:
        what = phrase(
            "it waits for an answer no more: it was %(outcome)s",
            outcome=spoken(ended.outcome if ended is not None else ""),
        )
    return StaleCommand(
        what,
        where=f"{shown(job.id)}.{number}",
        possible=steps_for(job, tx, actor),
    )


_KINDS = {"operator": phrase("an operator"), "program": phrase("the program"), "job": phrase("another job")}
"""Who has acted that is nobody by name."""


def _why_over(tx: Transaction, actor: Actor, ended: Ending) -> str:
    """What has closed a step, in words for those for whom it was; of who it was, customers are told no more than of
    what kind he is (L9)."""
    zone = reader_zone(tx, actor) or UTC
    by, at = ended.entry.by, moment_phrase(ended.entry.at, zone)
    if by.kind == CLOCK.kind and ended.step.is_over(ended.entry.at):
        return phrase("its time was over on %(moment)s", moment=moment_phrase(ended.step.due or ended.entry.at, zone))
    if himself(actor, by.id):
        return phrase("you have done it already, on %(moment)s", moment=at)
    if by.kind in ("service", CLOCK.kind):
        return phrase("the job has gone on, on %(moment)s", moment=at)
    if actor.kind == "customer":
        whom: str = phrase("somebody else who was asked") if by.kind == "customer" else phrase("the organisation")
    else:
        whom = name_of(tx, by.id) if by.id else _KINDS.get(by.kind, by.kind)
    return phrase("%(whom)s was there first, on %(moment)s", whom=whom, moment=at)


def asked(opened: e.StepOpened) -> set[Seating]:
    """Those for whom a step was opened."""
    return {*opened.step.audience, *(seat.audience for seat in opened.seats)}


def was_asked(tx: Transaction, job_id: str, opened: e.StepOpened, actor: Actor) -> bool:
    """Whether a step was opened for somebody."""
    if opened.step.box:
        return any(tx.ballots.seat(job_id, opened.step.number, one) is not None for one in stands_for(actor))
    return not seatings(actor).isdisjoint(asked(opened))


def opening(tx: Transaction, job: StoredJob, number: int) -> tuple[int, e.StepOpened] | None:
    """The number of the entry that opened a step, and how. Numbers of steps only grow along a history, so that halving
    it finds the entry (the job may be locked meanwhile, however long its history is)."""
    known = tx.opened.get((job.id, number))
    found = known or _looked_for(tx, job, number)
    if found is not None:
        tx.opened[job.id, number] = found
    return found


def _looked_for(tx: Transaction, job: StoredJob, number: int) -> tuple[int, e.StepOpened] | None:
    low, high = 0, job.seq
    while low < high:
        middle = (low + high) // 2
        seq, opened = _first_opened(tx, job.id, middle, high)
        if not opened or opened[0].step.number > number:
            high = middle
        elif opened[-1].step.number < number:
            low = seq
        else:
            return next(((seq, event) for event in opened if event.step.number == number), None)
    return None


def _first_opened(tx: Transaction, job: str, after: int, last: int) -> tuple[int, list[e.StepOpened]]:
    """The first entry after one that opened steps, up to the last one: its number, and how it opened them."""
    while after < last and (page := tx.history.of(job, after, min(PAGE, last - after))):
        for entry in page:
            opened = [event for event in entry.events if isinstance(event, e.StepOpened)]
            if opened:
                return entry.seq, opened
        after = page[-1].seq
    return last, []


class Ending(NamedTuple):
    """How a step ended: as it was last, all those for whom it was, and the entry and the outcome that ended it, by
    itself, with its state, or with its branch or the job."""

    step: Step
    whose: set[Seating]
    entry: Entry
    outcome: str


def ending(tx: Transaction, job: StoredJob, seq: int, opened: e.StepOpened) -> Ending | None:
    """How the step ended that an entry opened; None while it is open."""
    step, whose, after, waiting = opened.step, asked(opened), seq - 1, True
    while entries := tx.history.of(job.id, after, PAGE):
        for entry in entries:
            for event in entry.events:
                if waiting:
                    waiting = event != opened
                elif isinstance(event, e.StepChanged) and event.step.number == step.number:
                    step = event.step
                    whose.update(step.audience)
                elif (
                    (isinstance(event, e.StepClosed) and event.step == step.number)
                    or (isinstance(event, e.Left | e.BranchClosed | e.BranchRested) and event.branch == step.branch)
                    or (isinstance(event, e.Ended) and not step.is_asked)
                ):
                    return Ending(step, whose, entry, getattr(event, "outcome", ""))
        after = entries[-1].seq
    return None


# starting


def starting_actor(tx: Transaction, by: By, now: datetime) -> Actor:
    """Who starts a job: an id that nobody has yet becomes a customer of that name; an identity is somebody's."""
    if isinstance(by, Identity):
        return asker(tx, "start", by)
    if isinstance(by, Actor):
        check("start", by, tx.terms)
        if by.kind != "customer":
            return by
    id = by if isinstance(by, str) else by.id
    check_person(id)
    found = tx.people.get(id)
    if found is None:
        found = Person(id=id, kind="customer", name=id, created=now)
        tx.people.enter(found)
    if isinstance(by, str):
        return as_actor(found, now)
    refuse_erased(found)
    if found.kind != "customer":
        raise NotAllowed(
            phrase("%(id)s is not a customer", id=id), where=id, possible=(phrase("begin it as who he is"),)
        )
    return by


def customer_of_start(tx: Transaction, actor: Actor, customer: str | None) -> tuple[str, str]:
    """Whose job it is: a customer's own, that of a party for which he may act, or of the one whom staff, operators and
    services name; and the referral by which that one came, where he has begun nothing yet."""
    if needs("start", actor) == OWN:
        whose = stands_for(actor)
        if customer is not None and customer not in whose:
            what = phrase("a customer begins only his own jobs, and those of whom he may act for")
            raise NotAllowed(what, where=actor.id, possible=whose[:MOST_NAMED])
        owner = customer or actor.party or actor.id
        return owner, actor.brought if owner == actor.id else ""
    if customer is None and actor.party:
        return actor.party, ""
    if customer is None:
        raise NotAllowed(
            phrase("%(id)s is not a customer, and a job begins with a customer's need", id=actor.id or actor.kind),
            possible=(phrase("name the customer for whom the job is begun"),),
        )
    found = actor_of(tx, customer, asks=False)
    if found.kind != "customer":
        raise NotAllowed(
            phrase("%(id)s is not a customer", id=customer),
            where=customer,
            possible=(phrase("name a customer"),),
        )
    return found.id, found.brought
