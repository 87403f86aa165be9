"""What a picture shows, before anything has a place: cards and frames, arrows between them, and lines in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "customer", "task", "code", "clock", "message", "decision", "tell", "several", "fulfilled", "ended"
]
"""How a state is drawn: by its colour, and by a mark beside its title."""

Standing: TypeAlias = Literal["", "passed", "here", "ahead"]
"""What a state is for one job; empty where no job is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPath:
    """A job's way so far: the states it has been in, and those in which it stands now, by name."""

    passed: frozenset[str] = frozenset()
    here: frozenset[str] = frozenset()

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]], here: Iterable[str]) -> JobPath:
        """The way that the events of a job's history tell, as they are written there, and where it stands now. What
        was called otherwise before the job was migrated has the name that it has now."""
        passed: set[str] = set()
        for event in events:
            if event["event"] == "Entered":
                passed.add(event["state"])
            elif event["event"] == "Migrated":
                names = event.get("states", {})
                passed = {names.get(name, name) for name in passed}
        return cls(passed=frozenset(passed), here=frozenset(here))

    def standing(self, name: str) -> Standing:
        """What a state is for the job."""
        return "here" if name in self.here else "passed" if name in self.passed else "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many jobs stand in a state, and how long they have: half of them at least ``median``, one ``longest``."""

    jobs: int
    median: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A small line in a card. ``late``: the way of a deadline. ``crowd``: who stands there now."""

    text: str
    kind: Literal["who", "way", "late", "note", "crowd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a race: one of those of which the first closes the others."""

    title: str
    who: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One state."""

    name: str
    title: str
    kind: Kind
    lines: tuple[Line, ...] = ()
    members: tuple[Member, ...] = ()
    standing: Standing = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Where a scope inside a state is over."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A way from one thing to another beside it, by their names; ``back``: to what comes before. ``spine``: on the
    shortest way to the good end."""

    source: str
    target: str
    label: str = ""
    back: bool = False
    spine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What stands in one scope: the things on the usual way, the arrows between them, and what stands aside."""

    things: tuple[Thing, ...]
    arrows: tuple[Arrow, ...] = ()
    asides: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame around a scene: a state with states in it, one branch, or what stands aside (then ``name`` is empty).

    ``listed``: its cards stand in rows, and nothing leads from one to another."""

    name: str
    title: str
    scene: Scene
    note: str = ""
    lines: tuple[Line, ...] = ()
    kind: Literal["group", "branch", "aside", "ends", "always"] = "group"
    standing: Standing = ""
    link: str = ""
    listed: bool = False


Thing: TypeAlias = Card | Frame | Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The whole: a title, what the need is, and the outermost scene."""

    name: str
    version: str
    title: str
    need: str
    scene: Scene
    notes: tuple[str, ...] = ()
    """What starts it, and who answers questions."""


Links: TypeAlias = Mapping[str, str]
"""Where a state's card leads when somebody presses it, by the state's name."""
