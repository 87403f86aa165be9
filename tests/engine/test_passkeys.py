"""Passkeys (WebAuthn): registered by who is signed in, then a way in of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from soft_passkey import SoftPasskey
from ways_in import HERE, opened, too_many

from flowengine import BadToken, Database, Engine, NotAllowed, NotFound, SignedInAsAnother, SimulatedClock
from flowengine.people.browsers import Browser
from flowengine.people.identities import By


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with opened(database, clock) as engine:
        yield engine


def register(engine: Engine, by: By = "tom", passkey: SoftPasskey | None = None) -> SoftPasskey:
    """A passkey of somebody's."""
    passkey = passkey or SoftPasskey()
    asked = engine.begin_passkey(by=by)
    engine.add_passkey(asked.id, passkey.made(asked.options), "My laptop", by=by)
    return passkey


def test_a_passkey_signs_in(engine: Engine) -> None:
    """Once it is registered nothing else is asked, of staff neither: a session of the strength passkey."""
    passkey = register(engine)
    (found,) = engine.credentials(by="tom")
    assert (found.kind, found.name, found.used) == ("passkey", "My laptop", None)
    for _ in range(2):
        asked = engine.begin_passkey_sign_in(browser=HERE)
        assert asked.options["userVerification"] == "required"
        session = engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options), browser=HERE)
        who = engine.identify(session.secret)
        assert (who.person, who.strength) == ("tom", "passkey")
    assert engine.credentials(by="tom")[0].used is not None


def test_who_enrols_registers_one(engine: Engine) -> None:
    """A link of an operator is enough to register, and the passkey is his from then on."""
    session = engine.open_link(engine.make_enrolment("tom", by="olga").secret).session
    assert session is not None
    passkey = register(engine, engine.identify(session.secret))
    asked = engine.begin_passkey_sign_in()
    assert engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options)).person == "tom"


def test_a_challenge_is_answered_once(engine: Engine, clock: SimulatedClock) -> None:
    """The same answer again, one to another challenge, and one that comes late are refused, in both ceremonies."""
    passkey = SoftPasskey()
    asked, other = engine.begin_passkey(by="tom"), engine.begin_passkey(by="tom")
    with pytest.raises(BadToken, match="challenge"):
        engine.add_passkey(other.id, passkey.made(asked.options), by="tom")
    engine.add_passkey(asked.id, passkey.made(asked.options), by="tom")
    for again in (asked.id, other.id):
        with pytest.raises(BadToken, match="answered before"):
            engine.add_passkey(again, passkey.made(asked.options), by="tom")
    asked, other = engine.begin_passkey_sign_in(), engine.begin_passkey_sign_in()
    shown = passkey.shown(asked.options)
    with pytest.raises(BadToken, match="challenge"):
        engine.sign_in_by_passkey(other.id, shown)
    assert engine.sign_in_by_passkey(asked.id, shown).person == "tom"
    with pytest.raises(BadToken, match="answered before"):
        engine.sign_in_by_passkey(asked.id, shown)
    late = engine.begin_passkey_sign_in()
    clock.advance(timedelta(minutes=5))
    with pytest.raises(BadToken):
        engine.sign_in_by_passkey(late.id, passkey.shown(late.options))


def test_another_site_is_refused(engine: Engine) -> None:
    """What a passkey answered at a page of another origin, or for another host, counts for nothing here."""
    passkey = register(engine)
    asked = engine.begin_passkey_sign_in()
    passkey.origin = "https://flow.example.evil"
    with pytest.raises(BadToken, match="origin"):
        engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options))
    passkey.origin = "https://flow.example"
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(BadToken):
        engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options | {"rpId": "evil.example"}))
    asked = engine.begin_passkey(by="ada")
    with pytest.raises(BadToken, match="origin"):
        engine.add_passkey(asked.id, SoftPasskey("https://flow.example.evil").made(asked.options), by="ada")


def test_a_copy_of_a_passkey_is_found(engine: Engine) -> None:
    """Its count must not go back; and who holds it must have been checked."""
    passkey = register(engine)
    asked = engine.begin_passkey_sign_in()
    engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options))
    passkey.count = 0
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(BadToken, match="count"):
        engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options))
    passkey.count, passkey.verified = 5, False
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(BadToken, match=r"[Vv]erif"):
        engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options))


def test_a_passkey_is_one_persons(engine: Engine) -> None:
    """It is registered once, by who began it; one that is not known, or was removed, signs nobody in."""
    passkey = register(engine)
    asked = engine.begin_passkey(by="ada")
    with pytest.raises(NotAllowed, match="there already"):
        engine.add_passkey(asked.id, passkey.made(asked.options), by="ada")
    foreign = engine.begin_passkey(by="tom")
    with pytest.raises(BadToken):
        engine.add_passkey(foreign.id, SoftPasskey(id=b"key-2").made(foreign.options), by="ada")
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(BadToken, match="not known"):
        engine.sign_in_by_passkey(asked.id, SoftPasskey(id=b"key-3").shown(asked.options))
    forged = SoftPasskey()  # the id of Tom's, and a key of its own
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(BadToken):
        engine.sign_in_by_passkey(asked.id, forged.shown(asked.options))
    engine.remove_credential(engine.credentials(by="tom")[0].id, by="tom")
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(BadToken, match="not known"):
        engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options))


@pytest.mark.parametrize(
    "answer", [{}, {"rawId": 1}, {"rawId": "é"}, {"rawId": "a2V5LTE"}, {"rawId": "a2V5LTE", "response": {"x": None}}]
)
def test_what_is_no_answer_is_refused(engine: Engine, answer: dict[str, Any]) -> None:
    """Whatever comes, it is refused as what is not right."""
    register(engine)
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(BadToken):
        engine.sign_in_by_passkey(asked.id, answer)
    asked = engine.begin_passkey(by="ada")
    with pytest.raises(BadToken):
        engine.add_passkey(asked.id, answer, by="ada")


def test_who_has_left_does_not_come_back_by_it(engine: Engine) -> None:
    """A passkey of somebody who has left signs nobody in."""
    passkey = register(engine)
    engine.leave("tom", because="Moved away")
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(NotAllowed, match="has left"):
        engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options))


def test_somebody_else_at_the_browser_is_asked(engine: Engine) -> None:
    """Who is signed in as another is asked who he is now."""
    passkey = register(engine)
    ada = Browser(current=engine.identify(engine.sign_in("ada").secret))
    asked = engine.begin_passkey_sign_in()
    with pytest.raises(SignedInAsAnother):
        engine.sign_in_by_passkey(asked.id, passkey.shown(asked.options), browser=ada)


def test_asking_without_end_is_slowed_down(engine: Engine) -> None:
    """An address begins so many ceremonies in a quarter of an hour."""
    assert too_many(lambda _: engine.begin_passkey_sign_in(browser=HERE)).retry_after > 0


def test_passkeys_need_an_address(sqlite_url: str) -> None:
    """They belong to a site: where its address is not set, that is said."""
    with Engine(sqlite_url, handlers={}) as engine:
        engine.add_customer("ada", "Ada")
        with pytest.raises(NotFound) as refused:
            engine.begin_passkey(by="ada")
        assert refused.value.where == "FLOW_URL"
