"""Tasks that run one at a time: a task goes on when it is told to, until it pauses or ends.

Each task is a thread, but only who holds the baton runs, so that what happens is decided by whoever hands it on and by
nothing else. A pause is taken where a real process could be delayed for any time: between transactions, and around
handlers. It may be called from any thread that works for the task, as the thread of a handler does.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Semaphore, Thread
from typing import Any

PATIENCE = 120.0
"""Seconds after which a task that neither pauses nor ends is taken for hung."""


class Hung(AssertionError):
    """A task neither paused nor ended."""


class Task:
    """One line of work of a simulated process; ``owner`` is that process, ``point`` says where it pauses."""

    def __init__(self, stage: Stage, name: str, owner: Any, work: Callable[[], None]) -> None:
        self.name = name
        self.owner = owner
        self.point = "begin"
        self.over = False
        self.error: BaseException | None = None
        self._stage = stage
        self._work = work
        self._go = Semaphore(0)
        self._back = Semaphore(0)
        self._thread = Thread(target=self._run, name=f"task {name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._work()
        except BaseException as error:  # handed to whoever holds the baton next
            self.error = error
        self.over = True
        self._back.release()

    def pause(self, point: str) -> None:
        """Give the baton back until the task is stepped again."""
        self.point = point
        self._back.release()
        self._go.acquire()

    def go_on(self) -> None:
        self._go.release()
        if not self._back.acquire(timeout=PATIENCE):
            raise Hung(f"{self.name} hangs after {self.point}")


class Stage:
    """All tasks of a world, oldest first, and the one that runs (None: the world itself)."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.current: Task | None = None

    def spawn(self, name: str, owner: Any, work: Callable[[], None]) -> Task:
        """A task that begins when it is first stepped."""
        task = Task(self, name, owner, work)
        self.tasks.append(task)
        return task

    def step(self, task: Task) -> None:
        """Let a task run until its next pause or its end. Raises what it raised."""
        assert self.current is None, "only the world hands the baton on"
        self.current = task
        try:
            task.go_on()
        finally:
            self.current = None
        if task.over:
            self.tasks.remove(task)
            if task.error is not None:
                raise task.error

    def pause(self, point: str) -> None:
        """Pause the task that runs; nothing when the world itself does."""
        if self.current is not None:
            self.current.pause(point)
