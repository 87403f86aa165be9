"""Telling how a job goes while it goes: who did what, what the customer saw, what code did, in simulated time.

Everything told comes from the engine: titles are those that the person saw at the step, what the customer sees is her
own view of the job, and what code did is told by the handlers as they are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flowengine import Actor, Engine, Handler, HandlerCall, InvariantBroken, Outcome, SimulatedClock, StepView
from flowengine.cli import show, tables
from flowengine.cli.moments import day, promised, told
from flowengine.cli.safe_text import harmless
from flowengine.client import FormField, Json
from flowengine.language import texts
from flowengine.speech.money import money
from flowengine.views.replies import StaffWaiting

LONGEST_ANSWER = 60
"""Characters of what code answered that are told."""

OPERATOR = Actor(kind="operator", id="operator")

PASSES = 50
"""Passes of due work at one moment after which the job is taken to be running in circles."""


class Outside(Protocol):
    """What comes to the job from outside: called at each moment of the story."""

    def __call__(self, story: Telling) -> bool:
        """Bring what has arrived by now; whether there was anything."""


@dataclass
class Telling:
    """One job of one customer, told line by line as it happens, in a zone. ``names`` are the persons' by their ids."""

    engine: Engine
    clock: SimulatedClock
    console: Console
    customer: str
    names: Mapping[str, str]
    outside: Outside = field(default=lambda _: False)
    zone: str = "UTC"
    job: str = ""
    seen: str = ""
    today: str = ""

    # telling

    def line(self, who: str, what: str, then: str = "", style: str = "cyan") -> None:
        """One line under its day: who did what, and what came of it."""
        today = day(self.clock.now(), self.zone)
        if today != self.today:
            self.today = today
            self.console.print()
            show.line(self.console, (today, "bold"))
        said = Text(harmless(what), style="dim" if style == "dim" else "")
        if then:
            said.append(" → ", "dim").append(harmless(then), "bold")
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=8)
        grid.add_column(overflow="fold")
        grid.add_row(tables.cell(f"  {who}", style), said)
        self.console.print(grid)

    def short(self, job: str) -> str:
        """A job's id as people type it."""
        return self.engine.track(job, OPERATOR).short

    def sees(self) -> None:
        """What the customer sees now, when it has changed."""
        track = self.engine.track(self.job, self.customer)
        words = ", ".join(dict.fromkeys(place.words for place in track.where)) or f"{track.status}: {track.because}"
        if track.promise:
            kept = {None: "promised for", True: "promise kept:", False: "promise broken:"}[track.promise.kept]
            words += f"; {kept} {promised(track.promise.by, track.zone)}"
        if words != self.seen:
            self.seen = words
            self.line("", f"{self.names[self.customer]} sees: ▶ {words}", style="dim")

    def code(self, handler: Handler) -> Handler:
        """The handler, telling what it was asked and what it answered."""

        def telling(call: HandlerCall) -> Any:
            result = handler(call)
            answer = f"{result.name}: {_plain(result.result)}" if isinstance(result, Outcome) else _plain(result)
            shown = answer if len(answer) <= LONGEST_ANSWER else f"{answer[:LONGEST_ANSWER]}…"
            self.line("code", f"{call.handler}({_asked(call)})", shown, "magenta")
            return result

        return telling

    # doing

    def begin(self, process: str, why: str, **need: Json) -> None:
        """The customer states the need, with which the job begins."""
        self.line(self.names[self.customer], why, "; ".join(_plain(value) for value in need.values()))
        self.job = self.engine.start(process, by=self.customer, need=need).job
        self.settle()

    def change(self, name: str, words: str, then: str = "") -> None:
        """The customer uses what the job offers at any time."""
        self.line(self.names[self.customer], words, then)
        self.engine.invoke(self.job, name, by=self.customer)
        self.settle()

    def act(self, who: str, state: str, outcome: str = "", *, seeing: str = "", **answer: Json) -> None:
        """Act on the step of a state that waits for this person; ``seeing`` names what he is shown that is told too,
        where that says something."""
        step = self._step(who, state)
        way = next(way for way in step.form.ways if way.outcome == outcome or not outcome)
        given = "; ".join(_given(one, answer[one.name], self.zone) for one in way.fields if one.name in answer)
        usual = len(step.form.ways) == 1 or outcome in ("done", "chosen", "answered", "given", "book")
        seen = dict(step.shown).get(seeing)
        asked = f"{step.title} ({seeing}: {seen})" if seen else step.title
        self.line(self.names[who], asked, given if usual and given else _joined(way.title, given))
        self.engine.act(step.id, way.outcome, answer, by=who)
        self.settle()

    def claim(self, who: str, state: str) -> None:
        """Claim the step of a state that waits for this person."""
        step = self._step(who, state)
        self.line(self.names[who], f"claims it: {step.title}")
        self.engine.claim(step.id, by=who)

    def has_claimed(self, state: str) -> bool:
        """Whether somebody has claimed the step of a state."""
        return any(one.claimed for one in self._waiting() if one.state == state)

    def book(self, state: str, at_least: int) -> None:
        """The customer books the first free appointment so many days ahead; the time goes by until then."""
        earliest = self.clock.now() + timedelta(days=at_least)
        step = self._step(self.customer, state)
        slot = next((slot for slot in step.slots if slot >= earliest), step.slots[-1])
        self.act(self.customer, state, "book", slot=slot.isoformat())
        whom = self.engine.step(step.id, self.customer).booked_with
        self.line("", f"{whom} will be there", style="dim")
        self.until(slot)

    def step_of(self, state: str) -> str:
        """The id of the step at which the job waits in a state; only those inside know it by its state. Raises
        InvariantBroken."""
        found = next((waiting.id for waiting in self._waiting() if waiting.state == state), None)
        if found is None:
            raise InvariantBroken(f"the job does not wait at {state}", where=self.job)
        return found

    def waits_at(self, state: str) -> bool:
        """Whether the job waits in that state."""
        return any(waiting.state == state for waiting in self._waiting())

    def _waiting(self) -> list[StaffWaiting]:
        waiting = self.engine.track(self.job, OPERATOR).waiting
        return [one for one in waiting if isinstance(one, StaffWaiting)]

    def _step(self, who: str, state: str) -> StepView:
        """The step of a state that waits for this person."""
        at = {waiting.id for waiting in self._waiting() if waiting.state == state}
        found = next((item.id for item in self.engine.inbox(who) if item.id in at), None)
        if found is None:
            raise InvariantBroken(f"nothing waits for {who} at {state}", where=self.job)
        return self.engine.step(found, who)

    def settle(self) -> None:
        """Let code, clock and the world outside do what is due at this moment."""
        for _ in range(PASSES):
            if not self.engine.run_due().anything and not self.outside(self):
                return self.sees()
        raise InvariantBroken(f"the job is still busy after {PASSES} passes", where=self.job)

    def until(self, moment: datetime) -> None:
        """Let time go by, stopping at each timer and each midnight."""
        while (now := self.clock.now()) < moment:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            due = self.engine.next_due()
            self.clock.set(min(moment, midnight, due if due is not None and due > now else moment))
            if self.outside(self) or (due is not None and due <= self.clock.now()):
                self.settle()

    def later(self, days: float) -> None:
        self.until(self.clock.now() + timedelta(days=days))


