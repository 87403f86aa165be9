"""The facts of a job's history. A position is the fold of its events (L5): see :mod:`flowengine.core.draft`.

An event holds all that is needed to apply it without the process file, the clock or the world.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from flowengine import exact
from flowengine.core.values import (
    Branch,
    Head,
    Inners,
    Json,
    KeptMessage,
    Promise,
    Saying,
    Seat,
    Seating,
    ServiceCall,
    Step,
    Suspension,
    Timer,
    Undoable,
)


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="event", tag=True):
    """One fact."""


class Started(Event, frozen=True, kw_only=True):
    head: Head


class BranchOpened(Event, frozen=True, kw_only=True):
    """A branch exists now (perhaps ``pending``). Its parent's :class:`Fork` changes by its own :class:`Kept`."""

    branch: Branch


class BranchWoken(Event, frozen=True, kw_only=True):
    """A pending branch is opened."""

    branch: str


class BranchRested(Event, frozen=True, kw_only=True):
    """A branch that stood in its start is pending again: another one has begun (``one_at_a_time``)."""

    branch: str


class BranchDone(Event, frozen=True, kw_only=True):
    """A branch of an each is done; its data is kept until the join."""

    branch: str


class BranchDetached(Event, frozen=True, kw_only=True):
    """A branch goes on after its join, without effect on its parent."""

    branch: str


class BranchClosed(Event, frozen=True, kw_only=True):
    """A branch is done or cancelled, and all that was open in it is closed with it.

    What can be undone of a branch with data of its own passes to the branch around it.
    """

    branch: str
    why: str = "done"


class Entered(Event, frozen=True, kw_only=True):
    """A branch entered a state. ``entry`` is the number of this entry, ``way`` the title of the way there, if any."""

    branch: str
    state: str
    entry: int
    at: datetime
    way: str = ""


class Left(Event, frozen=True, kw_only=True):
    """A branch left its state: its steps, timers, calls and inners are gone. ``passed`` unless it was cut short.

    Timers of the scope (``always``, ``keep``) stay. ``recalled``: the outcome is remembered, which it was not in
    histories that are older than this.
    """

    branch: str
    state: str
    outcome: str
    by: str = ""
    passed: bool = True
    recalled: bool = False


class Saved(Event, frozen=True, kw_only=True):
    """``value`` went to the dotted ``place`` in the data of ``branch`` (of the job, when it is the root)."""

    branch: str
    place: str
    value: Json


class Kept(Event, frozen=True, kw_only=True):
    """What a state keeps while the job stands in it (``inner``) changed; None: it keeps nothing any more."""

    branch: str
    member: str = ""
    inner: Inners | None = None


class StepOpened(Event, frozen=True, kw_only=True):
    step: Step
    seats: tuple[Seat, ...] = ()


class StepChanged(Event, frozen=True, kw_only=True):
    """A step's ``audience``, ``due``, ``claimed``, ``preferred`` or ``title`` changed; ``why`` says how: claimed, …"""

    step: Step
    why: str
    by: str = ""


class StepClosed(Event, frozen=True, kw_only=True):
    branch: str
    step: int
    outcome: str = ""
    by: str = ""


class SeatAnswered(Event, frozen=True, kw_only=True):
    """One of the invited answered, or answered anew.

    ``secret``: who answered what is for nobody's eyes. It is in the history, for without it the position could not be
    rebuilt (L5), and every view leaves out the answer, here and in the command that gave it.
    """

    branch: str
    seat: Seat
    secret: bool = False


class Counted(Event, frozen=True, kw_only=True):
    """A vote's count has changed. ``tally`` holds the new weights of the options that changed; the rest stays.

    It is small however many options there are, for each of the ballots writes one. With ``shows`` a batch of ballots
    has come together: what the one before came to may be shown from now on (:mod:`flowengine.core.live`).
    """

    branch: str
    member: str = ""
    cast: int
    cast_weight: exact.Number
    tally: dict[str, exact.Number] = {}
    abstained: int = 0
    abstained_weight: exact.Number = 0
    shows: bool = False


class BoxClosed(Event, frozen=True, kw_only=True):
    """The ballot box of a vote is closed, and was counted: this is what lies in it, and the root of the tree of its
    papers (:mod:`flowengine.core.boxes`), by which it is known again. The ballots themselves are in no history."""

    branch: str
    member: str = ""
    step: int
    root: str
    cast: int
    cast_weight: exact.Number
    tally: dict[str, exact.Number] = {}
    abstained: int = 0
    abstained_weight: exact.Number = 0


class Moved(Event, frozen=True, kw_only=True):
    """Something was done within a step that leaves it open: a slot held or booked, a ballot cast."""

    branch: str
    step: int
    move: str
    by: str = ""


