"""An installation can have customers read its own name in the place of those of staff, wherever they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from mail_server import MailServer

from flowengine import Engine, NotConfigured, SimulatedClock, exact
from flowengine.errors import FlowError
from flowengine.runtime.settings import Settings

COAT = """
process: coat
title: A coat
need: A coat
zone: Europe/London
roles: {tailor: {title: Tailor}}
calendars: {shop: {open: {mon-fri: "09:00-17:00"}, every: PT1H}}
states:
  need: {type: need, fields: {by: {type: string, format: date}}, next: cut}
  cut:
    type: task
    for: tailor
    phase: Cutting
    fields: {who: {type: person, role: tailor, show: true, title: Who sews}}
    next: told
  told: {type: tell, to: customer, say: "{name(by('cut'))} has cut it, and {data.cut.who} sews it", next: measure}
  measure:
    type: fitting
    ask: When can {name(by('cut'))} measure you?
    title: Measuring
    with: tailor
    length: PT1H
    within: P10D
    on: {held: sew, expired: gone}
  sew: {type: task, for: tailor, phase: Sewing, next: fit}
  fit: {type: approval, by: customer, ask: Does it fit?, within: P9D, on: {approved: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled, because: It fits}
  gone: {type: ended, because: It came to nothing}
promise: {by: data.need.by}
"""
MIA, NAME, HOUSE = "mia_4711", "Mia Inside", "The House & Co"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server that keeps what it is sent."""
    server = MailServer()
    yield server
    server.close()


def lived(engine: Engine, clock: SimulatedClock) -> str:
    """A job of Ada's in which Mia has cut, written, answered and measured, and sews now."""
    _settle(engine)
    engine.deploy(COAT)
    engine.add_customer("ada", "Ada", "ada@example.org")
    engine.add_staff(MIA, NAME, roles=["tailor"])
    job = engine.start("coat", by="ada", need={"by": "2026-06-30"}).job
    asked = engine.say(job, "Is it warm?", "question", by="ada")
    (cut, answer) = sorted((one for one in engine.inbox(MIA)), key=lambda one: one.id != asked.question)[::-1]
    engine.claim(cut.id, by=MIA)
    engine.act(cut.id, "done", {"who": MIA}, by=MIA)
    engine.act(answer.id, "", {"answer": "Very"}, by=MIA)
    letter = engine.attach("cloth.txt", b"navy", job, by=MIA)
    engine.message(job, "Do you come by train?", [letter.id], by=MIA)
    engine.message_to("ada", "We are open on Monday", by=MIA)
    engine.write("Thank you", by="ada")
    engine.message_to("ada", "With pleasure", by=MIA)
    fact = engine.add_fact("ada", "concern", "Room at the shoulders", by="ada")
    engine.answer_fact(fact.id, "There will be", by=MIA)
    engine.add_fact("ada", "preference", "Horn buttons", show=True, by=MIA)
    engine.ask_new_promise(job, date(2026, 7, 10), because="The mill is late", by=MIA)
    (measure,) = [one for one in engine.inbox("ada") if one.title.startswith("When")]
    engine.act(measure.id, "book", {"slot": "2026-05-05T09:00:00Z"}, by="ada")
    _settle(engine)
    clock.advance(timedelta(days=1, hours=2))
    held = next(one for one in engine.inbox(MIA) if "Measuring" in one.title or one.title.startswith("When"))
    engine.act(held.id, "held", by=MIA)
    sew = next(one for one in engine.inbox(MIA) if one.title == "Sew")
    engine.claim(sew.id, by=MIA)
    _settle(engine)
    return job


def _settle(engine: Engine) -> None:
    while engine.run_due().anything:
        pass


LOOKS: dict[str, Callable[[Engine, str], Any]] = {
    "track": lambda engine, job: engine.track(job, "ada"),
    "jobs": lambda engine, _: engine.jobs(by="ada"),
    "timeline": lambda engine, _: engine.timeline("ada", by="ada"),
    "conversation": lambda engine, job: engine.conversation(job, by="ada"),
    "conversation_with": lambda engine, _: engine.conversation_with("ada", by="ada"),
    "facts": lambda engine, _: engine.facts("ada", by="ada"),
    "record": lambda engine, _: engine.record("ada", by="ada"),
    "agenda": lambda engine, _: engine.agenda(date(2026, 5, 1), date(2026, 5, 31), by="ada"),
    "inbox": lambda engine, _: engine.inbox("ada", everything=True),
    "steps": lambda engine, _: [engine.step(one.id, "ada") for one in engine.inbox("ada", everything=True)],
    "answered": lambda engine, job: [engine.answered(job, one.seq, by="ada") for one in engine.receipts(job, by="ada")],
    "receipts": lambda engine, job: engine.receipts(job, by="ada"),
    "proof": lambda engine, job: [engine.proof(job, one.seq, by="ada") for one in engine.receipts(job, by="ada")],
    "data": lambda engine, job: engine.data(job, by="ada"),
    "export_person": lambda engine, _: engine.export_person("ada", by="ada"),
    "appointment_file": lambda engine, job: engine.appointment_file(job, by="ada"),
    "agenda_file": lambda engine, _: engine.agenda_file(date(2026, 5, 1), date(2026, 5, 31), by="ada"),
    "files": lambda engine, job: [
        engine.file(file.id, by="ada") for one in engine.conversation(job, by="ada") for file in one.files
    ],
    "links": lambda engine, job: engine.links(job, by="ada"),
    "acting": lambda engine, _: engine.acting("ada", by="ada"),
    "person": lambda engine, _: engine.person("ada", by="ada"),
}
"""All that a customer may look at in which somebody of staff could be named."""

NAMED = {
    "track", "timeline", "conversation", "conversation_with", "facts", "agenda", "appointment_file", "agenda_file",
    "files", "data",
}  # fmt: skip
"""Where she reads the name, unless it is hidden."""


def looks(engine: Engine, job: str) -> dict[str, str]:
    """What the customer is told, as JSON, by verb."""
    return {verb: exact.encode(look(engine, job)).decode() for verb, look in LOOKS.items()}


def opened(database: Any, clock: SimulatedClock, mail: MailServer, staff_as: str) -> Engine:
    """An engine that writes letters."""
    settings = Settings(
        mail=f"smtp://127.0.0.1:{mail.port}", mail_from="House <house@example.org>", url="https://flow.example",
        files="memory://", staff_as=staff_as,
    )  # fmt: skip
    return Engine(database, clock=clock, settings=settings)


def test_names_are_told_unless_they_are_hidden(database: Any, clock: SimulatedClock, mail: MailServer) -> None:
    """In each view, letter and file in which somebody of staff is named: else what follows would show nothing."""
    with opened(database, clock, mail, "") as engine:
        told = looks(engine, lived(engine, clock))
        assert {verb for verb, text in told.items() if NAME in text or MIA in text} >= NAMED
        assert any(NAME in letter.as_string() for letter in mail.letters)
        assert HOUSE not in "".join(told.values())


def test_customers_read_the_houses_name(database: Any, clock: SimulatedClock, mail: MailServer) -> None:
    """And neither name nor id of who works there, in no view, letter, file, receipt or text of a process; those inside
    read the names as ever."""
    with opened(database, clock, mail, HOUSE) as engine:
        job = lived(engine, clock)
        told = looks(engine, job)
        assert {verb: text for verb, text in told.items() if NAME in text or MIA in text} == {}
        assert {verb for verb, text in told.items() if HOUSE in text} >= NAMED - {"files", "data"}
        (sew,) = [one for one in engine.inbox(MIA) if one.title == "Sew"]
        engine.act(sew.id, "done", by=MIA)
        (fit,) = [one for one in engine.inbox("ada") if "fit" in one.title]
        came = [engine.preview_act(fit.id, "approved", {}, by="ada"), engine.act(fit.id, "approved", by="ada")]
        assert not any(one in exact.encode(came).decode() for one in (NAME, MIA))
        letters = [letter.as_string() for letter in mail.letters if letter["To"] is not None]
        assert any(HOUSE in one for one in letters)
        assert not any(NAME in one or MIA in one for one in letters)
        inside = exact.encode([engine.track(job, MIA), engine.timeline("ada", by=MIA)]).decode()
        assert NAME in inside
        assert NAME in exact.encode(engine.history(job, by=MIA)).decode()


def test_what_is_refused_names_nobody(database: Any, clock: SimulatedClock, mail: MailServer) -> None:
    """Errors are told to customers, too."""
    with opened(database, clock, mail, HOUSE) as engine:
        job = lived(engine, clock)
        fact = next(one for one in engine.facts("ada", by="ada") if one.text == "Horn buttons")
        wrong: list[Callable[[], Any]] = [
            lambda: engine.change_fact(fact.id, "Brass", by="ada"),
            lambda: engine.step(f"{job}.3", "ada"),
            lambda: engine.act(f"{job}.3", "done", by="ada"),
            lambda: engine.claim(f"{job}.3", by="ada"),
            lambda: engine.person(MIA, by="ada"),
        ]
        for ask in wrong:
            with pytest.raises(FlowError) as error:
                ask()
            told = f"{error.value.what} {error.value.possible}".replace(f"the id '{MIA}'", "")  # what she asked for
            assert NAME not in told
            assert MIA not in told


@pytest.mark.parametrize("wrong", [" ", "two\nlines", "x" * 201])
def test_what_stands_for_staff_is_a_name(wrong: str) -> None:
    """On one line, and not blank."""
    with pytest.raises(NotConfigured, match="stands for staff"):
        Settings(staff_as=wrong)
    assert Settings.from_environment({"FLOW_STAFF_AS": "Lund"}).staff_as == "Lund"
