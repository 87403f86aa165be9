"""What can be asked of a job. Each command says who asks (``by``)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from flowengine.core.values import Actor, Foreign, Json


class Command(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="command", tag=True):
    """Something asked of a job."""

    by: Actor


class Start(Command, frozen=True, kw_only=True):
    """Begin a job with the stated need. ``cause`` says what started it by itself, where nobody did: ``message …`` or
    ``schedule …``. ``depth``: how many calls are around the job, each in a job that another called."""

    answer: Json = {}
    parent: str = ""
    depth: int = 0
    cause: str = ""


class Act(Command, frozen=True, kw_only=True):
    """Do something on a step: give its outcome with the answer, or a move within it.

    ``outcome`` may be empty where the step knows only one. Moves within a step leave it open: a fitting's ``hold``,
    ``book``, ``move`` and ``cancel`` (answer ``{"slot": "2026-05-01T09:00:00Z"}``), a vote's ``vote``
    (answer ``{"for": id or list of ids}``), one seat's ``approved``, ``changes`` or ``declined``.
    """

    step: int
    outcome: str = ""
    answer: Json = {}


class Claim(Command, frozen=True, kw_only=True):
    """Take a step for oneself."""

    step: int


class Release(Command, frozen=True, kw_only=True):
    """Give a claimed step back; ``because`` of what it is taken from one who may no longer do it."""

    step: int
    because: str = ""


class Assign(Command, frozen=True, kw_only=True):
    """Hand a step to a person: by who has claimed it, by who may do it while nobody has, or by an operator, who may say
    ``because`` of what."""

    step: int
    person: str
    because: str = ""


class Fire(Command, frozen=True, kw_only=True):
    """A timer is due; an operator fires one before its time ``because`` of what he says."""

    timer: int
    because: str = ""


class MoveDeadline(Command, frozen=True, kw_only=True):
    """Move a deadline, or the end of a wait: ``number`` is that of the step, or of the timer itself."""

    number: int
    to: datetime
    because: str


class DropTimer(Command, frozen=True, kw_only=True):
    """An operator has a reminder, or an escalation, not come."""

    timer: int
    because: str


class Finish(Command, frozen=True, kw_only=True):
    """A service call (or a called job) has ended with an outcome and a result. An operator says ``because`` of what it
    is he who ends it."""

    call: int
    outcome: str = "done"
    result: Json = None
    because: str = ""


class Hear(Command, frozen=True, kw_only=True):
    """A partner tells how the job stands that he runs for a call: what he asks of us now, after so many entries of his
    history (``seq``). ``took`` is the step of his to which our answer has come; he may have ``refused`` it in words."""

    call: int
    seq: int
    asked: tuple[Foreign, ...] = ()
    took: str = ""
    refused: str = ""


class Fail(Command, frozen=True, kw_only=True):
    """A service call gave up after its attempts: takes the route ``failed`` where there is one, else an incident.

    ``stuck``: it could not even be tried (its handler is missing), which is an incident for an operator in any case.
    ``certain``: it is known to have had no effect, so that one that was cut off needs no undo.
    """

    call: int
    error: str
    stuck: bool = False
    certain: bool = False


class Skip(Command, frozen=True, kw_only=True):
    """An operator has the job go on as if a call had ended with the outcome; nothing is saved."""

    call: int
    outcome: str = "done"
    because: str


class ActFor(Command, frozen=True, kw_only=True):
    """An operator acts on a step in the stead of ``person``, for whom it waits."""

    step: int
    person: Actor
    outcome: str = ""
    answer: Json = {}
    because: str


class SetData(Command, frozen=True, kw_only=True):
    """An operator puts a value at a dotted place in the data of the job, or of a ``branch`` with data of its own."""

    place: str
    value: Json
    branch: str = ""
    because: str


class Move(Command, frozen=True, kw_only=True):
    """An operator sends a branch to another state of its scope; ``branch`` names it where several run there."""

    to: str
    branch: str = ""
    because: str


class End(Command, frozen=True, kw_only=True):
    """An operator ends the job; with ``undo``, once all that can be undone is undone."""

    because: str
    undo: bool = False


class Suspend(Command, frozen=True, kw_only=True):
    """An operator holds the job: nobody acts and no clock runs until it is resumed."""

    because: str


class Resume(Command, frozen=True, kw_only=True):
    """An operator lets a suspended job go on."""

    because: str


class Retry(Command, frozen=True, kw_only=True):
    """An operator clears a call's incident so that it is tried again."""

    call: int


class Deliver(Command, frozen=True, kw_only=True):
    """A message arrives: for one of those who wait for it, or for ``everyone`` who does."""

    name: str
    key: str = ""
    body: Json = None
    everyone: bool = False


class Invoke(Command, frozen=True, kw_only=True):
    """Use an ``always`` entry: a withdrawal, a change of mind. ``branch`` names the branch, when several offer it.
    ``preview`` is the digest of what was shown before, where it was looked at."""

    name: str
    answer: Json = {}
    branch: str = ""
    preview: str = ""


class Add(Command, frozen=True, kw_only=True):
    """Add items to an each that allows ``more``, while it runs. ``branch`` is the branch that stands in the each."""

    state: str
    items: tuple[Json, ...]
    branch: str = ""


class Say(Command, frozen=True, kw_only=True):
    """Say something about the job: words, a wish, a concern, an expectation, a question, a message, or an answer.
    ``to`` is the step of what it answers, which need not be named where one thing alone waits for who says it.
    ``files`` are the ids of what he has uploaded for it."""

    text: str
    kind: Literal["note", "wish", "concern", "expectation", "question", "message", "answer"] = "note"
    to: int = 0
    files: tuple[str, ...] = ()


class TakeBack(Command, frozen=True, kw_only=True):
    """Who has asked something needs no answer any more."""

    step: int


class AskPromise(Command, frozen=True, kw_only=True):
    """Somebody of those inside asks the customer for another date than the one that is promised: ``to`` which, and
    ``because`` of what."""

    to: datetime
    because: str


class Expect(Command, frozen=True, kw_only=True):
    """What a job has promised is expected later than that: half of such jobs are finished by ``soonest``, nine of ten
    by ``latest``."""

    soonest: datetime
    latest: datetime


class Migrate(Command, frozen=True, kw_only=True):
    """An operator moves the job to another version of its process (L6): ``states`` that have other names there, values
    to ``fill`` in at dotted places in the data first, and what becomes of the ``timers`` whose rule is another one."""

    version: str
    states: dict[str, str] = {}
    fill: dict[str, Json] = {}
    timers: Literal["anew", "keep"] = "anew"
    because: str = ""


class Erase(Command, frozen=True, kw_only=True):
    """The contents of ``entries`` of a job's history, each a first and a last number, are erased on behalf of the
    customer ``whose`` they are; with ``whole``, those of all entries so far and all that the job holds of them."""

    whose: str
    entries: tuple[tuple[int, int], ...]
    whole: bool = False
    because: str


AnyCommand = (
    Start | Act | Claim | Release | Assign | Fire | Finish | Fail | Retry | Deliver | Invoke | Add | Say | Migrate
    | TakeBack | Skip | ActFor | SetData | Move | End | Suspend | Resume | MoveDeadline | DropTimer | Erase
    | AskPromise | Expect | Hear
)  # fmt: skip
