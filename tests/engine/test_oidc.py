"""Signing in at a provider (OpenID Connect), with a provider on loopback."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from outside_server import Reply, Sent, Server, serving
from ways_in import HERE, opened

from flowengine import (
    AnswerRefused,
    BadAnswer,
    BadToken,
    Database,
    Engine,
    NotAllowed,
    NotConfigured,
    NotFound,
    OutsideError,
    Settings,
    SignedInAsAnother,
    SimulatedClock,
)
from flowengine.people.browsers import Browser
from flowengine.runtime.ways_in import Provider, WaysIn
from flowengine.views.signing_in import OidcBegun


class Login:
    """A provider: who is there is ``subject``; what it says may be made wrong."""

    def __init__(self, server: Server, clock: SimulatedClock) -> None:
        self.server, self.clock = server, clock
        self.key = ECKey.generate_key("P-256", {"kid": "k1"})
        self.signs_with: Any = self.key
        self.algorithm = "ES256"
        self.says: dict[str, Any] = {}
        self.calls_itself = server.url
        self.about: dict[str, Any] = {}
        self.status = 200
        self.asked: dict[str, str] = {}
        self._codes: dict[str, dict[str, list[str]]] = {}
        server.answer = self.answer

    def visited(self, begun: OidcBegun) -> dict[str, str]:
        """Somebody signs in there: what his browser brings back."""
        query = parse_qs(urlsplit(begun.url).query)
        assert begun.url.startswith(f"{self.server.url}/authorize?")
        assert query["code_challenge_method"] == ["S256"]
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return {"state": query["state"][0], "code": code}

    def answer(self, sent: Sent) -> Reply:
        url = self.server.url
        if sent.path == "/.well-known/openid-configuration":
            return _json({
                "issuer": self.calls_itself, "authorization_endpoint": f"{url}/authorize",
                "token_endpoint": f"{url}/token", "jwks_uri": f"{url}/keys", **self.about,
            })  # fmt: skip
        if sent.path == "/keys":
            return _json({"keys": [self.key.as_dict(private=False)]})
        fields = {name: value for name, (value,) in parse_qs(sent.body.decode()).items()}
        query = self._codes.pop(fields["code"])
        challenge = urlsafe_b64encode(sha256(fields["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert [challenge] == query["code_challenge"]
        assert [fields["redirect_uri"]] == query["redirect_uri"] == ["https://flow.example/api/v1/oidc/callback"]
        assert b64decode(sent.headers["authorization"].removeprefix("Basic ")) == b"flow:s%26cret"
        now = int(self.clock.now().timestamp())
        claims = {"iss": url, "sub": "1234", "aud": "flow", "exp": now + 300, "iat": now, "nonce": query["nonce"][0]}
        token = jwt.encode({"alg": self.algorithm, "kid": "k1"}, claims | self.says, self.signs_with)
        return Reply(self.status, json.dumps({"id_token": token, "access_token": "x"}).encode())


def _json(document: dict[str, Any]) -> Reply:
    return Reply(body=json.dumps(document).encode())


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def login(clock: SimulatedClock) -> Iterator[Login]:
    with serving() as server:
        yield Login(server, clock)


@pytest.fixture
def engine(database: Database, clock: SimulatedClock, login: Login) -> Iterator[Engine]:
    """Provider ``house`` trusts no mail, ``club`` does."""
    both = [
        Provider(name=name, issuer=login.server.url, client="flow", secret="s&cret", by_mail=name == "club")
        for name in ("house", "club")
    ]
    strict = Provider(name="strict", issuer=login.server.url, client="flow", secret="s&cret", acr=("phr", "phrh"))
    ways_in = WaysIn(providers=(*both, strict), targets=("https://app.example/in",))
    with opened(database, clock, ways_in, http_allow=(login.server.allow,)) as engine:
        yield engine


def finish(engine: Engine, begun: OidcBegun, brought: dict[str, str], browser: Browser = HERE) -> str:
    """Come back from the provider: the person who is signed in then."""
    done = engine.finish_oidc(**brought, binding=begun.binding, browser=browser)
    who = engine.identify(done.session.secret)
    assert who.strength == "oidc"
    return who.person


def test_an_account_that_an_operator_has_bound_signs_in(engine: Engine, login: Login) -> None:
    """By its subject, whatever the mail; staff too; and the browser goes where it wanted."""
    engine.bind_subject("tom", "house", "1234", by="olga")
    begun = engine.begin_oidc("house", back="/work?x=1", browser=HERE)
    login.says = {"email": "ada@example.org", "email_verified": True}
    assert finish(engine, begun, login.visited(begun)) == "tom"
    (found,) = engine.credentials(by="tom")
    assert (found.kind, found.name, found.used is not None) == ("oidc", "house", True)
    begun = engine.begin_oidc("house", back="/work?x=1")
    brought = login.visited(begun)
    assert engine.finish_oidc(**brought, binding=begun.binding).back == "/work?x=1"
    with pytest.raises(NotAllowed, match="tom's"):
        engine.bind_subject("ada", "house", "1234")
    for subject in ("", "x" * 256, "a\nb"):
        with pytest.raises(BadAnswer):
            engine.bind_subject("ada", "house", subject)
    for person, provider in (("nobody", "house"), ("ada", "nowhere")):
        with pytest.raises(NotFound):
            engine.bind_subject(person, provider, "5")


def test_a_verified_mail_is_trusted_where_the_settings_say_so(engine: Engine, login: Login) -> None:
    """Exactly one person with that mail is he, and stays so by the subject when the mail changes."""
    for says in ({"email": "ada@example.org"}, {"email": "ada@example.org", "email_verified": False}, {}):
        login.says = says
        begun = engine.begin_oidc("club")
        with pytest.raises(NotAllowed, match="nobody's here"):
            finish(engine, begun, login.visited(begun))
    login.says = {"email": "ada@example.org", "email_verified": True}
    begun = engine.begin_oidc("house")
    with pytest.raises(NotAllowed):
        finish(engine, begun, login.visited(begun))
    begun = engine.begin_oidc("club")
    assert finish(engine, begun, login.visited(begun)) == "ada"
    login.says = {"email": "other@example.org", "email_verified": True}
    begun = engine.begin_oidc("club")
    assert finish(engine, begun, login.visited(begun)) == "ada"
    engine.add_customer("eve", "Eve", contact="ben@example.org")
    engine.add_customer("ben", contact="ben@example.org")
    login.says = {"sub": "77", "email": "ben@example.org", "email_verified": True}
    begun = engine.begin_oidc("club")
    with pytest.raises(NotAllowed):
        finish(engine, begun, login.visited(begun))


def test_how_somebody_has_signed_in_there_is_asked_for_and_looked_at(engine: Engine, login: Login) -> None:
    """Where the settings say how, a token that says otherwise, or nothing of it, signs nobody in."""
    engine.bind_subject("tom", "strict", "1234")
    for says in ({}, {"acr": "0"}, {"acr": None}, {"acr": ["phr"]}, {"acr": "phr phrh"}):
        login.says = says
        begun = engine.begin_oidc("strict")
        assert parse_qs(urlsplit(begun.url).query)["acr_values"] == ["phr phrh"]
        with pytest.raises(BadToken, match="vouch"):
            finish(engine, begun, login.visited(begun))
    login.says = {"acr": "phrh"}
    begun = engine.begin_oidc("strict")
    assert finish(engine, begun, login.visited(begun)) == "tom"
    begun = engine.begin_oidc("house")
    assert "acr_values" not in begun.url
    assert finish(engine, begun, login.visited(begun)) == "tom"


def test_the_answer_counts_once_and_in_one_browser(engine: Engine, login: Login, clock: SimulatedClock) -> None:
    """A state that was not given, was used, is over, or is another browser's, is refused, and used up by it."""
    engine.bind_subject("tom", "house", "1234")
    begun = engine.begin_oidc("house")
    brought = login.visited(begun)
    for state in ("", "x" * 43, "\ud800"):
        with pytest.raises(BadToken):
            engine.finish_oidc(state, brought["code"], binding=begun.binding)
    assert finish(engine, begun, brought) == "tom"
    with pytest.raises(BadToken):
        finish(engine, begun, brought)
    begun, other = engine.begin_oidc("house"), engine.begin_oidc("house")
    brought = login.visited(begun)
    for binding in (other.binding, begun.binding):
        with pytest.raises(BadToken):
            engine.finish_oidc(**brought, binding=binding)
    begun = engine.begin_oidc("house")
    brought = login.visited(begun)
    clock.advance(timedelta(minutes=10))
    with pytest.raises(BadToken):
        finish(engine, begun, brought)
    assert begun.binding not in repr(begun)


