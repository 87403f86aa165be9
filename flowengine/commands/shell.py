"""The shell: one command, one transaction (L2).

A command is repeated from its receipt (L3), or: the job is locked, the actor's permission is checked (L4), the pure
core computes (L7), and everything that came of it is written and committed together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec.structs import replace

from flowengine.clock import Clock
from flowengine.commands import access, filing, outgoing, referrals
from flowengine.commands.catching_up import MOST, Overdue, fire_first, keep_after
from flowengine.commands.receipts import body_hash, encoded, given, question_of, receipt_of, replayed
from flowengine.core import commands as c
from flowengine.core.advance import Advance, advance, caught_up
from flowengine.core.advance import start as start_job
from flowengine.core.machines import Compiled
from flowengine.core.timers import due
from flowengine.core.translating import language_in
from flowengine.core.values import Actor
from flowengine.errors import DatabaseBusy, KeyConflict, NotAllowed, NotFound
from flowengine.outside.files import Depot
from flowengine.people.identities import By, actor_key, person_of
from flowengine.runtime.actors import StoreWorld, actor_of
from flowengine.runtime.catalogue import Catalogue
from flowengine.runtime.handlers import Handlers
from flowengine.runtime.lanes import Lanes
from flowengine.runtime.observing import Commanded, Observers
from flowengine.runtime.secret import Secret
from flowengine.runtime.settings import Settings
from flowengine.runtime.shown import Remembered
from flowengine.runtime.waking import Hint
from flowengine.runtime.wanted import Wanted
from flowengine.speech.phrases import phrase
from flowengine.speech.readers import words_for
from flowengine.store import Calling, Database, Entry, StoredJob, Transaction, new_id
from flowengine.store.database import refuse_async
from flowengine.store.receipts import Stored
from flowengine.store.records import closed
from flowengine.store.transaction import UNMARKED, Terms
from flowengine.views.appointments import with_appointment
from flowengine.views.customer_words import customers_receipt
from flowengine.views.replies import Receipt

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from flowengine.insight.learnt import Learnt

T = TypeVar("T")

REMEMBERED = timedelta(minutes=1)
"""For how long a token that was looked up gives a guess of who asks; as exactly as it is noted that it was used."""


class Computed(msgspec.Struct, frozen=True):
    """What a command comes to on a job (None: a new one), and when; it is not written yet."""

    job: StoredJob | None
    command: c.AnyCommand
    done: Advance
    at: datetime
    files: tuple[str, ...] = ()
    """The files that who asks has used in it."""


class Shell:
    """What the parts of the engine share: the database, the clock, the compiled processes and the handlers."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Handlers,
        catalogue: Catalogue | None = None,
        joined: Connection | Session | None = None,
        settings: Settings | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.handlers = handlers
        self.settings = settings or Settings()
        settings = self.settings
        self.terms = Terms(clock.now, settings.strengths, self._closes, settings.staff_as, settings.language)
        self.catalogue = catalogue or Catalogue(self.settings.zone)
        self.joined = joined
        self._look: Transaction | None = None
        self._whole: Transaction | None = None
        self.external = lanes or Lanes()
        self.secret = Secret()
        self.depot = Depot(self.settings.files, database.url)
        self.hint = Hint()
        self.wanted = Wanted()
        self.remembered = Remembered(REMEMBERED)
        self.observers = Observers()
        self.usual: dict[str, tuple[datetime, dict[str, int]]] = {}
        """How many seconds jobs usually wait in the states of a process, as it was looked up at a moment."""
        self.learnt: dict[str, Learnt] = {}
        """By process, what its jobs have taught of how long they take (:mod:`flowengine.commands.learning`)."""
        self.random = Random()  # only for what may differ from run to run: how long to wait before trying again
        self.worker = f"worker-{new_id()}"  # new at each start, so that a restarted worker never owns old claims

    def _closes(self, tx: Transaction, process: str, version: str, roles: Sequence[str]) -> bool:
        return closed(self.catalogue.compiled(tx, process, version).process.closed_to, roles)

    def joining(self, connection: Connection | Session) -> Shell:
        """The same shell in the caller's transaction."""
        refuse_async(connection)
        joined = copy(self)
        joined.joined = connection
        return joined

    def within(self, tx: Transaction) -> Shell:
        """The same shell in a transaction that :meth:`keep` has begun: what it does is kept with the rest of that."""
        part = copy(self)
        part._whole = tx
        return part

    @contextmanager
    def looking(self) -> Iterator[Shell]:
        """The same shell in one read transaction, for several looks at one moment."""
        with self.reading() as tx:
            look = copy(self)
            look._look = tx
            yield look

    @property
    def looks_on(self) -> bool:
        """Whether it looks several times at one moment, and changes nothing."""
        return self._look is not None

    def reading(self) -> AbstractContextManager[Transaction]:
        """A read transaction, or the one that it is in already."""
        if (there := self._look or self._whole) is not None:
            return nullcontext(there)
        return self.database.reading().under(self.terms) if self.joined is None else self._in_callers(nullcontext)

    def glancing(self) -> AbstractContextManager[Transaction]:
        """As :meth:`reading`, for one query."""
        if self._look is not None or self._whole is not None or self.joined is not None:
            return self.reading()
        return self.database.glancing().under(self.terms)

    def keep(self, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in one write transaction and commit it (:meth:`~flowengine.store.Database.keep`), or do it in
        the caller's transaction."""
        if self._look is not None:
            raise NotAllowed(phrase("nothing is changed while looking"), possible=(phrase("ask the engine itself"),))
        if self._whole is not None:
            return work(self._whole)
        watched = self.joined is None and (self.hint.ears or self.observers.all)
        return self._kept_and_told(work) if watched else self._keep(work)

    def _keep(self, work: Callable[[Transaction], T]) -> T:
        """Keep it, after what is due (L13)."""
        once = self.database.keep if self.joined is None else self._keep_in_callers

        def under_terms(tx: Transaction) -> T:
            tx.terms = self.terms
            return work(tx)

        try:
            return once(under_terms)
        except Overdue as late:
            job = late.job
        return keep_after(lambda: once(under_terms), self._catch_up, job)

    def _catch_up(self, job_id: str) -> None:
        self.keep(lambda tx: fire_first(tx, job_id, self.clock, self._fire))

    def _fire(self, tx: Transaction, job: StoredJob, command: c.Fire) -> Receipt:
        return self.write(tx, self.compute(tx, job, command, access.permit_all))

    def _keep_in_callers(self, work: Callable[[Transaction], T]) -> T:
        assert self.joined is not None, "only an engine made by using() joins a transaction"
        with self._in_callers(self.joined.begin_nested) as tx:
            return work(tx)

    def _kept_and_told(self, work: Callable[[Transaction], T]) -> T:
        """Keep it, with observers around it, and wake the workers of this process where it leaves work that is due at
        once."""
        wakes, seen = False, Commanded()

        def noting(tx: Transaction) -> T:
            nonlocal wakes
            tx.trace = seen.trace
            given = work(tx)
            wakes, seen.saved = tx.wakes, tuple(tx.saved)
            return given

        with self.observers.command(seen):
            given = self._keep(noting)
        if wakes:
            self.hint.give()
        return given

    @contextmanager
    def _in_callers(self, within: Callable[[], AbstractContextManager[object]]) -> Iterator[Transaction]:
        """The caller's transaction. ``within`` a savepoint a refused command takes back what it wrote, and the rest
        goes on; of what is in the way of the whole transaction, only the caller can have another try."""
        assert self.joined is not None, "only an engine made by using() joins a transaction"
        try:
            tx = self.database.joined(self.joined)
            tx.terms = self.terms
            with within():
                yield tx
        except DatabaseBusy as busy:
            again = "roll your transaction back and begin it again"
            raise DatabaseBusy(busy.what, where=busy.where, possible=(again,), collided=busy.collided) from busy

    def asker(self, verb: str, by: By) -> Actor:
        """Who asks, where such an actor may ask at all. Raises NotFound, NotAllowed."""
        if isinstance(by, Actor):
            access.check(verb, by, self.terms)
            return by
        with self.reading() as tx:
            return access.asker(tx, verb, by)

    def run(
        self,
        tx: Transaction,
        job_id: str,
        command: c.AnyCommand,
        key: str | None,
        permit: access.Permit,
        about: str | None = None,
        *,
        of_job: bool = False,
    ) -> Receipt:
        """Carry out one command on one job, in the transaction given.

        ``about`` is what a request key is about, where that is not the job: then the caller has looked for a receipt.
        ``of_job``: it is the job as a whole that is asked for, which strangers must not learn of.
        """
        body = None
        if key is None:
            job = access.locked(tx, job_id)
        else:  # found under the lock: of two equal requests at once, the second must find the first's receipt
            try:
                job, stored = tx.receipts.lock_and_find(job_id, actor_key(command.by), key)
            except NotFound:
                raise access.Absent from None
            body = body_hash(about or job_id, command)
            before = self.given_before(tx, stored, key, body, job_id, command.by)
            if before is not None:
                return before
        if of_job:
            access.refuse_strangers(tx, job, command.by)
        return self.write(tx, self.compute(tx, job, command, permit), (key, body))

    def given_before(
        self, tx: Transaction, stored: Stored | None, key: str, body: str, job_id: str, actor: Actor
    ) -> Receipt | None:
        """The receipt that is stored under a key. Raises KeyConflict where it is for something else, and Hidden for a
        stranger, who must not learn by a key of his own that the job is there."""
        try:
            return given(stored, key, body, job_id)
        except KeyConflict:
            access.refuse_strangers(tx, tx.jobs.get(job_id), actor)
            raise

    def compute(self, tx: Transaction, job: StoredJob, command: c.AnyCommand, permit: access.Permit) -> Computed:
        """What a command comes to on a job that is locked; nothing is written. Raises what refuses it, and Overdue
        where something else has to happen first."""
        now = self.clock.now()
        self.refuse_overdue(job, command, now)
        return self._computed(tx, job, command, permit, now)

    def refuse_overdue(self, job: StoredJob, command: c.AnyCommand, now: datetime) -> None:
        """Raises Overdue where timers of the job have to be fired before the command is judged (L13): the clock's own
        commands are what is due, and a timer that an operator fires has its place among the others."""
        position = job.position
        if position.head.branches and isinstance(command, c.Act | c.Claim):
            position.expect_step(command.step)
        if command.by.kind != "clock" and position.overdue(now):
            first, *_ = due(position, now)
            if not (isinstance(command, c.Fire) and first.number == command.timer):
                raise Overdue(job.id)

    def rehearse(self, tx: Transaction, job: StoredJob, command: c.AnyCommand, permit: access.Permit) -> Computed:
        """As :meth:`compute`, after what is due, for looking at: nothing is changed."""
        now = self.clock.now()
        return self._computed(tx, self.caught_up(tx, job, now), command, permit, now, dry=True)

    def would(self, tx: Transaction, job: StoredJob, command: c.AnyCommand, permit: access.Permit) -> Receipt:
        """The receipt that a command would be given."""
        return self.receipt(tx, self.rehearse(tx, job, command, permit), job.seq)

    def caught_up(self, tx: Transaction, job: StoredJob, now: datetime) -> StoredJob:
        """The job as it will be once what is due at ``now`` is done, which is as it is where nothing is (L13)."""
        if not job.position.overdue(now):
            return job
        compiled = self.catalogue.compiled(tx, job.process, job.version)
        world = self.world(tx, job.customer, job.id, locks=False)
        whole, largest = job.position.whole(), self.settings.largest_data
        position = caught_up(compiled, whole, now, world, most=MOST, largest_data=largest)
        return replace(job, position=position)

    def _computed(
        self,
        tx: Transaction,
        job: StoredJob,
        command: c.AnyCommand,
        permit: access.Permit,
        now: datetime,
        dry: bool = False,
    ) -> Computed:
        compiled = self.catalogue.compiled(tx, job.process, job.version)
        if command.by.acting or isinstance(command, c.ActFor):
            command = access.in_part(tx, compiled, job, command, now)
        permit(tx, compiled, job, command)
        world = self.world(tx, job.customer, job.id, locks=not dry, asker=command.by)
        done = advance(compiled, job.position, command, now, world, largest_data=self.settings.largest_data)
        return Computed(job, command, done, now, tuple(world.used))

    def told(
        self,
        tx: Transaction,
        job_id: str,
        command: c.AnyCommand,
        key: str | None,
        permit: access.Permit,
        typed: tuple[str, str],
    ) -> Receipt:
        """As :meth:`run`; what is hidden is answered as if what was typed, a kind and a text, were not there (L4)."""
        of_job = typed[0] == "job"
        try:
            return self.run(tx, job_id, command, key, permit, of_job=of_job)
        except access.Hidden as hidden:
            if of_job and isinstance(hidden, access.Absent):
                access.look_in_vain(tx, job_id, command.by)
            raise access.no_such(*typed) from None

    def write(
        self, tx: Transaction, computed: Computed, request: tuple[str | None, str | None] = (None, None)
    ) -> Receipt:
        """Write what a command came to: position, history, effects, outgoing messages and the receipt (L2).

        ``request`` is the request key and the hash of its body, where there is one.
        """
        job, command, done, now = computed.job, computed.command, computed.done, computed.at
        key, body = request
        head = done.draft.head
        job_id, seq = head.job, job.seq + 1 if job else 1
        kept = recorded(command)
        if command.by.language:
            process = self.catalogue.compiled(tx, head.process, head.version).process
            kept = replace(kept, by=replace(kept.by, language=language_in(process, command.by)))
        entry = Entry(seq=seq, at=now, by=kept.by, command=kept, key=key or "", events=tuple(done.events))
        calling = self.calling(tx, now) if done.effects.calls else UNMARKED
        saved = tx.save(job, done.draft, entry, calling, command.by.same)
        filing.keep(tx, self.settings.largest_files, job, command.by, computed.files, done)
        tx.wakes |= _leaves_work(done)
        outgoing.leave(tx, self.handlers, self.wanted, job_id, saved.seq, done, now)
        receipt = self.receipt(tx, computed, saved.seq)
        if key is not None and body is not None:
            tx.receipts.add(actor_key(command.by), key, job_id, body, encoded(receipt), now)
        return receipt

    def receipt(self, tx: Transaction, computed: Computed, seq: int) -> Receipt:
        """What a command came to, as who asked may read it."""
        command, done = computed.command, computed.done
        head = done.draft.head
        if command.by.kind != "customer":
            made = receipt_of(head.job, seq, command, done)
        else:
            compiled = self.catalogue.compiled(tx, head.process, head.version)
            told: Callable[[str], str] = str
            if command.by.language:
                compiled = self.catalogue.told(tx, head.process, head.version, command.by.language)
                told = words_for(command.by.language).tell
            question = question_of(head.job, done.events)
            made = customers_receipt(head.job, seq, compiled, command, done, question, told)
        return with_appointment(made, command.by, done) if done.effects.booked else made

    def world(
        self, tx: Transaction, customer: str, job: str, *, locks: bool = True, asker: Actor | None = None
    ) -> StoreWorld:
        """The world of a job of a customer, as commands may read it; ``asker`` is whose uploads may be used."""
        return StoreWorld(tx, customer, job, locks=locks, asker=asker, secret=self.settings.ballot_secret)

    def calling(self, tx: Transaction, now: datetime) -> Calling:
        """What new calls are marked with."""
        return Calling(
            external=self.external.of(tx, now, keep=self.joined is None and self._whole is None), trace=tx.trace
        )

    # commands on jobs

    def on_step(
        self,
        step_id: str,
        make: Callable[[int, Actor], c.AnyCommand],
        by: By,
        key: str | None,
        permit: access.Permit = access.permit_act,
    ) -> Receipt:
        """A command on a step, by somebody for whom the step must wait (L4)."""

        def work(tx: Transaction) -> Receipt:
            actor = access.asker_of_job(tx, by, step_id.rpartition(".")[0], key)
            job_id, number = access.numbered_ref(tx, step_id, actor)
            return self.told(tx, job_id, make(number, actor), key, permit, ("step", step_id))

        return self.keep(work)

    def on_job(
        self,
        job: str,
        make: Callable[[Actor], c.AnyCommand],
        by: By,
        key: str | None,
        permit: access.Permit,
    ) -> Receipt:
        """A command on a job as a whole."""

        def work(tx: Transaction) -> Receipt:
            actor = access.asker_of_job(tx, by, job, key)
            return self.told(tx, access.job_ref(tx, job, actor), make(actor), key, permit, ("job", job))

        return self.keep(work)

    def preview(self, job: str, make: Callable[[Actor], c.AnyCommand], by: By, permit: access.Permit) -> Receipt:
        """What a command on a job would come to now; nothing is done."""
        with self.reading() as tx:
            actor = actor_of(tx, by)
            stored = access.read(tx, access.job_ref(tx, job, actor), "job", job, actor)
            try:
                access.refuse_strangers(tx, stored, actor)
                return self.would(tx, stored, make(actor), permit)
            except access.Hidden:
                raise access.no_such("job", job) from None

    def by_engine(self, job_id: str, command: c.AnyCommand, key: str | None = None) -> Receipt:
        """A command of the clock or of a service, which nobody has to permit."""
        return self.keep(lambda tx: self.told(tx, job_id, command, key, access.permit_all, ("job", job_id)))

    def start(
        self,
        process: str,
        by: By,
        need: dict[str, Any],
        customer: str | None,
        key: str | None,
        parent: str = "",
        depth: int = 0,
    ) -> Receipt:
        """Begin a job. The receipt is kept under the actor and the key; its body names process and customer.

        Of two equal requests at once, one commits; the other crosses it, is done again, and finds the receipt. So do
        the first two of a new customer, of which one enters him.
        """
        job_id = new_id()

        def work(tx: Transaction) -> Receipt:
            tx.processes.expect(process)
            if key is not None:
                tx.receipts.expect(actor_key(by) if isinstance(by, Actor) else person_of(by), key)
            actor = access.starting_actor(tx, by, self.clock.now())
            owner, brought = access.customer_of_start(tx, actor, customer)
            asks = replace(actor, party=owner) if owner in actor.acting else actor
            command = c.Start(by=asks, answer=need, parent=parent, depth=depth)
            body = None
            if key is not None:
                body = body_hash(f"start {process} for {owner}", command)
                before = replayed(tx, actor, key, body)
                if before is not None:
                    tx.jobs.lock(before.job)  # so that our commit waits for all that its own has to wait for (L2)
                    return replace(before, repeated=before.job != job_id)  # done again, it may have met itself
            compiled = self.catalogue.latest(tx, process, begin=True)
            begun = self.begin(tx, compiled, job_id, owner, command, (key, body))
            if brought:
                referrals.come(tx, self.handlers, self.wanted, brought, begun.job, self.clock.now())
            return begun

        return self.keep(work)

    def begin(
        self,
        tx: Transaction,
        compiled: Compiled,
        job_id: str,
        customer: str,
        command: c.Start,
        request: tuple[str | None, str | None],
    ) -> Receipt:
        """Begin a job under an id, for a customer who may have it, and write it as :meth:`write` does."""
        now, world = self.clock.now(), self.world(tx, customer, job_id, asker=command.by)
        largest = self.settings.largest_data
        done = start_job(compiled, job_id, customer, command, now, world, largest_data=largest)
        return self.write(tx, Computed(None, command, done, now, tuple(world.used)), request)


def recorded(command: c.AnyCommand) -> c.AnyCommand:
    """A command as a history keeps it, with what it keeps of those who asked."""
    by = command.by.recorded
    if isinstance(command, c.ActFor):
        return replace(command, by=by, person=command.person.recorded)
    return command if by is command.by else replace(command, by=by)


def _leaves_work(done: Advance) -> bool:
    """Whether a worker has something to do at once: a call to run, or something to send to another job."""
    effects = done.effects
    return bool(effects.calls or effects.cut_off or effects.referred or (effects.ended and done.draft.head.parent))


def not_joined(shell: Shell) -> None:
    """Refuse what runs handlers inside the caller's transaction (L11)."""
    if shell.joined is not None:
        raise NotAllowed(
            phrase("due work cannot run inside the caller's transaction"),
            possible=(phrase("call run_due on the engine itself, after the commit"),),
        )
