"""PostgreSQL fails under real processes at work: stopped at once, cut off at a commit, lost and replaced."""

from __future__ import annotations

from pathlib import Path

import trials


def test_an_immediate_stop_loses_nothing(tmp_path: Path) -> None:
    """The server is stopped without a checkpoint under load, and again while it recovers."""
    assert trials.stops(tmp_path, "short", 2)["acknowledged"] > 3


def test_a_commit_without_an_answer_takes_effect_once(tmp_path: Path) -> None:
    """Connections break around COMMIT, or hold everything back: each acknowledged act is there once (L2, L3)."""
    assert trials.cuts(tmp_path, "short", 6)["lost commits"] > 0


def test_a_promoted_standby_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    """The primary is lost under load; its synchronous standby is promoted, and the work goes on there."""
    assert trials.promotion(tmp_path, "short")["promotions"] == 1
