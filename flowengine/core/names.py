"""What an expression sees of a job: ``data``, ``customer``, ``job``, ``now``, ``outcome``, ``item``, and the past."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any, TypeVar

import msgspec

from flowengine.core.draft import memory_owner
from flowengine.core.position import Position
from flowengine.core.values import ROOT, Branch, Json, Memory
from flowengine.core.wording import kind_of_value, of_options, of_people, said_of, title_of, wording
from flowengine.core.world import World
from flowengine.language.expressions import Expression
from flowengine.language.model import Process
from flowengine.language.parts import Calendar
from flowengine.language.texts import plain
from flowengine.speech.words import Words

T = TypeVar("T")


class JobNames(msgspec.Struct, frozen=True):
    """Names as seen from one branch. ``more`` adds what only some places know (``outcome``, ``member``, ``done`` …)."""

    position: Position
    branch: Branch
    now: datetime
    world: World
    process: Process
    more: Mapping[str, Any] = {}

    @property
    def zone(self) -> tzinfo:
        """The zone of days and times of day."""
        return self.process.clock

    @property
    def currency(self) -> str:
        """The currency of money, or an empty text."""
        return self.process.currency

    @property
    def words(self) -> Words:
        """In which money, days and numbers are told."""
        return self.process.words

    @property
    def calendars(self) -> Mapping[str, Calendar]:
        """The calendars in which working time is counted, by name."""
        return self.process.calendars

    def variable(self, name: str, members: frozenset[str] | None) -> Any:
        if name in self.more:
            return self.more[name]
        if name == "data":
            return self._data(members)
        if name == "customer":
            return dict(self.world.customer)
        if name == "job":
            head = self.position.head
            return {"id": head.job, "process": head.process, "customer": head.customer, "started": head.started}
        if name == "now":
            return self.now
        return self._item(name)

    def _data(self, members: frozenset[str] | None) -> dict[str, Json]:
        """The job's data under the own data of the branches around, only as far as it is needed."""
        layers: list[Mapping[str, Json]] = [owner.data for owner in self._owners()]
        layers.append(self.position.data)
        if members is None:
            whole: dict[str, Json] = {}
            for layer in reversed(layers):
                whole.update(layer)
            return whole
        found: dict[str, Json] = {}
        for key in members:
            for layer in layers:
                if key in layer:
                    found[key] = layer[key]
                    break
        return found

    def _owners(self) -> list[Branch]:
        """The branches of an each around this one, innermost first."""
        owners, owner = [], memory_owner(self.position, self.branch)
        while owner.id != ROOT:
            owners.append(owner)
            above = self.position.branch(owner.parent or ROOT)
            assert above is not None, f"the parent of {owner.id} is not open"
            owner = memory_owner(self.position, above)
        return owners

    def _item(self, name: str) -> Json:
        """``item`` is the innermost item; ``as`` names of an each are found by the branch's ``name``."""
        for owner in self._owners():
            if name in ("item", owner.name):
                return owner.item
        raise KeyError(name)

    def function(self, name: str) -> Callable[..., Any]:
        known: dict[str, Callable[..., Any]] = {
            "passed": self.passed, "at": self.at, "by": self.by, "count": self.count, "outcome": self.outcome,
            "name": self.person_name, "title": self.option_title,
        }  # fmt: skip
        return known[name]

    def person_name(self, id: Any, path: tuple[str, ...] | None = None) -> str:  # noqa: ARG002 - as of options
        """The name of a person by his id, which may be a list of such; an id that nobody has as it is."""
        return plain(of_people(id, self.world.name))

    def option_title(self, id: Any, among: str = "", path: tuple[str, ...] | None = None) -> str:
        """The title of an option by its id, which may be a list of such: one of those ``among`` which it is looked for,
        else of those from which what the ``path`` leads to was chosen, else of any. Raises
        :class:`ExpressionFailed`."""
        known = wording(self.process).places.get(path) if path is not None and not among else None
        if known is not None:
            return of_options(id, known, self._at_path)
        return title_of(self.process, id, among, self._at_path)

    def word(self, expression: Expression, value: Any) -> Any:
        """The value of an expression as a text tells it: persons by name and options by title, where it is known of the
        expression that it gives such."""
        kind = kind_of_value(self.process, expression)
        if kind is None or value in ("", None):
            return said_of(self.process, expression, value) if self.process.told else value
        return of_people(value, self.world.name) if isinstance(kind, str) else of_options(value, kind, self._at_path)

    def _at_path(self, path: tuple[str, ...]) -> Any:
        """What there is at a place of the data; None where there is nothing."""
        value: Any = self._data(frozenset(path[1:2]))
        for key in path[1:]:
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return value

    def passed(self, state: str) -> bool:
        """Whether the job (or the item, inside an each) has ever passed that state."""
        return self.count(state) > 0

    def count(self, state: str) -> int:
        """How often it passed that state. Around an each: how often its items did, all together."""
        return self._recall(lambda memory: memory.passed.get(state)) or 0

    def by(self, state: str) -> str:
        """The id of the person who did that state last, or an empty text."""
        return self._recall(lambda memory: memory.by.get(state)) or ""

    def outcome(self, state: str) -> str:
        """The outcome with which that state was passed last, or an empty text."""
        return self._recall(lambda memory: memory.outcome.get(state)) or ""

    def _recall(self, what: Callable[[Memory], T | None]) -> T | None:
        """What is remembered here, else around here; of the items of an each, an item recalls itself alone."""
        own = ""
        for owner in (*self._owners(), self._root()):
            others = (memory for path, memory in owner.memory.inside.items() if path != own)
            for memory in (owner.memory, *others):
                found = what(memory)
                if found:
                    return found
            own = owner.scope
        return None

    def at(self, state: str) -> bool:
        """Whether some branch of the job stands in that state now."""
        return self.position.head.standing.get(state, 0) > 0

    def _root(self) -> Branch:
        root = self.position.branch(ROOT)
        assert root is not None, "the root branch is always open"
        return root
