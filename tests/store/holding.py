"""Has the turn to write until it is told otherwise: ``python holding.py <lock|database> <path or url>``.

Prints ``held`` when it has the turn, waits for a line, gives the turn back, prints ``over``, and so on for each line.
With ``database`` it has a transaction open that has written a row.
"""

from __future__ import annotations

import sys

from drafts import NOW

from flowengine.store import Database
from flowengine.store.locks import FileLock


def tell(word: str) -> None:
    """Say how far it has come, and wait to be told to go on."""
    print(word, flush=True)
    sys.stdin.readline()


def hold_lock(path: str) -> None:
    lock = FileLock(path)
    while True:
        lock.acquire(60)
        tell("held")
        lock.release()
        tell("over")


def hold_database(url: str) -> None:
    with Database.open(url, timeout=60) as database:
        number = 0
        while True:
            number += 1
            with database.writing() as tx:
                tx.outbox.add(f"holder{number}", 1, "note", {}, NOW)
                tell("held")
            tell("over")


if __name__ == "__main__":
    (hold_lock if sys.argv[1] == "lock" else hold_database)(sys.argv[2])
