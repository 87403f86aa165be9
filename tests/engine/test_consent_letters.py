"""Who is written to of a consent: whose it is, when somebody inside has noted it, and when a partner has his record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mail_server import MailServer, text_of

from flowengine import Database, Engine, HandlerCall, Settings, SimulatedClock
from flowengine.commands import consents
from flowengine.runtime.partners import Partner
from flowengine.store import OutboxMessage

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def opened(database: Database, mail: MailServer, clock: SimulatedClock, **handlers: Any) -> Engine:
    """A shop that writes letters, with the mill as its partner."""
    partner = Partner("mill", "https://mill.example/api/v1/partners/shop", (f"whsec_{'A' * 32}",))
    settings = Settings(
        mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Tom <a@example.org>", url="https://f.example",
        partners={"mill": partner},
    )  # fmt: skip
    engine = Engine(database, clock=clock, handlers=handlers, settings=settings)
    engine.run_due()  # so that it is known what is carried
    engine.add_customer("ada", "Ada Lund", contact="ada@example.org")
    engine.add_customer("mill", "The mill", organisation=True)
    engine.add_staff("tom", "Tom", roles=["tailor"])
    return engine


def arrives(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the outbox for the mill comes there."""

    def send(shell: Any, row: OutboxMessage) -> None:
        if row.body["say"] == "record":
            consents.taken(shell, row)
            consents.taken(shell, row)  # as after a crash before it was written down

    monkeypatch.setattr("flowengine.post.partners.send", send)
    while engine.run_due().anything:
        pass


def test_a_consent_that_was_noted_and_a_record_that_has_come_are_told(
    database: Database, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, with the parts, the day, and where to withdraw; and nobody is told what he did himself."""
    clock = SimulatedClock(NOW)
    with opened(database, mail, clock) as engine:
        engine.give_consent("ada", "mill", until=UNTIL, parts=["facts"], paper="Form 12", by="tom")
        engine.give_consent("ada", "mill", until=UNTIL + timedelta(days=1), by="ada")
        engine.send_record("ada", "mill", parts=["person"], by="tom")
        arrives(engine, monkeypatch)
        letters = [(str(one["Subject"]), text_of(one)) for one in mail.letters]
        assert [subject for subject, _ in letters] == ["You let The mill have your record", "The mill has your record"]
        noted, came = (" ".join(body.split()) for _, body in letters)
        assert "We have noted that we may send The mill of your record: name and contacts, what is known." in noted
        assert "It holds until Sunday, 31 May 2026. Then it is erased there." in noted
        assert "https://f.example/me/data" in noted
        assert "As you consented, we have sent The mill of your record: name and contacts." in came
        lines = [line.what for line in engine.timeline("ada", by="ada")]
        assert "was written to (mail): The mill has your record" in lines


def test_who_is_erased_or_has_withdrawn_is_not_written_to(
    database: Database, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter that lay there meanwhile says what is not so any more."""
    with opened(database, mail, SimulatedClock(NOW)) as engine:
        engine.give_consent("ada", "mill", until=UNTIL, paper="Form 12", by="tom")
        engine.withdraw_consent("ada", "mill", by="ada")
        arrives(engine, monkeypatch)
        assert mail.letters == []


def test_the_application_is_told_too(database: Database, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the handler of notices, under a key that is the same each time."""
    told: list[HandlerCall] = []
    with opened(database, mail, SimulatedClock(NOW), **{"engine.notify": told.append}) as engine:
        consent = engine.give_consent("ada", "mill", until=UNTIL, paper="Form 12", by="tom")
        engine.send_record("ada", "mill", by="tom")
        arrives(engine, monkeypatch)
        assert [(one.input["why"], one.input["consent"], one.input["audience"]) for one in told] == [
            ("consented", consent.id, ["person:ada"]),
            ("shared", consent.id, ["person:ada"]),
        ]
