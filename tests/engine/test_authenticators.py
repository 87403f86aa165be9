"""Codes of an authenticator (TOTP, RFC 6238)."""

from __future__ import annotations

from base64 import b32decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from ways_in import opened, start, too_many

from flowengine import BadToken, Database, Engine, NotAllowed, NotFound, SimulatedClock
from flowengine.commands.totp import STEP, code_at, step_of
from flowengine.people.browsers import Browser
from flowengine.views.signing_in import TotpBegun


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with opened(database, clock) as engine:
        yield engine


def shown(begun: TotpBegun, clock: SimulatedClock, later: int = 0) -> str:
    """What the authenticator shows now, or some steps later."""
    return code_at(b32decode(begun.secret), int(clock.now().timestamp()) // STEP + later)


def linked(engine: Engine, who: str = "ada") -> Browser:
    """A browser in which somebody came by a link."""
    session = engine.open_link(engine.make_link(start(engine, who)).secret).session
    assert session is not None
    return Browser(current=engine.identify(session.secret))


@pytest.mark.parametrize(
    ("moment", "digits"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
     (2000000000, "69279037"), (20000000000, "65353130")],
)  # fmt: skip
def test_the_codes_are_those_of_the_standard(moment: int, digits: str) -> None:
    """The table of RFC 6238 (appendix B, SHA-1), of which we take the last six digits."""
    assert code_at(b"12345678901234567890", moment // STEP) == digits[2:]


def test_a_code_is_taken_a_step_early_or_late_and_once(clock: SimulatedClock) -> None:
    """Clocks differ by a step at most, and a step that was taken is not taken again, nor one before it."""
    secret, now = b"12345678901234567890", clock.now()
    current = int(now.timestamp()) // STEP
    for step in (-2, -1, 0, 1, 2):
        found = step_of(secret, code_at(secret, current + step), now, -1)
        assert found == (current + step if abs(step) < 2 else None)
    assert step_of(secret, code_at(secret, current), now, current) is None
    assert step_of(secret, code_at(secret, current), now, current - 1) == current


def test_an_authenticator_counts_once_it_has_shown_a_code(engine: Engine, clock: SimulatedClock) -> None:
    """A secret alone is nothing; with a code of it, it is among what somebody signs in with."""
    begun = engine.begin_totp(by="ada")
    parts = urlsplit(begun.uri)
    assert (parts.scheme, parts.netloc, parse_qs(parts.query)["secret"]) == ("otpauth", "totp", [begun.secret])
    assert begun.secret not in repr(begun)
    assert engine.credentials(by="ada") == []
    for code in ("000000", "", "\ud800", "１２３４５６"):
        with pytest.raises(BadToken):
            engine.confirm_totp(begun.id, code, by="ada")
    with pytest.raises(BadToken):
        engine.confirm_totp(begun.id, shown(begun, clock), by="ben")
    made = engine.confirm_totp(begun.id, shown(begun, clock), "My phone", by="ada")
    assert [(one.kind, one.name) for one in engine.credentials(by="ada")] == [("totp", "My phone")]
    with pytest.raises(NotAllowed, match="remove it first"):
        engine.begin_totp(by="ada")
    with pytest.raises(NotFound):
        engine.remove_credential(made.id, by="ben")
    with pytest.raises(NotFound):
        engine.credentials("ada", by="tom")
    assert [one.id for one in engine.credentials("ada", by="olga")] == [made.id]
    engine.remove_credential(made.id, "ada", by="olga")
    assert engine.credentials(by="ada") == []


def test_a_secret_that_nobody_confirms_is_over(engine: Engine, clock: SimulatedClock) -> None:
    """A quarter of an hour later it counts for nothing."""
    begun = engine.begin_totp(by="ada")
    clock.advance(timedelta(minutes=15))
    with pytest.raises(BadToken):
        engine.confirm_totp(begun.id, shown(begun, clock), by="ada")


def test_who_came_by_a_link_shows_his_authenticator(engine: Engine, clock: SimulatedClock) -> None:
    """He is known as by a code then; a code that was used, also to confirm, is refused."""
    begun = engine.begin_totp(by="ada")
    engine.confirm_totp(begun.id, shown(begun, clock), by="ada")
    browser = linked(engine)
    with pytest.raises(BadToken):
        engine.check_totp(shown(begun, clock), browser=browser)
    clock.advance(timedelta(seconds=STEP))
    code = shown(begun, clock)
    better = engine.identify(engine.check_totp(code, browser=browser).secret)
    assert (better.person, better.strength, better.job) == ("ada", "code", "")
    with pytest.raises(BadToken):
        engine.check_totp(code, browser=linked(engine))
    with pytest.raises(BadToken):
        engine.check_totp(shown(begun, clock), browser=linked(engine, "ben"))
    with pytest.raises(BadToken):
        engine.check_totp(shown(begun, clock, 1), browser=Browser())


def test_guessing_at_an_authenticator_is_slowed_down(engine: Engine, clock: SimulatedClock) -> None:
    """Ten wrong codes in a quarter of an hour, from wherever, and then also the right one has to wait."""
    begun = engine.begin_totp(by="ada")
    engine.confirm_totp(begun.id, shown(begun, clock), by="ada")
    browser = linked(engine)
    assert too_many(lambda _: engine.check_totp("000000", browser=browser)).retry_after > 0
