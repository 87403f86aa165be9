"""Messages between a customer and the organisation, about a job and without one; and what is for those inside alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from mail_server import MailServer, text_of

from flowengine import (
    NOTIFY,
    BadAnswer,
    Database,
    Engine,
    HandlerCall,
    KeyConflict,
    MessageView,
    NotAllowed,
    NotFound,
    Settings,
    SimulatedClock,
    StaleCommand,
)
from flowengine.client import CustomerTrack

MEAL = """
process: meal
title: A meal
need: A meal that he likes
roles: {kitchen: {title: Kitchen}, waiter: {title: Waiter}}
groups: {friends: {title: Friends}}
questions: {for: kitchen, within: P2D}
states:
  need: {type: need, next: cook}
  cook: {type: task, for: waiter, title: Serve it, on: {done: taste}}
  taste: {type: task, for: {group: friends}, title: Taste it, within: P9D, on: {done: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""
SECRET = "She complains about everything"


@pytest.fixture
def meals(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    with Engine(database, clock=clock, handlers={}, settings=Settings(files="memory://")) as engine:
        engine.deploy(MEAL)
        engine.add_customer("ada", "Ada", contact="ada@example.org")
        engine.add_customer("fred", "Fred", groups=["friends"])
        engine.add_staff("kim", "Kim", roles=["kitchen"])
        engine.add_staff("will", "Will", roles=["waiter"])
        engine.add_staff("olga", "Olga", roles=["operator"])
        yield engine


@pytest.fixture
def job(meals: Engine) -> str:
    return meals.start("meal", by="ada", need={}).job


def texts(views: list[MessageView]) -> list[str]:
    return [one.text for one in views]


# about a job


def test_what_a_customer_writes_waits_until_it_is_answered(meals: Engine, job: str, clock: SimulatedClock) -> None:
    """In the inbox of those who answer questions; the answer is told to her, and tied to it."""
    id = meals.message(job, "No onions, please", by="ada").question
    (item,) = meals.inbox("kim")
    assert (item.id, item.title, item.asked) == (id, "No onions, please", "message")
    assert [one.title for one in meals.inbox("will")] == ["Serve it"]
    (hers,) = meals.conversation(job, by="ada")
    assert (hers.kind, hers.outside, hers.yours, hers.status) == ("message", True, True, "waiting")
    assert (hers.id, hers.whom, hers.due) == (id, "Kitchen", clock.now() + timedelta(days=2))
    meals.message(job, "None then", to=id, by="kim")
    asked, answer = meals.conversation(job, by="ada")
    assert (asked.status, asked.due, answer.kind, answer.to, answer.who) == ("answered", None, "answer", id, "Kim")
    assert meals.inbox("kim") == []
    with pytest.raises(StaleCommand):
        meals.message(job, "None at all", to=id, by="kim")
    assert meals.audit().fine


def test_what_those_inside_write_waits_for_nobody(meals: Engine, job: str) -> None:
    """The customer reads it, in the conversation and where the job is tracked; nobody has to answer."""
    assert meals.message(job, "It takes ten minutes more", by="will").question == ""
    (seen,) = meals.conversation(job, by="ada")
    assert (seen.text, seen.who, seen.status, seen.outside, seen.inside) == (
        "It takes ten minutes more", "Will", "", False, False,
    )  # fmt: skip
    assert meals.track(job, "ada").conversation[0].text == "It takes ten minutes more"
    assert [len(meals.inbox(who)) for who in ("ada", "kim")] == [0, 0]


def test_a_note_is_seen_by_no_customer(meals: Engine, job: str) -> None:
    """Neither in the conversation nor in any other view, of the job's customer or of one who has taken part."""
    id = meals.attach("secret.txt", SECRET.encode(), job, by="will").id
    meals.note(job, SECRET, [id], by="will")
    meals.act(meals.inbox("will")[0].id, by="will")
    (tasting,) = meals.inbox("fred")
    seen: list[Any] = [meals.step(tasting.id, "fred"), *meals.inbox("fred"), *meals.track(job, "fred").did]
    meals.act(tasting.id, by="fred")
    for who in ("ada", "fred"):
        track = meals.track(job, who)
        assert isinstance(track, CustomerTrack)
        seen += [track, *meals.conversation(job, by=who), *meals.inbox(who, everything=True)]
    seen += [*meals.jobs(by="ada"), *meals.conversation_with("ada", by="ada"), meals.data(job, by="ada")]
    seen += [meals.answered(job, seq, by="ada") for seq in (1,)]
    assert all(SECRET not in repr(one) and "secret.txt" not in repr(one) and id not in repr(one) for one in seen)
    for who in ("ada", "fred"):
        with pytest.raises(NotAllowed):
            meals.history(job, by=who)
        with pytest.raises(NotFound):
            meals.file_data(id, by=who)
        with pytest.raises(NotAllowed, match="write a message"):
            meals.note(job, "hm", by=who)
    (note,) = meals.conversation(job, by="kim")
    assert (note.text, note.inside, note.files[0].name) == (SECRET, True, "secret.txt")


def test_customers_in_one_job_do_not_read_one_another(meals: Engine, job: str) -> None:
    """Who has taken part writes and is answered by himself; the job's own customer is not told."""
    meals.act(meals.inbox("will")[0].id, by="will")
    meals.act(meals.inbox("fred")[0].id, by="fred")
    id = meals.message(job, "Too salty", by="fred").question
    meals.message(job, "Sorry, Fred", to=id, by="kim")
    meals.message(job, "Was it good, Ada?", by="kim")
    assert texts(meals.conversation(job, by="fred")) == ["Too salty", "Sorry, Fred"]
    assert texts(meals.conversation(job, by="ada")) == ["Was it good, Ada?"]
    assert len(meals.conversation(job, by="olga")) == 3


def test_foreign_and_missing_jobs_answer_alike(meals: Engine, job: str) -> None:
    """For whoever writes, and whoever reads."""
    for ask in (lambda id: meals.message(id, "x", by="fred"), lambda id: meals.conversation(id, by="fred")):
        told = []
        for id in (job, "01890000-0000-7000-8000-000000000000"):
            with pytest.raises(NotFound) as error:
                ask(id)
            told.append(str(error.value).replace(id, ""))
        assert told[0] == told[1]


def test_a_message_is_sent_once_under_a_key(meals: Engine, job: str) -> None:
    """The same form posted twice is one message (L3), with other files a conflict."""
    first = meals.message(job, "No onions", by="ada", key="k")
    again = meals.message(job, "No onions", by="ada", key="k")
    assert (again.question, again.repeated) == (first.question, True)
    id = meals.attach("x.txt", b"words", job, by="ada").id
    with pytest.raises(KeyConflict):
        meals.message(job, "No onions", [id], by="ada", key="k")
    assert len(meals.conversation(job)) == 1


def test_a_conversation_comes_in_pages(meals: Engine, job: str) -> None:
    """The oldest first, each after the place of the one before."""
    for number in range(7):
        meals.note(job, str(number), by="will")
    first = meals.conversation(job, limit=4)
    second = meals.conversation(job, after=first[-1].place, limit=4)
    assert texts(first + second) == list("0123456")
    for wrong in ("x", "-1", "9" * 30):
        with pytest.raises(BadAnswer):
            meals.conversation(job, after=wrong)


def test_what_is_taken_back_says_so(meals: Engine, job: str) -> None:
    """It waits no more, and was not answered."""
    id = meals.message(job, "No onions", by="ada").question
    meals.take_back(id, by="ada")
    (seen,) = meals.conversation(job, by="ada")
    assert (seen.status, meals.inbox("kim")) == ("taken_back", [])


def test_what_is_asked_shows_its_files_on_its_step(meals: Engine, job: str) -> None:
    """Whoever is to answer sees what belongs to it."""
    id = meals.attach("list.txt", b"onions", job, by="ada").id
    step = meals.message(job, "Not these", [id], by="ada").question
    assert ("Files", f"list.txt ({id})") in meals.step(step, "kim").shown
    assert meals.file_data(id, by="kim") == b"onions"


# letters and notices


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def settle(engine: Engine) -> None:
    while engine.run_due().anything:
        pass


def test_what_those_inside_write_is_told_by_letter(meals: Engine, job: str, mail: MailServer) -> None:
    """With the names of its files, about a job and without one; a note is told to nobody."""
    smtp = Settings(mail=f"smtp://127.0.0.1:{mail.port}", mail_from="Meals <meals@example.org>", files="memory://")
    with Engine(meals.database, clock=meals.clock, handlers={}, settings=smtp) as engine:
        engine.run_due()
        id = engine.attach("menu.txt", b"soup", job, by="will").id
        engine.note(job, SECRET, by="will")
        engine.message(job, "Here is the menu", [id], by="will")
        engine.message_to("ada", "We are closed on Monday", by="kim")
        settle(engine)
    about, alone = sorted(mail.letters, key=lambda one: str(one["Subject"]))
    texts = [text_of(one).replace("\r\n", "\n") for one in (about, alone)]
    assert [str(one["Subject"]) for one in (about, alone)] == [
        "A meal: Here is the menu", "Kim: We are closed on Monday",
    ]  # fmt: skip
    assert "Will has written to you:\n    Here is the menu\n" in texts[0]
    assert "With it: menu.txt" in texts[0]
    assert "flow conversation --with ada --as ada" in texts[1]
    assert not any(SECRET in text for text in texts)


def test_a_message_is_a_notice_to_the_application(database: Database, clock: SimulatedClock) -> None:
    """Who registered for notices is told the words, by whom they are, and the files."""
    heard: list[dict[str, Any]] = []

    def notify(call: HandlerCall) -> None:
        heard.append(dict(call.input))

    with Engine(database, clock=clock, handlers={NOTIFY: notify}) as engine:
        engine.deploy(MEAL)
        job = engine.start("meal", by="ada", need={}).job
        engine.add_staff("will", "Will", roles=["waiter"])
        engine.run_due()
        engine.message(job, "Ten minutes more", by="will")
        engine.note(job, SECRET, by="will")
        settle(engine)
    (told,) = [one for one in heard if one["why"] == "written"]
    assert (told["title"], told["by"], told["audience"], told["files"]) == (
        "Ten minutes more", "will", ["person:ada"], [],
    )  # fmt: skip


# without a job


def test_a_customer_writes_without_a_job_and_is_answered(meals: Engine, clock: SimulatedClock) -> None:
    """It waits for any member of staff, the most urgent first; an answer closes all that waits."""
    sent = meals.write("Do you cater for weddings?", by="ada")
    clock.advance(timedelta(hours=1))
    meals.write("For fifty", by="ada")
    meals.write("Hello", by="fred")
    waits = meals.open_conversations(by="kim")
    assert [(one.party, one.name, one.text, one.waiting) for one in waits] == [
        ("ada", "Ada", "For fifty", 2), ("fred", "Fred", "Hello", 1),
    ]  # fmt: skip
    assert waits[0].due == sent.due == clock.now() + timedelta(days=2) - timedelta(hours=1)
    (second,) = meals.open_conversations(after=waits[0].place, by="kim")
    assert second == waits[1]
    clock.advance(timedelta(hours=1))
    answer = meals.message_to("ada", "We do", by="kim")
    assert [one.party for one in meals.open_conversations(by="kim")] == ["fred"]
    seen = meals.conversation_with("ada", by="ada")
    assert [(one.text, one.status, one.to, one.yours) for one in seen] == [
        ("We do", "", "ada.2", False), ("For fifty", "answered", "", True),
        ("Do you cater for weddings?", "answered", "", True),
    ]  # fmt: skip
    assert (answer.id, answer.number, answer.due) == ("ada.3", 3, None)


def test_a_message_need_not_answer(meals: Engine) -> None:
    """What is written about something else leaves open what waits."""
    meals.write("Do you cater?", by="ada")
    meals.message_to("ada", "We are closed on Monday", answers=False, by="kim")
    assert [one.party for one in meals.open_conversations()] == ["ada"]


def test_both_kinds_are_read_together_the_newest_first(meals: Engine, job: str, clock: SimulatedClock) -> None:
    """In pages, of which none repeats or leaves anything out, also where all came at one moment."""
    for moment in range(3):
        meals.write(f"alone {moment}", by="ada")
        meals.message(job, f"job {moment}", by="ada")
        meals.note(job, f"note {moment}", by="will")
        clock.advance(timedelta(minutes=moment))
    whole = meals.conversation_with("ada", by="kim")
    assert len(whole) == 9
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
    paged: list[MessageView] = []
    while page := meals.conversation_with("ada", paged[-1].place if paged else "", 2, by="kim"):
        paged += page
    assert paged == whole
    assert {one.text.split()[0] for one in meals.conversation_with("ada", by="ada")} == {"alone", "job"}
    assert {one.process for one in whole} == {"A meal", ""}
    with pytest.raises(BadAnswer):
        meals.conversation_with("ada", "x.y", by="kim")


def test_whose_conversation_it_is(meals: Engine) -> None:
    """Customers read their own alone; that of somebody else, of staff and of nobody answers alike."""
    meals.write("Hello", by="ada")
    told = []
    for whom in ("ada", "kim", "zoe"):
        with pytest.raises(NotFound) as error:
            meals.conversation_with(whom, by="fred")
        told.append(str(error.value).replace(whom, ""))
    assert told[0] == told[1] == told[2]
    for refused in (
        lambda: meals.write("Hello", by="kim"),
        lambda: meals.message_to("ada", "Hello", by="fred"),
        lambda: meals.open_conversations(by="ada"),
        lambda: meals.message_to("kim", "Hello", by="will"),
    ):
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(NotFound):
        meals.message_to("nobody", "Hello", by="kim")


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001])
def test_words_are_held_against_their_bounds(meals: Engine, job: str, text: str) -> None:
    """Nothing, and a book, are refused, whichever way they are said."""
    for say in (
        lambda: meals.message(job, text, by="ada"),
        lambda: meals.note(job, text, by="kim"),
        lambda: meals.write(text, by="ada"),
        lambda: meals.message_to("ada", text, by="kim"),
    ):
        with pytest.raises(BadAnswer) as error:
            say()
        assert list(error.value.problems) == ["text"]


def test_files_belong_to_a_conversation_without_a_job_too(meals: Engine) -> None:
    """And are opened by the customer and those inside; used in one place, they are for no other."""
    hers = meals.attach("hall.txt", b"fifty", by="ada").id
    his = meals.attach("menu.txt", b"soup", by="kim").id
    meals.write("The hall", [hers], by="ada")
    meals.message_to("ada", "The menu", [his], by="kim")
    for id in (hers, his):
        assert meals.file_data(id, by="ada") == meals.file_data(id, by="will")
        with pytest.raises(NotFound):
            meals.file_data(id, by="fred")
    job = meals.start("meal", by="ada", need={}).job
    with pytest.raises(BadAnswer):
        meals.message(job, "The hall", [hers], by="ada")
    assert [[file.name for file in one.files] for one in meals.conversation_with("ada", by="ada")] == [
        ["menu.txt"], ["hall.txt"],
    ]  # fmt: skip


def test_it_is_written_once_under_a_key(meals: Engine) -> None:
    """Without a job as with one."""
    first = meals.write("Hello", by="ada", key="k")
    assert meals.write("Hello", by="ada", key="k") == first
    with pytest.raises(KeyConflict):
        meals.write("Hello there", by="ada", key="k")
    assert len(meals.conversation_with("ada")) == 1


def test_it_is_erased_with_its_customer(meals: Engine) -> None:
    """All that was written, by her and to her."""
    meals.write("Hello", by="ada")
    meals.message_to("ada", "Hello, Ada", by="kim")
    meals.erase("ada", because="She has asked for it", by="olga")
    assert meals.conversation_with("ada", by="olga") == []
    assert meals.open_conversations() == []
