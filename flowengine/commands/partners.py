"""What partners say to us: as customers in our processes, and of the jobs that they run for ours.

Everything is said at least once and done once: a job is begun under the id of the call for which it is (L3), an answer
under the id under which it was sent, and what is told of a job is told whole, with how far it is, so that what comes
late or twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from flowengine import exact
from flowengine.commands import arriving, exchanged
from flowengine.commands.exchanged import LONGEST, ConsentEnds, Record
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.answers import form
from flowengine.core.draft import moment_text
from flowengine.core.foreign import expect_sound, is_known
from flowengine.core.steps import offered
from flowengine.core.values import Actor, Foreign, Json, Step
from flowengine.errors import BadAnswer, NotAllowed, NotFound, Refused, StaleCommand
from flowengine.interop.agreement import agreement, version_of
from flowengine.language.types import Call
from flowengine.people.identities import Identity
from flowengine.runtime.actors import StoreWorld, actor_of
from flowengine.runtime.partners import Partner
from flowengine.store import StoredJob, Transaction
from flowengine.views import settled

DEEPEST = 64
"""How many calls may be around a job, here and at partners (L12)."""

WITHDRAW = "withdraw"
"""The always entry that is used on a job that nobody waits for any more."""

LEFT = "Nobody waits for this job any more: the job that asked for it has gone on without it."
"""What is noted on a job that cannot be withdrawn."""


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="say"):
    """``call`` is the call for which it is, by the id that it has with whoever made it."""

    call: str


class Begin(_Said, frozen=True, kw_only=True, tag="begin"):
    """Begin a job of ``process`` for us. ``agreement`` is the version of what was agreed, where the process says it."""

    process: str
    need: dict[str, Json]
    agreement: str = ""
    depth: int = 1


class Reply(_Said, frozen=True, kw_only=True, tag="answer"):
    """Our answer to what was asked of us on a ``step``."""

    step: str
    outcome: str
    answer: Json = None


class Leave(_Said, frozen=True, kw_only=True, tag="leave"):
    """We do not wait for it any more."""


class Look(_Said, frozen=True, kw_only=True, tag="look"):
    """How does it stand?"""


class News(_Said, frozen=True, kw_only=True, tag="news"):
    """How the job stands that is run for a call, after ``seq`` entries of its history: what it asks of its customer
    now, what is promised, and once it is over how, with the ``data`` that its customer may know."""

    job: str
    seq: int
    status: Literal["open", "fulfilled", "ended"]
    agreement: str
    asked: tuple[Foreign, ...] = ()
    promised: str = ""
    end: str = ""
    because: str = ""
    data: dict[str, Json] = {}


_SAID: msgspec.json.Decoder[Any] = exact.decoder(Begin | Reply | Leave | Look | News | Record | ConsentEnds)  # type: ignore[arg-type]
_NEWS = exact.decoder(News)


def hear(shell: Shell, name: str, headers: Mapping[str, str], body: bytes) -> tuple[bytes, dict[str, str]]:
    """Something that a partner says: what is answered, with the headers that sign it.

    Raises NotFound for a partner that is not set up and for what is not his, BadSignature, BadAnswer, and what the verb
    raises that he asks for.
    """
    partner = shell.settings.partners.get(name)
    if partner is None:
        raise NotFound(f"there is no partner {name[:60]!r}")
    if len(body) > LONGEST:
        raise BadAnswer({"": f"has {len(body):,} bytes; at most {LONGEST:,} are taken"})
    id = partner.check(headers, body, shell.clock.now())
    exchanged.check_version(body)
    try:
        said = _SAID.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadAnswer({"": f"is not what partners say: {str(error)[:200]}"}) from None
    answer = exact.encode(_done(shell, partner, said, id))
    return answer, partner.signed(f"{id}.answer", shell.clock.now(), answer)


def _done(
    shell: Shell, partner: Partner, said: Begin | Reply | Leave | Look | News | Record | ConsentEnds, id: str
) -> Any:
    if isinstance(said, Record):
        return arriving.take(shell, partner.name, said)
    if isinstance(said, ConsentEnds):
        return arriving.end(shell, partner.name, said)
    if isinstance(said, News):
        take(shell, partner, said)
        return {"heard": said.seq}
    parent = f"{partner.name}/{said.call}"
    if isinstance(said, Begin):
        _begin(shell, partner, said, parent)
    with shell.reading() as tx:
        job = tx.jobs.called(parent)
    if job is None:
        raise NotFound(f"there is no job for the call {said.call[:80]!r}", possible=("begin it",))
    if isinstance(said, Reply):
        _reply(shell, partner, job, said, id)
    elif isinstance(said, Leave):
        _leave(shell, partner, job, parent)
    with shell.reading() as tx:
        return news(shell, tx, job)


def _begin(shell: Shell, partner: Partner, said: Begin, parent: str) -> None:
    if said.depth > DEEPEST:
        raise Refused(f"called {said.depth} deep: jobs call one another, at most {DEEPEST} deep", where=said.process)
    with shell.reading() as tx:
        if tx.jobs.called(parent) is not None:
            return
        stored = tx.processes.latest(said.process)
        if stored is None:
            raise NotFound(f"there is no process {said.process[:60]!r}")
        process = shell.catalogue.compiled(tx, stored.name, stored.version).process
    current = version_of(agreement(process))
    if said.agreement and said.agreement != current:
        what = f"the agreement on {said.process} is another one now: {current}"
        raise NotAllowed(what, where=said.agreement, possible=("agree anew, and say so in the process that calls it",))
    asker = Identity(person=partner.name)
    shell.start(said.process, asker, said.need, None, f"partner:{parent}", parent, said.depth)


def _reply(shell: Shell, partner: Partner, job: str, said: Reply, id: str) -> None:
    if said.step.rpartition(".")[0] != job:
        raise NotFound(f"there is no step {said.step[:80]!r} in the job of that call")

    def make(number: int, actor: Actor) -> c.AnyCommand:
        return c.Act(by=actor, step=number, outcome=said.outcome, answer=said.answer if said.answer is not None else {})

    shell.on_step(said.step, make, Identity(person=partner.name), f"partner:{partner.name}:{id}")


def _leave(shell: Shell, partner: Partner, job: str, parent: str) -> None:
    by = Identity(person=partner.name)
    with shell.reading() as tx:
        actor = actor_of(tx, by)
    for command in (c.Invoke(by=actor, name=WITHDRAW), c.Say(by=actor, text=LEFT)):
        try:
            shell.by_engine(job, command, f"partner:{parent}.{type(command).__name__.lower()}")
        except StaleCommand:
            return  # it is over
        except Refused:
            continue  # it has no such entry, or it is too late for it: whoever works on it is told
        return


def news(shell: Shell, tx: Transaction, job_id: str) -> News:
    """How a job stands that we run for a partner, as its customer may know."""
    now = shell.clock.now()
    job = shell.caught_up(tx, tx.jobs.get(job_id), now)
    head = job.position.head
    partner, _, call = head.parent.partition("/")
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    over = head.status != "open"
    told: dict[str, Any] = {"end": head.end, "because": head.because} if over else {}
    if over:
        told["data"] = settled.known_data(compiled, job.position)
    return News(
        call=call,
        job=job.id,
        seq=job.seq,
        status=head.status,
        agreement=version_of(agreement(compiled.process)),
        asked=() if over else _asked(shell, tx, job, partner),
        promised=moment_text(head.promise.by) if head.promise is not None else "",
        **told,
    )


def _asked(shell: Shell, tx: Transaction, job: StoredJob, partner: str) -> tuple[Foreign, ...]:
    now, world = shell.clock.now(), StoreWorld(tx, job.customer)
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    actor, found = actor_of(tx, Identity(person=partner)), []
    for step in _open(tx, job):
        ways = offered(compiled, job.position, step, now, world, actor)
        if ways:
            asked = form(compiled, job.position, step, now, world)
            known = exact.builtins([one for one in asked.ways if one.outcome in ways])
            told = {"title": asked.title, "shown": asked.shown, "due": step.due, "slots": asked.slots}
            found.append(Foreign(step=f"{job.id}.{step.number}", ways=known, **told))  # type: ignore[arg-type]  # these
    return tuple(found)


def _open(tx: Transaction, job: StoredJob) -> Iterator[Step]:
    """The open steps of a job, the oldest first."""
    for number in sorted({row.step.number for row in tx.steps.of(job.id)}):
        branch = job.position.branch_of_step(number)
        there = job.position.branch(branch) if branch is not None else None
        if there is not None:
            yield from (step for step in there.steps if step.number == number)


# at whoever has called


def told_by(partner: Partner, headers: Mapping[str, str], body: bytes, shell: Shell, id: str) -> News:
    """What a partner has answered to something that we said under an id. Raises BadSignature and BadAnswer."""
    check_answer(partner, headers, body, shell, id)
    try:
        return _NEWS.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadAnswer({"": f"is no news of a job: {str(error)[:200]}"}, where=partner.name) from None


def check_answer(partner: Partner, headers: Mapping[str, str], body: bytes, shell: Shell, id: str) -> None:
    """Raises BadSignature, and BadAnswer for what a partner has not answered to what we said under an id."""
    if partner.check(headers, body, shell.clock.now()) != f"{id}.answer":
        raise BadAnswer({"": "answers something else"}, where=partner.name)


def take(shell: Shell, partner: Partner, told: News, took: str = "", refused: str = "") -> None:
    """What a partner tells of a job that he runs for one of ours: what is asked stands here from now on, and a job that
    is over ends the call. One that has ended hears nothing more.

    Raises NotFound for a call that is not at him, and BadAnswer for what cannot be asked here.
    """
    expect_sound(told.asked)
    job, _, number = told.call.rpartition(".")
    by = Actor(kind="service", id=f"partner:{partner.name}")
    if not number.isdecimal():
        raise NotFound(f"there is no call {told.call[:80]!r}")
    call = int(number)
    with shell.reading() as tx:
        there = tx.jobs.get(job)
        branch = there.position.branch_of_call(call)
        open_ = there.position.branch(branch) if branch is not None else None
        held = next((one for one in open_.calls if one.number == call), None) if open_ is not None else None
        if open_ is None or held is None:
            return  # it has gone on without it
        if held.at != partner.name:
            raise NotFound(f"there is no call {told.call[:80]!r}")
        compiled = shell.catalogue.compiled(tx, there.process, there.version)
        state = compiled.states[held.state].member(held.member)
    command: c.AnyCommand
    if isinstance(state, Call) and state.agreement and state.agreement != told.agreement:
        what = f"{partner.name} works by another agreement on {held.process}: {told.agreement}"
        command = c.Fail(by=by, call=call, error=what, stuck=True)
    elif told.status == "open":
        if not took and is_known(
            held, [step for step in open_.steps if step.member == held.member], told.seq, told.asked
        ):
            return
        command = c.Hear(by=by, call=call, seq=told.seq, asked=told.asked, took=took, refused=refused)
    else:
        result = {**told.data, "job": told.job, "status": told.status, "end": told.end, "because": told.because}
        command = c.Finish(by=by, call=call, outcome=told.status, result=result)
    try:
        shell.by_engine(job, command)
    except StaleCommand:
        return
