"""What HTTP adds to an act. Run it: ``python benchmarks/bench_http.py`` (``--quick`` for a look, ``--only NAME``).

``flow serve`` runs as a process of its own; 32 connections act without a pause, each for a customer with a token of his
own, on a job of his own, with a request key. In the same run the engine alone does the same acts, in as many threads as
the server has for what changes something: the difference of the processor time of both processes is what HTTP adds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time

from bench_ballots import ADA as BEGINS
from bench_ballots import VOTE, fill, opened
from bench_flows import ANSWERS, TALK
from bench_machine import folder, machine, postgres
from rich.console import Console
from rich.table import Table

from flowengine import Engine
from flowengine.people.identities import Identity
from flowengine.web.limiting import Capacity

console = Console(width=None if sys.stdout.isatty() else 118)
CONNECTIONS = 32
OTHERS, PAUSE, QUIET = 8, 0.1, 10.0
"""Those who act while a club votes: how many, the seconds between the acts of one, and how long before it begins."""
TICK = os.sysconf("SC_CLK_TCK")


# the server, as an operating system sees it


class Process:
    """``flow serve`` on a database."""

    def __init__(self, url: str, processes: int = 1) -> None:
        began = perf_counter()
        command = [sys.executable, "-m", "flowengine.cli", "serve", "--json", "--port", "0", "--at", url]
        command += ["--processes", str(processes)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        lines = ""
        while "}" not in lines:
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError("the server did not start")
            lines += line
        self.started = perf_counter() - began
        self.port = int(json.loads(lines)["url"].rpartition(":")[2])

    def seconds(self) -> float:
        """Processor time until now, of all its processes."""
        ticks = 0
        for one in self._processes():
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICK

    def memory(self) -> float:
        """Resident memory, in MB, of the largest of its processes."""
        pages = max(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in self._processes())
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def _processes(self) -> list[int]:
        pid = self._process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


@contextmanager
def serving(url: str, processes: int = 1) -> Iterator[Process]:
    server = Process(url, processes)
    try:
        yield server
    finally:
        server.stop()


# clients: as little of Python as can be, since they share the machine


class Client:
    """One connection, for one customer."""

    def __init__(self, port: int, token: str, name: str) -> None:
        self._port, self._token, self._name = port, token, name
        self._count = 0
        self.taken: list[float] = []
        self.refused = 0

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def say(self, token: str, path: str, body: object, key: str) -> None:
        self._token = token
        await self._ask(path, body, key)

    async def begin(self) -> None:
        await self.connect()
        body = {"process": "talk", "need": {"topic": "suits"}}
        receipt = json.loads(await self._ask("/api/v1/jobs", body, f"{self._name}-start"))
        self._step = receipt["steps"][0]

    async def act(self, until: float, pause: float = 0) -> None:
        while perf_counter() < until:
            if pause:
                await asyncio.sleep(pause)
            outcome, answer = ANSWERS[self._count % 2]
            self._count += 1
            began = perf_counter()
            body = {"outcome": outcome, "answer": answer}
            found = await self._ask(f"/api/v1/steps/{self._step}/act", body, f"{self._name}-{self._count}")
            self.taken.append(perf_counter() - began)
            self._step = json.loads(found)["steps"][0]

    async def look(self, until: float, path: str) -> None:
        while perf_counter() < until:
            began = perf_counter()
            await self._ask(path, None, "")
            self.taken.append(perf_counter() - began)

    async def _ask(self, path: str, body: object, key: str) -> bytes:
        content = json.dumps(body).encode() if body is not None else b""
        method = "POST" if body is not None else "GET"
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n"
        head += f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\n" if key else ""
        self._writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found = await self._reader.readexactly(length)
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise RuntimeError(f"{answer.splitlines()[0]!r}: {found[:300]!r}")
        return found


async def _clients(port: int, tokens: list[str], seconds: float, name: str, path: str) -> list[float]:
    clients = [Client(port, token, f"{name}{number}") for number, token in enumerate(tokens)]
    for client in clients:
        await client.begin()
    until = perf_counter() + seconds
    await asyncio.gather(*(one.look(until, path) if path else one.act(until) for one in clients))
    return [one for client in clients for one in client.taken]


# what is measured


def prepared(url: str, customers: int = CONNECTIONS) -> list[str]:
    """Tokens of so many customers."""
    with Engine(url) as engine:
        engine.deploy(TALK)
        for number in range(customers):
            engine.add_customer(f"c{number}", f"Customer {number}")
        return [engine.issue_token("operator", f"c{number}").token for number in range(customers)]


def alone(url: str, seconds: float) -> tuple[float, float]:
    """The engine alone, in this process: acts a second, and processor time of an act in milliseconds."""
    with Engine(url) as engine:
        threads = Capacity().writers

        def act(number: int) -> int:
            by = Identity(person=f"c{number}")
            step = engine.start("talk", by=by, need={"topic": "suits"}).steps[0]
            until, count = perf_counter() + seconds, 0
            while perf_counter() < until:
                outcome, answer = ANSWERS[count % 2]
                count += 1
                step = engine.act(step, outcome, answer, by=by, key=f"a{os.getpid()}-{number}-{count}").steps[0]
            return count

        began, used = perf_counter(), process_time()
        with ThreadPoolExecutor(threads) as pool:
            acts = sum(pool.map(act, range(threads)))
        return acts / (perf_counter() - began), (process_time() - used) / acts * 1000


def _alone_elsewhere(url: str, seconds: float) -> tuple[float, float]:
    """The same in a process of its own, as the server is one."""
    command = [sys.executable, __file__, "--alone", url, "--seconds", str(seconds)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return found[0], found[1]


def measure(kind: str, url: str, processes: int, rounds: int, seconds: float, table: Table) -> None:
    """Rounds of both, one after the other; a ratio is the median of the rounds' ratios."""
    tokens = prepared(url)
    rates, added, shares, taken = [], [], [], []
    kind = f"{kind}, {processes} processes" if processes > 1 else kind
    with serving(url, processes) as server:
        idle = server.memory()
        for number in range(rounds):
            acts, cost = _alone_elsewhere(url, seconds)
            before = server.seconds()
            found = asyncio.run(_clients(server.port, tokens, seconds, f"r{number}-", ""))
            rates.append(len(found) / seconds)
            added.append((server.seconds() - before) / len(found) * 1000 - cost)
            shares.append(len(found) / seconds / acts)
            taken += found
        looked = asyncio.run(_clients(server.port, tokens, seconds, "look-", "/api/v1/steps"))
        cuts = quantiles(taken, n=100)
        table.add_row(f"{kind}: acts a second", f"{median(rates):,.0f}", "≥ 700")
        table.add_row(f"{kind}: of what the engine alone does", f"{median(shares):.2f}", "")
        table.add_row(
            f"{kind}: an act takes, p50 and p99", f"{cuts[49] * 1000:.0f} and {cuts[98] * 1000:.0f} ms", "≤ 100 ms"
        )
        table.add_row(f"{kind}: processor that HTTP adds to an act", f"{median(added):.2f} ms", "≤ 0.5 ms")
        table.add_row(f"{kind}: inboxes looked at a second", f"{len(looked) / seconds:,.0f}", "")
        table.add_row(f"{kind}: start, memory", f"{server.started:.2f} s, {idle:.0f} MB", "< 1 s, < 150 MB")


