"""Services over HTTP: what is sent, what each answer comes to, on both databases, against a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Barrier, Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outside_server import Reply, Sent, Server, serving

from flowengine import (
    AnswerRefused,
    Database,
    Engine,
    GiveUp,
    HandlerCall,
    KeyConflict,
    Later,
    NotConfigured,
    NotFound,
    Outcome,
    Settings,
    SimulatedClock,
    StaleCommand,
    TryLater,
    Unreachable,
    Worker,
)
from flowengine.language.durations import Duration
from flowengine.outside import http
from flowengine.outside.http import Answer
from flowengine.signing import verify
from flowengine.work.http_services import AGAIN, ServiceFailed, call_over_http, document, meaning

SECRET, OLD_SECRET = f"whsec_{'A' * 43}=", f"whsec_{'B' * 42}A="

ORDERING = """
process: http_ordering
title: Ordering
need: Cloth
states:
  need: {type: need, fields: {metres: {type: integer}}, next: order}
  order:
    type: service
    http: URL/orders?for=us
    input: {metres: data.need.metres}
    retry: {attempts: 3, first: PT10S, factor: 2, longest: PT15S}
    limit: PT30S
    undo: URL/cancel
    on: {done: accept, out_of_stock: sorry, failed: sorry}
  accept:
    type: approval
    by: customer
    within: P1D
    on: {approved: fulfilled, changes: order, declined: {to: sorry, undo: true}, expired: sorry}
  fulfilled: {type: fulfilled}
  sorry: {type: ended, because: No cloth}