@pytest.mark.parametrize(
    "says",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["flow", "another"]},
        {"azp": "another"},
        {"exp": 1_777_000_000},
        {"iat": 1_999_999_999},
        {"exp": "soon"},
        {"sub": None},
    ],
)
def test_a_token_that_does_not_fit_is_refused(engine: Engine, login: Login, says: dict[str, Any]) -> None:
    """One for another nonce, issuer or client, one that has expired, or that says not all it must."""
    engine.bind_subject("tom", "house", "1234")
    login.says = says
    begun = engine.begin_oidc("house")
    brought = login.visited(begun)
    with pytest.raises(BadToken, match="nobody is signed in by this"):
        finish(engine, begun, brought)


def test_a_token_that_another_has_signed_is_refused(engine: Engine, login: Login) -> None:
    """Neither with another key, nor with a secret that we share with the provider, which its readers might know."""
    engine.bind_subject("tom", "house", "1234")
    for algorithm, key in (
        ("ES256", ECKey.generate_key("P-256", {"kid": "k1"})),
        ("HS256", OctKey.import_key("s&cret-s&cret-s&cret-s&cret-s&cret", {"kid": "k1"})),
    ):
        login.algorithm, login.signs_with = algorithm, key
        begun = engine.begin_oidc("house")
        brought = login.visited(begun)
        with pytest.raises(BadToken, match="not signed"):
            finish(engine, begun, brought)


