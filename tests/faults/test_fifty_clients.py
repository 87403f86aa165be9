"""Fifty clients want one step at the same moment: one has it, and each of the others is told why not."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from flowengine import Engine, Receipt
from flowengine.errors import FlowError

CLIENTS = 50

TASK = """
process: one_task
title: One task for many
need: A thing done
roles: {maker: {title: Maker}}
states:
  need: {type: need, next: make}
  make: {type: task, for: maker, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def _all_at_once(url: str, ask: Callable[[Engine, str], Receipt]) -> Counter[str]:
    """Each client has connections of its own, and asks when all are ready; how many were told what."""
    barrier, told, lock = threading.Barrier(CLIENTS), Counter[str](), threading.Lock()

    def client(number: int) -> None:
        with Engine(url, handlers={}) as engine:
            engine.person(f"maker_{number}")  # connected before the start
            barrier.wait(120)
            try:
                ask(engine, f"maker_{number}")
                word = "won"
            except FlowError as error:
                word = error.code
            with lock:
                told[word] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.parametrize(("what", "lost"), [("claim", "AlreadyClaimed"), ("act", "StaleCommand")])
def test_one_wins_and_the_others_are_told_why_not(database_url: str, what: str, lost: str) -> None:
    """Of fifty who claim a step, or end it, one does; 49 get a typed conflict, and the history has it once."""
    with Engine(database_url, handlers={}) as engine:
        engine.deploy(TASK)
        for number in range(CLIENTS):
            engine.add_staff(f"maker_{number}", roles=["maker"])
        receipt = engine.start("one_task", by="ada")
        (step,) = [item.id for item in engine.inbox("maker_0")]
        if what == "claim":
            told = _all_at_once(database_url, lambda one, who: one.claim(step, by=who))
        else:
            told = _all_at_once(database_url, lambda one, who: one.act(step, "done", by=who, key=f"of {who}"))
        assert told == {"won": 1, lost: CLIENTS - 1}
        assert len(engine.history(receipt.job)) == 2
        assert engine.audit().fine