def ballots(kind: str, url: str, processes: int, voters: int, table: Table) -> None:
    """All members of a club vote, each with a token of his own, while some others act on jobs of their own: at the pace
    of people, as before on a quiet server."""
    with Engine(url) as engine:
        engine.deploy(VOTE)
        engine.add_customer(BEGINS, "Ada")
        fill(url, "members", voters)
        _, step, _ = opened(engine, "members")
        tokens = [engine.issue_token("operator", f"members{number:07}").token for number in range(voters)]
    others = prepared(url, OTHERS)
    with serving(url, processes) as server:

        async def vote(coming: Iterator[tuple[int, str]]) -> None:
            client = Client(server.port, "", f"connection{id(coming)}")
            await client.connect()
            for number, token in coming:
                said = {"outcome": "vote", "answer": {"for": ("attack", "defend", "wait")[number % 3]}}
                await client.say(token, f"/api/v1/steps/{step}/act", said, f"ballot-{number}")

        async def all_of_them() -> tuple[float, list[float], list[float]]:
            acting = [Client(server.port, token, f"other{number}") for number, token in enumerate(others)]
            for one in acting:
                await one.begin()
            await asyncio.gather(*(one.act(perf_counter() + QUIET, PAUSE) for one in acting))
            quiet = [one for client in acting for one in client.taken]
            for one in acting:
                one.taken.clear()
            coming, began = iter(enumerate(tokens)), perf_counter()
            beside = [asyncio.create_task(one.act(began + 600, PAUSE)) for one in acting]
            await asyncio.gather(*(vote(coming) for _ in range(CONNECTIONS)))
            took = perf_counter() - began
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            return took, quiet, [one for client in acting for one in client.taken]

        before = server.seconds()
        took, quiet, beside = asyncio.run(all_of_them())
        used = (server.seconds() - before) / voters * 1000
    aim = {"SQLite": 12, "PostgreSQL": 15}[kind] * voters / 13_000
    table.add_row(f"{kind}: {voters:,} ballots, {processes} process(es)", f"{took:.1f} s", f"≤ {aim:.1f} s")
    table.add_row(f"{kind}: processor of a ballot at the server", f"{used:.2f} ms", "")
    told = " and ".join(f"{quantiles(one, n=100)[98] * 1000:.0f} ms" for one in (quiet, beside))
    table.add_row(f"{kind}: p99 of {len(beside)} other acts, before and meanwhile", told, "within 2 times")


