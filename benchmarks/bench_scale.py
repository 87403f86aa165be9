"""What many jobs cost those who come after them: ``python benchmarks/bench_scale.py`` (``--small`` for a look).

One database is filled with a million finished jobs, a million pending timers, 100,000 open steps and 10,000 waiting
calls, another is fresh. Then both do the same in turns: jobs from the start over an act and a service call to their
end. A ratio is the median of the rounds' ratios. Filling takes some minutes and about 6 GB of disk for each database.

``--inbox`` instead fills one database with a million open steps, most of which wait for one role, and tells what each
inbox costs whoever asks the engine for it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from bench_fill import PORTION, Filler
from bench_machine import folder, machine, memory, postgres
from rich.console import Console
from rich.table import Table

from flowengine import Engine
from flowengine.store import Transaction
from flowengine.store.steps import Narrowed
from flowengine.work import services

console = Console(width=None if sys.stdout.isatty() else 118)

FLOW = """
process: errand
title: An errand
need: Something fetched
roles: {porter: {title: Porter}}
states:
  need: {type: need, fields: {what: {type: string}}, next: how}
  how:
    type: ask
    ask: How shall it be brought?
    fields: {words: {type: string}}
    within: P7D
    on: {answered: fetch, expired: gone}
  fetch:
    type: service
    call: fetch
    on: {done: fulfilled, failed: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
"""

TASK = """
process: carrying
title: Something carried
need: Something carried
roles: {porter: {title: Porter}}
states:
  need: {type: need, fields: {what: {type: string}}, next: carry}
  carry: {type: task, for: porter, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""

WAITING = """
process: waiting
title: Ten dates
need: Patience
states:
  need: {type: need, fields: {dates: {type: array, items: {type: integer}}}, next: all}
  all:
    type: each
    of: data.need.dates
    start: until
    states:
      until: {type: wait, for: P30D, next: done}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""

ADA = "ada_the_first"
"""A customer whose id is in no other text, so that it can be replaced in copies."""

TIMERS_EACH = 10


class Size(NamedTuple):
    """How full the full database is."""

    finished: int = 1_000_000
    timers: int = 1_000_000
    steps: int = 100_000
    calls: int = 10_000


class Line(NamedTuple):
    """What was measured, in the fresh and in the full database."""

    what: str
    fresh: str
    full: str
    ratio: str = ""
    wanted: str = ""
    met: bool | None = None


# filling


def ready(engine: Engine) -> Engine:
    """The processes in use, a customer and a porter entered."""
    for source in (FLOW, TASK, WAITING):
        engine.deploy(source)
    engine.add_customer(ADA, "Ada")
    engine.add_staff("mika", "Mika", roles=("porter",))
    return engine


def fetch(_: Any) -> dict[str, Any]:
    """The service of the errand."""
    return {"fetched": True}


def fill(url: str, size: Size, portion: int = PORTION) -> None:
    """Copy four jobs, each as it stands in one of its states."""
    with Engine(url, handlers={"fetch": fetch}) as engine:
        ready(engine)
        finished = Client(engine, "template")
        finished.flow()
        asked = engine.start("errand", by=ADA, need={"what": "A hat"}, key="t1").job
        called = engine.start("errand", by=ADA, need={"what": "A hat"}, key="t2")
        engine.act(called.steps[0], "answered", {"words": "On foot"}, by=ADA, key="t3")
        task = engine.start("carrying", by=ADA, need={"what": "A trunk"}, key="t4").job
        waits = engine.start("waiting", by=ADA, need={"dates": list(range(TIMERS_EACH))}, key="t5").job
    filler = Filler(url, portion)
    filler.customers(ADA)
    asks = size.steps // 2 if size.finished else size.steps // 10
    for job, number in (
        (finished.jobs[0], size.finished),
        (asked, asks),
        (task, size.steps - asks),
        (called.job, size.calls),
        (waits, max(size.timers - asks, 0) // TIMERS_EACH),
    ):
        filler.copy(job, ADA, number)
    console.print("filled:", ", ".join(f"{count:,} {name}" for name, count in filler.counts()), highlight=False)
    filler.done()


# measuring


class Client:
    """Brings jobs from their start to their end, and notes how long each part took, in seconds."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name
        self.jobs: list[str] = []
        self.spent: dict[str, list[float]] = {"start": [], "act": [], "claim": [], "finish": []}

    def flow(self) -> None:
        key = f"{self.name}-{len(self.jobs)}"
        engine, shell = self.engine, self.engine.shell
        begun = self._timed("start", lambda: engine.start("errand", by=ADA, need={"what": "A hat"}, key=key))
        self.jobs.append(begun.job)
        answer = {"words": "On foot, and before the rain"}
        self._timed("act", lambda: engine.act(begun.steps[0], "answered", answer, by=ADA, key=f"{key}-a"))
        (held,) = self._timed("claim", lambda: services.take(shell, 1))
        went_on = self._timed("finish", lambda: services.attempt(shell, held, lambda *_: fetch(None)))
        assert went_on, "the call was claimed and nobody else has it"

    def _timed(self, what: str, work: Callable[[], Any]) -> Any:
        began = perf_counter()
        result = work()
        self.spent[what].append(perf_counter() - began)
        return result


def throughput(fresh: Engine, full: Engine, rounds: int, flows: int) -> Iterator[Line]:
    """Whole jobs a second in both, in turns, and each part of them."""
    for engine in (fresh, full):
        warm = Client(engine, "warm")
        for _ in range(20):
            warm.flow()
    pairs = []
    for number in range(rounds):
        clients = [Client(engine, f"r{number}") for engine in (fresh, full)]
        for client in clients if number % 2 else reversed(clients):  # nobody is always first
            for _ in range(flows):
                client.flow()
        pairs.append(clients)
    rates = [[flows / sum(map(sum, client.spent.values())) for client in pair] for pair in pairs]
    ratio = median(many / few for few, many in rates)
    few, many = (f"{median(side):,.0f} jobs/s" for side in zip(*rates, strict=True))
    yield Line("start, act, claim, finish", few, many, f"{ratio:.2f}", "≥ 0.90", ratio >= 0.9)
    for part in ("start", "act", "claim", "finish"):
        yield _compared(part, *([spent for pair in pairs for spent in pair[side].spent[part]] for side in (0, 1)))
    longest = _percent([spent for pair in pairs for spent in pair[1].spent["claim"]], 99)
    yield Line("99 % of the claims, committed, took at most", "", f"{longest:.1f} ms", "", "≤ 5 ms", longest <= 5)


def looks(fresh: Engine, full: Engine, times: int) -> Iterator[Line]:
    """What is asked again and again."""
    now = full.clock.now()
    questions: dict[str, Callable[[Transaction], Any]] = {
        "an idle worker's look for calls": lambda tx: tx.calls.ready(now, 10, "nobody's"),
        "for due timers": lambda tx: tx.timers.due(now, 100),
        "for messages to send": lambda tx: tx.outbox.ready(now, 100),
        "for when to look again": lambda tx: tx.ahead(now),
        "an inbox of a role, its first 20": lambda tx: tx.steps.inbox(["role:porter"], 20, person="mika"),
        "how much is in it": lambda tx: tx.steps.counted(["role:porter"], "mika", now, now),
        "an inbox of a role, of one customer": lambda tx: tx.steps.inbox(
            ["role:porter"], 20, person="mika", narrowed=Narrowed(customer="c7")
        ),
        "an inbox of a role, of a process that has none": lambda tx: tx.steps.inbox(
            ["role:porter"], 20, person="mika", narrowed=Narrowed(process="none")
        ),
        "an inbox of a customer": lambda tx: tx.steps.inbox(["customer:c7", "person:c7"], 20, person="c7"),
    }
    for what, question in questions.items():
        yield _compared(what, *(_asked(engine, question, times) for engine in (fresh, full)))
    soon = now + timedelta(days=30)
    yield _compared(
        "100 timers of many that are due",
        *(_asked(e, lambda tx: tx.timers.due(soon, 100), times) for e in (fresh, full)),
    )


def _asked(engine: Engine, question: Callable[[Transaction], Any], times: int) -> list[float]:
    spent = []
    for _ in range(times):
        with engine.database.reading() as tx:
            began = perf_counter()
            question(tx)
            spent.append(perf_counter() - began)
    return spent


INBOX = Size(finished=0, timers=0, steps=1_000_000, calls=0)
"""How full it is for inboxes: of the steps, one in ten waits for a customer, the others for one role."""

WANTED = 10.0
"""Milliseconds that 99 % of looks into an inbox may take."""


def inboxes(engine: Engine, times: int) -> Iterator[Line]:
    """What inboxes cost at the engine: who asks is found out, the page read, each item put in words."""
    first = engine.inbox("mika", 20)
    deep = engine.inbox("mika", 1000)[-1].place
    questions: dict[str, Callable[[], Any]] = {
        "the first 20 of a role's": lambda: engine.inbox("mika", 20),
        "the 20 after them": lambda: engine.inbox("mika", 20, after=first[-1].place),
        "20 after the first 1,000": lambda: engine.inbox("mika", 20, after=deep),
        "the first 20, of one role by its name": lambda: engine.inbox("mika", 20, role="porter"),
        "a customer's own": lambda: engine.inbox("c7", 20),
    }
    spent: dict[str, list[float]] = {what: [] for what in questions}
    for _ in range(times):
        for what, question in questions.items():  # in turns: what else the machine does meets them alike
            began = perf_counter()
            found = question()
            spent[what].append(perf_counter() - began)
            assert found, "there are steps in each of these inboxes"
    for what, each in spent.items():
        longest = _percent(each, 99)
        yield Line(
            what, f"{median(each) * 1000:.2f} ms", f"{longest:.1f} ms", "", f"≤ {WANTED:.0f} ms", longest <= WANTED
        )


def _percent(spent: list[float], percent: int) -> float:
    """In milliseconds, what so many of a hundred took at most."""
    return sorted(spent)[len(spent) * percent // 100] * 1000


def _compared(what: str, few: list[float], many: list[float]) -> Line:
    shown = (f"{median(side) * 1000:.2f} ms (99 %: {_percent(side, 99):.1f})" for side in (few, many))
    return Line(f"  {what}", *shown, f"{median(few) / median(many):.2f}")


def measured(urls: tuple[str, str], size: Size, rounds: int, flows: int) -> list[Line]:
    """Fill the second database, and measure both."""
    began = perf_counter()
    fill(urls[1], size)
    console.print(f"filled in {perf_counter() - began:.0f} s")
    with ExitStack() as stack:
        fresh, full = (stack.enter_context(Engine(url, handlers={"fetch": fetch})) for url in urls)
        ready(fresh)
        return [*throughput(fresh, full, rounds, flows), *looks(fresh, full, 20 * flows)]


def measured_inboxes(url: str, size: Size, times: int) -> list[Line]:
    """Fill one database, and look into its inboxes."""
    began = perf_counter()
    fill(url, size)
    console.print(f"filled in {perf_counter() - began:.0f} s; {machine()}")
    with Engine(url, handlers={"fetch": fetch}) as engine:
        return list(inboxes(engine, times))


@contextmanager
def databases(kind: str, where: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two databases of a kind without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{where}/fresh.db", f"sqlite:///{where}/filled.db"
    else:
        with postgres(where) as address:
            yield address("fresh"), address("filled")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="one of the two alone")
    parser.add_argument("--small", action="store_true", help="a hundredth of it: a look, no measurement")
    for name, most in Size()._asdict().items():
        parser.add_argument(f"--{name}", type=int, help=f"instead of {most:,}")
    parser.add_argument("--memory", action="store_true", help="on a file system in memory: no disk hides the rest")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--flows", type=int, default=30, help="jobs in each round and database")
    parser.add_argument("--inbox", action="store_true", help="a million open steps, and the inboxes of who has them")
    given = parser.parse_args()
    usual = INBOX if given.inbox else Size()
    sizes = {name: most // (100 if given.small else 1) for name, most in usual._asdict().items()}
    sizes |= {name: value for name in sizes if (value := getattr(given, name)) is not None}
    console.print(machine())
    missed = 0
    for kind in (given.database,) if given.database else ("sqlite", "postgresql"):
        with folder(memory() if given.memory else None) as where, databases(kind, where) as urls:
            if given.inbox:
                lines = measured_inboxes(urls[1], Size(**sizes), given.rounds * given.flows)
            else:
                lines = measured(urls, Size(**sizes), given.rounds, given.flows)
        columns = ("half", "99 %") if given.inbox else ("fresh", "full")
        table = Table(kind, *columns, "ratio", "wanted", "")
        for line in lines:
            table.add_row(*line[:5], "" if line.met is None else "met" if line.met else "missed")
            missed += line.met is False
        console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
