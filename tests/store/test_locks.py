"""The locks in front of a SQLite write: in order between threads and between processes, and never lost."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from interrupting import signals_interrupt, struck_after
from waiting import heard, join, until

from flowengine.errors import DatabaseBusy, StoreError
from flowengine.store import locks
from flowengine.store.locks import FairLock, FileLock, Waiter

HERE = Path(__file__).parent


class Holder:
    """Another process that has the lock until it is told to give it back."""

    def __init__(self, kind: str, where: str) -> None:
        command = [sys.executable, str(HERE / "holding.py"), kind, where]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE.parent.parent
        )

    def heard(self) -> str:
        return heard(self.process).strip()

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def strike(self, number: signal.Signals) -> None:
        """Send it a signal; when this returns, it has worked."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitpid(self.process.pid, os.WUNTRACED)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


@contextmanager
def holder(kind: str, where: str) -> Iterator[Holder]:
    """A process that has the turn by now."""
    other = Holder(kind, where)
    try:
        assert other.heard() == "held"
        yield other
    finally:
        other.end()


# between threads


def test_threads_have_it_in_the_order_in_which_they_asked() -> None:
    """Whoever has waited longest is next."""
    lock: FairLock[None] = FairLock()
    order: list[int] = []

    def wait(number: int) -> None:
        lock.acquire(60)
        order.append(number)
        lock.release()

    lock.acquire(1)
    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        until(lambda: len(lock.waiting) == len(threads))
    lock.release()
    join(*threads)
    assert order == [0, 1, 2, 3, 4, 5]


def test_an_interrupted_waiter_is_not_handed_the_lock() -> None:
    """Who was interrupted while waiting has left the queue: the lock goes to the next one."""
    lock: FairLock[None] = FairLock()
    had, over = threading.Event(), threading.Event()

    def own() -> None:
        lock.acquire(60)
        had.set()
        until(lambda: lock.waiting)
        interrupt()
        over.wait(60)
        lock.release()

    with signals_interrupt() as interrupt:
        owner = threading.Thread(target=own)
        owner.start()
        assert had.wait(60)
        with pytest.raises(KeyboardInterrupt):
            lock.acquire(60)
    over.set()
    join(owner)
    assert lock.acquire(0)


def test_the_owner_may_run_the_errand_of_whoever_is_next() -> None:
    """An errand is taken up in its turn, only by the owner, and its thread goes on without having had the lock."""
    lock: FairLock[str] = FairLock()
    had: dict[str, bool] = {}

    def wait(errand: str | None) -> None:
        had[str(errand)] = lock.acquire(60, errand)
        if had[str(errand)]:
            lock.release()

    lock.acquire(1)
    threads = []
    for errand in ("first", None, "last"):
        threads.append(threading.Thread(target=wait, args=(errand,)))
        threads[-1].start()
        until(lambda: len(lock.waiting) == len(threads))
    taken: list[Waiter[str]] = []
    waiter = lock.next_errand(taken)
    assert waiter is not None
    assert (waiter.errand, taken) == ("first", [waiter])
    assert lock.next_errand(taken) is None, "the next one wants the lock itself"
    lock.give_back(waiter)
    lock.give_back(waiter)
    assert lock.next_errand([]) is waiter, "it is at the head of the queue again, once"
    waiter.gate.release()
    join(threads[0])
    lock.release()
    join(*threads)
    assert had == {"first": False, "None": True, "last": True}


# between processes


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[FileLock]:
    """A lock on files of the test's own."""
    made = FileLock(str(tmp_path / "door"))
    yield made
    made.close()


def test_a_free_lock_is_had_at_once_and_without_a_thread(lock: FileLock) -> None:
    """Nobody waits where nobody is in the way."""
    for _ in range(3):
        lock.acquire(0)
        lock.release()
    assert agents() == []


def test_two_processes_are_never_in_together(lock: FileLock) -> None:
    """While another process has it, waiting ends with DatabaseBusy that names the file; then it is had."""
    with holder("lock", lock.path) as other:
        with pytest.raises(DatabaseBusy, match="other processes") as busy:
            lock.acquire(0.05)
        assert busy.value.where == lock.path
        other.go_on()
        assert other.heard() == "over"
        lock.acquire(60)
        other.go_on()
        with pytest.raises(BlockingIOError):
            _try_door(lock.path)
        lock.release()
        assert other.heard() == "held"


def test_the_lock_of_a_killed_process_is_free(lock: FileLock) -> None:
    """When the owner is killed, whoever waits has it, and need not wait for a timeout."""
    with holder("lock", lock.path) as other:
        waiting = threading.Thread(target=lock.acquire, args=(600,))
        waiting.start()
        until(agents)
        other.strike(signal.SIGKILL)
        join(waiting)
    lock.release()


def test_a_process_that_is_killed_in_the_queue_lets_the_next_one_in(lock: FileLock) -> None:
    """Those who wait do not depend on each other."""
    lock.acquire(0)
    other = Holder("lock", lock.path)
    third = FileLock(lock.path)
    try:
        until(lambda: _taken(f"{lock.path}.queue"))
        waiting = threading.Thread(target=third.acquire, args=(600,))
        waiting.start()
        until(agents)
        other.end()
        lock.release()
        join(waiting)
        third.release()
    finally:
        other.end()
        third.close()


