"""Operators: jobs found, incidents helped, and a hand that is looked at before it is used."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from forms import form_of, send
from house import House, opened
from inside_house import FETCHING

from flowengine import Settings, SimulatedClock


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


def test_jobs_by_age(busy: House) -> None:
    """Those that were begun more than so many days ago, the oldest first, page by page; what is no number says so."""
    busy.clock.advance(timedelta(days=40))
    olga = busy.visitor("olga")
    new = busy.engine.start("fetching", need={"what": "a clock"}, customer="bob", by="tom").job
    old = [one.id for one in busy.engine.jobs()][:0:-1]
    found = olga.get("/ops?older=30").text
    assert new not in found
    assert sorted(old, key=found.index) == old
    assert f'value="{30}"' in found
    assert "There is no such job." in olga.get("/ops?older=41").text
    wrong = olga.get("/ops?older=a+month&status=open")
    assert (wrong.status_code, "a month" in wrong.text) == (422, True)


def test_settings_and_health(busy: House) -> None:
    """What is wrong comes first, with what helps; what is set is told, and of secrets only that they are; an archive is
    only counted."""
    olga = busy.visitor("olga")
    assert 'href="/ops/settings"' in olga.get("/ops").text
    page = olga.get("/ops/settings").text
    assert (
        page.index("Calls of services gave up: 1") < page.index("Nobody is written to by mail") < page.index("SQLite ")
    )
    assert "FLOW_ZONE" in page
    assert "sqlite:///" in page
    busy.clock.advance(timedelta(days=4))
    olga = busy.visitor("olga")  # the session before is over
    late = olga.get("/ops/settings").text
    assert "Timers have been due for" in late
    assert "flow worker" in late
    assert "<p>1 job." in " ".join(olga.get("/ops/settings?before=2026-06-01").text.split())
    wrong = olga.get("/ops/settings?before=soon")
    assert (wrong.status_code, 'value="soon"' in wrong.text) == (422, True)
    assert busy.visitor("tom").get("/ops/settings").status_code == 404


def test_secrets_are_not_on_the_page(sqlite_url: str) -> None:
    """Not one of them, in whatever setting."""
    hidden = "whsec_" + b64encode(b"x" * 24).decode()
    settings = Settings(
        http_secret=hidden, mail="smtp://me:pass-word@host:587", mail_from="a@b.example", files="memory://"
    )
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with opened(sqlite_url, clock, settings=settings) as house:
        house.engine.add_staff("olga", "Olga", roles=["operator"])
        page = house.visitor("olga").get("/ops/settings").text
    assert "a@b.example" in page
    assert not any(one in page for one in (hidden, "pass-word", "memory:"))
    assert "Nobody is written to by mail" not in page


def test_people_are_changed(busy: House) -> None:
    """Roles stand there as the processes call them; a name, a zone, an absence; what is wrong says so, and what was
    typed stays."""
    olga, engine = busy.visitor("olga"), busy.engine
    assert '<span class="tag">Tailor</span>' in olga.get("/ops/people").text
    page = olga.get("/ops/people/tom")
    assert "> Tailor</label>" in page.text
    wrong = send(olga, page, "/name", name="Thomas", zone="Moon")
    assert (wrong.status_code, form_of(wrong, "/name").value("zone")) == (422, "Moon")
    assert send(olga, page, "/name", name="Thomas", zone="Europe/Berlin").status_code == 303
    assert (engine.person("tom").name, engine.person("tom").zone) == ("Thomas", "Europe/Berlin")
    wrong = send(olga, page, "/away", first="2026-06-01", last="")
    assert (wrong.status_code, form_of(wrong, "/away").value("first")) == (422, "2026-06-01")
    assert send(olga, page, "/away", first="2026-06-03", last="2026-06-01").status_code == 422
    assert send(olga, page, "/away", first="2026-05-04", last="2026-05-20", why="The sea").status_code == 303
    page = olga.get("/ops/people/tom")
    assert "The sea" in page.text
    start = engine.person("tom").absences[0].start.isoformat()
    assert send(olga, page, "/back", start=start).status_code == 303
    assert engine.person("tom").absences == ()
    assert busy.visitor("tom").post("/ops/people/tom/name", {"name": "X"}).status_code == 404


def test_how_somebody_signs_in(busy: House) -> None:
    """Sessions end one by one; a link to register by is shown once, and leads to its door."""
    olga, tom = busy.visitor("olga"), busy.visitor("tom")
    assert tom.get("/work").status_code == 200
    page = olga.get("/ops/people/tom/signing-in")
    (session,) = busy.engine.sessions("tom")
    assert send(olga, page, "/signing-in/end", id=session.id).status_code == 303
    assert tom.get("/work").status_code == 303
    made = send(olga, page, "/enrol")
    shown = olga.get(made.headers["location"])
    link = shown.text.split('<code class="secret">')[1].split("</code>")[0]
    assert link not in olga.get("/ops/people/tom/signing-in").text
    assert busy.visitor().get(link.removeprefix(busy.url)).status_code == 200
    assert "made a link by which tom" in olga.get("/ops/audit?about=tom").text.replace("Tom", "tom")
    assert "Where they are signed in" in olga.get("/customers/ada").text
    assert olga.get("/ops/people/ada/signing-in").status_code == 200
    assert busy.visitor("mia").get("/ops/people/tom/signing-in").status_code == 404


def test_tokens_of_machines(busy: House) -> None:
    """Made, shown once, and revoked; what cannot be says so at its box."""
    olga = busy.visitor("olga")
    page = olga.get("/ops/tokens")
    assert send(olga, page, "/ops/tokens", scope="worker", subject="mill", days="forever").status_code == 422
    wrong = send(olga, page, "/ops/tokens", scope="worker", subject="mill", handlers="")
    assert (wrong.status_code, form_of(wrong, "/ops/tokens").value("subject")) == (422, "mill")
    made = send(olga, page, "/ops/tokens", scope="worker", subject="mill", handlers="cut, sew", days="30")
    page = olga.get(made.headers["location"])
    secret = page.text.split('<code class="secret">')[1].split("</code>")[0]
    assert busy.engine.token(secret).handlers == ("cut", "sew")
    assert secret not in olga.get("/ops/tokens").text
    (token,) = busy.engine.tokens()
    assert send(olga, page, "/revoke", id=token.id, back="yes").status_code == 303
    assert busy.engine.tokens()[0].revoked is not None
    assert busy.visitor("tom").get("/ops/tokens").status_code == 404


def test_a_link_to_a_job_is_ended(busy: House) -> None:
    """It opens nothing any more."""
    olga, job = busy.visitor("olga"), job_of(busy, "A wedding")
    link = busy.engine.make_link(job, "ada", by="olga")
    page = olga.get(f"/ops/jobs/{job}")
    assert "used 0 of 20 times" in page.text
    assert send(olga, page, "/links/end", id=link.id).status_code == 303
    assert busy.engine.links(job)[0].revoked is not None
    assert "/links/end" not in olga.get(f"/ops/jobs/{job}").text


def test_a_calendar_is_closed_and_opened(busy: House) -> None:
    """By those who work here; what was booked for then is told; a day's free hours are shown."""
    tom, engine = busy.visitor("tom"), busy.engine
    page = tom.get("/calendar")
    (calendar,) = [one.calendar for one in engine.free_hours()]
    assert calendar in page.text
    wrong = send(tom, page, "/calendar/close", closed=calendar, **{"closed-first": "2026-05-05"})
    assert (wrong.status_code, form_of(wrong, "/calendar/close").value("closed-first")) == (422, "2026-05-05")
    past = {"closed-first": "2026-01-01", "closed-last": "2026-01-02"}
    assert send(tom, page, "/calendar/close", closed=calendar, **past).status_code == 422
    days = {"closed-first": "2026-05-05", "closed-last": "2026-05-08", "closed-why": "A burst <pipe>"}
    done = send(tom, page, "/calendar/close", closed=calendar, **days)
    told = tom.get(done.headers["location"]).text
    assert "stays booked, and is to be moved: 1." in told
    assert "A burst &lt;pipe&gt;" in told
    assert "There is no room." in told
    (closure,) = engine.closures()
    again = send(tom, tom.get("/calendar"), "/calendar/open", of=calendar, start=closure.start.isoformat())
    assert again.status_code == 303
    assert engine.closures() == []
    assert busy.visitor("ada").post("/calendar/close", days).status_code == 404


