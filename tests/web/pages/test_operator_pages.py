"""Operators: jobs found, incidents helped, and a hand that is looked at before it is used."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from forms import form_of, send
from house import House
from inside_house import FETCHING


def job_of(house: House, what: str) -> str:
    return next(one.id for one in house.engine.jobs() if house.engine.data(one.id)["need"]["what"] == what)


@pytest.mark.parametrize("person", ["tom", "ada"])
def test_to_all_others_there_are_no_such_pages(busy: House, person: str) -> None:
    """Neither to look nor to act."""
    job, other = job_of(busy, "a parcel"), busy.visitor(person)
    for path in ("/ops", "/ops/stuck", "/ops/incidents", f"/ops/jobs/{job}", f"/ops/jobs/{job}/end"):
        assert other.get(path).status_code == 404
    for path in ("/ops/incidents/retry", "/ops/incidents/retry-all", f"/ops/jobs/{job}/end"):
        assert other.post(path, {"because": "x", "stage": "do", "incident": "x"}).status_code == 404
    assert busy.engine.track(job, by="olga").status == "open"


def test_jobs_are_found(busy: House) -> None:
    """By process, status and customer; who is not there is said so at the box."""
    olga = busy.visitor("olga")
    assert "1 thing waits for an operator." in olga.get("/ops").text
    over = olga.get("/ops?process=fetching&status=ended")
    assert "It was sold" in over.text
    assert job_of(busy, "a parcel") not in over.text
    assert job_of(busy, "A wedding") in olga.get("/ops?customer=ada").text
    assert olga.get("/ops?customer=nobody+at+all").status_code == 422
    assert "the carrier is &lt;closed&gt;" in olga.get("/ops/stuck").text


def test_a_hand_is_looked_at_before_it_is_used(busy: House) -> None:
    """It takes a reason; to look changes nothing; what is done is done once, and stands in the history."""
    olga, job = busy.visitor("olga"), job_of(busy, "a parcel")
    page = olga.get(f"/ops/jobs/{job}/end")
    assert send(olga, page, "/end", because="").status_code == 422
    look = send(olga, page, "/end", because="Sold <out>", stage="look")
    assert (look.status_code, "Nothing has happened yet." in look.text) == (200, True)
    assert busy.engine.track(job, by="olga").status == "open"
    first, again = (send(olga, look, "/end", stage="do") for _ in range(2))
    assert first.headers["location"] == again.headers["location"] == f"/ops/jobs/{job}"
    assert busy.engine.track(job, by="olga").because == "Sold <out>"
    told = olga.get(f"/ops/jobs/{job}").text
    assert "Sold &lt;out&gt;" in told
    assert f"/ops/jobs/{job}/move" not in told
    late = send(olga, page, "/end", because="Once more", key="another", stage="look")
    assert late.status_code == 409
    assert form_of(late, "/end").value("because") == "Once more"


def test_each_hand_does_what_it_says(busy: House) -> None:
    """Paused and going on, data set, moved, migrated, a deadline moved, acted for, a call ended; what cannot be read is
    said at its box."""
    olga, engine = busy.visitor("olga"), busy.engine
    parcel, chair, anvil = (job_of(busy, one) for one in ("a parcel", "a chair", "an anvil"))

    def use(job: str, hand: str, of: str = "", **typed: str) -> int:
        page = olga.get(f"/ops/jobs/{job}/{hand}" + (f"?of={of}" if of else ""))
        look = send(olga, page, f"/{hand}", because="It must be", stage="look", **typed)
        return send(olga, look, f"/{hand}", stage="do").status_code if look.status_code == 200 else look.status_code

    assert use(chair, "resume") == 303
    assert engine.track(chair, by="olga").suspended is None
    assert use(chair, "suspend") == 303
    assert use(parcel, "data", place="need.what", value="a box") == 422
    assert use(parcel, "data", place="need.what", value='"a box"') == 303
    assert engine.data(parcel)["need"]["what"] == "a box"
    timer = next(one for one in engine.timers(parcel) if one.purpose == "expire")
    assert use(parcel, "deadline", timer.id, to="soon") == 422
    assert use(parcel, "deadline", timer.id, to="2026-06-01T12:00") == 303
    assert datetime(2026, 6, 1, 12, tzinfo=UTC) in [one.due for one in engine.timers(parcel)]
    assert use(parcel, "migrate") == 403
    step = engine.track(parcel, by="olga").waiting[0].id
    assert use(parcel, "act", step, person="tom", outcome="brought", answer="[1]") == 422
    assert use(parcel, "act", step, person="tom", outcome="brought", answer='{"said": "Rang", "kilos": 2}') == 303
    assert engine.track(parcel, by="olga").status == "fulfilled"
    call = engine.incidents()[0].id
    assert use(anvil, "skip", call) == 303
    assert engine.incidents() == []
    assert use(anvil, "move", to="brought") == 303
    assert engine.track(anvil, by="olga").status == "fulfilled"
    assert olga.get(f"/ops/jobs/{anvil}/dance").status_code == 404


def test_incidents_are_tried_again(busy: House) -> None:
    """One, or all of a sort; one that is none any more says so."""
    olga = busy.visitor("olga")
    page = olga.get("/ops/incidents")
    assert "the carrier is &lt;closed&gt;" in page.text
    incident = busy.engine.incidents()[0].id
    done = send(olga, page, "/ops/incidents/retry", incident=incident)
    assert "Tried again: 1" in olga.get(done.headers["location"]).text
    assert busy.engine.incidents() == []
    assert send(olga, page, "/ops/incidents/retry", incident="0.1").status_code == 422
    busy.engine.run_due()
    every = olga.post("/ops/incidents/retry-all", {"kind": "call", "key": "k"})
    assert every.headers["location"].endswith("tried=1&refused=0")


@pytest.mark.usefixtures("graphviz")
def test_pictures_of_a_process_and_of_a_job(busy: House) -> None:
    """Where the extra is installed the pages have them; a picture lets no script in, and others see none."""
    olga, job = busy.visitor("olga"), job_of(busy, "an anvil")
    for page in ("/ops/processes/fetching", f"/ops/jobs/{job}"):
        assert f'src="{page}/picture"' in olga.get(page).text
        found = olga.get(f"{page}/picture")
        assert found.headers["content-type"] == "image/svg+xml"
        assert "default-src 'none'" in found.headers["content-security-policy"]
        assert "Fetched &amp; brought" in found.text
        assert busy.visitor("tom").get(f"{page}/picture").status_code == 404


def test_a_process_takes_no_new_jobs_for_a_while(busy: House) -> None:
    """With a reason; its text is shown as it is, and one that is not there is nothing."""
    olga = busy.visitor("olga")
    assert "Fetched &amp; brought" in olga.get("/ops/processes").text
    page = olga.get("/ops/processes/fetching")
    assert "order_carrier" in page.text
    assert send(olga, page, "/processes/fetching", because="").status_code == 422
    assert send(olga, page, "/processes/fetching", because="The van is away", do="suspend").status_code == 303
    page = olga.get("/ops/processes/fetching")
    assert "The van is away" in page.text
    assert send(olga, page, "/processes/fetching", because="It is back", do="resume").status_code == 303
    assert all(one.suspended is None for one in busy.engine.processes())
    assert olga.get("/ops/processes/none").status_code == 404


def test_somebody_comes_hands_over_and_leaves(busy: House) -> None:
    """Nobody is entered over another; what would become of what he has is shown before he has left."""
    olga, engine = busy.visitor("olga"), busy.engine
    page = olga.get("/ops/people")
    assert send(olga, page, "/ops/people", id="tom", name="Another").status_code == 409
    made = send(olga, page, "/ops/people", id="kim", name="Kim", roles=["tailor"])
    assert made.headers["location"] == "/ops/people/kim"
    assert engine.person("kim").roles == ("tailor",)
    assert send(olga, olga.get("/ops/people/kim"), "/roles", roles=["porter"]).status_code == 303
    assert engine.person("kim").roles == ("porter",)

    page = olga.get("/ops/people/tom")
    assert send(olga, page, "/hand-over", to="mia", because="").status_code == 422
    look = send(olga, page, "/hand-over", to="mia", because="Holidays", stage="look")
    assert "Handed over: 1" in look.text
    assert len(engine.holdings("tom", by="olga").claimed) == 1
    assert send(olga, look, "/hand-over", stage="do").status_code == 303
    assert len(engine.holdings("mia", by="olga").claimed) == 1
    look = send(olga, olga.get("/ops/people/mia"), "/leave", because="The sea", stage="look")
    assert "Given back to all whom they wait for: 1" in look.text
    assert engine.person("mia").left is None
    assert send(olga, look, "/leave", stage="do").status_code == 303
    assert engine.person("mia").left_because == "The sea"


def test_versions_are_compared_and_their_jobs_moved(busy: House) -> None:
    """What is different is told as `flow diff` tells it; what would move, and what would not and why, is shown before
    anything does; wrong input says so at its box, and what was typed stays."""
    olga, engine = busy.visitor("olga"), busy.engine
    (old,) = [one.version for one in engine.processes() if one.name == "fetching"]
    assert "Both mean the same." in olga.get("/ops/processes/fetching/differences").text
    newer = FETCHING.replace("bring", "carry").replace("Fetched & brought", "Fetched <b>")
    new = engine.deploy(newer).version
    page = olga.get("/ops/processes/fetching")
    assert f"/differences?was={old}" in page.text
    told = olga.get(f"/ops/processes/fetching/differences?was={old}").text
    assert "the title: “Fetched &lt;b&gt;”" in told
    assert "tailor" in told.lower()
    assert olga.get("/ops/processes/fetching/differences?was=nothing").status_code == 404
    assert busy.visitor("tom").get("/ops/processes/fetching/migrate").status_code == 404

    page = olga.get(f"/ops/processes/fetching/migrate?was={old}")
    assert form_of(page, "/migrate").value("was") == old
    for wrong in ({"because": ""}, {"states": "bring"}, {"fill": "need.what = blue"}, {"version": "none"}):
        again = send(olga, page, "/migrate", **{"because": "A new text", "stage": "look", **wrong})
        assert (again.status_code, 'role="alert"' in again.text) == (422, True)
        assert all(
            form_of(again, "/migrate").value(name) == typed for name, typed in wrong.items() if name != "version"
        )
    blocked = send(olga, page, "/migrate", because="A new text", stage="look")
    assert "not possible" in blocked.text
    look = send(olga, page, "/migrate", because="A new text", states="bring = carry", stage="look")
    assert "Would be moved" in look.text
    assert {one.version for one in engine.jobs(process="fetching", status="open")} == {old}
    assert form_of(send(olga, look, "/migrate", stage="again"), "/migrate").value("states") == "bring = carry"
    done = send(olga, look, "/migrate", stage="do")
    assert "Moved: 4." in olga.get(done.headers["location"]).text
    assert {one.version for one in engine.jobs(process="fetching", status="open")} == {new}


def test_where_the_jobs_of_a_process_stand(busy: House) -> None:
    """Each state by its title, with how many and for how long."""
    page = busy.visitor("olga").get("/ops/processes/fetching").text
    assert "Where its jobs stand" in page
    assert "5 hours ago" in page
    assert "<td>Bring</td>" in page
