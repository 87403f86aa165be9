"""Running handlers: in threads that are used again, coroutines on one loop, each within its limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from waiting import until

from flowengine import HandlerCall
from flowengine.language.durations import Duration
from flowengine.runtime.handler_threads import Overran, Threads, describe

CALL = HandlerCall(job="j", key="j.3", handler="order", input={"metres": 3})
SHORT, LONG = Duration.parse("PT0.05S"), Duration.parse("PT30S")
WHO: ContextVar[str] = ContextVar("who", default="nobody")


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads()
    yield made
    made.close()


def test_what_a_handler_returns_and_raises_comes_back(threads: Threads) -> None:
    """The caller gets the result, or the error itself."""
    assert threads.run(lambda call: call.input, CALL, LONG) == {"metres": 3}

    def fails(_: HandlerCall) -> None:
        raise ConnectionError("the mill does not answer")

    with pytest.raises(ConnectionError, match="the mill does not answer"):
        threads.run(fails, CALL, LONG)


def test_what_would_end_a_program_is_an_error_like_others(threads: Threads) -> None:
    """SystemExit and KeyboardInterrupt of a handler reach the caller as RuntimeError, and the thread lives on."""
    for leaving in (SystemExit(3), KeyboardInterrupt()):

        def leaves(_: HandlerCall, error: BaseException = leaving) -> None:
            raise error

        with pytest.raises(RuntimeError, match=type(leaving).__name__):
            threads.run(leaves, CALL, LONG)
    assert threads.run(lambda _: 1, CALL, LONG) == 1


def test_a_thread_is_used_again(threads: Threads) -> None:
    """A handler runs on a thread that another is done with; what that one has set in its context it does not see."""
    seen: list[tuple[int, str]] = []

    def handler(_: HandlerCall) -> None:
        seen.append((threading.get_ident(), WHO.get()))
        WHO.set("the last one")

    def again() -> bool:
        threads.run(handler, CALL, LONG)
        return len({thread for thread, _ in seen}) < len(seen)

    until(again)  # a thread is free a moment after its handler has answered
    assert {who for _, who in seen} == {"nobody"}


def test_a_handler_sees_the_context_of_who_runs_it(threads: Threads) -> None:
    """What is set around an attempt (a trace) is there in the handler, be it a coroutine or not."""

    async def slowly(_: HandlerCall) -> str:
        await asyncio.sleep(0)
        return WHO.get()

    token = WHO.set("ada")
    try:
        assert threads.run(lambda _: WHO.get(), CALL, LONG) == "ada"
        assert threads.run(slowly, CALL, LONG) == "ada"
    finally:
        WHO.reset(token)


def test_a_handler_that_overstays_is_left_behind(threads: Threads) -> None:
    """Beyond its limit nobody waits for it; it counts as stuck until it comes back, and others get another thread."""
    gate = threading.Event()
    with pytest.raises(Overran, match=r"PT0\.05S") as refused:
        threads.run(lambda _: gate.wait(30), CALL, SHORT)
    assert (refused.value.ended, threads.stuck) == (False, 1)
    assert threads.run(lambda _: 2, CALL, LONG) == 2
    gate.set()
    until(lambda: threads.stuck == 0)


def test_coroutines_run_side_by_side_on_one_loop(threads: Threads) -> None:
    """Two coroutines that wait for each other both end: they share a loop."""
    meeting: list[asyncio.Event] = []

    async def first(_: HandlerCall) -> str:
        meeting.append(asyncio.Event())
        await asyncio.wait_for(meeting[0].wait(), 30)
        return "met"

    async def second(_: HandlerCall) -> int:
        async with asyncio.timeout(30):
            while not meeting:
                await asyncio.sleep(0.001)
        meeting[0].set()
        return id(asyncio.get_running_loop())

    given: list[Any] = []
    other = threading.Thread(target=lambda: given.append(threads.run(first, CALL, LONG)))
    other.start()
    threads.run(second, CALL, LONG)
    other.join(30)
    assert given == ["met"]


def test_a_coroutine_is_cancelled_at_its_limit(threads: Threads) -> None:
    """It may clean up, has ended then, and is not stuck."""
    cleaned = threading.Event()

    async def waits(_: HandlerCall) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.set()

    with pytest.raises(Overran) as refused:
        threads.run(waits, CALL, SHORT)
    assert refused.value.ended
    assert cleaned.is_set()
    assert threads.stuck == 0


def test_a_coroutine_that_blocks_the_loop_stops_no_other(threads: Threads) -> None:
    """Where a coroutine holds the loop, those that come next get another."""
    gate = threading.Event()

    async def blocks(_: HandlerCall) -> None:
        gate.wait(30)

    async def quick(_: HandlerCall) -> int:
        return 4

    with pytest.raises(Overran) as refused:
        threads.run(blocks, CALL, SHORT)
    assert not refused.value.ended
    assert threads.run(quick, CALL, LONG) == 4
    gate.set()
    until(lambda: threads.stuck == 0)


def test_a_plain_function_may_return_something_to_be_awaited(threads: Threads) -> None:
    """What a lambda gives that calls an ``async def`` is awaited as well."""

    async def order(call: HandlerCall) -> Any:
        return call.input

    assert threads.run(lambda call: order(call), CALL, LONG) == {"metres": 3}


def test_somebody_is_told_while_a_handler_runs(threads: Threads) -> None:
    """``beat`` is called again and again in the caller's thread until the handler has ended."""
    gate = threading.Event()
    beats: list[int] = []

    def beat() -> None:
        beats.append(threading.get_ident())
        if len(beats) == 3:
            gate.set()

    assert threads.run(lambda _: gate.wait(30), CALL, LONG, beat, 0.01) is True
    assert len(beats) >= 3
    assert set(beats) == {threading.get_ident()}


def test_a_limit_of_a_hundred_years_is_waited_for(threads: Threads) -> None:
    """A limit that is longer than the system can wait is no error."""
    assert threads.run(lambda _: 5, CALL, Duration.parse("P100Y")) == 5


def test_an_error_whose_words_fail_is_described(threads: Threads) -> None:
    """An error that cannot say what it is does not keep its attempt from being written down."""

    class Silent(Exception):
        def __str__(self) -> str:
            raise ValueError("no words")

    assert describe(Silent()) == "Silent: (its words cannot be had: ValueError)"
    assert describe(ValueError("x" * 5_000)) == f"ValueError: {'x' * 5_000}"[:2_000]
    assert threads.stuck == 0
