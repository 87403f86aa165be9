"""Handlers by name, and how often they are tried."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from installed import install

from flowengine import HandlerCall, HandlerMissing
from flowengine.language.durations import Duration
from flowengine.language.parts import Retry
from flowengine.runtime.handler_threads import run as run_limited
from flowengine.runtime.handlers import Handlers
from flowengine.work.ending import Policy

CALL = HandlerCall(job="j", key="j.1", handler="order")


def test_installed_packages_offer_handlers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that is not registered is looked for among the entry points, and loaded once, when it is needed."""
    install(monkeypatch, tmp_path, "order", "def handle(call): return {'from': 'package'}\n")
    known = Handlers({"other": lambda _: None})
    assert known.names() == ("order", "other")
    assert known.has("order")
    assert "offers_order" not in sys.modules
    first = known.get("order")
    assert first(CALL) == {"from": "package"}
    monkeypatch.delitem(sys.modules, "offers_order")
    assert known.get("order") is first


def test_what_the_application_registers_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A handler that the application registers hides an installed one of the same name."""
    install(monkeypatch, tmp_path, "order", "def handle(call): return 'installed'\n")
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
