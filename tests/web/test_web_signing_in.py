"""The doors over HTTP: cookies, where a request comes from, and what a scanner of mail can do."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response
from served_app import ORDERING, served

from flowengine import Engine, Settings, SimulatedClock
from flowengine.commands.codes import digits_of
from flowengine.runtime.ways_in import WaysIn
from flowengine.web import make_app
from flowengine.web.cookies import COOKIE, CSRF, LOCAL
from flowengine.web.security_log import AT_ONCE, EVERY, Refusals

sys.path.append(str(Path(__file__).parents[1] / "engine"))

from soft_passkey import SoftPasskey

API = "/api/v1"


class Page:
    """A browser at a page of ours: it says where it comes from, and shows the CSRF token that it was given."""

    def __init__(self, client: Client, engine: Engine, origin: str) -> None:
        self.client, self.engine, self.origin = client, engine, origin
        self.csrf = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """Ask as a page of ours does; a header that is empty is left out."""
        sent = {"origin": self.origin, "sec-fetch-site": "same-origin", CSRF: self.csrf}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        shown = {name: value for name, value in sent.items() if value}
        content = {} if body is None else {"json": body}
        answer = self.client.request(method, f"{API}{path}", headers=shown, **content)
        if answer.status_code == 200 and answer.headers["content-type"] == "application/json":
            found = answer.json()
            session = found.get("session")
            given = session if isinstance(session, dict) else found
            self.csrf = given.get("csrf") or self.csrf
        return answer

    def post(self, path: str, body: Any = None, **headers: str) -> Response:
        return self.ask("POST", path, body or {}, **headers)

    def digits(self, id: str) -> str:
        """The digits that the letter of a code has."""
        return digits_of(self.engine.shell.secret.made(self.engine.shell), id)

    def sign_in(self, contact: str = "ada@example.org") -> Response:
        """Sign in by a code."""
        sent = self.post("/codes", {"contact": contact}).json()
        return self.post("/codes/check", {"id": sent["id"], "code": self.digits(sent["id"])})


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(sqlite_url: str, clock: SimulatedClock) -> Iterator[Engine]:
    ways_in = WaysIn(public=("ordering",), targets=("https://app.example/in",))
    with Engine(sqlite_url, clock=clock, handlers={}, settings=Settings(ways_in=ways_in)) as engine:
        engine.deploy(ORDERING)
        engine.add_customer("ada", "Ada", contact="ada@example.org")
        engine.add_customer("ben", "Ben", contact="ben@example.org")
        engine.add_staff("olga", "Olga", roles=["operator"])
        yield engine


@pytest.fixture
def page(engine: Engine) -> Iterator[Page]:
    """A browser on this machine, over plain HTTP."""
    with served(make_app(engine)) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
        yield Page(client, engine, url)


def link(engine: Engine, who: str = "ada") -> tuple[str, str]:
    """A job of somebody's, and the secret of a link to it."""
    job = engine.start("ordering", by=who, need={"metres": 3}).job
    return job, engine.make_link(job).secret


def test_somebody_signs_in_and_out(page: Page) -> None:
    """A code gives a cookie, by which he is known until he signs out; the secret is in no body."""
    assert page.ask("GET", "/session").status_code == 401
    answer = page.sign_in()
    assert answer.status_code == 200
    assert "secret" not in answer.json()
    cookie = answer.headers["set-cookie"]
    assert page.client.cookies[LOCAL] not in answer.text
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    known = page.ask("GET", "/session").json()
    assert (known["person"], known["strength"], known["job"]) == ("ada", "code", "")
    assert page.ask("GET", "/sessions").json()["items"][0]["current"] is True
    assert page.ask("DELETE", "/session").status_code == 200
    assert page.ask("GET", "/session").status_code == 401


def test_over_tls_the_cookie_is_this_hosts_alone(sqlite_url: str, clock: SimulatedClock) -> None:
    """Behind TLS it is secure, and has the prefix by which browsers take it from this very host."""
    settings = Settings(url="https://flow.example")
    with Engine(sqlite_url, clock=clock, handlers={}, settings=settings) as engine:
        engine.add_customer("ada", "Ada", contact="ada@example.org")
        with served(make_app(engine)) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
            page = Page(client, engine, "https://flow.example")
            cookie = page.sign_in().headers["set-cookie"]
            assert cookie.startswith(f"{COOKIE}=flows_")
            assert "Secure" in cookie
            secret = cookie.partition("=")[2].partition(";")[0]
            shown = client.get(f"{API}/session", headers={"cookie": f"{COOKIE}={secret}"})
            assert shown.json()["person"] == "ada"
            assert client.get(f"{API}/session", headers={"cookie": f"{LOCAL}={secret}"}).status_code == 401


