"""From a process to what its picture shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from flowengine.errors import Refused
from flowengine.interop import labels as words
from flowengine.interop.drawing.arrows import Drawn, drawn, is_usual
from flowengine.interop.drawing.scene import (
    Arrow,
    Card,
    Crowd,
    Exit,
    Frame,
    JobPath,
    Kind,
    Line,
    Links,
    Member,
    Picture,
    Scene,
    Standing,
    Thing,
)
from flowengine.interop.labels import Way
from flowengine.language.durations import Duration, Working
from flowengine.language.model import Process, Scope, State
from flowengine.language.parts import DONE, EXPIRED
from flowengine.language.texts import spoken
from flowengine.language.types import Branch, Each, Parallel, Race, Stage

_PAGE = re.compile(r"(/(?![/\\])|\?|#|\./|https?://)")
TO = "→\N{NO-BREAK SPACE}"
LONGEST = 64
"""Characters of a condition that are shown."""
MOST_TARGETS = 4
"""Ways of a state that are lines of their own; of a state with more that need no words, one line lists where to."""


def tell(
    process: Process, path: JobPath | None = None, counts: Mapping[str, Crowd] | None = None, links: Links | None = None
) -> Picture:
    """What the picture of a process shows. Raises Refused for a link that leads elsewhere than to a page."""
    for link in (links or {}).values():
        if not _PAGE.match(link):
            raise Refused("this is not the address of a page", where=link[:60], possible=("/…", "https://…"))
    teller = _Teller(process, path, counts or {}, links or {})
    scene = teller.scene(process.root)
    always = teller.always(process.root)
    return Picture(
        name=process.name,
        version=process.version,
        title=process.title,
        need=process.need,
        scene=replace(scene, asides=(*always, *scene.asides)),
        notes=(
            *teller.elsewhere(),
            *(f"Starts {words.starting(one)}" for one in process.starts),
            *words.answering(process),
        ),
    )


@dataclass
class _Teller:
    process: Process
    path: JobPath | None
    counts: Mapping[str, Crowd]
    links: Links
    titles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.titles = {state.name: state.title for state in self.process.states()}

    def elsewhere(self) -> Iterator[str]:
        """How many jobs stand where this version of the process has no state."""
        missing = sum(crowd.jobs for name, crowd in self.counts.items() if name not in self.titles)
        if missing:
            yield f"{missing:,} more stand in states that this version does not have"

    # scopes

    def scene(self, scope: Scope) -> Scene:
        """What stands in a scope; its always entries are told apart, by :meth:`always`."""
        look = drawn(scope)
        things: list[Thing] = [self._thing(scope, scope.states[name], look) for name in look.main]
        arrows = list(self._arrows(scope, look, look.main))
        last = [arrow.source for arrow in arrows if arrow.target == DONE]
        if len(last) == 1 and sum(arrow.source == last[0] for arrow in arrows) == 1:
            arrows = [arrow for arrow in arrows if arrow.target != DONE]  # where else should it be over
        elif last:
            out = f"{scope.path}/{DONE}"
            things.append(Exit(name=out))
            arrows = [replace(one, target=out) if one.target == DONE else one for one in arrows]
        return Scene(things=tuple(things), arrows=tuple(arrows), asides=tuple(self._aside(scope, look)))

    def _aside(self, scope: Scope, look: Drawn) -> Iterator[Frame]:
        """What only unusual ways reach, and the ends that no arrow leads to."""
        ends = [scope.states[name] for name in look.aside if scope.states[name].is_end]
        others = [name for name in look.aside if not scope.states[name].is_end]
        if others:
            cards = tuple(self._thing(scope, scope.states[name], look) for name in others)
            arrows = tuple(one for one in self._arrows(scope, look, others) if one.target != DONE)
            scene = Scene(things=cards, arrows=arrows)
            yield Frame(
                name="", title=self._why_aside(scope, look, others), scene=scene, kind="aside", listed=not arrows
            )
        if ends:
            cards = tuple(self._card(scope, state, look) for state in ends)
            title = "How else it can end" if any(scope.states[one].is_end for one in look.main) else "How it can end"
            yield Frame(name="", title=title, scene=Scene(things=cards), kind="ends", listed=True)

    def _why_aside(self, scope: Scope, look: Drawn, aside: list[str]) -> str:
        """When what stands aside is come to."""
        outcomes = {
            way.outcome.rpartition(".")[2]
            for name in look.main
            for way in words.ways(scope.states[name])
            if way.route.to in aside
        }
        return "When an answer does not come" if outcomes == {EXPIRED} else "When it goes otherwise"

    def always(self, scope: Scope) -> Iterator[Frame]:
        """What may happen at any time in a scope."""
        cards = []
        for entry in scope.always:
            lines = [Line(text=words.occasion(self.process, entry), kind="who")]
            if entry.when is not None:
                why = f"otherwise: {entry.otherwise}" if entry.otherwise else f"if {words.shorten(entry.when.source)}"
                lines.append(Line(text=why, kind="note"))
            undo = ", undoing what was done" if entry.undo else ""
            lines.append(Line(text=f"{TO}{self._title(entry.to, scope)}{undo}", kind="way"))
            kind: Kind = "customer" if any(one.has_customers for one in entry.by) else "task"
            kind = "clock" if entry.within is not None else "message" if entry.message else kind
            cards.append(Card(name=f"always {entry.name}", title=entry.title, kind=kind, lines=tuple(lines)))
        if cards:
            yield Frame(name="", title="At any time", scene=Scene(things=tuple(cards)), kind="always", listed=True)

    # states

    def _thing(self, scope: Scope, state: State, look: Drawn) -> Thing:
        if isinstance(state, Parallel):
            return self._parallel(scope, state, look)
        if isinstance(state, Each | Stage):
            return self._group(scope, state, look)
        return self._card(scope, state, look)

    def _card(self, scope: Scope, state: State, look: Drawn, *notes: str) -> Card:
        race = isinstance(state, Race)
        who = "whichever comes first" if race else self._who(state)
        lines = [Line(text=text, kind="who") for text in [who] if text]
        lines += [Line(text=text, kind="note") for text in notes if text]
        lines += self._crowd(state.name)
        lines += self._lines(scope, state, look)
        return Card(
            name=state.name,
            title=state.title,
            kind="several" if race else _kind(state),
            lines=tuple(lines),
            members=tuple(self._members(state)) if race else (),
            standing=self._standing(state.name),
            link=self.links.get(state.name, ""),
        )

    def _who(self, state: State) -> str:
        who = words.who(self.process, state)
        return "" if state.is_end and who == state.title else who

    def _members(self, state: State) -> Iterator[Member]:
        for member in state.members.values():
            yield Member(title=member.title, who=words.who(self.process, member), kind=_kind(member))

    def _parallel(self, scope: Scope, state: Parallel, look: Drawn) -> Frame:
        things: list[Thing] = []
        doors: dict[str, str] = {}
        for branch in state.branches.values():
            things.append(self._branch(branch))
            doors[branch.name] = things[-1].name
        arrows = [
            Arrow(source=doors[before], target=doors[branch.name])
            for branch in state.branches.values()
            for before in branch.after
            if before in doors
        ]
        return self._frame(scope, state, look, _joined(state), Scene(things=tuple(things), arrows=tuple(arrows)))

    def _branch(self, branch: Branch) -> Thing:
        """One branch; one of a single state is that state's card."""
        note = f"only if {words.shorten(branch.when.source)}" if branch.when is not None else ""
        inner = branch.scope
        only = next(iter(inner.states.values())) if len(inner.states) == 1 and not inner.always else None
        if only is not None and not only.scopes:
            # no arrow is drawn to the end of a branch of one state; the usual ways there are no lines either
            return self._card(inner, only, Drawn((only.name,), (), {(only.name, DONE): False}), note)
        scene = self.scene(inner)
        return Frame(
            name=f"{inner.path}/",
            title=branch.title,
            note=note,
            scene=replace(scene, asides=(*self.always(inner), *scene.asides)),
            kind="branch",
        )

    def _group(self, scope: Scope, state: Each | Stage, look: Drawn) -> Frame:
        inner = state.scopes[0]
        scene = self.scene(inner)
        note = f"for each {spoken(state.as_)}" if isinstance(state, Each) else ""
        return self._frame(scope, state, look, note, replace(scene, asides=(*self.always(inner), *scene.asides)))

    def _frame(self, scope: Scope, state: State, look: Drawn, note: str, scene: Scene) -> Frame:
        lines = (*self._crowd(state.name), *self._lines(scope, state, look))
        standing, link = self._standing(state.name), self.links.get(state.name, "")
        return Frame(
            name=state.name, title=state.title, note=note, lines=lines, scene=scene, standing=standing, link=link
        )

    def _standing(self, name: str) -> Standing:
        return self.path.standing(name) if self.path is not None else ""

    def _crowd(self, name: str) -> Iterator[Line]:
        crowd = self.counts.get(name)
        if crowd is not None and crowd.jobs:
            jobs = "1 job" if crowd.jobs == 1 else f"{crowd.jobs:,} jobs"
            longest = f" for {rough(crowd.longest)}" if crowd.jobs == 1 else ""
            yield Line(text=f"{jobs} here{longest}", kind="crowd")
            if crowd.jobs > 1:
                yield Line(text=f"median {rough(crowd.median)}, longest {rough(crowd.longest)}", kind="crowd")

    # ways

    def _arrows(self, scope: Scope, look: Drawn, names: tuple[str, ...] | list[str]) -> Iterator[Arrow]:
        """The arrows of some states of a scope; the ways that lead to one state share one."""
        for name in names:
            found: dict[str, list[Way]] = defaultdict(list)
            for way in words.ways(scope.states[name]):
                if _is_arrow(scope.states[name], way, look):
                    found[way.route.to].append(way)
            alone = len(found) == 1
            outcomes = {way.outcome for ways in found.values() for way in ways}
            for target, ways in found.items():
                labels = dict.fromkeys(filter(None, (_label(way, outcomes) for way in ways)))
                label = "" if alone else " / ".join(labels)
                yield Arrow(
                    source=name,
                    target=target,
                    label=label,
                    back=look.arrows[name, target],
                    spine={name, target} <= look.spine,
                )

    def _lines(self, scope: Scope, state: State, look: Drawn) -> Iterator[Line]:
        """The ways of a state that are not arrows: those of deadlines last, and those that share a target together."""
        lines: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for way in words.ways(state):
            if not _is_arrow(state, way, look):
                late = way.outcome.rpartition(".")[2] == EXPIRED
                lines[way.route.to, late].append(_said(state, way))
        plain = [key for key in lines if not key[1]]
        if len(plain) > MOST_TARGETS and not state.on:  # a decision that only finds out where to go on
            targets = " · ".join(dict.fromkeys(self._title(target, scope) for target, _ in plain))
            yield Line(text=f"{TO}{targets}", kind="way")
            plain = []
        for target, late in [*plain, *(key for key in lines if key[1])]:
            said = " / ".join(dict.fromkeys(filter(None, lines[target, late])))
            to = "again" if target == state.name else self._title(target, scope)
            yield Line(text=f"{said} {TO}{to}".strip(), kind="late" if late else "way")

    def _title(self, target: str, scope: Scope) -> str:
        """What a target is called in a line."""
        if target == DONE and target not in scope.states:
            return "done"
        return words.shorten(self.titles.get(target, spoken(target)), 48)


