"""Acts a second of this flowengine against another checkout's. Run it: ``python benchmarks/bench_against.py OTHER``.

Each is a process of its own that acts when it is told to, a few acts at a time and in turns, so that a busy machine
slows both. A ratio is the median of the rounds' ratios: of the time that passed, and of the processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

HERE = Path(__file__).parent.parent

Spent = tuple[float, float]
"""Seconds by the clock, and of the processor, for so many acts."""


class Side:
    """One flowengine at work on a database of its own."""

    def __init__(self, checkout: Path, url: str) -> None:
        benchmarks = os.pathsep.join((str(checkout), str(Path(__file__).parent)))
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--act-on", url],
            env=os.environ | {"PYTHONPATH": benchmarks},
            cwd=checkout,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        where = self._hear()
        if not Path(where).is_relative_to(checkout.resolve()):
            raise SystemExit(f"{checkout} was to act, but {where} did")

    def acts(self, number: int) -> Spent:
        assert self._process.stdin is not None, "it was opened with pipes"
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        wall, cpu = self._hear()
        return wall, cpu

    def _hear(self) -> Any:
        assert self._process.stdout is not None, "it was opened with pipes"
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a side has failed")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None, "it was opened with pipes"
        self._process.stdin.close()
        self._process.wait(30)


def act_on(url: str) -> None:
    """What a side does: so many acts for each line."""
    from bench_flows import Talker, ready

    import flowengine

    with flowengine.Engine(url) as engine:
        talker = Talker(ready(engine), "against")
        talker.acts(100)
        print(json.dumps(str(Path(flowengine.__file__).resolve())), flush=True)
        for line in sys.stdin:
            wall, cpu = perf_counter(), process_time()
            talker.acts(int(line))
            print(json.dumps((perf_counter() - wall, process_time() - cpu)), flush=True)


def compare(name: str, ours: Side, theirs: Side, rounds: int, acts: int) -> None:
    """Print both ratios, with their quartiles."""
    pairs: list[tuple[Spent, Spent]] = []
    for number in range(rounds):
        if number % 2:
            second, first = theirs.acts(acts), ours.acts(acts)
        else:
            first, second = ours.acts(acts), theirs.acts(acts)
        pairs.append((first, second))
    for place, what in enumerate(("by the clock", "of the processor")):
        ratios = [other[place] / one[place] for one, other in pairs]
        low, _, high = quantiles(ratios, n=4)
        mine, other = (median(pair[side][place] for pair in pairs) / acts * 1e6 for side in (0, 1))
        print(
            f"{name}, {what}: {median(ratios):.2f} times as fast ({low:.2f} to {high:.2f});"
            f" {mine:,.0f} µs an act against {other:,.0f} µs",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", nargs="?", type=Path, help="the checkout to compare with")
    parser.add_argument("--act-on", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--acts", type=int, default=20, help="acts in a round")
    given = parser.parse_args()
    if given.act_on:
        act_on(given.act_on)
        return
    from bench_machine import folder, memory, postgres

    def both(name: str, urls: tuple[str, str]) -> None:
        ours, theirs = Side(HERE, urls[0]), Side(given.other.resolve(), urls[1])
        compare(name, ours, theirs, given.rounds, given.acts)
        ours.close()
        theirs.close()

    with folder() as disk:
        both("SQLite on disk", (f"sqlite:///{disk}/ours.db", f"sqlite:///{disk}/theirs.db"))
    with folder(memory()) as fast:
        both("SQLite in memory's files", (f"sqlite:///{fast}/ours.db", f"sqlite:///{fast}/theirs.db"))
    with folder() as disk, postgres(disk) as address:
        both("PostgreSQL", (address("ours"), address("theirs")))


if __name__ == "__main__":
    main()
