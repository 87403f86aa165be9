"""What a customer answers on pages, without a script: nothing is lost, nothing is done twice, all can be kept."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from coats import COATS
from forms import form_of, send
from house import House, Visitor
from httpx import Response

from flowengine.client import verify


@pytest.fixture
def ada(house: House) -> Visitor:
    """A customer with one job, who is to choose."""
    house.engine.deploy(COATS)
    house.engine.add_customer("ada", "Ada", contact="ada@example.org", groups=["members"], zone="Europe/London")
    house.engine.add_customer("bob", "Bob", contact="bob@example.org", groups=["members"])
    house.engine.add_staff("tom", "Tom", roles=["tailor"])
    return house.visitor("ada")


def begun(house: House, person: str = "ada") -> str:
    return house.engine.start("coat", need={"what": "A wedding", "by": "2026-06-01"}, by=person).job


def waiting(house: House, person: str = "ada") -> str:
    """The address of what waits for somebody."""
    return "/steps/" + quote(house.engine.inbox(by=person)[0].id, safe="")


def words(page: Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))


CHOSEN = {"chosen__cloth": "navy", "chosen__extras": ["cuffs", "ticket"], "chosen__buttons__horn": "4"}


def test_a_job_is_begun_and_the_first_choice_is_checked_and_confirmed(house: House, ada: Visitor) -> None:
    """What is wrong is told beside it and nothing typed is lost; the answers are shown with their price before they
    count; sent twice they count once; the confirmation says what was answered, and its file can be checked."""
    page = send(ada, ada.get("/start/coat"), "/start/", need__what="x", need__by="2020-01-01")
    assert (page.status_code, 'role="alert"' in page.text) == (422, True)
    assert form_of(page, "/start/").value("need.what") == "x"
    check = send(ada, page, "/start/", need__what="A wedding", need__by="2026-06-01")
    assert "Nothing has happened yet." in check.text
    assert house.engine.jobs(by="ada") == []
    done = send(ada, check, "/start/", stage="send")
    assert done.status_code == 303
    assert "A wedding" in ada.get(done.headers["location"]).text

    step = ada.get(waiting(house))
    assert "Without an answer it ends then: The customer did not answer." in words(step)
    assert "Navy &lt;b&gt;flannel" in step.text
    assert 'src="/looks/navy.svg"' in step.text
    assert "evil.example" not in step.text
    assert "Takes 40 days: after the day you need it" in step.text
    wrong = send(ada, step, "/steps/", **CHOSEN | {"chosen__buttons__horn": "13"}, concern="Is it warm?")
    assert wrong.status_code == 422
    assert 'href="#f-chosen.buttons-0"' in wrong.text
    assert form_of(wrong, "/steps/").value("concern") == "Is it warm?"
    check = send(ada, wrong, "/steps/", chosen__buttons__horn="4")
    assert "Together £517.00" in words(check)
    back = send(ada, check, "/steps/", stage="change")
    assert form_of(back, "/steps/").values["chosen.extras"] == ["cuffs", "ticket"]
    first, again = (send(ada, check, "/steps/", stage="send") for _ in range(2))
    assert first.headers["location"] == again.headers["location"]
    receipt = ada.get(first.headers["location"])
    assert "Navy <b>flannel" not in receipt.text
    assert "Navy &lt;b&gt;flannel" in receipt.text
    assert "Tell us about yourself" in receipt.text
    kept = ada.get(first.headers["location"] + "/file")
    assert verify(kept.content).holds
    said = house.engine.track(house.engine.jobs(by="ada")[0].id, by="ada").conversation
    assert [(one.kind, one.text) for one in said] == [("concern", "Is it warm?")]


@pytest.mark.usefixtures("ada")
def test_an_answer_that_comes_too_late_is_shown_once_more(house: House) -> None:
    """What was typed for a step that is closed meanwhile was not kept, and is still there to be read; the page of the
    step says what became of it, to a reader whose zone is not known by the clock of the process."""
    begun(house, "bob")
    bob, step = house.visitor("bob"), waiting(house, "bob")
    page = bob.get(step)
    assert "All times in London" in bob.get("/").text
    house.clock.advance(timedelta(days=8))
    late = send(bob, page, "/steps/", **CHOSEN, concern="My <words>")
    assert late.status_code == 409
    assert "What you sent was not kept" in late.text
    assert "It worries me My &lt;words&gt;" in words(late)
    assert ("chosen" in words(late), "Horn 4" in words(late)) == (False, True)
    assert "The time for this ran out on Monday 11 May, 10:00." in words(bob.get(step))


@pytest.mark.usefixtures("ada")
def test_a_step_of_somebody_else_is_not_there(house: House) -> None:
    """It answers as one that never was, to a look and to an answer; and so does his receipt."""
    job = begun(house)
    bob, step = house.visitor("bob"), waiting(house)
    missing = step[:-1] + "9"
    seen, none = (re.sub(r'name="\w+" value="[^"]*"', "", bob.get(path).text) for path in (step, missing))
    assert seen == none
    assert bob.post(step, {"way": "chosen", "chosen.cloth": "navy"}).status_code == 404
    assert bob.get(f"/receipts/{job}/1").status_code == bob.get("/receipts/1234567/1").status_code == 404


def test_a_paused_job_says_so(house: House, ada: Visitor) -> None:
    """Nothing can be answered, and the page says why, in words."""
    job = begun(house)
    house.engine.suspend(job, because="The mill is on fire", by="olga")
    page = ada.get(waiting(house))
    assert "The mill is on fire" in page.text
    assert '<form method="post" action="/steps' not in page.text


def test_files_questions_appointment_approval_and_ballot(house: House, ada: Visitor) -> None:
    """The rest of the way: a file that was uploaded survives a refusal; a time is kept, lost to nobody, booked, moved;
    what is approved is shown, and asks for a code of who came by a link; a ballot is changed."""
    job = begun(house)
    step = waiting(house).removeprefix("/steps/").replace("%2E", ".")
    answer = {"cloth": "navy", "buttons": {"horn": 4}}
    house.engine.act(step, "chosen", answer, by="ada")
    files = {"answered.photo": ("me.txt", b"It is me", "text/plain")}
    page = send(ada, ada.get(waiting(house)), "/steps/", files, answered__height="1,75")
    assert (page.status_code, "me.txt" in page.text) == (422, True)
    check = send(ada, page, "/steps/", answered__height="175,5", answered__warm="yes", answered__who__name="Bob")
    assert "175.5 cm" in check.text
    assert "me.txt" in check.text
    assert send(ada, check, "/steps/", stage="send").status_code == 303
    saved = house.engine.data(job, by="olga")["about_you"]["photo"]
    assert str(saved).startswith("file-")

    step = waiting(house)
    page = ada.get(step)
    slots = re.findall(r'name="slot" id="slot-\d+" value="([^"]+)"', page.text)
    other = house.engine.start("coat", need={"what": "A coat", "by": "2026-06-01"}, by="bob").job
    _as_far_as_the_fitting(house, "bob")
    house.engine.act(house.engine.inbox(by="bob")[0].id, "book", {"slot": slots[0]}, by="bob")
    gone = send(ada, page, "/steps/", slot=slots[0])
    assert gone.status_code == 409
    assert "Somebody else was quicker" in gone.text
    assert f'value="{slots[1]}"' in gone.text
    assert send(ada, gone, "/steps/", slot=slots[1]).headers["location"] == step
    held = ada.get(step)
    assert "is kept for you" in held.text
    confirmed = ada.get(send(ada, held, "/steps/").headers["location"])
    assert "Your appointment" in words(confirmed)
    for page in (confirmed, ada.get(step)):
        (into,) = re.findall(r'href="([^"]+\.ics)"', page.text)
        assert "BEGIN:VEVENT" in ada.get(into).text
    check = send(ada, ada.get(step), "/steps/", way="move", slot=slots[5])
    assert "Nothing has happened yet." in check.text
    assert send(ada, check, "/steps/", stage="send").status_code == 303
    house.clock.advance(timedelta(days=2))
    house.engine.act(next(one.id for one in house.engine.inbox(by="tom") if one.job == job), "held", {}, by="tom")
    assert other != job

    linked = house.visitor("ada", "link", job)
    page = linked.get(waiting(house))
    assert "£432.00" in page.text
    assert "Show a code first" in page.text
    check = send(linked, page, "/steps/", way="changes", changes__words="Wider <sleeves>")
    kept = send(linked, check, "/steps/", stage="send")
    assert (kept.status_code, "Wider &lt;sleeves&gt;" in kept.text) == (403, True)
    sent = send(ada, ada.get(waiting(house)), "/steps/", way="changes")
    assert (sent.status_code, 'href="#f-changes.words"' in sent.text) == (422, True)
    check = send(ada, sent, "/steps/", way="approved")
    assert send(ada, check, "/steps/", stage="send").status_code == 303

    step = waiting(house)
    done = send(ada, ada.get(step), "/steps/", way="vote", vote__for="red")
    assert "Your vote is in for Red" in ada.get(done.headers["location"]).text
    again = ada.get(step)
    assert form_of(again, "/steps/").value("vote.for") == "red"
    assert "1 of 2 votes are in." in words(again)
    send(ada, again, "/steps/", way="abstain")
    assert "You abstained" in ada.get(step).text
    assert "%" not in words(ada.get(step))


def _as_far_as_the_fitting(house: House, person: str) -> None:
    engine = house.engine
    engine.act(engine.inbox(by=person)[0].id, "chosen", {"cloth": "navy", "buttons": {"horn": 4}}, by=person)
    engine.act(engine.inbox(by=person)[0].id, "answered", {"height": 170, "warm": True}, by=person)


def test_the_first_page_says_what_waits_what_goes_on_and_what_can_be_begun(house: House, ada: Visitor) -> None:
    """With the deadline, where each job stands, and the appointments to come; before anything it says so."""
    assert "Nothing is under way." in ada.get("/").text
    begun(house)
    page = ada.get("/")
    assert "Please answer by Mon 11 May, 10:00" in words(page)
    assert 'href="/start/coat"' in page.text
    _as_far_as_the_fitting(house, "ada")
    step = house.engine.step(house.engine.inbox(by="ada")[0].id, by="ada")
    house.engine.act(step.id, "book", {"slot": step.slots[0].isoformat()}, by="ada")
    page = words(ada.get("/"))
    assert "Nothing waits for you." in page
    assert "With Tom." in page


def test_what_was_written_to_her_waits_on_her_first_page(house: House, ada: Visitor) -> None:
    """The last word, where it is ours: of each job that goes on, and without one. What answers her, what she has
    answered, what is noted inside and what was said in a job that is over wait for nothing."""
    first, second, over = begun(house), begun(house), begun(house)
    engine = house.engine
    asked = engine.message(first, "Is it warm?", by="ada").question
    engine.message(first, "It is", to=asked, by="tom")
    engine.note(first, "She is always cold", by="tom")
    assert "We wrote to you" not in ada.get("/").text
    engine.message(second, "Which <lining>?", by="tom")
    house.clock.advance(timedelta(minutes=1))
    engine.message_to("ada", "We are closed on Monday", by="tom")
    engine.message(over, "Do you still want it?", by="tom")
    engine.end(over, "She did not", by="olga")
    page = ada.get("/")
    told = words(page)
    assert told.index("We are closed on Monday") < told.index("Which &lt;lining&gt;?")
    assert f'href="/jobs/{second}#said"' in page.text
    assert 'href="/me/messages"' in page.text
    assert ("It is " in told, "always cold" in told, "still want it" in told) == (False, False, False)
    assert 'id="said"' in ada.get(f"/jobs/{second}").text
    engine.message(second, "The red one", by="ada")
    engine.write("Thank you", by="ada")
    assert "We wrote to you" not in ada.get("/").text
    assert "Which &lt;lining&gt;?" not in house.visitor("bob").get("/").text
