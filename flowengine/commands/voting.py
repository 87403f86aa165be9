"""Casting ballots: into the box of a vote, without the lock of its job.

What is a ballot is judged by the same pure code as in memory (:mod:`flowengine.core.casting`), on the job as it is
read; that the vote is open then, and stays so until the ballot is in the box, is said by the row that is counted in
(:mod:`flowengine.store.ballots`). Nothing of it is in the history. Two kinds of ballots take the job's lock all the
same: one with which a vote is certain that closes early, so that who casts it is told; and one in somebody's stead.
"""

from __future__ import annotations

import logging
from functools import partial
from hmac import compare_digest, digest
from typing import NamedTuple

from msgspec.structs import replace

from flowengine import exact
from flowengine.commands import access
from flowengine.commands.receipts import body_hash, encoded, given
from flowengine.commands.shell import Computed, Shell
from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core import suspension
from flowengine.core.advance import Advance
from flowengine.core.casting import Cast, abstains, certain, is_certain, recounted, standing_poll
from flowengine.core.casting import cast as cast_ballot
from flowengine.core.draft import Draft
from flowengine.core.flow import Flow
from flowengine.core.machines import Compiled
from flowengine.core.seatings import stands_for
from flowengine.core.values import CLOCK, Actor, Branch, Json, Poll, Seat, Standing, Step, Tally
from flowengine.errors import DatabaseBusy, ExpressionFailed, NotConfigured, StoreError
from flowengine.language.types import Vote
from flowengine.people.identities import By, actor_key, person_of
from flowengine.runtime.actors import actor_of
from flowengine.speech.phrases import phrase
from flowengine.store import StoredJob, Transaction
from flowengine.store.ballots import OPEN, Admitted, Paper, StoredBox, mark_of, paper_id
from flowengine.store.codec import decode
from flowengine.views.replies import Receipt

LOG = logging.getLogger("flowengine.votes")

PAGE = 500
"""Votes that are looked for at once."""

MOVES = frozenset(("", "vote", "abstain"))
"""What an act on a vote may be called; other outcomes are no ballots."""

CERTAIN = phrase("nothing that is still to come can change the result")


class _Decisive(Exception):
    """With this ballot the vote is certain: it is cast anew, under the job's lock. No FlowError: it is no refusal."""


class _Told(NamedTuple):
    """A receipt, and the vote that has to be looked at once it is kept: whether it is certain, or has something to
    show."""

    receipt: Receipt
    look_at: int | None = None


def act(shell: Shell, step_id: str, outcome: str, answer: dict[str, Json], by: By, key: str | None) -> Receipt:
    """Act on a step that may be a vote with a box; on any other as ever."""
    try:
        told = shell.keep(partial(_act, shell, step_id, outcome, answer, by, key, alone=False))
    except _Decisive:
        told = shell.keep(partial(_act, shell, step_id, outcome, answer, by, key, alone=True))
    if told.look_at is not None:
        look_after(shell, told.receipt.job, told.look_at)
    return told.receipt


def _act(
    shell: Shell, step_id: str, outcome: str, answer: dict[str, Json], by: By, key: str | None, tx: Transaction,
    *, alone: bool,
) -> _Told:  # fmt: skip
    job_id, _, number = step_id.rpartition(".")
    if not alone and not isinstance(by, Actor) and access.is_full(job_id) and number.isdecimal():
        who = person_of(by)
        if outcome:
            tx.jobs.expect(job_id)
            tx.ballots.expect_admitted(job_id, int(number), who)
            if key is not None:
                tx.receipts.expect(who, key)
        else:
            tx.ballots.expect_box(job_id, int(number))
    actor = actor_of(tx, by)
    job_id, step = access.numbered_ref(tx, step_id, actor)
    command = c.Act(by=actor, step=step, outcome=outcome, answer=answer)
    if not outcome and tx.ballots.find(job_id, step) is None:
        return _Told(shell.told(tx, job_id, command, key, access.permit_act, ("step", step_id)))
    return _put(shell, tx, job_id, command, key, actor, access.permit_act, ("step", step_id), alone=alone)


def act_for(
    shell: Shell, tx: Transaction, job_id: str, command: c.ActFor, key: str | None, permit: access.Permit
) -> Receipt:
    """Cast a ballot in somebody's stead: the history tells who has done so and why, and nothing of the ballot."""
    typed = ("step", f"{job_id}.{command.step}")
    return _put(shell, tx, job_id, command, key, command.person, permit, typed, alone=True).receipt


