"""Processes made by chance: one that passes the checks runs, whatever happens to its jobs (L1, L5, L7, L8)."""

from __future__ import annotations

from random import Random

from hypothesis import Phase, given, reject, settings
from hypothesis import strategies as st
from known_ways import check_known
from random_processes import random_process
from random_walk import Walk

from flowengine.errors import ProcessRefused
from flowengine.language import parse
from flowengine.language.checks.survey import Enough, Survey
from flowengine.language.checks.walks import Walks
from flowengine.language.model import Process

STEPS = 40


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_a_process_that_passes_the_checks_never_gets_stuck(seed: int) -> None:
    """Its jobs keep the laws after each command, and something can still happen on each of their branches."""
    try:
        made = parse(random_process(Random(seed)), "made_by_chance.yaml")
    except ProcessRefused:
        reject()
    for life in range(2):
        walk = Walk(made, Random(seed + life))
        for _ in range(STEPS):
            if walk.job.status == "open":
                walk.go()
                walk.check_awake()
                walk.check_deadlines()
                walk.check_attention()
        walk.check_undone()


def followed(made: Process) -> Walks:
    """All ways through a process; or none, where it is too tangled or has no beginning."""
    try:
        return Walks(Survey(made))
    except Enough:
        reject()


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_what_the_check_knows_of_a_way_is_so_in_each_job(seed: int) -> None:
    """Whatever happens to a job, sound or not, it goes on ways that were followed, and what is known there holds."""
    try:
        made = parse(random_process(Random(seed)), "made_by_chance.yaml", check=False)
    except ProcessRefused:
        reject()
    walks = followed(made)
    for life in range(2):
        walk = Walk(made, Random(seed + life))
        for _ in range(STEPS):
            if walk.job.status == "open":
                walk.go()
                check_known(walks, walk)
