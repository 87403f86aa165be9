"""A small world under faults: customers and staff who ask, processes that serve and work, a clock, and a record.

Whoever asks knows no more than people do: the answer, a refusal, or nothing at all when the process that was asked died
or lost its database. Then he asks again with the same key, perhaps another process, perhaps at once, perhaps never. The
record keeps what was acknowledged and what handlers were run, and the invariants are checked against it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from baton import Stage, Task
from choices import Choices
from fault_processes import OUTCOMES
from faulty import FAULTS, Crash, running
from machines import Machine
from record import Broken, Record, Request
from stores import Store

from flowengine import Broadcast, Engine, HandlerCall, Kept, Outcome, Receipt, SimulatedClock
from flowengine.core.values import Actor
from flowengine.errors import Refused, StoreError
from flowengine.language.model import Process
from flowengine.runtime.handlers import GiveUp, Later, TryLater
from flowengine.work import services

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPERATOR = Actor(kind="operator", id="olga")

MOST_PAUSES = 10_000
"""After how many pauses a task of a dead process is taken not to come to its end."""


class World:
    """One schedule at work on one store."""

    def __init__(self, store: Store, clock: SimulatedClock, choices: Choices, targets: set[str]) -> None:
        self.store = store
        self.choices = choices
        self.targets = targets
        self.clock = clock
        self.stage = Stage()
        self.record = Record()
        self.calm = False
        self.frozen: set[Task] = set()
        self.moved = False
        self.rate = choices.pick((0, 40, 20, 10))
        self.log: list[str] = []
        self.office = Engine(store.plain, clock=self.clock, handlers={})
        self.machines = [Machine(self, f"machine {n}", n >= 2) for n in range(4)]

    def process(self, name: str) -> Process:
        """The latest version of a process."""
        return self.office.process(name)

    def invited(self, audience: str) -> list[str]:
        """The ids of those whom a seating means, by name."""
        return self.store.invited.get(audience, [])

    def close(self) -> None:
        """The schedule is over: every task unwinds and every process is stopped."""
        for machine in self.machines:
            machine.dead = True
            with suppress(AssertionError):  # what broke is told already
                self.unwind(machine)

    def tell(self, what: str) -> None:
        """Keep what happens, for whoever looks into a schedule that broke something."""
        self.log.append(f"{self.clock.now():%d %H:%M:%S} {what}")

    def move_clock(self, by: timedelta) -> None:
        """The clock goes on, or is set back: time only passes forwards."""
        self.clock.advance(by)
        self.record.passed += max(by, timedelta())

    # faults

    def fault_at_commit(self, label: str) -> str:
        """Which fault happens at a commit of this kind, or none."""
        if self.calm:
            return ""
        wanted = [fault for fault in FAULTS if f"{fault}:{label}" in self.targets]
        if not wanted and not self.choices.one_in(self.rate):
            return ""
        fault = wanted[0] if wanted else self.choices.pick(FAULTS)
        self._met(f"{fault}:{label}")
        return fault

    def crashes_at(self, point: str) -> bool:
        """Whether a process dies at this point around a handler."""
        if self.calm or (point not in self.targets and not self.choices.one_in(self.rate)):
            return False
        self._met(point)
        return True

    def _met(self, point: str) -> None:
        self.targets.discard(point)
        self.record.points.add(point)
        self.tell(f"    {point}")

    def bury(self, machine: Machine) -> None:
        """A dead process: what it was doing unwinds, its connections close, and another is started in its place."""
        self.tell(f"{machine.name} is dead")
        machine.dead = True
        at = self.machines.index(machine)
        self.unwind(machine)
        self.machines[at] = Machine(self, machine.name, machine.is_worker)

    def unwind(self, machine: Machine) -> None:
        """Let all tasks of a dead process come to their end, in which they can do nothing, and take its connections."""
        for task in [one for one in self.stage.tasks if one.owner is machine]:
            for _ in range(MOST_PAUSES):
                if task.over:
                    break
                with running(machine), suppress(Crash):
                    self.stage.step(task)
            else:
                raise AssertionError(f"{task.name} of a dead process goes on and on, from {task.point}")
        self.store.disconnect(machine.database)

    def run(self, task: Task) -> None:
        """Let a task go on until it pauses, ends or dies."""
        machine: Machine = task.owner
        self.tell(f"{task.name} on {machine.name} goes on from {task.point}")
        with running(machine), suppress(Crash):
            self.stage.step(task)
        if machine.dead:
            self.bury(machine)

    # handlers

    def answer_of_handler(self, call: HandlerCall) -> Any:
        """What a handler gives, or an error that it raises. Where all is calm it does what it shall."""
        possible = OUTCOMES.get(call.handler, ("done",))
        if self.calm:
            return Outcome("done", {})
        drawn = self.choices.draw(10)
        if drawn < 6:
            return Outcome(possible[drawn % len(possible)], {})
        if drawn == 6:
            self.record.tokens[call.key] = call.token
            return Later(timedelta(hours=1))
        errors = (RuntimeError("the line was dead"), TryLater("too busy", timedelta(minutes=2)), GiveUp("no use"))
        return errors[drawn - 7]

    def hear(self, key: str) -> None:
        """A notice has come, and takes the place in the outbox that it came from. One without a row there is late: it
        was done by another process, and must have come before."""
        about, seq, body = _place_of(key)
        with running(None):
            rows = self.store.rows(
                f"SELECT number, body FROM flow_outbox WHERE job_id = '{about}' AND seq = {seq} AND kind = 'notice'"
            )
        places = [place for place, told in rows if body.items() <= json.loads(told).items()]
        if len(places) > 1 or not (places or key in self.record.heard):
            raise Broken(f"the notice {key} came, and stands in the outbox {len(places)} times")
        self.record.heard.add(key)
        self.record.notices += [(about, seq, place) for place in places]

    # zombies

    def look_at_zombies(self, machine: Machine) -> dict[str, Any]:
        """The rows of each job of which the process is about to settle a call that is not its own any more, and none
        that is."""
        at_work, machine.at_work = machine.at_work, []
        mine = f"SELECT job_id, number FROM flow_calls WHERE worker = '{machine.engine.shell.worker}'"
        with running(None):
            held = set(self.store.rows(mine)) if at_work else set()
            own = {job for job, number in at_work if (job, number) in held}
            return {job: self.store.rows_of(job) for job, number in at_work if job not in own}

    def check_zombie(self, machine: Machine, job: str, before: Any) -> None:
        """L10: late work changes nothing."""
        with running(None):
            self.record.zombies += 1
            if self.store.rows_of(job) != before:
                raise Broken(f"a zombie, {machine.name}, changed job {job} (L10)")

    # requests

    def send(self, request: Request, machine: Machine) -> None:
        """Ask a process; what comes of it is known when the task ends."""
        request.asked += 1
        request.unanswered = False
        machine_engine = machine.engine

        def work() -> None:
            request.running += 1
            try:
                receipt = request.do(machine_engine)
            except Refused as refused:
                self.tell(f"    {request.key} refused: {refused}")
                if self.settled(request):
                    raise Broken(f"{request.key} was acknowledged, and refused when asked again: {refused}") from None
            except StoreError as error:
                self.tell(f"    {request.key}: {error}")
                request.unanswered = True
            except Crash:
                request.unanswered = True
                raise
            else:
                self.acknowledge(request, receipt)
            finally:
                request.running -= 1

        self.stage.spawn(f"{request.what} {request.key}", machine, work)

    def settled(self, request: Request) -> bool:
        """Whether it was answered for good: asked again, the answer must be the same."""
        return request.receipt is not None and self.record.retries[request.call] == request.retries

    def acknowledge(self, request: Request, receipt: Receipt) -> None:
        """Somebody was told that it is done: from here on it must stay so (L2)."""
        if self.settled(request) and request.receipt != receipt:
            raise Broken(f"{request.key} was acknowledged with two receipts (L3)")
        if isinstance(receipt, Kept | Broadcast):
            self._acknowledge_outside(request, receipt)
            return
        if receipt.seq < 0:
            self._acknowledge_ballot(request, receipt)
            return
        with running(None):
            found = self.store.rows(
                f"SELECT hash FROM flow_history WHERE job_id = '{receipt.job}' AND seq = {receipt.seq}"
            )
        if len(found) != 1:
            raise Broken(f"{request.key} was acknowledged, and entry {receipt.seq} is not in the history (L2)")
        request.receipt, request.hash, request.retries = receipt, found[0][0], self.record.retries[request.call]
        self.tell(f"    {request.key} acknowledged as {receipt.job[:8]} {receipt.seq} {receipt.events}")

    def _acknowledge_outside(self, request: Request, receipt: Kept | Broadcast) -> None:
        """A message that was kept outside of all jobs, or is for all of them, is known by its receipt, which goes with
        it into a job."""
        with running(None):
            found = self.store.rows(f"SELECT job_id FROM flow_receipts WHERE key = '{request.key}'")
        if len(found) != 1 and (isinstance(receipt, Broadcast) or receipt.until > self.clock.now()):
            raise Broken(f"{request.key} was acknowledged as {receipt.status}, and is lost (L2)")
        request.receipt, request.retries = receipt, self.record.retries[request.call]
        self.tell(f"    {request.key} is {receipt.status}")

    def _acknowledge_ballot(self, request: Request, receipt: Receipt) -> None:
        """A ballot is in the box, and not in the history."""
        with running(None):
            found = self.store.rows(
                f"SELECT body FROM flow_papers WHERE job_id = '{receipt.job}' AND step = {-receipt.seq}"
                f" AND id = '{request.actor}'"
            )
        if len(found) != 1:
            raise Broken(f"{request.key} was acknowledged, and no paper is in the box (L2)")
        request.receipt = receipt
        self.tell(f"    {request.key} acknowledged as a ballot: {found[0][0]}")

    def new_request(self, actor: str, what: str, do: Callable[[Engine, str], Receipt]) -> Request:
        key = f"{what}-{len(self.record.requests)}"
        request = Request(key=key, actor=actor, what=what, do=lambda engine: do(engine, key))
        self.record.requests.append(request)
        return request

    def _heal(self, machine: Machine) -> None:
        """Let go of what a jump of the clock would keep for too long: as a worker does when its clock has gone back,
        and each minute, for others may have seen the jump."""
        now = self.clock.now()
        if machine.healed is None or not timedelta() <= now - machine.healed < timedelta(minutes=1):
            machine.healed = now
            services.heal(machine.engine.shell)
            machine.engine.post.heal()

    def work_pass(self, machine: Machine, together: bool = False) -> None:
        """A worker makes one pass over what is due; with ``together`` over calls only, which it settles at once."""

        def work() -> None:
            machine.took = self.record.passed
            try:
                self._heal(machine)
                self.moved = machine.work_together() if together else machine.engine.run_due(3).anything
            except StoreError as error:
                self.tell(f"    the pass of {machine.name} is over: {error}")  # the next pass comes
            finally:
                machine.at_work = []

        self.stage.spawn(f"pass of {machine.name}", machine, work)


def _place_of(key: str) -> tuple[str, int, dict[str, Any]]:
    """What the row of a notice is about, its command, and what is in its body. What is not about a job (``referral:…``)
    has no step."""
    if ":" in key:
        about, seq, why = key.rsplit(".", 2)
        return about, int(seq), {"why": why}
    job, seq, step, why, *number = key.split(".")
    return job, int(seq), {"step": int(step), "why": why} | ({"number": int(number[0])} if number else {})
