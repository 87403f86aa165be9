"""A simulated process: an engine of its own, which pauses and dies where the world says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from fault_processes import HANDLERS
from faulty import Crash, FaultyDatabase, running
from record import Run

from flowengine import Engine, HandlerCall
from flowengine.errors import StoreError, Unreachable
from flowengine.language.durations import Duration
from flowengine.runtime.handlers import Handler
from flowengine.store import OutboxMessage
from flowengine.work import services
from flowengine.work.ending import Done, settle_together

if TYPE_CHECKING:
    from world import World

NOTIFY = "engine.notify"

LIMIT = timedelta(minutes=5)
"""How long an attempt may take; who works longer than that is waited for no more."""

MOST_TAKEN = 3
"""Calls that are taken and settled together."""


def _run(held: services.Held, handler: Handler, call: HandlerCall, limit: Duration) -> Any:  # noqa: ARG001
    """In this thread: it is the only one that goes on."""
    return handler(call)


class Machine:
    """One simulated process: an engine with its own connections, caches and worker's id. Dead once, dead for ever."""

    def __init__(self, world: World, name: str, is_worker: bool) -> None:
        self.world = world
        self.name = name
        self.is_worker = is_worker
        self.dead = False
        self.at_work: list[tuple[str, int]] = []
        self.took = timedelta()
        self.healed: datetime | None = None
        self._before: dict[str, Any] = {}
        with running(None):
            self.database: FaultyDatabase = world.store.connect(self)
            self.engine = Engine(self.database, clock=world.clock, handlers=self._handlers())
            self.engine.shell.random = Random(name)
            self.engine.post.channels._ways["mail"] = self._letter

    def _handlers(self) -> dict[str, Callable[[HandlerCall], Any]]:
        known: dict[str, Callable[[HandlerCall], Any]] = dict.fromkeys(HANDLERS, self._handle)
        return known | {NOTIFY: self._notice}

    # what the database asks of its process

    def before_transaction(self, what: str) -> None:
        self.world.stage.pause(what)
        if self.dead:
            raise Crash
        self._before = self.world.look_at_zombies(self)

    def after_transaction(self) -> None:
        before, self._before = self._before, {}
        for job, rows in before.items():
            self.world.check_zombie(self, job, rows)

    def fault(self, label: str) -> str:
        return self.world.fault_at_commit(label)

    def die(self) -> None:
        self.dead = True
        self.world.record.crashes += 1

    # working

    def work_together(self) -> bool:
        """Take a few calls and settle what they come to together, as the threads of a worker do; what is left over is
        settled by itself. Whether there was a call."""
        shell = self.engine.shell
        taken = services.take(shell, MOST_TAKEN)
        judged = [(held, services.judge(shell, held, _run)) for held in taken]
        done = [(held, verdict) for held, verdict in judged if isinstance(verdict, Done)]
        try:
            kept = settle_together(shell, [(held.claimed, verdict) for held, verdict in done])
        except StoreError as error:
            self.world.tell(f"    {len(done)} calls are not settled together: {error}")
            kept = [False] * len(done)
        settled = {id(held) for (held, _), well in zip(done, kept, strict=True) if well}
        for held, verdict in judged:
            if id(held) not in settled:
                services.conclude(shell, held, verdict)
        return bool(taken)

    # handlers

    def _handle(self, call: HandlerCall) -> Any:
        job, _, number = call.key.rpartition(".")
        self.at_work.append((job, int(number)))
        self.world.record.runs[call.key].append(Run(call.handler, call.attempt, call.input, call.token))
        record = self.world.record
        if call.undo and not call.input["certain"]:  # else it was done, and its key refuses to be done again
            record.undone.add(call.input["call"])
        self._point(f"handler.before:{call.handler}")
        if call.key in record.undone and record.passed - self.took < LIMIT:
            record.too_late.append(f"{call.handler} {call.key}")
        given = self.world.answer_of_handler(call)
        self.world.tell(f"    {call.handler} {call.key} attempt {call.attempt}: {given!r}")
        self._point(f"handler.after:{call.handler}")
        if isinstance(given, Exception):
            raise given
        return given

    def _notice(self, call: HandlerCall) -> None:
        self._point("handler.before:notice")
        self.world.hear(call.key)
        self._point("handler.after:notice")

    def _letter(self, shell: object, row: OutboxMessage, words: object) -> None:  # noqa: ARG002
        """Stands where the mail server stood: it takes a letter, or is down."""
        self._point("handler.before:letter")
        if not self.world.calm and self.world.choices.one_in(5):
            raise Unreachable("the mail server is down", where="mail.example")
        self.world.record.letters.append((row.lane, row.id))
        self._point("handler.after:letter")

    def _point(self, name: str) -> None:
        """A place around a handler where its process may be delayed or die."""
        self.world.stage.pause(name)
        if not self.dead and self.world.crashes_at(name):
            self.die()
        if self.dead:
            raise Crash