def _asked(call: HandlerCall) -> str:
    if call.undo:
        return f"undoes {next(iter(call.input['result'].values()))}" if call.input.get("result") else "undoes"
    return ", ".join(map(str, call.input.values()))


def _plain(value: Json) -> str:
    """A value as a text of the process tells it."""
    return texts.told(value, UTC)


def _joined(title: str, given: str) -> str:
    return f"{title}: {given}" if given else title


def _given(asked: FormField, value: Json, zone: str) -> str:
    """An answer as its person would say it: the option's title with price and time, or the value with its unit."""
    from flowengine.cli.option_list import days_of

    titles = {str(option.id): option for option in asked.options}
    if asked.options:
        parts = []
        for one in value if isinstance(value, list) else [value]:
            option = titles[str(one)]
            price = money(option.price, asked.currency) if option.price else ""
            noted = ", ".join(filter(None, (price, days_of(option) if option.lead_time else "")))
            parts.append(f"{option.title} ({noted})" if noted else option.title)
        return f"{asked.title}: {', '.join(parts)}" if str(parts[0]).isdecimal() else ", ".join(parts)
    if asked.name == "slot":
        return told(datetime.fromisoformat(str(value)), zone)
    return f"{asked.title}: {_plain(value)} {asked.unit}".rstrip()
