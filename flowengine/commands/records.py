"""Facts: what anybody in the organisation knows of a customer, and what he says himself, said, changed, answered and
taken back.

Every role reads and adds on every customer, unless a process, a state or the installation closes it to some (M10).
Somebody else's record and one that is not there are answered alike (L4).
"""

from __future__ import annotations

import re
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from flowengine.commands import access, outgoing
from flowengine.commands.receipts import check_key, other_request
from flowengine.commands.shell import Shell
from flowengine.core.fields import LONGEST_TEXT
from flowengine.core.seatings import seatings
from flowengine.core.values import Actor
from flowengine.errors import Ambiguous, BadAnswer, NotAllowed, StaleCommand
from flowengine.language.model import Process
from flowengine.language.parts import FACT_KINDS, FactKind
from flowengine.people.identities import By, actor_key
from flowengine.people.permissions import LOOKS, OWN, needs, stands
from flowengine.runtime.actors import name_of, nobody, refuse_erased
from flowengine.speech.phrases import phrase
from flowengine.store import Person, StoredJob, Transaction, new_id, shown
from flowengine.store.codec import micros
from flowengine.store.records import Fact, Sight, closed
from flowengine.views.facts import FactView

FACT = "fact"
"""Why word is left for people that a fact was answered."""

WAITING: tuple[FactKind, ...] = ("need", "want", "concern", "expectation")
"""The kinds that are open until they are answered; a preference or a note holds as it is."""

MOST_VERSIONS = 10_000
"""Of what is known of one id, how many versions are kept: a customer may add by himself."""

_REF = re.compile(r"[0-9a-f-]{1,36}")


def whose(tx: Transaction, verb: str, id: str, actor: Actor) -> Person:
    """The customer about whom somebody asks, who may. Raises NotFound, also for a customer who asks about another; and
    NotAllowed for a member of staff."""
    found = tx.people.get(id)
    if found is None or not _may(verb, actor, found):
        raise nobody(id)
    if found.kind != "customer":
        what = phrase("%(id)s is a member of staff, of whom nothing is recorded here", id=id)
        raise NotAllowed(what, where=id, possible=(phrase("the id of a customer"),))
    return found


def _may(verb: str, actor: Actor, person: Person) -> bool:
    """Whether a verb is somebody's about a person: about himself, or a party for which he may act."""
    needed, looking = needs(verb, actor), verb in LOOKS
    return any(stands(needed, actor, id, looking=looking) for id in ids_of(person))


def ids_of(person: Person) -> tuple[str, ...]:
    """All ids of a person."""
    return (person.id, *person.same)


def sight(shell: Shell, actor: Actor) -> Sight:
    """Which facts somebody may see: a customer those that are shown to him; operators, and the program, all."""
    if actor.kind == "customer":
        return Sight(shown=True)
    roles = roles_of(actor)
    hidden = (kind for kind, to in shell.settings.facts_closed_to.items() if closed(to, roles))
    return Sight(roles=roles, kinds=tuple(sorted(hidden)))


def roles_of(actor: Actor) -> tuple[str, ...] | None:
    """The roles by which something may be closed to somebody; None where nothing is."""
    return actor.roles if actor.kind == "staff" else None


def closed_in(process: Process, state: str = "", member: str = "") -> tuple[str, ...]:
    """The roles to which a process, with one of its states, closes what is recorded there."""
    found = next((one for one in process.states() if one.name == state), None) if state else None
    inner = () if found is None else (*found.closed_to, *found.member(member).closed_to)
    return tuple(dict.fromkeys((*process.closed_to, *inner)))


class _Spot(NamedTuple):
    """On what something is said: a step of a job, a job, or nothing; and to whom that is closed."""

    job: str = ""
    step: str = ""
    process: str = ""
    state: str = ""
    closed_to: tuple[str, ...] = ()


