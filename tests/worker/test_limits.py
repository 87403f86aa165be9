"""Handlers run in the worker's own threads, and their limits are kept all the same."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from waiting import join

from flowengine import HandlerCall
from flowengine.worker.limits import Left, Limits

CALL = HandlerCall(job="j", key="j.1", handler="h", attempt=3)
LONG = 60.0
WORD: contextvars.ContextVar[str] = contextvars.ContextVar("WORD", default="")


@pytest.fixture
def limits() -> Iterator[Limits]:
    made = Limits()
    made.start()
    yield made
    made.close()
    join(*(thread for thread in threading.enumerate() if thread.name == "flow limits"))


def never() -> None:
    raise AssertionError("it has not overrun its limit")


class Overstaying:
    """A thread with a handler that waits until it is let go; what was heard of it."""

    def __init__(self, limits: Limits, limit: float, overran: Callable[[], None] = lambda: None) -> None:
        self.gate, self.overran = threading.Event(), threading.Event()
        self.came: list[Any] = []

        def told() -> None:
            self.overran.set()
            overran()

        def run() -> None:
            try:
                self.came.append(limits.run(lambda _: self.gate.wait(LONG), CALL, limit, told))
            except BaseException as error:
                self.came.append(error)

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def ends(self) -> Any:
        self.gate.set()
        self.thread.join(LONG)
        (came,) = self.came
        return came


def test_what_a_handler_returns_and_raises_comes_back(limits: Limits) -> None:
    """In the thread that asks; what would end a program is an error like others."""
    assert limits.run(lambda call: (call.attempt, threading.get_ident()), CALL, LONG, never) == (
        3, threading.get_ident(),
    )  # fmt: skip
    with pytest.raises(ZeroDivisionError):
        limits.run(lambda _: 1 / 0, CALL, LONG, never)
    with pytest.raises(RuntimeError, match="SystemExit: 3"):
        limits.run(lambda _: exit(3), CALL, LONG, never)


def test_what_a_handler_sets_in_its_context_is_gone_after_it(limits: Limits) -> None:
    """It sees the context of who runs it, and leaves nothing there for the next."""
    WORD.set("outside")
    seen = limits.run(lambda _: (WORD.get(), WORD.set("inside"))[0], CALL, LONG, never)
    assert (seen, WORD.get()) == ("outside", "outside")


def test_who_overstays_is_told_of_once_and_left_behind(limits: Limits) -> None:
    """At its limit, while others go on; what it comes to later is dropped, and until then it counts as stuck."""
    patient = Overstaying(limits, LONG)
    times: list[float] = []
    began = time.monotonic()
    late = Overstaying(limits, 0.1, lambda: times.append(time.monotonic() - began))
    assert late.overran.wait(LONG)
    assert limits.stuck == 1
    assert not patient.overran.is_set()
    assert isinstance(late.ends(), Left)
    assert limits.stuck == 0
    assert patient.ends() is True
    assert len(times) == 1
    assert times[0] >= 0.1


def test_a_shorter_limit_is_seen_though_a_longer_one_runs(limits: Limits) -> None:
    """Limits are kept in the order of their ends, whatever began first."""
    ended: list[int] = []
    many = [
        Overstaying(limits, seconds, lambda number=number: ended.append(number))  # type: ignore[misc]
        for number, seconds in enumerate((LONG, 0.3, 0.1, 0.2))
    ]
    assert all(one.overran.wait(LONG) for one in many[1:])
    assert ended == [2, 3, 1]
    for one in many:
        one.ends()


def test_trouble_with_one_does_not_end_the_watch(limits: Limits, caplog: pytest.LogCaptureFixture) -> None:
    """When nobody can take its place that is told, and the limits of others are still kept."""
    first = Overstaying(limits, 0.05, lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert first.overran.wait(LONG)
    second = Overstaying(limits, 0.05)
    assert second.overran.wait(LONG)
    assert "nobody takes the place" in caplog.text
    assert isinstance(first.ends(), Left)
    assert isinstance(second.ends(), Left)


def test_many_short_handlers_beside_their_limits(limits: Limits) -> None:
    """Handlers that end right at their limits either come back or are left behind, and never both."""
    told: list[int] = []
    came: list[str] = []

    def run(number: int) -> None:
        for round in range(20):
            try:
                limits.run(lambda _: time.sleep(0.005), CALL, 0.005, lambda: told.append(number * 100 + round))  # noqa: B023
            except Left:
                came.append("left")
            else:
                came.append("back")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert len(came) == 160
    assert came.count("left") == len(told) == len(set(told))
    assert limits.stuck == 0
