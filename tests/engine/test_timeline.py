"""The timeline of a customer: all jobs and processes, facts and letters, in plain words, in pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from engine_flows import SUIT
from mail_server import MailServer, text_of

from flowengine import NOTIFY, BadAnswer, Database, Engine, HandlerCall, Settings, SimulatedClock

PROMISING = SUIT.replace("process: small_suit", "process: promised").replace(
    "title: A small suit", "title: A promised suit\npromise: {by: data.need.day}"
).replace("      occasion:", "      day: {type: string, format: date, title: Day}\n      occasion:")  # fmt: skip
CLUB = """
process: tea
title: Tea for all
need: Tea
states:
  need: {type: need, next: taste}
  taste: {type: task, open_to: [customers], title: Taste it, within: P9D, on: {done: told, expired: told}}
  told: {type: tell, to: customer, say: It tastes well, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    server = MailServer()
    yield server
    server.close()


def lived(engine: Engine, clock: SimulatedClock) -> str:
    """A job of Ada's from its need to its end, with words, a fact and a day that passes."""
    engine.deploy(PROMISING)
    job = engine.start("promised", by="ada", need={"occasion": "A wedding", "day": "2026-05-05"}).job
    clock.advance(timedelta(hours=1))
    asked = engine.say(job, "Will it fit?", "question", by="ada").question
    engine.say(job, "Handle with care", "note", by="tom")
    clock.advance(timedelta(hours=1))
    engine.act(asked, "answered", {"answer": "Yes"}, by="tom")
    clock.advance(timedelta(hours=1))
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    engine.add_fact("ada", "preference", "Narrow legs", by="ada")
    engine.add_fact("ada", "note", "Left arm longer", by="cleo")
    clock.advance(timedelta(days=2))
    engine.run_due()
    engine.act(engine.inbox("cleo")[0].id, by="cleo")
    engine.act(engine.inbox("tom")[0].id, by="tom")
    engine.act(engine.inbox("ada")[0].id, "approved", by="ada")
    return job


def test_all_that_happened_is_told_the_newest_first(engine: Engine, clock: SimulatedClock) -> None:
    """Jobs begun and ended, steps he answered, questions and answers, promises, facts; work of the staff is not."""
    lived(engine, clock)
    lines = engine.timeline("ada", by="tom")
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)
    told = [(line.kind, line.what) for line in reversed(lines)]
    assert set(told) == {
        ("begun", "began: A promised suit"),
        ("promised", "promised for Tue 5 May 2026"),
        ("question", "asked: Will it fit?"),
        ("note", "noted: Handle with care"),
        ("answer", "answered: Yes (to: Will it fit?)"),
        ("answered", next(what for kind, what in told if kind == "answered" and "Navy flannel" in what)),
        ("preference", "prefers: Narrow legs"),
        ("note", "noted: Left arm longer"),
        ("late", "later than promised: Tue 5 May 2026 has passed"),
        ("answered", next(what for kind, what in told if kind == "answered" and "fit?" in what)),
        ("broken", "the promise for Tue 5 May 2026 is broken"),
        ("fulfilled", "fulfilled: A promised suit"),
    }
    assert len(told) == 12
    assert {line.who for line in lines if line.kind == "answer"} == {"Tom"}


def test_a_customer_is_told_what_is_his_to_know(engine: Engine, clock: SimulatedClock) -> None:
    """The notes of those inside, on the job and on him, are not in his own timeline (L9)."""
    lived(engine, clock)
    inside = {(line.kind, line.what) for line in engine.timeline("ada", by="tom")}
    own = {(line.kind, line.what) for line in engine.timeline("ada", by="ada")}
    assert inside - own == {("note", "noted: Handle with care"), ("note", "noted: Left arm longer")}
    assert own < inside


def test_pages_put_together_are_the_whole(engine: Engine, clock: SimulatedClock) -> None:
    """Whatever the size of a page, each line comes once, in one order, over jobs that went on at the same time."""
    lived(engine, clock)
    for number in range(4):
        engine.start("small_suit", by="ada", need={"occasion": str(number)})
        clock.advance(timedelta(minutes=number % 2))
        engine.add_fact("ada", "note", str(number), by="tom")
        for item in engine.inbox("ada")[:1]:
            engine.act(item.id, "chosen", {"cloth": "grey"}, by="ada")
    whole = engine.timeline("ada", limit=200, by="tom")
    for size in (1, 3, 7):
        lines, after = [], ""
        while page := engine.timeline("ada", after=after, limit=size, by="tom"):
            lines += page
            after = page[-1].place
        assert lines == whole
    assert len({line.place for line in whole}) == len(whole)
    for wrong in ({"after": "x"}, {"after": "9" * 30 + ":f1"}, {"limit": 0}, {"limit": 201}):
        with pytest.raises(BadAnswer):
            engine.timeline("ada", **wrong, by="tom")  # type: ignore[arg-type]