def add_fact(
    shell: Shell, person: str, kind: str, text: str, job: str, step: str, show: bool, by: By, key: str | None
) -> FactView:
    """Say something of a customer. Under a request key it is said once, whoever sends it again (L3)."""
    new = new_id()

    def work(tx: Transaction) -> FactView:
        actor = access.asker(tx, "add_fact", by)
        customer = whose(tx, "add_fact", person, actor)
        refuse_erased(customer)
        known, words = _kind(shell, kind, actor), checked(text)
        spot, now = _spot(shell, tx, customer, job, step, actor), shell.clock.now()
        fact = Fact(
            id=new if key is None else _id_under(actor, key),
            person=customer.id,
            kind=known,
            text=words,
            author=actor.id,
            author_kind=actor.kind,
            at=now,
            changed=now,
            changed_by=actor.id,
            shown=show or actor.kind == "customer",
            waits=known in WAITING,
            **spot._asdict(),
        )
        before = tx.records.versions(fact.id)
        if before:
            return fact_view(tx, _said_before(before[-1], fact, key or ""), actor)
        if tx.records.number(customer.id) >= MOST_VERSIONS:
            what = phrase(
                "%(most_versions)s facts of %(id)s are kept, which are too many",
                most_versions=MOST_VERSIONS,
                id=customer.id,
            )
            raise NotAllowed(what, where=customer.id, possible=(phrase("say it about a job"),))
        tx.records.add(fact)
        return fact_view(tx, fact, actor)

    return shell.keep(work)


def _id_under(actor: Actor, key: str) -> str:
    check_key(key)
    return str(UUID(bytes=sha256(f"fact\n{actor_key(actor)}\n{key}".encode(errors="surrogatepass")).digest()[:16]))


def _said_before(first: Fact, again: Fact, key: str) -> Fact:
    """What was said under the key, if it is the same."""
    asked = ("person", "kind", "text", "shown", "job", "step")
    if any(getattr(first, name) != getattr(again, name) for name in asked):
        raise other_request(key)
    return first


def _kind(shell: Shell, kind: str, actor: Actor) -> FactKind:
    found = next((one for one in FACT_KINDS if one == kind), None)
    if found is None:
        raise BadAnswer({"kind": phrase("%(kind)s is no kind of fact", kind=repr(kind[:60]))}, possible=FACT_KINDS)
    hidden = sight(shell, actor).kinds
    if found in hidden:
        raise NotAllowed(
            phrase(
                "facts of the kind %(kind)s are closed to %(roles)s",
                kind=kind,
                roles=", ".join(actor.roles) or phrase("staff without a role"),
            ),
            where=kind,
            possible=[one for one in FACT_KINDS if one not in hidden],
        )
    return found


def checked(text: str, name: str = "text") -> str:
    """What somebody wrote, without blanks around it. Raises BadAnswer where it is nothing, or too long."""
    words = text.strip()
    if not words:
        raise BadAnswer({name: phrase("there is nothing said")}, possible=(phrase("a few words"),))
    if len(words) > LONGEST_TEXT:
        raise BadAnswer(
            {
                name: phrase(
                    "has %(count)s characters; %(longest_text)s are possible",
                    count=len(words),
                    longest_text=LONGEST_TEXT,
                )
            }
        )
    return words


