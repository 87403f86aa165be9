"""Links: a way in for one person to one job, which scanners of mail may open, too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from ways_in import HERE, by_code, digits, opened, start, too_many

from flowengine import (
    Actor,
    BadAnswer,
    BadToken,
    Database,
    Engine,
    NotAllowed,
    NotFound,
    SignedInAsAnother,
    SimulatedClock,
    StaleCommand,
)
from flowengine.commands.links import USES
from flowengine.people.browsers import Browser
from flowengine.runtime.ways_in import WaysIn

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with opened(database, clock) as engine:
        yield engine


def test_a_link_opens_one_job(engine: Engine, clock: SimulatedClock) -> None:
    """It gives a session for that job alone, of the least strength; its address has the secret, which nobody keeps."""
    job = start(engine)
    made = engine.make_link(job, by="tom")
    assert made.url == f"https://flow.example/door/{made.secret}"
    assert (made.person, made.job, made.step, made.made_by) == ("ada", job, "", "tom")
    assert made.expires == clock.now() + 30 * DAY
    opened = engine.open_link(made.secret, browser=HERE)
    assert (opened.job, opened.there) == (job, False)
    assert opened.session is not None
    who = engine.identify(opened.session.secret)
    assert (who.person, who.strength, who.job) == ("ada", "link", job)
    assert made.secret not in repr(made)


def test_a_link_to_a_step_lasts_until_its_deadline(engine: Engine, clock: SimulatedClock) -> None:
    """A link to a step says which, and is over when the step is."""
    job = start(engine)
    (item,) = engine.inbox("ada")
    made = engine.make_link(item.id)
    assert (made.step, made.expires) == (item.id, item.due)
    assert engine.open_link(made.secret).step == item.id
    assert item.due is not None
    clock.set(item.due)
    with pytest.raises(BadToken):
        engine.open_link(made.secret)
    engine.run_due()
    with pytest.raises((StaleCommand, NotFound)):
        engine.make_link(item.id, by="ada")
    assert job


def test_a_link_can_be_used_some_twenty_times(engine: Engine) -> None:
    """A scanner that opens it, follows it and presses its buttons does not use it up; the 21st use is one too many, and
    each is listed with from where it was."""
    made = engine.make_link(start(engine))
    for number in range(USES):
        assert engine.open_link(made.secret, browser=Browser(address=f"192.0.2.{number}", agent="Scanner")).session
    with pytest.raises(BadToken, match="not valid any more"):
        engine.open_link(made.secret)
    (found,) = engine.links(made.job)
    assert [use.address for use in found.uses] == [f"192.0.2.{number}" for number in range(USES)]
    assert {use.agent for use in found.uses} == {"Scanner"}


def test_what_a_scanner_gains_is_a_look_at_one_job(engine: Engine) -> None:
    """Its session is for that job, makes no token, sees no other session, and ends with the link."""
    job = start(engine)
    other = start(engine)
    made = engine.make_link(job)
    session = engine.open_link(made.secret).session
    assert session is not None
    who = engine.identify(session.secret)
    assert (who.job, who.strength) == (job, "link")
    assert who.job != other
    for ask in (lambda: engine.sessions(by=who), lambda: engine.issue_own_token(["read"], by=who)):
        with pytest.raises(NotAllowed):
            ask()
    engine.revoke_link(made.id, by="ada")
    with pytest.raises(BadToken):
        engine.identify(session.secret)


@pytest.mark.parametrize("secret", ["", "flowl_" + "x" * 43, "\ud800", "x" * 10_000])
def test_what_is_no_link_answers_as_one_that_is_over(engine: Engine, clock: SimulatedClock, secret: str) -> None:
    """Forged, expired and revoked links are answered in the same words."""
    expired = engine.make_link(start(engine), expires=clock.now() + DAY)
    clock.advance(DAY)
    revoked = engine.make_link(start(engine))
    engine.revoke_link(revoked.id, by="tom")
    said = set()
    for one in (secret, expired.secret, revoked.secret):
        with pytest.raises(BadToken) as refused:
            engine.open_link(one)
        said.add(str(refused.value))
    assert len(said) == 1


def test_links_are_for_who_may_see_the_job(engine: Engine) -> None:
    """A link is for a customer who has a part in the job; a customer makes them for himself alone."""
    job = start(engine)
    with pytest.raises(NotAllowed, match="none of ben's"):
        engine.make_link(job, "ben", by="tom")
    with pytest.raises(NotAllowed, match="is staff"):
        engine.make_link(job, "tom", by="olga")
    with pytest.raises(NotFound, match="nobody"):
        engine.make_link(job, "nobody", by="tom")
    assert engine.make_link(job, by="ada").person == "ada"
    said = set()
    for text in (job, "01890000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound) as refused:
            engine.make_link(text, by="ben")
        said.add(str(refused.value).replace(text, "X"))
    assert len(said) == 1
    with pytest.raises(NotFound):
        engine.make_link(job, "ben", by="ada")
    with pytest.raises(NotAllowed):
        engine.make_link(job, by=Actor(kind="clock"))


def test_a_foreign_link_is_as_none(engine: Engine) -> None:
    """A customer lists and revokes his own; another's is not there."""
    job = start(engine)
    made = engine.make_link(job, by="tom")
    assert [one.id for one in engine.links(job, by="ada")] == [made.id]
    with pytest.raises(NotFound):
        engine.links(job, by="ben")
    said = set()
    for id in (made.id, "0" * 12):
        with pytest.raises(NotFound) as refused:
            engine.revoke_link(id, by="ben")
        said.add(str(refused.value).replace(id, "X"))
    assert len(said) == 1
    assert engine.open_link(made.secret).session


