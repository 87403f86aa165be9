"""Notices to people: who is told what, by mail, webhook or otherwise, on both databases, with real servers."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from engine_flows import SUIT, VOTE
from mail_server import MailServer, text_of
from waiting import join

from flowengine import NOTIFY, Database, Engine, HandlerCall, SimulatedClock
from flowengine.commands import links
from flowengine.errors import NotConfigured
from flowengine.runtime.settings import Settings
from flowengine.runtime.ways_in import WaysIn
from flowengine.signing import new_secret, verify

SECRET = new_secret()
APPRISE = "ignore:'imghdr' is deprecated"
"""What Apprise's own imports warn of."""
FROM = "Tailor <suits@example.org>"
ESCALATING = SUIT.replace("process: small_suit", "process: patient").replace(
    "    title: Cut the cloth\n", "    title: Cut the cloth\n    escalate: [{after: P2D, to: tailor}]\n"
)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    server = MailServer()
    yield server
    server.close()


class Hook:
    """A receiver of webhooks: what it was sent, and what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 60  # of who connects and sends nothing

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(outer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing on standard error."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notices"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        join(self._thread)
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A receiver of webhooks."""
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def make(database: Database, clock: SimulatedClock) -> Callable[..., Engine]:
    """Engines on one database, with settings; Ada and the staff are known."""

    def begin(**settings: Any) -> Engine:
        engine = Engine(database, clock=clock, handlers={}, settings=Settings(**settings))
        engine.run_due()  # so that it is known what is carried
        return engine

    with Engine(database, clock=clock, handlers={}) as engine:
        engine.deploy(SUIT)
        engine.add_customer("ada", "Ada Ä", contact="ada@example.org")
        engine.add_staff("tom", "Tom", roles=["tailor"], contact="tom@example.org")
        engine.add_staff("cleo", "Cleo", roles=["cutter"], contact="cleo@example.org")
        engine.add_staff("cora", "Cora", roles=["cutter"], contact="cora@example.org")
        engine.add_staff("olga", "Olga", roles=["operator"])
    return begin


def smtp(server: MailServer, **more: Any) -> dict[str, Any]:
    """Settings for a mail server."""
    return {"mail": f"smtp://127.0.0.1:{server.port}", "mail_from": FROM} | more


def start(engine: Engine, process: str = "small_suit") -> str:
    """A job of Ada's."""
    return engine.start(process, by="ada", need={"occasion": "Work"}).job


def settle(engine: Engine) -> None:
    """All that is due, and what follows from it."""
    while engine.run_due().anything:
        pass


def told(server: MailServer) -> list[tuple[str, str]]:
    """Who was written to, and about what, in order."""
    return [(str(one["To"].addresses[0].addr_spec), str(one["Subject"])) for one in server.letters]


def test_a_job_is_told_from_its_first_step_to_its_end(
    make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock
) -> None:
    """Those whom a step waits for are written to, are reminded, and the customer hears of the end."""
    engine = make(**smtp(mail, url="https://flow.example"))
    job = start(engine)
    settle(engine)
    assert told(mail) == [("ada@example.org", "Choose your cloth")]
    clock.advance(timedelta(days=4))
    settle(engine)
    assert told(mail)[1:] == [("ada@example.org", "Reminder: Choose your cloth")]
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    settle(engine)
    assert sorted(told(mail)[2:]) == [("cleo@example.org", "Cut the cloth"), ("cora@example.org", "Cut the cloth")]
    engine.act(engine.inbox("cleo")[0].id, by="cleo")
    engine.act(engine.inbox("tom")[0].id, by="tom")
    engine.act(engine.inbox("ada")[0].id, "approved", by="ada")
    settle(engine)
    assert told(mail)[-1] == ("ada@example.org", "A small suit: done")
    assert engine.audit(job).fine


