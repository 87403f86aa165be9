"""Delivering the outbox, on both databases: order, independence, repetition, giving up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from engine_flows import SUIT
from mail_server import MailServer
from refused_writes import refusing

from flowengine import NOTIFY, Database, Engine, GiveUp, HandlerCall, SimulatedClock, TryLater
from flowengine.errors import ConnectionLost, StoreError
from flowengine.post import outbox
from flowengine.runtime.settings import Settings
from flowengine.signing import new_secret
from flowengine.store import Transaction

FROM = "Tailor <suits@example.org>"
PAUSE = timedelta(minutes=1)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    for event in server.hold.values():
        event.set()
    server.close()


@pytest.fixture
def dead() -> Iterator[str]:
    """The address of a web server that takes no connection, for as long as the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def mailing(engine: Engine, clock: SimulatedClock, mail: MailServer) -> Engine:
    """An engine that writes mails and calls webhooks; the processes and people of ``engine`` are there."""
    settings = Settings(
        mail=f"smtp://127.0.0.1:{mail.port}",
        mail_from=FROM,
        http_secret=new_secret(),
        http_allow=("127.0.0.1",),
    )
    made = Engine(engine.database, clock=clock, handlers={}, settings=settings)
    made.run_due()
    return made


def start(engine: Engine, who: str = "ada") -> str:
    return engine.start("small_suit", by=who, need={"occasion": "Work"}).job


def settle(engine: Engine) -> None:
    while engine.run_due().anything:
        pass


def receivers(mail: MailServer) -> list[str]:
    return [str(one["To"].addresses[0].addr_spec) for one in mail.letters]


def rows(database: Database) -> list[tuple[Any, ...]]:
    """Lane, attempts, error and incident of what is in the outbox."""
    with database.reading() as tx:
        raw = tx.channel.raw  # type: ignore[attr-defined]
        found = raw.execute("SELECT lane, attempts, last_error, incident FROM flow_outbox ORDER BY job_id, seq, number")
        return [tuple(row) for row in found.fetchall()]


# receivers do not wait for each other