def test_a_provider_may_change_its_keys(engine: Engine, login: Login) -> None:
    """Keys that were remembered are asked for anew where a signature does not fit."""
    engine.bind_subject("tom", "house", "1234")
    for _ in range(2):
        begun = engine.begin_oidc("house")
        assert finish(engine, begun, login.visited(begun)) == "tom"
        login.key = login.signs_with = ECKey.generate_key("P-256", {"kid": "k1"})


def test_an_answer_of_another_provider_is_refused(engine: Engine, login: Login) -> None:
    """Where the browser says which provider it comes from (RFC 9207), it has to be that one."""
    engine.bind_subject("tom", "house", "1234")
    begun = engine.begin_oidc("house")
    with pytest.raises(BadToken, match="another provider"):
        engine.finish_oidc(**login.visited(begun), binding=begun.binding, issuer="https://evil.example")
    begun = engine.begin_oidc("house")
    brought = login.visited(begun)
    assert engine.finish_oidc(**brought, binding=begun.binding, issuer=login.server.url).session.person == "tom"


def test_a_provider_that_says_whose_its_answers_are_always_says_so(engine: Engine, login: Login) -> None:
    """An answer that leaves it out, where the provider never does, is not its own."""
    login.about = {"authorization_response_iss_parameter_supported": True}
    engine.bind_subject("tom", "house", "1234")
    begun = engine.begin_oidc("house")
    with pytest.raises(BadToken, match="does not say whose"):
        engine.finish_oidc(**login.visited(begun), binding=begun.binding)
    begun = engine.begin_oidc("house")
    brought = login.visited(begun)
    assert engine.finish_oidc(**brought, binding=begun.binding, issuer=login.server.url).session.person == "tom"


def test_a_provider_that_says_no_or_nothing(engine: Engine, login: Login) -> None:
    """A code that it does not take signs nobody in; one that cannot be asked is the installation's trouble."""
    engine.bind_subject("tom", "house", "1234")
    login.status = 400
    begun = engine.begin_oidc("house")
    brought = login.visited(begun)
    with pytest.raises(BadToken, match="answers 400"):
        finish(engine, begun, brought)
    begun = engine.begin_oidc("house")
    brought = login.visited(begun)
    login.server.answer = lambda _: Reply(500)
    with pytest.raises((OutsideError, BadToken)):
        finish(engine, begun, brought)


