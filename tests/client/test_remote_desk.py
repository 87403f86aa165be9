"""A desk over HTTP against real servers on loopback: good ones, and such as strike."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import trustme
from outside_server import Reply, Sent, Server, serving
from served_engine import serving_engine, token_of
from small_shop import SHOP, Desks
from striking import Losing, Time

from flowengine import (
    AnswerRefused,
    BadToken,
    ConnectionLost,
    Engine,
    FlowError,
    NotConfigured,
    NotFound,
    SimulatedClock,
    StaleCommand,
    exact,
)
from flowengine.client import RemoteDesk, open_desk, server_address
from flowengine.client.remote import server_at
from flowengine.client.wire import MOST

PRICES = """
process: prices
title: Prices
need: A price
roles: {clerk: {title: Clerk}}
states:
  need: {type: need, fields: {sum: {type: number}, more: {type: object, optional: true}}, next: check}
  check: {type: task, for: clerk, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def shop(sqlite_url: str, clock: SimulatedClock) -> Iterator[Engine]:
    """The small shop, which a server serves."""
    with Engine(sqlite_url, clock=clock) as engine:
        engine.deploy(SHOP)
        engine.add_customer("ada", "Ada", "ada@example.org")
        engine.add_staff("olga", "Olga", ["operator"])
        yield engine


@pytest.fixture
def url(shop: Engine) -> Iterator[str]:
    with serving_engine(shop) as url:
        yield url


@pytest.fixture
def strange() -> Iterator[Server]:
    """A server that answers as it is told to."""
    with serving() as server:
        yield server


def test_a_lost_answer_makes_no_second_job(shop: Engine, url: str) -> None:
    """The server has acted, and its answer is lost: sent again with the same key, it is done once (L3)."""
    time = Time()
    losing = Losing(server_at(url), losses=2)
    with RemoteDesk(url, token_of(shop, "ada"), server=losing, wait=time.wait, ticks=time.ticks) as desk:
        begun = desk.start("small_shop", need={"wish": "A desk"})
        assert [row.id for row in shop.jobs(by="olga")] == [begun.job]
        assert not begun.repeated
        keys = {one.headers["Idempotency-Key"] for one in losing.sent}
        assert (len(losing.sent), len(keys)) == (3, 1)
        losing.losses = 1
        (item,) = desk.inbox()
        desk.act(item.id, "answered", {"legs": 4})
        assert len(shop.history(begun.job, by="olga")) == 2
        losing.losses = 100
        with pytest.raises(ConnectionLost) as lost:
            desk.start("small_shop", need={"wish": "Another"}, key="mine")
        assert lost.value.in_doubt
        losing.losses = 0
        again = desk.start("small_shop", need={"wish": "Another"}, key="mine")
        assert again.repeated
        assert len(shop.jobs(by="olga")) == 2
    losing = Losing(server_at(url))
    with RemoteDesk(url, token_of(shop, "olga"), server=losing, wait=time.wait, ticks=time.ticks) as desk:
        made = desk.add_customer(name="Mira")
        assert len({one.headers["Idempotency-Key"] for one in losing.sent}) == 1 < len(losing.sent)
        assert [one.id for one in shop.people("customer") if one.name == "Mira"] == [made.id]
        losing.losses = 1
        with pytest.raises(StaleCommand, match="shown then, once"):
            desk.issue_own_token(["read"])
        assert len(shop.own_tokens(by="olga")) == 1


def test_numbers_are_exact(shop: Engine, url: str) -> None:
    """A number goes and comes as it is written, without a binary float on the way."""
    shop.deploy(PRICES)
    near, given = shop, {"sum": Decimal("0.10"), "more": {"large": 12345678901234567890, "small": Decimal("1E-30")}}
    with RemoteDesk(url, token_of(shop, "ada")) as desk:
        job = desk.start("prices", need=given).job
    with RemoteDesk(url, token_of(shop, "olga")) as desk:
        far = desk.data(job)
    assert exact.encode(far) == exact.encode(near.data(job, by="olga"))
    assert far["need"]["sum"] == Decimal("0.10")  # type: ignore[index,call-overload]
    assert str(far["need"]["sum"]) == "0.10"  # type: ignore[index,call-overload]


def test_the_time_is_the_servers(shop: Engine, url: str, clock: SimulatedClock) -> None:
    """What the server said last, and what has passed here; asked again before that can be far off."""
    time = Time()
    with RemoteDesk(url, token_of(shop, "ada"), ticks=time.ticks, wait=time.wait) as desk:
        assert desk.now() == clock.now()
        time.seconds += 10
        assert desk.now() == clock.now() + timedelta(seconds=10)
        clock.advance(timedelta(days=3))
        time.seconds += 40
        assert desk.now() == clock.now()


def test_who_has_signed_in_is_known(shop: Engine, url: str) -> None:
    """A person is himself, in his zone; a program is nobody."""
    shop.add_customer("ada", zone="Europe/London")
    with RemoteDesk(url, token_of(shop, "ada")) as ada, RemoteDesk(url, token_of(shop)) as program:
        me = ada.me
        assert me is not None
        assert (me.id, me.name, ada.zone) == ("ada", "Ada", "Europe/London")
        assert (program.me, program.zone) == (None, "")


def test_a_customer_is_entered_without_an_id(shop: Engine, url: str) -> None:
    """As near the database, one is made that says nothing of him."""
    with RemoteDesk(url, token_of(shop, "olga")) as desk:
        entered = desk.add_customer("", "Zoë", "zoe@example.org")
        assert (len(entered.id), entered.name) == (10, "Zoë")
        assert shop.find_person("zoe@example.org").id == entered.id
        assert desk.add_customer("zoe", name="Zoë").id == "zoe"


def test_many_threads_share_a_desk(shop: Engine, url: str) -> None:
    """Each of many acts at once is done once, on a few connections."""
    with RemoteDesk(url, token_of(shop, "ada")) as desk, ThreadPoolExecutor(8) as threads:
        jobs = list(threads.map(lambda at: desk.start("small_shop", need={"wish": f"{at}"}).job, range(24)))
    assert len(set(jobs)) == 24 == len(shop.jobs(by="olga"))


def test_connections_are_kept(strange: Server) -> None:
    """Request after request goes over one connection."""
    strange.answer = lambda _: Reply(body=b'{"items": [], "next": null}')
    with RemoteDesk(strange.url, "flow_x") as desk:
        for _ in range(5):
            assert desk.inbox() == []
    assert strange.connections == 1


def test_an_answer_that_never_ends_is_cut_off(strange: Server) -> None:
    """Byte by byte or as fast as it can: the desk ends, in time and in size."""
    done = threading.Event()

    def drips() -> Iterator[bytes]:
        while not done.wait(0.02):
            yield b" "

    def floods() -> Iterator[bytes]:
        while True:
            yield b" " * 65536

    with RemoteDesk(strange.url, "flow_x", timeout=0.3, patience=0.5) as desk:
        strange.answer = lambda _: Reply(body=drips())
        try:
            with pytest.raises(ConnectionLost, match="whether it was done is not known: no whole answer came in time"):
                desk.claim("j.1")
        finally:
            done.set()
    with RemoteDesk(strange.url, "flow_x") as desk:
        strange.answer = lambda _: Reply(body=floods())
        with pytest.raises(AnswerRefused, match="longer than 16384 KiB"):
            desk.jobs()
        with pytest.raises(AnswerRefused, match="whether it was done is not known: its answer is longer"):
            desk.claim("j.1")


def test_a_redirect_is_not_followed(strange: Server) -> None:
    """A token goes to no other place than the one that was named."""
    with serving() as elsewhere:
        strange.answer = lambda _: Reply(307, b"", {"Location": f"{elsewhere.url}/api/v1/jobs"})
        with RemoteDesk(strange.url, "flow_x") as desk:
            with pytest.raises(AnswerRefused, match="redirects are not followed") as refused:
                desk.start("small_shop")
            with pytest.raises(AnswerRefused):
                desk.jobs()
        assert elsewhere.sent == []
    assert "not known" not in refused.value.what


def test_a_server_that_is_not_there_did_nothing() -> None:
    """Where nobody listens, what was asked was certainly not done."""
    time = Time()
    with (
        RemoteDesk("http://127.0.0.1:1", "flow_x", wait=time.wait, ticks=time.ticks) as desk,
        pytest.raises(ConnectionLost, match="the server does not answer: cannot be connected to") as gone,
    ):
        desk.start("small_shop")
    assert not gone.value.in_doubt
    assert len(time.waits) > 2


def test_certificates_are_verified() -> None:
    """A server is trusted by its certificate for its name, by nobody else's, and never by switching that off."""
    ours, others = trustme.CA(), trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.issue_cert("localhost").configure_cert(tls)
    trusting, mistaken = ssl.create_default_context(), ssl.create_default_context()
    ours.configure_trust(trusting)
    others.configure_trust(mistaken)
    with serving(tls) as server:
        server.answer = lambda _: Reply(body=b'{"items": [], "next": null}')
        with RemoteDesk(f"https://localhost:{server.port}", "flow_x", tls=trusting) as desk:
            assert desk.inbox() == []
        for host, context in (("localhost", mistaken), ("localhost", None), ("127.0.0.1", trusting)):
            time = Time()
            where = f"https://{host}:{server.port}"
            with (
                RemoteDesk(where, "flow_x", tls=context, wait=time.wait, ticks=time.ticks) as desk,
                pytest.raises(ConnectionLost, match="certificate verify failed") as refused,
            ):
                desk.start("small_shop")
            assert not refused.value.in_doubt
        assert [one.method for one in server.sent] == ["GET"], "no token went over a line that was not trusted"


def test_the_environment_names_no_proxy(strange: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is used where it is asked for, and only there."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    strange.answer = lambda _: Reply(body=b'{"items": [], "next": null}')
    with RemoteDesk(strange.url, "flow_x") as desk:
        assert desk.inbox() == []
    with RemoteDesk("http://shop.example", "flow_x", insecure=True, proxy=strange.url) as desk:
        assert desk.inbox() == []
    assert strange.sent[-1].path.startswith("http://shop.example")
    monkeypatch.setenv("FLOW_PROXY", strange.url)
    monkeypatch.setenv("FLOW_INSECURE", "shop.example, other.example")
    monkeypatch.setenv("FLOW_TOKEN", "flow_x")
    with open_desk("http://shop.example") as desk:
        assert desk.inbox() == []
    assert len(strange.sent) == 3


def test_a_token_is_told_to_nobody_else(strange: Server, caplog: pytest.LogCaptureFixture) -> None:
    """It stands in no representation, error or log."""
    caplog.set_level(logging.DEBUG)
    secret = "flow_" + "s3cr3t" * 7 + "x"
    told: list[str] = []

    def reply(sent: Sent) -> Reply:
        told.append(sent.headers["authorization"])
        return Reply(401, b'{"error": "BadToken", "what": "the token is not valid", "where": "", "possible": []}')

    strange.answer = reply
    with RemoteDesk(strange.url, secret) as desk:
        with pytest.raises(BadToken) as refused:
            desk.inbox()
        assert secret not in f"{desk!r}{desk!s}{refused.value!r}{refused.value}{refused.value.to_json()}"
    assert told == [f"Bearer {secret}"]
    assert "s3cr3t" not in caplog.text
    for bad in ("two words", "flow_\n", "clé"):
        with pytest.raises(BadToken) as wrong:
            RemoteDesk(strange.url, bad)
        assert bad not in str(wrong.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://Shop.Example/", "https://shop.example"),
        ("HTTPS://shop.example:443/flow/", "https://shop.example/flow"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_address_has_one_form(given: str, used: str) -> None:
    """However it is written, it is the same server, and so the same login."""
    assert server_address(given) == used


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example", "http://10.0.0.7:8080", "https://ada:s3cret@shop.example", "https://s3cret@shop.example",
        "https://", "https:///x", "https://shop.example?x=s3cret", "https://shop.example#s3cret", "ftp://shop.example",
        "shop.example", "", "https://shop.example:99999", "https://[::1", "http://localhost.shop.example",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """In the clear only on this machine, without passwords in it, and whole; what is wrong may be a secret."""
    with pytest.raises(NotConfigured) as refused:
        RemoteDesk(url, "flow_x")
    assert "s3cret" not in str(refused.value)
    assert refused.value.possible


def test_ids_of_any_form_arrive(shop: Engine, url: str) -> None:
    """Persons whose ids have slashes and other signs are those that are meant."""
    ids = ["auth0|5f7c", "urn:uuid:1", "team/ada", "ada+home@example.org", "a?b&c=d#e", "100%"]
    with RemoteDesk(url, token_of(shop, "olga")) as desk:
        for id in ids:
            desk.add_customer(id, "Somebody")
            assert desk.find_person(id).id == id
        assert {one.id for one in desk.people("customer")} == {*ids, "ada"}
        for nobody in ("team", "team%2Fada", "..", "a b"):
            with pytest.raises(NotFound):
                desk.holdings(nobody)


def test_all_people_are_read_page_by_page(shop: Engine, url: str) -> None:
    """A server gives no more than a page at once, also to whoever names no limit; the desk asks on."""
    shop.import_people([{"id": f"p{number:03d}", "name": "P"} for number in range(2 * MOST)])
    with RemoteDesk(url, token_of(shop, "olga")) as desk:
        assert [one.id for one in desk.people()] == [one.id for one in shop.people()]
        assert len(desk.people("customer", limit=MOST + 50)) == MOST + 50
    page = httpx.get(f"{url}/api/v1/people", headers={"authorization": f"Bearer {token_of(shop, 'olga')}"}).json()
    assert (len(page["items"]), page["next"]) == (MOST, page["items"][-1]["id"])


def test_desks_are_told_the_same_near_and_far(desk: Desks, engine: Engine) -> None:
    """Each view is what the engine gives, field by field, and each error is the engine's."""
    ada, olga = desk("ada"), desk("olga")
    job = ada.start("small_shop", need={"wish": "x"}).job
    ada.say(job, "How heavy?", "question")
    (item,) = ada.inbox()
    pairs: list[tuple[object, object]] = [
        (ada.inbox(), engine.inbox("ada")),
        (ada.step(item.id), engine.step(item.id, "ada")),
        (olga.step(item.id), engine.step(item.id, "olga")),
        (ada.track(job), engine.track(job, "ada")),
        (olga.track(job), engine.track(job, "olga")),
        (olga.inbox(), engine.inbox("olga")),
        (olga.jobs(), engine.jobs(by="olga")),
        (olga.history(job), engine.history(job, by="olga")),
        (olga.stuck(limit=500), engine.stuck(limit=500, by="olga")),
        (olga.agenda(limit=500), engine.agenda(limit=500, by="olga")),
        (olga.jobs(limit=500), engine.jobs(limit=500, by="olga")),
        (olga.processes(), engine.processes(by="olga")),
        (olga.people(), engine.people(by="olga")),
        (olga.roles(), engine.roles(by="olga")),
        (olga.timers(job), engine.timers(job, by="olga")),
        (olga.data(job), engine.data(job, by="olga")),
        (olga.inbox_counts(), engine.inbox_counts("olga")),
        (olga.end(job, "over", dry=True), engine.end(job, "over", dry=True, by="olga")),
        (ada.find_step(job), engine.find_step(job, by="ada")),
        (ada.need("small_shop"), engine.need("small_shop")),
    ]
    for asked, given_near in pairs:
        assert exact.encode(asked) == exact.encode(given_near)
        assert type(asked) is type(given_near)
    for row, other in zip(olga.inbox(), engine.inbox("olga"), strict=True):
        assert type(row) is type(other)
    wrong: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]] = [
        ("track", "ada", ("zzzz",), {}),
        ("act", "ada", (item.id, "answered", {"legs": "x"}), {}),
        ("act", "ada", (item.id, "nothing"), {}),
        ("act", "ben", (item.id, "answered", {"legs": 1}), {}),
        ("history", "ada", (job,), {}),
        ("deploy", "olga", ("process: x\n",), {}),
        ("end", "olga", (job, ""), {}),
        ("start", "olga", ("small_shop",), {"need": {"wish": "x"}, "customer": "nobody"}),
    ]
    for verb, person, given, named in wrong:
        with pytest.raises(FlowError) as far:
            getattr(desk(person), verb)(*given, **named)
        with pytest.raises(FlowError) as near:
            getattr(engine, verb)(*given, **named, by=person)
        assert type(far.value) is type(near.value)
        assert far.value.to_json() == near.value.to_json()