def _put(
    shell: Shell, tx: Transaction, job_id: str, command: c.Act | c.ActFor, key: str | None, voter: Actor,
    permit: access.Permit, typed: tuple[str, str], *, alone: bool,
) -> _Told:  # fmt: skip
    """``alone``: under the job's lock."""
    job = access.locked(tx, job_id) if alone and tx.ballots.find(job_id, command.step) is not None else None
    found = _admitted(tx, job_id, command.step, voter)
    if found is None:
        return _Told(_without_box(shell, tx, job_id, command, key, permit, typed))
    person, admitted = found
    body = None
    if key is not None:
        body = _body(job_id, command, admitted.secret, admitted.salt + shell.settings.ballot_secret)
        before = given(tx.receipts.find(actor_key(command.by), key), key, body, job_id)
        if before is not None:
            return _Told(before)
    if job is None:
        job = tx.jobs.get(job_id)
    return _Casting(shell, tx, job, command, person, admitted).done((key, body), permit, alone=alone)


def _admitted(tx: Transaction, job_id: str, step: int, actor: Actor) -> tuple[str, Admitted] | None:
    """Whose ballot it is: his who acts, under the first of his ids that may vote, or that of whom he acts for; of
    several, one that has not voted."""
    found = None
    for one in stands_for(actor):
        admitted = tx.ballots.admit(job_id, step, one)
        if admitted is not None and not admitted.voted:
            return one, admitted
        if admitted is not None and found is None:
            found = one, admitted
    return found


def _without_box(
    shell: Shell, tx: Transaction, job_id: str, command: c.Act | c.ActFor, key: str | None, permit: access.Permit,
    typed: tuple[str, str],
) -> Receipt:  # fmt: skip
    """On a step that has no box; or whose box is closed, or is not for who asks: he is given his receipt, or told so
    under the job's lock."""
    box = tx.ballots.find(job_id, command.step)
    if box is None:
        return shell.told(tx, job_id, command, key, permit, typed)
    try:
        if key is not None:
            body = _body(job_id, command, bool(box.secret), box.salt + shell.settings.ballot_secret)
            stored = tx.receipts.find(actor_key(command.by), key)
            before = shell.given_before(tx, stored, key, body, job_id, command.by)
            if before is not None:
                return before
        shell.compute(tx, access.locked(tx, job_id), command, permit)
    except access.Hidden:
        raise access.no_such(*typed) from None
    raise DatabaseBusy("the vote has just changed", where=typed[1], collided=True)


class _Casting:
    """One ballot of somebody who may vote."""

    def __init__(
        self, shell: Shell, tx: Transaction, job: StoredJob, command: c.Act | c.ActFor, voter: str, admitted: Admitted
    ) -> None:
        self.shell, self.tx, self.job, self.command = shell, tx, job, command
        self.voter, self.admitted = voter, admitted
        self.now = shell.clock.now()
        self.compiled = shell.catalogue.compiled(tx, job.process, job.version)
        self.world = shell.world(tx, job.customer, job.id)

    def done(self, request: tuple[str | None, str | None], permit: access.Permit, *, alone: bool) -> _Told:
        job, command, tx = self.job, self.command, self.tx
        suspension.check(job.position, command)
        if self.admitted.held or access.open_step(job, command.step) is None:
            raise DatabaseBusy("the job has just changed", where=job.id, collided=True)
        self.shell.refuse_overdue(job, command, self.now)
        whom = command.person if isinstance(command, c.ActFor) else command.by
        if whom.acting and self.voter not in (whom.id, *whom.same):
            whom = replace(whom, party=self.voter)
            asked = {"person": whom} if isinstance(command, c.ActFor) else {"by": whom}
            command = replace(command, **asked)
        job.position.know(self.admitted.seat(command.step, self.voter))
        permit(tx, self.compiled, job, command)
        flow = Flow(self.compiled, Draft(job.position), self.now, self.world)
        cast = cast_ballot(flow, _as_his(command, whom), voted=self.admitted.voted)
        state, before = cast.state, self._before()
        tells = tallied(state)
        if state.early and not alone and self._decides(cast, before):
            raise _Decisive
        counted = recounted(state, self.admitted.counted, self.admitted.weight, before, cast.paper, tally=tells)
        tx.ballots.cast(job.id, command.step, self.voter, self.admitted, self._id(), cast.paper, counted)
        if (whom.kind == "customer" or whom.party) and self.voter != job.customer:
            tx.participants.vote(job.id, self.voter, command.step)
        if isinstance(command, c.ActFor) or (alone and is_certain(flow, command.step)):
            bare = replace(command, answer={}, outcome="vote" if state.secret else cast.move)
            return _Told(self.shell.write(tx, self.shell.compute(tx, job, bare, permit), request))
        done = Advance(flow.draft, cast.events, flow.draft.effects, 0, flow.acted)
        receipt = self.shell.receipt(tx, Computed(job, command, done, self.now), -command.step)
        key, body = request
        if key is not None and body is not None:
            tx.receipts.add(actor_key(command.by), key, job.id, body, encoded(receipt), self.now)
        shows = state.shown_while_it_runs == "batches"
        return _Told(receipt, command.step if shows or state.early else None)

    def _id(self) -> str:
        admitted, secret = self.admitted, self.shell.settings.ballot_secret
        if not admitted.secret:
            return self.voter
        expect_secret(admitted.salt, admitted.mark, secret, self.job.id)
        return paper_id(admitted.salt, secret, self.voter)

    def _before(self) -> dict[str, Json] | None:
        """His ballot until now."""
        if not self.admitted.voted:
            return None
        found = self.tx.ballots.paper(self.job.id, self.command.step, self._id())
        assert found is not None, "who has voted has a paper"
        assert found.body is not None, "nothing is erased in an open box"
        ballot: dict[str, Json] = exact.decode(found.body)
        return ballot

    def _decides(self, cast: Cast, before: dict[str, Json] | None) -> bool:
        """Whether the vote would be certain with this ballot, by what is counted now."""
        now = self.tx.ballots.standing(self.job.id, self.command.step)
        then = recounted(cast.state, now, self.admitted.weight, before, cast.paper)
        return certain(cast.state, standing_poll(cast.poll, then))