def test_what_he_did_in_jobs_of_others_is_told(engine: Engine) -> None:
    """A step of somebody else's job that he has done is in his timeline, and nothing else of that job."""
    engine.deploy(CLUB)
    job = engine.start("tea", by="ben").job
    engine.act(engine.inbox("ada")[0].id, by="ada")
    assert [(line.kind, line.job) for line in engine.timeline("ada", by="tom")] == [("answered", job)]
    assert [line.kind for line in reversed(engine.timeline("ben", by="tom"))] == ["begun", "told", "fulfilled"]


def test_what_is_erased_or_archived_is_not_told(
    engine: Engine, clock: SimulatedClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After an archive facts about the job stay; after erasing that there was a job, and no word of it."""
    job = lived(engine, clock)
    engine.add_fact("ada", "note", "About the job", job=job, by="tom")
    engine.archive(clock.now() + timedelta(days=1), tmp_path_factory.mktemp("archive") / "a.jsonl")
    assert {line.kind for line in engine.timeline("ada")} == {"preference", "note"}
    engine.start("small_suit", by="ada", need={"occasion": "mark-need"})
    engine.withdraw(engine.jobs(customer="ada", status="open")[0].id, by="ada")
    engine.erase("ada", because="She asked")
    assert [line.kind for line in engine.timeline("ada")] == ["ended", "begun"]


# who is told


def test_the_answer_to_a_concern_is_told_to_who_raised_it(
    database: Database, engine: Engine, clock: SimulatedClock, mail: MailServer
) -> None:
    """By letter and by the handler of notices, with what was said; and the letter is in the timeline."""
    engine.add_staff("tom", "Tom", contact="tom@example.org")
    carried = Settings(
        mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Shop <shop@example.org>", url="https://x.example"
    )
    calls: list[HandlerCall] = []
    with Engine(database, clock=clock, handlers={NOTIFY: calls.append}, settings=carried) as sending:
        sending.run_due()
        own = sending.add_fact("ada", "concern", "Is it late?", by="ada")
        noted = sending.add_fact("ada", "concern", "She fears for the cloth", by="tom")
        for fact in (own, noted):
            sending.answer_fact(fact.id, f"No: {fact.text}", by="cleo")
        while sending.run_due().anything:
            pass
    assert [(str(one["To"].addresses[0].addr_spec), str(one["Subject"])) for one in mail.letters] == [
        ("ada@example.org", "Answer: Is it late?"),
        ("tom@example.org", "Answer: She fears for the cloth"),
    ]
    text = text_of(mail.letters[0]).replace("\r\n", "\n")
    assert "You have said:\n    Is it late?" in text
    assert "No: Is it late?" in text
    assert "https://x.example/me" in text
    assert [(call.input["why"], call.input["audience"], call.input["answer"]) for call in calls] == [
        ("fact", ["person:ada"], "No: Is it late?"),
        ("fact", ["person:tom"], "No: She fears for the cloth"),
    ]
    (letter,) = [line for line in engine.timeline("ada", by="ada") if line.kind == "letter"]
    assert letter.what == "was written to (mail): Answer: Is it late?"
    assert [one["subject"] for one in engine.export_person("ada")["letters"]] == ["Answer: Is it late?"]  # type: ignore[index,union-attr,call-overload]


@pytest.mark.usefixtures("engine")
def test_a_letter_that_cannot_be_sent_is_an_incident(
    database: Database, clock: SimulatedClock, mail: MailServer
) -> None:
    """An answer to a fact is of no job, and operators see it nevertheless, and have it sent again."""
    mail.refuse["ada@example.org"] = "550 no such box"
    carried = Settings(mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Shop <shop@example.org>")
    with Engine(database, clock=clock, handlers={}, settings=carried) as sending:
        sending.run_due()
        fact = sending.add_fact("ada", "concern", "Is it late?", by="ada")
        sending.answer_fact(fact.id, "No", by="tom")
        while sending.run_due().anything:
            pass
        (found,) = sending.incidents()
        assert (found.kind, found.job, found.handler) == ("message", fact.id, "mail to ada")
        mail.refuse.clear()
        assert sending.retry(found.id).status == "sent"
        sending.run_due()
    assert len(mail.letters) == 1
