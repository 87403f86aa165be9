"""Several processes write one SQLite file: ``python benchmarks/bench_sqlite_processes.py`` (``--processes 8``).

Each process is a client of its own that acts as fast as it can. Rounds of one process alone and of all of them take
turns; a ratio is the median of the rounds'. A wait is how long one act took, its own work included. With ``--memory``
the file lies on a file system in memory, where there is no disk to hide what the turns cost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from threading import Thread
from time import monotonic
from typing import NamedTuple

from bench_flows import Talker, ready
from bench_machine import folder, machine, memory
from rich.console import Console
from rich.table import Table

from flowengine import Engine

console = Console(width=None if sys.stdout.isatty() else 118)


class Round(NamedTuple):
    """What one round came to: acts a second of all, those of the least and the most served, and all waits in ms."""

    rate: float
    least: int
    most: int
    waits: list[float]


# one process


def client(url: str, name: str, threads: int) -> None:
    """Acts for the seconds that each line of the input gives, and prints how long each act took."""
    with Engine(url) as engine:
        talkers = [Talker(engine, f"{name}-{number}") for number in range(threads)]
        print("ready", flush=True)
        for line in sys.stdin:
            end, waits = monotonic() + float(line), list[float]()
            busy = [Thread(target=_act, args=(talker, end, waits)) for talker in talkers]
            for thread in busy:
                thread.start()
            for thread in busy:
                thread.join()
            print(json.dumps(waits), flush=True)


def _act(talker: Talker, end: float, waits: list[float]) -> None:
    while (began := monotonic()) < end:
        talker.act()
        waits.append((monotonic() - began) * 1000)


class Client:
    """A client in a process of its own."""

    def __init__(self, url: str, name: str, threads: int) -> None:
        command = [sys.executable, __file__, "--client", url, "--name", name, "--threads", str(threads)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def go(self, seconds: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()

    def waits(self) -> list[float]:
        """How long each of its acts took, in milliseconds."""
        found: list[float] = json.loads(self._line())
        return found

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a client has ended before its time")
        return line


# all of them


def measured(clients: list[Client], seconds: float) -> Round:
    """Let them act at the same time."""
    for one in clients:
        one.go(seconds)
    waits = [one.waits() for one in clients]
    counts = [len(one) for one in waits]
    return Round(sum(counts) / seconds, min(counts), max(counts), [wait for one in waits for wait in one])


def compared(where: Path, processes: int, threads: int, rounds: int, seconds: float) -> tuple[list[Round], list[Round]]:
    """Rounds of one process alone, and of all of them, in turns."""
    url = f"sqlite:///{where}/flow.db"
    with Engine(url) as engine:
        ready(engine)
    alone, together = [], []
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(url, f"c{number}", threads)) for number in range(processes)]
        measured(clients, 0.3)
        for number in range(rounds):
            alone.append(measured([clients[number % processes]], seconds))
            together.append(measured(clients, seconds))
    return alone, together


def table(alone: list[Round], together: list[Round], processes: int) -> Table:
    shown = Table("what", "measured", "wanted", "")
    rate, one = (median(each.rate for each in rounds) for rounds in (together, alone))
    ratio = median(many.rate / single.rate for many, single in zip(together, alone, strict=True))
    shown.add_row("one process alone", f"{one:,.0f} acts/s", "", "")
    shown.add_row(f"{processes} processes, all together", f"{rate:,.0f} acts/s", "", "")
    shown.add_row("  against one process", f"{ratio:.2f}", "", "")
    served = max(each.most / max(each.least, 1) for each in together)
    shown.add_row("most and least served, worst round", f"{served:.2f}", "≤ 2", _mark(served <= 2))
    waits = sorted(wait for each in together for wait in each.waits)
    shown.add_row("longest wait", f"{waits[-1]:.0f} ms", "≤ 250 ms", _mark(waits[-1] <= 250))
    for percent in (50, 99):
        shown.add_row(f"  {percent} % waited at most", f"{waits[len(waits) * percent // 100]:.1f} ms", "", "")
    return shown


def _mark(met: bool) -> str:
    return "met" if met else "missed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1, help="clients in each process")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--memory", action="store_true", help="on a file system in memory")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        client(given.client, given.name, given.threads)
        return 0
    console.print(machine())
    with folder(memory() if given.memory else None) as where:
        results = compared(where, given.processes, given.threads, given.rounds, given.seconds)
    console.print(table(*results, given.processes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