def _spot(shell: Shell, tx: Transaction, customer: Person, job: str, step: str, actor: Actor) -> _Spot:
    """On what it is said: it must be a job of the customer that the asker may see, and a step of that."""
    if not (job or step):
        return _Spot()
    number, state, member = 0, "", ""
    if step:
        job_id, number = access.numbered_ref(tx, step, actor)
        stored = access.read(tx, job_id, "step", step)
        found = _step_of(tx, stored, number, actor)
        if found is None or not access.sees(tx, stored, actor):
            raise access.no_such("step", step)
        state, member = found
        if job and access.job_ref(tx, job, actor) != stored.id:
            raise BadAnswer(
                {"step": phrase("%(step)s is no step of the job %(job)s", step=repr(step[:60]), job=repr(job[:60]))}
            )
    else:
        stored = access.visible_job(tx, job, actor)
    if stored.customer not in ids_of(customer):
        if needs("add_fact", actor) == OWN:
            raise access.no_such("step" if step else "job", step or job)
        raise BadAnswer(
            {"job": phrase("%(job)s is no job of %(customer)s", job=shown(stored.id), customer=customer.id)}
        )
    process = shell.catalogue.compiled(tx, stored.process, stored.version).process
    shut = closed_in(process, state, member)
    if closed(shut, roles_of(actor)):
        raise access.no_such("step" if step else "job", step or job)
    return _Spot(stored.id, f"{stored.id}.{number}" if step else "", stored.process, state, shut)


def _step_of(tx: Transaction, job: StoredJob, number: int, actor: Actor) -> tuple[str, str] | None:
    """The state of a step, open or not, and the member of a race; to a customer only of one that is for him."""
    there = access.open_step(job, number)
    opened = access.opening(tx, job, number)
    if opened is None:
        return None
    step = there or opened[1].step
    if actor.kind == "customer" and seatings(actor).isdisjoint({*access.asked(opened[1]), *step.audience}):
        return None
    return step.state, step.member


# what is there


def change_fact(shell: Shell, ref: str, text: str, kind: str, show: bool | None, by: By) -> FactView:
    """Say a fact otherwise: a version more; those before stay. What a customer has said, he alone changes."""

    def work(tx: Transaction) -> FactView:
        actor = access.asker(tx, "change_fact", by)
        fact = found_fact(shell, tx, "change_fact", ref, actor)
        _is_his(fact, actor, "change")
        if fact.answered is not None:
            raise StaleCommand(
                phrase("it was answered, and stays as it was said"), where=ref, possible=(phrase("say it anew"),)
            )
        known = _kind(shell, kind, actor) if kind else fact.kind
        shows = fact.shown if show is None or actor.kind == "customer" else show
        words = checked(text) if text else fact.text
        if (words, known, shows) == (fact.text, fact.kind, fact.shown):
            return fact_view(tx, fact, actor)
        new = _next(fact, actor, shell.clock.now())
        new = replace(new, text=words, kind=known, shown=shows, waits=known in WAITING)
        tx.records.add(new)
        return fact_view(tx, new, actor)

    return shell.keep(work)


def answer_fact(shell: Shell, ref: str, text: str, by: By) -> FactView:
    """Answer what waits for it: who raised it is told, and the customer, where he sees it."""

    def work(tx: Transaction) -> FactView:
        actor = access.asker(tx, "answer_fact", by)
        fact = found_fact(shell, tx, "answer_fact", ref, actor)
        words = checked(text)
        if not fact.waits:
            raise NotAllowed(
                phrase("a %(kind)s waits for no answer", kind=fact.kind),
                where=ref,
                possible=(*WAITING, phrase("add a note")),
            )
        if fact.answered is not None:
            if (words, actor.id) == (fact.answer, fact.answered_by):
                return fact_view(tx, fact, actor)
            what = phrase(
                "%(person)s has answered it already",
                person=name_of(tx, fact.answered_by) if fact.answered_by else phrase("somebody"),
            )
            raise StaleCommand(what, where=ref, possible=(phrase("add a note"),))
        now = shell.clock.now()
        new = replace(_next(fact, actor, now), answer=words, answered=now, answered_by=actor.id)
        tx.records.add(new)
        outgoing.leave_word(tx, shell.handlers, shell.wanted, new.id, new.version, FACT, now)
        return fact_view(tx, new, actor)

    return shell.keep(work)


