"""Service handlers: the application's own code, called by name, outside any transaction (L11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any, Protocol, TypeVar

from flowengine.core.values import Json
from flowengine.errors import HandlerMissing

GROUP = "flowengine.handlers"
"""The group of entry points in which installed packages offer handlers: name of the service, function."""

NOTIFY = "engine.notify"
"""The handler that is given notices of opened steps and reminders, when it is registered."""


class Line(Protocol):
    """How a handler that runs speaks to its worker, and the worker to it."""

    def progress(self, words: str) -> None: ...

    @property
    def lost(self) -> bool: ...


class Silent:
    """The line of a handler that nobody listens to."""

    lost = False

    def progress(self, words: str) -> None:
        """Said to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerCall:
    """One attempt of one service call.

    ``key`` is the same at each attempt of the same call: hand it to whatever can refuse to do a thing twice (L11).
    ``attempt`` counts from 1. ``undo`` marks the call of an undo handler: ``input`` then has the ``call`` to be
    undone (its key), its ``input``, its ``result``, and whether it is ``certain`` that it had an effect: where that
    cannot be known any more, the result is None.

    Numbers in ``input`` are exact: ints, and Decimals where they have a fraction.

    ``token`` completes the call from outside, for a handler that returns :class:`Later`: a secret, the same at each
    attempt. ``trace`` is the W3C ``traceparent`` under which the handler runs, or empty.
    """

    job: str
    key: str
    handler: str
    input: Mapping[str, Json] = field(default_factory=dict)
    customer: Mapping[str, Any] = field(default_factory=dict)
    process: str = ""
    state: str = ""
    attempt: int = 1
    undo: bool = False
    token: str = field(default="", repr=False)
    trace: str = ""
    line: Line = field(default=Silent(), repr=False, compare=False)

    def progress(self, words: str) -> None:
        """Say how far this is: operators see the first 200 characters of what was said last, about a second later.
        It costs the handler nothing, so it may be said often."""
        self.line.progress(words)

    @property
    def lost(self) -> bool:
        """Whether nobody waits for this attempt any more: the claim was lost or the job went on. Stop early then."""
        return self.line.lost


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a handler returns to end its service with an outcome of its own: ``Outcome("out_of_stock", {...})``."""

    name: str
    result: Json = None


@dataclass(frozen=True, slots=True)
class Later:
    """What a handler returns when somebody else will complete the call with its ``token``
    (:meth:`Engine.complete <flowengine.engine.Engine.complete>`). After ``within`` the attempt has failed."""

    within: timedelta = timedelta(days=1)


class GiveUp(Exception):
    """What a handler raises when trying again is of no use: the call has failed, whatever attempts are left."""


class TryLater(Exception):
    """What a handler raises to be tried again not before ``after`` is over (``Retry-After``); the attempt counts."""

    def __init__(self, message: str, after: timedelta) -> None:
        super().__init__(message)
        self.after = after


Handler = Callable[[HandlerCall], Any]
"""Returns JSON (or None) for the outcome ``done``, an :class:`Outcome` or :class:`Later`; raises to be tried again. May
be an ``async def``."""

AnyHandler = TypeVar("AnyHandler", bound=Handler)
"""A handler of a type of its own, which stays that when it is registered."""


class Handlers:
    """The handlers that an engine knows, by name. Entry points are read once, when a name is first not found."""

    def __init__(self, known: Mapping[str, Handler] | None = None) -> None:
        self._known: dict[str, Handler] = dict(known or {})
        self._offered: dict[str, Any] | None = None
        self._lock = Lock()

    def add(self, more: Mapping[str, Handler]) -> None:
        """Register handlers; a name that is there already is replaced."""
        with self._lock:
            self._known.update(more)

    def decorator(self, name: str) -> Callable[[AnyHandler], AnyHandler]:
        def register(handler: AnyHandler) -> AnyHandler:
            self.add({name: handler})
            return handler

        return register

    def get(self, name: str) -> Handler:
        """The handler of that name. Raises HandlerMissing, which lists those that are registered."""
        found = self._known.get(name) or self._load(name)
        if found is None:
            raise HandlerMissing(f"no handler {name!r} is registered", where=name, possible=self.names())
        return found

    def has(self, name: str) -> bool:
        """Whether there is such a handler, without loading it."""
        return name in self._known or name in (self._offered if self._offered is not None else self._entry_points())

    def names(self) -> tuple[str, ...]:
        """The names of all handlers, sorted."""
        return tuple(sorted({*self._known, *self._entry_points()}))

    def _entry_points(self) -> dict[str, Any]:
        with self._lock:
            if self._offered is None:
                from importlib.metadata import entry_points  # only here: the process of a lone attempt needs none

                self._offered = {point.name: point for point in entry_points(group=GROUP)}
            return self._offered

    def _load(self, name: str) -> Handler | None:
        point = self._entry_points().get(name)
        if point is None:
            return None
        handler: Handler = point.load()
        self.add({name: handler})
        return handler
