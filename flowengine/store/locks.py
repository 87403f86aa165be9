"""Locks in front of a SQLite write: fair between threads, and fair between processes.

SQLite lets writers who wait poll without order, so that one busy writer can starve all others. Writers therefore queue
here: threads in the order they came, processes through a turnstile in front of a door. Whoever waits at the door holds
the turnstile, so whoever has just written cannot overtake.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque

from flowengine.errors import DatabaseBusy, StoreError

SHORTEST_PAUSE, LONGEST_PAUSE = 0.00005, 0.002
"""Between two looks at a lock that another process has, in seconds: an eighth of the time waited so far, within these.
So little time is lost when one process hands the lock to the next, and a long wait costs little."""


class FairLock:
    """A lock that threads have in the order in which they asked for it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[tuple[threading.Lock, int]] = deque()
        self._owner: int | None = None

    def acquire(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds. Raises DatabaseBusy, and StoreError when this thread has it already."""
        me = threading.get_ident()
        with self._mutex:
            if self._owner is None:
                self._owner = me
                return
            if self._owner == me:
                raise StoreError(
                    "this thread has a transaction open already that excludes this one",
                    possible=["end the first transaction before the next one begins"],
                )
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append((gate, me))
        if not gate.acquire(timeout=timeout):
            with self._mutex:
                if (gate, me) in self._waiting:
                    self._waiting.remove((gate, me))
                    raise DatabaseBusy(f"another thread has been writing for {timeout:g} s", possible=["try again"])

    def release(self) -> None:
        """Hand it to whoever has waited longest."""
        with self._mutex:
            if self._waiting:
                gate, self._owner = self._waiting.popleft()
                gate.release()
            else:
                self._owner = None


class FileLock:
    """A lock between processes on two small files; the system releases it when a process dies.

    One thread at a time may ask for it: a :class:`FairLock` stands in front.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._turnstile = _opened(f"{path}.queue")
        self._door = _opened(path)

    def acquire(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds. Raises DatabaseBusy."""
        began = time.monotonic()
        self._wait(self._turnstile, began, timeout)
        try:
            self._wait(self._door, began, timeout)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)

    def _wait(self, file: int, began: float, timeout: float) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                waited = time.monotonic() - began
                if waited >= timeout:
                    raise DatabaseBusy(
                        f"other processes have been writing for {timeout:g} s", where=self.path, possible=["try again"]
                    ) from None
            time.sleep(min(max(waited / 8, SHORTEST_PAUSE), LONGEST_PAUSE))

    def release(self) -> None:
        """Let the next process in."""
        fcntl.flock(self._door, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._door)
        os.close(self._turnstile)


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StoreError(f"the lock file cannot be opened: {error.strerror}", where=path) from error
