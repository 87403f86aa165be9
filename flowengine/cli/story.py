"""The story that ``flow demo`` tells: a suit, from the need to the wedding, through the real engine in simulated time.

Everything told comes from the engine: titles are those that the person saw at the step, what the customer sees is her
own view of the job, and what code did is told by the handlers as they are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flowengine.cli import show
from flowengine.cli.moments import day, told
from flowengine.cli.safe_text import harmless
from flowengine.clock import SimulatedClock
from flowengine.core.forms import FormField
from flowengine.core.values import Json
from flowengine.engine import Engine
from flowengine.engine.handlers import Handler, HandlerCall, Outcome
from flowengine.errors import InvariantBroken
from flowengine.language.texts import plain
from flowengine.samples import process_file, suit_shop

LENGTH = timedelta(days=49)
"""No telling takes longer: it begins this long ago, so that it ends by now."""

SHOP = (("hana", "Hana", "host"), ("tom", "Tom", "tailor"), ("carl", "Carl", "cutter"))
MEASURES = {"chest": 98.0, "waist": 84.5, "hips": 101.0, "sleeve": 63.0, "inside_leg": 79.0}
PASSES = 50
"""Passes of due work at one moment after which the job is taken to be running in circles."""


def shop_module(name: str) -> Any:
    """A module of the tailor's shop, whose folder is a package of its own."""
    return import_module(f"{suit_shop().__name__}.{name}")


@dataclass
class Story:
    """One job, told line by line as it happens. ``mill`` is the pretend supplier."""

    engine: Engine
    clock: SimulatedClock
    mill: Any
    console: Console
    job: str = ""
    seen: str = ""
    today: str = ""
    names: dict[str, str] = field(default_factory=dict)

    # telling

    def line(self, who: str, what: str, then: str = "", style: str = "cyan") -> None:
        """One line under its day: who did what, and what came of it."""
        today = day(self.clock.now())
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
        grid.add_row(show.cell(f"  {who}", style), said)
        self.console.print(grid)

    def sees(self) -> None:
        """What the customer sees now, when it has changed."""
        track = self.engine.track(self.job, "ada")
        words = ", ".join(dict.fromkeys(place.words for place in track.where)) or f"{track.status}: {track.because}"
        if track.promise:
            kept = {None: "promised for", True: "promise kept:", False: "promise broken:"}[track.promise.kept]
            words += f"; {kept} {day(track.promise.by)}"
        if words != self.seen:
            self.seen = words
            self.line("", f"Ada sees: ▶ {words}", style="dim")

    def code(self, handler: Handler) -> Handler:
        """The handler, telling what it was asked and what it answered."""

        def telling(call: HandlerCall) -> Any:
            result = handler(call)
            answer = f"{result.name}: {plain(result.result)}" if isinstance(result, Outcome) else plain(result)
            self.line("code", f"{call.handler}({_asked(call)})", answer, "magenta")
            return result

        return telling

    # doing

    def act(self, who: str, state: str, outcome: str = "", **answer: Json) -> None:
        """Act on the step of a state that waits for this person."""
        items = [item for item in self.engine.inbox(who) if item.job == self.job and item.state == state]
        if not items:
            raise InvariantBroken(f"nothing waits for {who} at {state}", where=self.job)
        step = self.engine.step(items[0].id, who)
        way = next(way for way in step.form.ways if way.outcome == outcome or not outcome)
        given = "; ".join(_given(one, answer[one.name]) for one in way.fields if one.name in answer)
        usual = len(step.form.ways) == 1 or outcome in ("done", "chosen", "answered", "given", "book")
        self.line(self.names[who], step.title, given if usual and given else _joined(way.title, given))
        self.engine.act(step.id, way.outcome, answer, by=who)
        self.settle()

    def book(self, state: str, at_least: int) -> None:
        """Ada books the first free appointment so many days ahead; the time goes by until then."""
        earliest = self.clock.now() + timedelta(days=at_least)
        item = next(item for item in self.engine.inbox("ada") if item.job == self.job and item.state == state)
        slots = self.engine.step(item.id, "ada").slots
        slot = next((slot for slot in slots if slot >= earliest), slots[-1])
        self.act("ada", state, "book", slot=slot.isoformat())
        self.until(slot)

    def settle(self) -> None:
        """Let code and clock do what is due at this moment, and the mill send out what it has."""
        for _ in range(PASSES):
            if not self.engine.run_due().anything and not self._delivered():
                return self.sees()
        raise InvariantBroken(f"the job is still busy after {PASSES} passes", where=self.job)

    def _delivered(self) -> bool:
        orders = [order for order in self.mill.deliver() if not order.item.startswith("lining")]
        for order in orders:
            self.line("mill", f"{order.metres:g} m of {order.item.replace('_', ' ')} arrive", order.number, "green")
            self.engine.send("cloth_delivered", order.number, {"metres": order.metres}, job=self.job)
        return bool(orders)

    def until(self, moment: datetime) -> None:
        """Let time go by, stopping at each timer and each midnight."""
        while (now := self.clock.now()) < moment:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            due = self.engine.next_due()
            self.clock.set(min(moment, midnight, due if due is not None and due > now else moment))
            if self._delivered() or (due is not None and due <= self.clock.now()):
                self.settle()

    def later(self, days: float) -> None:
        self.until(self.clock.now() + timedelta(days=days))


