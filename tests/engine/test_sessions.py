"""Sessions and tokens of people's own: who is signed in, for how long, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from statement_log import statements
from ways_in import HERE, by_code, opened, start

from flowengine import (
    PROGRAM,
    BadAnswer,
    BadToken,
    Database,
    Engine,
    NotAllowed,
    NotFound,
    SignedInAsAnother,
    SimulatedClock,
)
from flowengine.people.browsers import Browser
from flowengine.people.identities import Identity
from flowengine.runtime.ways_in import Lasting, WaysIn

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with opened(database, clock) as engine:
        yield engine


def test_a_session_says_who_asks(engine: Engine) -> None:
    """Its secret gives the person, how strongly he is known, and the session; he may then do what he may."""
    made = engine.sign_in("ada", browser=HERE)
    who = engine.identify(made.secret)
    assert who == Identity(person="ada", strength="host", session=made.id)
    assert engine.start("small_suit", by=who, need={"occasion": "A wedding"}).job
    assert made.secret not in repr(made)


@pytest.mark.parametrize("secret", ["", "flows_", "flows_" + "x" * 43, "flow_" + "x" * 43, "ada", "\ud800", "\0" * 50])
def test_a_forged_secret_is_nobodys(engine: Engine, secret: str) -> None:
    """What was never issued is answered as what is over."""
    made = engine.sign_in("ada")
    engine.end_session(made.id, by=engine.identify(made.secret))
    said = []
    for shown in (secret, made.secret):
        with pytest.raises(BadToken) as refused:
            engine.identify(shown)
        said.append(str(refused.value))
    assert said[0] == said[1]


def test_only_the_hash_of_a_secret_is_stored(engine: Engine) -> None:
    """Whoever reads the database cannot sign in with what stands there."""
    made, token = engine.sign_in("ada"), engine.issue_own_token(["read"], by="ada")
    link = engine.make_link(start(engine))
    device = engine.begin_device("flow")
    with engine.database.reading() as tx:
        stored = "".join(
            str(tx.channel.rows(query, {}))
            for query in _everything(["flow_sessions", "flow_tokens", "flow_links", "flow_devices"])
        )
    for secret in (made.secret, made.csrf, token.token, link.secret, device.device_code):
        assert secret not in stored
        assert (secret.partition("_")[2] or secret) not in stored  # a secret may hold further underscores


def _everything(tables: list[str]) -> list[object]:
    import sqlalchemy as sa

    from flowengine.store.query import Query
    from flowengine.store.tables import metadata

    return [Query(f"all {name}", "All.", sa.select(metadata.tables[name])) for name in tables]


def test_a_session_ends_when_it_is_not_used(engine: Engine, clock: SimulatedClock) -> None:
    """It lasts as long as it is used, and at most as long as its kind does."""
    made = engine.sign_in("ada")
    for _ in range(6):
        clock.advance(13 * DAY)
        assert engine.identify(made.secret).person == "ada"
    clock.advance(13 * DAY)
    with pytest.raises(BadToken):
        engine.identify(made.secret)
    idle = engine.sign_in("ada")
    clock.advance(14 * DAY)
    with pytest.raises(BadToken):
        engine.identify(idle.secret)


@pytest.mark.parametrize(
    ("who", "idle", "whole"), [("ada", 14 * DAY, 90 * DAY), ("tom", HOUR, DAY), ("olga", HOUR, DAY)]
)
def test_how_long_a_session_lasts_depends_on_who_it_is(
    database: Database, clock: SimulatedClock, who: str, idle: timedelta, whole: timedelta
) -> None:
    """Customers, staff and operators have sessions of their own lengths, which the settings say."""
    short = Lasting(HOUR, DAY)
    ways_in = WaysIn(sessions={"staff": short, "operator": short})
    with opened(database, clock, ways_in) as engine:
        made = engine.sign_in(who)
        assert made.expires == clock.now() + idle
        clock.advance(idle - timedelta(seconds=1))
        engine.identify(made.secret)
        clock.advance(timedelta(seconds=2))
        (found,) = engine.sessions(who)
        assert found.expires == min(found.seen + idle, found.created + whole)


def test_being_asked_who_it_is_writes_once_a_minute(sqlite_url: str, clock: SimulatedClock) -> None:
    """Whose session it is takes one statement; that it was used is written no more than once a minute."""
    with statements() as given, Database.open(sqlite_url) as database, opened(database, clock) as engine:
        made, token = engine.sign_in("ada"), engine.issue_own_token(["read"], by="ada")
        engine.identify(token.token)
        for secret in (made.secret, token.token):
            given.clear()
            for _ in range(3):
                engine.identify(secret)
            assert [sql.split()[0] for sql in given if "flow_" in sql] == ["SELECT"] * 3
        clock.advance(timedelta(minutes=1))
        engine.identify(made.secret)
        engine.identify(token.token)
        assert engine.sessions("ada")[0].seen == clock.now()
        assert engine.own_tokens(by="ada")[0].used == clock.now()


def test_sessions_are_listed_and_ended_by_their_owner(engine: Engine) -> None:
    """One sees from where one is signed in, which session it is just now, and ends any of them."""
    here, there = engine.sign_in("ada", browser=HERE), engine.sign_in("ada", browser=Browser(address="198.51.100.1"))
    who = engine.identify(here.secret)
    found = {one.id: one for one in engine.sessions(by=who)}
    assert set(found) == {here.id, there.id}
    assert (found[here.id].address, found[here.id].agent, found[here.id].current) == ("192.0.2.7", "Firefox", True)
    assert not found[there.id].current
    engine.end_session(there.id, by=who)
    with pytest.raises(BadToken):
        engine.identify(there.secret)
    assert engine.sign_out_everywhere(by=who) == 1
    with pytest.raises(BadToken):
        engine.identify(here.secret)


def test_a_foreign_session_is_as_none(engine: Engine) -> None:
    """Nobody ends, or sees, another's session, nor learns that it is there; operators do."""
    made = engine.sign_in("ada")
    said = []
    for id in (made.id, "0" * 16):
        with pytest.raises(NotFound) as refused:
            engine.end_session(id, by="ben")
        said.append(str(refused.value).replace(id, "X"))
    assert said[0] == said[1]
    for whom in ("ada", "nobody"):
        with pytest.raises(NotFound, match=f"nobody with the id '{whom}'"):
            engine.sessions(whom, by="ben")
        with pytest.raises(NotFound):
            engine.sign_out_everywhere(whom, by="tom")
    assert [one.id for one in engine.sessions("ada", by="olga")] == [made.id]
    engine.end_session(made.id, by="olga")
    assert engine.sessions("ada", by="olga") == []
    with pytest.raises(BadAnswer, match="must be named"):
        engine.sessions(by=PROGRAM)


