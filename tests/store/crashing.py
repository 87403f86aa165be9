"""Kills itself at each statement of a save in turn, in a process of its own: ``python crashing.py <url> <job>``.

To die between any two statements it has to stand between our code and the driver's, so it puts itself around the
methods through which all statements of a database go; nothing goes on in such a process afterwards.

Prints the state of the job after each death as another process sees it, and at last after an act that was let through.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from drafts import act, call, move_on

from flowengine.core.draft import Draft
from flowengine.store import Database
from flowengine.store.audit import audit_job


def everything(draft: Draft) -> None:
    """An act that touches many tables."""
    move_on(draft)
    call(draft)


def dying(original: Any, counter: list[int], at: int) -> Any:
    """The method, which kills the process in front of the ``at``-th statement."""

    def method(self: Any, *arguments: Any, **more: Any) -> Any:
        counter[0] += 1
        if counter[0] == at:
            if hasattr(self, "_conn"):
                self._conn.flush()  # what was collected in front of it is done by the server, but for the commit
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, *arguments, **more)

    return method


def arm(url: str, at: int) -> None:
    """Make the statements of this process deadly."""
    counter = [0]
    if url.startswith("sqlite"):
        from flowengine.store.sqlite import SqliteChannel as kind

        names = ["rows", "one", "write", "write_many", "command"]
    else:
        from flowengine.store.libpq import Wire as kind  # type: ignore[assignment]

        names = ["_send"]
    for name in names:
        setattr(kind, name, dying(getattr(kind, name), counter, at))


def attempt(url: str, job: str, at: int) -> bool:
    """Act in a child that dies at a statement; whether it came through."""
    child = os.fork()
    if child == 0:
        database = Database.open(url)
        arm(url, at)
        act(database, job, everything)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def main(url: str, job: str) -> None:
    """Die at the first statement, the second, and so on, until one act comes through."""
    for at in range(1, 60):
        through = attempt(url, job, at)
        child = os.fork()
        if child == 0:
            with Database.open(url) as database, database.reading() as tx:
                audited = audit_job(tx, job)
                print(tx.jobs.get(job).seq, len(audited.problems), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        if through:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
