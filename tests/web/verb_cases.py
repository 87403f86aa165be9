"""A case for each verb of a desk: who asks what, on a workshop in simulated time that was made ready for it.

What is made ready twice gives the same answers but for its ids (:func:`without_ids`), so that one can be asked in
process, the other over HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, get_origin

from flowengine import Engine, GiveUp, HandlerCall, Settings, SimulatedClock
from flowengine.client.wire import Asking
from flowengine.runtime.partners import Partner

START = datetime(2026, 5, 4, 9, tzinfo=UTC)

TABLE = """
process: table
title: A table made for you
need: A table
roles: {maker: {title: Maker}}
states:
  need: {type: need, ask: What for?, fields: {wish: {type: string, title: Wish}}, next: choose}
  choose:
    type: ask
    ask: How many legs?
    fields: {legs: {type: integer, title: Legs}}
    within: P14D
    remind: [P3D]
    on: {answered: visit, expired: gone}
  visit:
    type: fitting
    with: maker
    length: PT45M
    within: P30D
    on: {held: build, missed: visit, expired: gone}
  build: {type: task, for: maker, phase: Being built, attention: P2D, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
always:
  withdraw: {by: customer, title: Withdraw, when: '!passed("choose")', to: gone}
"""

ORDERING = """
process: ordering
title: Ordering
need: Cloth
options: {cloth: [{id: navy, title: Navy, lead_time: P5D}, grey]}
states:
  need: {type: need, fields: {metres: {type: integer}}, next: order}
  order: {type: service, call: order_cloth, uses: pick.cloth, limit: PT1H, on: {done: parcel, failed: pick}}
  pick: {type: choice, choose: {cloth: {from: cloth}}, within: P1D, on: {chosen: order, expired: sorry}}
  parcel: {type: message, name: parcel, key: '"p" + string(data.need.metres)', on: {received: fulfilled}}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: No cloth}
