"""Processes of many trades, written as their designers would write them: accepted, and driven at random."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from random_answers import PHASES
from test_core_machine import CoreMachine

from flowengine.core.advance import compile_process
from flowengine.language import load, problems

FILES = sorted((Path(__file__).parents[1] / "language" / "realistic").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sensible_process_has_no_problem(path: Path) -> None:
    """What a designer would write for his trade is accepted as it stands: the checks do not cry wolf."""
    assert problems(path.read_bytes(), path.name) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sensible_process_keeps_the_laws(path: Path) -> None:
    """Whatever happens to a job of it, in whatever order, the laws hold after each command."""
    machine = type("Machine", (CoreMachine,), {"compiled": compile_process(load(path))})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=PHASES,
        ),
    )