def test_the_customer_is_written_to_when_it_takes_longer(
    make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock
) -> None:
    """In plain words, without the name of the state, and not where the job has gone on before it is sent."""
    engine = make(**smtp(mail, url="https://flow.example"))
    job, other = start(engine), start(engine)
    for item in engine.inbox("ada"):
        engine.act(item.id, "chosen", {"cloth": "navy"}, by="ada")
    settle(engine)
    before = len(mail.letters)
    clock.advance(timedelta(days=8))
    step = next(item.id for item in engine.inbox("cleo") if item.job == other)
    engine.act(step, by="cleo")
    settle(engine)
    late = [one for one in mail.letters[before:] if "takes longer" in str(one["Subject"])]
    assert [(str(one["To"].addresses[0].addr_spec), str(one["Subject"])) for one in late] == [
        ("ada@example.org", "A small suit: it takes longer")
    ]
    text = text_of(late[0])
    assert "It takes longer than it should; we have been told, and look into it." in text
    assert f"https://flow.example/jobs/{engine.track(job, by='ada').short}" in text
    assert "cut" not in text.lower()


def test_an_answer_is_mailed_with_its_question(
    make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock
) -> None:
    """Staff are written to by the words of the question, who asked by answer and question, and that it takes longer."""
    engine = make(**smtp(mail, url="https://flow.example"))
    engine.deploy(SUIT.replace("states:", "questions: cutter\nstates:", 1))
    job = start(engine)
    question = engine.say(job, "Is it wool?\nI cannot wear it.", "question", by="ada").question
    settle(engine)
    assert sorted(told(mail))[1:] == [
        ("cleo@example.org", "Is it wool? I cannot wear it."),
        ("cora@example.org", "Is it wool? I cannot wear it."),
    ]
    before = len(mail.letters)
    clock.advance(timedelta(days=3))
    settle(engine)
    subjects = ["Not answered yet: Is it wool? I cannot wear it.", "Reminder: Choose your cloth"]
    assert [str(one["Subject"]) for one in mail.letters[before:]] == subjects
    late = text_of(mail.letters[before]).replace("\r\n", "\n")
    assert "You have asked:\n    Is it wool?\n    I cannot wear it.\n" in late
    assert "It takes longer than it should until this is answered; we have been told, and look into it." in late
    engine.say(job, "It is cotton.", "answer", to=question, by="cora")
    settle(engine)
    assert told(mail)[-1] == ("ada@example.org", "Answer: Is it wool? I cannot wear it.")
    text = text_of(mail.letters[-1]).replace("\r\n", "\n")
    assert "The answer:\n    It is cotton.\n" in text
    long = f"I have {'very ' * 40}cold hands"
    written = engine.message(job, long, by="ada").question
    settle(engine)
    assert long in " ".join(text_of(mail.letters[-1]).split())
    engine.message(job, "We line the pockets.", to=written, by="cora")
    settle(engine)
    assert f"You have written: {long} The answer: We line" in " ".join(text_of(mail.letters[-1]).split())
    assert f"https://flow.example/jobs/{engine.track(job, by='ada').short}" in text


def test_that_there_is_no_answer_is_not_told_once_there_is(
    make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock
) -> None:
    """What is true when it is sent counts: somebody answered just now."""
    engine = make(**smtp(mail))
    job = start(engine)
    question = engine.say(job, "Is it wool?", "question", by="ada").question
    settle(engine)
    clock.advance(timedelta(days=3))
    engine.say(job, "It is.", "answer", to=question, by="tom")
    settle(engine)
    assert [subject for who, subject in told(mail) if who == "ada@example.org"] == [
        "Choose your cloth", "Reminder: Choose your cloth", "Answer: Is it wool?",
    ]  # fmt: skip


def test_the_customer_is_written_to_when_a_promised_day_has_passed(
    make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock
) -> None:
    """Once, with the day in the zone of the process and what is done about it; not where the job is over before it is
    sent, nor to anybody else."""
    engine = make(**smtp(mail, url="https://flow.example"))
    promising = SUIT.replace("need: A suit\n", "need: A suit\nzone: Asia/Tokyo\npromise: {by: data.need.by}\n")
    engine.deploy(promising.replace("      occasion:", "      by: {type: string, format: date}\n      occasion:"))
    need = {"by": "2026-05-10", "occasion": "Work"}
    job, other = (engine.start("small_suit", by="ada", need=need).job for _ in range(2))
    for item in engine.inbox("ada"):
        engine.act(item.id, "chosen", {"cloth": "navy"}, by="ada")
    settle(engine)
    mail.letters.clear()
    clock.set(datetime(2026, 5, 10, 15, tzinfo=UTC))  # as the eleventh begins in Tokyo
    assert engine.jobs(late=True)
    engine.invoke(other, "withdraw", by="ada")
    settle(engine)
    subjects = ["A small suit: ended", "A small suit: later than promised"]
    assert sorted(told(mail)) == [("ada@example.org", subject) for subject in subjects]
    (late,) = (one for one in mail.letters if str(one["Subject"]) == subjects[1])
    text = text_of(late)
    words = "The day we promised, Sun 10 May 2026, has passed. We are still at work on it: Making your suit."
    assert words in text
    assert f"https://flow.example/jobs/{engine.track(job, by='ada').short}" in text


