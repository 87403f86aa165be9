"""``service``: code, as a handler by name or over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from flowengine.core import events as e
from flowengine.core.commands import Finish
from flowengine.core.fields import as_json, as_plain, check_answer
from flowengine.core.kinds.base import Waiting
from flowengine.core.spot import NOTHING, Result, Spot
from flowengine.core.values import Json, ServiceCall, Undoable
from flowengine.language.expressions import Expression
from flowengine.language.parts import DONE
from flowengine.language.types import Service


def inputs(spot: Spot, given: Mapping[str, Expression]) -> dict[str, Json]:
    """The values of expressions by name, as JSON."""
    if not given:
        return {}
    names = spot.names()
    return {name: as_json(expression.value(names), expression.source) for name, expression in given.items()}


class Calling(Waiting[Service]):
    """Waits for a handler's outcome and result.

    The result is saved: with ``done`` it is held against the state's fields, where it has any (a bad one is an incident
    and nothing is saved), with other outcomes it is saved as it is, if there is one. A call that ended as ``done`` can
    be undone; a handler that ends otherwise must have left nothing to undo.
    """

    def enter(self, spot: Spot) -> Result | None:
        state = self.state(spot)
        spot.open_call(handler=state.call, http=state.http, input=inputs(spot, state.input))
        return None

    def renew(self, spot: Spot, before: Spot) -> None:
        """A call that nobody has ever taken is made anew where another handler, or another input, is wanted now; one
        that was tried goes on as it is, for it may have had its effect."""
        now, was = self.state(spot), self.state(before)
        if (now.call, now.http, now.input) == (was.call, was.http, was.input):
            return
        for call in spot.branch.calls:
            if call.member == spot.member and not call.undo and spot.world.attempt(call.number) is None:
                spot.draft.record(e.CallClosed(branch=spot.branch_id, call=call.number))
                spot.open_call(handler=now.call, http=now.http, input=inputs(spot, now.input))

    def finish(self, spot: Spot, call: ServiceCall, command: Finish) -> Result | None:
        state, where = self.state(spot), f"the result of {spot.state.name}"
        if command.outcome != DONE:
            return Result(command.outcome, NOTHING if command.result is None else as_plain(command.result, where))
        result = {} if command.result is None else command.result
        if state.fields:
            result = check_answer(state.fields, result, where, names=spot.names, world=spot.world)
        else:
            result = as_plain(result, where)
        if state.undo:
            spot.draft.record(e.UndoNoted(branch=spot.branch_id, undoable=_undoable(state, call, result)))
        return Result(DONE, result)


def _undoable(state: Service, call: ServiceCall, result: Json) -> Undoable:
    return Undoable(
        call=call.number,
        state=call.state,
        member=call.member,
        handler=state.undo,
        branch=call.branch,
        input=call.input,
        result=result,
    )
