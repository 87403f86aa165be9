"""The page of a job: its way, what is said, a change of mind, receipts; and who sees what of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from coat import COAT
from forms import form_of, send
from house import House, Visitor, opened
from playwright.sync_api import Browser

from flowengine import Settings, SimulatedClock
from flowengine.client import verify

BENCH = """
process: bench
title: A bench made with you
need: A bench
roles: {maker: {title: Maker}}
promise: {by: data.need.day}
states:
  need: {type: need, fields: {day: {type: string, format: date}}, next: build}
  build: {type: task, for: maker, phase: Making your bench, takes: P8D, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


@pytest.fixture
def coat(house: House) -> str:
    """The id of Ada's coat, which Mia is cutting."""
    engine = house.engine
    engine.deploy(COAT)
    engine.add_customer("ada", "Ada <b>Lund</b>", contact="ada@example.org")
    engine.add_customer("ben", "Ben")
    engine.add_staff("mia", "Mia", roles=["tailor"])
    need = {"day": "2026-06-12", "wish": "Nothing <script>itchy</script>"}
    job = engine.start("coat", by="ada", need=need).job
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "wool"}, by="ada")
    engine.claim(next(one.id for one in engine.inbox("mia") if one.title == "Cut it"), by="mia")
    return job


@pytest.fixture
def ada(house: House) -> Visitor:
    return house.visitor("ada")


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def test_a_customer_follows_her_job(house: House, coat: str) -> None:
    """What she did, who is at work and what comes, in words of the process; what is inside stays inside, and what
    people wrote is text. It is small, and for a link to the job as well."""
    for visitor in (house.visitor("ada"), house.visitor("ada", "link", coat)):
        found = visitor.get(f"/jobs/{coat}")
        page = found.text
        assert (found.status_code, len(found.content) < 30_000) == (200, True)
        assert "Nothing &lt;script&gt;itchy" in page
        assert "You have chosen Wool &lt;b&gt;." in page
        assert "Now:</span>" in page or "Now: Making your coat" in page
        assert "<strong>Cutting your cloth</strong>, Mia" in page
        assert "Friday 12 June" in page
        assert f"/receipts/{coat}/1" in page
        assert "margin" not in page.lower()
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon[a-z]+=", page)
        assert page.count("<h1>") == 1


def test_who_works_here_is_not_named_where_the_house_hides_it(sqlite_url: str) -> None:
    """The page says the house's name in the place of Mia's, also with what she has written."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with opened(sqlite_url, clock, settings=Settings(staff_as="The House")) as house:
        engine = house.engine
        engine.deploy(COAT)
        engine.add_customer("ada", "Ada")
        engine.add_staff("mia_4711", "Mia", roles=["tailor"])
        job = engine.start("coat", by="ada", need={"day": "2026-06-12", "wish": "Soft"}).job
        engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "wool"}, by="ada")
        engine.claim(next(one.id for one in engine.inbox("mia_4711") if one.title == "Cut it"), by="mia_4711")
        engine.message(job, "Do you come by train?", by="mia_4711")
        ada = house.visitor("ada")
        pages = [ada.get(path).text for path in ("/", f"/jobs/{job}", "/me", "/me/messages")]
        api = ("", "/conversation", "/data", "/receipts")
        pages += [ada.get(f"/api/v1/jobs/{job}{path}").text for path in api]
        assert not any("Mia" in page or "mia_" in page for page in pages)
        assert "The House" in pages[5]
        assert "<strong>Cutting your cloth</strong>, The House" in pages[1]
        assert "Mia" in house.visitor("mia_4711").get(f"/jobs/{job}").text


def test_who_sees_a_job(house: House, coat: str) -> None:
    """The organisation sees what is inside, operators where to see all; a foreign job and none are the same page."""
    staff, operator = (house.visitor(one).get(f"/jobs/{coat}").text for one in ("mia", "olga"))
    assert "Reckon our margin" in staff
    assert f"/ops/jobs/{coat}" in operator
    assert f"/ops/jobs/{coat}" not in staff
    ben, missing = house.visitor("ben"), coat.replace(coat[:8], "01900000")
    foreign, none = (ben.get(f"/jobs/{one}") for one in (coat, missing))
    assert (foreign.status_code, foreign.text) == (none.status_code, none.text.replace(missing, coat))
    assert foreign.status_code == 404


IDEA = """
process: idea
title: An idea
need: An idea
groups: {circle: {title: Circle}}
states:
  need: {type: need, fields: {title: {type: string}}, next: talk}
  talk:
    type: task
    open_to: {group: circle}
    ask: "What do you think: {data.need.title}"
    within: P5D
    on: {done: say, expired: say}
  say:
    type: tell
    to: everyone
    say: "What became of it: {data.need.title}"
    shows: {Thought of by: "{customer.name}"}
    next: fulfilled
  fulfilled: {type: fulfilled, because: It is answered}
