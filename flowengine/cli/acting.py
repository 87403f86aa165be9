"""Starting and acting: what was given on the command line, what a person is asked, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowengine.cli import ask, show
from flowengine.cli.context import Desk, Stopped, screen
from flowengine.cli.failures import tell
from flowengine.cli.moments import distance
from flowengine.cli.moments import told as moment
from flowengine.cli.values import FORMATS, answer_from, hint, missing
from flowengine.core.forms import Form, FormField, Way, questions
from flowengine.core.values import Json
from flowengine.errors import Ambiguous, BadAnswer, FlowError, NotFound, Refused, SlotTaken, UnknownOutcome
from flowengine.language.model import Process
from flowengine.language.parts import Always
from flowengine.views.replies import Receipt, StepView

if TYPE_CHECKING:
    from rich.console import Console

    from flowengine.engine import Engine

NAMED = 12
"""How many options of a field that is missing are named."""

Do = Callable[[dict[str, Json]], Receipt]


def start(
    desk: Desk, process: str | None, customer: str | None, sets: Sequence[str], answer: str | None, key: str | None
) -> None:
    """``flow start``: the need's fields are asked like those of any step."""
    with _reading():
        me, engine = desk.me, desk.engine()
        chosen = _process(desk, engine, process)
        owner = desk.person(engine, customer) if customer else None
        need = chosen.root.states[chosen.root.start]
        if desk.asks:
            show.line(screen(), (chosen.title, "bold"), f": {need.ask.source}" if need.ask else "")
    receipt = _carry_out(
        desk,
        questions(need.fields),
        answer_from(questions(need.fields), sets, answer),
        lambda full: engine.start(chosen.name, by=me, need=full, customer=owner, key=key),
        where=chosen.name,
    )
    told(desk, engine, receipt, begun=True)


@contextmanager
def _reading() -> Iterator[None]:
    """Where a command only looks and asks: Ctrl-C here has certainly changed nothing."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None


def _process(desk: Desk, engine: Engine, name: str | None) -> Process:
    if name is not None:
        if name.endswith((".yaml", ".yml")) or "/" in name or Path(name).is_file():
            raise Refused(
                "a job is begun of a process in use, by its name",
                where=name,
                possible=(desk.line(f"deploy {shlex.quote(name)}", who=False),),
            )
        return engine.process(name)
    rows = [row for row in engine.processes() if row.latest]
    if len(rows) == 1:
        return engine.process(rows[0].name)
    if not rows:
        raise NotFound("no process is in use yet", possible=("flow deploy FILE", "flow new NAME"))
    if not desk.asks:
        raise Ambiguous("name the process", possible=[row.name for row in rows])
    return engine.process(rows[ask.pick(screen(), "Which process?", [(row.name, row.title) for row in rows])].name)


def act(desk: Desk, ref: str | None, outcome: str, sets: Sequence[str], answer: str | None, key: str | None) -> None:
    """``flow act``: which step, which way, which answer."""
    with _reading():
        me, engine = desk.me, desk.engine()
        step = engine.step(step_id(desk, engine, me, ref), me)
        if desk.asks:
            _introduce(screen(), step, engine.clock.now())
        way = _way(desk, step.form, outcome, step.short)
    given = answer_from(way.fields, sets, answer)
    receipt = _carry_out(
        desk,
        way.fields,
        given,
        lambda full: engine.act(step.id, way.outcome, full, by=me, key=key),
        where=step.short,
        slots=lambda: engine.step(step.id, me).slots,
    )
    told(desk, engine, receipt, slot=given.get("slot"))


def step_id(desk: Desk, engine: Engine, me: str, ref: str | None) -> str:
    """The step that is meant: named, the only one of the job, the only one at all, or picked by the person."""
    if ref is not None and "." in ref:
        return ref
    if ref is None:
        waiting = [(item.short, item.title, item.customer_name) for item in engine.inbox(me)]
        nothing = NotFound("nothing waits for you", possible=(desk.line("track JOB"), desk.line("start PROCESS")))
    else:
        track = engine.track(ref, me)
        waiting = [(step.short, step.title, "") for step in track.waiting if step.for_you]
        nothing = NotFound(
            "nothing of this job waits for you", where=ref, possible=(desk.line(f"track {track.short}"),)
        )
    if not waiting:
        raise nothing
    if len(waiting) == 1:
        return waiting[0][0]
    if not desk.asks:
        raise Ambiguous(
            "several steps wait for you; name one",
            where=ref or "",
            possible=[f"{short} ({title})" for short, title, _ in waiting],
        )
    choices = [(short, f"{title}, {whose}" if whose else title) for short, title, whose in waiting]
    return waiting[ask.pick(screen(), "Which step?", choices)][0]


def _introduce(console: Console, step: StepView, now: datetime) -> None:
    """What the person is looking at, before anything is asked."""
    until = f", until {moment(step.due)} ({distance(step.due, now)})" if step.due else ""
    show.line(console, (step.title, "bold"), (f"  {step.short}, for {step.customer_name}{until}", "dim"))
    if step.booked is not None:
        show.line(console, (show.booked(step.booked, now), "bold"))
    for title, value in step.shown:
        show.line(console, "  ", (f"{title}: ", "dim"), value)


def _way(desk: Desk, form: Form, outcome: str, where: str) -> Way:
    if not form.ways:
        raise Refused("nothing can be done on this step now", where=where)
    if outcome:
        way = form.way(outcome)
        if way is None:
            raise UnknownOutcome(
                f"the step has no outcome {outcome[:60]!r}", where=where, possible=[one.outcome for one in form.ways]
            )
        return way
    if len(form.ways) > 1 and not desk.asks:
        raise UnknownOutcome("say what to do with --outcome", where=where, possible=[one.outcome for one in form.ways])
    return ask.which_way(screen(), form.ways)


def change(desk: Desk, job: str, name: str | None, sets: Sequence[str], answer: str | None, key: str | None) -> None:
    """``flow change``: one of the job's offers."""
    me, engine = desk.me, desk.engine()
    seen = engine.track(job, me)
    if name is None:
        if not seen.offers:
            raise NotFound("this job offers you nothing at this time", where=seen.short)
        if not desk.asks:
            raise Ambiguous("name what to use", where=seen.short, possible=[offer.name for offer in seen.offers])
        choices = [(offer.name, offer.title) for offer in seen.offers]
        name = seen.offers[ask.pick(screen(), "What do you want to do?", choices)].name
    entry = _always(engine.process(seen.process, seen.version), name)
    asked = questions(entry.fields) if entry else ()
    receipt = _carry_out(
        desk,
        asked,
        answer_from(asked, sets, answer),
        lambda full: engine.invoke(seen.job, name, full, by=me, key=key),
        where=seen.short,
    )
    told(desk, engine, receipt)


