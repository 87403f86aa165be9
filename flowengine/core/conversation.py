"""What people ask about a job: words that want an answer wait for somebody, beside the states in which the job stands.

What waits is a step like any other, on a branch of its own that stands in no state and is there while anything is
unanswered. It moves nothing: the job goes on as it does, and what was asked stays when the job is over. When its time
is up somebody has to look, and it goes on waiting. The words stand in the history alone (``Said``); the step has their
number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.draft import Draft
from flowengine.core.fields import LONGEST_TEXT, wrong_file
from flowengine.core.position import Position
from flowengine.core.spot import Spot
from flowengine.core.values import CONVERSATION, Branch, Json, Step, Timer
from flowengine.core.world import World
from flowengine.errors import BadAnswer
from flowengine.language.model import Process, State
from flowengine.language.parts import FILE_KINDS, WANTING, Field
from flowengine.speech.phrases import phrase

ANSWERED, TAKEN_BACK = "answered", "taken_back"
ACCEPTED, REFUSED = "accepted", "refused"

MOST_FILES = 20
"""Files that belong to one thing that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(State):
    """What stands in the place of the state of such a step: no process file has it."""

    type = "question"
    outcomes = (ANSWERED,)


ASKED = Asked(
    name="",
    title="A question",
    fields=(Field(name="answer", type="string", title="Your answer", schema={"maxLength": LONGEST_TEXT}),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedDate(State):
    """The same for a step that asks the customer for a new date."""

    type = "new_date"
    outcomes = (ACCEPTED, REFUSED)
    customer = True


ASKED_DATE = AskedDate(
    name="",
    title="A new date",
    fields=(
        Field(name="words", type="string", title="In your words", optional=True, schema={"maxLength": LONGEST_TEXT}),
    ),
)


def state_of(step: Step) -> State:
    """What stands in the place of the state of what was asked."""
    return ASKED_DATE if step.asks_date else ASKED


def about(position: Position, command: c.AnyCommand) -> bool:
    """Whether a command is about what was said, and not about where the job stands."""
    match command:
        case c.Say():
            return True
        case c.Act() | c.ActFor() | c.Claim() | c.Release() | c.Assign() | c.TakeBack():
            return position.branch_of_step(command.step) == CONVERSATION
        case c.Fire():
            return position.branch_of_timer(command.timer) == CONVERSATION
        case c.MoveDeadline():
            owners = (position.branch_of_step(command.number), position.branch_of_timer(command.number))
            return CONVERSATION in owners
    return False


def unanswered(position: Position) -> tuple[Step, ...]:
    """What waits for an answer, the first asked first."""
    branch = position.branch(CONVERSATION) if position.head.unanswered else None
    return branch.steps if branch is not None else ()


def spot(process: Process, draft: Draft, now: datetime, world: World) -> Spot:
    """The spot of what is asked."""
    return Spot(process=process, draft=draft, branch_id=CONVERSATION, state=ASKED, now=now, world=world)


def words(text: Json, name: str) -> str:
    """A text that somebody says. Raises BadAnswer where it is none, empty, or too long."""
    if not isinstance(text, str) or not text.strip():
        raise BadAnswer(
            {name: phrase("is empty") if isinstance(text, str) else phrase("must be a text")},
            possible=(phrase("say something"),),
        )
    if len(text) > LONGEST_TEXT:
        size = phrase(
            "has %(count)s characters; at most %(longest_text)s are kept", count=len(text), longest_text=LONGEST_TEXT
        )
        raise BadAnswer({name: size}, possible=(phrase("say it in short, and where the rest is"),))
    return text


def files(given: tuple[str, ...], world: World) -> tuple[str, ...]:
    """The files that belong to what is said, each once. Raises BadAnswer where one of them is not his who says it."""
    found = tuple(dict.fromkeys(given))
    if len(found) > MOST_FILES:
        raise BadAnswer(
            {
                "files": phrase(
                    "are %(count)s; at most %(most_files)s are taken", count=len(found), most_files=MOST_FILES
                )
            }
        )
    problem = next(filter(None, (wrong_file(str(one), FILE_KINDS, world) for one in found)), "")
    if problem:
        raise BadAnswer({"files": problem}, possible=(phrase("upload it first, and give the id"),))
    return found


def ask(here: Spot, kind: str, text: str, by: str, files: tuple[str, ...] = ()) -> None:
    """Somebody says what wants an answer: it waits for whom the process says."""
    draft = here.draft
    open_branch(draft)
    audience, within = here.process.answerers(kind)
    step = Step(
        number=draft.next_number(),
        branch=CONVERSATION,
        state="",
        purpose=kind,
        title=WANTING[kind].title,
        audience=here.seatings(audience),
        opened=here.now,
        due=here.after(within),
        asked_by=by,
    )
    assert step.due is not None, "whatever is asked has a deadline"
    draft.record(e.Said(kind=kind, text=text, by=by, number=step.number, files=files))
    draft.record(e.StepOpened(step=step))
    here.set_timer("attention", step.due, step=step.number)


def open_branch(draft: Draft) -> None:
    """Have the branch of what is asked there."""
    if not draft.head.unanswered:
        draft.record(e.BranchOpened(branch=Branch(id=CONVERSATION, scope=CONVERSATION)))


def answer(draft: Draft, step: Step, text: str, by: str, files: tuple[str, ...] = ()) -> None:
    """Somebody answers what was asked."""
    draft.record(e.Said(kind="answer", text=text, by=by, to=step.number, files=files))
    close(draft, step, ANSWERED, by)


def close(draft: Draft, step: Step, outcome: str, by: str) -> None:
    """It waits no more. With the last the branch is gone."""
    for timer in tuple(_timers(draft, step)):
        draft.record(e.TimerDropped(branch=CONVERSATION, timer=timer.number))
    draft.record(e.StepClosed(branch=CONVERSATION, step=step.number, outcome=outcome, by=by))
    if step.asks_date:
        draft.record(e.PromiseAsked(step=step.number))
    if not draft.head.unanswered:
        draft.record(e.BranchClosed(branch=CONVERSATION, why=outcome))


def _timers(draft: Draft, step: Step) -> Iterator[Timer]:
    return (timer for timer in draft.at(CONVERSATION).timers if timer.step == step.number)


def renew(here: Spot, before: Spot) -> None:
    """The job goes on in another version: what is open waits for whom that says, beside those who were asked by name;
    its deadline stays."""
    for step in here.steps:
        if step.asks_date:
            continue
        was, now = (one.seatings(one.process.answerers(step.purpose)[0]) for one in (before, here))
        if was != now:
            added = (whom for whom in step.audience if whom not in was)
            here.change_step(step, "migrated", audience=tuple(dict.fromkeys((*now, *added))))