def test_who_has_given_up_gives_the_lock_back(lock: FileLock) -> None:
    """After a timeout the place in the queue is no trap: when its turn comes it is passed on, or used by the next."""
    with holder("lock", lock.path) as other:
        for _ in range(2):
            with pytest.raises(DatabaseBusy):
                lock.acquire(0.01)
        other.go_on()
        assert other.heard() == "over"
        other.go_on()
        assert other.heard() == "held"


def test_a_stopped_process_blocks_only_until_the_timeout(lock: FileLock) -> None:
    """While the owner is stopped others are told that it is busy; when it goes on, so do they."""
    with holder("lock", lock.path) as other:
        other.strike(signal.SIGSTOP)
        with pytest.raises(DatabaseBusy):
            lock.acquire(0.05)
        other.strike(signal.SIGCONT)
        other.go_on()
        assert other.heard() == "over"
        lock.acquire(60)
        lock.release()


def test_processes_have_it_in_the_order_in_which_they_asked(lock: FileLock) -> None:
    """Six queue one after the other, and are let in in that order."""
    if not Path("/proc/locks").exists():
        pytest.skip("only Linux tells who waits for a lock (/proc/locks)")
    order: list[int] = []
    queue = [FileLock(lock.path) for _ in range(6)]  # each with files of its own, as in processes of their own

    def wait(number: int) -> None:
        queue[number].acquire(60)
        order.append(number)
        queue[number].release()

    lock.acquire(0)
    threads = []
    for number in range(len(queue)):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        until(lambda: _blocked(lock.path) == number + 1)  # noqa: B023  # it is asked at once
    lock.release()
    join(*threads)
    for one in queue:
        one.close()
    assert order == [0, 1, 2, 3, 4, 5]


def test_an_interrupted_wait_leaves_nobody_in_the_way(lock: FileLock) -> None:
    """Struck just when the lock was had, it is given back."""
    with holder("lock", lock.path) as other:

        def let_go() -> None:
            until(agents)
            other.go_on()

        going = threading.Thread(target=let_go)
        going.start()
        in_acquire = struck_after("acquire", lambda frame: frame.f_code.co_filename == locks.__file__)
        with in_acquire, pytest.raises(KeyboardInterrupt):
            lock.acquire(60)
        join(going)
        assert other.heard() == "over"
        other.go_on()
        assert other.heard() == "held"


def test_a_wait_that_a_signal_ends_leaves_nobody_in_the_way(lock: FileLock) -> None:
    """Struck while somebody else has the lock, nobody is in the way of who asks for it next."""
    with holder("lock", lock.path) as other, signals_interrupt() as interrupt:

        def strike() -> None:
            until(agents)
            interrupt()

        striking = threading.Thread(target=strike)
        striking.start()
        with pytest.raises(KeyboardInterrupt):
            lock.acquire(60)
        join(striking)
        for word in ("over", "held"):
            other.go_on()
            assert other.heard() == word
        other.go_on()
        assert other.heard() == "over"
        lock.acquire(60)
        lock.release()


def test_a_file_system_without_locks_is_named(lock: FileLock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be locked, writers are told so, whether they queue or not."""

    def without(kind: int) -> Callable[[int, int], None]:
        def flock(_: int, how: int) -> None:
            if how == fcntl.LOCK_EX | fcntl.LOCK_NB and kind == 1:
                raise BlockingIOError
            if how != fcntl.LOCK_UN:
                raise OSError(37, "No locks available")

        return flock

    for kind in (0, 1):
        monkeypatch.setattr(fcntl, "flock", without(kind))
        with pytest.raises(StoreError, match="No locks available") as raised:
            lock.acquire(60)
        assert not isinstance(raised.value, DatabaseBusy)
    monkeypatch.undo()
    lock.acquire(0)
    lock.release()


def test_a_closed_lock_lets_its_thread_and_its_files_go(tmp_path: Path) -> None:
    """After close the agent ends, and both files are closed."""
    made = FileLock(str(tmp_path / "door"))
    with holder("lock", made.path) as other:
        with pytest.raises(DatabaseBusy):
            made.acquire(0.01)
        (agent,) = agents()
        assert len(_open_here(made.path)) == 2
        made.close()
        other.go_on()
        join(agent)
    assert _open_here(made.path) == []


def agents() -> list[threading.Thread]:
    """The threads that queue in the system for those who wait."""
    return [thread for thread in threading.enumerate() if thread.name == "flowengine-queue"]


def _open_here(path: str) -> list[int]:
    """The file descriptors of this process that are open on the two files."""
    files = {os.stat(name).st_ino for name in (path, f"{path}.queue")}
    found = []
    for descriptor in map(int, os.listdir("/dev/fd")):
        with suppress(OSError):  # that of the listing itself is closed by now
            if os.fstat(descriptor).st_ino in files:
                found.append(descriptor)
    return found


def _try_door(path: str) -> None:
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(file)


def _taken(path: str) -> bool:
    """Whether somebody has a lock on the file."""
    try:
        _try_door(path)
    except (BlockingIOError, FileNotFoundError):
        return Path(path).exists()
    return False


def _blocked(path: str) -> int:
    """How many wait for the two files, as the system tells."""
    nodes = {f":{os.stat(name).st_ino} " for name in (path, f"{path}.queue")}
    lines = Path("/proc/locks").read_text().splitlines()
    return sum("->" in line and any(node in line for node in nodes) for line in lines)
