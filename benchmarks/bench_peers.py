"""Jobs of one service, from start to fulfilled, against DBOS: ``python benchmarks/bench_peers.py``.

DBOS is installed into a virtual environment of its own (``benchmarks/peers/.venv``) the first time. Rounds are
interleaved, each side first in turn, every run on a fresh database on the same disk: SQLite with a write-ahead log and
``synchronous=FULL`` on both sides, PostgreSQL with its durable defaults. A ratio is the median of the rounds' ratios.
DBOS is measured twice: ``direct``, where the process that starts a workflow runs it, which is the harder measure, and
``queue``, where it goes through a queue to a worker, as a flowengine job does. Jobs are started by two threads, and by
as many as flowengine runs handlers at a time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from statistics import median

from bench_machine import folder, machine, postgres
from rich.console import Console
from rich.table import Table

PEERS = Path(__file__).parent / "peers"
PEER_PYTHON = PEERS / ".venv" / "bin" / "python"
REQUIREMENTS = ("dbos>=3.4", "psycopg[binary]>=3.3")
WANTED = 4.0

console = Console(width=None if sys.stdout.isatty() else 118)


def prepare() -> None:
    """Install DBOS, unless it is there."""
    if not PEER_PYTHON.exists():
        venv.create(PEERS / ".venv", with_pip=True)
        subprocess.run([PEER_PYTHON, "-m", "pip", "install", "-q", *REQUIREMENTS], check=True)


def run(command: list[str]) -> dict[str, str | float]:
    """One run in a process of its own: what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, str | float] = json.loads(done.stdout.splitlines()[-1])
    return found


def ours(url: str, jobs: int, clients: int) -> float:
    program = str(PEERS / "flowengine_one_service.py")
    return float(run([sys.executable, program, url, str(jobs), str(clients)])["per_second"])


def theirs(url: str, jobs: int, clients: int, how: str) -> float:
    program = str(PEERS / "dbos_one_step.py")
    return float(run([str(PEER_PYTHON), program, url, str(jobs), str(clients), how])["per_second"])


def compare(
    fresh: Callable[[str], str], how: str, clients: int, rounds: int, jobs: int
) -> Iterator[tuple[float, float]]:
    """Rounds of (flowengine, DBOS), in jobs a second. ``fresh`` gives a database from a tag."""
    for number in range(rounds):
        tag = f"{how}_{clients}_{number}"
        if number % 2:
            one = ours(fresh(f"ours_{tag}"), jobs, clients)
            other = theirs(fresh(f"theirs_{tag}"), jobs, clients, how)
        else:
            other = theirs(fresh(f"theirs_{tag}"), jobs, clients, how)
            one = ours(fresh(f"ours_{tag}"), jobs, clients)
        console.print(f"[dim]{how}, {clients} clients: {one:,.0f} against {other:,.0f} a second[/dim]")
        yield one, other


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--jobs", type=int, default=1000)
    options.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options.add_argument("--how", choices=["direct", "queue"], action="append")
    options.add_argument("--clients", type=int, action="append", help="threads that start jobs (2 and 8)")
    given = options.parse_args()
    prepare()
    console.print(f"[dim]{machine()}[/dim]")
    table = Table("database", "DBOS", "clients", "flowengine, jobs/s", "DBOS, jobs/s", "ratio", "wanted", "")
    missed = 0
    with folder() as where, postgres(where) as fresh_postgres:
        kinds = {"sqlite": lambda name: f"sqlite:///{where}/{name}.db", "postgresql": fresh_postgres}
        ways = product(given.database or kinds, given.how or ("direct", "queue"), given.clients or (2, 8))
        for name, how, clients in ways:
            rounds = list(compare(kinds[name], how, clients, given.rounds, given.jobs))
            one, other = (f"{median(pair[side] for pair in rounds):,.0f}" for side in (0, 1))
            ratio = median(a / b for a, b in rounds)
            missed += ratio < WANTED
            said = "met" if ratio >= WANTED else "missed"
            table.add_row(name, how, str(clients), one, other, f"{ratio:.1f}", f"≥ {WANTED:.0f}", said)
    console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
