"""A position being changed: events are applied to it one by one, and it remembers what has to be written.

``advance`` records events through a draft while it computes, and ``rebuild`` folds a history with it, so both agree by
construction (L5).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flowengine.core import events as e
from flowengine.core.ground import Effects, Ground, memory_owner, replace
from flowengine.core.meaning import APPLY
from flowengine.core.position import MemoryPosition, Position

__all__ = ["Draft", "Effects", "memory_owner", "moment_text", "rebuild", "replace", "settle"]


class Draft(Ground):
    """A position with changes on top, and the events that made them."""

    def __init__(self, base: Position | None = None) -> None:
        super().__init__(base)
        self.events: list[e.AnyEvent] = []

    def record(self, event: e.AnyEvent) -> None:
        """Apply an event and keep it for the history."""
        APPLY[type(event)](self, event)
        self.events.append(event)

    def apply(self, event: e.AnyEvent) -> None:
        """Apply an event that is in the history already."""
        APPLY[type(event)](self, event)


def settle(base: MemoryPosition | None, draft: Draft) -> MemoryPosition:
    """The position with the draft's changes, in memory. ``base`` is not changed."""
    effects = draft.effects
    branches = {name: b for name, b in (base.branches if base else {}).items() if name not in effects.closed_branches}
    seated = {step: seats for step, seats in (base.seated if base else {}).items() if step not in effects.closed_steps}
    for step, seats in effects.seats.items():
        seated[step] = seated.get(step, {}) | seats
    return MemoryPosition(draft.head, dict(draft.data), branches | effects.branches, seated)


def rebuild(history: Iterable[Iterable[e.AnyEvent]]) -> MemoryPosition:
    """The position that a job's history amounts to (L5): its events in order, one inner iterable per command."""
    position: MemoryPosition | None = None
    for events in history:
        draft = Draft(position)
        for event in events:
            draft.apply(event)
        position = settle(position, draft)
    assert position is not None, "a history begins with Started"
    return position


def moment_text(moment: datetime) -> str:
    """A moment as the core writes it into data: ISO 8601 in UTC."""
    return moment.isoformat().replace("+00:00", "Z")
