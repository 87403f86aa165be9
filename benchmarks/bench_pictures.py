"""How long pictures of processes take: the suit, and a process of two hundred states that chance has made.

    python benchmarks/bench_pictures.py

Prints the seconds of the processor for each SVG, and for the suit's PNG, and how many times the check of the same file
that is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from time import process_time

from flowengine.interop.drawing import picture, png
from flowengine.language import parse, problems
from flowengine.language.model import Process

SUIT = Path(__file__).parents[1] / "processes" / "bespoke_suit.yaml"
SEED, STATES = 1, 200


def large(count: int) -> str:
    """A process of so many tasks and approvals in one scope, each of which leads to some of the next, or back."""
    dice = random.Random(SEED)
    lines = ["process: large", "title: A large process", "need: Something large", "states:"]
    lines.append("  need: {type: need, ask: What?, next: s0}")
    for number in range(count):
        on = [f"s{min(count - 1, number + dice.randint(1, 6))}" for _ in range(dice.randint(1, 3))]
        on += [f"s{dice.randint(0, number)}"] if dice.random() < 0.25 else []
        targets = list(dict.fromkeys(on)) if number < count - 1 else ["fulfilled"]
        ways = ", ".join(f"way_{index}: {target}" for index, target in enumerate(targets))
        lines.append(f"  s{number}: {{type: task, for: staff, title: Some work number {number}, on: {{{ways}}}}}")
    return "\n".join([*lines, "  fulfilled: {type: fulfilled}", ""])


def seconds(make: Callable[[], object], least: int = 3) -> float:
    """The shortest of some runs, in seconds of the processor."""
    found = []
    for _ in range(least):
        start = process_time()
        make()
        found.append(process_time() - start)
    return min(found)


def main() -> None:
    text = SUIT.read_text("utf-8")
    checking = seconds(lambda: problems(text, str(SUIT)))
    suit, many = parse(text, check=False), parse(large(STATES), check=False)
    rows: list[tuple[str, Process, Callable[[Process], object]]] = [
        ("the suit, SVG", suit, picture),
        ("the suit, PNG", suit, png),
        (f"{STATES} states, SVG", many, picture),
    ]
    for name, process, make in rows:
        took = seconds(lambda make=make, process=process: make(process))  # type: ignore[misc]
        print(f"{name:<18} {took:6.2f} s   {took / checking:5.1f} times the check of the suit")


if __name__ == "__main__":
    main()