"""


def test_who_took_part_finds_what_he_was_told(house: House) -> None:
    """His first page leads to the job of another, by what became of it; there it stands with its lines."""
    engine = house.engine
    engine.deploy(IDEA)
    for id in ("ada", "ben", "cid"):
        engine.add_customer(id, id.capitalize(), groups=[] if id == "ada" else ["circle"])
    job = engine.start("idea", by="ada", need={"title": "A <i>bag</i>"}).job
    ben = house.visitor("ben")
    assert "You took part in" not in ben.get("/").text
    engine.act(engine.inbox("ben")[0].id, by="ben")
    home = ben.get("/").text
    assert "You took part in" in home
    assert f'/jobs/{job}">What became of it: A &lt;i&gt;bag&lt;/i&gt;</a>' in home
    page = ben.get(f"/jobs/{job}").text
    assert "What you were told" in page
    assert '<dt>Thought of by</dt><dd class="kept">Ada</dd>' in page
    for other in ("cid", "ada"):
        assert "You took part in" not in house.visitor(other).get("/").text


def test_what_is_written_is_said_once(house: House, coat: str, ada: Visitor) -> None:
    """A message with a file waits for an answer; sent twice it is said once; without words it comes back with its file
    and all that was typed. What she asked she takes back."""
    key = key_of(ada.get(f"/jobs/{coat}").text)
    files = {"files": ("sleeve.txt", b"So long", "text/plain")}
    empty = ada.post(f"/jobs/{coat}/messages", {"key": key, "text": " ", "kind": "message"}, files)
    assert empty.status_code == 422
    assert 'role="alert"' in empty.text
    (kept,) = re.findall(r'name="files.kept" value="([^"]+)"', empty.text)
    assert "sleeve.txt" in empty.text
    asked = {"key": key, "text": "Like <this>", "kind": "message", "files.kept": kept}
    first, again = (ada.post(f"/jobs/{coat}/messages", asked) for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    page = ada.get(first.headers["location"]).text
    assert page.count('<p class="kept">Like &lt;this&gt;</p>') == 1
    assert f"/api/v1/files/{kept}/data" in page
    refused = ada.post(f"/jobs/{coat}/messages", {**asked, "text": "Or like that"})
    assert (refused.status_code, "Or like that</textarea>" in refused.text) == (409, True)
    assert ada.post(f"/jobs/{coat}/messages", {"text": "It may itch", "kind": "concern"}).status_code == 303
    concern = house.engine.conversation(coat, by="ada")[-1]
    assert (concern.kind, concern.status) == ("concern", "waiting")
    assert ada.post(f"/jobs/{coat}/take-back", {"question": concern.id}).status_code == 303
    assert house.engine.conversation(coat, by="ada")[-1].status == "taken_back"


def test_a_change_of_mind_is_looked_at_first(house: House, coat: str, ada: Visitor) -> None:
    """Asked, shown, and done only as it was shown: where it has changed meanwhile it is shown anew, with what was
    typed; once it is over, she is told why."""
    at = f"/jobs/{coat}/change/change_cloth"
    assert at in ada.get(f"/jobs/{coat}").text
    assert "Nothing has happened yet" in ada.get(at).text
    shown = ada.post(at, {"why": "Too <dear>", "way": "look"})
    assert shown.status_code == 200
    assert "Asked of you again" in shown.text
    assert "Too &lt;dear&gt;" in shown.text
    (digest,) = re.findall(r'name="preview" value="([0-9a-f]+)"', shown.text)
    corrected = ada.post(at, {"why": "Too <dear>", "way": "correct"})
    assert "Too &lt;dear&gt;" in corrected.text
    do = {"why": "Too <dear>", "way": "do", "preview": digest, "key": key_of(shown.text)}
    assert ada.post(at, {**do, "why": "Otherwise"}).status_code == 409
    stale = ada.post(at, {**do, "preview": "0" * 64})
    assert stale.status_code == 409
    assert "It has changed meanwhile" in stale.text
    assert 'value="Too &lt;dear&gt;"' in stale.text
    assert house.engine.track(coat, "ada").where[0].words == "Making your coat"
    done = ada.post(at, do)
    assert done.status_code == 303
    assert ada.post(at, do).headers["location"] == done.headers["location"]
    page = ada.get(done.headers["location"]).text
    assert 'role="status"' in page
    assert "Which cloth?" in page
    house.engine.act(house.engine.inbox("ada")[0].id, "chosen", {"cloth": "tweed"}, by="ada")
    cut = next(one.id for one in house.engine.inbox("mia") if one.title == "Cut it")
    house.engine.act(cut, "done", by="mia")
    assert "you can until it is cut" in ada.get(f"/jobs/{coat}").text
    late = ada.post(at, {"why": "", "way": "look"})
    assert (late.status_code, "That was not sent" in late.text) == (409, True)


def test_when_it_is_expected_is_told_on_pages(house: House) -> None:
    """A range of days, to the customer without the number of jobs; of a promise at risk once, with the other date."""
    bench = BENCH.replace("process: bench", "process: plain").replace("promise: {by: data.need.day}", "")
    for source in (BENCH, bench):
        house.engine.deploy(source)
    house.engine.add_staff("mia", "Mia", roles=["maker"])
    house.engine.add_customer("ada", "Ada")
    plain = house.engine.start("plain", by="ada", need={"day": "2026-08-01"}).job
    soon, far = (house.engine.start("bench", by="ada", need={"day": day}).job for day in ("2026-05-08", "2026-08-01"))
    house.engine.run_due()
    ada, mia, olga = (house.visitor(one) for one in ("ada", "mia", "olga"))
    assert "Expected between Tue 12 May 2026 and Wed 20 May 2026." in ada.get(f"/jobs/{plain}").text
    for job in (plain, far):
        assert "as the process says" in mia.get(f"/jobs/{job}").text
        assert "as the process says" not in ada.get(f"/jobs/{job}").text
    assert "Tue 12 May to Wed 20 May" in ada.get(f"/jobs/{far}").text
    risk = ada.get(f"/jobs/{soon}").text
    assert "A new date: Wed 20 May 2026 instead of Fri 8 May 2026" in risk
    assert "Tue 12 May to Wed 20 May" in risk
    assert "takes longer than we thought" not in risk  # the step says so
    assert mia.get("/work").text.count("expected Tue 12 May to Wed 20 May") == 3
    assert olga.get("/ops").text.count("expected Tue 12 May to Wed 20 May") == 3
    assert "Expected between Tue 12 May 2026 and Wed 20 May 2026" in olga.get(f"/ops/jobs/{far}").text


def test_another_date_is_asked_of_the_customer(house: House, coat: str, ada: Visitor) -> None:
    """Those inside ask, with a reason; what is wrong is said beside its box, and what was typed stays. It is asked
    once, and the customer has no such form."""
    mia, at = house.visitor("mia"), f"/jobs/{coat}/promise"
    page = mia.get(f"/jobs/{coat}")
    assert f'action="{at}"' in page.text
    assert at not in ada.get(f"/jobs/{coat}").text
    assert ada.post(at, {"to": "2026-06-19", "because": "Rain"}).status_code == 404
    for typed, box in ({"to": "someday", "because": "Rain <heavy>"}, "to"), ({"to": "2026-06-19"}, "because"):
        wrong = send(mia, page, "/promise", **typed)
        assert (wrong.status_code, f'id="{box}-problem"' in wrong.text) == (422, True)
    assert form_of(wrong, "/promise").value("to") == "2026-06-19"
    early = send(mia, page, "/promise", to="2020-01-01", because="Rain <heavy>")
    assert early.status_code in (409, 422)
    assert "Rain &lt;heavy&gt;" in early.text
    first, again = (send(mia, wrong, "/promise", because="Rain <heavy>") for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    assert f'action="{at}"' not in mia.get(f"/jobs/{coat}").text
    assert "Rain &lt;heavy&gt;" in ada.get(f"/jobs/{coat}").text
    late = send(mia, page, "/promise", to="2026-06-20", because="More rain")
    assert (late.status_code, form_of(late, "/promise").value("because")) == (409, "More rain")


def test_receipts_are_listed_and_taken_along(house: House, coat: str, ada: Visitor) -> None:
    """Each thing that she did has a file that holds by itself; of another's job there is none."""
    page = ada.get(f"/jobs/{coat}/receipts").text
    (first, *_more) = re.findall(r'href="([^"]+\.json)"', page)
    saved = ada.get(first)
    assert "attachment" in saved.headers["content-disposition"]
    assert verify(saved.content, coat).holds
    assert house.visitor("ben").get(first).status_code == 404
    assert ada.get(f"/jobs/{coat}/receipts/x.json").status_code == 404


