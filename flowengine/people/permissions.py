"""Who may do what: one table, which each verb of the engine asks.

A row says, for each kind of actor, what he must be to the thing that he asks for. To those who may not even look at it
(row ``track`` for jobs, ``step`` for steps), it is as absent as one that never was (L4); who may look at it and not do
this is told what is possible. Where nothing is looked up, the answer depends on the kind of actor alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from flowengine.core.seatings import seatings
from flowengine.core.values import Actor, Seating
from flowengine.errors import NotAllowed

PROGRAM = Actor(kind="operator")
"""The application itself, which asks where nobody is named. It is no person: it acts on no step."""

Relation: TypeAlias = Literal["any", "own", "part", "waits", "open", "-"]
"""What an actor must be to a thing: nothing in particular (``any``); the customer whose job it is, or whom it is
about (``own``); that, or one for whom a step of the job waits (``part``); one for whom this step waits (``waits``), or
to whom this ``always`` entry is open (``open``); ``-`` is never enough."""

ANY: Relation = "any"
OWN: Relation = "own"
PART: Relation = "part"
WAITS: Relation = "waits"
OPEN: Relation = "open"
NEVER: Relation = "-"


class Row(NamedTuple):
    """One verb: what it does, whom it is for, and what is possible ``instead`` for those who may not."""

    does: str
    customer: Relation
    staff: Relation
    operator: Relation
    program: Relation
    service: Relation
    clock: Relation
    instead: str = ""


def _operators(does: str) -> Row:
    return Row(does, NEVER, NEVER, ANY, ANY, NEVER, NEVER)


def _own_staff(does: str) -> Row:
    """Operators for everybody, members of staff for themselves."""
    return Row(does, NEVER, OWN, ANY, ANY, NEVER, NEVER, "do it for yourself, or ask somebody with the role operator")


def _organisation(does: str, instead: str = "") -> Row:
    """Every part of the organisation may read and add."""
    return Row(does, NEVER, ANY, ANY, ANY, NEVER, NEVER, instead)


def _programs(does: str) -> Row:
    """Not asked by anybody: the program that holds the engine uses it."""
    return Row(does, NEVER, NEVER, NEVER, ANY, NEVER, NEVER)


#                                                customer staff  operator program service clock
TABLE = {
    "deploy": _operators("put a process in use"),
    "processes": Row("list the processes",               ANY,   ANY,   ANY,   ANY,   ANY,   NEVER),
    "process": Row("read a process",                     ANY,   ANY,   ANY,   ANY,   ANY,   NEVER),
    "need": Row("ask what starting a job asks",          ANY,   ANY,   ANY,   ANY,   ANY,   NEVER),
    "add_customer": Row("enter or change a customer",    NEVER, ANY,   ANY,   ANY,   ANY,   NEVER),
    "add_staff": _operators("enter or change a member of staff"),
    "leave": _operators("have a member of staff leave"),
    "erase": _operators("erase a customer"),
    "set_hours": _own_staff("set when a member of staff works"),
    "add_absence": _own_staff("say when a member of staff is away"),
    "remove_absence": _own_staff("take back that a member of staff is away"),
    "person": Row("look at a person",                    OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "find_person": _organisation("look for a person"),
    "people": _organisation("list people"),
    "holdings": _own_staff("see what somebody has in hand"),
    "roles": _organisation("list the roles of the processes"),
    "actor": Row("ask who a person is",                  OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "start": Row("begin a job",                          OWN,   ANY,   ANY,   ANY,   ANY,   NEVER),
    "act": Row("act on a step",                          WAITS, WAITS, WAITS, NEVER, NEVER, NEVER, "assign it"),
    "claim": Row("claim a step",                         WAITS, WAITS, WAITS, NEVER, NEVER, NEVER, "assign it"),
    "release": Row("give a step back",                   WAITS, WAITS, ANY,   ANY,   NEVER, NEVER),
    "assign": Row("hand a step over",                    WAITS, WAITS, ANY,   ANY,   NEVER, NEVER),
    "invoke": Row("use an always entry",                 OPEN,  OPEN,  OPEN,  NEVER, NEVER, NEVER),
    "withdraw": Row("withdraw",                          OPEN,  OPEN,  OPEN,  NEVER, NEVER, NEVER),
    "say": Row("say something about a job",              PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "take_back": Row("take back what he has asked",      OWN,   OWN,   OWN,   NEVER, NEVER, NEVER, "answer it"),
    "send": Row("deliver a message of the outside",      NEVER, ANY,   ANY,   ANY,   ANY,   NEVER,
                "say something about the job, or act on a step that waits for you"),
    "add": Row("add items",                              OWN,   ANY,   ANY,   ANY,   ANY,   NEVER, "say it"),
    "inbox": Row("see what waits for him",               OWN,   OWN,   OWN,   OWN,   OWN,   OWN),
    "agenda": Row("see what is booked",                  OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "inbox_counts": Row("count what waits for him",      OWN,   OWN,   OWN,   OWN,   OWN,   OWN),
    "step": Row("look at a step",                        WAITS, WAITS, ANY,   ANY,   NEVER, NEVER),
    "find_step": Row("find the step that is meant",      ANY,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "offer": Row("look at what a job offers",            PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "track": Row("look at a job",                        PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "answered": Row("read what a command came to",       PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "data": Row("read the data of a job",                OWN,   ANY,   ANY,   ANY,   ANY,   NEVER,
                "track tells a customer where the job is"),
    "jobs": Row("list jobs",                             OWN,   ANY,   ANY,   ANY,   ANY,   NEVER),
    "history": _organisation("read the history of a job", "track tells a customer where his job is"),
    "audit": _operators("audit histories"),
    "measures": _operators("read the measures"),
    "incidents": _operators("list incidents"),
    "schedules": _operators("list schedules"),
    "retry": _operators("have an incident tried again"),
    "retry_all": _operators("have incidents tried again"),
    "stuck": _operators("see what is stuck"),
    "archive": _operators("archive jobs"),
    "archivable": _operators("count the jobs to archive"),
    "migrate": _operators("migrate a job"),
    "migrate_all": _operators("migrate all jobs of a process"),
    "end": _operators("end a job"),
    "complete_call": _operators("complete a service call"),
    "fail_call": _operators("have a service call fail"),
    "skip_call": _operators("skip a service call"),
    "act_for": _operators("act in somebody's stead"),
    "set_data": _operators("set data of a job"),
    "move": _operators("move a job to another state"),
    "suspend": _operators("suspend a job"),
    "resume": _operators("resume a job"),
    "suspend_process": _operators("suspend a process"),
    "resume_process": _operators("resume a process"),
    "move_deadline": Row("move a deadline",              NEVER, OPEN,  ANY,   ANY,   NEVER, NEVER),
    "fire_timer": _operators("fire a timer before its time"),
    "drop_timer": _operators("drop a reminder"),
    "timers": _operators("list the timers of a job"),
    "hand_over": _operators("hand all that a person holds to another"),
    "issue_token": _operators("issue a token"),
    "revoke_token": _operators("revoke a token"),
    "tokens": _operators("list tokens"),
    "next_due": _operators("ask when there is work to do"),
    "using": _programs("join a transaction"),
    "looking": _programs("look several times at one moment"),
    "close": _programs("give the database back"),
    "handler": _programs("register a handler"),
    "register": _programs("register handlers"),
    "watch": _programs("watch commands and attempts"),
    "run_due": _programs("run what is due"),
    "receive": _programs("take a message that its sender has signed"),
    "complete": _programs("end a call for whoever has its token"),
    "give_up": _programs("fail a call for whoever has its token"),
    "token": _programs("tell whose token that is"),
    "verify_archive": _programs("check an archive"),
    # conversation and files
    "message": Row("write about a job",                  PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "note": _organisation("note something for those inside", "write a message"),
    "conversation": Row("read what was said about a job", PART, ANY,   ANY,   ANY,   ANY,   NEVER),
    "attach": Row("upload a file",                       PART,  ANY,   ANY,   NEVER, NEVER, NEVER, "ask as a person"),
    "file": Row("look at a file",                        PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "file_data": Row("open a file",                      PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "file_parts": Row("open a file part by part",        PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "refuse_file": _operators("let nobody open a file"),
    "write": Row("write to the organisation",            OWN,   NEVER, NEVER, NEVER, NEVER, NEVER,
                 "write to a customer"),
    "message_to": _organisation("write to a customer", "write to the organisation"),
    "conversation_with": Row("read what was written with a customer", OWN, ANY, ANY, ANY, NEVER, NEVER),
    "open_conversations": _organisation("see who waits for an answer"),
}  # fmt: skip

_WHO = {"customer": "customers", "staff": "staff", "operator": "operators", "service": "services"}


def needs(verb: str, actor: Actor) -> Relation:
    """What such an actor must be to the thing for which he asks."""
    kind = "program" if actor.kind == "operator" and not actor.id else actor.kind
    relation: Relation = getattr(TABLE[verb], kind)
    return relation


def require(verb: str, actor: Actor) -> Relation:
    """As :func:`needs`. Raises NotAllowed where such an actor may never."""
    relation = needs(verb, actor)
    if relation == NEVER:
        raise denied(verb, actor)
    return relation


def stands(needed: Relation, actor: Actor, customer: str, waiting: Iterable[Seating] = ()) -> bool:
    """Whether the actor is to a customer's job what he must be; ``waiting`` are the seatings of its open steps."""
    if needed == ANY:
        return True
    own = actor.kind == "customer" and actor.id == customer
    if needed == PART:
        return own or not seatings(actor).isdisjoint(waiting)
    return needed == OWN and own


def denied(verb: str, actor: Actor, where: str = "") -> NotAllowed:
    """For who may know of a thing, and may not do this with it."""
    row = TABLE[verb]
    allowed = [words for kind, words in _WHO.items() if getattr(row, kind) != NEVER]
    if row.customer in (OWN, PART):
        allowed[0] = "the customer himself"
    whom = " and ".join(filter(None, (", ".join(allowed[:-1]), allowed[-1])))
    if row.operator == WAITS:
        whom = "those whom it waits for"
    elif allowed == ["operators"]:
        whom = "an operator"
    staff = "ask somebody with the role operator" if row.staff == NEVER else "ask a member of staff"
    return NotAllowed(f"only {whom} may {row.does}", where=where or actor.id, possible=(row.instead or staff,))
