"""A process that dies: ``python dying.py DATABASE POINT STEP``. It acts on the step, or does what is due, and is killed
at the point."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from flowengine import Engine, HandlerCall
from flowengine.commands import starting
from flowengine.store import Database, Transaction
from flowengine.work import due, services

T = TypeVar("T")


def die(*_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(Database):
    """A database whose process dies around a commit, once it is to."""

    point = ""

    def keep(self, work: Callable[[Transaction], T]) -> T:
        def done(tx: Transaction) -> T:
            result = work(tx)
            if self.point.endswith("before commit"):
                tx.channel.flush()
                die()
            return result

        result = super().keep(done)
        if self.point.endswith("after commit"):
            die()
        return result


def main(url: str, point: str, step: str) -> None:
    database = Dying.open(url)
    assert isinstance(database, Dying)
    engine = Engine(database, handlers={"order_cloth": lambda call: die() if point == "in handler" else answer(call)})
    if point == "before finish":
        services.conclude = die
    if point == "with a claimed schedule":
        starting.by_clock = die
    if point in ("in handler", "before finish", "with a claimed schedule"):
        engine.run_due()
        return
    database.point = point
    if step == "a schedule":
        due.start_jobs(engine.shell, [("yearly", 1)])
    elif point.startswith("vote"):
        engine.act(step, "vote", {"for": "attack"}, by="ada", key="k")
    else:
        engine.act(step, "chosen", {"cloth": "navy"}, by="ada", key="k")


def answer(_: HandlerCall) -> dict[str, Any]:
    return {}


if __name__ == "__main__":
    main(*sys.argv[1:4])
    print("survived")
