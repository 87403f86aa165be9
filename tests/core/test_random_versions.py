"""Jobs driven by chance go on in other versions: each is refused with a reason, or can go on for good (L5, L6)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from random_processes import random_process
from random_versions import Version
from random_walk import Answers, Walk
from rehearsal import BEGIN

from flowengine import Database, Engine, HandlerCall, SimulatedClock
from flowengine.core import events as e
from flowengine.errors import BadAnswer, ProcessRefused, Refused
from flowengine.language import load, parse

STEPS = 12
HERE = Path(__file__).parents[1]
FILES = sorted([*(HERE.parent / "processes").glob("*.yaml"), *(HERE / "language" / "realistic").glob("*.yaml")])


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
            continue
        if new.version == walk.job.position.head.version:
            continue
        before = walk.job.position
        timers = chance.choice(["anew", "keep"])
        found = walk.job.migrate(new, states=version.states, fill=version.fill, timers=timers)
        assert bool(found.done) != bool(found.obstacles)
        if found.obstacles:
            assert walk.job.position is before
            assert all(one.what for one in found.obstacles)
            continue
        text = version.text
        if walk.job.status == "open":
            walk.check_awake()
            walk.check_deadlines()
            walk.check_attention()
    for _ in range(3 * STEPS):
        if walk.job.status == "open":
            walk.go()
            walk.check_awake()
    walk.check_undone()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_a_version_that_says_the_same_to_a_job_changes_nothing(path: Path, seed: int) -> None:
    """Wherever a job stands, a version with another title takes it, and nothing that is open in it changes: so none is
    refused that the checks of the process themselves would let go on."""
    made = load(path)
    try:
        walk = Walk(made, Random(seed))
    except BadAnswer:
        reject()  # a need that chance does not know how to state
    for turn in range(12):
        for _ in range(5):
            if walk.job.status == "open":
                walk.go()
        if walk.job.status == "open":
            found = walk.job.migrate(replace(made, version=f"v{turn}", title="Another title"))
            assert found.obstacles == []
            assert found.warnings == []
            assert walk.job.history[-1] == [e.Migrated(version=f"v{turn}")]


@pytest.mark.parametrize("seed", range(3))
def test_a_job_in_a_database_goes_on(database: Database, seed: int) -> None:
    """What is stored of a job that is moved is what its history amounts to (L5), and a dry run writes nothing."""
    chance, clock = Random(seed), SimulatedClock(BEGIN)
    while True:
        text = random_process(chance)
        with suppress(ProcessRefused):
            parse(text)
            break
    with Engine(database, clock=clock, handlers={"work": _work, "undo_work": _work, "other_work": _work}) as engine:
        engine.deploy(text)
        for name in ("ada", *(f"member{number}" for number in range(3))):
            engine.add_customer(name, groups=["members"])
        engine.add_staff("tom", roles=["tailor", "cutter"])
        jobs = [engine.start("made_by_chance", by="ada", need={"n": chance.randint(1, 9)}).job for _ in range(3)]
        for _ in range(3):
            _live(engine, clock, chance)
            version = Version(text, chance)
            try:
                engine.deploy(version.text)
            except ProcessRefused:
                continue
            given = {"states": version.states, "fill": version.fill, "because": "By chance"}
            before = [engine.history(job) for job in jobs]
            tried = engine.migrate_all("made_by_chance", dry=True, **given)
            assert [engine.history(job) for job in jobs] == before
            assert engine.migrate_all("made_by_chance", **given) == tried
            for job in jobs:
                assert engine.audit(job).fine
                engine.track(job, "ada")
                engine.history(job)
            if not tried.refused:
                text = version.text
            else:  # those that stay behind are in the way of the next change
                engine.deploy(text)
        _live(engine, clock, chance)
        assert all(engine.audit(job).fine for job in jobs)
        assert not [one for one in engine.incidents() if one.kind == "timer"]


def _live(engine: Engine, clock: SimulatedClock, chance: Random) -> None:
    """People act, services are called, time passes."""
    answers = Answers(chance)
    for _ in range(6):
        for who in ("ada", "tom", "member1"):
            for item in engine.inbox(who)[:2]:
                form = engine.step(item.id, who).form
                if form.ways:
                    way = chance.choice(form.ways)
                    with suppress(Refused):
                        engine.act(item.id, way.outcome, answers.to(way.fields, form.slots), by=who)
        engine.run_due()
        clock.advance(timedelta(minutes=chance.choice([1, 20, 90, 2000])))


def _work(call: HandlerCall) -> dict[str, Any]:
    return {"key": call.key}
