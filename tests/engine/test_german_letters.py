"""Letters in the language of who is written to, on both databases, with a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from german import MANTEL, english
from mail_server import MailServer, text_of

from flowengine import Database, Engine, SimulatedClock
from flowengine.people.browsers import Browser
from flowengine.runtime.settings import Settings


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def engine(database: Database, clock: SimulatedClock, mail: MailServer) -> Iterator[Engine]:
    """An engine that writes letters: Ada reads German, and so does Mia; Ben reads English."""
    settings = Settings(
        mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Mäntel <haus@example.org>", url="https://f.example"
    )
    with Engine(database, clock=clock, handlers={}, settings=settings) as made:
        made.deploy(MANTEL)
        made.run_due()
        made.add_customer(
            "ada", "Ada", contact="ada@example.org", language="de", zone="Europe/Berlin", groups=["verein"]
        )
        made.add_customer("ben", "Ben", contact="ben@example.org", language="en", groups=["verein"])
        made.add_staff("mia", "Mia", roles=["schneider"], contact="mia@example.org", language="de")
        yield made


def settle(engine: Engine) -> None:
    while engine.run_due().anything:
        pass


BANK = """
process: bank
title: Eine Bank
language: de
need: Eine Bank
zone: Europe/Berlin
roles: {schneider: {title: Schneider}}
promise: {by: data.need.bis}
states:
  need: {type: need, fields: {bis: {type: string, format: date}}, next: bauen}
  bauen: {type: task, for: schneider, phase: Wird gebaut, takes: P8D, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_a_promise_at_risk_is_one_letter(engine: Engine, mail: MailServer) -> None:
    """The range, in the receiver's language, and another date to accept; whoever is at work reads what was answered."""
    engine.deploy(BANK)
    before = len(mail.letters)
    for who in ("ada", "ben"):
        engine.start("bank", need={"bis": "2026-05-08"}, by=who)
    settle(engine)
    told = {str(one["To"].addresses[0].addr_spec): one for one in mail.letters[before:] if "mia" not in str(one["To"])}
    assert len(mail.letters) - before - len(told) == 2  # Mia has two steps
    ada, ben = told["ada@example.org"], told["ben@example.org"]
    assert str(ada["Subject"]) == "Ein neuer Termin: Mi., 20. Mai 2026 statt Fr., 8. Mai 2026"
    assert str(ben["Subject"]) == "A new date: Wed 20 May 2026 instead of Fri 8 May 2026"
    assert "it is expected between Tue 12 May 2026 and Wed 20 May 2026" in " ".join(text_of(ben).split())
    assert "es dauert länger, als wir dachten" in " ".join(text_of(ada).split())
    (step,) = engine.inbox("ben")
    engine.act(step.id, "refused", {"words": "Too late"}, by="ben")
    settle(engine)
    assert "mia@example.org" in str(mail.letters[-1]["To"])
    assert "Too late" in text_of(mail.letters[-1])


def test_each_letter_is_in_the_language_of_its_receiver(
    engine: Engine, mail: MailServer, clock: SimulatedClock
) -> None:
    """What waits, an answer, a message, an appointment and what becomes of it, what is late, a code and the end: from
    greeting to signature, its subject and its HTML; moments as the receiver has them."""
    job = engine.start("mantel", need={"anlass": "Hochzeit", "bis": "2026-05-12"}, by="ada").job
    asked = engine.say(job, "Kratzt er?", "concern", by="ada").question
    engine.send_code("ada@example.org", browser=Browser())
    settle(engine)
    engine.act(asked, "answered", {"answer": "Nein"}, by="mia")
    engine.message(job, "Der Stoff ist da", by="mia")
    engine.act(engine.inbox(by="ada")[0].id, "chosen", {"stoff": "loden"}, by="ada")
    engine.act(engine.inbox(by="ada")[0].id, "answered", {"groesse": 181, "warm": True}, by="ada")
    step = engine.step(engine.inbox(by="ada")[0].id, by="ada")
    engine.act(step.id, "book", {"slot": step.slots[8].isoformat()}, by="ada")
    settle(engine)
    engine.act(engine.inbox(by="mia")[0].id, "move", {"slot": step.slots[12].isoformat()}, by="mia")
    settle(engine)
    clock.advance(timedelta(days=9))
    settle(engine)
    engine.act(next(one for one in engine.inbox(by="mia") if one.title == "Anprobe").id, "missed", by="mia")
    settle(engine)
    clock.advance(timedelta(days=15))
    settle(engine)
    subjects = sorted(str(one["Subject"]) for one in mail.letters)
    for one in mail.letters:
        assert english(f"{one['Subject']} {text_of(one)}") == [], one["Subject"]
        html = one.get_body(("html",)).get_content()
        assert '<html lang="de">' in html
    assert any("Guten Tag Ada," in text_of(one) for one in mail.letters)
    assert subjects == sorted([
        "Welcher Stoff?", "Ihr Code", "Antwort: Kratzt er?", "Ein Mantel nach Maß: Der Stoff ist da",
        "Ihr Termin: Di., 5. Mai 2026, 09:45", "Anprobe",
        "Ihr Termin am Di., 5. Mai 2026, 09:45 wurde auf Di., 5. Mai 2026, 12:45 verlegt",
        "Ihr Termin hat sich geändert: Di., 5. Mai 2026, 12:45", "Ein Mantel nach Maß: später als zugesagt",
        "Wann passt es Ihnen?", "Ihr Termin am Di., 5. Mai 2026, 12:45 wurde versäumt", "Ein Mantel nach Maß: beendet",
    ])  # fmt: skip


def test_another_reader_is_written_to_in_english(engine: Engine, mail: MailServer) -> None:
    """By the same process, at the same moment."""
    for person in ("ada", "ben"):
        engine.start("mantel", need={"anlass": "Hochzeit", "bis": "2026-05-12"}, by=person)
    settle(engine)
    said = {str(one["To"].addresses[0].username): text_of(one) for one in mail.letters}
    assert said["ben"].split()[:6] == ["Hello", "Ben,", "This", "waits", "for", "you:"]
    assert said["ada"].split()[:7] == ["Guten", "Tag", "Ada,", "Das", "wartet", "auf", "Sie:"]
    assert ("By Mon 11 May 2026, 11:00" in said["ben"], "Bis Mo., 11. Mai 2026, 11:00" in said["ada"]) == (True, True)
