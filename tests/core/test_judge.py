"""Judges of the checks, in short: ``python tests/core/judge.py`` is the long form (L1, L7, L8)."""

from __future__ import annotations

import json

import pytest
from judge import Tally, judge, random_one
from shrinking import shrunk
from unsound_mutants import MISTAKES, Mutant, mutant
from worst_players import Compass, life

from flowengine.core.advance import compile_process
from flowengine.errors import ProcessRefused
from flowengine.language import parse

RANDOM, MUTANTS, AT_ONCE = 120, 90, 15


@pytest.mark.parametrize("first", range(0, RANDOM, AT_ONCE))
def test_a_random_process_that_passes_the_checks_keeps_its_promises(first: int) -> None:
    """Whoever plays, and however badly: no expression fails, no customer waits or is asked for ever, an end is near."""
    tally = Tally()
    for seed in range(first, first + AT_ONCE):
        tally.add(seed, "", random_one(seed), lives=2)
    assert not tally.faults, "\n".join(f"tests/core/judge.py --seed {seed} --count 1 --mutants 0: {fault}"
                                       for seed, _, fault in tally.faults)  # fmt: skip
    assert tally.played > 2, "most are refused, and no more than most"


@pytest.mark.parametrize("first", range(0, MUTANTS, AT_ONCE))
def test_a_file_with_a_mistake_is_refused_or_keeps_its_promises(first: int) -> None:
    """A route, a deadline, an else, a field less, targets swapped, a condition more: told, or harmless."""
    tally = Tally()
    for seed in range(first, first + AT_ONCE):
        one = mutant(seed)
        tally.add(seed, one.mistake, one.text, lives=1)
    assert not tally.faults, "\n".join(f"tests/core/judge.py --seed {seed} --count 0 --mutants 1: {name}: {fault}"
                                       for seed, name, fault in tally.faults)  # fmt: skip
    assert tally.played + sum(tally.refused.values()) >= AT_ONCE


HEAD = "process: sample\nneed: x\nroles: {clerk: Clerk}\ngroups: {club: Club}\nstates:\n"
NEED = "  need: {type: need, fields: {n: {type: integer}}, next: first}\n"
END = "  fulfilled: {type: fulfilled}\n"
UNSOUND = {
    "stuck": "first: {type: task, for: clerk, next: [{to: fulfilled, when: data.need.n > 10000000}]}",
    "waits": "first: {type: ask, ask: What?, on: {answered: fulfilled}}",
    "endless": "first: {type: ask, ask: What?, within: P1D, on: {answered: fulfilled, expired: first}}",
    "spins": "first: {type: message, name: m, within: '{now}', on: {received: fulfilled, expired: first}}",
    "astray": "first: {type: task, for: clerk, next: first}",
    "trouble": "first: {type: decision, rules: [{when: 10 / (data.need.n - data.need.n) > 1, to: fulfilled}], "
    "else: fulfilled}",
}


@pytest.mark.parametrize("kind", UNSOUND)
def test_the_judge_finds_what_the_checks_are_there_for(kind: str) -> None:
    """Unsound processes, as they are when nobody has checked them, are each found by a life."""
    process = parse(f"{HEAD}{NEED}  {UNSOUND[kind]}\n{END}", "unsound.yaml", check=False)
    compiled, compass = compile_process(process), Compass(process)
    faults = (life(compiled, compass, seed) for seed in range(12))
    assert any(fault is not None and fault.kind == kind for fault in faults)


def test_a_life_is_the_same_each_time() -> None:
    """The process and the seed give all of it."""
    process = parse(f"{HEAD}{NEED}  {UNSOUND['astray']}\n{END}", "unsound.yaml", check=False)
    compiled, compass = compile_process(process), Compass(process)
    assert life(compiled, compass, 3) == life(compiled, compass, 3)


def test_a_counter_example_is_made_small() -> None:
    """What has nothing to do with a fault is left out of the file that shows it."""
    states = {
        "need": {"type": "need", "fields": {"n": {"type": "integer"}}, "next": "before"},
        "before": {"type": "task", "for": "clerk", "within": "P1D", "on": {"done": "other", "expired": "other"}},
        "other": {"type": "wait", "for": "P1D", "next": "first"},
        "first": {"type": "task", "for": "clerk", "on": {"done": "first"}},
        "fulfilled": {"type": "fulfilled"},
    }
    text = json.dumps({"process": "sample", "need": "x", "roles": {"clerk": "Clerk"}, "states": states})

    def judged(text: str, lives: int):  # type: ignore[no-untyped-def]  # the judge of an unchecked file
        process = parse(text, "unsound.yaml", check=False)
        compiled, compass = compile_process(process), Compass(process)
        return next(filter(None, (life(compiled, compass, seed) for seed in range(lives))), None)

    fault = judged(text, 5)
    smaller, found = shrunk(text, fault, judged)
    assert found.kind == fault.kind == "astray"
    assert json.loads(smaller)["states"].keys() == {"need", "first", "fulfilled"}


def test_every_kind_of_mistake_is_made() -> None:
    """Each mistake that mutants may have is had by some, and each leaves a file behind that is read."""
    made = [mutant(seed) for seed in range(600)]
    names = {one.mistake.partition(":")[0] for one in made}
    assert names == {str(one.__doc__).partition(".")[0] for one in MISTAKES}
    assert mutant(7) == made[7]
    assert all(isinstance(one, Mutant) and json.loads(one.text)["process"] for one in made)


def test_what_is_refused_is_not_played() -> None:
    """The judge hands on what the checks refuse."""
    with pytest.raises(ProcessRefused):
        judge(f"{HEAD}{NEED}  {UNSOUND['endless']}\n{END}", 1)
