"""Starting and acting: what was given on the command line, what a person is asked, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from flowengine.cli import ask, prompt, record_told, show
from flowengine.cli.dialogue import Dialogue
from flowengine.cli.drafts import Draft
from flowengine.cli.failures import tell
from flowengine.cli.flags import is_file
from flowengine.cli.moments import distance, length
from flowengine.cli.moments import told as moment
from flowengine.cli.prompt import Back
from flowengine.cli.prompt_words import said
from flowengine.cli.safe_text import harmless
from flowengine.cli.slot_picker import Slots
from flowengine.cli.terminal import Stopped, Terminal, screen
from flowengine.cli.typed_values import FORMATS, answer_from, hint, missing
from flowengine.cli.uploads import Uploads
from flowengine.client import Desk, FormField, Json, Receipt, StaffStep, StaffTrack, StepView, Way
from flowengine.errors import Ambiguous, BadAnswer, FlowError, NotAllowed, NotFound, Refused, SlotTaken, UnknownOutcome

if TYPE_CHECKING:
    from rich.console import Console

NAMED = 12
"""How many options, or free appointments, of a field that is missing are named."""

Do = Callable[[dict[str, Json]], Receipt]


def start(
    terminal: Terminal,
    process: str | None,
    customer: str | None,
    sets: Sequence[str],
    answer: str | None,
    key: str | None,
    yes: bool = False,
    new: bool = False,
) -> None:
    """``flow start``: the need's fields are asked like those of any step."""
    with _reading():
        desk = terminal.mine()
        need = desk.need(_process(terminal, desk, process))
        _known_or_new(terminal, desk, new or bool(customer))
        whom = person(desk, customer) if customer else None
        if terminal.asks:
            show.line(screen(), (need.title, "bold"), f": {need.ask}" if need.ask else "")
    receipt = carry_out(
        terminal,
        need.questions,
        given_by(terminal, need.questions, sets, answer),
        lambda full: desk.start(need.process, need=full, customer=whom, key=key),
        where=need.process,
        draft=_draft(terminal, ("start", need.process, whom or ""), need.questions, need.version),
        asks_last=not yes,
    )
    told(terminal, desk, receipt)


def _known_or_new(terminal: Terminal, desk: Desk, new: bool) -> None:
    """A typing error enters nobody: who is not known says so with ``--new``, or when he is asked (L15)."""
    if new or desk.me is not None:
        return
    who = terminal.who_or_nobody
    if not terminal.asks:
        possible = ("--new enters a new customer", "the id of somebody who is known")
        raise NotFound(f"there is nobody with the id {who!r} yet", where=who, possible=possible)
    if not click.confirm(f"{harmless(who)} is not known yet: enter {harmless(who)} as a new customer?"):
        raise Stopped


def person(desk: Desk, text: str, kind: str | None = None) -> str:
    """The id of the person whom a text means; those who may not look for people name them by their ids."""
    try:
        return desk.find_person(text, kind=kind).id
    except NotAllowed:
        return text


