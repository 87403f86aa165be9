"""What a poison handler costs the others: calls a second of a good handler, alone and beside a poison one.

One kind after another: a handler that raises, one that hangs beyond its limit, and one that ends its process. The good
calls are all there before the worker starts; the time is from the first to the last of them. ``--quick`` for a look.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import monotonic, sleep

from bench_machine import folder
from bench_worker import ADA, began, one_service, ready, wait_for_open, worker

from flowengine import Engine

POISON = ("raises", "hangs", "kills")


def span(where: Path, poison: str, jobs: int) -> float:
    """Seconds from the first good call to the last, with some poisonous ones among them."""
    url = f"sqlite:///{where}/{poison}{monotonic()}.db"
    with ready(url, one_service("good"), *([one_service(poison)] if poison else [])) as engine:
        good = []
        for number in range(jobs):
            good.append(engine.start("of_good", by=ADA).job)
            if poison and number == jobs // 10:
                engine.start(f"of_{poison}", by=ADA)
        with worker(url, where):
            wait_for_open(engine, "of_good", 0, 600)
            times = [began(engine, job) for job in good]
            if poison:
                _quarantined(engine, poison)
        return max(times) - min(times)


def _quarantined(engine: Engine, poison: str) -> None:
    """Wait until the poisonous call has given up, and see that it is an incident after its attempts."""
    end = monotonic() + 120
    while not (incidents := engine.incidents()):
        if monotonic() > end:
            raise TimeoutError(f"the call that {poison} has not given up")
        sleep(0.1)
    (incident,) = incidents
    print(f"  {poison}: given up after {incident.attempts} attempts: {incident.error.splitlines()[0][:90]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    jobs = 2_000 if parser.parse_args().quick else 10_000
    with folder() as where:
        alone = [span(where, "", jobs)]
        for poison in POISON:  # each between two without, so that a busy machine slows both
            beside = span(where, poison, jobs)
            alone.append(span(where, "", jobs))
            cost = 2 * beside / (alone[-2] + alone[-1]) - 1
            fine = "ok" if cost < 0.05 else "MISSED"
            rate = f"{jobs / beside:,.0f} good calls/s, {cost:+.1%}"
            print(f"beside one that {poison}: {rate}; wanted < 5%: {fine}", flush=True)


if __name__ == "__main__":
    main()
