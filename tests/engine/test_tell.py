"""What a process tells: who sees it, who is sent it, and how the history has it; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from mail_server import MailServer, text_of

from flowengine import NOTIFY, Database, Engine, HandlerCall, SimulatedClock
from flowengine.errors import NotFound
from flowengine.runtime.settings import Settings

IDEA = """
process: idea
title: An idea made real
need: An idea
roles: {maker: {title: Maker}, host: {title: Host}}
states:
  need: {type: need, fields: {title: {type: string}}, next: agree}
  agree: {type: task, open_to: customers, within: P9D, on: {done: make, expired: make}}
  make: {type: task, for: maker, fields: {name: {type: string, show: true}}, next: say}
  say:
    type: tell
    to: [everyone, host]
    say: "Your idea is real: {data.need.title}"
    shows: {Called: "{data.make.name}"}
    next: say_inside
  say_inside: {type: tell, to: host, say: It went well, next: check}
  check: {type: task, for: maker, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
REAL = "Your idea is real: A bag"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def engine(database: Database, clock: SimulatedClock, mail: MailServer) -> Iterator[Engine]:
    """An engine that sends mails; all have addresses, and the host's is the maker's."""
    settings = Settings(mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Us <us@example.org>", url="https://f.example")
    with Engine(database, clock=clock, handlers={}, settings=settings) as made:
        for customer in ("ada", "ben", "cid"):
            made.add_customer(customer, customer.title(), contact=f"{customer}@example.org")
        made.add_staff("mia", "Mia", roles=["maker"], contact="mia@example.org")
        made.add_staff("max", "Max", roles=["maker"], contact="max@example.org")
        made.add_staff("hal", "Hal", roles=["host"], contact="mia@example.org")
        made.add_staff("hedy", "Hedy", roles=["host"], contact="hedy@example.org")
        made.deploy(IDEA)
        made.run_due()  # so that it is known what is carried
        yield made


def made_real(engine: Engine) -> str:
    """A job of Ada's, in which Ben and Mia take part, up to what is told."""
    job = engine.start("idea", by="ada", need={"title": "A bag"}).job
    engine.act(engine.inbox("ben")[0].id, by="ben")
    engine.act(engine.inbox("mia")[0].id, "done", {"name": "The bag"}, by="mia")
    return job


def settle(engine: Engine) -> None:
    """All that is due, and what follows from it."""
    while engine.run_due().anything:
        pass


def test_what_is_told_is_sent_once_to_each_who_took_part(engine: Engine, mail: MailServer) -> None:
    """Everyone is the customer and all who acted, not those who might have; nobody hears it twice at one address."""
    made_real(engine)
    settle(engine)
    sent = [str(one["To"].addresses[0].addr_spec) for one in mail.letters if str(one["Subject"]) == REAL]
    assert sorted(sent) == ["ada@example.org", "ben@example.org", "hedy@example.org", "mia@example.org"]


def test_whoever_an_operator_acted_for_took_part(engine: Engine, mail: MailServer) -> None:
    """What somebody said on the telephone is his: he is told, and not the operator who typed it."""
    engine.add_staff("olga", "Olga", roles=["operator"], contact="olga@example.org")
    job = engine.start("idea", by="ada", need={"title": "A bag"}).job
    engine.act_for(engine.inbox("ben")[0].id, "ben", because="He rang", by="olga")
    engine.act(engine.inbox("mia")[0].id, "done", {"name": "The bag"}, by="mia")
    settle(engine)
    sent = [str(one["To"].addresses[0].addr_spec) for one in mail.letters if str(one["Subject"]) == REAL]
    assert sorted(sent) == ["ada@example.org", "ben@example.org", "hedy@example.org", "mia@example.org"]
    assert [words for _, words, _ in engine.track(job, by="ben").told] == [REAL]


def test_a_letter_says_what_was_told(engine: Engine, mail: MailServer) -> None:
    """The words and lines are in the letter; where the job is, only for those who may see it (L4)."""
    made_real(engine)
    settle(engine)
    told = [one for one in mail.letters if str(one["Subject"]) == REAL]
    letters = {str(one["To"].addresses[0].addr_spec): text_of(one).replace("\r\n", "\n") for one in told}
    assert f"{REAL}\n\n    Called: The bag\n" in letters["ada@example.org"]
    assert "https://f.example/jobs/" in letters["ada@example.org"]
    assert "https://f.example/jobs/" not in letters["ben@example.org"]
    assert "It belongs to: An idea made real" in letters["ben@example.org"]


def test_a_letter_is_as_it_was_told_also_when_the_job_is_over(engine: Engine, mail: MailServer) -> None:
    """What was told is sent, whatever has become of the job since."""
    made_real(engine)
    engine.act(engine.inbox("mia")[0].id, by="mia")
    settle(engine)
    assert REAL in [str(one["Subject"]) for one in mail.letters]


def test_customers_see_what_was_told_to_them(engine: Engine, clock: SimulatedClock) -> None:
    """The customer sees what is for everyone, not what is for a role; staff see all, with the moment."""
    job = made_real(engine)
    at = clock.now()
    clock.advance(timedelta(days=1))
    assert engine.track(job, by="ada").told == ((at, REAL, (("Called", "The bag"),)),)
    assert engine.track(job, by="max").told == ((at, REAL, (("Called", "The bag"),)), (at, "It went well", ()))
    with pytest.raises(NotFound):
        engine.track(job, by="cid")


def test_a_customer_who_did_not_take_part_sees_nothing_of_it(engine: Engine) -> None:
    """What is for everyone who took part is for the customers among them, also where others may see the job (L9)."""
    engine.deploy(IDEA.replace("check: {type: task, for: maker,", "check: {type: task, open_to: customers, within: P9D,"
                               ).replace("{done: fulfilled}", "{done: fulfilled, expired: fulfilled}"))  # fmt: skip
    job = made_real(engine)
    assert [words for _, words, _ in engine.track(job, by="ben").told] == [REAL]
    assert engine.track(job, by="cid").told == ()


def test_the_history_has_it_and_can_be_audited(engine: Engine) -> None:
    """The history tells to whom it was said, in plain words, and the job is rebuilt from it (L5)."""
    job = made_real(engine)
    what = engine.history(job)[-1].what
    assert f"told everyone who took part, Host: {REAL} (Called: The bag); told Host: It went well" in what
    assert engine.audit(job).fine


def test_it_is_not_what_may_still_come(engine: Engine) -> None:
    """A tell asks nothing of the customer, so it is not among what lies ahead, nor where a job is."""
    job = engine.start("idea", by="ada", need={"title": "A bag"}).job
    track = engine.track(job, by="ada")
    assert "Say" not in track.ahead
    assert "Say inside" not in track.ahead


def test_the_application_is_told_too(database: Database, clock: SimulatedClock) -> None:
    """The handler of notices gets the words, the lines and for whom they are, each once, under keys of their own."""
    got: list[HandlerCall] = []

    def notify(call: HandlerCall) -> dict[str, Any]:
        got.append(call)
        return {}

    with Engine(database, clock=clock, handlers={NOTIFY: notify}) as engine:
        engine.add_customer("ada")
        engine.add_customer("ben")
        engine.add_staff("mia", roles=["maker"])
        engine.deploy(IDEA)
        made_real(engine)
        settle(engine)
    told = [call for call in got if call.input["why"] == "told"]
    assert [(call.input["title"], call.input["audience"], call.input["shown"]) for call in told] == [
        (REAL, ["everyone", "role:host"], [["Called", "The bag"]]),
        ("It went well", ["role:host"], []),
    ]
    assert len({call.key for call in got}) == len(got)