@contextmanager
def _reading() -> Iterator[None]:
    """Where a command only looks and asks: Ctrl-C here has certainly changed nothing."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None


def _process(terminal: Terminal, desk: Desk, name: str | None) -> str:
    if name is not None:
        if is_file(name):
            raise Refused(
                "a job is begun of a process in use, by its name",
                where=name,
                possible=(terminal.line(f"deploy {shlex.quote(name)}", who=False),),
            )
        return name
    rows = [row for row in desk.processes() if row.latest]
    if len(rows) == 1:
        return rows[0].name
    if not rows:
        raise NotFound("no process is in use yet", possible=("flow deploy FILE", "flow new NAME"))
    if not terminal.asks:
        raise Ambiguous("name the process", possible=[row.name for row in rows])
    return rows[ask.pick(screen(), "Which process?", [(row.name, row.title) for row in rows])].name


def act(
    terminal: Terminal,
    ref: str | None,
    outcome: str,
    sets: Sequence[str],
    answer: str | None,
    key: str | None,
    whose: str | None = None,
    because: str | None = None,
    yes: bool = False,
) -> None:
    """``flow act``: which step, which way, which answer; for operators also in whose stead, and why."""
    if (whose is None) != (because is None):
        raise click.UsageError("--for and --because go together: in whose stead, and why.")
    with _reading():
        desk = terminal.desk() if whose else terminal.mine()
        whose = person(desk, whose) if whose else ""
        found = desk.find_step(ref or "", key=key, whose=whose)
        if isinstance(found, dict):
            step = _that_can(desk, found, outcome, whose) or _step(desk, _picked(terminal, ref, found), whose)
        else:
            step = found
        if terminal.asks:
            if step.answered and not outcome and "." not in (ref or ""):
                show.line(screen(), "Nothing waits for you. What you may still change:")
            _introduce(screen(), step, desk.now())
        if step.suspended is not None and not step.possible:
            why = f"the job is suspended since {moment(step.suspended.since)}: {step.suspended.because}"
            raise NotAllowed(why, where=step.short, possible=("say something", "wait until it is resumed"))

    def act_on(way: Way, full: dict[str, Json]) -> Receipt:
        if whose:
            return desk.act_for(step.id, whose, way.outcome, full, because=because or "", key=key)
        return desk.act(step.id, way.outcome, full, key=key)

    while True:
        with _reading():
            way = _way(terminal, step, outcome, desk.now())
        given = given_by(terminal, way.fields, sets, answer)
        held = step.held is not None and way.outcome == "book"  # it is booked, and another one where --set names it
        fields = () if held else way.fields
        kept = step.form.type != "vote"  # who votes what is nobody else's business, on no disk either
        try:
            receipt = carry_out(
                terminal,
                fields,
                given,
                partial(act_on, way),
                where=step.short,
                of=step.id,
                slots=lambda: _slots(_step(desk, step.id, whose or "")),
                draft=_draft(terminal, ("act", step.id, way.outcome, whose), way.fields) if kept else None,
                asks_last=not yes,
                back=not outcome and len(step.form.ways) > 1,
            )
        except Back:
            continue
        break
    told(terminal, desk, receipt)


def given_by(
    terminal: Terminal, fields: Sequence[FormField], sets: Sequence[str], answer: str | None
) -> dict[str, Json]:
    """What the command line answers; days and moments in words are said back as they were understood."""
    given = answer_from(fields, sets, answer)
    if not terminal.json:
        for field in fields:
            value = given.get(field.name)
            if field.format in ("date", "date-time") and isinstance(value, str) and f"{field.name}={value}" not in sets:
                show.line(screen(), (f"{field.title}: ", "dim"), said(field, value))
    return given


def _draft(terminal: Terminal, what: Sequence[str], fields: Sequence[FormField], version: str = "") -> Draft | None:
    """Where a person's answers are kept until they are sent; nowhere for a program."""
    return Draft(terminal.address, terminal.who_or_nobody, what, fields, version) if terminal.asks else None


def meant(terminal: Terminal, desk: Desk, ref: str, key: str | None) -> str:
    """The step that is meant by its own id, or by its job's where one of its steps waits for who asks."""
    if "." in ref:
        return ref
    found = desk.find_step(ref, key=key)
    return _picked(terminal, ref, found) if isinstance(found, dict) else found.short


def _step(desk: Desk, id: str, whose: str) -> StepView:
    """The step of that id, as the person sees it in whose stead it is looked at."""
    found = desk.find_step(id, whose=whose)
    assert not isinstance(found, dict), "an id is one step's"
    return found


def _that_can(desk: Desk, waiting: Mapping[str, str], outcome: str, whose: str) -> StepView | None:
    """The one step of several that can end in that outcome; None where it is not one."""
    if not outcome or len(waiting) > NAMED:
        return None
    able = [step for step in (_step(desk, id, whose) for id in waiting) if step.form.way(outcome) is not None]
    return able[0] if len(able) == 1 else None


def _picked(terminal: Terminal, ref: str | None, waiting: Mapping[str, str]) -> str:
    """The step that the person picks of several that wait, or that he may still change."""
    if not waiting:
        if ref is None:
            raise NotFound(
                "nothing waits for you", possible=(terminal.line("track JOB"), terminal.line("start PROCESS"))
            )
        raise NotFound("nothing of this job waits for you", where=ref, possible=(terminal.line(f"track {ref}"),))
    if not terminal.asks:
        possible = [f"{short} ({title})" for short, title in waiting.items()]
        raise Ambiguous("several steps are open to you; name one", where=ref or "", possible=possible)
    return list(waiting)[ask.pick(screen(), "Which step?", list(waiting.items()))]


