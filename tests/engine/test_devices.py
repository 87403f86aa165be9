"""Devices that a person lets in from elsewhere (RFC 8628)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from ways_in import HERE, by_code, opened, start, too_many

from flowengine import PROGRAM, BadAnswer, BadToken, Database, Engine, NotAllowed, NotFound, SimulatedClock

SECONDS = timedelta(seconds=5)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with opened(database, clock) as engine:
        yield engine


def test_a_device_is_let_in_by_a_person(engine: Engine, clock: SimulatedClock) -> None:
    """It waits until he has typed its letters, and is given a token of his, once."""
    begun = engine.begin_device("flow on laptop", browser=HERE)
    assert (begun.expires_in, begun.interval) == (600, 5)
    assert begun.verification_uri == "https://flow.example/device"
    assert begun.device_code not in repr(begun)
    assert engine.poll_device(begun.device_code).state == "authorization_pending"
    who = engine.identify(by_code(engine, "ada@example.org").secret)
    typed = begun.user_code.lower().replace("-", " ")
    seen = engine.device(typed, by=who)
    assert (seen.client, seen.address) == ("flow on laptop", "192.0.2.7")
    engine.approve_device(typed, by=who)
    clock.advance(SECONDS)
    got = engine.poll_device(begun.device_code)
    assert (got.state, got.person) == ("approved", "ada")
    assert got.token not in repr(got)
    known = engine.identify(got.token)
    assert (known.person, known.strength, known.scopes) == ("ada", "code", ("read", "act"))
    assert [one.name for one in engine.own_tokens(by="ada")] == ["flow on laptop"]
    clock.advance(SECONDS)
    assert engine.poll_device(begun.device_code).state == "expired_token"


def test_a_device_that_asks_too_often_is_slowed_down(engine: Engine, clock: SimulatedClock) -> None:
    """It is told to wait five seconds longer each time, and let in all the same once it does."""
    begun = engine.begin_device("flow")
    assert engine.poll_device(begun.device_code).state == "authorization_pending"
    clock.advance(timedelta(seconds=1))
    slower = engine.poll_device(begun.device_code)
    assert (slower.state, slower.interval) == ("slow_down", 10)
    engine.approve_device(begun.user_code, by="ada")
    clock.advance(SECONDS)
    assert engine.poll_device(begun.device_code).state == "slow_down"
    clock.advance(timedelta(seconds=15))
    assert engine.poll_device(begun.device_code).state == "approved"


def test_a_device_is_not_let_in(engine: Engine, clock: SimulatedClock) -> None:
    """Denied, expired and unknown ones get nothing, and cannot be approved afterwards."""
    denied, expired = engine.begin_device("flow"), engine.begin_device("flow")
    engine.deny_device(denied.user_code, by="ada")
    assert engine.poll_device(denied.device_code).state == "access_denied"
    with pytest.raises(NotFound):
        engine.approve_device(denied.user_code, by="ada")
    clock.advance(timedelta(minutes=10))
    assert engine.poll_device(expired.device_code).state == "expired_token"
    for code in (expired.user_code, "BCDF-GHJK", "", "\0", "é" * 50):
        with pytest.raises(NotFound, match="no device that waits"):
            engine.approve_device(code, by="ada")
    for forged in ("", "flowd_" + "x" * 43, "\ud800"):
        assert engine.poll_device(forged).state == "expired_token"


def test_who_lets_a_device_in_is_known_well_enough(engine: Engine) -> None:
    """Not by a link alone, nor as the program; and he gives it no more than he may."""
    begun = engine.begin_device("flow")
    session = engine.open_link(engine.make_link(start(engine)).secret).session
    assert session is not None
    for by in (engine.identify(session.secret), PROGRAM):
        with pytest.raises(NotAllowed):
            engine.approve_device(begun.user_code, by=by)
    with pytest.raises(BadAnswer, match="only operators operate"):
        engine.approve_device(begun.user_code, scopes=("operate",), by="ada")
    reading = engine.identify(engine.issue_own_token(["read"], by="ada").token)
    with pytest.raises(NotAllowed, match="may only read"):
        engine.approve_device(begun.user_code, by=reading)
    acting = engine.identify(engine.issue_own_token(["read", "act"], by="olga").token)
    with pytest.raises(BadAnswer, match="more than"):
        engine.approve_device(begun.user_code, scopes=("operate",), by=acting)
    assert engine.approve_device(begun.user_code, scopes=("read", "operate"), by="olga").client == "flow"


def test_who_has_left_meanwhile_lets_nothing_in(engine: Engine, clock: SimulatedClock) -> None:
    """A device that was approved by somebody who has left since gets no token."""
    begun = engine.begin_device("flow")
    engine.approve_device(begun.user_code, by="tom")
    engine.leave("tom", because="Moved away")
    assert engine.poll_device(begun.device_code).state == "access_denied"
    assert clock.now()


def test_a_device_says_what_it_is(engine: Engine) -> None:
    """A name that is none is refused."""
    for client in ("", "x" * 101, "a\nb"):
        with pytest.raises(BadAnswer):
            engine.begin_device(client)


def test_letters_are_not_guessed(engine: Engine) -> None:
    """Who types many letters that no device shows is slowed down, and so is who begins many devices."""
    assert too_many(lambda _: engine.approve_device("BCDF-GHJK", by="ada")).retry_after > 0
    assert too_many(lambda _: engine.begin_device("flow", browser=HERE)).retry_after > 0
    begun = engine.begin_device("flow")
    assert engine.approve_device(begun.user_code, by="ben").client == "flow"
    with pytest.raises(BadToken):
        engine.identify(begun.device_code)
