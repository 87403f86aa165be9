"""A simulated process: an engine of its own, which pauses and dies where the world says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from fault_processes import HANDLERS
from faulty import Crash, FaultyDatabase, running
from record import Run

from flowengine import Engine, HandlerCall
from flowengine.errors import Unreachable
from flowengine.store import OutboxMessage

if TYPE_CHECKING:
    from world import World

NOTIFY = "engine.notify"


class Machine:
    """One simulated process: an engine with its own connections, caches and worker's id. Dead once, dead for ever."""

    def __init__(self, world: World, name: str, is_worker: bool) -> None:
        self.world = world
        self.name = name
        self.is_worker = is_worker
        self.dead = False
        self.at_work: tuple[str, int] | None = None
        self.healed: datetime | None = None
        self._before: tuple[str, Any] | None = None
        with running(None):
            self.database: FaultyDatabase = world.store.connect(self)
            self.engine = Engine(self.database, clock=world.clock, handlers=self._handlers())
            self.engine.shell.random = Random(name)
            self.engine.shell.channels._ways["mail"] = self._letter

    def _handlers(self) -> dict[str, Callable[[HandlerCall], Any]]:
        known: dict[str, Callable[[HandlerCall], Any]] = dict.fromkeys(HANDLERS, self._handle)
        return known | {NOTIFY: self._notice}

    # what the database asks of its process

    def before_transaction(self, what: str) -> None:
        self.world.stage.pause(what)
        if self.dead:
            raise Crash
        self._before = self.world.look_at_zombie(self)

    def after_transaction(self) -> None:
        if self._before is not None:
            job, rows = self._before
            self._before = None
            self.world.check_zombie(self, job, rows)

    def fault(self, label: str) -> str:
        return self.world.fault_at_commit(label)

    def die(self) -> None:
        self.dead = True
        self.world.record.crashes += 1

    # handlers

    def _handle(self, call: HandlerCall) -> Any:
        job, _, number = call.key.rpartition(".")
        self.at_work = (job, int(number))
        self.world.record.runs[call.key].append(Run(call.handler, call.attempt, call.input, call.token))
        self._point(f"handler.before:{call.handler}")
        given = self.world.answer_of_handler(call)
        self.world.tell(f"    {call.handler} {call.key} attempt {call.attempt}: {given!r}")
        self._point(f"handler.after:{call.handler}")
        if isinstance(given, Exception):
            raise given
        return given

    def _notice(self, call: HandlerCall) -> None:
        job, seq, number, _ = call.key.split(".")
        self._point("handler.before:notice")
        self.world.record.notices.append((job, int(seq), int(number)))
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
