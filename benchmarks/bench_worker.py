"""What the benchmarks of the worker share: small processes, a worker in a process of its own, and its figures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from flowengine import Actor, Engine

ADA = Actor(kind="customer", id="ada")

HANDLERS = """
import os, time

def good(call):
    began = time.monotonic()
    time.sleep(0.02)
    return {"began": began}

def now(call):
    return {"began": time.monotonic()}

def raises(call):
    raise ValueError("poison")

def hangs(call):
    time.sleep(3600)

def kills(call):
    os._exit(9)

HANDLERS = {"good": good, "now": now, "raises": raises, "hangs": hangs, "kills": kills}
"""


def one_service(handler: str, calls: int = 1, retry: str = "{attempts: 3, first: PT0.1S}", limit: str = "PT2S") -> str:
    """A process that calls a service so many times, one after another, and is fulfilled."""
    states = [
        f"  s{number}: {{type: service, call: {handler}, retry: {retry}, limit: {limit}, "
        f"on: {{done: {f's{number + 1}' if number < calls else 'fulfilled'}}}}}"
        for number in range(1, calls + 1)
    ]
    head = f"process: of_{handler}\ntitle: Of {handler}\nneed: It\nstates:\n  need: {{type: need, next: s1}}\n"
    return head + "\n".join(states) + "\n  fulfilled: {type: fulfilled}\n"


def ready(url: str, *processes: str) -> Engine:
    """An engine with these processes and one customer."""
    engine = Engine(url, handlers={})
    for process in processes:
        engine.deploy(process)
    engine.add_customer("ada", "Ada")
    return engine


@contextmanager
def worker(url: str, where: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """``flow worker`` on a database, in ``where``, with the handlers above; stopped gracefully at the end."""
    (where / "handlers_of_the_benchmark.py").write_text(HANDLERS)
    command = [sys.executable, "-m", "flowengine.cli", "worker", "--at", url]
    command += ["--handlers", "handlers_of_the_benchmark", *options]
    with (where / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=where, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def family(pid: int) -> list[int]:
    """A process and all that it started, and those started."""
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        for task in Path(f"/proc/{found[-1]}/task").iterdir():
            waiting += [int(child) for child in (task / "children").read_text().split()]
    return found


def processor(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def wait_for_open(engine: Engine, process: str, most: int, seconds: float) -> None:
    """Wait until no more than so many jobs of a process are open."""
    end = monotonic() + seconds
    while len(engine.jobs(status="open", process=process, limit=most + 1)) > most:
        if monotonic() > end:
            raise TimeoutError(f"more than {most} jobs of {process} are open after {seconds:.0f} s")
        sleep(0.05)


def began(engine: Engine, job: str) -> float:
    """When the handler of a job's last call began, on the clock that all processes share."""
    return float(engine.history(job)[-1].command["result"]["began"])