def test_nobody_signs_in_over_plain_http_from_afar(page: Page) -> None:
    """A session's cookie is given over plain HTTP on this machine alone."""
    sent = page.post("/codes", {"contact": "ada@example.org"}).json()
    body = {"id": sent["id"], "code": page.digits(sent["id"])}
    answer = page.post("/codes/check", body, host="flow.example", origin="http://flow.example")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_what_another_site_sends_changes_nothing(page: Page) -> None:
    """With a cookie, what changes something comes from a page of ours and shows the session's token; looking does
    not."""
    page.sign_in()
    foreign = [
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "https://evil.example", "sec_fetch_site": ""},
        {"origin": "", "sec_fetch_site": "cross-site"},
        {"origin": "", "sec_fetch_site": "same-site"},
        {"origin": "", "sec_fetch_site": ""},
        {"origin": "null", "sec_fetch_site": ""},
        {CSRF.replace("-", "_"): ""},
        {CSRF.replace("-", "_"): "0" * 64},
    ]
    for headers in foreign:
        for method, path in (("POST", "/own-tokens"), ("DELETE", "/session"), ("POST", "/jobs")):
            answer = page.ask(method, path, {"scopes": ["read"]} if method == "POST" else None, **headers)
            assert answer.status_code == 403, (headers, path, answer.text)
    assert page.ask("GET", "/session", origin="https://evil.example").status_code == 200
    made = page.post("/own-tokens", {"scopes": ["read"]}, idempotency_key="k1")
    assert made.status_code == 201
    assert page.engine.own_tokens(by="ada")[0].id == made.json()["id"]