def test_a_link_lasts_no_longer_than_it_may(engine: Engine, clock: SimulatedClock) -> None:
    """30 days at most, and what ends before it begins is refused."""
    job = start(engine)
    for expires in (clock.now(), clock.now() + 31 * DAY, datetime(2026, 5, 5)):  # noqa: DTZ001 - the bad input
        with pytest.raises(BadAnswer, match="expires"):
            engine.make_link(job, expires=expires)
    assert engine.make_link(job, expires=clock.now() + DAY).expires == clock.now() + DAY


def test_a_link_in_somebody_elses_browser_asks_who_it_is(engine: Engine) -> None:
    """Who is signed in as another is asked who he is now, and the link is not used by that; said on purpose, he is
    let in, and the other's session ends."""
    made = engine.make_link(start(engine))
    ben = engine.sign_in("ben")
    browser = Browser(current=engine.identify(ben.secret))
    with pytest.raises(SignedInAsAnother) as refused:
        engine.open_link(made.secret, browser=browser)
    assert refused.value.status == 409
    assert engine.links(made.job)[0].uses == ()
    opened = engine.open_link(made.secret, browser=Browser(current=browser.current, switch=True))
    assert opened.session is not None
    assert engine.identify(opened.session.secret).person == "ada"
    with pytest.raises(BadToken):
        engine.identify(ben.secret)


def test_who_is_signed_in_stays_so(engine: Engine) -> None:
    """A link does not make one who is known better less known: he keeps his session, and is told where it leads."""
    made = engine.make_link(start(engine))
    session = by_code(engine, "ada@example.org")
    opened = engine.open_link(made.secret, browser=Browser(current=engine.identify(session.secret)))
    assert (opened.there, opened.session, opened.job) == (True, None, made.job)
    assert engine.identify(session.secret).strength == "code"


def test_an_installation_can_ask_for_a_code_always(database: Database, clock: SimulatedClock) -> None:
    """Then a link alone opens nothing: a code is sent to its person, and asked beside it."""
    with opened(database, clock, WaysIn(links_ask_code=True)) as engine:
        made = engine.make_link(start(engine))
        got = engine.open_link(made.secret, browser=HERE)
        assert got.session is None
        assert got.code is not None
        session = engine.check_code(got.code.id, digits(engine, got.code))
        assert engine.identify(session.secret).strength == "code"


def test_guessing_links_is_slowed_down(engine: Engine) -> None:
    """An address that tries too many is told when to come back; others go on."""
    made = engine.make_link(start(engine))
    assert too_many(lambda _: engine.open_link("flowl_" + "x" * 43, browser=HERE)).retry_after > 0
    assert engine.open_link(made.secret, browser=Browser(address="198.51.100.1")).session


def test_somebody_registers_by_a_link_that_he_was_given(engine: Engine) -> None:
    """A member of staff gets his authenticator by a link of an operator: once, and for nothing else."""
    with pytest.raises(NotAllowed):
        engine.make_enrolment("tom", by="tom")
    made = engine.make_enrolment("tom", by="olga")
    session = engine.open_link(made.secret).session
    assert session is not None
    who = engine.identify(session.secret)
    assert (who.person, who.strength, who.job) == ("tom", "link", "enrol")
    assert engine.inbox(who) == engine.jobs(by=who) == []
    assert engine.begin_totp(by=who).secret
    for ask in (
        lambda: engine.issue_own_token(["read"], by=who),
        lambda: engine.sessions(by=who),
        lambda: engine.approve_device("BCDF-GHJK", by=who),
    ):
        with pytest.raises(NotAllowed):
            ask()
    with pytest.raises(BadToken):
        engine.open_link(made.secret)
