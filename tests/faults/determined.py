"""What a schedule must not leave to chance: ids, jitter, heartbeats by the wall clock, and threads of their own.

Everything here is put in place for the time of one world and taken away after it. The product is not changed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from flowengine.clock import Clock
from flowengine.commands import messages
from flowengine.commands import shell as shell_module
from flowengine.post import outbox
from flowengine.runtime import wanted
from flowengine.work import services


class Inline:
    """Stands where a pool of threads stood: what is submitted is done at once, by whoever submits it."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*given))
        except Exception as error:
            done.set_exception(error)
        return done

    def shutdown(self, *_: object, **__: object) -> None:
        pass


def ids() -> Callable[[], str]:
    """Ids in a fixed order, formed as the real ones are: they sort by when they were made, and end at random."""
    made = 0

    def next_id() -> str:
        nonlocal made
        made += 1
        digits = sha256(f"{made}".encode()).hexdigest()
        return f"{made:08x}-{digits[:4]}-7{digits[4:7]}-8{digits[7:10]}-{digits[10:22]}"

    return next_id


@contextmanager
def determined(clock: Clock) -> Iterator[None]:
    """Nothing but the schedule decides, as long as this lasts; what is remembered for seconds, by ``clock``."""

    def monotonic() -> float:
        return clock.now().timestamp()

    next_id = ids()
    changes: list[tuple[Any, str, Any]] = [
        (shell_module, "new_id", next_id),
        (messages, "new_id", next_id),
        (services, "BEAT", 1e6),  # seconds: a handler that pauses here is not kept alive by the wall clock
        (outbox, "ThreadPoolExecutor", Inline),
        (outbox, "monotonic", monotonic),
        (wanted, "monotonic", monotonic),
    ]
    before = [(module, name, getattr(module, name)) for module, name, _ in changes]
    for module, name, value in changes:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
