"""Codes of six digits: sent to a contact as a letter, answered within ten minutes and five tries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from engine_flows import SUIT
from mail_server import MailServer, text_of
from ways_in import HERE, by_code, digits, opened, start, too_many, wrong

from flowengine import (
    Ambiguous,
    BadAnswer,
    BadToken,
    Database,
    Engine,
    NotAllowed,
    Settings,
    SignedInAsAnother,
    SimulatedClock,
    TooMany,
)
from flowengine.commands.codes import TRIES
from flowengine.commands.totp import STEP, code_at
from flowengine.people.browsers import Browser

MINUTES = timedelta(minutes=10)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def engine(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with opened(database, clock) as engine:
        yield engine


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def posting(database: Database, clock: SimulatedClock, mail: MailServer) -> Iterator[Engine]:
    """An engine that sends mails."""
    settings = Settings(mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Tailor <suits@example.org>")
    with Engine(database, clock=clock, handlers={}, settings=settings) as engine:
        engine.deploy(SUIT)
        engine.add_customer("ada", "Ada", contact="ada@example.org")
        engine.add_staff("tom", "Tom", roles=["tailor"], contact="tom@example.org")
        yield engine


def test_a_code_signs_in(engine: Engine) -> None:
    """The right digits give a session of the strength code; spaces between them do not matter."""
    sent = engine.send_code("ada@example.org", browser=HERE)
    right = digits(engine, sent)
    session = engine.check_code(sent.id, f" {right[:3]} {right[3:]} ", browser=HERE)
    who = engine.identify(session.secret)
    assert (who.person, who.strength, who.job) == ("ada", "code", "")
    with pytest.raises(BadToken):
        engine.check_code(sent.id, right)


def test_a_code_goes_out_as_a_letter(posting: Engine, mail: MailServer) -> None:
    """The letter has the digits, and no title of a job; it goes to the contact that was typed, whoever has it."""
    start(posting)
    posting.run_due()
    mail.letters.clear()
    sent = posting.send_code(" ADA@example.org".strip())
    posting.run_due()
    (letter,) = mail.letters
    assert letter["To"] == "Ada <ADA@example.org>"
    right = digits(posting, sent)
    text = text_of(letter)
    assert f"{right[:3]} {right[3:]}" in text
    assert "suit" not in (text + letter["Subject"]).lower()
    session = posting.check_code(sent.id, right)
    assert posting.identify(session.secret).person == "ada"


def test_nothing_goes_to_who_is_not_known(posting: Engine, mail: MailServer) -> None:
    """To an unknown contact nothing is sent, nor a code that is over; nothing stays behind."""
    posting.send_code("nobody@example.org")
    posting.run_due()
    assert mail.letters == []
    late = posting.send_code("ada@example.org")
    posting.clock.advance(MINUTES)  # type: ignore[attr-defined]
    posting.run_due()
    assert mail.letters == []
    assert late.expires <= posting.clock.now()
    with posting.database.reading() as tx:
        assert tx.ahead(posting.clock.now()).message is None


def test_a_known_and_an_unknown_contact_answer_alike(sqlite_url: str, clock: SimulatedClock) -> None:
    """In words, and in what is done in the database: whoever asks learns nothing of who is a customer."""
    from statement_log import statements

    with statements() as given, Database.open(sqlite_url) as database, opened(database, clock) as engine:
        engine.send_code("warm@example.org")
        asked, answered = [], []
        for contact in ("ada@example.org", "nob@example.org", "tom@example.org"):
            given.clear()
            sent = engine.send_code(contact, browser=HERE)
            asked.append([sql.split("VALUES")[0].split("WHERE")[0] for sql in given])
            with pytest.raises(BadToken) as refused:
                engine.check_code(sent.id, wrong(engine, sent), browser=HERE)
            answered.append((str(refused.value), sent.expires, len(sent.id)))
        assert asked[0] == asked[1] == asked[2]
        assert answered[0] == answered[1] == answered[2]
        unknown = engine.send_code("nob@example.org")
        with pytest.raises(BadToken) as right_but_nobody:
            engine.check_code(unknown.id, digits(engine, unknown))
        assert str(right_but_nobody.value) == answered[0][0]


def test_the_sixth_try_is_one_too_many(engine: Engine) -> None:
    """After five wrong tries the right digits are refused as well, in the same words."""
    sent = engine.send_code("ada@example.org")
    said = set()
    for _ in range(TRIES):
        with pytest.raises(BadToken) as refused:
            engine.check_code(sent.id, wrong(engine, sent))
        said.add(str(refused.value))
    with pytest.raises(BadToken) as refused:
        engine.check_code(sent.id, digits(engine, sent))
    said.add(str(refused.value))
    assert len(said) == 1


@pytest.mark.parametrize("tries", [0, 4])
def test_a_code_is_over_after_ten_minutes(engine: Engine, clock: SimulatedClock, tries: int) -> None:
    """Until then, and within five tries, it is taken; at the tenth minute no more."""
    for late in (False, True):
        sent = engine.send_code("ada@example.org")
        for _ in range(tries):
            with pytest.raises(BadToken):
                engine.check_code(sent.id, wrong(engine, sent))
        clock.advance(MINUTES if late else MINUTES - timedelta(seconds=1))
        if late:
            with pytest.raises(BadToken):
                engine.check_code(sent.id, digits(engine, sent))
        else:
            assert engine.check_code(sent.id, digits(engine, sent)).person == "ada"


@pytest.mark.parametrize("said", ["", "12345", "1234567", "abcdef", "１２３４５６", "\ud800", "\0"])
def test_what_are_no_digits_are_wrong(engine: Engine, said: str) -> None:
    """Anything else is answered as wrong digits are, and an id of no code too."""
    sent = engine.send_code("ada@example.org")
    for id in (sent.id, "none", "", "\0"):
        with pytest.raises(BadToken, match="wrong or no longer valid"):
            engine.check_code(id, said)


def test_several_who_share_a_contact_say_who_they_are(engine: Engine) -> None:
    """Once the code is right, who shares the contact is named, and nobody is made somebody else; the code goes on."""
    engine.add_customer("eve", "Eve", contact="ada@example.org")
    sent = engine.send_code("ada@example.org")
    with pytest.raises(BadToken):
        engine.check_code(sent.id, wrong(engine, sent), person="eve")
    for _ in range(TRIES):
        with pytest.raises(Ambiguous) as refused:
            engine.check_code(sent.id, digits(engine, sent))
    assert refused.value.possible == ("ada (Ada)", "eve (Eve)")
    with pytest.raises(BadToken):
        engine.check_code(sent.id, digits(engine, sent), person="ben")
    assert engine.check_code(sent.id, digits(engine, sent), person="eve").person == "eve"


def test_a_mail_alone_signs_no_member_of_staff_in(posting: Engine, mail: MailServer) -> None:
    """His letter says what does, and so does the answer to the right digits."""
    sent = posting.send_code("tom@example.org")
    posting.run_due()
    (letter,) = mail.letters
    text = text_of(letter)
    assert digits(posting, sent)[:3] not in text
    assert "passkey" in text
    with pytest.raises(NotAllowed, match="alone signs no member of staff in") as refused:
        posting.check_code(sent.id, digits(posting, sent))
    assert "a passkey" in refused.value.possible


def test_a_member_of_staff_has_an_authenticator_beside_it(engine: Engine, clock: SimulatedClock) -> None:
    """A code by mail and one of his authenticator, together, sign him in; a wrong one counts as a try."""
    begun = engine.begin_totp(by="tom")
    from base64 import b32decode

    secret, step = b32decode(begun.secret), int(clock.now().timestamp()) // STEP
    engine.confirm_totp(begun.id, code_at(secret, step), by="tom")
    clock.advance(timedelta(seconds=STEP))
    sent = engine.send_code("tom@example.org")
    right = digits(engine, sent)
    with pytest.raises(NotAllowed):
        engine.check_code(sent.id, right)
    with pytest.raises(BadToken):
        engine.check_code(sent.id, right, totp="000000")
    session = engine.check_code(sent.id, right, totp=code_at(secret, step + 1))
    assert engine.identify(session.secret).strength == "code"


def test_a_code_raises_the_strength_of_a_session(engine: Engine) -> None:
    """Who came by a link is known better once he has answered a code, and for all his jobs then."""
    made = engine.make_link(start(engine))
    session = engine.open_link(made.secret).session
    assert session is not None
    browser = Browser(current=engine.identify(session.secret))
    sent = engine.send_code(browser=browser)
    better = engine.check_code(sent.id, digits(engine, sent), browser=browser)
    who = engine.identify(better.secret)
    assert (who.person, who.strength, who.job) == ("ada", "code", "")
    with pytest.raises(BadToken):
        engine.identify(session.secret)


def test_a_code_is_offered_beside_a_link(engine: Engine) -> None:
    """It goes to the person of the link, whom nobody has to type."""
    made = engine.make_link(start(engine))
    sent = engine.send_code(link=made.secret)
    assert engine.check_code(sent.id, digits(engine, sent)).person == "ada"
    with pytest.raises(BadToken):
        engine.send_code(link="flowl_" + "x" * 43)


def test_a_code_in_somebody_elses_browser_asks_who_it_is(engine: Engine) -> None:
    """Nobody takes over another's session without a word; the code is not used up by the question."""
    ben = engine.sign_in("ben")
    browser = Browser(current=engine.identify(ben.secret))
    sent = engine.send_code("ada@example.org", browser=browser)
    with pytest.raises(SignedInAsAnother):
        engine.check_code(sent.id, digits(engine, sent), browser=browser)
    switched = Browser(current=browser.current, switch=True)
    assert engine.check_code(sent.id, digits(engine, sent), browser=switched).person == "ada"