def tell(engine: Engine, clock: SimulatedClock, console: Console, mill_file: Path) -> Story:
    """Tell the whole story; the pretend supplier keeps its orders in ``mill_file``."""
    mill = shop_module("mill").Mill(mill_file, lambda: clock.now().date())
    story = Story(engine, clock, mill, console)
    engine.deploy(process_file("bespoke_suit"))
    handlers: Mapping[str, Handler] = shop_module("handlers").handlers(mill)
    engine.register({name: story.code(handler) for name, handler in handlers.items()})
    engine.add_customer("ada", "Ada", "ada@example.org")
    for id, name, role in SHOP:
        engine.add_staff(id, name, roles=[role])
    story.names = {"ada": "Ada"} | {id: name for id, name, _ in SHOP}
    _choosing(story)
    _making(story)
    _fitting(story)
    return story


def _choosing(story: Story) -> None:
    need = {"occasion": "My sister's wedding", "needed_by": f"{(story.clock.now() + timedelta(days=60)).date()}"}
    story.line("Ada", "needs a suit", f"{need['occasion']}, by {need['needed_by']}")
    story.job = story.engine.start("bespoke_suit", by="ada", need=need).job
    story.settle()
    story.act("ada", "choose_cloth", "chosen", cloth="green_tweed")
    style = {"style": "double_breasted", "pockets": 3, "lining": "striped", "extras": ["ticket_pocket"]}
    story.act("ada", "choose_style", "chosen", **style)
    story.book("measure", 2)
    story.act("tom", "measure", "held", **MEASURES)


def _making(story: Story) -> None:
    story.later(1)
    story.line("Ada", "changes her mind: another cloth, please", "possible until it is cut")
    story.engine.invoke(story.job, "change_cloth", by="ada")
    story.settle()
    story.act("ada", "choose_cloth", "chosen", cloth="navy_flannel")
    story.act("ada", "ask_initials", "answered", initials="AL")
    story.later(2)
    story.act("carl", "draft_pattern", "done", number="P-117")
    story.later(12)
    story.act("carl", "cut", "done")
    story.later(3)
    story.act("tom", "baste", "done")


def _fitting(story: Story) -> None:
    story.book("first_fitting", 1)
    story.act("tom", "first_fitting", "held", baste_again=False, findings="Right shoulder 1 cm lower")
    story.later(9)
    story.act("tom", "sew", "done")
    story.book("second_fitting", 1)
    story.act("tom", "second_fitting", "held", alter=True, findings="Sleeves 1 cm shorter")
    story.later(2)
    story.act("tom", "alter", "done")
    story.book("second_fitting", 1)
    story.act("tom", "second_fitting", "held", alter=False)
    story.later(1)
    story.act("tom", "finish", "done")
    story.act("ada", "accept", "approved")
    referral = {"name": "Ben", "contact": "ben@example.org"}
    story.act("ada", "thanks", "given", rating=5, words="I helped to make it.", recommend=True, referral=referral)


def begin_the_next(story: Story, now: datetime) -> tuple[str, str]:
    """Ben, whom Ada has sent, begins a job and leaves it waiting: his id, and the job's."""
    story.clock.set(max(now, story.clock.now()))
    ben = story.engine.person("ben@example.org").id
    need = {"occasion": "A new job", "needed_by": f"{(now + timedelta(days=100)).date()}"}
    receipt = story.engine.start("bespoke_suit", by=ben, need=need)
    story.line("Ben", "comes, because Ada told him, and needs a suit", f"{need['occasion']}, by {need['needed_by']}")
    return ben, receipt.job


def _asked(call: HandlerCall) -> str:
    if call.undo:
        return "undoes the order" if isinstance(call.input, dict) and call.input.get("result") else "undoes"
    return ", ".join(str(value) for value in call.input.values()) if isinstance(call.input, dict) else ""


def _joined(title: str, given: str) -> str:
    return f"{title}: {given}" if given else title


def _given(asked: FormField, value: Json) -> str:
    """An answer as its person would say it: the option's title with price and time, or the value with its unit."""
    from flowengine.cli.ask import days_of

    titles = {str(option.id): option for option in asked.options}
    if asked.options:
        parts = []
        for one in value if isinstance(value, list) else [value]:
            option = titles[str(one)]
            notes = [f"{option.price:,.0f}" if option.price else "", days_of(option) if option.lead_time else ""]
            noted = ", ".join(note for note in notes if note)
            parts.append(f"{option.title} ({noted})" if noted else option.title)
        return f"{asked.title}: {', '.join(parts)}" if str(parts[0]).isdecimal() else ", ".join(parts)
    if asked.name == "slot":
        return told(datetime.fromisoformat(str(value)))
    return f"{asked.title}: {plain(value)} {asked.unit}".rstrip()
