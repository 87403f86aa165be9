"""Handlers by name, and how often they are tried."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flowengine import HandlerCall, HandlerMissing
from flowengine.language.durations import Duration
from flowengine.language.model import Retry
from flowengine.runtime import handlers as module
from flowengine.runtime.handler_threads import run as run_limited
from flowengine.runtime.handlers import Handlers
from flowengine.work.services import Policy

CALL = HandlerCall(job="j", key="j.1", handler="order")


class _Point:
    """An entry point of an installed package."""

    def __init__(self, name: str, handler: Callable[[HandlerCall], Any]) -> None:
        self.name, self.handler, self.loaded = name, handler, 0

    def load(self) -> Callable[[HandlerCall], Any]:
        self.loaded += 1
        return self.handler


def test_installed_packages_offer_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not registered is looked for among the entry points, and loaded once, when it is needed."""
    point = _Point("order", lambda _: {"from": "package"})
    monkeypatch.setattr(module, "entry_points", lambda group: [point] if group == "flowengine.handlers" else [])
    known = Handlers({"other": lambda _: None})
    assert known.names() == ("order", "other")
    assert (known.has("order"), point.loaded) == (True, 0)
    for _ in range(2):
        assert known.get("order")(CALL) == {"from": "package"}
    assert point.loaded == 1


def test_what_the_application_registers_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that the application registers hides an installed one of the same name."""
    monkeypatch.setattr(module, "entry_points", lambda group: [_Point("order", lambda _: group)])
    known = Handlers()

    @known.decorator("order")
    def order(_: HandlerCall) -> str:
        return "own"

    assert known.get("order") is order


def test_a_missing_handler_names_those_there_are() -> None:
    """A name without a handler is refused with the names that have one."""
    with pytest.raises(HandlerMissing) as refused:
        Handlers({"order": lambda _: None}).get("oder")
    assert refused.value.possible == ("order",)


@pytest.mark.parametrize(
    ("attempts", "wait"), [(1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (9_999, 60), (10_000, None), (10_001, None)]
)
def test_waits_grow_up_to_the_longest(attempts: int, wait: int | None) -> None:
    """Each wait is ``factor`` times the one before, never above ``longest``; after ``attempts`` it gives up."""
    retry = Retry(attempts=10_000, first=Duration.parse("PT10S"), factor=2, longest=Duration.parse("PT1M"))
    policy = Policy(retry, Duration.parse("PT1M"))
    assert policy.next(attempts) == (None if wait is None else timedelta(seconds=wait))


def test_a_handlers_error_is_the_attempts() -> None:
    """What a handler raises comes out of the thread it ran in."""

    def fails(_: HandlerCall) -> None:
        raise KeyError("cloth")

    with pytest.raises(KeyError, match="cloth"):
        run_limited(fails, CALL, Duration.parse("PT5S"))


def test_a_handler_may_not_take_longer_than_its_limit() -> None:
    """The wait for a handler ends with its limit."""
    from threading import Event

    with pytest.raises(TimeoutError, match=r"PT0\.05S"):
        run_limited(lambda _: Event().wait(1), CALL, Duration.parse("PT0.05S"))
