"""Jobs driven by chance go on in other versions: each is refused with a reason, or can go on for good (L5, L6)."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from random_processes import random_process
from random_versions import Version
from random_walk import Walk

from flowengine.errors import ProcessRefused
from flowengine.language import parse

STEPS = 12
COUNTED: Counter[str] = Counter()


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
          suppress_health_check=[HealthCheck.filter_too_much])  # fmt: skip
@given(seed=st.integers(0, 10**9))
def test_a_job_that_is_migrated_goes_on(seed: int) -> None:
    """After it, no expression fails and no branch is stuck, whatever happens; what waits for customers has deadlines,
    and the history gives the position. A job that is refused is as it was, and is told why."""
    chance = Random(seed)
    text = random_process(chance)
    try:
        made = parse(text, "made_by_chance.yaml")
    except ProcessRefused:
        reject()
    walk = Walk(made, chance)
    for _ in range(3):
        for _ in range(chance.randint(0, STEPS)):
            if walk.job.status == "open":
                walk.go()
        if walk.job.status != "open":
            return
        version = Version(text, chance)
        try:
            new = parse(version.text, "made_by_chance.yaml")
        except ProcessRefused:
            COUNTED["no process"] += 1
            continue
        if new.version == walk.job.position.head.version:
            continue
        before = walk.job.position
        timers = chance.choice(["anew", "keep"])
        found = walk.job.migrate(new, states=version.states, fill=version.fill, timers=timers)
        assert bool(found.done) != bool(found.obstacles)
        COUNTED["refused" if found.obstacles else "moved"] += 1
        if found.obstacles:
            assert walk.job.position is before
            assert all(one.what for one in found.obstacles)
            continue
        text = version.text
        if walk.job.status == "open":
            walk.check_awake()
            walk.check_deadlines()
    for _ in range(3 * STEPS):
        if walk.job.status == "open":
            walk.go()
            walk.check_awake()
    walk.check_undone()


@pytest.fixture(autouse=True, scope="module")
def _both_happen() -> object:
    """Enough jobs are moved, and enough refused, for the test to mean something."""
    yield
    assert COUNTED["moved"] > 10, COUNTED
    assert COUNTED["refused"] > 2, COUNTED