def test_a_mail_says_what_until_when_and_where(make: Callable[..., Engine], mail: MailServer) -> None:
    """The text has the question, the deadline, a link that only shows, and no answer's data."""
    engine = make(**smtp(mail, url="https://flow.example"))
    job = start(engine)
    settle(engine)
    (letter,) = mail.letters
    step = engine.inbox("ada")[0]
    text = text_of(letter)
    assert "Hello Ada Ä," in text
    assert "Choose your cloth" in text
    assert "By Mon 11 May 2026, 09:00 UTC" in text
    assert f"https://flow.example/steps/{step.short}" in text
    assert "Work" not in text
    assert letter["To"].addresses[0].display_name == "Ada Ä"
    assert letter["Message-ID"] == f"<{job}.1.1000001@example.org>"


def test_a_mail_says_the_same_as_html(make: Callable[..., Engine], mail: MailServer) -> None:
    """In the words of its text, with one address; what people wrote is text, and nothing is loaded."""
    engine = make(**smtp(mail, url="https://flow.example"))
    job = start(engine)
    engine.message(job, "Look <b>here</b>:\nhttps://elsewhere.example <img src=x>", by="tom")
    settle(engine)
    letter = next(one for one in mail.letters if "Look" in str(one["Subject"]))
    assert letter.get_content_type() == "multipart/alternative"
    body = letter.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert re.findall(r'href="([^"]+)"', html) == [f"https://flow.example/jobs/{engine.track(job, by='ada').short}"]
    assert "Look &lt;b&gt;here&lt;/b&gt;:" in html
    plain = {"html", "head", "meta", "title", "style", "body", "p", "blockquote", "br", "a"}
    assert set(re.findall(r"<(\w+)", html)) == plain
    assert "url(" not in html
    told = unescape(re.sub(r"<[^>]+>", " ", html.partition("<body>")[2]))
    assert told.split() == text_of(letter).split()


def test_a_mail_to_a_customer_opens_the_job(make: Callable[..., Engine], mail: MailServer) -> None:
    """Where the installation has it so: the link is for that step alone, the same at each attempt, listed, and in no
    webhook; who works there signs in as ever."""
    engine = make(**smtp(mail, url="https://flow.example"), ways_in=WaysIn(links_in_letters=True))
    job = start(engine)
    settle(engine)
    (letter,) = mail.letters
    (secret,) = re.findall(r"https://flow\.example/door/(flowl_[\w-]{43})", text_of(letter))
    assert "/steps/" not in text_of(letter)
    opened = engine.open_link(secret)
    step = engine.inbox("ada")[0].id
    assert opened.session is not None
    assert (opened.job, opened.step, opened.session.person, opened.session.job) == (job, step, "ada", job)
    (link,) = engine.links(job)
    assert (link.person, link.step, link.expires) == ("ada", step, engine.step(step, "ada").due)
    letter_id = str(letter["Message-ID"]).strip("<>").partition("@")[0]
    assert links.in_letter(engine.shell, letter_id, step, "ada").endswith(secret)
    assert len(engine.links(job)) == 1
    engine.act(step, "chosen", {"cloth": "navy"}, by="ada")
    settle(engine)
    staff = [one for one in mail.letters if "ada" not in str(one["To"])]
    assert staff
    assert not any("/door/" in text_of(one) for one in staff)