def test_a_job_that_is_over_says_what_came_of_it(house: House, coat: str, ada: Visitor) -> None:
    """Late promises, a pause, an end with its reason, and erased: each in words."""
    house.engine.suspend(coat, because="A flood <in> the shop", by="olga")
    assert "A flood &lt;in&gt; the shop" in ada.get(f"/jobs/{coat}").text
    house.engine.resume(coat, because="Dry again", by="olga")
    house.clock.advance(timedelta(days=60))
    ada = house.visitor("ada")
    assert "has passed" in ada.get(f"/jobs/{coat}").text
    house.engine.end(coat, "The shop is closed", by="olga")
    page = ada.get(f"/jobs/{coat}").text
    assert "It has ended" in page
    assert "The shop is closed" in page
    house.engine.erase("ben", because="He asked")
    house.engine.erase("ada", because="She asked")
    assert "erased on request" in house.visitor("olga").get(f"/jobs/{coat}").text


def test_a_job_in_a_browser(house: House, coat: str, chromium: Browser) -> None:
    """It is as wide as the narrowest telephone, all that is pressed is large enough, and what has to be put right is
    in focus."""
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    context.add_cookies([{"name": "flow", "value": house.session("ada").secret, "url": house.url}])
    page = context.new_page()
    for path in (
        f"/jobs/{coat}",
        f"/jobs/{coat}/change/change_cloth",
        f"/jobs/{coat}/receipts",
        "/me",
        "/me/signing-in",
    ):
        page.goto(house.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        small = "e => e.filter(one => one.getBoundingClientRect().height < 24).map(one => one.outerHTML)"
        assert page.eval_on_selector_all("main button, main .btn, main .link", small) == [], path
    page.goto(f"{house.url}/jobs/{coat}")
    page.get_by_role("button", name="Send").click()
    page.wait_for_function("document.activeElement.className === 'problems'")
    page.get_by_label("Write to us").fill("Hello")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Your message is noted").wait_for()
    context.close()


def test_of_a_long_way_what_came_first_is_folded(house: House, coat: str, ada: Visitor) -> None:
    """So that what is at work is seen at once; all of it is there."""
    page = ada.get(f"/jobs/{coat}").text
    assert "What was done before" not in page
    for cloth in ("tweed", "wool", "tweed", "wool"):
        house.engine.invoke(coat, "change_cloth", {}, by="ada")
        house.engine.act(house.engine.inbox("ada")[0].id, "chosen", {"cloth": cloth}, by="ada")
    page = ada.get(f"/jobs/{coat}").text
    assert page.index("What was done before (6)") < page.index("Nothing &lt;script&gt;itchy") < page.index("</details>")
    assert page.count('<li class="done">') == 10


def test_who_works_here_reads_what_happened(house: House, coat: str, ada: Visitor) -> None:
    """The last first, in the history's words, the older folded; also of a job that is over. A customer does not."""
    for cloth in ("tweed", "wool"):
        house.engine.invoke(coat, "change_cloth", {}, by="ada")
        house.engine.act(house.engine.inbox("ada")[0].id, "chosen", {"cloth": cloth}, by="ada")
    house.engine.end(coat, "The shop is closed", by="olga")
    happened = house.engine.history(coat)
    mia = house.visitor("mia").get(f"/jobs/{coat}").text
    assert "Nothing has happened yet" not in mia
    assert f"What was done before ({len(happened) - 6})" in mia
    assert (
        mia.index("The shop is closed") < mia.index("What was done before") < mia.index("Nothing &lt;script&gt;itchy")
    )
    assert "What happened" not in ada.get(f"/jobs/{coat}").text