def test_a_dead_receiver_holds_nobody_up_in_one_job(
    mailing: Engine, mail: MailServer, dead: str, database: Database
) -> None:
    """Of two people whom one step waits for, the one who can be reached is, and the other is tried again."""
    mailing.add_staff("cleo", "Cleo", roles=["cutter"], contact=dead)
    mailing.add_staff("cora", "Cora", roles=["cutter"], contact="cora@example.org")
    start(mailing)
    mailing.act(mailing.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    settle(mailing)
    assert receivers(mail) == ["cora@example.org"]
    ((lane, attempts, error, incident),) = rows(database)
    assert (lane, attempts, incident) == (f"hook:{dead}", 1, "")
    assert "Unreachable" in error


def test_a_dead_receiver_is_rested(mailing: Engine, mail: MailServer, dead: str, database: Database) -> None:
    """Of many messages to a host that is down one tries it; the others wait as if they had, and mails go meanwhile."""
    for number in range(12):
        mailing.add_customer(f"dead{number}", contact=f"{dead}/{number}")
        start(mailing, f"dead{number}")
    start(mailing)
    settle(mailing)
    assert receivers(mail) == ["ada@example.org"]
    found = rows(database)
    assert [attempts for _, attempts, _, _ in found] == [1] * 12
    assert sum("not tried" in error for _, _, error, _ in found) == 11


def test_a_slow_receiver_holds_nobody_up(mailing: Engine, mail: MailServer) -> None:
    """While the server takes its time with one mail, those of other jobs arrive."""
    start(mailing)
    settle(mailing)
    mail.letters.clear()
    mail.hold["slow@example.org"] = threading.Event()
    mailing.add_customer("ben", contact="slow@example.org")
    start(mailing, "ben")
    for _ in range(10):
        start(mailing)
    arrived = threading.Event()
    mail.after = lambda: arrived.set() if len(mail.letters) >= 10 else None
    passing = threading.Thread(target=settle, args=(mailing,))
    passing.start()
    try:
        assert arrived.wait(60)
        assert set(receivers(mail)) == {"ada@example.org"}
        assert passing.is_alive()
    finally:
        mail.hold["slow@example.org"].set()
        passing.join(60)
    assert receivers(mail)[-1] == "slow@example.org"


def test_what_cannot_be_sent_from_here_is_looked_behind(
    mailing: Engine, mail: MailServer, database: Database, clock: SimulatedClock
) -> None:
    """A page full of what only other workers carry is laid aside, so that what is behind it is seen."""
    job = start(mailing)
    settle(mailing)
    with database.writing() as tx:
        for number in range(3 * outbox.PAGE):
            body = {"step": 3, "why": "opened", "channel": "pigeon", "to": f"p{number}", "person": "ada"}
            tx.outbox.add(job, 1, "letter", body, clock.now() - PAUSE, f"pigeon:{number}", 1000 + number)
    mail.letters.clear()
    start(mailing)
    settle(mailing)
    assert receivers(mail) == ["ada@example.org"]
    assert len(rows(database)) == 3 * outbox.PAGE
    assert all(attempts == 0 for _, attempts, _, _ in rows(database))


def test_what_nobody_carries_is_not_looked_at_again_and_again(
    engine: Engine, database: Database, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that no worker has taken for a while is laid aside for a minute, with a word in the log."""
    job = start(engine)
    with database.writing() as tx:
        body = {"step": 3, "why": "opened", "channel": "pigeon", "to": "p", "person": "ada"}
        tx.outbox.add(job, 1, "letter", body, clock.now(), "pigeon:p", 100)
    assert not engine.run_due().anything
    with database.reading() as tx:
        assert len(tx.outbox.ready(clock.now())) == 1
    clock.advance(timedelta(seconds=6))
    assert not engine.run_due().anything
    with database.reading() as tx:
        assert tx.outbox.ready(clock.now()) == []
        assert len(tx.outbox.ready(clock.now() + PAUSE)) == 1
    assert "a worker that carries pigeon" in caplog.text


def test_what_stands_behind_does_not_hide_others(
    mailing: Engine, mail: MailServer, dead: str, clock: SimulatedClock
) -> None:
    """A long queue behind a dead receiver is pushed back page by page."""
    mailing.add_customer("ben", contact=dead)
    job = start(mailing, "ben")
    with mailing.database.writing() as tx:
        for number in range(3 * outbox.PAGE):
            body = {"step": 3, "why": "opened", "channel": "hook", "to": dead, "person": "ben"}
            tx.outbox.add(job, 1, "letter", body, clock.now() - PAUSE, f"hook:{dead}", 100 + number)
    start(mailing)
    settle(mailing)
    assert receivers(mail) == ["ada@example.org"]


# order and repetition


def test_a_lane_keeps_its_order_over_retries(mailing: Engine, mail: MailServer, clock: SimulatedClock) -> None:
    """A reminder does not overtake the notice that it reminds of, though the first was refused for a while."""
    mail.refuse["ada@example.org"] = "450 later"
    start(mailing)
    settle(mailing)
    clock.advance(timedelta(days=3, minutes=5))
    settle(mailing)
    assert mail.letters == []
    mail.refuse.clear()
    for _ in range(20):
        clock.advance(timedelta(hours=8))
        settle(mailing)
        if len(mail.letters) == 2:
            break
    assert [str(one["Subject"]) for one in mail.letters] == ["Choose your cloth", "Reminder: Choose your cloth"]


def test_a_crash_after_sending_sends_the_same_again(
    mailing: Engine, mail: MailServer, clock: SimulatedClock, database_url: str
) -> None:
    """What was sent but not noted is sent again once the claim is over, under the same Message-ID: at least once."""
    start(mailing)
    mailing.run_due()  # the letter is made, and in the same pass sent
    mail.letters.clear()
    job = start(mailing)
    sent_is_not_noted = refusing(database_url, "DELETE", "flow_outbox", "OLD.kind = 'letter'", "the disk is full")
    with sent_is_not_noted, pytest.raises(StoreError, match="the disk is full"):
        mailing.run_due()
    settle(mailing)
    assert len(mail.letters) == 1
    clock.advance(timedelta(seconds=61))
    settle(mailing)
    first, second = mail.letters
    assert first["Message-ID"] == second["Message-ID"] == f"<{job}.1.1000001@example.org>"
    clock.advance(timedelta(days=1))
    settle(mailing)
    assert len(mail.letters) == 2


def test_several_workers_send_each_message_once(mailing: Engine, mail: MailServer) -> None:
    """Workers that deliver at the same time share the messages."""
    jobs = [start(mailing) for _ in range(25)]
    workers = [threading.Thread(target=settle, args=(mailing,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    settle(mailing)
    assert sorted(str(one["Message-ID"]) for one in mail.letters) == sorted(
        f"<{job}.1.1000001@example.org>" for job in jobs
    )


def test_notices_become_letters_once(
    mailing: Engine, mail: MailServer, database: Database, clock: SimulatedClock
) -> None:
    """Of two workers with the same row in hand, one makes letters of it; the other finds that it is done (L10)."""
    from flowengine.post import notices

    start(mailing)
    with database.reading() as tx:
        (row,) = tx.outbox.ready(clock.now())
    for _ in range(2):
        notices.announce(mailing.shell, row)
    assert len(rows(database)) == 1
    settle(mailing)
    assert len(mail.letters) == 1


# giving up


def test_after_its_attempts_a_message_is_an_incident(
    mailing: Engine, mail: MailServer, clock: SimulatedClock, database: Database
) -> None:
    """Twenty attempts take two to three days; then an operator sees it, and the next message of the lane goes."""
    mail.refuse["ada@example.org"] = "450 later"
    job = start(mailing)
    settle(mailing)
    began, attempts = clock.now(), 1
    while not mailing.incidents():
        assert rows(database)[0][1] == attempts
        clock.set(mailing.next_due())
        settle(mailing)
        attempts += 1
    assert attempts == outbox.ATTEMPTS
    assert timedelta(days=2) < clock.now() - began < timedelta(days=3)
    (incident,) = mailing.incidents()
    assert (incident.kind, incident.job, incident.attempts) == ("message", job, outbox.ATTEMPTS)
    mail.refuse.clear()
    clock.advance(timedelta(days=1))
    settle(mailing)
    assert [str(one["Subject"]) for one in mail.letters] == ["Reminder: Choose your cloth"]
    mailing.retry(incident.id, by="olga")
    settle(mailing)
    assert [str(one["Subject"]) for one in mail.letters][1:] == ["Choose your cloth"]


@pytest.mark.parametrize("text", ["{job}.1.77", "{job}.x.1", "{job}.1.-1", "{job}.1.²", "nope.1.1", "{job}.1.1e3"])
def test_a_message_that_is_not_there_is_not_retried(mailing: Engine, text: str) -> None:
    """What names no message is told so (L12)."""
    from flowengine import NotFound

    job = start(mailing)
    with pytest.raises(NotFound, match="no message"):
        mailing.retry(text.format(job=job), by="olga")


def test_waits_grow_and_differ() -> None:
    """Each wait is twice the last one, up to eight hours, and up to a quarter shorter by chance."""
    waits = [outbox.BACKOFF.wait(n, Random(n)) for n in range(1, outbox.ATTEMPTS)]
    for number, wait in enumerate(waits):
        longest = min(timedelta(seconds=10) * 2**number, timedelta(hours=8))
        assert longest * 0.75 <= wait <= longest
    assert len({wait / outbox.BACKOFF.wait(n) for n, wait in enumerate(waits, 1)}) == len(waits)


def test_a_handler_may_give_up_or_ask_for_time(engine: Engine, clock: SimulatedClock) -> None:
    """``GiveUp`` makes an incident of a notice at once; ``TryLater`` says when it is tried again."""
    errors: list[Exception] = [TryLater("busy", timedelta(minutes=30)), GiveUp("never")]

    @engine.handler(NOTIFY)
    def notify(call: HandlerCall) -> None:
        raise errors[call.attempt - 1]

    start(engine)
    engine.run_due()
    clock.advance(timedelta(minutes=29))
    assert not engine.run_due().anything
    clock.advance(timedelta(minutes=2))
    engine.run_due()
    (incident,) = engine.incidents()
    assert (incident.handler, incident.attempts) == ("notice", 2)
    assert "never" in incident.error


class Flickering(Database):
    """A database that goes away whenever somebody of a certain name has just been entered."""

    name = "nobody"

    def keep(self, work: Callable[[Transaction], Any]) -> Any:
        def lost(tx: Transaction) -> Any:
            found = work(tx)
            if any(person.name == self.name for person in tx.people.all()):
                raise LookupError
            return found

        try:
            return super().keep(lost)
        except LookupError:
            raise ConnectionLost("the database went away") from None


def test_a_database_that_was_away_costs_no_attempt(database_url: str, clock: SimulatedClock) -> None:
    """What did not go because the database was lost is tried again, and not counted."""
    with Flickering.open(database_url) as database, Engine(database, clock=clock, handlers={}) as engine:
        assert isinstance(database, Flickering)
        engine.deploy(SUIT)
        engine.add_customer("ada", "Ada")
        job = start(engine)
        with database.writing() as tx:
            tx.outbox.add(job, 1, "referral", {"name": "Eve", "contact": "", "by": "ada"}, clock.now(), "referrals")
        database.name = "Eve"
        assert engine.run_due().failed == 1
        assert [attempts for _, attempts, _, _ in rows(database)] == [0]
        database.name = "nobody"
        clock.advance(PAUSE)
        assert engine.run_due().outbox == 1
        assert [person.name for person in engine.people("customer")].count("Eve") == 1