def test_a_mail_tells_the_deadline_in_the_receivers_zone(make: Callable[..., Engine], mail: MailServer) -> None:
    """Whose zone is known reads his own hour, with the zone where it is another than the process's."""
    engine = make(**smtp(mail))
    engine.add_customer("ada", zone="Asia/Tokyo")
    start(engine)
    settle(engine)
    (letter,) = mail.letters
    assert "By Mon 11 May 2026, 18:00 (Tokyo)" in text_of(letter)


def test_without_an_address_of_our_own_the_command_is_told(make: Callable[..., Engine], mail: MailServer) -> None:
    """Where there is no web page to lead to, the mail has the line to type."""
    engine = make(**smtp(mail))
    start(engine)
    settle(engine)
    assert f"flow act {engine.inbox('ada')[0].short} --as ada" in text_of(mail.letters[0])


def test_the_command_that_is_told_can_be_pasted(make: Callable[..., Engine], mail: MailServer) -> None:
    """An id with what a shell would read is quoted in the line to type."""
    engine = make(**smtp(mail))
    engine.add_customer("auth0|5f7c", "Ann", contact="ann@example.org")
    engine.start("small_suit", by="auth0|5f7c", need={"occasion": "Work"})
    settle(engine)
    assert f"flow act {engine.inbox('auth0|5f7c')[0].short} --as 'auth0|5f7c'" in text_of(mail.letters[0])


def test_who_acts_elsewhere_leaves_notices_too(
    make: Callable[..., Engine], mail: MailServer, database: Database, clock: SimulatedClock
) -> None:
    """A process without settings leaves notices because the database says that a worker carries them (L2)."""
    worker = make(**smtp(mail))
    with Engine(database, clock=clock, handlers={}) as plain:
        start(plain)
        assert plain.run_due().outbox == 1  # it makes letters, which it cannot send
        assert not plain.run_due().anything
    assert mail.letters == []
    settle(worker)
    assert told(mail) == [("ada@example.org", "Choose your cloth")]


def test_where_nobody_carries_notices_none_are_left(
    make: Callable[..., Engine], database: Database, clock: SimulatedClock
) -> None:
    """Without a channel and a handler an act leaves nothing behind."""
    engine = make()
    start(engine)
    with database.reading() as tx:
        assert tx.ahead(clock.now()).message is None


def test_notices_are_left_as_long_as_a_worker_says_so(
    make: Callable[..., Engine], mail: MailServer, database: Database, clock: SimulatedClock
) -> None:
    """When the last worker with a channel has been gone for a week, no more notices pile up."""
    make(**smtp(mail))
    clock.advance(timedelta(days=8))
    with Engine(database, clock=clock, handlers={}) as later:
        start(later)
        with database.reading() as tx:
            assert tx.ahead(clock.now()).message is None


def test_a_worker_says_each_day_that_it_is_there(
    make: Callable[..., Engine], mail: MailServer, database: Database, clock: SimulatedClock
) -> None:
    """A worker that runs on keeps its channel wanted."""
    engine = make(**smtp(mail))
    for _ in range(5):
        clock.advance(timedelta(days=3))
        engine.run_due()
    with database.reading() as tx:
        assert tx.outbox.wanted(clock.now()) == {"mail"}


def test_a_step_that_is_closed_meanwhile_is_not_told(make: Callable[..., Engine], mail: MailServer) -> None:
    """What was done before the mail went out is not asked any more, whether letters were made by then or not."""
    engine = make(**smtp(mail))
    start(engine)
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    engine.claim(engine.inbox("cleo")[0].id, by="cleo")
    settle(engine)
    assert told(mail) == [("cleo@example.org", "Cut the cloth")]


def test_a_letter_about_a_step_that_closes_is_dropped(
    make: Callable[..., Engine], mail: MailServer, database: Database, clock: SimulatedClock
) -> None:
    """Also a letter that waits for a mail server to come back is dropped when its step is closed by then."""
    engine = make(**smtp(mail))
    mail.refuse["ada@example.org"] = "450 later"
    start(engine)
    settle(engine)
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    mail.refuse.clear()
    clock.advance(timedelta(minutes=1))
    settle(engine)
    assert {to for to, _ in told(mail)} == {"cleo@example.org", "cora@example.org"}
    with database.reading() as tx:
        assert tx.ahead(clock.now()).message is None