def take_back_fact(shell: Shell, ref: str, by: By) -> FactView:
    """Take back a fact: it counts no more, and is kept as it was."""

    def work(tx: Transaction) -> FactView:
        actor = access.asker(tx, "take_back_fact", by)
        fact = found_fact(shell, tx, "take_back_fact", ref, actor, gone=True)
        _is_his(fact, actor, "take back")
        if fact.taken_back is not None:
            return fact_view(tx, fact, actor)
        now = shell.clock.now()
        new = replace(_next(fact, actor, now), taken_back=now)
        tx.records.add(new)
        return fact_view(tx, new, actor)

    return shell.keep(work)


def _next(fact: Fact, actor: Actor, now: datetime) -> Fact:
    return replace(fact, version=fact.version + 1, changed=now, changed_by=actor.id)


def _is_his(fact: Fact, actor: Actor, verb: str) -> None:
    """Raises NotAllowed: a customer's own words are his, and those of the organisation are its own."""
    if (fact.author_kind == "customer") != (actor.kind == "customer"):
        what = phrase(
            "only %(whom)s may %(verb)s it",
            whom=phrase("who has said it") if fact.author_kind == "customer" else phrase("the organisation"),
            verb=verb,
        )
        raise NotAllowed(what, where=shown(fact.id), possible=(phrase("add a note"), phrase("answer it")))


def found_fact(shell: Shell, tx: Transaction, verb: str, ref: str, actor: Actor, *, gone: bool = False) -> Fact:
    """The one fact that an id, or its unique beginning, means to somebody who may see it. Raises NotFound, Ambiguous,
    and StaleCommand for one that was taken back, unless it may be ``gone``."""
    sees, text = sight(shell, actor), ref.strip().lower()
    found: list[Fact] = []
    ids = tx.records.beginning(text) if _REF.fullmatch(text) else []
    for id in ids or (text,):  # for what is not there, as much is looked up as for another's (L4)
        versions = tx.records.versions(id)
        person = tx.people.get(versions[0].person if versions else id)
        if versions and person is not None and sees.sees(versions[0]) and _may(verb, actor, person):
            found.append(versions[0])
    exact = [one for one in found if one.id == text]
    if len(exact or found) > 1:
        raise Ambiguous(
            phrase("%(id)s fits more than one fact", id=repr(ref)),
            where=ref,
            possible=[one.id[-12:] for one in found],
        )
    if not found:
        raise access.no_such("fact", ref[:200])
    (fact,) = exact or found
    if fact.taken_back is not None and not gone:
        raise StaleCommand(phrase("it was taken back"), where=ref, possible=(phrase("say it anew"),))
    return fact


def answered_fact(tx: Transaction, id: str) -> Fact | None:
    """A fact that was answered; None once it is taken back, or erased."""
    found = tx.records.versions(id)
    return found[0] if found and found[0].answered is not None and found[0].taken_back is None else None


def told_of_answer(fact: Fact) -> list[str]:
    """The ids of those who are told that a fact was answered: who raised it, and the customer, where he sees it."""
    both = (fact.author, fact.person if fact.shown else "")
    return list(dict.fromkeys(one for one in both if one and one != fact.answered_by))


def fact_view(tx: Transaction, fact: Fact, actor: Actor) -> FactView:
    """A fact as somebody sees it who may."""
    names_staff = actor.kind != "customer" or fact.author_kind == "customer"
    return FactView(
        id=fact.id,
        short=shown(fact.id),
        person=fact.person,
        kind=fact.kind,
        text=fact.text,
        author=fact.author if names_staff else "",
        author_name=name_of(tx, fact.author) if fact.author else "",
        at=fact.at,
        changed=fact.changed,
        changed_by=name_of(tx, fact.changed_by) if fact.changed_by else "",
        version=fact.version,
        shown=fact.shown,
        job=fact.job,
        step=fact.step,
        process=fact.process,
        open=fact.waits and fact.answered is None and fact.taken_back is None,
        answer=fact.answer,
        answered=fact.answered,
        answered_by=name_of(tx, fact.answered_by) if fact.answered_by else "",
        taken_back=fact.taken_back,
        place=f"{micros(fact.at)}:{fact.id}",
    )