"""

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server
        http.close_clients()


@pytest.fixture
def make(database: Database, clock: SimulatedClock, server: Server) -> Callable[..., Engine]:
    """Makes an engine that may call the server, with the process in use; its settings may be changed."""

    def made(**changed: Any) -> Engine:
        how = {"http_secret": SECRET, "http_allow": (server.allow,)} | changed
        engine = Engine(database, clock=clock, handlers={}, settings=Settings(**how))
        engine.deploy(ORDERING.replace("URL", server.url))
        engine.add_customer("ada", "Ada", contact="ada@example.org", record={"age": 40})
        engine.add_staff("olga", "Olga", roles=["operator"])
        return engine

    return made


@pytest.fixture
def shop(make: Callable[..., Engine]) -> Engine:
    return make()


def _order(engine: Engine) -> str:
    return engine.start("http_ordering", by="ada", need={"metres": 3}).job


def _states(engine: Engine, job: str) -> tuple[str, ...]:
    return next(row.states for row in engine.jobs() if row.id == job)


def _result(engine: Engine, job: str) -> Any:
    return engine.history(job)[-1].command.get("result")


def test_a_service_is_given_what_a_handler_is_given(shop: Engine, server: Server, clock: SimulatedClock) -> None:
    """The call is posted with its key, input and token; of the customer only id and name leave the house."""
    server.answer = lambda _: Reply(200, b'{"order": 17}')
    job = _order(shop)
    assert shop.run_due().calls == 1
    (sent,) = server.sent
    posted = json.loads(sent.body)
    assert sent.path == "/orders?for=us"
    assert posted.pop("token")
    assert posted == {
        "job": job,
        "key": sent.headers["idempotency-key"],
        "process": "http_ordering",
        "state": "order",
        "attempt": 1,
        "undo": False,
        "input": {"metres": 3},
        "customer": {"id": "ada", "name": "Ada"},
    }
    assert verify([SECRET], sent.headers, sent.body, clock.now()) == posted["key"]
    assert _states(shop, job) == ("accept",)
    assert _result(shop, job) == {"order": 17}
    assert shop.audit(job).fine


def test_each_attempt_has_the_same_key_and_a_signature_of_its_own(
    shop: Engine, server: Server, clock: SimulatedClock
) -> None:
    """A service that fails is asked again under the same key and id, signed at the time of each attempt (L11)."""
    server.answer = lambda _: Reply(500, b"the loom\x1b[31m broke")
    job = _order(shop)
    for _ in range(3):
        shop.run_due()
        clock.advance(timedelta(seconds=20))
    assert len(server.sent) == 3
    assert len({sent.headers["idempotency-key"] for sent in server.sent}) == 1
    assert len({sent.headers["webhook-id"] for sent in server.sent}) == 1
    assert len({sent.headers["webhook-timestamp"] for sent in server.sent}) == 3
    assert [json.loads(sent.body)["attempt"] for sent in server.sent] == [1, 2, 3]
    assert len({json.loads(sent.body)["token"] for sent in server.sent}) == 1
    assert _states(shop, job) == ("sorry",)
    error = shop.history(job)[-1].command["error"]
    assert "it answered 500: the loom?[31m broke" in error


def test_both_secrets_sign_while_they_are_changed(
    make: Callable[..., Engine], server: Server, clock: SimulatedClock
) -> None:
    """With two secrets in the settings a service that knows either of them takes the call."""
    engine = make(http_secret=f"{SECRET} {OLD_SECRET}")
    _order(engine)
    engine.run_due()
    (sent,) = server.sent
    for secret in (SECRET, OLD_SECRET):
        assert verify([secret], sent.headers, sent.body, clock.now())


def test_a_service_ends_with_an_outcome_of_its_own(shop: Engine, server: Server) -> None:
    """The header Flow-Outcome is the outcome, and the body its result."""
    server.answer = lambda _: Reply(200, b'{"until": "May"}', {"Flow-Outcome": "out_of_stock"})
    job = _order(shop)
    shop.run_due()
    assert _states(shop, job) == ("sorry",)
    assert _result(shop, job) == {"until": "May"}


def test_an_outcome_that_leads_nowhere_is_an_incident(shop: Engine, server: Server) -> None:
    """What the process does not route waits for an operator, as with any handler."""
    server.answer = lambda _: Reply(200, b"{}", {"Flow-Outcome": "eaten_by_moths"})
    _order(shop)
    shop.run_due()
    (incident,) = shop.incidents()
    assert "eaten_by_moths" in incident.error
    assert incident.handler == f"{server.url}/orders?for=us"


def test_a_complaint_is_given_up_at_once(shop: Engine, server: Server) -> None:
    """An answer that would be the same again ends the attempts, and its first words are kept."""
    server.answer = lambda _: Reply(422, b'{"why": "three metres are\ntoo few"}')
    job = _order(shop)
    shop.run_due()
    assert len(server.sent) == 1
    assert _states(shop, job) == ("sorry",)
    assert 'it answered 422: {"why": "three metres are too few"}' in shop.history(job)[-1].command["error"]


def test_a_redirect_is_given_up_at_once(shop: Engine, server: Server) -> None:
    """A service that has moved is not followed: the process says where calls go."""
    server.answer = lambda _: Reply(307, b"", {"Location": "https://elsewhere.example/"})
    job = _order(shop)
    shop.run_due()
    assert len(server.sent) == 1
    assert "redirects are not followed" in shop.history(job)[-1].command["error"]
    assert _states(shop, job) == ("sorry",)


@pytest.mark.parametrize(
    ("body", "why"), [(b"<html>", "not JSON"), (b'"' + b"x" * 300_000 + b'"', "256 KiB"), (b"[" * 100_000, "not JSON")]
)
def test_a_bad_answer_is_a_failed_attempt(
    shop: Engine, server: Server, clock: SimulatedClock, body: bytes, why: str
) -> None:
    """What is no JSON, or too much of it, counts as a failure: it is tried again, and the reason is kept."""
    server.answer = lambda _: Reply(200, body)
    job = _order(shop)
    assert shop.run_due().failed == 1
    assert _states(shop, job) == ("order",)
    with shop.database.reading() as tx:
        (call,) = tx.calls.of(job)
    assert why in call.last_error
    server.answer = lambda _: Reply(204)
    clock.advance(timedelta(seconds=20))
    shop.run_due()
    assert _states(shop, job) == ("accept",)
    assert _result(shop, job) is None


def test_a_service_that_is_down_is_tried_again(shop: Engine, database: Database) -> None:
    """A connection that fails is a failed attempt, which says where it went and no path."""
    shop.deploy(ORDERING.replace("URL", "http://mill.invalid"))
    job = _order(shop)
    assert shop.run_due().failed == 1
    with database.reading() as tx:
        (call,) = tx.calls.of(job)
    assert "mill.invalid:80" in call.last_error
    assert "cannot be resolved" in call.last_error
    assert "/orders" not in call.last_error


def test_a_slow_service_fails_before_its_limit_is_over(shop: Engine, server: Server) -> None:
    """A service that drips its answer is cut off in time, and the attempt fails with the reason."""
    over = False

    def drips() -> Iterator[bytes]:
        while not over:
            yield b" " * 64
            pause.wait(0.01)

    pause = Event()
    server.answer = lambda _: Reply(200, drips())
    call = HandlerCall(job="j", key="j.4", handler="")
    try:
        with pytest.raises(Unreachable, match="in time"):
            call_over_http(shop.shell, call, f"{server.url}/x", Duration.parse("PT0.5S"))
    finally:
        over = True


@pytest.mark.parametrize("as_date", [False, True])
def test_a_service_may_say_when_to_come_again(
    shop: Engine, server: Server, clock: SimulatedClock, as_date: bool
) -> None:
    """Retry-After is obeyed, in seconds and as a date: the next attempt comes not before."""
    at = format_datetime(clock.now() + timedelta(minutes=5), usegmt=True)
    server.answer = lambda _: Reply(503, b"", {"Retry-After": at if as_date else "300"})
    job = _order(shop)
    shop.run_due()
    server.answer = lambda _: Reply(200, b"{}")
    clock.advance(timedelta(seconds=299))
    shop.run_due()
    assert len(server.sent) == 1
    clock.advance(timedelta(seconds=2))
    shop.run_due()
    assert _states(shop, job) == ("accept",)


def test_a_service_may_finish_later(make: Callable[..., Engine], server: Server, clock: SimulatedClock) -> None:
    """After 202 the call waits for its token: completed once, the same again is the same, and others are refused."""
    engine = make(url="https://flow.example")
    server.answer = lambda _: Reply(202, b"", {"Flow-Within": "PT2H"})
    job = _order(engine)
    engine.run_due()
    assert _states(engine, job) == ("order",)
    posted = json.loads(server.sent[0].body)
    assert posted["complete"] == "https://flow.example/api/v1/complete"
    clock.advance(timedelta(hours=1))
    assert not engine.run_due().anything
    receipt = engine.complete(posted["token"], "done", {"order": 18})
    assert engine.complete(posted["token"], "done", {"order": 18}) == receipt
    with pytest.raises((KeyConflict, StaleCommand)):
        engine.complete(posted["token"], "done", {"order": 19})
    with pytest.raises(NotFound):
        engine.complete(posted["token"][:-4] + "AAAA", "done", {"order": 18})
    assert _states(engine, job) == ("accept",)
    assert engine.audit(job).fine


def test_what_is_not_finished_in_time_is_tried_again(shop: Engine, server: Server, clock: SimulatedClock) -> None:
    """A service that accepted and never came back has failed when its time is over, and is asked again."""
    server.answer = lambda _: Reply(202, b"", {"Flow-Within": "PT2H"})
    job = _order(shop)
    shop.run_due()
    server.answer = lambda _: Reply(200, b"{}")
    clock.advance(timedelta(hours=3))
    for _ in range(3):
        shop.run_due()
        clock.advance(timedelta(minutes=1))
    assert len({sent.headers["idempotency-key"] for sent in server.sent}) == 1
    assert len(server.sent) == 2
    assert _states(shop, job) == ("accept",)


def test_a_service_is_undone_over_http(shop: Engine, server: Server) -> None:
    """An address under ``undo`` is called with what was done and its result, under a key of its own."""
    server.answer = lambda sent: Reply(200, b'{"order": 17}' if sent.path.startswith("/orders") else b"")
    job = _order(shop)
    shop.run_due()
    shop.act(shop.inbox("ada")[0].id, "declined", by="ada")
    shop.run_due()
    order, cancel = server.sent
    posted = json.loads(cancel.body)
    assert cancel.path == "/cancel"
    assert posted["undo"] is True
    assert posted["input"] == {
        "call": order.headers["idempotency-key"],
        "input": {"metres": 3},
        "result": {"order": 17},
        "certain": True,
    }
    assert cancel.headers["idempotency-key"] != order.headers["idempotency-key"]
    assert _states(shop, job) == ("sorry",)
    assert shop.audit(job).fine


def test_without_a_secret_nothing_is_sent(make: Callable[..., Engine], server: Server) -> None:
    """A call that cannot be signed is an incident that says how to set the secret; it goes on once that is done."""
    engine = make(http_secret="")
    job = _order(engine)
    engine.run_due()
    assert server.sent == []
    (incident,) = engine.incidents()
    assert "FLOW_HTTP_SECRET" in incident.error
    assert "unsigned" in incident.error
    assert _states(engine, job) == ("order",)
    mended = make()
    mended.retry(incident.id, by="olga")
    mended.run_due()
    assert _states(mended, job) == ("accept",)


def test_calls_go_unsigned_only_when_that_is_said(make: Callable[..., Engine], server: Server) -> None:
    """With ``unsigned`` in the place of the secret calls carry their key and no signature."""
    engine = make(http_secret="unsigned")
    _order(engine)
    engine.run_due()
    (sent,) = server.sent
    assert sent.headers["webhook-id"] == sent.headers["idempotency-key"]
    assert "webhook-signature" not in sent.headers


def test_a_service_inside_waits_for_an_operator(make: Callable[..., Engine], server: Server) -> None:
    """An address inside that is not allowed is an incident that names the setting, and nothing is sent."""
    engine = make(http_allow=())
    job = _order(engine)
    engine.run_due()
    assert server.connections == 0
    (incident,) = engine.incidents()
    assert f"FLOW_HTTP_ALLOW={server.allow}" in incident.error
    assert _states(engine, job) == ("order",)


_WITHOUT = """
import sys
sys.modules["httpx"] = None
from flowengine import Engine
from flowengine.runtime.settings import Settings
with Engine("sqlite://", handlers={}, settings=Settings(http_secret="unsigned", http_allow=(sys.argv[2],))) as engine:
    engine.deploy(sys.argv[1])
    engine.start("http_ordering", by="ada", need={"metres": 3})
    engine.run_due()
    print(*(incident.error for incident in engine.incidents()))