def test_an_escalation_is_told(make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock) -> None:
    """When a step is opened to others as well, they are told, and so are those it waits for already."""
    engine = make(**smtp(mail))
    engine.deploy(ESCALATING)
    start(engine, "patient")
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    settle(engine)
    mail.letters.clear()
    clock.advance(timedelta(days=2, minutes=1))
    settle(engine)
    assert sorted(to for to, _ in told(mail)) == ["cleo@example.org", "cora@example.org", "tom@example.org"]
    assert "now waits for you too" in text_of(mail.letters[0])


def test_each_voter_is_told_and_who_has_voted_is_not_reminded(
    make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock
) -> None:
    """The members of a group are written to one by one; two of them at one address get one mail."""
    engine = make(**smtp(mail))
    engine.deploy(VOTE.replace("    within: P2D\n", "    within: P2D\n    remind: [P1D]\n"))
    for id, address in (("max", "max@example.org"), ("mia", "Pair@example.org"), ("moe", "pair@example.org")):
        engine.add_customer(id, id.title(), contact=address, groups=["members"])
    engine.add_customer("mute", "Mute", contact="+49 170 555", groups=["members"])
    engine.start("ballot", by="ada")
    settle(engine)
    assert sorted(to.lower() for to, _ in told(mail)) == ["max@example.org", "pair@example.org"]
    mail.letters.clear()
    engine.act(engine.inbox("max")[0].id, "vote", {"for": "attack"}, by="max")
    clock.advance(timedelta(days=1, minutes=1))
    settle(engine)
    assert [to.lower() for to, _ in told(mail)] == ["pair@example.org"]


def test_what_ends_otherwise_is_told_with_its_reason(
    make: Callable[..., Engine], mail: MailServer, clock: SimulatedClock
) -> None:
    """An end that is no fulfilment says why."""
    engine = make(**smtp(mail))
    start(engine)
    settle(engine)
    clock.advance(timedelta(days=8))
    settle(engine)
    assert told(mail)[-1] == ("ada@example.org", "A small suit: ended")
    assert "It has ended: The customer went away." in text_of(mail.letters[-1])


def test_a_corrected_address_is_used(make: Callable[..., Engine], mail: MailServer) -> None:
    """An address that is refused is an incident; once it is corrected, a retry writes to the new one."""
    engine = make(**smtp(mail))
    mail.refuse["ada@example.org"] = "550 no such mailbox"
    job = start(engine)
    settle(engine)
    (incident,) = engine.incidents()
    assert (incident.kind, incident.job, incident.handler) == ("message", job, "mail to ada")
    assert "550 no such mailbox" in incident.error
    engine.add_customer("ada", "Ada", contact="ada@new.example")
    receipt = engine.retry(incident.short, by="olga")
    assert (receipt.job, receipt.status) == (job, "open")
    settle(engine)
    assert told(mail) == [("ada@new.example", "Choose your cloth")]
    assert engine.incidents() == []


# webhooks, handlers, other ways


def test_a_webhook_is_signed(make: Callable[..., Engine], hook: Hook, clock: SimulatedClock) -> None:
    """A contact that is a URL gets JSON, which the receiver can verify, under an id that stays the same."""
    engine = make(http_secret=SECRET, http_allow=("127.0.0.1",), url="https://flow.example")
    engine.add_customer("ada", "Ada", contact=hook.url)
    hook.status = 503
    job = start(engine)
    settle(engine)
    clock.advance(timedelta(minutes=1))
    hook.status = 204
    settle(engine)
    (first, body), (second, again) = hook.got
    assert verify([SECRET], first, body, datetime(2026, 5, 4, 9, tzinfo=UTC)) == f"{job}.1.1000001"
    assert verify([SECRET], second, again, clock.now()) == f"{job}.1.1000001"
    assert json.loads(body) == json.loads(again)
    assert json.loads(body) == {
        "type": "step.opened",
        "timestamp": "2026-05-04T09:00:00+00:00",
        "data": {
            "step": engine.inbox("ada")[0].id,
            "job": job,
            "process": "A small suit",
            "title": "Choose your cloth",
            "due": "2026-05-11T09:00:00+00:00",
            "person": "ada",
            "link": f"https://flow.example/steps/{engine.inbox('ada')[0].short}",
        },
    }