def test_a_code_goes_to_one_contact(engine: Engine) -> None:
    """Nothing, or two ways at once, and what can be no contact are refused; who has no contact is told so."""
    for contact, link in (("", ""), ("ada@example.org", "flowl_x"), ("a\nb", ""), ("x" * 3000, "")):
        with pytest.raises(BadAnswer):
            engine.send_code(contact, link=link)
    ben = engine.sign_in("ben")
    with pytest.raises(NotAllowed, match="no contact"):
        engine.send_code(browser=Browser(current=engine.identify(ben.secret)))


# how often


@pytest.mark.parametrize("contact", ["ada@example.org", "nobody@example.org"])
def test_codes_are_not_sent_without_end(engine: Engine, clock: SimulatedClock, contact: str) -> None:
    """One contact gets five in a quarter of an hour, however it is written and whether it is known; then it is told
    when to ask again, which holds."""
    for number in range(5):
        engine.send_code(contact if number % 2 else contact.upper())
    with pytest.raises(TooMany) as refused:
        engine.send_code(contact)
    assert 0 < refused.value.retry_after <= 1800
    engine.send_code("other@example.org")
    clock.advance(timedelta(seconds=refused.value.retry_after - 2))
    with pytest.raises(TooMany):
        engine.send_code(contact)
    clock.advance(timedelta(seconds=2))
    engine.send_code(contact)


