"""Real processes are killed (SIGKILL) and stopped (SIGSTOP) at work; nothing acknowledged is lost, doubled or stuck."""

from __future__ import annotations

from pathlib import Path

import pytest
import trials

KILLS = 8
"""Kills a database; the long form does a thousand."""


def test_nothing_is_lost_when_processes_are_killed(database_url: str, tmp_path: Path) -> None:
    """Workers and acting processes are killed at random moments: each acknowledged act is there once, all jobs end."""
    seen = trials.kills(database_url, tmp_path, "short", KILLS, most=8)
    assert seen["kills"] == KILLS
    assert seen["acknowledged"] >= 16


def test_nothing_is_lost_when_flow_serve_is_killed(database_url: str, tmp_path: Path) -> None:
    """The server, workers that come in over HTTP and senders of messages: what was answered is there once."""
    seen = trials.served(database_url, tmp_path, "short", KILLS, most=8)
    assert seen["kills"] == KILLS
    assert seen["acknowledged"] >= 16
    assert seen["reports"] >= 16


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found through /proc, as Linux has it")
def test_nothing_is_lost_when_flow_worker_is_killed(sqlite_url: str, tmp_path: Path) -> None:
    """Processes of a real ``flow worker`` are killed, and the one above them, with leases as they are by default."""
    assert trials.supervised(sqlite_url, tmp_path, "short", 3)["acknowledged"] >= 6


def test_a_stopped_worker_that_goes_on_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """L10: a worker that slept past its lease finds that another has finished its call, and its write is nothing."""
    assert trials.zombie(database_url, tmp_path)["zombies"] == 1
