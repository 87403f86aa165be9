"""The short form: schedules of faults from fixed seeds on each database, and each named crash point met for certain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from choices import Choices, shrunk
from schedules import run_schedule
from stores import Store

SEEDS = 12
"""Schedules a database; the long form (``python tests/faults/long.py``) runs thousands."""


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
    for number in range(SEEDS):
        done = run_schedule(store, f"short/{number}")
        assert not done.broken, f"seed short/{number}: {done.broken}\n" + "\n".join(done.log[-60:])


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