"""


def test_without_the_library_an_operator_is_told(server: Server) -> None:
    """Where httpx is not installed, the incident says how to install it."""
    told = subprocess.run(
        [sys.executable, "-c", _WITHOUT, ORDERING.replace("URL", server.url), server.allow],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "needflow[http]" in told.stdout
    assert server.sent == []


# what an answer comes to


def _answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("status", [200, 201, 203, 206, 299])
def test_a_good_answer_is_the_result(status: int) -> None:
    """Any status of success but 202 ends the service with the body as its result, or with none."""
    assert meaning(_answer(status, b' {"a": [1, null]} '), NOW) == {"a": [1, None]}
    assert meaning(_answer(status, b"  "), NOW) is None
    assert meaning(_answer(status, b"3", flow_outcome=" late "), NOW) == Outcome("late", 3)
    assert meaning(_answer(status, flow_outcome="late"), NOW) == Outcome("late")


def test_accepted_means_later() -> None:
    """202 leaves the call open for a day, or for as long as the service says."""
    assert meaning(_answer(202, b"ignored"), NOW) == Later(timedelta(days=1))
    assert meaning(_answer(202, flow_within="P3D"), NOW) == Later(timedelta(days=3))


@pytest.mark.parametrize("text", ["3 days", "P0D", "-PT1H", "P2Y", "PT999999999H", "٣"])
def test_a_time_that_cannot_be_read_is_a_failed_attempt(text: str) -> None:
    """A bad Flow-Within is not taken for a day: the service would be waited for in vain."""
    with pytest.raises(AnswerRefused, match="flow-within"):
        meaning(_answer(202, flow_within=text), NOW)


@pytest.mark.parametrize("status", [*sorted(AGAIN), 500, 501, 502, 503, 504, 599, 999])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """Time-outs, conflicts, too many requests and errors of the server are failed attempts with the first words."""
    with pytest.raises(ServiceFailed, match=f"it answered {status}: not now"):
        meaning(_answer(status, b" not\r\n now "), NOW)
    with pytest.raises(TryLater) as later:
        meaning(_answer(status, retry_after="120"), NOW)
    assert later.value.after == timedelta(minutes=2)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 405, 410, 413, 422, 451, 499])
def test_what_will_not_pass_is_given_up(status: int) -> None:
    """Other complaints end the attempts, and Retry-After does not change that; a long text is cut."""
    with pytest.raises(GiveUp, match=f"it answered {status}: no") as given_up:
        meaning(_answer(status, b"no " * 1_000, retry_after="1"), NOW)
    assert len(str(given_up.value)) < 230


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("Mon, 04 May 2026 09:00:30 GMT", 30),
        ("Mon, 04 May 2026 08:00:00 GMT", 0),
        ("Mon, 04 May 2026 09:00:30 -0000", 30),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("9" * 50, None),
        ("Mon, 99 May 2026 09:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: int | None) -> None:
    """A date that is over means at once, and what cannot be read is as if it were not there."""
    with pytest.raises((TryLater, ServiceFailed)) as raised:
        meaning(_answer(503, retry_after=text), NOW)
    after = raised.value.after.total_seconds() if isinstance(raised.value, TryLater) else None
    assert after == seconds


def test_what_a_service_says_is_held_in_bounds() -> None:
    """Bytes that are no text and an outcome without end do no harm."""
    with pytest.raises(GiveUp, match="it answered 400: \ufffd\ufffd"):
        meaning(_answer(400, b"\xff\xfe"), NOW)
    with pytest.raises(AnswerRefused, match="characters"):
        meaning(_answer(200, flow_outcome="x" * 5_000), NOW)


@settings(deadline=None)
@given(
    status=st.integers(100, 999),
    body=st.binary(max_size=60) | st.sampled_from([b"NaN", b"1e999", b"[" * 2_000, b'{"a": "\\ud800"}', b"9" * 5_000]),
    headers=st.dictionaries(
        st.sampled_from(["flow-outcome", "flow-within", "retry-after"]),
        st.text(max_size=30) | st.sampled_from(["P1Y2M3DT4H5M6S", "Mon, 04 May 2026 09:00:30 +9999", "PT0.0000001S"]),
    ),
)
def test_whatever_a_service_answers_comes_to_something(status: int, body: bytes, headers: dict[str, str]) -> None:
    """An answer is a result, an outcome, a wait or an error of a known kind, and never a surprise (L12)."""
    try:
        given = meaning(Answer(status, headers, body), NOW)
    except (GiveUp, TryLater, ServiceFailed, AnswerRefused):
        return
    assert 200 <= status < 300
    assert isinstance(given, Later) == (status == 202)


def test_the_trace_goes_with_the_call(make: Callable[..., Engine], server: Server) -> None:
    """A call that was opened under a trace carries it on in the header of the W3C."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    call = HandlerCall(job="j", key="j.4", handler="", trace=trace, customer={"id": "ada", "secret": "x"})
    server.answer = lambda _: Reply(200, b"{}")
    call_over_http(make().shell, call, f"{server.url}/x", Duration.parse("PT30S"))
    assert server.sent[0].headers["traceparent"] == trace
    assert document(call)["customer"] == {"id": "ada", "name": ""}


