"""The short form: schedules of faults from fixed seeds on each database, and each named crash point met for certain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from choices import Choices, shrunk
from fault_processes import HANDLERS, STARTED
from faulty import COMMANDS, FAULTS, SEVERAL
from schedules import run_schedule
from stores import Store

SEEDS = {"memory": 20, "sqlite": 14, "postgresql": 8}
"""Schedules a database; the long form (``python tests/faults/long.py``) runs thousands."""

COMMITS = (
    *COMMANDS, SEVERAL, "calls.claim", "calls.reschedule", "timers.claim", "outbox.claim", "outbox.done",
    "outbox.retry_at", "outbox.add", "ballots.count",
)  # fmt: skip
"""What a transaction may be about; each commit has every fault at least once."""

POINTS = {
    *(f"{fault}:{what}" for fault in FAULTS for what in COMMITS),
    *(f"handler.{side}:{name}" for side in ("before", "after") for name in (*HANDLERS, "notice", "letter")),
}
"""All named crash points. Around handlers: before one begins, and when it is done but nobody knows."""

MOST = 150
"""Schedules in which all points have to be met."""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        url = "sqlite://"
    elif request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'flow.db'}"
    else:
        url = request.getfixturevalue("empty_postgres_url")
    store = Store(url)
    yield store
    store.close()


def test_nothing_acknowledged_is_lost_doubled_or_stuck(store: Store) -> None:
    """Whatever crashes, repeats, comes late or jumps: what was acknowledged is there once, and each job ends."""
    for number in range(SEEDS[store.kind]):
        done = run_schedule(store, f"short/{number}")
        assert not done.broken, f"seed short/{number}: {done.broken}\n" + "\n".join(done.log[-60:])


def test_every_named_crash_point_is_met() -> None:
    """A process dies, or its commit loses its answer, at each named point: the laws hold after every one of them."""
    store, left, number = Store("sqlite://"), set(POINTS), 0
    while left and number < MOST:
        done = run_schedule(store, f"points/{number}", targets=left, kinds=[STARTED[number % len(STARTED)]])
        assert not done.broken, f"seed points/{number}: {done.broken}\n" + "\n".join(done.log[-60:])
        left -= done.record.points
        number += 1
    store.close()
    assert not left, f"never met: {sorted(left)}"


def test_a_schedule_can_be_repeated(store: Store) -> None:
    """The same seed gives the same schedule, and so do the decisions that were taken."""
    first = run_schedule(store, "again/3")
    again = run_schedule(store, "again/3")
    replayed = run_schedule(store, replay=first.choices)
    assert first.log == again.log == replayed.log


def test_a_failing_list_is_made_short() -> None:
    """Shrinking keeps what fails, and nothing else."""
    numbers = [5, 1, 9, 3, 7, 2, 8, 4]
    assert shrunk(numbers, lambda some: 7 in some and 9 in some) == [9, 7]


def test_choices_that_run_out_are_tame() -> None:
    """A list that is too short is filled up with the tamest decisions."""
    choices = Choices(replay=[3, 9])
    assert [choices.draw(5), choices.draw(5), choices.draw(5)] == [3, 4, 0]
    assert not choices.one_in(2)