def _introduce(console: Console, step: StepView, now: datetime) -> None:
    """What the person is looking at, before anything is asked."""
    until = f", until {moment(step.due)} ({distance(step.due, now)})" if step.due else ""
    show.line(console, (step.title, "bold"), (f"  {step.short}, for {step.customer_name}{until}", "dim"))
    if isinstance(step, StaffStep) and step.usual:
        span = timedelta(seconds=step.usual)
        show.line(console, (f"Usually this takes {length(span)}; here for {length(now - step.opened)}", "dim"))
    meets = show.appointment(step)
    if meets is not None:
        show.line(console, (f"The appointment is at {moment(meets)} ({distance(meets, now)})", "bold"))
    if step.booked is not None:
        show.line(console, (show.booked(step.booked, step.booked_with), "bold"))
    if step.held is not None:
        show.line(console, (show.kept(step.held, step.held_until, now), "bold"))
    for title, value in step.shown:
        show.titled(console, title, value)
    if step.tally is not None:
        show.tally(console, step.tally)
    if isinstance(step, StaffStep) and step.known is not None:
        record_told.beside(console, step.known)


def _way(terminal: Terminal, step: StepView, outcome: str, now: datetime) -> Way:
    form, where, begins = step.form, step.short, show.appointment(step)
    if not form.ways:
        raise Refused("nothing can be done on this step now", where=where)
    early = begins is not None and begins > now
    if outcome:
        way = form.way(outcome)
        if way is None and early and outcome in ("held", "missed"):
            what = f"the appointment begins at {moment(begins)}, and cannot be {outcome} before"
            raise NotAllowed(what, where=where, possible=("wait until it has begun", "move it"))
        if way is None:
            raise UnknownOutcome(
                f"the step has no outcome {outcome[:60]!r}", where=where, possible=[one.outcome for one in form.ways]
            )
        return way
    if len(form.ways) > 1 and not terminal.asks:
        raise UnknownOutcome("say what to do with --outcome", where=where, possible=[one.outcome for one in form.ways])
    if early and not terminal.asks:
        what = f"the appointment begins at {moment(begins)}; until then it can only be moved: say so with --outcome"
        raise UnknownOutcome(what, where=where, possible=[one.outcome for one in form.ways])
    if early:
        show.line(screen(), "It has not begun: you can move it to another time, or stop here with Ctrl-C.")
    return ask.which_way(screen(), form.ways)


def carry_out(
    terminal: Terminal,
    fields: Sequence[FormField],
    given: dict[str, Json],
    do: Do,
    *,
    where: str,
    of: str = "",
    slots: Callable[[], Slots] = Slots,
    draft: Draft | None = None,
    asks_last: bool = True,
    back: bool = False,
) -> Receipt:
    """Do it, asking a person for what is missing, and again for what was not accepted; a program is told instead.

    What was asked is put into ``given``. Before it is done the person sees all that he has answered, where that is more
    than a word; with ``asks_last`` he is asked whether to send it. With ``back`` he may go back before the first
    question, which raises Back. Files are uploaded when it is done, for ``of``: a job or a step.
    """
    if any(field.kinds for field in fields):
        do = _with_uploads(terminal, fields, do, of)
    if not terminal.asks:
        lacking = missing(fields, given)
        if lacking:
            hints = (one for field in lacking for one in _hints(field, slots))
            raise BadAnswer(_lacks(lacking), where=where, possible=list(hints))
        return do(given)
    dialogue = Dialogue(screen(), fields, given, slots, draft)
    try:
        with _reading():
            dialogue.begin(back=back)
        while True:
            with _reading():
                dialogue.look_over(asks=asks_last)
            try:
                receipt = do(dialogue.answer)
            except (BadAnswer, SlotTaken) as error:
                tell(dialogue.console, error)
                wrong = _again(fields, error)
                if not wrong:
                    raise click.exceptions.Exit(1) from None
                with _reading():
                    dialogue.again(wrong)
                continue
            given |= dialogue.answer
            dialogue.sent()
            return receipt
    except (FlowError, Stopped):
        dialogue.say_what_is_kept()
        raise


