"""What waits for what, and since when, and how many jobs stand where: for operators who look for what does not move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice

from flowengine.commands import access
from flowengine.commands.asked import in_words
from flowengine.commands.incidents import incident_view
from flowengine.commands.shell import Shell
from flowengine.commands.unstaffed import Staffing, whom
from flowengine.core.machines import Compiled
from flowengine.core.names import JobNames
from flowengine.core.values import CONVERSATION, ROOT, Branch, ServiceCall, Step, Timer
from flowengine.errors import ExpressionFailed
from flowengine.language.expressions import Expression
from flowengine.language.texts import key_text
from flowengine.people.identities import By
from flowengine.people.permissions import PROGRAM
from flowengine.runtime.actors import StoreWorld, actor_of, name_of, reader_words
from flowengine.speech.words import Words
from flowengine.store import ClaimedCall, Incident, ListedJob, StoredJob, Transaction, shown
from flowengine.store.measures import standing as stood
from flowengine.views.plainly import Clock
from flowengine.views.replies import StandingView, StuckView, TimerView, WaitView

MOST = 50
"""How many of the things that one job waits for are listed."""

_PAGE = 500


def stuck(shell: Shell, process: str | None, limit: int, by: By) -> list[StuckView]:
    with shell.reading() as tx:
        words = reader_words(tx, actor_of(tx, by))
        oldest = nsmallest(limit, _open_jobs(tx, process), key=lambda row: row.updated)
        failed, staffing = {row.id: row for row in tx.timers.incidents()}, Staffing(tx)
        found = [_Look(shell, tx, tx.jobs.get(row.id), failed, staffing, words).view() for row in oldest]
    return sorted(found, key=lambda one: (one.since, one.job))


def standing(shell: Shell, process: str) -> list[StandingView]:
    """Where the open jobs of a process stand. Raises NotFound where there is no such process."""
    with shell.reading() as tx:
        shell.catalogue.latest(tx, process)
        found = stood(tx.channel, process)
    return [StandingView(state=one.state, jobs=one.jobs, since=one.since, half_since=one.half_since) for one in found]


def troubles(shell: Shell, tx: Transaction, job: StoredJob, words: Words) -> list[WaitView]:
    """What is in a job's way: calls that fail, whether they are tried again or have given up, timers and messages that
    could not be fired or sent, steps that nobody can do, and what takes longer than it should."""
    failed = {row.id: row for row in tx.timers.incidents() if row.job == job.id}
    look = _Look(shell, tx, job, failed, Staffing(tx), words)
    found = [wait for wait in islice(look._waits(), MOST) if wait.error and wait.kind != "suspended"]
    known = {wait.id for wait in found}
    unsent = [incident_view(tx, row, words) for row in tx.outbox.incidents() if row.job == job.id]
    found += [
        WaitView(
            kind="sending", what=one.handler, since=job.updated, id=one.short, error=one.error, attempts=one.attempts
        )
        for one in unsent
    ]
    return found + [wait for wait in look.attention() if wait.id not in known]


def timers(shell: Shell, text: str, by: By) -> list[TimerView]:
    """The timers of a job, for operators, the earliest first."""
    with shell.reading() as tx:
        words = reader_words(tx, actor_of(tx, by))
        job = access.read(tx, access.job_ref(tx, text, PROGRAM), "job", text)
        compiled: Compiled = shell.catalogue.told(tx, job.process, job.version, words.language)
        clock = Clock(compiled.process, words)
        failed = {row.id: row for row in tx.timers.incidents() if row.job == job.id}
        found = [
            _timer(tx, job, compiled, clock, branch, timer, failed.get(f"{job.id}.{timer.number}"))
            for branch in job.position.whole().branches.values()
            for timer in branch.timers
            if timer.rang is None
        ]
    return sorted(found, key=lambda one: (one.due, one.id))


def _timer(
    tx: Transaction,
    job: StoredJob,
    compiled: Compiled,
    clock: Clock,
    branch: Branch,
    timer: Timer,
    failed: Incident | None,
) -> TimerView:
    state = compiled.states.get(branch.state)
    title = state.member(timer.member).title if state is not None else branch.state
    if timer.purpose == "always":
        title = next((one.title for _, one in compiled.always.get(timer.detail[1], ())), str(timer.detail[1]))
    elif timer.purpose in ("keep", "cut_off", "promise", "risk"):
        title = ""
    step = next((one for one in branch.steps if one.number == timer.step), None)
    return TimerView(
        id=f"{job.id}.{timer.number}",
        short=f"{shown(job.id)}.{timer.number}",
        purpose=timer.purpose,
        state=branch.state,
        what=in_words(tx, job, step, clock).title if step and step.title else title,
        due=timer.due,
        step=f"{job.id}.{timer.step}" if step else "",
        branch="" if branch.id == ROOT else branch.id,
        error=failed.error if failed else "",
        next=failed.next if failed else None,
    )


def _open_jobs(tx: Transaction, process: str | None) -> Iterator[ListedJob]:
    after: str | None = None
    while True:
        rows = tx.jobs.list(status="open", process=process, limit=_PAGE, after=after)
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1].id


@dataclass
class _Look:
    """One look at one job; ``told`` is its process in the reader's language."""

    shell: Shell
    tx: Transaction
    job: StoredJob
    failed: Mapping[str, Incident]
    staffing: Staffing
    words: Words

    def __post_init__(self) -> None:
        of = self.tx, self.job.process, self.job.version
        self.compiled: Compiled = self.shell.catalogue.compiled(*of)
        self.told: Compiled = self.shell.catalogue.told(*of, self.words.language)
        self.clock = Clock(self.told.process, self.words)
        self.calls = {row.number: row for row in self.tx.calls.of(self.job.id)}

    def view(self) -> StuckView:
        found = list(islice(self._waits(), MOST + 1))
        waits = sorted(found[:MOST], key=lambda wait: wait.since)
        return StuckView(
            job=self.job.id,
            short=shown(self.job.id),
            process=self.job.process,
            customer=self.job.customer,
            customer_name=name_of(self.tx, self.job.customer),
            since=waits[0].since if waits else self.job.updated,
            updated=self.job.updated,
            waits=tuple(waits),
            more=len(found) > MOST,
        )

    def _waits(self) -> Iterator[WaitView]:
        """That it is suspended; what was cut off and is not over yet; then branch by branch, as they were opened."""
        held = self.job.position.head.suspended
        if held is not None:
            by = name_of(self.tx, held.by) if held.by else self.words.say("the program")
            yield WaitView(kind="suspended", what=held.because, since=held.since, whom=by)
        yield from (self._call(call) for call in self.job.position.head.cut_off)
        waiting = [ROOT, CONVERSATION] if self.job.position.head.unanswered else [ROOT]
        while waiting:
            branch = self.job.position.branch(waiting.pop(0))
            if branch is None:
                continue
            yield from (self._step(branch, step) for step in branch.steps if step.booked is None)
            yield from (self._call(call) for call in branch.calls)
            yield from self._timers(branch)
            yield from self._messages(branch)
            if self.job.position.head.branches:
                waiting.extend(child.id for child in self.job.position.children(branch.id))

    def attention(self) -> Iterator[WaitView]:
        """What somebody has to look at, since it takes longer than it should."""
        if not self.job.position.head.late:
            return
        for branch in self.job.position.whole().branches.values():
            if any(timer.rang is not None for timer in branch.timers):
                step, call = next(iter(branch.steps), None), next(iter(branch.calls), None)
                number = step.number if step else call.number if call else None
                yield WaitView(
                    kind="attention",
                    what=in_words(self.tx, self.job, step, self.clock).title
                    if step and step.title
                    else self._title(branch.state, ""),
                    since=branch.since or self.job.started,
                    id=self._id(number) if number is not None else "",
                    state=branch.state,
                    whom=self.words.tell(whom(self.tx, self.job.id, self.told.process, branch, step)) if step else "",
                    error=self.words.say("it waits longer than it should"),
                )

    def _id(self, number: int) -> str:
        return f"{shown(self.job.id)}.{number}"

    def _step(self, branch: Branch, step: Step) -> WaitView:
        return WaitView(
            kind="step",
            id=self._id(step.number),
            what=in_words(self.tx, self.job, step, self.clock).title,
            state=step.state,
            since=step.opened,
            whom=self.words.tell(whom(self.tx, self.job.id, self.told.process, branch, step)),
            due=step.due,
            error=self.words.tell(self.staffing.why(step, self.job.customer, self.compiled, self.job.position)),
        )

    def _call(self, call: ServiceCall) -> WaitView:
        row, what = self.calls.get(call.number), self._title(call.state, call.member)
        child = ""
        if call.process and not call.incident:
            child = self.tx.jobs.child_of(self.job.id, call.number) or ""
        return WaitView(
            kind="job" if call.process else "call",
            id=self._id(call.number),
            what=self.words.say("undoing %(what)s", what=what)
            if call.undo
            else self.words.say("%(what)s, cut off: its attempt has to end", what=what)
            if call.cut_off
            else what,
            state=call.state,
            since=call.opened,
            whom=shown(child) if child else call.handler or call.http or call.process,
            next=row.next_at if row and not call.incident else None,
            error=call.incident or self._error(row),
            attempts=row.attempts if row else 0,
            external=bool(row and row.lane),
            progress=row.progress if row and not call.incident else "",
        )

    def _error(self, row: ClaimedCall | None) -> str:
        """What went wrong last; for a call in a lane that nobody serves any more, that."""
        if row is None or row.last_error or not row.lane:
            return row.last_error if row else ""
        served = self.shell.external.of(self.tx, self.shell.clock.now(), keep=False)
        return "" if row.lane in served else self.words.say("no token of an external worker is valid for this handler")

    def _timers(self, branch: Branch) -> Iterator[WaitView]:
        """Waits, and whatever timer could not be fired; deadlines are told with their steps."""
        for timer in branch.timers:
            failed = self.failed.get(f"{self.job.id}.{timer.number}")
            if timer.purpose == "elapse" or failed:
                yield WaitView(
                    kind="timer",
                    id=self._id(timer.number),
                    what=self._title(branch.state, timer.member),
                    state=branch.state,
                    since=branch.since or self.job.started,
                    due=timer.due,
                    next=failed.next if failed else None,
                    error=failed.error if failed else "",
                    attempts=failed.attempts if failed else 0,
                )

    def _messages(self, branch: Branch) -> Iterator[WaitView]:
        state = self.compiled.states.get(branch.state)
        for one in state.members.values() if state is not None else ():
            if one.awaited is not None:
                since = branch.since or self.job.started
                key = self._key(branch, one.awaited.key)
                yield WaitView(kind="message", what=one.awaited.message, state=branch.state, since=since, whom=key)

    def _key(self, branch: Branch, key: Expression | None) -> str:
        if key is None:
            return ""
        world, process = StoreWorld(self.tx, self.job.customer), self.compiled.process
        names = JobNames(self.job.position, branch, self.shell.clock.now(), world, process)
        try:
            return key_text(key.value(names))
        except ExpressionFailed as error:
            return self.words.say("no key: %(error)s", error=str(error))

    def _title(self, name: str, member: str) -> str:
        state = self.told.states.get(name)
        return state.member(member).title if state is not None else name
