"""A handler that died in a process of its own is run so for a while, also by workers that have not seen it die."""

from __future__ import annotations

from typing import Any

import pytest

from flowengine.worker.caution import LONG, MOST, WELL, Caution
from flowengine.worker.legacy import Legacy


class Clock:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_handler_that_died_is_remembered_for_an_hour(clock: Clock) -> None:
    """From its last death on; it is told once that it is new, and again after it was forgotten."""
    told: list[str] = []
    careful = Caution(told.append, clock)
    assert "cut" not in careful
    careful.died("cut")
    clock.now = LONG / 2
    careful.died("cut")
    clock.now = LONG
    assert "cut" in careful
    assert "sew" not in careful
    assert told == ["cut"]
    clock.now = LONG * 2
    assert "cut" not in careful
    careful.died("cut")
    assert told == ["cut", "cut"]


def test_calls_that_end_well_earn_trust_again(clock: Clock) -> None:
    """One that died twice has to end well twice as often, in a row."""
    careful = Caution(clock=clock)
    careful.ended("cut")
    careful.died("cut")
    for _ in range(WELL - 1):
        careful.ended("cut")
    careful.died("cut")
    for _ in range(2 * WELL - 1):
        careful.ended("cut")
        assert "cut" in careful
    careful.ended("cut")
    assert "cut" not in careful


def test_what_others_tell_changes_no_own_record(clock: Clock) -> None:
    """A handler that is known stays as it is; one that is not is remembered, and nobody is told of it again."""
    told: list[str] = []
    careful = Caution(told.append, clock)
    careful.died("cut")
    clock.now = LONG - 1
    careful.heard("cut")
    careful.heard("sew")
    assert "sew" in careful
    clock.now = LONG
    assert "cut" not in careful
    assert told == ["cut"]


def test_only_so_many_are_remembered(clock: Clock) -> None:
    """The one that died longest ago is forgotten for another."""
    careful = Caution(clock=clock)
    for name in ("cut", "sew", *(f"h{number}" for number in range(MOST - 2)), "cut", "press"):
        careful.died(name)
    assert [name for name in ("cut", "sew", "press") if name in careful] == ["cut", "press"]


class Process:
    """A worker process, as its supervisor has it."""

    code: int | None = None

    def __init__(self, worker: str = "", ready: bool = True, hears: bool = True) -> None:
        self.worker, self.ready, self.hears = worker, ready, hears
        self.warned: dict[str, float] = {}
        self.told: list[dict[str, Any]] = []

    def say(self, **words: Any) -> bool:
        if self.hears:
            self.told.append(words)
        return self.hears


def legacy_of(*ended: Process) -> Legacy:
    legacy = Legacy()
    for one in ended:
        legacy.ended(one)  # type: ignore[arg-type]  # all of it that is asked
    return legacy


def test_one_that_is_ready_is_told_once_whose_calls_are_free() -> None:
    """Whoever is not ready or does not hear is passed over; a process that never said who it was leaves nothing."""
    legacy = legacy_of(Process("w1"), Process(), Process("w2"))
    others = [Process(ready=False), Process(hears=False), Process("w3"), Process("w4")]
    legacy.pass_on(others[:2])  # type: ignore[arg-type]
    for _ in range(2):
        legacy.pass_on(others)  # type: ignore[arg-type]
    assert [one.told for one in others] == [[], [], [{"lost": "w1"}, {"lost": "w2"}], []]


def test_all_but_who_said_so_are_told_of_a_handler() -> None:
    """Those that run, each once, and those that come later."""
    first, second, later = Process(), Process(), Process()
    legacy = legacy_of()
    legacy.report(first, {"wary": "cut"})  # type: ignore[arg-type]
    legacy.report(first, {"ran": {}})  # type: ignore[arg-type]
    for _ in range(2):
        legacy.pass_on([first, second])  # type: ignore[list-item]
    legacy.pass_on([later])  # type: ignore[list-item]
    assert [one.told for one in (first, second, later)] == [[], [{"wary": "cut"}], [{"wary": "cut"}]]