def test_facts_are_said_otherwise_and_their_past_is_seen(busy: House) -> None:
    """What the organisation has said it changes; what a customer has said stays hers; each version is kept."""
    tom, engine = busy.visitor("tom"), busy.engine
    fact = next(one for one in engine.facts("ada") if one.text == "Half lining")
    page = tom.get("/customers/ada")
    assert page.text.count(">Say it otherwise<") == 1
    wrong = send(tom, page, "/facts/change", text="  ", kind="note")
    assert (wrong.status_code, f"change-{fact.id}-problem" in wrong.text) == (422, True)
    assert send(tom, page, "/facts/change", text="Full lining <b>", show="yes").status_code == 303
    page = tom.get("/customers/ada")
    assert f"/customers/ada/facts/{fact.id}" in page.text
    past = tom.get(f"/customers/ada/facts/{fact.id}").text
    assert past.index("Full lining &lt;b&gt;") < past.index("Half lining")
    assert tom.get(f"/customers/bob/facts/{fact.id}").status_code == 404


def test_a_customers_name_and_groups_are_changed(busy: House) -> None:
    """Those inside do; what is no name says so, and what was typed stays."""
    tom, engine = busy.visitor("tom"), busy.engine
    page = tom.get("/customers/ada")
    assert form_of(page, "/ada/person").value("groups") == "members"
    wrong = send(tom, page, "/ada/person", name="A" * 300, groups="friends")
    assert (wrong.status_code, form_of(wrong, "/ada/person").value("groups")) == (422, "friends")
    assert send(tom, page, "/ada/person", name="Ada L.", groups="members, friends").status_code == 303
    assert (engine.person("ada").name, engine.person("ada").groups) == ("Ada L.", ("members", "friends"))
