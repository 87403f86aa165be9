"""A shop in which each thing is there twice, Ada's and Dora's, and a third time not; and each kind of who may ask.

It is made ready once. Then it keeps nothing (:class:`noted_database.NotedDatabase`), so that whatever is asked, and
let, finds all as it was.
"""

from __future__ import annotations

import asyncio
import sys
from base64 import b32decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).parents[1] / "engine"))

from noted_database import NotedDatabase
from soft_passkey import SoftPasskey
from verb_cases import MENDING, MILL, ORDERING, PIECES, TABLE, gives_up

from flowengine import PROGRAM, Actor, Engine, Settings, SimulatedClock
from flowengine.commands.codes import digits_of
from flowengine.commands.sessions import csrf_of
from flowengine.commands.totp import STEP, code_at
from flowengine.people.identities import By, Identity
from flowengine.runtime.ways_in import Provider, WaysIn
from flowengine.work import external

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
URL = "https://flow.example"
HOOK_SECRET = "whsec_" + "c2l4dGVlbiBieXRlcyBhcmUgbmVlZGVkIGhlcmU="

SIGNED = """
process: signed
title: An offer
need: An offer
promise: {by: data.need.by}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: accept}
  accept: {type: approval, ask: Do you agree?, within: P30D, on: {approved: fulfilled, declined: gone, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
"""

VOTE = """
process: vote_of_{whose}
title: A vote
need: A decision
groups: {{{whose}s: {{title: Members}}}}
states:
  need: {{type: need, next: vote}}
  vote:
    type: vote
    of: {{group: {whose}s}}
    options: [red, blue]
    within: P2D
    on: {{decided: fulfilled, no_quorum: fulfilled, tied: fulfilled}}
  fulfilled: {{type: fulfilled}}
"""

ROOM = """
process: room_of_{whose}
title: A visit
need: A visit
roles: {{maker: {{title: Maker}}}}
calendars: {{room_of_{whose}: {{zone: UTC, every: PT30M, open: {{mon-fri: "09:00-17:00"}}}}}}
options: {{lamps: [{{id: oil, lead_time: P5D}}]}}
states:
  need: {{type: need, next: meet}}
  meet: {{type: fitting, with: maker, calendar: room_of_{whose}, length: PT45M, within: P30D,
          uses: again.lamp, on: {{held: fulfilled, missed: again, expired: gone}}}}
  again: {{type: choice, choose: {{lamp: {{from: lamps}}}}, within: P1D, on: {{chosen: meet, expired: gone}}}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: Nobody came}}
"""

DYEING = """
process: dyeing
title: Dyeing
need: A colour
states:
  need: {type: need, next: dye}
  dye: {type: service, call: dye, limit: PT1H, on: {done: fulfilled, failed: sorry}}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: No colour}
"""

LATER = """
process: later
title: A thing later
need: A thing later
states:
  need: {type: need, next: wait}
  wait: {type: wait, for: P1D, next: fulfilled}
  fulfilled: {type: fulfilled}
"""

EVERYBODY = "*"
"""The owner of what is for whoever asks."""

NO_JOB = "01890000-0000-7000-8000-000000000000"


class Thing(NamedTuple):
    """Something that is asked for: by what ``id``, whose it is, for whom it ``waits`` (people, roles), of which
    ``job``, with what ``more`` it is asked. One without an owner is not there."""

    id: Any
    owner: str = ""
    waits: tuple[str, ...] = ()
    job: str = ""
    more: Mapping[str, Any] = {}


class Who(NamedTuple):
    """One who asks: in process as ``by``, None for whom nobody knows; over HTTP with ``headers``."""

    by: By | None
    headers: Mapping[str, str]


@dataclass
class Shop:
    """The shop, whose things are by kind: Ada's, Dora's, and one that is not there."""

    engine: Engine
    database: NotedDatabase
    things: dict[str, tuple[Thing, Thing, Thing]] = field(default_factory=dict)
    people: dict[str, Who] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    """What is shown at the doors for whoever comes: by door, what counts, and what counts no more (``over``)."""

    def statements(self) -> list[str]:
        """What was asked of the database since it was asked for the last time."""
        found = [one.query for one in self.database.asked]
        self.database.asked.clear()
        return found


