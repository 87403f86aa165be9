"""The shell around the pure core: one command, one transaction.

The names below are imported when they are first used: a handler that runs in a process of its own needs
:class:`Outcome` and its like, and nothing of the database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowengine.engine.engine import By, Engine
    from flowengine.engine.handlers import NOTIFY, GiveUp, Handler, HandlerCall, Later, Outcome, TryLater
    from flowengine.engine.settings import Settings

__all__ = ["NOTIFY", "By", "Engine", "GiveUp", "Handler", "HandlerCall", "Later", "Outcome", "Settings", "TryLater"]

_HOMES = {"By": "engine", "Engine": "engine", "Settings": "settings"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'flowengine.engine' has no attribute {name!r}")
    value = getattr(import_module(f"flowengine.engine.{_HOMES.get(name, 'handlers')}"), name)
    globals()[name] = value
    return value