def _as_his(command: c.Act | c.ActFor, whom: Actor) -> c.Act:
    return c.Act(by=whom, step=command.step, outcome=command.outcome, answer=command.answer)


def tallied(state: Vote) -> bool:
    """Whether the tally is kept while the vote runs: of a secret vote only where something depends on it."""
    return not state.secret or state.early or bool(state.live)


def expect_secret(salt: str, mark: str, secret: str, where: str) -> None:
    """Raises NotConfigured where this installation's secret is not the one with which the box was opened: a voter's
    paper would not be found again, and he would have two."""
    if not compare_digest(mark_of(salt, secret), mark):
        raise NotConfigured(
            "the ballots of this vote are kept under another secret",
            where=f"job {where}",
            possible=("set FLOW_BALLOT_SECRET to what it was when the vote opened",),
        )


def _body(job_id: str, command: c.Act | c.ActFor, secret: bool, key: str) -> str:
    """What was asked, as a hash; that of a secret ballot, which could be guessed, under the secrets of the box."""
    body = body_hash(job_id, command)
    return digest(key.encode(), body.encode(), "sha256").hex() if secret else body


# what a ballot may lead to, once it is kept


def look_after_all(shell: Shell) -> tuple[int, int]:
    """Look after all votes that run: of whoever cast the last ballot of one, the process may have died before it did.
    How many were closed, and how many could not be looked after."""
    closed = failed = 0
    after, more = ("", 0), True
    while more:
        with shell.reading() as tx:
            page = tx.ballots.running(after, PAGE)
            found = [one for one in page if _depends(shell.catalogue.compiled(tx, *one[2:]))]
        for job, step, _, _ in found:
            try:
                closed += look_after(shell, job, step)
            except StoreError:
                raise
            except Exception as error:  # whatever it is, this vote must not stand in the way of the others
                LOG.warning("the vote %s.%d cannot be looked after: %s", job, step, error)
                failed += 1
        more = len(page) == PAGE
        after = page[-1][:2] if page else after
    return closed, failed


def _depends(compiled: Compiled) -> bool:
    """Whether anything in a process depends on how one of its votes stands while it runs."""
    every = (one for state in compiled.states.values() for one in state.members.values())
    return any(isinstance(one, Vote) and (one.early or one.shown_while_it_runs == "batches") for one in every)


def look_after(shell: Shell, job_id: str, number: int) -> bool:
    """Show a batch that is complete, and close the vote if it is certain; whether it was closed. Of several who vote at
    once nobody sees all ballots before he has cast his own; the last of them does here."""
    with shell.reading() as tx:
        found = _running(shell, tx, job_id, number)
        if found is None:
            return False
        box, state, poll, standing = found
        coming = decode(box.coming, Standing) if box.coming else Standing()
    if state.shown_while_it_runs == "batches" and standing.cast - coming.cast >= state.live:
        shell.keep(lambda tx: tx.ballots.show(box, standing))
    if state.early and certain(state, standing_poll(poll, standing)):
        return shell.keep(partial(_close_certain, shell, job_id, number))
    return False