def opened(database: NotedDatabase) -> Shop:
    """The shop, made ready, which keeps nothing any more."""
    ways_in = WaysIn(
        public=("table",), providers=(Provider(name="house", issuer="https://id.example", client="flow", secret="s"),)
    )
    settings = Settings(
        url=URL, files="memory://", hook_secrets={"parcel": HOOK_SECRET}, ways_in=ways_in, partners={"mill": MILL}
    )
    engine = Engine(database, clock=SimulatedClock(START), handlers={"mend": gives_up}, settings=settings)
    shop = Shop(engine, database)
    _people(engine)
    each = [text.format(whose=whose) for text in (VOTE, ROOM) for whose in ("ada", "dora")]
    for text in (TABLE, ORDERING, MENDING, PIECES, SIGNED, DYEING, LATER, *each):
        engine.deploy(text)
    made = [_things(engine, "ada", "tom"), _things(engine, "dora", "mia")]
    missing = _missing()
    assert made[0].keys() == made[1].keys() == missing.keys()
    shop.things = {kind: (made[0][kind], made[1][kind], missing[kind]) for kind in missing}
    shop.people = _askers(shop)
    shop.secrets = _secrets(shop)
    engine.deploy(LATER.replace("P1D", "P2D"))
    database.keep_nothing()
    database.asked.clear()
    return shop


def _people(engine: Engine) -> None:
    for name in ("ada", "dora"):
        engine.add_customer(name, name.title(), f"{name}@example.org", groups=[f"{name}s"], record={"size": "L"})
    for name in ("ben", "vera", "carl", "sid", "zed", "eva"):
        engine.add_customer(name, name.title(), f"{name}@example.org")
    for name, may in (("vera", "see"), ("carl", "act"), ("sid", "sign")):
        engine.let_act(name, "ada", may)
    for party in ("ada", "dora"):
        engine.let_act("zed", party, "see")
    for name, role in (("tom", "maker"), ("mia", "maker"), ("sam", "clerk"), ("olga", "operator"), ("lena", "maker")):
        engine.add_staff(name, name.title(), [role], f"{name}@example.org")