def test_a_webhook_leads_nowhere_inside(make: Callable[..., Engine], hook: Hook) -> None:
    """A contact that leads inside is an incident at once, and nothing is sent."""
    engine = make(http_secret=SECRET)
    engine.add_customer("ada", "Ada", contact=hook.url)
    start(engine)
    settle(engine)
    (incident,) = engine.incidents()
    assert incident.attempts == 1
    assert "AddressRefused" in incident.error
    assert hook.got == []


def test_a_handler_and_a_mail_server_are_both_told(make: Callable[..., Engine], mail: MailServer) -> None:
    """The handler ``engine.notify`` is told beside the people."""
    engine = make(**smtp(mail))
    calls: list[str] = []

    @engine.handler(NOTIFY)
    def notify(call: HandlerCall) -> None:
        calls.append(call.input["why"])

    start(engine)
    settle(engine)
    assert calls == ["opened"]
    assert len(mail.letters) == 1


@pytest.mark.filterwarnings(APPRISE)
def test_other_ways_need_to_be_allowed(make: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact of another scheme is written to through Apprise where FLOW_NOTIFY has the scheme, and else not."""
    import apprise

    sent: list[tuple[str, str, str]] = []

    def notify(self: Any, body: str, title: str, **_: Any) -> bool:
        sent.append((self[0].url(), title, body))
        return True

    monkeypatch.setattr(apprise.Apprise, "notify", notify)
    engine = make(notify=("ntfy",))
    engine.add_staff("cleo", "Cleo", roles=["cutter"], contact="ntfy://cleos-phone")
    engine.add_staff("cora", "Cora", roles=["cutter"], contact="json://127.0.0.1/inside")
    start(engine)
    engine.act(engine.inbox("ada")[0].id, "chosen", {"cloth": "navy"}, by="ada")
    settle(engine)
    ((url, title, body),) = sent
    assert "://cleos-phone" in url
    assert title == "Cut the cloth"
    assert "This waits for you:" in body
    assert engine.incidents() == []


def test_a_library_that_is_missing_is_named(
    make: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    """Without Apprise the message waits, and says how to install it."""
    import sys

    monkeypatch.setitem(sys.modules, "apprise", None)
    engine = make(notify=("ntfy",))
    engine.add_customer("ada", "Ada", contact="ntfy://secret-topic")
    start(engine)
    settle(engine)
    with database.reading() as tx:
        raw = tx.channel.raw  # type: ignore[attr-defined]
        ((error,),) = raw.execute("SELECT last_error FROM flow_outbox").fetchall()
    assert "pip install 'needflow[notify]'" in error
    assert "secret-topic" not in error


@pytest.mark.filterwarnings(APPRISE)
def test_an_address_that_apprise_does_not_know(make: Callable[..., Engine]) -> None:
    """What Apprise cannot read is an incident that repeats no token."""
    engine = make(notify=("tgram",))
    engine.add_customer("ada", "Ada", contact="tgram://not-a-token")
    start(engine)
    settle(engine)
    (incident,) = engine.incidents()
    assert "Apprise does not understand" in incident.error
    assert "not-a-token" not in incident.error


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"mail": "mail.example.org"}, "FLOW_MAIL"),
        ({"mail": "smtp://mail.example.org"}, "FLOW_MAIL_FROM"),
        ({"notify": ("tgram://x",)}, "FLOW_NOTIFY"),
        ({"notify": ("https",)}, "FLOW_NOTIFY"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_at_once(settings: dict[str, Any], where: str) -> None:
    """Not the first mail of the night finds a wrong setting, but the start (L12)."""
    with pytest.raises(NotConfigured) as caught:
        Settings(**settings)
    assert caught.value.where == where


def test_settings_come_from_the_environment() -> None:
    """Each setting has its variable; passwords are not in what is printed."""
    found = Settings.from_environment(
        {
            "FLOW_MAIL": "smtp://u:hidden@h",
            "FLOW_MAIL_FROM": FROM,
            "FLOW_NOTIFY": "NTFY, tgram",
            "FLOW_URL": "https://f/",
        }
    )
    assert found == Settings(mail="smtp://u:hidden@h", mail_from=FROM, notify=("ntfy", "tgram"), url="https://f")
    assert "hidden" not in repr(found)
