"""What the history of a job keeps and nobody is shown: who voted what in a secret vote.

The history must hold each ballot, for without it the position could not be rebuilt (L5). Whoever shows an entry of the
history, to whomever, shows it veiled.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowengine.core import events as e
from flowengine.core.commands import Act, ActFor, AnyCommand
from flowengine.core.draft import replace


def veiled(command: AnyCommand, events: Sequence[e.AnyEvent]) -> tuple[AnyCommand, tuple[e.AnyEvent, ...]]:
    """A command and its events as they may be shown.

    Of a secret ballot the answer is left out, wherever it stands, that it abstained too, and the tally with it: the
    difference of two tallies would tell the ballot between them.
    """
    if not any(isinstance(event, e.SeatAnswered) and event.secret for event in events):
        return command, tuple(events)
    shown = replace(command, outcome="vote", answer={}) if isinstance(command, Act | ActFor) else command
    return shown, tuple(_veil(event) for event in events)


def _veil(event: e.AnyEvent) -> e.AnyEvent:
    if isinstance(event, e.SeatAnswered) and event.secret:
        return replace(event, seat=replace(event.seat, answer=None))
    if isinstance(event, e.Counted):
        return replace(event, tally={}, abstained=0, abstained_weight=0)
    return event