# settings


def test_settings_are_read_from_variables() -> None:
    """Secrets, what may be called inside, and hooks come from the environment."""
    found = Settings.from_environment(
        {
            "FLOW_URL": "https://flow.example/",
            "FLOW_HTTP_SECRET": f"{SECRET} {OLD_SECRET}",
            "FLOW_HTTP_ALLOW": "stock:8080, 10.0.0.0/8,",
            "FLOW_HOOK_SECRETS": f"parcel = {SECRET}, mill/paid={SECRET} {OLD_SECRET},",
        }
    )
    assert found.http_allow == ("stock:8080", "10.0.0.0/8")
    assert found.hook_secrets == {"parcel": SECRET, "mill/paid": f"{SECRET} {OLD_SECRET}"}
    assert SECRET not in repr(found)
    assert Settings.from_environment({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLOW_HTTP_SECRET", "hunter2hunter2"),
        ("FLOW_HTTP_SECRET", f"{SECRET},{OLD_SECRET}"),
        ("FLOW_HTTP_ALLOW", "stock:many"),
        ("FLOW_HOOK_SECRETS", "parcel"),
        ("FLOW_HOOK_SECRETS", "parcel="),
        ("FLOW_HOOK_SECRETS", "parcel=hunter2hunter2"),
        ("FLOW_HOOK_SECRETS", f"={SECRET}"),
        ("FLOW_HOOK_SECRETS", f"parcel={SECRET},parcel={OLD_SECRET}"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_at_once(name: str, value: str) -> None:
    """A bad setting is refused when it is read, by its name, and no secret is repeated."""
    with pytest.raises(NotConfigured) as refused:
        Settings.from_environment({name: value})
    assert refused.value.where == name
    assert "hunter2" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_worker_makes_calls_side_by_side(shop: Engine, server: Server) -> None:
    """Calls of several jobs are under way at once: none waits for the answer that another waits for."""
    together = Barrier(3)

    def answer(_: Sent) -> Reply:
        together.wait(60)
        return Reply(200, b"{}")

    server.answer = answer
    jobs = [_order(shop) for _ in range(3)]
    Worker(shop, concurrency=3).run(until_idle=True)
    assert {_states(shop, job) for job in jobs} == {("accept",)}


def test_the_call_of_a_lost_worker_is_made_again(shop: Engine, server: Server, clock: SimulatedClock) -> None:
    """Another worker makes the call again under the same key, here and not in a process of its own (L11)."""
    job = _order(shop)
    with shop.database.writing() as tx:
        (lost,) = tx.calls.claim("lost", 1, clock.now() + timedelta(seconds=10), clock.now())
    clock.advance(timedelta(seconds=11))
    Worker(shop).run(until_idle=True)
    (sent,) = server.sent
    assert sent.headers["idempotency-key"] == f"{job}.{lost.number}"
    assert json.loads(sent.body)["attempt"] == 1  # the first loss among others is none
    assert _states(shop, job) == ("accept",)


def test_the_requests_of_two_jobs_are_told_apart(shop: Engine, server: Server) -> None:
    """Each call has a key of its own."""
    for _ in range(2):
        _order(shop)
    shop.run_due()
    keys: list[Sent] = server.sent
    assert len({sent.headers["idempotency-key"] for sent in keys}) == 2
