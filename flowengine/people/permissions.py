"""Who may do what: one table, which each verb of the engine asks.

A row says, for each kind of actor, what he must be to the thing that he asks for. To those who may not even look at it
(row ``track`` for jobs, ``step`` for steps), it is as absent as one that never was (L4); who may look at it and not do
this is told what is possible. Where nothing is looked up, the answer depends on the kind of actor alone.

Below the table stand which verbs only look, which are for who comes by a link to one job, and how strongly somebody has
to be known for what is dear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from flowengine.core.seatings import seatings, stands_for
from flowengine.core.values import Actor, Seating
from flowengine.errors import NotAllowed, NotFound, WeakIdentity
from flowengine.people.identities import STRENGTHS, Strength, as_strong
from flowengine.speech.phrases import listing, phrase

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
    return Row(
        does, NEVER, OWN, ANY, ANY, NEVER, NEVER, phrase("do it for yourself, or ask somebody with the role operator")
    )


def _organisation(does: str, instead: str = "") -> Row:
    """Every part of the organisation may read and add."""
    return Row(does, NEVER, ANY, ANY, ANY, NEVER, NEVER, instead)


def _himself(does: str) -> Row:
    """Operators for everybody, everybody else for himself."""
    return Row(
        does, OWN, OWN, ANY, ANY, NEVER, NEVER, phrase("do it for yourself, or ask somebody with the role operator")
    )


def _persons(does: str) -> Row:
    """Each person for himself alone: nobody is made somebody else."""
    return Row(does, OWN, OWN, OWN, NEVER, NEVER, NEVER, phrase("ask as a person: with his exact id"))


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
    "erase": Row("erase a customer",                     OWN,   NEVER, ANY,   ANY,   NEVER, NEVER,
                 "ask an operator"),
    "set_name": _himself("say what somebody is called"),
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
    "administration": _operators("see what was changed of the installation"),
    "measures": _operators("read the measures"),
    "status": _operators("see how the installation fares"),
    "incidents": _operators("list incidents"),
    "schedules": _operators("list schedules"),
    "retry": _operators("have an incident tried again"),
    "retry_all": _operators("have incidents tried again"),
    "stuck": _operators("see what is stuck"),
    "standing": _operators("count the jobs in each state"),
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
    "once": _programs("have a verb done once under a request key"),
    "close": _programs("give the database back"),
    "handler": _programs("register a handler"),
    "register": _programs("register handlers"),
    "watch": _programs("watch commands and attempts"),
    "run_due": _programs("run what is due"),
    "hear_partner": _programs("take what a partner says, who has signed it"),
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
    # signing in
    "make_link": Row("make a link to a job",             PART,  ANY,   ANY,   ANY,   NEVER, NEVER),
    "links": Row("list the links of a job",              PART,  ANY,   ANY,   ANY,   NEVER, NEVER),
    "revoke_link": Row("revoke a link",                  OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "make_enrolment": _operators("let somebody register what he signs in with"),
    "bind_subject": _operators("say whose a provider's account is"),
    "sessions": _himself("list sessions"),
    "end_session": _himself("end a session"),
    "sign_out_everywhere": _himself("end all sessions"),
    "credentials": _himself("list what somebody signs in with"),
    "remove_credential": _himself("take away what somebody signs in with"),
    "begin_passkey": _persons("make a passkey"),
    "add_passkey": _persons("register a passkey"),
    "begin_totp": _persons("set up an authenticator"),
    "confirm_totp": _persons("confirm an authenticator"),
    "issue_own_token": _persons("make a token of his own"),
    "own_tokens": _persons("list his own tokens"),
    "revoke_own_token": _persons("revoke a token of his own"),
    "device": _persons("look at a device that wants in"),
    "approve_device": _persons("let a device in"),
    "deny_device": _persons("not let a device in"),
    "identify": _programs("say who shows a session or a token"),
    "sign_in": _programs("sign somebody in of whom it has made sure"),
    "open_link": _programs("open a link"),
    "send_code": _programs("send a code"),
    "check_code": _programs("check a code"),
    "check_totp": _programs("check an authenticator's code"),
    "begin_passkey_sign_in": _programs("ask a browser for a passkey"),
    "sign_in_by_passkey": _programs("sign somebody in by a passkey"),
    "begin_oidc": _programs("send a browser to a provider"),
    "finish_oidc": _programs("sign somebody in who comes back from a provider"),
    "begin_device": _programs("begin to let a device in"),
    "poll_device": _programs("tell a device whether it is let in"),
    "start_publicly": _programs("begin a job for somebody whom nobody knows"),
    # parties
    "let_act": Row("let somebody act for a party",       OWN,   ANY,   ANY,   ANY,   ANY,   NEVER),
    "end_acting": Row("end that somebody acts for a party", OWN, ANY,  ANY,   ANY,   ANY,   NEVER),
    "acting": Row("see who acts for whom",               OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "add_contact": Row("add a contact of a person",      OWN,   ANY,   ANY,   ANY,   ANY,   NEVER),
    "remove_contact": Row("take a contact of a person away", OWN, ANY, ANY,   ANY,   ANY,   NEVER),
    "contacts": Row("see the contacts of a person",      OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "confirm_contact": _programs("say that a contact is verified"),
    "with_contact": _programs("look for those who have a contact"),
    # calendars
    "close_calendar": _organisation("close a calendar for a time"),
    "open_calendar": _organisation("open a calendar again"),
    "closures": _organisation("see when calendars are closed"),
    "free_hours": _organisation("see the free hours of calendars"),
    "appointment_file": Row("take a job's appointments into a calendar", PART, ANY, ANY, ANY, ANY, NEVER),
    "agenda_file": Row("take what is booked into a calendar", OWN, ANY, ANY, ANY,   NEVER, NEVER),
    "make_feed": Row("have a feed of his appointments",  OWN,   OWN,   OWN,   NEVER, NEVER, NEVER),
    "feeds": Row("see his feeds",                        OWN,   OWN,   OWN,   NEVER, NEVER, NEVER),
    "end_feed": Row("end a feed of his",                 OWN,   OWN,   OWN,   NEVER, NEVER, NEVER),
    "read_feed": _programs("read a feed for whoever has its secret"),
    # what is known of customers
    "add_fact": Row("say something of a customer",       OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "change_fact": Row("change a fact",                  OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "answer_fact": _organisation("answer what was said of a customer", "add a fact"),
    "take_back_fact": Row("take a fact back",            OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "facts": Row("read what is known of a customer",     OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "record": Row("read the record of a customer",       OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "timeline": Row("read the timeline of a customer",   OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "customers": _organisation("search customers"),
    "merge": _organisation("merge two customers"),
    "unmerge": _organisation("undo that customers were merged"),
    "duplicates": _organisation("list customers who may be one"),
    "reject_duplicate": _organisation("say that two customers are two"),
    "export_person": Row("have all that is kept of a customer", OWN, ANY, ANY, ANY, NEVER, NEVER),
    "import_people": _operators("enter many people"),
    "consents": Row("see to what somebody has consented", OWN, ANY,  ANY,   ANY,   NEVER, NEVER),
    "give_consent": Row("consent that a partner has a record", OWN, ANY, ANY, ANY, NEVER, NEVER),
    "withdraw_consent": Row("withdraw a consent",        OWN,   ANY,   ANY,   ANY,   NEVER, NEVER),
    "send_record": _organisation("send a record to a partner", "consent, and the organisation can send it"),
    # ballots
    "ballot": Row("see his own ballot",                  WAITS, WAITS, WAITS, NEVER, NEVER, NEVER),
    # promises
    "preview": Row("see what an always entry would do",  OPEN,  OPEN,  OPEN,  NEVER, NEVER, NEVER),
    "preview_act": Row("see what acting would do",       WAITS, WAITS, WAITS, NEVER, NEVER, NEVER, "assign it"),
    "ask_new_promise": _organisation("ask for another date than the one that is promised", "say it"),
    "receipts": Row("list what there are receipts of",   PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "proof": Row("have a receipt",                       PART,  ANY,   ANY,   ANY,   ANY,   NEVER),
    "promises": _organisation("list promises"),
    "promise_counts": _organisation("count promises"),
    # what all jobs have taught
    "insight": _organisation("see what all jobs have taught"),
    "forecast": _organisation("see what is to be ordered"),
    "recount": _operators("have all that jobs teach counted anew"),
}  # fmt: skip

LOOKS = frozenset((
    "processes", "process", "need", "person", "find_person", "people", "holdings", "roles", "actor", "inbox", "agenda",
    "inbox_counts", "step", "find_step", "offer", "track", "answered", "data", "jobs", "history", "audit", "measures",
    "incidents", "schedules", "stuck", "standing", "archivable", "timers", "tokens", "next_due", "administration",
    "status",
    # parties
    "acting", "contacts",
    # conversation and files
    "conversation", "file", "file_data", "file_parts", "conversation_with", "open_conversations",
    # calendars
    "closures", "free_hours", "appointment_file", "agenda_file", "feeds",
    # signing in
    "links", "sessions", "credentials", "own_tokens",
    # what is known of customers
    "facts", "record", "timeline", "customers", "duplicates", "export_person", "consents",
    # ballots
    "ballot",
    # promises
    "preview", "preview_act", "receipts", "proof", "promises", "promise_counts",
    # what all jobs have taught
    "insight", "forecast",
))  # fmt: skip
"""The verbs that change nothing: a token with any scope is enough for them."""

LINKED = frozenset((
    "processes", "process", "need", "act", "claim", "release", "invoke", "withdraw", "say", "take_back", "add", "inbox",
    "agenda", "inbox_counts", "step", "find_step", "offer", "track", "answered", "data", "jobs",
    "appointment_file", "ballot",
    # promises
    "preview", "preview_act", "receipts", "proof",
    # conversation and files
    "message", "conversation", "attach", "file", "file_data", "file_parts",
))  # fmt: skip
"""The verbs of one job, or of what is listed of it: they are for who comes by a link to it. The others find nothing."""

DEAR: dict[str, Strength] = {
    "withdraw": "code",
    "erase": "code",
    # parties
    "let_act": "code",
    "end_acting": "code",
    "add_contact": "code",
    "remove_contact": "code",
    # signing in
    "make_link": "code",
    "links": "code",
    "revoke_link": "code",
    "sessions": "code",
    "end_session": "code",
    "sign_out_everywhere": "code",
    "credentials": "code",
    "remove_credential": "code",
    "begin_passkey": "code",
    "add_passkey": "code",
    "begin_totp": "code",
    "confirm_totp": "code",
    "issue_own_token": "code",
    "own_tokens": "code",
    "revoke_own_token": "code",
    "device": "code",
    "approve_device": "code",
    "deny_device": "code",
    # what is known of customers
    "export_person": "code",
    "give_consent": "code",
}
"""The verbs for which a link is not enough, unless the installation says otherwise (``Settings.strengths``)."""

EACH = "*"
"""In the settings of an installation: each verb of which it says nothing else."""

PRICED: Strength = "code"
"""How strongly somebody has to be known to approve what has a price, unless the installation says for ``act``."""

_HOW: dict[str, str] = {
    "link": phrase("open the link that was sent to you"),
    "code": phrase("confirm with a code"),
    "passkey": phrase("sign in with a passkey"),
    "oidc": phrase("sign in with the organisation's own login"),
    "host": phrase("sign in where you are known"),
}
"""What somebody does to be known so strongly."""

_WHO = {
    "customer": phrase("customers"), "staff": phrase("staff"), "operator": phrase("operators"),
    "service": phrase("services"),
}  # fmt: skip


def needs(verb: str, actor: Actor) -> Relation:
    """What such an actor must be to the thing for which he asks. By a token that is not for what operators do, an
    operator is a member of staff."""
    kind = actor.kind
    if kind == "operator":
        if not actor.id:
            kind = "program"  # type: ignore[assignment]  # a column of its own
        elif actor.scopes and "operate" not in actor.scopes and verb not in LOOKS:
            kind = "staff"
    relation: Relation = getattr(TABLE[verb], kind)
    return relation


def require(verb: str, actor: Actor) -> Relation:
    """As :func:`needs`. Raises NotAllowed where such an actor may never; and as :func:`refuse_beyond`."""
    refuse_beyond(verb, actor)
    relation = needs(verb, actor)
    if relation == NEVER:
        raise denied(verb, actor)
    return relation


def refuse_beyond(verb: str, actor: Actor) -> None:
    """Raises NotFound for who comes by a link to a job, and asks for something else; NotAllowed where the scopes of his
    token do not reach so far."""
    if actor.job and verb not in LINKED:
        what = phrase("there is no such thing, or it is not for you")
        raise NotFound(what, possible=(phrase("what belongs to the job of the link"),))
    if not actor.scopes or verb in LOOKS:
        return
    wanted = "operate" if TABLE[verb].staff == NEVER and TABLE[verb].customer == NEVER else "act"
    if wanted not in actor.scopes:
        what = phrase(
            "the token may only %(list)s, and not %(does)s", list=" and ".join(actor.scopes), does=TABLE[verb].does
        )
        raise NotAllowed(what, where=actor.id, possible=(phrase("a token with the scope %(scope)s", scope=wanted),))


def least(verb: str, strengths: Mapping[str, str], *raised: str) -> str:
    """How strongly somebody has to be known for a verb: as the installation says (``strengths``), else as
    :data:`DEAR`; and no less than what it was ``raised`` to."""
    usual = max(DEAR.get(verb, "link"), strengths.get(EACH, "link"), key=STRENGTHS.index)
    return max((strengths.get(verb, usual), *(one for one in raised if one)), key=STRENGTHS.index)


def refuse_weak(verb: str, actor: Actor, needed: str, where: str = "") -> None:
    """Raises WeakIdentity for one who may do it, and know of it, and is not known so strongly as is needed."""
    if not as_strong(actor.strength, needed):
        what = phrase(
            "to %(does)s, you have to be known more strongly than by %(by)s",
            does=TABLE[verb].does,
            by=_BY[actor.strength],
        )
        raise WeakIdentity(what, needed=needed, where=where or actor.id, possible=(_HOW[needed],))


_BY = {
    "link": phrase("a link"), "code": phrase("a code"), "passkey": phrase("a passkey"),
    "oidc": phrase("the login of an organisation"),
}  # fmt: skip


def stands(
    needed: Relation, actor: Actor, customer: str, waiting: Iterable[Seating] = (), *, looking: bool = False
) -> bool:
    """Whether the actor is to a customer's job what he must be, by himself or for a party; ``waiting`` are the seatings
    of its open steps. ``looking``: he would only look."""
    if needed == ANY:
        return True
    own = (actor.kind == "customer" or bool(actor.acting or actor.seeing)) and customer in _own(actor, looking)
    if needed == PART:
        return own or not seatings(actor).isdisjoint(waiting)
    return needed == OWN and own


def _own(actor: Actor, looking: bool) -> tuple[str, ...]:
    """Those whose jobs are the actor's own. Members of staff have none but those of the parties for which they act."""
    if actor.kind == "customer" or actor.party:
        return stands_for(actor, looking=looking)
    return (*actor.acting, *(actor.seeing if looking else ()))


def denied(verb: str, actor: Actor, where: str = "") -> NotAllowed:
    """For who may know of a thing, and may not do this with it."""
    row = TABLE[verb]
    allowed = [words for kind, words in _WHO.items() if getattr(row, kind) != NEVER]
    if row.customer in (OWN, PART):
        allowed[0] = phrase("the customer himself")
    whom = listing(filter(None, (listing(allowed[:-1]), allowed[-1])), phrase(" and "))
    if row.operator == WAITS:
        whom = phrase("those whom it waits for")
    elif allowed == ["operators"]:
        whom = phrase("an operator")
    staff = phrase("ask somebody with the role operator") if row.staff == NEVER else phrase("ask a member of staff")
    return NotAllowed(
        phrase("only %(whom)s may %(does)s", whom=whom, does=row.does),
        where=where or actor.id,
        possible=(row.instead or staff,),
    )
