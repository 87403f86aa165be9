"""Locks in front of a SQLite write: fair between threads, and fair between processes.

SQLite lets writers who wait poll without order, so that one busy writer can starve all others. Writers therefore queue
here: threads in the order they came, processes through a turnstile in front of a door. Whoever waits at the door holds
the turnstile, so whoever has just written cannot overtake.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections import deque
from functools import cache
from typing import Generic, TypeVar

from flowengine.errors import DatabaseBusy, StoreError

Errand = TypeVar("Errand")


class Waiter(Generic[Errand]):
    """A thread in the queue, and the errand that whoever is in may run for it. Compared by identity."""

    __slots__ = ("errand", "gate", "gone", "thread")

    def __init__(self, errand: Errand | None) -> None:
        self.thread = threading.get_ident()
        self.errand = errand
        self.gone = False
        self.gate = threading.Lock()
        self.gate.acquire()


class FairLock(Generic[Errand]):
    """A lock that threads have in the order in which they asked for it.

    A thread may leave an errand with the lock: the owner can take it up (:meth:`next_errand`) and run it for the thread
    that waits, which then need not have the lock at all.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self.waiting: deque[Waiter[Errand]] = deque()
        """Who queues, in order. To be looked at by anybody; whoever takes somebody out asks the methods."""
        self._owner: int | None = None

    def acquire(self, timeout: float, errand: Errand | None = None) -> bool:
        """Wait up to ``timeout`` seconds. True: this thread has the lock; False: its errand was run by another.

        Raises DatabaseBusy, and StoreError when this thread has the lock already. An errand that has been taken up is
        waited for without a bound: its owner is at work on it.
        """
        waiter: Waiter[Errand] | None = None
        try:
            with self._mutex:
                me = threading.get_ident()
                if self._owner is None:
                    self._owner = me
                    return True
                if self._owner == me:
                    raise StoreError(
                        "this thread has a transaction open already that excludes this one",
                        possible=["end the first transaction before the next one begins"],
                    )
                waiter = Waiter(errand)
                self.waiting.append(waiter)
            if not waiter.gate.acquire(timeout=timeout) and not self._left(waiter):
                waiter.gate.acquire()
        except BaseException:  # interrupted while it waited: the lock must not be handed to nobody
            if waiter is not None and not self._left(waiter, anyhow=True) and self._owner == me:
                self.release()
            raise
        if waiter.gone:
            raise DatabaseBusy(f"other threads have been writing for {timeout:g} s", possible=["try again"])
        return self._owner == me

    def _left(self, waiter: Waiter[Errand], anyhow: bool = False) -> bool:
        """Leave the queue; False when the waiter was not in it any more. Then it is gone only if it is, ``anyhow``."""
        with self._mutex:
            queued = waiter in self.waiting
            if queued:
                self.waiting.remove(waiter)
            waiter.gone = queued or anyhow
            return queued

    def next_errand(self, taken: list[Waiter[Errand]]) -> Waiter[Errand] | None:
        """Take up the errand of whoever is next in the queue. None when nobody waits, or the next one wants the lock.

        Only the owner asks. It is added to ``taken``, and the owner opens its gate when the errand is done, or gives it
        back.
        """
        with self._mutex:
            if not self.waiting or self.waiting[0].errand is None:
                return None
            taken.append(self.waiting[0])  # first, so that whoever is interrupted here forgets nobody
            return self.waiting.popleft()

    def give_back(self, waiter: Waiter[Errand]) -> None:
        """Put an errand that was not run to the head of the queue again."""
        with self._mutex:
            if not waiter.gone and waiter not in self.waiting:
                self.waiting.appendleft(waiter)

    def release(self) -> None:
        """Hand it to whoever has waited longest."""
        with self._mutex:
            if self.waiting:
                waiter = self.waiting.popleft()
                self._owner = waiter.thread
                waiter.gate.release()
            else:
                self._owner = None


