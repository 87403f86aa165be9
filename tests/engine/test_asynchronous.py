"""The engine awaited: the same verbs, on few threads, and the loop goes on meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from threading import Barrier, Event, current_thread

import pytest

from flowengine import AsyncEngine, Engine, NotConfigured, NotFound

KEPT_FOR_THE_ENGINE = {"close", "handler", "looking", "once", "register", "using", "verify_archive", "watch"}
"""What is no command and no question, or would be held open between two threads."""


def test_each_verb_can_be_awaited() -> None:
    """A verb that the engine gets is one that asyncio applications have."""
    verbs = {name for name, _ in inspect.getmembers(Engine, inspect.isfunction) if not name.startswith("_")}
    assert verbs - KEPT_FOR_THE_ENGINE == {
        name for name in vars(AsyncEngine) if not name.startswith("_") and name not in ("run", "aclose")
    }
    for name in verbs - KEPT_FOR_THE_ENGINE:
        verb = getattr(AsyncEngine, name)
        assert verb.verb is getattr(Engine, name)
        assert verb.__doc__ == getattr(Engine, name).__doc__


def test_a_job_can_be_led_from_its_need_on(engine: Engine) -> None:
    """Commands and questions answer what the engine answers; errors are its errors."""

    async def lead() -> None:
        async with AsyncEngine(engine) as flow:
            begun = await flow.start("small_suit", by="ada", need={"occasion": "A wedding"}, key="k")
            again = await flow.start("small_suit", by="ada", need={"occasion": "A wedding"}, key="k")
            assert (again.job, again.repeated) == (begun.job, True)
            assert (await flow.track(begun.job, by="ada")).status == "open"
            assert await flow.data(begun.job) == engine.data(begun.job)
            with pytest.raises(NotFound):
                await flow.track(begun.job, by="ben")

    asyncio.run(lead())


def test_many_at_once_are_all_kept(engine: Engine) -> None:
    """A rush of starts waits its turn, and each is kept."""

    async def rush() -> set[str]:
        async with AsyncEngine(engine, threads=3) as flow:
            begun = [flow.start("small_suit", by="ada", need={"occasion": f"Day {day}"}) for day in range(20)]
            return {receipt.job for receipt in await asyncio.gather(*begun)}

    assert asyncio.run(rush()) == {row.id for row in engine.jobs()}


def test_no_more_than_its_threads_are_at_work(engine: Engine) -> None:
    """Two threads do two things at once, never a third, and the loop is free meanwhile."""
    both, names = Barrier(3, timeout=30), []

    def work() -> None:
        names.append(current_thread().name)
        both.wait()

    async def crowd() -> None:
        async with AsyncEngine(engine, threads=2) as flow:
            two = asyncio.gather(flow.run(work), flow.run(work))
            await asyncio.to_thread(both.wait)
            await two
            both.reset()
            pair = [asyncio.ensure_future(flow.run(work)) for _ in range(2)]
            third = asyncio.ensure_future(flow.run(names.append, "third"))
            async with asyncio.timeout(30):
                while len(names) < 4:
                    await asyncio.sleep(0)
            assert not third.done()
            both.wait()
            await asyncio.gather(*pair, third)

    asyncio.run(crowd())
    assert names[-1] == "third"
    assert len(set(names[:-1])) == 2


def test_a_verb_runs_in_the_context_of_who_awaits_it(engine: Engine) -> None:
    """What the caller has set, as a trace, is seen on the thread; what is set there stays there."""
    trace: ContextVar[str] = ContextVar("trace", default="none")

    def seen() -> str:
        found = trace.get()
        trace.set("changed")
        return found

    async def look() -> tuple[str, str]:
        async with AsyncEngine(engine, threads=1) as flow:
            trace.set("mine")
            return await flow.run(seen), trace.get()

    assert asyncio.run(look()) == ("mine", "mine")


def test_an_await_that_is_cancelled_leaves_what_is_at_work(engine: Engine, suit: Callable[..., str]) -> None:
    """The command that was under way ends by itself, and its key finds the receipt."""
    job, begun, go_on = suit(), Event(), Event()

    def slowly() -> None:
        begun.set()
        go_on.wait(30)
        engine.say(job, "I would like it blue", "wish", by="ada", key="wish")

    async def give_up() -> None:
        async with AsyncEngine(engine, threads=1) as flow:
            asked = asyncio.ensure_future(flow.run(slowly))
            await asyncio.to_thread(begun.wait, 30)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            go_on.set()
            assert (await flow.say(job, "I would like it blue", "wish", by="ada", key="wish")).repeated

    asyncio.run(give_up())


def test_no_threads_are_refused(engine: Engine) -> None:
    """An engine that could never do anything is not made."""
    with pytest.raises(NotConfigured, match="0 threads do nothing"):
        AsyncEngine(engine, threads=0)