def _always(process: Process, name: str) -> Always | None:
    return next((entry for scope in process.scopes() for entry in scope.always if entry.name == name), None)


def _carry_out(
    desk: Desk,
    fields: Sequence[FormField],
    given: dict[str, Json],
    do: Do,
    *,
    where: str,
    slots: Callable[[], Sequence[datetime]] = tuple,
) -> Receipt:
    """Do it, asking a person for what is missing, and again for what was not accepted; a program is told instead.

    What was asked is put into ``given``.
    """
    if not desk.asks:
        lacking = missing(fields, given)
        if lacking:
            raise BadAnswer(_lacks(lacking), where=where, possible=[hint(field) for field in lacking])
        return do(given)
    console = screen()
    asked = [field for field in fields if field.name not in given]
    while True:
        with _reading():
            given |= ask.fields(console, asked, slots() if any(field.name == "slot" for field in asked) else ())
        try:
            return do(dict(given))
        except (BadAnswer, SlotTaken) as error:
            tell(console, error)
            asked = _again(fields, error)
            for field in asked:
                given.pop(field.name, None)
            if not asked:
                raise click.exceptions.Exit(1) from None


def _lacks(fields: Sequence[FormField]) -> Mapping[str, str]:
    return {field.name: f"is missing; {_wanted(field)}" for field in fields}


def _wanted(field: FormField) -> str:
    """What to give for a field: one of its options, or a value of its type."""
    if field.options:
        named = ", ".join(str(option.id) for option in field.options[:NAMED])
        how = {"one": "choose one of", "several": "choose some of", "quantities": "say how many of each of"}
        return f"{how[field.shape]} {named}{', …' if len(field.options) > NAMED else ''}"
    kinds = {"string": "a text", "number": "a number", "integer": "a whole number", "boolean": "yes or no"}
    unit = f" in {field.unit}" if field.unit else ""
    return f"{field.title}: {FORMATS.get(field.format, kinds.get(field.type, 'JSON'))}{unit}"


def _again(fields: Sequence[FormField], error: FlowError) -> list[FormField]:
    """The fields that have to be asked again: those with a problem, or all when none is named."""
    if isinstance(error, SlotTaken):
        return [field for field in fields if field.name == "slot"]
    assert isinstance(error, BadAnswer), "only these two are asked again"
    wrong = {path.partition(".")[0] for path in error.problems}
    return [field for field in fields if field.name in wrong] or list(fields)


def words(desk: Desk, question: str) -> str:
    """Free words, asked for at a terminal."""
    if not desk.asks:
        raise BadAnswer({"text": "is missing"}, possible=("flow say JOB TEXT",))

    def read(text: str) -> str:
        if not text:
            raise ValueError("some words are needed here")
        return text

    return ask.repeat(screen(), question, read)


def told(desk: Desk, engine: Engine, receipt: Receipt, *, begun: bool = False, slot: Json = None) -> None:
    """What came of it: the receipt for a program, the job as the asker may see it for a person."""
    if desk.json:
        desk.answer(receipt, lambda _console: None)
        return
    console = screen()
    what = f": {receipt.outcome.replace('_', ' ')}" if receipt.outcome and not begun else ""
    when = f", {moment(datetime.fromisoformat(slot))}" if isinstance(slot, str) else ""
    show.line(console, (f"{'Begun' if begun else 'Done'}{what}{when}.", "bold green"))
    try:
        seen = engine.track(receipt.job, desk.me)
    except NotFound:
        return
    show.track(console, seen, engine.clock.now(), desk.program, desk.once, brief=not begun)