def listeners(url: str, number: int, seconds: float, table: Table) -> None:
    """What those cost who listen, and to whom nothing happens."""
    tokens = prepared(url, 64)
    with serving(url) as server:

        async def listen() -> tuple[float, float]:
            opened = []

            async def one(token: str) -> None:
                reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
                head = (
                    f"GET /api/v1/events?job=mine HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
                )
                writer.write(head.encode())
                answer = await reader.readuntil(b"event: now")
                assert b"200" in answer.splitlines()[0], answer
                opened.append(writer)

            await one(tokens[0])
            before = server.memory()
            for index in range(1, number):
                await one(tokens[index % len(tokens)])
            await asyncio.sleep(2)
            grown, used = server.memory() - before, server.seconds()
            await asyncio.sleep(seconds)
            share = (server.seconds() - used) / seconds
            for writer in opened:
                writer.close()
            return grown, share

        grown, share = asyncio.run(listen())
    table.add_row(f"{number:,} who listen: memory", f"{grown:.0f} MB", f"≤ {number / 25:.0f} MB")
    table.add_row(f"{number:,} who listen: of a core", f"{share:.1%}", "≤ 5 %")


def growth(url: str, requests: int, table: Table) -> None:
    """Whether memory stays what it is, while the database does: more in it fills the caches of its connections."""
    tokens = prepared(url)
    with serving(url) as server:

        async def look() -> list[float]:
            clients = [Client(server.port, token, f"g{number}") for number, token in enumerate(tokens)]
            for client in clients:
                await client.begin()
            marks = []
            for part in range(1, 6):
                while sum(len(client.taken) for client in clients) < requests // 5 * part:
                    until = perf_counter() + 1
                    await asyncio.gather(*(one.look(until, "/api/v1/steps") for one in clients))
                marks.append(server.memory())
            return marks

        marks = asyncio.run(look())
    told = ", ".join(f"{one:.0f}" for one in marks)
    table.add_row(f"memory over {requests:,} requests, after each fifth", f"{told} MB", "it stays")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=["sqlite", "postgresql", "ballots", "listeners", "memory"])
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=0)
    asked = parser.parse_args()
    if asked.alone:
        print(json.dumps(alone(asked.alone, asked.seconds)))
        return
    rounds, seconds = (1, 4.0) if asked.quick else (5, 10.0)
    table = Table("what", "measured", "aim", title=f"flowengine over HTTP, {CONNECTIONS} connections")
    with folder() as here:
        if asked.only in (None, "sqlite"):
            measure("SQLite", f"sqlite:///{here}/http.db", 1, rounds, seconds, table)
        if asked.only in (None, "postgresql"):
            with postgres(here) as fresh:
                measure("PostgreSQL", fresh("http"), 1, rounds, seconds, table)
                measure("PostgreSQL", fresh("http2"), 2, rounds, seconds, table)
        if asked.only in (None, "ballots"):
            voters = 2_000 if asked.quick else 13_000
            ballots("SQLite", f"sqlite:///{here}/vote.db", 1, voters, table)
            with postgres(here) as fresh:
                ballots("PostgreSQL", fresh("vote"), 2, voters, table)
        if asked.only in (None, "listeners"):
            listeners(f"sqlite:///{here}/listen.db", 1000, 20, table)
        if asked.only in (None, "memory"):
            growth(f"sqlite:///{here}/grow.db", 10_000 if asked.quick else 100_000, table)
    console.print(table)
    console.print(machine())


if __name__ == "__main__":
    main()
