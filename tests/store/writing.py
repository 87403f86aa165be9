"""Writes as often as it can for a second: ``python writing.py <url>``.

Prints ``ready``, waits for a line, and prints how often it wrote.
"""

from __future__ import annotations

import sys
import time

from drafts import NOW

from flowengine.store import Database, new_id


def main(url: str) -> None:
    """Count the transactions of a second."""
    job, count = new_id(), 0
    with Database.open(url) as database:
        print("ready", flush=True)
        sys.stdin.readline()
        end = time.monotonic() + 1
        while time.monotonic() < end:
            with database.writing() as tx:
                tx.outbox.add(job, count, "note", {}, NOW)
            count += 1
    print(count)


if __name__ == "__main__":
    main(sys.argv[1])
