"""Who waits for an answer for too long loses his connection; nobody else does."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator

import pytest

from flowengine.store.watchdog import Watchdog


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(60)
        yield ours, theirs


def test_a_wait_that_is_too_long_is_ended(pair: tuple[socket.socket, socket.socket]) -> None:
    """A thread that waits on the socket wakes up and finds it closed."""
    ours, _ = pair
    dog = Watchdog(0.05)
    dog.waiting[ours] = -1e9
    dog.watch()
    assert ours.recv(1) == b""
    assert dog.waiting == {}
    dog.close()


def test_who_has_his_answer_is_let_alone(pair: tuple[socket.socket, socket.socket]) -> None:
    """An answered wait, and one that is young, keep their connection, however often the watchdog looks."""
    ours, theirs = pair
    dog = Watchdog(1e9)
    dog.waiting[ours] = 0.0
    dog.look()
    dog.answered(ours)
    dog.bound = -1e9
    dog.look()
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"


def test_a_connection_that_is_closed_already_is_no_matter() -> None:
    """The driver may close what the watchdog is about to shut down."""
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()
    dog = Watchdog(-1e9)
    dog.waiting[ours] = 0.0
    dog.look()
    assert dog.waiting == {}


def test_the_thread_ends_with_its_watchdog() -> None:
    """Closed or only forgotten, a watchdog leaves no thread behind; after a close it can begin again."""

    def patrols() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "flowengine-watchdog"]

    before = set(patrols())
    dog = Watchdog(60)
    for _ in range(2):
        dog.watch()
        dog.watch()
        (thread,) = set(patrols()) - before
        dog.close()
        thread.join(60)
        assert not thread.is_alive()
    dog.watch()
    (thread,) = set(patrols()) - before
    del dog
    gc.collect()
    thread.join(60)
    assert not thread.is_alive()