def rough(length: timedelta) -> str:
    """A length of time in its largest unit, as people say it who look at many."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} seconds" if seconds != 1 else "1 second"


def _kind(state: State) -> Kind:
    return "customer" if state.for_customers and state.symbol != "several" else state.symbol


def _joined(state: Parallel) -> str:
    how = "one at a time" if state.one_at_a_time else "side by side"
    if state.join == "all":
        return how
    until = f"{state.join} are done" if isinstance(state.join, int) else words.shorten(state.join.source)
    return f"{how}, until {until}"


def _is_arrow(state: State, way: Way, look: Drawn) -> bool:
    return is_usual(state, way) and (state.name, way.route.to) in look.arrows


def _label(way: Way, outcomes: set[str]) -> str:
    """What an arrow is called among others from the same state: its outcome as far as that tells them apart, and its
    condition."""
    condition = _condition(way)
    if not condition and len(outcomes) < 2:
        return "else"
    return ", ".join(filter(None, (_outcome(way) if len(outcomes) > 1 else "", condition)))


def _said(state: State, way: Way) -> str:
    """What a line says before it says where to."""
    outcome = _outcome(way)
    if way.outcome == EXPIRED:
        outcome = words.span(state.within) if isinstance(state.within, Duration | Working) else "not in time"
    return ", ".join(filter(None, (outcome, _condition(way))))


def _outcome(way: Way) -> str:
    return spoken(way.outcome).replace(".", ", ")


def _condition(way: Way) -> str:
    """A way's condition as people read it; of one without words for it as much as fits."""
    title, when = way.route.title, way.route.when
    return words.shorten(title, LONGEST) if title else words.shorten(when.source) if when is not None else ""
