"""Who watches the engine at work: meters and tracers. Nobody does unless an application asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from flowengine.runtime.handlers import HandlerCall
from flowengine.store import Saved


@dataclass(slots=True)
class Commanded:
    """A command that is carried out. ``trace`` is the W3C ``traceparent`` that the calls it opens are given.

    ``saved`` is what it wrote, once it has; empty for what was refused or asks for nothing new. Calls of several jobs
    that are settled together are watched as one command, which has written an entry for each.
    """

    trace: str = ""
    saved: Sequence[Saved] = ()


@dataclass(slots=True)
class Attempted:
    """An attempt of a handler. ``trace`` is the ``traceparent`` it runs under; ``outcome`` is there once it ended."""

    call: HandlerCall
    trace: str = field(default="")
    outcome: str = ""


class Observer(Protocol):
    """Is told of each command and each attempt, around it. What is raised inside passes through."""

    def command(self, seen: Commanded) -> AbstractContextManager[None]: ...

    def attempt(self, seen: Attempted) -> AbstractContextManager[None]: ...


class Observers:
    """Several observers as one; the first that sets a trace is the one whose trace is carried on."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self.all = tuple(observers)

    def __bool__(self) -> bool:
        return bool(self.all)

    def add(self, observer: Observer) -> None:
        """Let one more watch."""
        self.all = (*self.all, observer)

    def command(self, seen: Commanded) -> AbstractContextManager[object]:
        """All of them around a command."""
        return self.all[0].command(seen) if len(self.all) == 1 else self._around(seen)

    @contextmanager
    def _around(self, seen: Commanded) -> Iterator[None]:
        with ExitStack() as stack:
            for one in self.all:
                stack.enter_context(one.command(seen))
            yield

    @contextmanager
    def attempt(self, call: HandlerCall) -> Iterator[Attempted]:
        seen = Attempted(call=call, trace=call.trace)
        with ExitStack() as stack:
            for one in self.all:
                stack.enter_context(one.attempt(seen))
            yield seen
