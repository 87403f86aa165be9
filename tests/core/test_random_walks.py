"""Random jobs of every process in processes/: whatever is asked, the laws hold (L1, L5, L7) or nothing happens."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from known_ways import check_known
from random_walk import Walk

from flowengine.core.values import ROOT
from flowengine.language import load
from flowengine.language.checks.survey import Survey
from flowengine.language.checks.walks import Walks

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
STEPS = 80


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_whatever_is_asked_the_laws_hold(path: Path, seed: int) -> None:
    """After each of some random commands, sensible or not, the position keeps its laws and the history gives it."""
    walk = Walk(load(path), Random(seed))
    for _ in range(STEPS):
        if walk.job.status != "open":
            break
        walk.go()
    assert walk.job.position.branches[ROOT].state in (*walk.job.compiled.scopes[""].states, "")


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_whatever_is_done_by_hand_the_laws_hold(path: Path, seed: int) -> None:
    """Moved, set, skipped and ended by hand, the position keeps its laws, and the history gives it."""
    walk = Walk(load(path), Random(seed), by_hand=True)
    for _ in range(STEPS):
        if walk.job.status != "open":
            break
        walk.go()


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_what_the_check_knows_of_a_way_is_so_in_each_job(path: Path, seed: int) -> None:
    """A job of a shipped process goes on ways that the check has followed, and what it knows there holds."""
    made = load(path)
    walks, walk = Walks(Survey(made)), Walk(made, Random(seed))
    for _ in range(STEPS):
        if walk.job.status == "open":
            walk.go()
            check_known(walks, walk)
