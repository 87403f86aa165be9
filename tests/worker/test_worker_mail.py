"""A worker that writes to people, while others act."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from mail_server import MailServer
from waiting import until

from flowengine import Database, Engine, Settings, Worker

ASKING = """
process: asking
title: A question
need: An answer
states:
  need: {type: need, next: ask}
  ask: {type: approval, by: customer, ask: May we begin, within: P7D,
        on: {approved: fulfilled, changes: ask, declined: gone, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No answer}
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    for event in server.hold.values():
        event.set()
    server.close()


@pytest.fixture
def worker(database: Database, mail: MailServer) -> Iterator[Worker]:
    """A worker with a mail server, at work on a thread."""
    settings = Settings(mail=f"smtp://127.0.0.1:{mail.port}", mail_from="suits@example.org")
    with Engine(database, handlers={}, settings=settings) as engine:
        engine.deploy(ASKING)
        for name in ("ada", "ben"):
            engine.add_customer(name, name.title(), contact=f"{name}@example.org")
        made = Worker(engine)
        thread = threading.Thread(target=made.run)
        thread.start()
        yield made
        made.stop()
        thread.join(60)
        assert not thread.is_alive()


def wanted(database: Database, engine: Engine) -> bool:
    with database.reading() as tx:
        return bool(tx.outbox.wanted(engine.clock.now()))


def test_a_worker_says_from_its_start_on_that_it_writes(database: Database, worker: Worker, mail: MailServer) -> None:
    """Before there was anything to send, other processes leave notices, and the worker sends them."""
    until(lambda: wanted(database, worker.engine))
    with Engine(database, handlers={}) as plain:
        plain.start("asking", by="ada")
    until(lambda: len(mail.letters) == 1)
    assert mail.letters[0]["Subject"] == "May we begin"


def test_a_worker_waits_for_what_it_sends_when_it_is_stopped(
    database: Database, worker: Worker, mail: MailServer
) -> None:
    """A worker that is stopped while a slow server takes a mail ends when it is through; the mail is not sent twice."""
    until(lambda: wanted(database, worker.engine))
    mail.hold["ada@example.org"] = threading.Event()
    taken = threading.Event()
    refuse = mail.refuse

    class Noting(dict[str, str]):
        def __contains__(self, key: object) -> bool:
            if key == "DATA":
                taken.set()
            return refuse.__contains__(key)

    mail.refuse = Noting()
    worker.engine.start("asking", by="ada")
    assert taken.wait(60)
    worker.stop()
    mail.hold["ada@example.org"].set()
    until(lambda: len(mail.letters) == 1)
    until(lambda: nothing_left(database))


def nothing_left(database: Database) -> bool:
    with database.reading() as tx:
        return tx.ahead(datetime.now(UTC)).message is None