"""

MENDING = """
process: mending
title: Mending
need: A thing mended
states:
  need: {type: need, next: mend}
  mend: {type: service, call: mend, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""

PIECES = """
process: pieces
title: Pieces
need: Pieces
states:
  need: {type: need, fields: {names: {type: array}}, next: make}
  make:
    type: each
    of: data.need.names
    more: true
    start: cut
    states: {cut: {type: task, for: staff, on: {done: done}}}
    on: {joined: fulfilled}
  fulfilled: {type: fulfilled}
"""

_SMALL_WAITS = """
process: waiting
title: Waiting
need: A thing later
states:
  need: {type: need, next: wait}
  wait: {type: wait, for: P1D, next: fulfilled}
  fulfilled: {type: fulfilled}
"""

SMALL = (
    "process: small\nneed: A thing\nstates:\n  need: {type: need, next: fulfilled}\n  fulfilled: {type: fulfilled}\n"
)


MILL = Partner("mill", "https://mill.example/api/v1/partners/shop", ("whsec_" + "A" * 32,))


def gives_up(_: HandlerCall) -> None:
    """A handler that cannot do it."""
    raise GiveUp("the needle broke")


def workshop(url: str) -> Engine:
    """The processes and people of all cases; a simulated clock."""
    settings = Settings(files="memory://", partners={"mill": MILL})
    engine = Engine(url, clock=SimulatedClock(START), handlers={"mend": gives_up}, settings=settings)
    for text in (TABLE, ORDERING, MENDING, PIECES):
        engine.deploy(text)
    engine.add_customer("ada", "Ada", "ada@example.org", record={"size": "L"})
    engine.add_customer("ben", "Ben")
    engine.add_staff("tom", "Tom", ["maker"])
    engine.add_staff("mia", "Mia", ["maker"])
    engine.add_staff("olga", "Olga", ["operator"])
    return engine


class Case(NamedTuple):
    """Who asks, and with which arguments."""

    by: str
    given: dict[str, Any]


_IDS = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|flow_[\w-]{43}|(?<=\")[0-9a-f]{8}(?=[.\"])|(?<=\"id\":\")[0-9a-f]{12}"
    r"|(?<=\"id\":\")[\w-]{22}(?=\")|flow[ld]_[\w-]{43}|(?<=[\"=])[A-Z2-7]{32}|[0-9a-f]{64}"
    r"|(?<=\"address\":\")[a-z+]+://[^\"]+"
)


def without_ids(text: str) -> str:
    """A text in JSON in which ids that are made by chance are numbered as they come."""
    known: dict[str, str] = {}
    return _IDS.sub(lambda found: known.setdefault(found[0], f"<{len(known)}>"), text)


def any_case(asking: Asking) -> Case:
    """What fits nothing, for a verb that has no case of its own."""
    plain: dict[Any, Any] = {str: "nothing", bool: False, int: 1, date: date(2026, 5, 4), datetime: START}
    shapes: dict[Any, Any] = {Sequence: [], Mapping: {}}
    given = {
        one.name: plain[one.kind] if one.kind in plain else shapes.get(get_origin(one.kind), "nothing")
        for one in asking.arguments
        if one.required
    }
    return Case("olga", given | ({asking.key.name: "k"} if asking.key else {}))


class Ready:
    """Makes things ready on a workshop."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def table(self) -> str:
        return self.engine.start("table", by="ada", need={"wish": "For six"}).job

    def step(self, job: str) -> str:
        """The id of the one step that is open."""
        return self.engine.track(job, "olga").waiting[0].id

    def built(self) -> str:
        """A table whose making waits for a maker."""
        engine = self.engine
        job = self.table()
        engine.move(job, "build", because="It is known already", by="olga")
        return job

    def order(self) -> str:
        return self.engine.start("ordering", by="ada", need={"metres": 3}).job

    def call(self, job: str) -> str:
        (waits,) = [wait for one in self.engine.stuck(limit=1000) if one.job == job for wait in one.waits]
        return waits.id

    def broken(self) -> str:
        """The id of an incident."""
        job = self.engine.start("mending", by="ada").job
        self.engine.run_due()
        return next(one.id for one in self.engine.incidents() if one.job == job)

    def timer(self, job: str, purpose: str) -> str:
        return next(one.id for one in self.engine.timers(job) if one.purpose == purpose)


Make = Callable[[Ready], Case]


def _on_table(by: str, **given: Any) -> Make:
    """On a table that was just wished for; ``…`` stands for its id."""

    def make(ready: Ready) -> Case:
        job = ready.table()
        return Case(by, {name: job if value is ... else value for name, value in given.items()})

    return make


def _on_step(by: str, built: bool, **given: Any) -> Make:
    """On the open step of a table; it is claimed by Tom where it is to be given back."""

    def make(ready: Ready) -> Case:
        job = ready.built() if built else ready.table()
        return Case(by, {"step_id": ready.step(job)} | given)

    return make


def _released(ready: Ready) -> Case:
    case = _on_step("tom", True, key="k4")(ready)
    ready.engine.claim(case.given["step_id"], by="tom")
    return case


def _asked(ready: Ready) -> Case:
    job = ready.table()
    said = ready.engine.say(job, "How long?", "question", by="ada")
    return Case("ada", {"question": said.question, "key": "k7"})


def _added(ready: Ready) -> Case:
    job = ready.engine.start("pieces", by="ada", need={"names": ["a"]}).job
    return Case("tom", {"job": job, "state": "make", "items": ["b"], "key": "k8"})


def _sent(ready: Ready) -> Case:
    job = ready.order()
    ready.engine.complete_call(ready.call(job), because="By hand", by="olga")
    given = {"name": "parcel", "key": "p3", "body": {"weight": 2}, "job": job, "request_key": "k9"}
    return Case("olga", given)


def _on_call(**given: Any) -> Make:
    def make(ready: Ready) -> Case:
        job = ready.order()
        return Case("olga", {"call": ready.call(job)} | given)

    return make


def _incident(ready: Ready) -> Case:
    incident = ready.broken()
    return Case("olga", {"incident": incident})


def _resumed(ready: Ready) -> Case:
    job = ready.table()
    ready.engine.suspend(job, because="A strike", by="olga")
    return Case("olga", {"job": job, "because": "It is over", "key": "k16"})


def _on_timer(name: str, purpose: str, **given: Any) -> Make:
    def make(ready: Ready) -> Case:
        job = ready.table()
        return Case("olga", {name: ready.timer(job, purpose)} | given)

    return make


def _token(ready: Ready) -> Case:
    clock = ready.engine.clock
    assert isinstance(clock, SimulatedClock)
    clock.advance(timedelta(seconds=1))  # tokens are listed as they were made
    token = ready.engine.issue_token("metrics", "grafana")
    return Case("olga", {"id": token.id})


def _answered(ready: Ready) -> Case:
    job = ready.table()
    return Case("ada", {"job": job, "seq": 1})


def _absent(ready: Ready) -> Case:
    ready.engine.add_absence("mia", date(2026, 8, 3), date(2026, 8, 10), "Holidays")
    return Case("mia", {"person": "mia", "start": date(2026, 8, 3)})


def _migrated(ready: Ready) -> Case:
    engine = ready.engine
    engine.deploy(_SMALL_WAITS)
    job = engine.start("waiting", by="ada").job
    engine.deploy(_SMALL_WAITS.replace("P1D", "P2D"))
    return Case("olga", {"job": job, "because": "It takes longer", "dry": True})


def _with_small(by: str, suspended: bool = False, **given: Any) -> Make:
    def make(ready: Ready) -> Case:
        name = f"small_{len(ready.engine.processes())}"
        ready.engine.deploy(SMALL.replace("small", name))
        if suspended:
            ready.engine.suspend_process(name, because="A strike")
        return Case(by, {"name": name} | given)

    return make


def _left(ready: Ready) -> Case:
    ready.engine.add_staff("zoe", "Zoe", ["maker"])
    return Case("olga", {"person": "zoe", "because": "She moves", "dry": True})


def _visited(ready: Ready) -> Case:
    job = ready.table()
    ready.engine.act(ready.step(job), "answered", {"legs": 4}, by="ada")
    booked = len(ready.engine.agenda(date(2026, 5, 5), date(2026, 7, 1), calendar="", role="maker"))
    slot = START + timedelta(days=1 + booked // 10, minutes=45 * (booked % 10))
    ready.engine.act(ready.step(job), "book", {"slot": slot.isoformat()}, by="ada")
    return Case("olga", {"first": date(2026, 5, 4), "last": START + timedelta(days=30), "calendar": "", "limit": 20})


def _erased(ready: Ready) -> Case:
    ready.engine.add_customer("eva", "Eva")
    return Case("olga", {"person": "eva", "because": "She asked for it", "dry": True})


def _consented(verb: str) -> Make:
    """Ada lets the mill have her record."""

    def make(ready: Ready) -> Case:
        ready.engine.give_consent("ada", "mill", until=START + timedelta(days=90), parts=["facts"], by="ada")
        given: dict[str, dict[str, Any]] = {
            "consents": {"person": "ada"},
            "give_consent": {
                "person": "ada",
                "partner": "mill",
                "until": START + timedelta(days=30),
                "parts": ["jobs"],
            },
            "withdraw_consent": {"person": "ada", "partner": "mill"},
            "send_record": {"person": "ada", "to": "mill", "parts": ["facts"]},
        }
        return Case("tom" if verb == "send_record" else "ada", given[verb])

    return make


def _incidents(ready: Ready) -> Case:
    ready.broken()
    return Case("olga", {})


def _held(ready: Ready) -> Case:
    ready.engine.claim(ready.step(ready.built()), by="tom")
    return Case("tom", {"person": "tom"})


def _inbox(who: str) -> Make:
    def make(ready: Ready) -> Case:
        ready.built()
        ready.table()
        return Case(who, {"limit": 3} if who == "ada" else {"process": "table"})

    return make


def _of(by: str, **given: Any) -> Make:
    return lambda _: Case(by, dict(given))


def _linked(ready: Ready) -> Case:
    return Case("tom", {"of": ready.table(), "person": "ada"})


CASES: dict[str, Make] = {
    "start": _of("ada", process="table", need={"wish": "For two"}, key="k0"),
    "jobs": _of("olga", status="open", limit=2),
    "track": _on_table("ada", job=...),
    "data": _on_table("olga", job=...),
    "answered": _answered,
    "history": _on_table("olga", job=...),
    "offer": _on_table("ada", job=..., name="withdraw"),
    "invoke": _on_table("ada", job=..., name="withdraw", key="k1"),
    "withdraw": _on_table("ada", job=..., key="k2"),
    "say": _on_table("ada", job=..., text="Mind the stairs", kind="wish", key="k3"),
    "take_back": _asked,
    "add": _added,
    "send": _sent,
    "inbox": _inbox("ada"),
    "inbox_counts": _inbox("tom"),
    "find_step": _of("ben", text=""),
    "step": _on_step("ada", False),
    "act": _on_step("ada", False, outcome="answered", answer={"legs": 4}, key="k5"),
    "claim": _on_step("tom", True, key="k6"),
    "release": _released,
    "assign": _on_step("olga", True, person="mia", key="k10"),
    "agenda": _visited,
    "processes": _of("ben"),
    "deploy": _of("olga", source=SMALL),
    "need": _of("ada", process="table"),
    "source": _of("ada", process="pieces"),
    "suspend_process": _with_small("olga", because="A strike"),
    "resume_process": _with_small("olga", True, because="It is over"),
    "migrate_all": _of("olga", process="table", dry=True),
    "me": _of("tom"),
    "now": _of("ada"),
    "roles": _of("tom"),
    "people": _of("tom", kind="staff"),
    "find_person": _of("tom", text="Ada"),
    "person": _of("tom", id="ada"),
    "add_customer": _of("tom", id="eve/1", name="Eve", contact="eve@example.org", groups=["members"], record={"x": 1}),
    "add_staff": _of("olga", id="zoe", name="Zoe", roles=["maker"], zone="Europe/London"),
    "leave": _left,
    "erase": _erased,
    **{verb: _consented(verb) for verb in ("consents", "give_consent", "withdraw_consent", "send_record")},
    "set_name": _of("ada", person="ada", name="Ada", zone="Europe/Berlin"),
    "holdings": _held,
    "hand_over": _of("olga", person="tom", to="mia", because="He is ill", dry=True),
    "set_hours": _of("mia", person="mia", hours={"mon": "09:00-12:00"}, zone="Europe/London"),
    "add_absence": _of("tom", person="tom", start=date(2026, 7, 1), end=START + timedelta(days=90), why="Holidays"),
    "remove_absence": _absent,
    "incidents": _incidents,
    "retry_all": _of("olga", kind="timer"),
    "retry": _incident,
    "stuck": _of("olga", process="ordering", limit=5),
    "standing": _of("olga", process="ordering"),
    "insight": _of("olga", process="ordering", since="2026-01", split="month"),
    "forecast": _of("olga", process="ordering", stocks=[{"option": "navy", "on_hand": 3, "on_order": 1}], service=0.9),
    "recount": _of("olga"),
    "schedules": _of("olga"),
    "audit": _on_table("olga", job=...),
    "administration": _of("olga", about="ada", limit=1),
    "status": _of("olga"),
    "migrate": _migrated,
    "end": _on_table("olga", job=..., because="The shop closes", key="k11"),
    "set_data": _on_table("olga", job=..., place="need.wish", value="For eight", because="A slip", key="k12"),
    "move": _on_table("olga", job=..., to="build", because="It is known", key="k13"),
    "suspend": _on_table("olga", job=..., because="A strike", key="k15"),
    "resume": _resumed,
    "timers": _on_table("olga", job=...),
    "fire_timer": _on_timer("timer", "remind", because="Now", key="k17"),
    "drop_timer": _on_timer("timer", "remind", because="He knows", key="k18"),
    "move_deadline": _on_timer("deadline", "expire", to=START + timedelta(days=20), because="He is away", key="k19"),
    "act_for": _on_step("olga", False, person="ada", outcome="answered", answer={"legs": 3}, because="A call", key="k"),
    "complete_call": _on_call(outcome="done", result={"rolls": 2}, because="By phone", key="k20"),
    "fail_call": _on_call(because="They have none", key="k21"),
    "skip_call": _on_call(because="We have cloth", key="k22"),
    "archivable": _of("olga", before=START),
    "issue_token": _of("olga", scope="worker", subject="mill", handlers=["order_cloth"], expires=None),
    "revoke_token": _token,
    "tokens": _of("olga"),
    # signing in
    "links": _on_table("tom", job=...),
    "make_link": _linked,
    "sessions": _of("ada"),
    "sign_out_everywhere": _of("ada"),
    "credentials": _of("ada"),
    "begin_totp": _of("ada"),
    "issue_own_token": _of("ada", scopes=["read"], name="My script"),
    "own_tokens": _of("ada"),
}  # fmt: skip
"""By verb. One that is not here is asked with what fits nothing (:func:`any_case`)."""
