"""``message``: something from outside, known by its name and, where the state has one, its key."""

from __future__ import annotations

from flowengine.core import events as e
from flowengine.core.fields import as_plain, check_answer
from flowengine.core.kinds.base import Waiting
from flowengine.core.spot import Result, Spot
from flowengine.core.values import Json, KeptMessage
from flowengine.errors import BadAnswer
from flowengine.language.texts import key_text
from flowengine.language.types import Message


class Receiving(Waiting[Message]):
    """Waits for a message; one that came early, but not earlier than the state's ``keep``, is taken at once.

    The message's body is held against the state's fields, where it has any, and saved. A state without ``key`` takes
    the message whatever its key.
    """

    def enter(self, spot: Spot) -> Result | None:
        for message in self._early(spot):
            result = self._take(spot, message)
            if result is not None:
                return result
        return None

    def deliver(self, spot: Spot, message: KeptMessage) -> Result | None:
        return Result("received", self._body(spot, message))

    def _early(self, spot: Spot) -> list[KeptMessage]:
        """The kept messages that came early, but not too early for this state: this job's own, then those of all."""
        state = self.state(spot)
        keep, name = state.keep, state.message
        if keep is None:
            return []
        key = None if state.key is None else key_text(state.key.value(spot.names()))
        own = [one for one in spot.draft.head.kept if one.name == name and key in (None, one.key)]
        zone = spot.process.clock
        return [one for one in (*own, *spot.world.kept(name, key)) if keep.after(one.came, zone) > spot.now]

    def _take(self, spot: Spot, message: KeptMessage) -> Result | None:
        """Take a kept message; one whose body breaks the fields is dropped, for who acts now is not who sent it."""
        try:
            result: Result | None = self.deliver(spot, message)
        except BadAnswer:
            result = None
        whole = message if message.id else None
        spot.draft.record(e.MessageTaken(number=message.number, dropped=result is None, message=whole))
        return result

    def _body(self, spot: Spot, message: KeptMessage) -> Json:
        body = {} if message.body is None else message.body
        where = f"message {message.name}"
        if spot.state.fields:
            return check_answer(spot.state.fields, body, where, names=spot.names, world=spot.world)
        return as_plain(body, where)
