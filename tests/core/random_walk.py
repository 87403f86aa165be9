"""A job driven by chance: sensible commands and nonsense, each of them held against the laws by the rehearsal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from rehearsal import ADA, CLOCK, CODE, OPS, Rehearsal

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.advance import possible
from flowengine.core.always import offers
from flowengine.core.answers import form
from flowengine.core.draft import moment_text
from flowengine.core.forms import FormField
from flowengine.core.values import CONVERSATION, Actor, Branch, Fork, Step
from flowengine.core.world import Member
from flowengine.errors import ExpressionFailed, Refused
from flowengine.language.model import Process
from flowengine.language.parts import Field
from flowengine.language.types import Each, Message, Race, Service

MEMBERS = [Member(id=f"member{number}") for number in range(7)]

_CLOCKS = ("expire", "close", "elapse", "always")
MANY = 25
"""Branches beyond which no items are added, so that a walk stays short."""
LATER = "2026-09-01"
"""A day that is months away."""
MOST_DRAWN = 50
"""Items that are drawn for a list, some of which may be alike."""


class Answers:
    """Answers by chance, of which most are right."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def to(self, fields: Sequence[FormField], slots: Any) -> dict[str, Any]:
        """An answer to what a form asks."""
        return {field.name: self._value(field, slots) for field in fields if self._given(field.required)}

    def _given(self, required: bool) -> bool:
        return self.chance.random() < (0.95 if required else 0.5)

    def _value(self, field: FormField, slots: Any) -> Any:
        ids = [option.id for option in field.options]
        if field.name == "slot" and slots:
            return moment_text(self.chance.choice(slots))
        if ids and field.shape == "one":
            return self.chance.choice(ids)
        if ids and field.shape in ("several", "ranked"):
            return self.chance.sample(ids, min(len(ids), int(field.max or field.min or 1)))
        if ids:
            return {str(self.chance.choice(ids)): int(field.min or 1)}
        bounds = {"minimum": field.min, "maximum": field.max, "format": field.format}
        given = {key: value for key, value in bounds.items() if value is not None}
        return self._fitting({"type": field.type, **given, **field.schema})

    def _fields(self, fields: tuple[Field, ...]) -> dict[str, Any]:
        return {field.name: self._fitting({"type": field.type, **field.schema, **_known(field)}) for field in fields}

    def _fitting(self, schema: Any) -> Any:
        """A value that fits a JSON Schema, of the simple ones that processes use."""
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if schema["type"] == "array":
            item, least = schema.get("items", {"type": "string"}), int(schema.get("minItems", 0))
            wanted, items = max(least, self.chance.randint(0, 3)), list[Any]()
            for _ in range(MOST_DRAWN):
                one = self._fitting(item) if len(items) < wanted else None
                if one is not None and not (schema.get("uniqueItems", False) and one in items):
                    items.append(one)
            return items
        if schema["type"] == "string":
            day = self.chance.choice(["2026-03-04", LATER])  # soon enough for what is promised to be late
            dates = {"date": day, "date-time": "2026-09-01T10:00:00Z", "uri": "https://example.org/one"}
            dates["email"] = "ben@example.org"
            text = f"some words {self.chance.randint(0, 99)}"
            if "pattern" in schema:
                return "AB1234"  # as numbers of passports are
            return dates.get(schema.get("format", ""), text[: int(schema.get("maxLength", 99))])
        if schema["type"] == "boolean":
            return self.chance.random() < 0.5
        if schema["type"] == "object":
            return {name: self._fitting(one) for name, one in schema.get("properties", {}).items()}
        low = int(max(schema.get("minimum", 1), -100))
        return self.chance.randint(low, int(min(schema.get("maximum", low + 9), low + 1000)))