def _things(engine: Engine, whose: str, maker: str) -> dict[str, Thing]:
    """All that there is once of each: a customer's, and a maker's."""
    found: dict[str, Thing] = {}

    def keep(kind: str, id: str, *waits: str, owner: str = whose) -> None:
        job = id.partition(".")[0]
        found[kind] = Thing(id, owner, waits, job if len(job) == len(NO_JOB) else "")

    def step(job: str) -> str:
        return f"{job}.{engine.track(job, 'olga').waiting[0].id.partition('.')[2]}"

    def start(process: str, **need: Any) -> str:
        return engine.start(process, by=whose, need=need).job

    engine.give_consent(whose, "mill", until=START + timedelta(days=300), parts=["facts"], by=whose)

    job = start("table", wish="For six")
    keep("job", job)
    keep("step", step(job), whose)
    engine.say(job, "Mind the stairs", "wish", by=whose, key="kept")
    for one in engine.timers(job):
        keep("deadline" if one.purpose == "expire" else "timer", one.id)
    asked = engine.say(start("table", wish="For four"), "How long?", "question", by=whose)
    keep("question", asked.question, "staff")
    written = start("table", wish="For eight")
    file = engine.attach("plan.txt", b"A plan", written, by=whose).id
    engine.message(written, "See the plan", [file], by=whose)
    found["file"] = Thing(file, whose, (), written)
    engine.add_contact(whose, "ours@example.org")
    keep("fact", engine.add_fact(whose, "concern", "It must be done soon", by=whose).id)
    found["link"] = Thing(engine.make_link(job).id, whose, (), "")
    keep("built", built := start("table", wish="For two"))
    engine.move(built, "build", because="It is known", by="olga")
    keep("task", step(built), "maker")
    engine.move(other := start("table", wish="For ten"), "build", because="It is known", by="olga")
    keep("claimed", step(other), "tom")
    engine.claim(found["claimed"].id, by="tom")
    keep("suspended", held := start("table", wish="For three"))
    engine.suspend(held, because="A strike", by="olga")
    keep("pieces", start("pieces", names=["a"]))
    keep("order", order := start("ordering", metres=3 if whose == "ada" else 4))
    (found["call"],) = [Thing(one.id, whose, (), order) for row in engine.stuck(limit=99) if row.job == order
                        for one in row.waits]  # fmt: skip
    metres = 5 if whose == "ada" else 6
    parcel = start("ordering", metres=metres)
    found["parcel"] = Thing(parcel, whose, (), parcel, {"key": f"p{metres}"})
    (call,) = [one.id for row in engine.stuck(limit=99) if row.job == parcel for one in row.waits]
    engine.complete_call(call, because="By hand", by="olga")
    broken = start("mending")
    engine.run_due()
    found["incident"] = next(Thing(one.id, whose, (), broken) for one in engine.incidents() if one.job == broken)
    keep("offer", offer := start("signed", by="2026-07-01"))
    keep("approval", step(offer), whose)
    keep("vote", step(start(f"vote_of_{whose}")), whose)
    keep("later", start("later"))
    found["for another"] = Thing(found["step"].id, whose, (whose,), job, {"person": whose})
    engine.add_customer(f"new_{whose}", "New")
    keep("new", f"new_{whose}", owner=f"new_{whose}")
    keep("customer", whose)
    keep("member", maker, owner=maker)
    engine.add_absence(maker, date(2026, 8, 3), date(2026, 8, 10), "Holidays")
    keep("session", engine.identify(engine.sign_in(whose).secret).session)
    passkey = SoftPasskey(URL, whose.encode())
    wanted = engine.begin_passkey(by=whose)
    made = engine.add_passkey(wanted.id, passkey.made(wanted.options), by=whose)
    found["credential"] = Thing(made.id, whose, more={"person": whose})
    wanted = engine.begin_passkey(by=whose)
    another = SoftPasskey(URL, b"another of " + whose.encode())
    found["challenge"] = Thing(wanted.id, whose, more={"response": another.made(wanted.options)})
    begun = engine.begin_totp(by=whose)
    shown = code_at(b32decode(begun.secret), int(START.timestamp()) // STEP)
    found["setting up"] = Thing(begun.id, whose, more={"code": shown})
    found["device"] = Thing(engine.begin_device("a laptop").user_code, EVERYBODY)
    keep("merged", f"{whose}2")
    engine.add_customer(f"{whose}2", f"{whose}2")
    engine.merge(f"{whose}2", whose, because="She is one")
    keep("calendar", f"room_of_{whose}")
    keep("closed calendar", f"room_of_{whose}")
    engine.close_calendar(f"room_of_{whose}", date(2026, 5, 6), date(2026, 5, 6))
    keep("own token", engine.issue_own_token(["read"], by=whose).id)
    keep("token", engine.issue_token("metrics", f"of {whose}").id)
    keep("feed", engine.make_feed(by=whose).id)
    keep("process", f"room_of_{whose}")
    engine.suspend_process(f"vote_of_{whose}", because="A strike")
    keep("suspended process", f"vote_of_{whose}")
    return found


def _missing() -> dict[str, Thing]:
    """What is not there, of each kind, with ids of the same look."""
    jobs = ("job", "built", "suspended", "pieces", "order", "offer", "later")
    parts = ("step", "task", "claimed", "approval", "vote", "timer", "deadline", "question", "call", "incident")
    return {
        **{kind: Thing(NO_JOB, job=NO_JOB) for kind in jobs},
        **{kind: Thing(f"{NO_JOB}.5", job=NO_JOB) for kind in parts},
        "parcel": Thing(NO_JOB, job=NO_JOB, more={"key": "p7"}),
        "for another": Thing(f"{NO_JOB}.5", job=NO_JOB, more={"person": "zz-top"}),
        "new": Thing("zz-top"),
        "file": Thing("file-" + "0" * 32),
        "fact": Thing(NO_JOB),
        "link": Thing("0" * 12),
        "customer": Thing("zz-top"),
        "member": Thing("zz-top"),
        "session": Thing("0" * 16),
        "credential": Thing("0" * 12, more={"person": "zz-top"}),
        "challenge": Thing("0" * 22, more={"response": {}}),
        "setting up": Thing("0" * 22, more={"code": "123456"}),
        "device": Thing("BBBB-BBBB"),
        "merged": Thing("zz-top"),
        "calendar": Thing("nothing"),
        "closed calendar": Thing("nothing"),
        "own token": Thing("0" * 12),
        "token": Thing("0" * 12),
        "feed": Thing("0" * 12),
        "process": Thing("nothing"),
        "suspended process": Thing("nothing"),
    }


def _askers(shop: Shop) -> dict[str, Who]:
    """Each kind of who may ask, by what he shows."""
    engine, things = shop.engine, shop.things
    found: dict[str, Who] = {}

    def session(name: str, secret: str) -> None:
        found[name] = Who(engine.identify(secret), {"cookie": f"__Host-flow={secret}", **_page(secret)})

    def token(name: str, secret: str, by: By | None) -> None:
        found[name] = Who(by, {"authorization": f"Bearer {secret}"})

    def vouched(name: str, by: By) -> None:
        found[name] = Who(by, {"x-actor": name})

    def installations(name: str, subject: str, by: By) -> None:
        token(name, engine.issue_token("operator", subject).token, by)

    installations("customer", "ada", Identity(person="ada"))
    session("another customer", engine.sign_in("ben", strength="code").secret)
    for name, id in (("who sees for her", "vera"), ("who acts for her", "carl"), ("who signs for her", "sid")):
        installations(name, id, Identity(person=id))
    for name, kind in (("link to the job", "job"), ("link to another job", "built")):
        opened_ = engine.open_link(engine.make_link(things[kind][0].id).secret).session
        assert opened_ is not None
        session(name, opened_.secret)
    session("code", engine.sign_in("ada", strength="code").secret)
    for name, id, scope in (("token that reads", "ada", "read"), ("token that acts", "ada", "act"),
                            ("operator's token that reads", "olga", "read"),
                            ("operator's token that acts", "olga", "act"),
                            ("token that operates", "olga", "operate")):  # fmt: skip
        made = engine.issue_own_token([scope], by=id).token
        token(name, made, engine.identify(made))
    installations("staff", "tom", Identity(person="tom"))
    installations("staff without the role", "sam", Identity(person="sam"))
    installations("operator", "olga", Identity(person="olga"))
    installations("program", "our-site", PROGRAM)
    vouched("service", Actor(kind="service", id="order_cloth"))
    vouched("clock", Actor(kind="clock"))
    gone = engine.issue_own_token(["read"], by="lena").token
    engine.leave("lena", because="She moves")
    engine.erase("eva", because="She asked for it")
    vouched("who has left", Identity(person="lena"))
    vouched("who was erased", Identity(person="eva"))
    token("the token of who has left", gone, None)
    revoked = engine.issue_own_token(["act"], by="ada")
    engine.revoke_own_token(revoked.id, by="ada")
    token("revoked token", revoked.token, None)
    token("expired token", engine.issue_own_token(["act"], expires=timedelta(seconds=1), by="ada").token, None)
    over = engine.sign_in("ada", strength="code")
    engine.end_session(over.id)
    found["session that is over"] = Who(None, {"cookie": f"__Host-flow={over.secret}", **_page(over.secret)})
    token("unknown token", "flow_" + "A" * 43, None)
    for name, handler in (("worker's token", "dye"), ("another worker's token", "weave")):
        token(name, engine.issue_token("worker", handler, handlers=[handler]).token, None)
    token("token for the metrics", engine.issue_token("metrics", "grafana").token, None)
    found["nobody"] = Who(None, {})
    clock = engine.clock
    assert isinstance(clock, SimulatedClock)
    clock.advance(timedelta(seconds=2))
    return found


def _secrets(shop: Shop) -> dict[str, dict[str, str]]:
    engine, job = shop.engine, shop.things["job"][0].id
    link, over = engine.make_link(job), engine.make_link(job)
    engine.revoke_link(over.id)
    sent = engine.send_code("ada@example.org")
    feed, ended = engine.make_feed(by="ada"), engine.make_feed(by="ada")
    engine.end_feed(ended.id, by="ada")
    hired = engine.start("dyeing", by="ada").job
    mill = engine.token(shop.people["worker's token"].headers["authorization"].removeprefix("Bearer "))
    (call,) = external.claim(engine.shell, mill, "one", 1, 60)
    assert call.job == hired
    return {
        "link": {"right": link.secret, "over": over.secret},
        "code": {"id": sent.id, "right": digits_of(engine.shell.secret.made(engine.shell), sent.id)},
        "feed": {"right": feed.secret, "over": ended.secret},
        "call": {"id": call.id, "lease": call.lease},
    }


def _page(secret: str) -> dict[str, str]:
    """What a page of ours sends for a session."""
    return {"x-flow-csrf": csrf_of(secret), "origin": URL, "sec-fetch-site": "same-origin"}


class Answer(NamedTuple):
    """What an application answered."""

    status: int
    headers: dict[str, str]
    content: bytes


class Asked:
    """An application that is asked without a socket, one request at a time; it speaks TLS."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()

    def ask(
        self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """One request, whose client hangs up once he has sent it: a stream ends with what it says at first."""
        given = {"host": "flow.example", "content-length": str(len(body)), **(headers or {})}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), text.encode()) for name, text in given.items()],
            "client": ("192.0.2.7", 4711), "server": ("flow.example", 443), "state": {},
        }  # fmt: skip
        return self._runner.run(self._answer(scope, body))

    async def _answer(self, scope: dict[str, Any], body: bytes) -> Answer:
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])
        status, headers, content = 0, {}, bytearray()
        done = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if (first := next(asked, None)) is not None:
                return first
            if scope["path"] != "/api/v1/events":
                await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.decode(): text.decode() for name, text in message["headers"]}
            else:
                content.extend(message.get("body", b""))

        await self.app(scope, receive, send)
        done.set()
        return Answer(status, headers, bytes(content))