def _with_uploads(terminal: Terminal, fields: Sequence[FormField], do: Do, of: str) -> Do:
    """What is done, with the files uploaded that the answer names by their paths."""
    uploads = Uploads(terminal.mine(), of)
    return lambda full: do(uploads.used(fields, full))


def _slots(step: StepView) -> Slots:
    """The appointments that can be had now."""
    return Slots(step.slots, frozenset(step.late_slots))


def _hints(field: FormField, slots: Callable[[], Slots]) -> Iterator[str]:
    """How a field is given; of an appointment the first that are free, and whether they lie after the promise."""
    found = slots() if field.name == "slot" else Slots()
    if not found.free:
        yield hint(field)
    for slot in found.free[:NAMED]:
        late = " (after the day that was promised)" if slot in found.late else ""
        yield f"--set slot={slot.isoformat().replace('+00:00', 'Z')}{late}"


def _lacks(fields: Sequence[FormField]) -> Mapping[str, str]:
    return {field.name: f"is missing; {_wanted(field)}" for field in fields}


def _wanted(field: FormField) -> str:
    """What to give for a field: one of its options, or a value of its type."""
    if field.options:
        named = ", ".join(str(option.id) for option in field.options[:NAMED])
        how = {"one": "choose one of", "several": "choose some of", "quantities": "say how many of each of"}
        how |= {"ranked": "rank, the best first,", "scores": f"give scores from {field.min} to {field.max} to"}
        return f"{how[field.shape]} {named}{', …' if len(field.options) > NAMED else ''}"
    kinds = {"string": "a text", "number": "a number", "integer": "a whole number", "boolean": "yes or no"}
    kinds["array"] = "several, with commas"
    unit = f" in {field.unit}" if field.unit else ""
    return f"{field.title}: {FORMATS.get(field.format, kinds.get(field.type, 'JSON'))}{unit}"


def _again(fields: Sequence[FormField], error: FlowError) -> list[FormField]:
    """The fields that have to be asked again: those with a problem, or all when none is named."""
    if isinstance(error, SlotTaken):
        return [field for field in fields if field.name == "slot"]
    assert isinstance(error, BadAnswer), "only these two are asked again"
    wrong = {path.partition(".")[0] for path in error.problems}
    return [field for field in fields if field.name in wrong] or list(fields)


def words(terminal: Terminal, question: str, possible: str = "flow say JOB TEXT") -> str:
    """Free words, asked for at a terminal."""
    if not terminal.asks:
        raise BadAnswer({"text": "is missing"}, possible=(possible,))

    def read(text: str) -> str:
        if not text:
            raise ValueError("some words are needed here")
        return text

    return prompt.repeat(screen(), question, read)


_GOES_TO = {
    True: "Those inside read it when they look at the job.",
    False: "Those inside read it when they look at the job; its customer does not.",
}
"""Who reads what waits for no answer, by whether a customer has said it."""


def spoken(terminal: Terminal, desk: Desk, receipt: Receipt, kind: str, text: str) -> None:
    """What was said, to whom it goes, and until when an answer is due; the receipt for a program."""
    if terminal.json:
        terminal.answer(receipt, lambda _console: None)
        return
    console, now = screen(), desk.now()
    seen = desk.track(receipt.job)
    line = next((one for one in seen.conversation if receipt.question and one.step == receipt.question), None)
    show.line(console, ("Said", "bold green"), (f" ({kind})", "dim"), ": ", text)
    if line is None:
        inside = isinstance(seen, StaffTrack)
        told_outside = inside and kind in ("answer", "message")
        words = "The customer reads it, too." if told_outside else _GOES_TO[not inside]
        show.line(console, "  ", words)
        if kind == "answer" and any(one.status == "waiting" for one in seen.conversation):
            show.line(console, "  What waits for an answer here is not for you; it goes on waiting.")
    elif kind == "answer":
        show.line(console, ("  To: ", "dim"), f"{line.who}: {line.text}")
    else:
        show.unanswered(console, line, now, terminal.program, seen.zone)


def told(terminal: Terminal, desk: Desk, receipt: Receipt) -> None:
    """What came of it: the receipt for a program; for a person what happened, and what comes now."""
    if terminal.json:
        terminal.answer(receipt, lambda _console: None)
        return
    found = desk.answered(receipt.job, receipt.seq)
    show.answered(screen(), found, desk.now(), terminal.program, terminal.once)
