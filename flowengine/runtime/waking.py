"""A hint inside one process: a commit left work that is due at once, so a worker need not wait for its next look.

Only a hint: what other processes leave, and what a joined transaction commits, is found by looking.
"""

from __future__ import annotations

from queue import Empty, SimpleQueue


class Ear:
    """Where one worker waits to be woken. May be woken from a signal handler: its queue is made for that."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[None] = SimpleQueue()

    def wake(self) -> None:
        """End the wait, or the next one."""
        if self._queue.empty():
            self._queue.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait to be woken, at most so long; whether it was woken."""
        try:
            self._queue.get(timeout=max(seconds, 0.0))
        except Empty:
            return False
        return True


class Hint:
    """Wakes the workers of this process. Costs nothing where there is none."""

    def __init__(self) -> None:
        self.ears: tuple[Ear, ...] = ()

    def listen(self, ear: Ear) -> None:
        """Wake this ear from now on, until :meth:`leave`."""
        self.ears = (*self.ears, ear)

    def leave(self, ear: Ear) -> None:
        """Wake it no more."""
        self.ears = tuple(one for one in self.ears if one is not ear)

    def give(self) -> None:
        """There is work."""
        for ear in self.ears:
            ear.wake()