class FileLock:
    """A lock between processes on two small files; the system releases it when a process dies.

    One thread at a time may ask for it: a :class:`FairLock` stands in front. Where it is not free an agent, a thread of
    its own, queues for it in the system, which lets in who has waited longest and wakes nobody else; for only a thread
    that nobody needs can wait without a bound. When whoever sent it has given up, the agent keeps the place in the
    queue for the next one who asks, or gives the lock back as soon as it has it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._turnstile = _opened(f"{path}.queue")
        self._door = _opened(path)
        self._mutex = threading.Lock()
        self._sent = _shut_gate()  # plain locks: a Semaphore takes its time in Python at each hand-over
        self._back = _shut_gate()
        self._agent: threading.Thread | None = None
        self._away = self._wanted = self._handed = self._closed = self._marked = False
        self._trouble: OSError | None = None

    def acquire(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds. Raises DatabaseBusy, and StoreError where files cannot be locked."""
        if not self._away and self._at_once():
            return
        try:
            self._send()
            got = self._back.acquire(timeout=max(timeout, 0.0))
        except BaseException:
            if self._given_up():
                self.release()
            raise
        if not got and not self._given_up():
            raise DatabaseBusy(
                f"other processes have been writing for {timeout:.3g} s", where=self.path, possible=["try again"]
            )
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise _not_lockable(trouble, self.path)

    def _at_once(self) -> bool:
        """Have it if it is free. Who finds only the door taken keeps the turnstile, for the agent."""
        at_door = False
        try:
            fcntl.flock(self._turnstile, fcntl.LOCK_EX | fcntl.LOCK_NB)
            at_door = True
            fcntl.flock(self._door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            at_door = False
            return False
        except OSError as error:
            raise _not_lockable(error, self.path) from error
        finally:
            if at_door:
                fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        return True

    def _send(self) -> None:
        """Have the agent wait, unless it does already."""
        with self._mutex:
            self._wanted, self._handed = True, False
            if self._away:
                return
            self._away = True
        if self._agent is None:
            self._agent = threading.Thread(target=self._serve, name="flowengine-queue", daemon=True)
            self._agent.start()
        self._sent.release()

    def _given_up(self) -> bool:
        """Want it no longer; True when it was had at that very moment, whether its coming was seen or not."""
        with self._mutex:
            self._wanted = False
            handed, self._handed = self._handed, False
        if handed:
            self._back.acquire(blocking=False)
        return handed

    def _serve(self) -> None:
        """What the agent does for as long as the lock is in use."""
        self._sent.acquire()
        while not self._closed:
            try:
                for file in (self._turnstile, self._door):
                    fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                self._trouble = error
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
            with self._mutex:
                self._away = False
                if self._wanted:
                    self._wanted, self._handed = False, True
                    self._back.release()
                else:
                    fcntl.flock(self._door, fcntl.LOCK_UN)
            if not self._closed:
                self._sent.acquire()
        self._shut()

    def others(self) -> bool:
        """Whether another process has had the lock since this one had it last; for whoever has it. Each leaves its
        mark in the file: one that is found at first may be of a process that is gone."""
        me = _mark(os.getpid())
        try:
            if os.pread(self._door, len(me), 0) != me:
                os.pwrite(self._door, me, 0)
                seen, self._marked = self._marked, True
                return seen
            self._marked = True
        except OSError:
            pass  # a full disk has no room for a mark; then nothing is known
        return False

    def release(self) -> None:
        """Let the next process in."""
        fcntl.flock(self._door, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give up both files, once the agent is back."""
        if self._closed:
            return
        self._closed = True
        if self._agent is None:
            self._shut()
        else:
            self._sent.release()

    def _shut(self) -> None:
        os.close(self._door)
        os.close(self._turnstile)


@cache
def _mark(process: int) -> bytes:  # noqa: ARG001 - a process that forks makes another
    """What tells this process from all others, on whichever machine's or container's count of processes."""
    return os.urandom(16)


def _shut_gate() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        unwritable = error.errno in (errno.EROFS, errno.EACCES, errno.ENOSPC)
        advice = ["to write: room, and the right to, in the folder of the database; to look works as it is"]
        raise StoreError(
            f"the lock file cannot be opened: {error.strerror}", where=path, possible=advice if unwritable else ()
        ) from error


def _not_lockable(error: OSError, path: str) -> StoreError:
    return StoreError(f"the lock file cannot be locked: {error.strerror}; is it a network drive?", where=path)