class TimerSet(Event, frozen=True, kw_only=True):
    timer: Timer


class TimerDropped(Event, frozen=True, kw_only=True):
    branch: str
    timer: int
    fired: bool = False


class DeadlineMoved(Event, frozen=True, kw_only=True):
    """A deadline, or the end of a wait, is another: the ``timer`` that is set now, of the ``step`` where it has one;
    ``by`` whom it was moved, empty where it has followed the data. The position changes by its timers and its step."""

    branch: str
    timer: int
    step: int = 0
    was: datetime
    to: datetime
    by: str = ""


class TakesLonger(Event, frozen=True, kw_only=True):
    """A branch stands in its ``state``, or undoes something (then it stands in none), for so long that somebody has to
    look: its ``timer`` of ``attention`` has rung. What it waits for stays open."""

    timer: Timer
    state: str


class CallOpened(Event, frozen=True, kw_only=True):
    call: ServiceCall


class CallChanged(Event, frozen=True, kw_only=True):
    """An incident was raised on the call, or cleared."""

    call: ServiceCall


class CallClosed(Event, frozen=True, kw_only=True):
    branch: str
    call: int
    outcome: str = ""
    result: Json = None


class Heard(Event, frozen=True, kw_only=True):
    """A partner has told how the job stands that he runs for the call: what he asks is in steps that were opened,
    changed or closed. ``took``: the step of his to which our answer has come; ``refused`` in his words."""

    branch: str
    call: int
    seq: int
    took: str = ""
    refused: str = ""


class AnsweredPartner(Event, frozen=True, kw_only=True):
    """Somebody has answered what a partner asks of us, on the ``step`` that stood for his step ``foreign``."""

    branch: str
    call: int
    step: int
    foreign: str
    outcome: str
    answer: Json = None
    by: str = ""


class CutOff(Event, frozen=True, kw_only=True):
    """The job goes on without a call of which an attempt may be running: what comes of it is only waited for, so that
    it can be undone."""

    call: ServiceCall


class LateResult(Event, frozen=True, kw_only=True):
    """The attempt of a call that was cut off has ended, or can no longer end: then ``outcome`` is empty, and whether it
    took effect is not known. ``branch`` is the one that has it to undo. The position is the same as before."""

    branch: str
    call: int
    outcome: str = ""
    result: Json = None


class UndoNoted(Event, frozen=True, kw_only=True):
    """A call has had an effect that can be undone; it is noted where ``branch`` keeps its data."""

    branch: str
    undoable: Undoable


class UndoTaken(Event, frozen=True, kw_only=True):
    """These calls are being undone by ``branch``; they are no longer undoable."""

    branch: str
    calls: tuple[int, ...]


class Undone(Event, frozen=True, kw_only=True):
    """This call is undone; what is still to be undone stays with the branch, and is not told again."""

    branch: str
    call: int


class SlotBooked(Event, frozen=True, kw_only=True):
    """A slot of a calendar is taken for the job: held for a time, or booked.

    ``every`` is the calendar's grid in seconds (``start`` lies on it), ``seats`` how many appointments fit side by
    side. ``customer`` and ``staff`` are booked with it, each for nothing else at that time; ``staff`` is empty where
    nobody is known who could meet the customer. What is only held is so until ``held_until``. ``after_promise``: it lay
    after what was promised then.
    """

    branch: str
    calendar: str
    start: datetime
    end: datetime
    every: float = 1800.0
    seats: int = 1
    customer: str = ""
    staff: str = ""
    held_until: datetime | None = None
    after_promise: bool = False


class SlotFreed(Event, frozen=True, kw_only=True):
    """A slot of a calendar is free again, and so are those who were booked with it. ``held``: it was kept for a time
    only, and not booked."""

    branch: str
    calendar: str
    start: datetime
    customer: str = ""
    staff: str = ""
    held: bool = False


class AppointmentChanged(Event, frozen=True, kw_only=True):
    """Something became of an appointment without its customer's doing, who is to hear of it (``whom``): the slot was
    kept for him for long enough and is free again (``lapsed``), he did not come (``missed``), or those who meet him
    have ``moved`` it, ``to`` then. ``step`` is his step. The position changes by other events."""

    branch: str
    state: str
    member: str = ""
    step: int
    what: Literal["lapsed", "missed", "moved"]
    slot: datetime
    to: datetime | None = None
    whom: tuple[Seating, ...] = ()


class MessageKept(Event, frozen=True, kw_only=True):
    message: KeptMessage


class MessageTaken(Event, frozen=True, kw_only=True):
    """A kept message was taken, or dropped: its time was over, or its body was not as it has to be.

    One that this job kept is known by its ``number``, and its ``keep`` timer goes with it; one that lay outside of all
    jobs comes into this one's history here, whole, as ``message``.
    """

    number: int = 0
    dropped: bool = False
    message: KeptMessage | None = None


