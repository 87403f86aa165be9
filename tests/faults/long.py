"""The long form: ``python tests/faults/long.py --seed 7 --schedules 10000 --database sqlite``."""

from __future__ import annotations

import argparse
import sys
import time

from schedules import run_schedule, shrink
from stores import Store


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="1")
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--url", default="sqlite://")
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    store = Store(args.url)
    from collections import Counter

    total, points = Counter(), Counter()
    begun = time.perf_counter()
    for n in range(args.first, args.first + args.schedules):
        seed = f"{args.seed}/{n}"
        done = run_schedule(store, seed)
        for k, v in (
            ("requests", len(done.record.requests)),
            ("runs", sum(map(len, done.record.runs.values()))),
            ("crashes", done.record.crashes),
            ("zombies", done.record.zombies),
            ("acks", sum(r.receipt is not None for r in done.record.requests)),
            ("notices", len(done.record.notices)),
        ):
            total[k] += v
        points.update(done.record.points)
        if done.broken:
            print(n, done.broken, len(done.choices), flush=True)
            less = shrink(store, done.choices)
            again = run_schedule(store, replay=less)
            print(
                "\n".join(
                    x for x in again.log if "from read" not in x and "from write" not in x and "from begin" not in x
                )
            )
            print("shrunk:", less, again.broken)
            return 1
    print(args.schedules, "schedules", time.perf_counter() - begun, "s", total)
    print({k: v for k, v in sorted(points.items()) if not k.startswith("passed")})
    return 0


if __name__ == "__main__":
    sys.exit(main())