def test_one_address_does_not_ask_for_everybodys(engine: Engine, clock: SimulatedClock) -> None:
    """An address is slowed down however many contacts it asks for; others are not."""
    refused = too_many(lambda number: engine.send_code(f"c{number}@example.org", browser=HERE))
    assert refused.status == 429
    assert refused.to_json()["retry_after"] == refused.retry_after
    engine.send_code("c@example.org", browser=Browser(address="198.51.100.1"))
    clock.advance(timedelta(seconds=refused.retry_after))
    engine.send_code("d@example.org", browser=HERE)


def test_guessing_codes_is_slowed_down(engine: Engine) -> None:
    """Wrong digits stay counted: who tries many codes, or many ids, from one address is stopped."""
    assert too_many(lambda number: engine.check_code(f"none{number}", "123456", browser=HERE)).retry_after > 0


def test_what_counts_no_longer_is_forgotten(engine: Engine, clock: SimulatedClock) -> None:
    """Counts and codes of days before do not pile up."""
    for number in range(5):
        engine.send_code(f"c{number}@example.org", browser=HERE)
    clock.advance(timedelta(days=3))
    by_code(engine, "ada@example.org")
    import sqlalchemy as sa

    from flowengine.store.query import Query
    from flowengine.store.tables import codes, throttles

    count = sa.func.count()
    with engine.database.reading() as tx:
        assert tx.channel.one(Query("n", "How many.", sa.select(count).select_from(codes)), {}) == (1,)
        (left,) = tx.channel.one(Query("n", "How many.", sa.select(count).select_from(throttles)), {}) or (None,)
    assert left <= 4
