"""Judges the checks: a process that passes them keeps its promises, whatever happens to its jobs (L1, L7, L8).

    python tests/core/judge.py --seed 1 --count 10000
    python tests/core/judge.py --seed 1 --count 0 --mutants 3000

plays lives of so many processes made by chance, and of so many files of the project that were made unsound, each by the
worst players there are. The first ten faults are told with their seed, the file as small as it can be, and the way.
The same seed gives the same. The short form of both stands in ``test_judge.py``.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rich_processes import rich_process
from shrinking import shrunk
from unsound_mutants import Mutant, mutant
from worst_players import Compass, Fault, life

from flowengine.core.advance import compile_process
from flowengine.errors import ProcessRefused
from flowengine.language import parse

LIVES = 4
"""Lives of each process."""

SHOWN = 10


def judge(text: str, seed: int, lives: int = LIVES) -> Fault | None:
    """The first fault that a life of a process met, if one did. Raises ProcessRefused where the checks refuse it."""
    process = parse(text, "judged.yaml")
    compiled, compass = compile_process(process), Compass(process)
    return next(filter(None, (life(compiled, compass, seed + number) for number in range(lives))), None)


@dataclass
class Tally:
    """What was judged."""

    refused: Counter[str] = field(default_factory=Counter)
    played: int = 0
    faults: list[tuple[int, str, Fault]] = field(default_factory=list)

    def add(self, seed: int, name: str, text: str, lives: int = LIVES) -> Fault | None:
        """Judge one process."""
        try:
            fault = judge(text, seed, lives)
        except ProcessRefused as error:
            self.refused.update({problem.code for problem in error.problems})
            return None
        self.played += 1
        if fault is not None:
            self.faults.append((seed, name, fault))
        return fault


def random_one(seed: int) -> str:
    """The process of a seed."""
    return rich_process(Random(seed))


def main() -> int:
    """Judge so many; 1 where a fault was found."""
    asked = argparse.ArgumentParser(description="Judge the checks by lives of random processes and of unsound mutants.")
    asked.add_argument("--seed", type=int, default=1, help="of the first process; the next has the next seed")
    asked.add_argument("--count", type=int, default=10_000, help="random processes")
    asked.add_argument("--mutants", type=int, default=3_000, help="mutants of the project's own files")
    asked.add_argument("--lives", type=int, default=LIVES, help="lives of each that passes the checks")
    asked.add_argument("--whole", action="store_true", help="do not make a counter-example smaller")
    given = asked.parse_args()
    seeds = range(given.seed, given.seed + given.count)
    found = _run("random processes", seeds, lambda seed: Mutant("", "", random_one(seed)), given)
    seeds = range(given.seed, given.seed + given.mutants)
    return max(found, _run("unsound mutants", seeds, mutant, given))


def _run(what: str, seeds: range, make: Callable[[int], Mutant], given: argparse.Namespace) -> int:
    tally = Tally()
    for number, seed in enumerate(seeds):
        one = make(seed)
        fault = tally.add(seed, one.mistake, one.text, given.lives)
        if fault is not None and len(tally.faults) <= SHOWN:
            _tell(seed, one, fault, given)
        if sys.stderr.isatty() and number % 20 == 0:
            print(f"\r{what}: {number} of {len(seeds)}", end="", file=sys.stderr)
    if seeds:
        codes = ", ".join(f"{code} {count}" for code, count in tally.refused.most_common(8))
        print(f"{what}, seeds {seeds[0]} to {seeds[-1]}: {tally.played} passed the checks, "
              f"{len(tally.faults)} of them met a fault; refused: {codes}")  # fmt: skip
    return int(bool(tally.faults))


def _tell(seed: int, one: Mutant, fault: Fault, given: argparse.Namespace) -> None:
    print(f"\nseed {seed} {Path(one.file).name} {one.mistake}: {fault.kind}: {fault.what}", flush=True)
    text = one.text
    if not given.whole:
        text, fault = shrunk(text, fault, lambda smaller, lives: judge(smaller, fault.seed, lives))
    print(f"{text}\n{fault}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