def _known(field: Field) -> dict[str, Any]:
    """What is answered where not anything will do: somebody there is, and a day that is over, or to come, where it must
    be."""
    if field.person is not None:
        one = {"type": "string", "enum": [member.id for member in MEMBERS]}
        return {"items": one, "uniqueItems": True} if field.type == "array" else one
    if field.schema.get("format") != "date":
        return {}
    return {"enum": ["2020-02-29"]} if field.latest is not None else {"enum": [LATER]} if field.earliest else {}


class Walk(Answers):
    """A job and a source of chance."""

    def __init__(self, made: Process, chance: Random, *, by_hand: bool = False) -> None:
        need = made.root.states[made.root.start]
        super().__init__(chance)
        sensible = [self._act] * 8 + [self._finish] * 6 + [self._time] * 3 + [self._always, self._claim, self._message]
        self.ways = [*sensible, self._more, self._fail, self._nonsense, self._words]
        self.ways += [self._by_hand] * 3 if by_hand else []
        self.refusals = (Refused, ExpressionFailed) if by_hand else (Refused,)  # moved by hand, data may be missing
        self.job = Rehearsal(made, self._fields(need.fields), **dict.fromkeys(made.groups, MEMBERS))

    def go(self) -> None:
        """One more thing is asked; it is done, or refused and changes nothing."""
        before = self.job.position
        try:
            self.job.do(self._command())
        except self.refusals:
            assert self.job.position is before

    def check_awake(self) -> None:
        """While the job is open, something can still happen on each of its branches."""
        if self.job.status == "open":
            for branch in self.job.position.branches.values():
                if branch.id == CONVERSATION:
                    continue
                assert self._awake(branch), f"nothing can happen any more on {branch.id} in {branch.state!r}"

    def check_undone(self) -> None:
        """Nothing is undone twice, and only what was done, or was cut off before it could say so."""
        calls = {event.call.number: event.call for event in self.job.told(e.CallOpened)}
        ended = {event.call: event.outcome for event in self.job.told(e.CallClosed)}
        undone = [calls[number].input["call"] for number, outcome in ended.items() if calls[number].undo]
        assert len(undone) == len(set(undone)), f"undone twice: {undone}"
        for key in undone:
            call = calls[int(key.rpartition(".")[2])]
            assert not call.undo, f"an undo call was undone: {key}"
            assert ended.get(call.number, "done") == "done", f"undone, though it ended as {ended[call.number]}: {key}"

    def check_deadlines(self) -> None:
        """What waits for a customer has a deadline, on its branch or on one around it (L8)."""
        position = self.job.position
        for step in self.job.steps:
            seats = [seat.audience for seat in position.seats(step.number)]
            if any(whom.startswith(("person:", "group:")) for whom in seats or step.audience if whom != "person:eva"):
                around = [position.branches[step.branch]]
                while around[-1].parent is not None:
                    around.append(position.branches[around[-1].parent])
                clocks = [timer for branch in around for timer in branch.timers if timer.purpose in _CLOCKS]
                assert clocks or step.due, f"{step.state} waits for a customer without a deadline"

    def check_attention(self) -> None:
        """Whatever the job waits behind has a deadline, an escalation, a clock around it, or attention (L8)."""
        position = self.job.position
        for branch in position.branches.values():
            state = self.job.compiled.states.get(branch.state)
            if state is None or state.scopes or state.is_end or state.begins:
                continue
            around = [branch]
            while around[-1].parent is not None:
                around.append(position.branches[around[-1].parent])
            clocks = any(timer.purpose in _CLOCKS for one in around for timer in one.timers)
            escalates = any(member.escalate for member in state.members.values())
            watched = any(timer.purpose == "attention" for timer in branch.timers)
            assert clocks or escalates or watched, f"nobody looks, however long it is in {branch.state}"

    def _awake(self, branch: Branch) -> bool:
        state, inner = self.job.compiled.states.get(branch.state), branch.inners.get("")
        if branch.pending or branch.done or isinstance(inner, Fork):
            return branch.pending or branch.done or inner.open > 0
        members = state.of.values() if isinstance(state, Race) else (state,)
        waits = any(isinstance(member, Message) for member in members)
        still = ("remind", "escalate", "claim", "attention", "promise")
        moves = any(timer.purpose not in still for timer in branch.timers)
        return waits or moves or bool(branch.calls) or any(self._can_act(step) for step in branch.steps)

    def _can_act(self, step: Step) -> bool:
        """Whether somebody is asked who has not answered, and something can be done."""
        job = self.job
        asked = step.audience or [seat for seat in job.position.seats(step.number) if seat.answer is None]
        return bool(asked and possible(job.compiled, job.position, step, job.now, job.world))

    def _command(self) -> c.AnyCommand:
        for way in self.chance.sample(self.ways, len(self.ways)):
            command = way()
            if command is not None:
                return command
        raise AssertionError("an open job can always be told something")

    def _act(self) -> c.AnyCommand | None:
        step = self._step()
        if step is None:
            return None
        asked = form(self.job.compiled, self.job.position, step, self.job.now, self.job.world)
        if not asked.ways:
            return None
        way = self.chance.choice(asked.ways)
        answer = self.to(way.fields, asked.slots)
        return c.Act(by=self._who(step), step=step.number, outcome=way.outcome, answer=answer)

    def _step(self) -> Step | None:
        steps = self.job.steps
        return self.chance.choice(steps) if steps else None

    def _who(self, step: Step) -> Actor:
        seats = list(self.job.position.seats(step.number))
        seating = self.chance.choice([seat.audience for seat in seats] or list(step.audience) or ["anyone"])
        kind, _, name = seating.partition(":")
        if kind == "person":
            return Actor(kind="customer" if name in ("ada", *(one.id for one in MEMBERS)) else "staff", id=name)
        if kind in ("group", "customers"):
            return Actor(kind="customer", id=self.chance.choice(MEMBERS).id)
        return Actor(kind="staff", id=self.chance.choice(["tom", "eva"]), roles=(name,) if kind == "role" else ())

    def _finish(self) -> c.AnyCommand | None:
        calls = list(self.job.position.calls.values())
        if not calls:
            return None
        call = self.chance.choice(calls)
        home = self.job.compiled.states[call.state]
        state = home.member(call.member)
        prefix = f"{call.member}." if isinstance(home, Race) else ""
        known = [name.removeprefix(prefix) for name in home.on if name.startswith(prefix) and name != prefix[:-1]]
        outcome = self.chance.choice(["done", *known]) if not call.undo else "done"
        result = self._fields(state.fields) if isinstance(state, Service) and outcome == "done" else {}
        return c.Finish(by=CODE, call=call.number, outcome=outcome, result=result)

    def _fail(self) -> c.AnyCommand | None:
        calls = list(self.job.position.calls.values())
        return c.Fail(by=CODE, call=self.chance.choice(calls).number, error="it broke") if calls else None

    def _time(self) -> c.AnyCommand | None:
        """The next timer is due; before it, an appointment may begin."""
        timers = sorted(self.job.timers, key=lambda timer: (timer.due, timer.number))
        begins = [one.appointment for one in self.job.steps if one.appointment and one.appointment > self.job.now]
        if begins and (not timers or min(begins) < timers[0].due):
            self.job.now = min(begins)
            return None
        if not timers:
            return None
        self.job.now = max(self.job.now, timers[0].due)
        return c.Fire(by=CLOCK, timer=timers[0].number)

    def _always(self) -> c.AnyCommand | None:
        open_to = offers(self.job.compiled, self.job.position, self.job.now, self.job.world)
        if not open_to or self.chance.random() < 0.7:
            return None
        offer = self.chance.choice(open_to)
        return c.Invoke(by=ADA, name=offer.entry.name, answer=self._fields(offer.entry.fields), branch=offer.branch)

    def _claim(self) -> c.AnyCommand | None:
        step = self._step()
        if step is None:
            return None
        if step.claimed is not None:
            return c.Release(by=Actor(kind="staff", id=step.claimed), step=step.number)
        return self.chance.choice(
            [c.Claim(by=self._who(step), step=step.number), c.Assign(by=OPS, step=step.number, person="eva")]
        )

    def _message(self) -> c.AnyCommand | None:
        names = list(self.job.compiled.listeners)
        return (
            c.Deliver(by=CODE, name=self.chance.choice(names), key=self.chance.choice(["", "key"])) if names else None
        )

    def _more(self) -> c.AnyCommand | None:
        eaches = [state.name for state in self.job.compiled.states.values() if isinstance(state, Each)]
        if not eaches or self.job.position.head.branches > MANY:
            return None
        return c.Add(by=ADA, state=self.chance.choice(eaches), items=("member1",))

    def _nonsense(self) -> c.AnyCommand | None:
        number = self.chance.randint(1, self.job.position.head.serial + 1)
        kinds: list[c.AnyCommand] = [
            c.Act(by=ADA, step=number, outcome="nonsense"),
            c.Fire(by=CLOCK, timer=number),
            c.Retry(by=OPS, call=number),
            c.Invoke(by=ADA, name="nonsense"),
            c.Deliver(by=CODE, name="nonsense"),
        ]
        return self.chance.choice(kinds)

    def _by_hand(self) -> c.AnyCommand | None:
        """An operator helps; now and then he ends the job."""
        why, step, state = "it was stuck", self._step(), self.chance.choice(list(self.job.compiled.states))
        calls = list(self.job.position.calls.values())
        branch = self.chance.choice(["", *self.job.position.branches])
        kinds: list[c.AnyCommand] = [
            c.Move(by=OPS, to=self.chance.choice([state, "done"]), branch=branch, because=why),
            c.Move(by=OPS, to=state, because=why),
            c.SetData(by=OPS, place="need", value=self.job.data.get("need", {}), branch=branch, because=why),
        ]
        if self.job.timers:
            timer = self.chance.choice(self.job.timers).number
            later = self.job.now + timedelta(hours=self.chance.randint(-5, 99))
            kinds += [c.MoveDeadline(by=OPS, number=timer, to=later, because=why)] * 2
            kinds += [c.DropTimer(by=OPS, timer=timer, because=why), c.Fire(by=OPS, timer=timer, because=why)]
        if calls:
            call = self.chance.choice(calls).number
            kinds += [c.Skip(by=OPS, call=call, because=why), c.Finish(by=OPS, call=call, because=why)]
            kinds += [c.Fail(by=OPS, call=call, error=why)]
        if step is not None:
            kinds += [c.ActFor(by=OPS, person=self._who(step), step=step.number, because=why)]
        if self.chance.random() < 0.1:
            kinds += [c.End(by=OPS, because=why, undo=self.chance.random() < 0.7)] * 3
        return self.chance.choice(kinds)

    def _words(self) -> c.AnyCommand | None:
        """Somebody asks, says or answers something, or takes back what he has asked."""
        asked = [step for step in self.job.steps if step.is_asked]
        by = self.chance.choice([ADA, Actor(kind="staff", id="tom")])
        kinds: list[c.AnyCommand] = [
            c.Say(by=by, text="a word", kind=self.chance.choice(["note", "wish", "expectation"])),
            c.Say(by=by, text="a word?", kind=self.chance.choice(["question", "concern"])),
            c.Say(by=by, text="so it is", kind="answer", to=self.chance.choice([0, 1])),
        ]
        promise = self.job.position.head.promise
        if promise is not None:
            soonest = promise.by + timedelta(days=self.chance.randint(-1, 3))
            kinds += [c.Expect(by=CLOCK, soonest=soonest, latest=soonest + timedelta(days=4))]
        if asked:
            step = self.chance.choice(asked)
            kinds += [c.TakeBack(by=ADA, step=step.number)]
            kinds += [c.Say(by=self._who(step), text="so it is", kind="answer", to=step.number)] * 2
        return self.chance.choice(kinds)
