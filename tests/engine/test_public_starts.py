"""Starts on the web by people whom nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from engine_flows import SUIT
from ways_in import HERE, digits, opened, too_many, wrong

from flowengine import BadAnswer, BadToken, Database, Engine, NotFound, SimulatedClock, TooMany
from flowengine.commands.public_starts import NEVER_CONFIRMED
from flowengine.people.browsers import Browser
from flowengine.runtime.ways_in import WaysIn
from flowengine.views.signing_in import PublicStart

NEED = {"occasion": "A wedding"}
DAYS = timedelta(days=7)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with opened(database, clock) as engine:
        yield engine


def begin(engine: Engine, contact: str = "zoe@example.org", browser: Browser = HERE) -> PublicStart:
    return engine.start_publicly("small_suit", need=NEED, name="Zoë Lund", contact=contact, browser=browser)


def test_who_is_new_begins_a_job_and_confirms_it(engine: Engine) -> None:
    """The job is there at once, and his once he has answered the code; his contact counts from then on."""
    begun = begin(engine)
    who = engine.track(begun.job, "olga").customer
    assert engine.person(who).contact == ""
    session = engine.check_code(begun.code.id, digits(engine, begun.code))
    assert session.person == who
    assert engine.person(who).contact == "zoe@example.org"
    assert engine.track(begun.job, engine.identify(session.secret)).status == "open"
    again = engine.send_code("zoe@example.org")
    assert engine.check_code(again.id, digits(engine, again)).person == who


def test_a_contact_is_not_taken_by_typing_it(engine: Engine) -> None:
    """Who types another's contact becomes a party of his own, which is not the other, and gets nothing of his."""
    begun = begin(engine, "ada@example.org")
    who = engine.track(begun.job, "olga").customer
    assert who != "ada"
    assert engine.person("ada").contact == "ada@example.org"
    with pytest.raises(BadToken):
        engine.check_code(begun.code.id, wrong(engine, begun.code))
    sent = engine.send_code("ada@example.org")
    assert engine.check_code(sent.id, digits(engine, sent)).person == "ada"


def test_who_never_confirms_is_swept_away(engine: Engine, clock: SimulatedClock) -> None:
    """After seven days the job is ended with that reason, which its history tells, and what was written is erased."""
    engine.deploy(SUIT.replace("within: P7D", "within: P30D"))
    begun, other = begin(engine), begin(engine, "yan@example.org", Browser())
    who = engine.track(begun.job, "olga").customer
    engine.check_code(other.code.id, digits(engine, other.code))
    assert engine.next_due() is not None
    clock.advance(DAYS - timedelta(seconds=1))
    engine.run_due()
    assert engine.track(begun.job, "olga").status == "open"
    clock.advance(timedelta(seconds=1))
    engine.run_due()
    assert engine.track(begun.job, "olga").status == "ended"
    told = str([line.to_json() for line in engine.history(begun.job)][-1])
    assert NEVER_CONFIRMED in told
    assert engine.track(other.job, "olga").status == "open"
    assert engine.person(who).erased is not None
    assert engine.audit().fine
    assert "A wedding" not in str([line.to_json() for line in engine.history(begun.job)])
    engine.run_due()
    with engine.database.reading() as tx:
        assert tx.provisional.get(who) is None


def test_a_job_that_has_ended_meanwhile_is_swept_too(engine: Engine, clock: SimulatedClock) -> None:
    """Nothing is in the way where an operator has ended the job before."""
    begun = begin(engine)
    who = engine.track(begun.job, "olga").customer
    engine.end(begun.job, "Nonsense", by="olga")
    clock.advance(DAYS)
    engine.run_due()
    assert engine.track(begun.job, "olga").status == "ended"
    assert engine.person(who).erased is not None
    with engine.database.reading() as tx:
        assert tx.provisional.get(who) is None


def test_what_is_not_for_the_public_is_not_there(database: Database, clock: SimulatedClock) -> None:
    """A process that the settings do not open, and one that there is none of, answer alike."""
    with opened(database, clock, WaysIn()) as engine:
        said = set()
        for name in ("small_suit", "nothing_x"):
            with pytest.raises(NotFound) as refused:
                engine.start_publicly(name, need=NEED, contact="zoe@example.org")
            said.add(str(refused.value).replace(name, "X"))
        assert len(said) == 1
        assert engine.jobs() == []


@pytest.mark.parametrize("contact", ["", "zoe", "zoe@", "a@b.org\nBcc: c@d.org", "https://internal/"])
def test_what_is_no_mail_address_is_refused(engine: Engine, contact: str) -> None:
    """And nothing is begun, nor where the need is wrong."""
    with pytest.raises(BadAnswer, match="contact"):
        engine.start_publicly("small_suit", need=NEED, contact=contact)
    with pytest.raises(BadAnswer):
        engine.start_publicly("small_suit", need={"nonsense": 1}, contact="zoe@example.org")
    assert engine.jobs() == []
    assert len(engine.people()) == 4


def test_nobody_floods_it(engine: Engine) -> None:
    """One address begins so many in an hour, and one contact is written to so often, whoever types it."""
    assert too_many(lambda number: begin(engine, f"z{number}@example.org")).retry_after > 0
    elsewhere = Browser(address="198.51.100.1")
    for number in range(3):
        begin(engine, "yan@example.org", Browser(address=f"198.51.100.{number}"))
    with pytest.raises(TooMany):
        begin(engine, "YAN@example.org", elsewhere)
