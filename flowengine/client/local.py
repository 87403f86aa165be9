"""A desk on an engine in this process."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime, tzinfo
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flowengine.client.asking import keyed
from flowengine.client.desk import Desk
from flowengine.client.wire import asking
from flowengine.core.values import Actor
from flowengine.engine import Engine
from flowengine.errors import FlowError, NotFound, Refused
from flowengine.language.model import Process
from flowengine.people.identities import By, person_of, reading
from flowengine.people.permissions import PROGRAM
from flowengine.speech.readers import words_for
from flowengine.views.keyed import Answer, Keyed
from flowengine.views.replies import NeedView, PersonView


class LocalDesk(Desk):
    """A desk on an engine, which it closes with itself.

    ``identity`` is an exact person's id or an actor that the application vouches for (L15); without one the program
    itself asks. ``typed`` is, instead, what a person at a terminal typed to say who he is: he is found by it when the
    desk is first asked, by his whole id, contact or name; else it is an id that nobody has yet. ``language`` is that in
    which he reads, as ``de``, and is told what cannot be done; without one his own, and refusals are in English.
    """

    def __init__(self, engine: Engine, identity: By | None = None, *, typed: str = "", language: str = "") -> None:
        self._engine = engine
        self._identity = identity or (None if typed else PROGRAM)
        self._typed = typed
        self._language = language
        self._zone: str | None = None
        self._key = ""

    def close(self) -> None:
        self._engine.close()

    def once(self, key: str) -> Self:
        desk = copy(self)
        desk._key = key
        return desk

    def now(self) -> datetime:
        return self._engine.clock.now()

    @property
    def zone(self) -> str:
        if self._zone is None:
            me = self.me
            self._zone = me.zone if me is not None else ""
        return self._zone

    @property
    def me(self) -> PersonView | None:
        who = self._who(self._engine)
        try:
            return None if isinstance(who, Actor) else self._engine.person(person_of(who))
        except NotFound:
            return None  # he is new

    def _ask(self, verb: str, /, *given: Any, **named: Any) -> Any:
        try:
            return self._done(verb, given, named)
        except FlowError as error:
            error.tell(words_for(self._language, self._clock(error)).tell)
            raise

    def _clock(self, error: FlowError) -> tzinfo | None:
        """The zone of who is refused, where it is known; where the database failed, it is not asked once more."""
        if not isinstance(error, Refused):
            return None
        try:
            return ZoneInfo(self.zone) if self.zone else None
        except (Refused, ZoneInfoNotFoundError):
            return None  # nobody whom the database knows, or a zone that is not on this machine

    def _done(self, verb: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        if self._key and (request := keyed(verb, given, named, self._key)) is not None:
            how = asking(verb)
            if how.key is not None:
                return self.once("")._ask(verb, *given, **named | {how.key.name: self._key})
            return how.answer(self.ask_once(request, given, named).content)
        if verb != "find_step":
            return getattr(self._engine, verb)(*given, by=self._who(self._engine), **named)
        with self._engine.looking() as engine:  # who asks, and what he means, in one transaction
            return engine.find_step(*given, by=self._who(engine), **named)

    def ask_once(self, request: Keyed, given: tuple[Any, ...], named: Mapping[str, Any]) -> Answer:
        """What a verb that takes no request key answers under one, as JSON."""
        how, who = asking(request.verb), self._who(self._engine)

        def ask(engine: Engine) -> bytes:
            return how.content(getattr(engine, request.verb)(*given, by=who, **named), named.get("limit"))

        return self._engine.once(request, ask, who=who)

    def _who(self, engine: Engine) -> By:
        """Who asks. A mere beginning of an id or a name is nobody's: ``ann``, who is new, must not become Anna."""
        if self._identity is None:
            try:
                found = engine.find_person(self._typed)
            except NotFound:
                return reading(self._typed, self._language)
            ways = [one.address for one in engine.contacts(found.id)]
            whole = {text.casefold() for text in (found.contact, found.name, *ways)}
            self._identity = found.id if self._typed.strip().casefold() in whole else self._typed
        return reading(self._identity, self._language)

    def need(self, process: str) -> NeedView:
        me = None if self._language else self.me
        language = me.language if me is not None else self._language
        return self._engine.need(process, by=reading(PROGRAM, language))  # by the program: he may be new

    def source(self, process: str, version: str | None = None) -> str:
        found: Process = self._ask("process", process, version)
        return found.source