def test_who_leaves_is_signed_out(engine: Engine) -> None:
    """All his sessions and tokens end with his right to them, and nobody signs in as him."""
    made, token = engine.sign_in("tom"), engine.issue_own_token(["read", "act"], by="tom")
    engine.leave("tom", because="Moved away")
    for secret in (made.secret, token.token):
        with pytest.raises(BadToken):
            engine.identify(secret)
    with pytest.raises(NotAllowed, match="has left"):
        engine.sign_in("tom")


def test_who_is_erased_is_forgotten_here_too(engine: Engine) -> None:
    """Sessions, links and what she signed in with are gone with her, and from where she came."""
    job = start(engine)
    link = engine.make_link(job)
    engine.open_link(link.secret, browser=HERE)
    made = by_code(engine, "ada@example.org")
    setting_up = engine.begin_totp(by=engine.identify(made.secret))
    engine.withdraw(job, by="ada")
    engine.erase("ada", because="She asked for it")
    for secret in (made.secret, link.secret):
        with pytest.raises(BadToken):
            engine.identify(secret)
    with pytest.raises(BadToken):
        engine.open_link(link.secret)
    with pytest.raises(NotAllowed):
        engine.confirm_totp(setting_up.id, "123456", by="ada")
    (found,) = engine.links(job)
    assert (found.revoked is not None, found.uses[0].address, found.uses[0].agent) == (True, "", "")


def test_two_people_at_one_browser_are_told_apart(engine: Engine) -> None:
    """Who is signed in as somebody else is asked who he is now; said on purpose, the other's session ends."""
    ada = engine.sign_in("ada")
    browser = Browser(current=engine.identify(ada.secret))
    with pytest.raises(SignedInAsAnother) as refused:
        engine.sign_in("ben", browser=browser)
    assert "ada" not in str(refused.value)
    assert engine.identify(ada.secret).person == "ada"
    ben = engine.sign_in("ben", browser=Browser(current=browser.current, switch=True))
    assert engine.identify(ben.secret).person == "ben"
    with pytest.raises(BadToken):
        engine.identify(ada.secret)


