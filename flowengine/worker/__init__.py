"""The loop that keeps flows going: due timers, service calls and the outbox.

The names below are imported when they are first used: the process of a lone attempt, and the supervisor, need little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowengine.worker.loading import load_handlers
    from flowengine.worker.loop import Worker

__all__ = ["Worker", "load_handlers"]

_HOMES = {"Worker": "loop", "load_handlers": "loading"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'flowengine.worker' has no attribute {name!r}")
    value = getattr(import_module(f"flowengine.worker.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
