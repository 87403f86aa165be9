"""Commands on what is said about a job: say something, answer what was asked, take a question back."""

from __future__ import annotations

from flowengine.core import commands as c
from flowengine.core import conversation, steps
from flowengine.core import events as e
from flowengine.core.flow import Flow
from flowengine.core.position import Position
from flowengine.core.seatings import himself, waits_for
from flowengine.core.values import CONVERSATION, Actor, Step
from flowengine.errors import BadAnswer, NotAllowed, StaleCommand
from flowengine.language.parts import WANTING
from flowengine.speech.phrases import phrase


def say(flow: Flow, command: c.Say) -> None:
    """Say something. A question waits for an answer; an answer is one to what it names, or to the one thing that waits
    for who says it. Raises BadAnswer, StaleCommand, AlreadyClaimed."""
    text, draft = conversation.words(command.text, "text"), flow.draft
    files = conversation.files(command.files, flow.world)
    if command.to and command.kind != "answer":
        raise BadAnswer(
            {"to": phrase("only an answer is to something, and this is of the kind %(kind)s", kind=command.kind)}
        )
    if _wants_an_answer(command):
        here = conversation.spot(flow.compiled.process, draft, flow.now, flow.world)
        conversation.ask(here, command.kind, text, command.by.id, files)
        return
    step = _meant(flow, command) if command.kind == "answer" else None
    if step is None:
        draft.record(e.Said(kind=command.kind, text=text, by=command.by.id, files=files))
        return
    steps.not_kept_from(flow, step, command.by)
    conversation.answer(draft, step, text, command.by.id, files)


def _wants_an_answer(command: c.Say) -> bool:
    """What those inside write to the customer waits for nobody: it tells him something."""
    return command.kind in WANTING and (command.kind != "message" or command.by.kind == "customer")


def take_back(flow: Flow, command: c.TakeBack) -> None:
    """Who asked needs no answer any more. Raises StaleCommand, NotAllowed for a step of another kind."""
    branch, step = steps.find(flow, command.step)
    if branch.id != CONVERSATION:
        raise NotAllowed(
            phrase("only what was asked is taken back"), where=_id(flow, step), possible=(phrase("act on it"),)
        )
    conversation.close(flow.draft, step, conversation.TAKEN_BACK, command.by.id)


def answerable(position: Position, actor: Actor) -> list[Step]:
    """What somebody may answer of that which waits for an answer: what is for him, and nobody else has taken."""
    open_ = conversation.unanswered(position)
    return [
        step
        for step in open_
        if not step.asks_date
        and (step.claimed is None or himself(actor, step.claimed))
        and waits_for(actor, step, position.seat)
    ]


def _meant(flow: Flow, command: c.Say) -> Step | None:
    """What an answer is to; nothing where nothing waits for who says it."""
    if command.to:
        open_ = conversation.unanswered(flow.draft)
        found = [step for step in open_ if step.number == command.to]
        if not found:
            what = phrase("that waits for no answer")
            where = f"{flow.draft.head.job}.{command.to}"
            raise StaleCommand(what, where=where, possible=tuple(_id(flow, step) for step in open_))
        if found[0].asks_date:
            raise BadAnswer(
                {"to": phrase("asks for a date: it is accepted or refused")}, possible=(phrase("act on it"),)
            )
        return found[0]
    mine = answerable(flow.draft, command.by)
    if len(mine) > 1:
        several = {"to": phrase("is missing: %(number)s questions wait for your answer", number=len(mine))}
        raise BadAnswer(several, possible=tuple(_id(flow, step) for step in mine))
    return mine[0] if mine else None


def _id(flow: Flow, step: Step) -> str:
    return f"{flow.draft.head.job}.{step.number}"