def _running(shell: Shell, tx: Transaction, job_id: str, number: int) -> tuple[StoredBox, Vote, Poll, Standing] | None:
    box = tx.ballots.find(job_id, number)
    if box is None or box.state != OPEN:
        return None
    job = tx.jobs.get(job_id)
    step = access.open_step(job, number)
    branch = job.position.branch(step.branch) if step is not None else None
    if step is None or branch is None:
        return None
    state = shell.catalogue.compiled(tx, job.process, job.version).at(step).member(step.member)
    poll = branch.inners.get(step.member)
    assert isinstance(state, Vote), "a step with a box is that of a vote"
    assert isinstance(poll, Poll), "a vote keeps its options"
    return box, state, poll, tx.ballots.standing(job_id, number)


def _close_certain(shell: Shell, job_id: str, number: int, tx: Transaction) -> bool:
    """Fire the timer that closes the vote, if it is certain under the job's lock; whether it was."""
    job = tx.jobs.lock(job_id)
    step = access.open_step(job, number)
    branch = job.position.branch(step.branch) if step is not None else None
    if step is None or branch is None or job.position.head.suspended is not None:
        return False
    timers = (one for one in branch.timers if one.purpose == "close" and one.step == number)
    timer = next(timers, None)
    compiled = shell.catalogue.compiled(tx, job.process, job.version)
    flow = Flow(compiled, Draft(job.position), shell.clock.now(), shell.world(tx, job.customer, job.id))
    if timer is None or step.is_over(flow.now) or not is_certain(flow, number):
        return False
    fire = c.Fire(by=CLOCK, timer=timer.number, because=CERTAIN)
    try:
        shell.write(tx, shell.compute(tx, job, fire, access.permit_all))
    except ExpressionFailed:
        return False  # it cannot go on from there yet: it closes at its time, and operators are told then
    return True


def own_ballot(tx: Transaction, box: StoredBox, person: str, secret: str) -> tuple[str, Paper] | None:
    """A voter's own paper and its id; None where he has none, or where the installation's ``secret`` that leads to it
    is not here."""
    if box.secret and not compare_digest(mark_of(box.salt, secret), box.mark):
        return None
    id = paper_id(box.salt, secret, person) if box.secret else person
    found = tx.ballots.paper(box.job_id, box.step, id)
    return (id, found) if found is not None else None


def own_seat(tx: Transaction, job_id: str, number: int, person: str, secret: str) -> Seat | None:
    """A voter in a vote with a box, with what he has voted, for himself; None where he has not voted there."""
    box = tx.ballots.find(job_id, number)
    seat = tx.ballots.seat(job_id, number, person) if box is not None else None
    if box is None or seat is None or seat.answer is None:
        return None
    own = own_ballot(tx, box, person, secret)
    return seat if own is None or own[1].body is None else replace(seat, answer=exact.decode(own[1].body))


def poll_now(tx: Transaction, job_id: str, step: Step, branch: Branch) -> Poll | None:
    """A vote as it stands now, and what of it is shown; None for a step that is no vote's."""
    poll = branch.inners.get(step.member)
    box = tx.ballots.find(job_id, step.number) if step.box else None
    if not isinstance(poll, Poll) or box is None:
        return poll if isinstance(poll, Poll) else None
    now = standing_poll(poll, tx.ballots.standing(job_id, step.number))
    if not box.shown:
        return now
    batch = decode(box.shown, Standing)
    tally = dict.fromkeys(poll.tally, 0) | batch.tally
    return replace(now, shown=Tally(cast=batch.cast, abstained=batch.abstained, tally=tally))


def as_told(actor: Actor, step: Step, seat: Seat) -> tuple[c.Act, list[e.AnyEvent]]:
    """His ballot as the command and the events that it would have been."""
    said = seat.answer if isinstance(seat.answer, dict) else {}
    move = "abstain" if said and abstains(said) else "vote"
    told: list[e.AnyEvent] = [
        e.SeatAnswered(branch=step.branch, seat=seat),
        e.Moved(branch=step.branch, step=step.number, move=move, by=actor.id),
    ]
    return c.Act(by=actor, step=step.number, outcome=move, answer=said), told


def thanks(
    shell: Shell, tx: Transaction, compiled: Compiled, job: StoredJob, step: Step, move: str
) -> list[e.AnyEvent]:
    """What the process says to who has voted, as it reads now."""
    world = shell.world(tx, job.customer, job.id, locks=False)
    flow = Flow(compiled, Draft(job.position), shell.clock.now(), world)
    state = compiled.at(step).member(step.member)
    told = "vote" if isinstance(state, Vote) and state.secret else move
    if state.thanks:
        flow.thank(step.branch, state.thanks_for(told), told)
    return flow.draft.events
