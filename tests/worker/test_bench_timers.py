"""The benchmark of many timers does what it says, in a size that takes a moment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import bench_timers


@pytest.mark.parametrize("here", [True, False])
def test_people_act_while_timers_are_fired_once(database_url: str, tmp_path: Path, here: bool) -> None:
    """Timers that are all due are fired exactly once by a worker here or elsewhere, while a person acts."""
    lines = list(bench_timers.measured(database_url, tmp_path, 40, 3, here))
    assert [line.split()[0] for line in lines] == ["acts", "acts", lines[2].split()[0], "each"]
    assert float(lines[2].split()[0].replace(",", "")) > 0


def test_a_timer_that_never_fired_is_found(database_url: str) -> None:
    """The count at the end sees a timer that is left, and a job that is not there."""
    bench_timers.ready(database_url, 3)
    with pytest.raises(AssertionError, match="entries a job"):
        bench_timers.fired_once(database_url, 3)
    with bench_timers.Engine(database_url, handlers={}) as engine:
        while bench_timers.left(engine):
            engine.run_due()
    bench_timers.fired_once(database_url, 3)
    with pytest.raises(AssertionError, match="entries a job"):
        bench_timers.fired_once(database_url, 4)
