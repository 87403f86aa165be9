"""Staff at their work: the list, a step with its customer beside it, and what they say of her and to her."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

from forms import form_of, send
from house import House
from httpx import Response


def words(page: Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.text))


def step_called(house: House, title: str, person: str = "tom") -> str:
    found = next(one for one in house.engine.inbox(by=person) if one.title == title)
    return "/work/" + quote(found.id, safe="")


def test_what_is_ones_own_comes_first_and_the_rest_by_urgency(busy: House) -> None:
    """It is narrowed by process and words, taken and given back from the list by one form; a step that is gone says
    why; who has no role has no steps of it, and to a customer there is no such page."""
    tom = busy.visitor("tom")
    page = tom.get("/work")
    told = words(page)
    assert told.index("With you") < told.index("Bring a parcel") < told.index("For whoever takes it")
    assert told.index("Asked about a job") < told.index("Is it warm") < told.index("For whoever takes it")
    assert told.index("For whoever takes it") < told.index("Measure") < told.index("Bring a chair")
    assert "Are you open on Sunday?" in told
    assert "<b>& cape" not in page.text
    few = tom.get("/work?process=fetching&role=tailor&text=chair")
    assert ("Bring a chair" in few.text, "Measure" in few.text) == (True, False)

    measure, chair = step_called(busy, "Measure"), step_called(busy, "Bring a chair")
    taken = send(tom, page, "/work/claim", step=measure.rpartition("/")[2])
    assert taken.headers["location"] == measure
    form = form_of(page, "/work/claim")
    assert tom.post("/work/release", {"key": form.value("key"), "step": measure[6:]}).headers["location"] == "/work"
    busy.engine.assign(measure[6:], "mia", by="olga")
    late = send(tom, page, "/work/claim", step=measure[6:], key="another")
    assert late.status_code == 409
    assert "Nothing was changed" in late.text
    assert "Measure" not in words(busy.visitor("ned").get("/work"))
    assert busy.visitor("ned").get(chair).status_code == 404
    assert busy.visitor("ada").get("/work").status_code == 404


def test_a_task_is_done_and_nothing_typed_is_lost(busy: House) -> None:
    """What is wrong is told beside it; sent twice it is done once; the list says what came of it; what another has
    done meanwhile is said, with what was typed still there."""
    tom, parcel = busy.visitor("tom"), step_called(busy, "Bring a parcel")
    page = tom.get(parcel)
    unsaid = send(tom, page, parcel, brought__said="Rang twice", brought__kilos="2.5")
    assert (unsaid.status_code, "Please say what you have done." in unsaid.text) == (422, True)
    wrong = send(tom, page, parcel, way="brought", brought__said="x", brought__kilos="many")
    assert wrong.status_code == 422
    assert form_of(wrong, parcel).value("brought.kilos") == "many"
    first, again = (
        send(tom, page, parcel, way="brought", brought__said="Rang twice", brought__kilos="2.5") for _ in range(2)
    )
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    assert "brought" in words(tom.get(first.headers["location"])).lower()

    other = next(one for one in busy.engine.inbox(by="tom") if one.title.startswith("Bring Coat"))
    path = "/work/" + quote(other.id, safe="")
    page = tom.get(path)
    busy.engine.act(other.id, "lost", {"said": "The wind", "kilos": 1}, by="mia")
    late = send(tom, page, path, way="brought", brought__said="Rang twice", brought__kilos="2.5")
    assert late.status_code == 409
    assert "This was settled on" in late.text


def test_an_appointment_is_moved_and_then_held(busy: House) -> None:
    """Before its time it can be moved; after it one says whether it was held."""
    tom = busy.visitor("tom")
    measure = step_called(busy, "Measure")
    page = tom.get(measure)
    assert "The appointment was held" not in page.text
    chosen = re.search(r'name="slot" id="slot-2" value="([^"]+)"', page.text)
    assert chosen is not None
    assert send(tom, page, measure, way="move", slot=chosen[1]).status_code == 303
    busy.clock.advance(timedelta(days=3))
    busy.engine.run_due()
    tom = busy.visitor("tom")  # who was signed in before is so no longer
    page = tom.get(measure)
    assert send(tom, page, measure, way="held").status_code == 303
    assert busy.engine.jobs(customer="ada", by="tom")[0].states == ("agree",)


def test_what_is_known_said_and_noted_beside_a_step(busy: House) -> None:
    """A concern is answered and its author told; what is learned is added; a note stays inside, a message goes out;
    an empty box says so and keeps the others' words apart."""
    tom, measure = busy.visitor("tom"), step_called(busy, "Measure")
    page = tom.get(measure)
    told = words(page)
    for known in ("Is it warm in the church?", "Room at the shoulders", "Half lining", "Promised for", "She pays late"):
        assert known in told
    job = next(one.id for one in busy.engine.jobs(process="coat"))

    nothing = send(tom, page, f"{measure}/answers", answer=" ")
    assert (nothing.status_code, 'role="alert"' in nothing.text) == (422, True)
    assert send(tom, page, f"{measure}/answers", answer="There is").status_code == 303
    assert [one.answer for one in busy.engine.facts("ada", by="ada") if one.answer] == ["There is"]
    assert send(tom, page, f"{measure}/facts", kind="need", fact="Pockets <deep>").status_code == 303
    assert "Pockets &lt;deep&gt;" in tom.get(measure).text
    assert send(tom, page, f"{measure}/facts", fact="").status_code == 422

    assert send(tom, page, f"{measure}/notes", note="Only for us").status_code == 303
    assert "Please write something." in send(tom, page, f"{measure}/messages", message=" ").text
    files = {"message-files": ("plan.txt", b"a plan")}
    refused = send(tom, page, f"{measure}/messages", files, message="")
    assert refused.status_code == 422
    assert "plan.txt" in refused.text
    assert send(tom, refused, f"{measure}/messages", message="Come at ten").status_code == 303
    assert "plan.txt" in tom.get(measure).text
    hers = {one.text for one in busy.engine.conversation(job, by="ada")}
    assert "Come at ten" in hers
    assert "Only for us" not in hers
    assert {"Come at ten", "Only for us"} <= {one.text for one in busy.engine.conversation(job, by="mia")}

    nobody = send(tom, page, f"{measure}/assign", whom="nobody at all")
    assert (nobody.status_code, form_of(nobody, "/assign").value("whom")) == (422, "nobody at all")
    assert send(tom, page, f"{measure}/assign", whom="Mia").status_code == 303
    assert "Mia has taken this." in tom.get(measure).text