def test_a_provider_that_calls_itself_otherwise_is_not_asked(
    database: Database, clock: SimulatedClock, login: Login
) -> None:
    """Its document has to name the issuer of the settings."""
    login.calls_itself = "https://evil.example"
    one = Provider(name="house", issuer=login.server.url, client="flow", secret="s&cret")
    with (
        opened(database, clock, WaysIn(providers=(one,)), http_allow=(login.server.allow,)) as engine,
        pytest.raises(AnswerRefused, match="otherwise"),
    ):
        engine.begin_oidc("house")


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "work", "/a\nb"]
)
def test_a_browser_is_sent_only_to_where_it_may(engine: Engine, back: str) -> None:
    """A path here, or a target of the settings; all else is refused before anything begins."""
    with pytest.raises(BadAnswer, match="back"):
        engine.begin_oidc("house", back=back)
    for fine in ("/", "/jobs/1?x=//y", "https://app.example/in"):
        assert engine.begin_oidc("house", back=fine).url


def test_somebody_else_at_the_browser_is_asked(engine: Engine, login: Login) -> None:
    """Who is signed in as another is asked who he is now."""
    engine.bind_subject("tom", "house", "1234")
    ada = engine.identify(engine.sign_in("ada").secret)
    begun = engine.begin_oidc("house")
    with pytest.raises(SignedInAsAnother):
        engine.finish_oidc(**login.visited(begun), binding=begun.binding, browser=Browser(current=ada))


def test_an_unknown_provider_is_told(engine: Engine) -> None:
    """With those that there are."""
    with pytest.raises(NotFound) as refused:
        engine.begin_oidc("nowhere")
    assert refused.value.possible == ("house", "club", "strict")


@pytest.mark.parametrize(
    ("environment", "where"),
    [
        ({"FLOW_OIDC": "house"}, "FLOW_OIDC_HOUSE_ISSUER"),
        ({"FLOW_OIDC": "house", "FLOW_OIDC_HOUSE_ISSUER": "http://login.example"}, "FLOW_OIDC_HOUSE_ISSUER"),
        ({"FLOW_OIDC": "house", "FLOW_OIDC_HOUSE_ISSUER": "https://login.example"}, "FLOW_OIDC_HOUSE_CLIENT"),
        ({"FLOW_OIDC": "a b"}, "FLOW_OIDC"),
        ({"FLOW_SESSIONS": "staff=P1D"}, "FLOW_SESSIONS"),
        ({"FLOW_SESSIONS": "staff=P2D/P1D"}, "FLOW_SESSIONS"),
        ({"FLOW_SESSIONS": "king=P1D/P2D"}, "FLOW_SESSIONS"),
        ({"FLOW_SESSIONS": "staff=P1M/P2M"}, "FLOW_SESSIONS"),
        ({"FLOW_LINKS_ASK_CODE": "perhaps"}, "FLOW_LINKS_ASK_CODE"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(environment: dict[str, str], where: str) -> None:
    """At once, with the variable."""
    with pytest.raises(NotConfigured) as refused:
        WaysIn.from_environment(environment)
    assert refused.value.where == where


def test_providers_need_an_address() -> None:
    """They send browsers back here: where the address is not set, that is said at once."""
    one = Provider(name="house", issuer="https://login.example", client="flow", secret="s")
    with pytest.raises(NotConfigured) as refused:
        Settings(ways_in=WaysIn(providers=(one,)))
    assert refused.value.where == "FLOW_URL"


def test_the_settings_come_from_the_environment() -> None:
    """All of them."""
    found = WaysIn.from_environment(
        {
            "FLOW_OIDC": "house",
            "FLOW_OIDC_HOUSE_ISSUER": "https://login.example",
            "FLOW_OIDC_HOUSE_CLIENT": "flow",
            "FLOW_OIDC_HOUSE_SECRET": "secret",
            "FLOW_OIDC_HOUSE_BY_MAIL": "yes",
            "FLOW_OIDC_HOUSE_ACR": "phr, phrh",
            "FLOW_SESSIONS": "staff=PT1H/P1D",
            "FLOW_LINKS_ASK_CODE": "yes",
            "FLOW_SIGN_IN_TARGETS": "https://app.example/in",
            "FLOW_PUBLIC_STARTS": "small_suit",
        }
    )
    assert found.provider("house") == Provider(
        name="house", issuer="https://login.example", client="flow", secret="secret", by_mail=True, acr=("phr", "phrh")
    )
    assert "secret" not in repr(found).replace("_secret", "")
    assert found.lasting("staff").idle == timedelta(hours=1)
    assert found.lasting("customer").idle == timedelta(days=14)
    assert (found.links_ask_code, found.targets, found.public) == (True, ("https://app.example/in",), ("small_suit",))
    assert (found.may_start("small_suit"), found.may_start("other")) == (True, False)