class Invoked(Event, frozen=True, kw_only=True):
    """An always entry was used."""

    branch: str
    name: str
    by: str = ""


class Reminded(Event, frozen=True, kw_only=True):
    branch: str
    step: int


class Said(Event, frozen=True, kw_only=True):
    """Somebody has said something. Where it wants an answer, ``number`` is that of the step that waits for one; an
    answer is ``to`` that number. ``files`` are the ids of those that belong to it."""

    kind: str
    text: str
    by: str = ""
    number: int = 0
    to: int = 0
    files: tuple[str, ...] = ()


class Told(Event, frozen=True, kw_only=True):
    """Somebody was told something, by the process: ``words`` and the lines ``shown`` as they were then; ``others`` say
    it in the other languages of the process.

    ``to`` are seatings; ``everyone`` stands for the job's customer and all who have acted on one of its steps by then,
    whom the entries of the history name.
    """

    branch: str
    state: str
    to: tuple[Seating, ...]
    words: str
    shown: tuple[tuple[str, str], ...] = ()
    others: dict[str, Saying] = {}


class Thanked(Event, frozen=True, kw_only=True):
    """Who acted is told these ``words``, which the process has for it (``thanks``); ``others`` say them in its other
    languages."""

    branch: str
    words: str
    others: dict[str, str] = {}


class Referred(Event, frozen=True, kw_only=True):
    """The customer brings another: ``name`` and ``contact`` as given."""

    name: str
    contact: str = ""


class Promised(Event, frozen=True, kw_only=True):
    """Something is promised, by another moment than before, or it is kept or broken now."""

    promise: Promise


class PromiseAsked(Event, frozen=True, kw_only=True):
    """The customer is asked by a ``step`` for another date, ``to`` which what is promised would be moved; None: he is
    asked no more."""

    step: int
    to: datetime | None = None


class PromiseAtRisk(Event, frozen=True, kw_only=True):
    """The job is expected later than it is promised ``by``: half of such jobs are finished by ``soonest``, nine of ten
    by ``latest``. Told once for each date that is promised."""

    by: datetime
    soonest: datetime
    latest: datetime


class PromiseOverdue(Event, frozen=True, kw_only=True):
    """The moment ``by`` which something was promised is over, and the job goes on. The position stays as it is."""

    by: datetime


class Suspended(Event, frozen=True, kw_only=True):
    """An operator holds the job: its timers and calls wait."""

    suspension: Suspension


class Resumed(Event, frozen=True, kw_only=True):
    """The job goes on. The deadlines of people (``expire``, ``remind``, ``escalate``, ``claim``, ``close``) are later
    by as long as they were held: since the job was suspended, or since their step was opened or their state entered,
    where that came later. Waits and other clocks stay as they were."""

    at: datetime


class Migrated(Event, frozen=True, kw_only=True):
    """The job goes on under another version of its process, in which some ``states``, and the ``scopes`` (by path) that
    they hold, have other names, and ``items`` (by the new path of their each) are called otherwise. Whatever else
    changes with it is told by the events that follow."""

    version: str
    states: dict[str, str] = {}
    scopes: dict[str, str] = {}
    items: dict[str, str] = {}


class Ended(Event, frozen=True, kw_only=True):
    """The job is over, and nothing is open in it any more. ``kind`` is ``fulfilled`` or ``ended``; ``state`` is empty
    where an operator ended it."""

    kind: str
    state: str
    because: str = ""
    at: datetime


class Erased(Event, frozen=True, kw_only=True):
    """Contents of ``entries`` of the history, each a first and a last number, are erased since ``at``: what stands in
    their place says nothing. With ``whole`` the job holds nothing of them any more either."""

    entries: tuple[tuple[int, int], ...]
    whole: bool = False
    at: datetime


AnyEvent = (
    Started | BranchOpened | BranchWoken | BranchRested | BranchDone | BranchDetached | BranchClosed
    | Entered | Left | Saved | Kept | StepOpened | StepChanged
    | StepClosed | SeatAnswered | Counted | BoxClosed | Moved | TimerSet | TimerDropped | DeadlineMoved | TakesLonger
    | CallOpened | CallChanged | CallClosed
    | CutOff | LateResult | Heard | AnsweredPartner
    | UndoNoted | UndoTaken | Undone | SlotBooked | SlotFreed | AppointmentChanged
    | MessageKept | MessageTaken | Invoked | Reminded | Said
    | Told | Thanked | Referred | Promised | PromiseAsked | PromiseAtRisk | PromiseOverdue
    | Suspended | Resumed | Migrated | Ended | Erased
)  # fmt: skip

__all__ = ["AnyEvent", "Event", "Seating"]
