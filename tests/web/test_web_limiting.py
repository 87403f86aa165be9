"""How much is done at once, how often one may ask, and what is said to whoever comes when it is too much."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from httpx import Client, Response
from hypothesis import given
from hypothesis import strategies as st
from served_app import served
from waiting import until

from flowengine import Engine, NotFound, Overloaded, TooMany
from flowengine.people.identities import Identity
from flowengine.web.app import Application, make_app
from flowengine.web.limiting import Capacity, Limiter, Rates

ADA = Identity(person="ada")


def test_so_many_are_done_and_so_many_wait() -> None:
    """Beyond threads and places to wait the next is refused at once, and taken again when one is done."""

    async def ask() -> list[object]:
        limiter, go = Limiter("readers", 2, 1), threading.Event()
        running = [asyncio.create_task(limiter.run(lambda: go.wait(30))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="3 requests"):
            await limiter.run(list)
        go.set()
        await asyncio.gather(*running)
        return await limiter.run(list)

    assert asyncio.run(ask()) == []


def test_what_fails_gives_its_place_back() -> None:
    """An error comes out as it is, and holds nothing."""

    def fail() -> None:
        raise NotFound("no")

    async def ask() -> int:
        limiter = Limiter("writers", 1, 0)
        for _ in range(3):
            with pytest.raises(NotFound):
                await limiter.run(fail)
        return limiter.under_way

    assert asyncio.run(ask()) == 0


def test_many_about_one_thing_keep_nobody_from_another() -> None:
    """However many ask about one job, another begins at once, and is taken when that one's are refused."""

    async def ask() -> tuple[list[str], int]:
        limiter, go, done = Limiter("writers", 3, 1), threading.Event(), list[str]()

        def vote() -> None:
            go.wait(30)
            done.append("vote")

        votes = [asyncio.create_task(limiter.run(vote, "club")) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await limiter.run(vote, "club")
        for _ in range(5):
            await limiter.run(lambda: done.append("suit"), "suit")
        await limiter.run(lambda: done.append("inbox"))
        go.set()
        await asyncio.gather(*votes)
        return done, limiter.under_way

    assert asyncio.run(ask()) == (["suit"] * 5 + ["inbox"] + ["vote"] * 4, 0)


@given(st.lists(st.sampled_from(["", "club", "suit", "table"]), max_size=60), st.integers(1, 9))
def test_all_is_done_and_nothing_has_too_many_threads(lanes: list[str], threads: int) -> None:
    """In whatever order it comes: each is done once, those of a lane in their order, and none has more threads than it
    may."""
    lock, running, most, begun = threading.Lock(), Counter[str](), Counter[str](), list[tuple[str, int]]()

    def work(lane: str, number: int) -> int:
        with lock:
            begun.append((lane, number))
            running[lane] += 1
            most[lane] = max(most[lane], running[lane])
        with lock:
            running[lane] -= 1
        return number

    async def ask() -> list[int]:
        limiter = Limiter("writers", threads, 100)
        return await asyncio.gather(
            *(limiter.run(partial(work, lane, number), lane) for number, lane in enumerate(lanes))
        )

    assert asyncio.run(ask()) == list(range(len(lanes)))
    assert len(begun) == len(set(begun)) == len(lanes)
    assert all(most[lane] <= (max(threads // 3, 1) if lane else threads) for lane in most)
    if threads < 6:
        in_turn = {lane: [number for of, number in begun if of == lane] for lane in most if lane}
        assert in_turn == {lane: sorted(numbers) for lane, numbers in in_turn.items()}


def test_a_rate_is_held_and_said() -> None:
    """So many at once, then so many a second; whoever is too early is told when, and others are not touched."""
    now = 0.0
    rates = Rates(10, 3, lambda: now)
    for _ in range(3):
        rates.take("ada")
    with pytest.raises(TooMany) as refused:
        rates.take("ada")
    assert refused.value.retry_after == pytest.approx(0.1)
    rates.take("ben")
    now = 0.1
    rates.take("ada")
    with pytest.raises(TooMany):
        rates.take("ada")
    now = 100.0
    for _ in range(3):
        rates.take("ada")


def test_rates_remember_a_bounded_number_of_people() -> None:
    """However many ask, no more are remembered than are worth it: those who asked last."""
    rates = Rates(1, 1, lambda: 0.0)
    for number in range(Rates.MOST + 10):
        rates.take(f"p{number}")
    rates.take("p0")
    with pytest.raises(TooMany):
        rates.take(f"p{Rates.MOST + 9}")


class Slow(Engine):
    """An engine that looks for as long as it is held."""

    def __init__(self) -> None:
        super().__init__("sqlite://", handlers={})
        self.held, self.looking_now = threading.Event(), 0

    def processes(self, **_: object) -> list[object]:  # type: ignore[override]
        self.looking_now += 1
        self.held.wait(60)
        return []


def test_a_server_at_its_bounds_says_so_at_once() -> None:
    """503 with when to come again, in the shape of every error; health is answered meanwhile, and writers work."""
    capacity = Capacity(readers=1, waiting=1, per_second=1000, at_once=1000)
    with Slow() as engine:
        app = make_app(engine, authenticate=lambda _: ADA, capacity=capacity)
        _refused_early(engine, app)


def _refused_early(engine: Slow, app: Application) -> None:
    with (
        served(app) as url,
        Client(base_url=url, trust_env=False) as client,
        ThreadPoolExecutor(2) as others,
    ):
        engine.add_customer("ada", "Ada")

        def look() -> Response:
            return client.get("/api/v1/processes", timeout=60)

        try:
            first = others.submit(look)
            until(lambda: engine.looking_now == 1)
            second = others.submit(look)
            until(lambda: app.state.readers.under_way == 2)
            refused = client.get("/api/v1/processes")
            assert (refused.json()["error"], refused.headers["retry-after"]) == ("Overloaded", "1")
            assert "readers" in refused.json()["where"]
            assert client.get("/health/ready").status_code == 200
            assert client.post("/api/v1/roles").status_code == 405
        finally:
            engine.held.set()
        assert {first.result().status_code, second.result().status_code} == {200}


def test_one_person_does_not_take_all() -> None:
    """429 with when to come again, for who asks too often; the program itself is not counted."""
    capacity = Capacity(per_second=0.5, at_once=2)
    with (
        Engine("sqlite://") as engine,
        served(make_app(engine, capacity=capacity)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        engine.add_customer("ada", "Ada")
        person, program = (engine.issue_token("operator", who).token for who in ("ada", "our-site"))

        def look(token: str) -> Response:
            return client.get("/api/v1/processes", headers={"authorization": f"Bearer {token}"})

        assert [look(person).status_code for _ in range(3)] == [200, 200, 429]
        refused = look(person)
        assert (refused.json()["error"], refused.headers["retry-after"]) == ("TooMany", "2")
        assert refused.headers["content-type"] == "application/problem+json"
        assert {look(program).status_code for _ in range(5)} == {200}