def test_another_site_signs_nobody_in(page: Page) -> None:
    """Nor can it have a browser sign in as somebody whom it chooses."""
    sent = page.post("/codes", {"contact": "ada@example.org"}).json()
    body = {"id": sent["id"], "code": page.digits(sent["id"])}
    for headers in ({"origin": "https://evil.example"}, {"origin": "", "sec_fetch_site": "cross-site"}):
        answer = page.post("/codes/check", body, **headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    program = page.client.post(f"{API}/codes/check", json=body)
    assert program.status_code == 200, "a program without cookies need not say where it comes from"


def test_a_token_needs_no_page(page: Page) -> None:
    """A program shows a token of its person's own; one that is over is refused, and a session's secret is none."""
    made = page.engine.issue_own_token(["read", "act"], by="ada")
    session = page.engine.sign_in("ada")
    asked = {"authorization": f"Bearer {made.token}"}
    assert page.client.get(f"{API}/jobs", headers=asked).status_code == 200
    began = page.client.post(
        f"{API}/jobs", headers=asked | {"idempotency-key": "k"}, json={"process": "ordering", "need": {"metres": 1}}
    )
    assert began.status_code == 201
    assert page.engine.track(began.json()["job"], "ada").status == "open"
    assert page.client.get(f"{API}/session", headers=asked).status_code == 401
    page.engine.revoke_own_token(made.id, by="ada")
    for shown in (made.token, session.secret[:-1], "x"):
        answer = page.client.get(f"{API}/jobs", headers={"authorization": f"Bearer {shown}"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


# links


def test_a_scanner_that_gets_and_posts(page: Page) -> None:
    """GET tells nothing of a link and signs nobody in; what pressing the button gains is one job, and the link still
    works for its person, who sees how often it was used."""
    job, secret = link(page.engine)
    other = page.engine.start("ordering", by="ada", need={"metres": 5}).job
    for path in (f"/links/{secret}", "/links/open", f"/links/open?secret={secret}"):
        answer = page.client.get(f"{API}{path}", follow_redirects=True)
        assert answer.status_code in (404, 405)
        assert "set-cookie" not in answer.headers
        assert "Ordering" not in answer.text
    for _ in range(3):
        scanner = page.client.post(f"{API}/links/open", json={"secret": secret}, headers={"user-agent": "Scanner"})
        assert scanner.status_code == 200
        assert scanner.json()["job"] == job
        page.client.cookies.clear()
    page.client.cookies.set(LOCAL, scanner.cookies[LOCAL])
    assert [one["id"] for one in page.ask("GET", "/jobs").json()["items"]] == [job]
    assert page.ask("GET", f"/jobs/{other}").status_code == 404
    assert page.ask("GET", "/sessions").status_code == 403
    assert page.ask("GET", f"/jobs/{job}").status_code == 200
    page.client.cookies.clear()
    mine = page.post("/links/open", {"secret": secret})
    assert mine.json()["session"]["strength"] == "link"
    assert [use.agent for use in page.engine.links(job)[0].uses].count("Scanner") == 3


def test_somebody_else_at_the_browser_is_asked(page: Page) -> None:
    """409 until he says that he is another; then the other is signed out."""
    _, secret = link(page.engine)
    page.sign_in("ben@example.org")
    was = page.client.cookies[LOCAL]
    answer = page.post("/links/open", {"secret": secret})
    assert (answer.status_code, answer.json()["error"]) == (409, "SignedInAsAnother")
    assert page.ask("GET", "/session").json()["person"] == "ben"
    assert page.post("/links/open", {"secret": secret, "switch": True}).status_code == 200
    assert page.ask("GET", "/session").json()["person"] == "ada"
    assert page.client.get(f"{API}/session", headers={"cookie": f"{LOCAL}={was}"}).status_code == 401


def test_too_many_says_when_to_come_back(page: Page) -> None:
    """429 with Retry-After."""
    answers = [page.post("/codes", {"contact": "ada@example.org"}) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].json()["error"] == "TooMany"


@pytest.mark.parametrize(
    "path", ["/links/open", "/codes", "/codes/check", "/passkeys/sign-in", "/device/code", "/device/token"]
)
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"x": 1}', b"\xff", b'{"secret": 1, "id": 1, "code": 1}'])
def test_what_is_no_request_is_refused(page: Page, path: str, body: bytes) -> None:
    """Whatever is sent, the answer says what is wrong."""
    answer = page.client.post(f"{API}{path}", content=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["what"]


# devices


def test_a_device_is_let_in_over_http(page: Page, clock: SimulatedClock) -> None:
    """RFC 8628: the device asks until a person, who is signed in by a code at least, has let it in."""
    begun = page.client.post(f"{API}/device/code", json={"client": "flow"}).json()
    assert {"device_code", "user_code", "verification_uri", "expires_in", "interval"} <= begun.keys()
    poll = {"device_code": begun["device_code"]}
    waiting = page.client.post(f"{API}/device/token", json=poll)
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    slower = page.client.post(f"{API}/device/token", json=poll)
    assert (slower.json()["error"], slower.json()["interval"]) == ("slow_down", 10)
    approve = {"user_code": begun["user_code"]}
    assert page.post("/device/approve", approve, idempotency_key="a").status_code == 401
    _, secret = link(page.engine)
    page.post("/links/open", {"secret": secret})
    assert page.post("/device/approve", approve, idempotency_key="b").status_code == 403
    page.sign_in()
    assert page.post("/device/look", approve, idempotency_key="c").json()["client"] == "flow"
    assert page.post("/device/approve", approve, idempotency_key="d").status_code == 200
    clock.advance(timedelta(seconds=10))
    given = page.client.post(f"{API}/device/token", json=poll).json()
    assert (given["person"], set(given)) == ("ada", {"token", "person", "expires"})
    me = page.client.get(f"{API}/jobs", headers={"authorization": f"Bearer {given['token']}"})
    assert me.status_code == 200
    over = page.client.post(f"{API}/device/token", json=poll)
    assert (over.status_code, over.json()["error"]) == (400, "expired_token")
    denied = page.client.post(f"{API}/device/code", json={"client": "flow"}).json()
    assert page.post("/device/deny", {"user_code": denied["user_code"]}, idempotency_key="e").status_code == 200
    refused = page.client.post(f"{API}/device/token", json={"device_code": denied["device_code"]})
    assert refused.json()["error"] == "access_denied"


# passkeys, providers, who is new


def test_a_passkey_over_http(sqlite_url: str, clock: SimulatedClock) -> None:
    """Registered by who is signed in, shown by whoever is there."""
    with Engine(sqlite_url, clock=clock, handlers={}, settings=Settings(url="http://localhost")) as engine:
        engine.add_customer("ada", "Ada", contact="ada@example.org")
        with served(make_app(engine)) as url, Client(base_url=url, timeout=60, trust_env=False) as client:
            page, passkey = Page(client, engine, url), SoftPasskey("http://localhost")
            page.sign_in()
            begun = page.post("/passkeys/begin", idempotency_key="a")
            assert begun.status_code == 200, begun.text
            asked = begun.json()
            body = {"id": asked["id"], "response": passkey.made(asked["options"]), "name": "Phone"}
            assert page.post("/passkeys", body, idempotency_key="b").status_code == 201
            page.client.cookies.clear()
            asked = page.post("/passkeys/sign-in/begin").json()
            shown = {"id": asked["id"], "response": passkey.shown(asked["options"])}
            assert page.post("/passkeys/sign-in", shown).json()["strength"] == "passkey"
            page.client.cookies.clear()
            assert page.post("/passkeys/sign-in", shown).status_code == 401


def test_a_browser_that_comes_back_from_nowhere(page: Page) -> None:
    """A callback with a state that nobody was given, or without a code, signs nobody in and sends nobody anywhere."""
    for query in ("", "?state=x&code=y", "?error=access_denied", "?state=x", "?state=%00&code=%ff"):
        answer = page.client.get(f"{API}/oidc/callback{query}")
        assert answer.status_code == 401
        assert "location" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert page.post("/oidc/nowhere/login").status_code == 404


def test_somebody_new_begins_a_job(page: Page) -> None:
    """202 with the job; it is his once he has answered the code, and nobody else's before."""
    body = {"contact": "zoe@example.org", "name": "Zoë", "need": {"metres": 2}}
    answer = page.post("/public/ordering", body)
    assert answer.status_code == 202
    begun = answer.json()
    assert page.ask("GET", f"/jobs/{begun['job']}").status_code == 401
    page.post("/codes/check", {"id": begun["code"]["id"], "code": page.digits(begun["code"]["id"])})
    assert page.ask("GET", f"/jobs/{begun['job']}").status_code == 200
    assert page.post("/public/nothing", body).status_code == 404
    assert page.post("/public/ordering", body | {"contact": "zoe"}).status_code == 422


def test_who_is_refused_again_and_again_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Some lines are written of him, then one in a while, with how many were left out; another has lines of his own."""
    now = 0.0
    refusals = Refusals(lambda: now)
    with caplog.at_level(logging.INFO, "flowengine.security"):
        for _ in range(100):
            refusals.answered({"method": "POST", "client": ("192.0.2.7", 1)}, 401)
        refusals.answered({"method": "POST", "client": ("192.0.2.8", 1)}, 200)
        assert len(caplog.records) == AT_ONCE
        now += EVERY
        for _ in range(2):
            refusals.answered({"method": "POST", "client": ("192.0.2.7", 1)}, 401)
        refusals.answered({"method": "POST", "client": ("192.0.2.8", 1)}, 403)
    late, other = (vars(record) for record in caplog.records[AT_ONCE:])
    assert (late["address"], late["left_out"]) == ("192.0.2.7", 100 - AT_ONCE)
    assert (other["address"], other["status"], other["left_out"]) == ("192.0.2.8", 403, 1)


def test_who_comes_in_and_who_is_refused_is_logged(
    page: Page, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """A line each, with what was asked, how it went, by whom and from where; none of ordinary work, and no secret."""
    job = engine.start("ordering", by="ben", need={"metres": 3}).job
    with caplog.at_level(logging.INFO, "flowengine.security"):
        sent = page.post("/codes", {"contact": "ada@example.org"}).json()
        wrong = "000000" if page.digits(sent["id"]) != "000000" else "111111"
        assert page.post("/codes/check", {"id": sent["id"], "code": wrong}).status_code == 401
        assert page.sign_in().status_code == 200
        secret = page.client.cookies[LOCAL]
        assert page.ask("GET", "/jobs").status_code == 200
        assert page.ask("GET", f"/jobs/{job}").status_code == 404
        assert page.ask("GET", "/nothing").status_code == 404
        assert page.ask("DELETE", "/session", sec_fetch_site="cross-site").status_code == 403
        out = page.ask("DELETE", "/session")
    assert out.headers["clear-site-data"] == '"cache"'
    lines = [vars(record) for record in caplog.records if record.name == "flowengine.security"]
    told = [(line["msg"], line["asked"], line.get("person", ""), line.get("code", "")) for line in lines]
    assert told == [
        ("refused", "POST /api/v1/codes/check", "", "BadToken"),
        ("signed in", "POST /api/v1/codes/check", "ada", ""),
        ("refused", "GET /api/v1/jobs/{job}", "ada", "NotFound"),
        ("refused", "DELETE /api/v1/session", "ada", "NotAllowed"),
        ("signed out", "DELETE /api/v1/session", "ada", ""),
    ]
    assert (lines[1]["strength"], lines[1]["address"]) == ("code", "127.0.0.1")
    for shown in (secret, wrong, page.digits(sent["id"]), "ada@example.org", job):
        assert shown not in str([{name: str(value) for name, value in line.items()} for line in lines])


def test_over_tls_each_cookie_is_this_hosts_alone() -> None:
    """Also the one that keeps a reader's language; and it is read again under that name."""
    headers = {"origin": "https://flow.example", "sec-fetch-site": "same-origin"}
    with (
        Engine("sqlite://", settings=Settings(url="https://flow.example")) as engine,
        served(make_app(engine, pages=True)) as url,
        Client(base_url=url, trust_env=False) as client,
    ):
        kept = client.post("/language", data={"language": "de", "back": "/login"}, headers=headers).headers[
            "set-cookie"
        ]
        name, *flags = kept.split("; ")
        assert name == "__Host-flow-language=de"
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(flags)
        assert '<html lang="de">' in client.get("/login", headers={"cookie": name}).text