def test_a_new_session_has_a_new_secret(engine: Engine) -> None:
    """Signing in again ends the session before, so that who knew its secret has gained nothing."""
    first = engine.sign_in("ada", strength="link")
    again = by_code(engine, "ada@example.org", Browser(current=engine.identify(first.secret)))
    assert again.secret != first.secret
    assert again.csrf != first.csrf
    with pytest.raises(BadToken):
        engine.identify(first.secret)
    assert engine.identify(again.secret).strength == "code"


# tokens of one's own


def test_a_token_of_ones_own_asks_in_ones_name(engine: Engine) -> None:
    """It says who asks, with its scopes, and how strongly he was known who made it; revoked, it ends at once."""
    made = engine.issue_own_token(["act", "read"], name="My script", by="ada")
    assert engine.identify(made.token) == Identity(person="ada", strength="host", scopes=("read", "act"))
    (found,) = engine.own_tokens(by="ada")
    assert (found.id, found.name, found.scopes, found.revoked) == (made.id, "My script", ("read", "act"), None)
    assert engine.revoke_own_token(made.id, by="ada").revoked is not None
    with pytest.raises(BadToken):
        engine.identify(made.token)


def test_a_token_expires(engine: Engine, clock: SimulatedClock) -> None:
    """It is good until its moment, 90 days from now unless one is given, at most 400."""
    assert engine.issue_own_token(["read"], by="ada").expires == clock.now() + 90 * DAY
    made = engine.issue_own_token(["read"], expires=HOUR, by="ada")
    clock.advance(HOUR)
    with pytest.raises(BadToken):
        engine.identify(made.token)
    for expires in (clock.now(), clock.now() + 401 * DAY, datetime(2026, 6, 1)):  # noqa: DTZ001 - the bad input
        with pytest.raises(BadAnswer, match="expires"):
            engine.issue_own_token(["read"], expires=expires, by="ada")


def test_a_token_is_no_more_than_who_makes_it(engine: Engine) -> None:
    """Only operators make tokens that operate, and a token makes none that may more than itself."""
    for scopes in (["operate"], ["everything"], []):
        with pytest.raises(BadAnswer, match="scopes"):
            engine.issue_own_token(scopes, by="tom")
    assert engine.identify(engine.issue_own_token(["operate"], by="olga").token).scopes == ("operate",)
    reading = engine.identify(engine.issue_own_token(["read"], by="ada").token)
    with pytest.raises(NotAllowed, match="may only read"):
        engine.issue_own_token(["read"], by=reading)
    acting = engine.identify(engine.issue_own_token(["read", "act"], by="olga").token)
    with pytest.raises(NotAllowed, match="no more than"):
        engine.issue_own_token(["operate"], by=acting)
    own = engine.issue_own_token(["read"], by="ada")
    assert engine.token(own.token).scope == "own", "no door for workers or operators takes it"


def test_a_foreign_token_is_as_none(engine: Engine) -> None:
    """Nobody revokes another's token, nor learns that it is there."""
    made = engine.issue_own_token(["read"], by="ada")
    said = []
    for id in (made.id, "0" * 12):
        with pytest.raises(NotFound) as refused:
            engine.revoke_own_token(id, by="ben")
        said.append(str(refused.value).replace(id, "X"))
    assert said[0] == said[1]
    assert engine.identify(made.token).person == "ada"
    with pytest.raises(NotAllowed):
        engine.issue_own_token(["read"], by=PROGRAM)


def test_who_came_by_a_link_makes_no_tokens(engine: Engine) -> None:
    """A session for one job, or of the least strength, is not enough for what lasts longer than itself."""
    link = engine.make_link(start(engine))
    session = engine.open_link(link.secret).session
    assert session is not None
    who = engine.identify(session.secret)
    asked = [
        lambda: engine.issue_own_token(["read"], by=who),
        lambda: engine.sessions(by=who),
        lambda: engine.begin_totp(by=who),
        lambda: engine.begin_passkey(by=who),
        lambda: engine.make_link(who.job, by=who),
        lambda: engine.sign_out_everywhere(by=who),
    ]
    for ask in asked:
        with pytest.raises(NotAllowed, match="not known well enough"):
            ask()
    engine.end_session(session.id, by=who)
    with pytest.raises(BadToken):
        engine.identify(session.secret)
