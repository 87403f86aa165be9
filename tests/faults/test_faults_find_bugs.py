"""The schedules can fail: bugs that are put into the product on purpose are found, by the invariants they break.

A bug is code that is wrong, so each of these puts wrong code in the place of ours: that is what is tried here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from schedules import run_schedule, shrink
from stores import Store

from flowengine.commands import shell as shell_module
from flowengine.core.boxes import Box
from flowengine.core.draft import Effects
from flowengine.store import timers
from flowengine.store.ballots import Admitted, Ballots
from flowengine.store.calls import Calls
from flowengine.store.jobs import Jobs, StoredJob
from flowengine.store.sqlite import SqliteChannel

MOST = 60
"""Schedules in which a bug has to be found."""

Plant = Callable[[pytest.MonkeyPatch], None]


def _no_epoch(patch: pytest.MonkeyPatch) -> None:
    """A worker may finish a call that is not its own any more."""
    patch.setattr(Calls, "owned", lambda *_: True)


def _no_epoch_together(patch: pytest.MonkeyPatch) -> None:
    """The same, where calls are settled together."""

    def lock_held(jobs: Jobs, claims: Sequence[tuple[str, int, int]]) -> list[StoredJob | None]:
        return [jobs.lock(job) for job, _, _ in claims]

    patch.setattr(Jobs, "lock_held", lock_held)


def _no_receipts(patch: pytest.MonkeyPatch) -> None:
    """What was asked before is not looked for."""
    patch.setattr(shell_module, "given", lambda *_: None)


def _no_timers(patch: pytest.MonkeyPatch) -> None:
    """Timers are not written."""
    original: Any = timers.save

    def forget(channel: Any, job: str, effects: Effects, suspended: bool) -> None:
        effects.timers.clear()
        original(channel, job, effects, suspended)

    patch.setattr(timers, "save", forget)


def _lost_commits(patch: pytest.MonkeyPatch) -> None:
    """Now and then a commit that is acknowledged is not kept."""
    original, commits = SqliteChannel.finish, [0]

    def finish(self: SqliteChannel, keep: bool) -> None:
        commits[0] += keep and self.writing
        original(self, keep and not (self.writing and commits[0] % 40 == 0))

    patch.setattr(SqliteChannel, "finish", finish)


def _lost_ballots(patch: pytest.MonkeyPatch) -> None:
    """A first ballot is acknowledged, and is in no box."""
    original: Any = Ballots.cast

    def cast(ballots: Ballots, job: str, step: int, person: str, voter: Admitted, *more: Any) -> None:
        if voter.voted:
            original(ballots, job, step, person, voter, *more)

    patch.setattr(Ballots, "cast", cast)


def _miscounted(patch: pytest.MonkeyPatch) -> None:
    """Whoever closes a vote overlooks a kind of ballots."""
    original: Any = Ballots.count

    def count(ballots: Ballots, job: str, step: int, *, seal: bool) -> Box:
        box: Box = original(ballots, job, step, seal=seal)
        return box._replace(written=box.written[1:])

    patch.setattr(Ballots, "count", count)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store("sqlite://")
    yield store
    store.close()


@pytest.mark.parametrize(
    ("plant", "kind", "words"),
    [
        (_no_epoch, "order", ("L10", "L11")),
        (_no_epoch_together, "order", ("L10", "L11")),
        (_no_receipts, "order", ("L3", "refused when asked again", "not answered")),
        (_no_timers, "order", ("L5", "still open", "nothing can wake it")),
        (_lost_commits, "order", ("L2",)),
        (_lost_ballots, "meeting", ("L2",)),
        (_miscounted, "meeting", ("in the box are", "L5")),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_a_planted_bug_is_found(
    store: Store, monkeypatch: pytest.MonkeyPatch, plant: Plant, kind: str, words: tuple[str, ...]
) -> None:
    """With the bug some schedule breaks and says which promise; the same schedule without it does not."""
    found = None
    with monkeypatch.context() as patch:
        plant(patch)
        for number in range(MOST):
            done = run_schedule(store, f"planted/{number}", kinds=[kind])
            if done.broken:
                found = number
                break
    assert found is not None, "no schedule found it"
    assert any(word in done.broken for word in words), done.broken
    assert not run_schedule(store, f"planted/{found}", kinds=[kind]).broken


def test_a_schedule_that_breaks_is_made_shorter(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed to repeat a failure still fails, and is not longer than what was drawn."""
    _no_timers(monkeypatch)
    done = next(one for one in (run_schedule(store, f"short/{n}", kinds=["order"]) for n in range(MOST)) if one.broken)
    less = shrink(store, done.choices, tries=12)
    assert len(less) <= len(done.choices)
    assert run_schedule(store, replay=less).broken
