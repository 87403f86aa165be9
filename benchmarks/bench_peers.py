"""Jobs of one service, from start to fulfilled, against DBOS: ``python benchmarks/bench_peers.py``.

DBOS is installed into a virtual environment of its own (``benchmarks/peers/.venv``) the first time. Rounds are
interleaved, each side first in turn, every run on a fresh database on the same disk: SQLite with a write-ahead log and
``synchronous=FULL`` on both sides, PostgreSQL with its durable defaults. A ratio is the median of the rounds' ratios.
DBOS is measured twice: ``direct``, where the process that starts a workflow runs it, which is the harder measure, and
``queue``, where it goes through a queue to a worker, as a flowengine job does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from collections.abc import Callable
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


def ours(url: str, jobs: int) -> float:
    return float(run([sys.executable, str(PEERS / "flowengine_one_service.py"), url, str(jobs)])["per_second"])


def theirs(url: str, jobs: int, how: str) -> float:
    return float(run([str(PEER_PYTHON), str(PEERS / "dbos_one_step.py"), url, str(jobs), how])["per_second"])


def compare(fresh: Callable[[str], str], name: str, how: str, rounds: int, jobs: int) -> list[tuple[float, float]]:
    """Rounds of (flowengine, DBOS), in jobs a second."""
    found = []
    for number in range(rounds):
        tag = f"{name}_{how}_{number}"
        if number % 2:
            one, other = ours(fresh(f"ours_{tag}"), jobs), theirs(fresh(f"theirs_{tag}"), jobs, how)
        else:
            other, one = theirs(fresh(f"theirs_{tag}"), jobs, how), ours(fresh(f"ours_{tag}"), jobs)
        found.append((one, other))
        console.print(f"[dim]{name} {how}: {one:,.0f} against {other:,.0f} a second[/dim]")
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--jobs", type=int, default=1000)
    options.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options.add_argument("--how", choices=["direct", "queue"], action="append")
    given = options.parse_args()
    prepare()
    console.print(f"[dim]{machine()}[/dim]")
    table = Table("database", "DBOS", "flowengine, jobs/s", "DBOS, jobs/s", "ratio", "wanted", "")
    missed = 0
    with folder() as where, postgres(where) as fresh_postgres:
        kinds = {"sqlite": lambda name: f"sqlite:///{where}/{name}.db", "postgresql": fresh_postgres}
        for name in given.database or kinds:
            for how in given.how or ("direct", "queue"):
                rounds = compare(kinds[name], name, how, given.rounds, given.jobs)
                one, other = (median(pair[side] for pair in rounds) for side in (0, 1))
                ratio = median(a / b for a, b in rounds)
                missed += ratio < WANTED
                said = "met" if ratio >= WANTED else "missed"
                table.add_row(name, how, f"{one:,.0f}", f"{other:,.0f}", f"{ratio:.1f}", f"≥ {WANTED:.0f}", said)
    console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
