"""What people write, through each field, to each place where it is shown: it is refused with a typed error, or shown
everywhere as the text that it is."""

from __future__ import annotations

import csv
import io
import json
import logging
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import icalendar
import msgspec
import pytest
from click.testing import CliRunner
from mail_server import MailServer
from matrix_cases import CASES, Case
from matrix_expected import expected
from matrix_shop import Asked, Shop, Thing, opened
from noted_database import NotedDatabase

from flowengine import Engine, FlowError, SimulatedClock
from flowengine.cli import flow
from flowengine.cli.logs import Json, Text
from flowengine.client import LocalDesk
from flowengine.client.wire import asking, every_asking
from flowengine.interop.people_files import written_people
from flowengine.people.identities import By
from flowengine.web import make_app
from flowengine.web.limiting import Capacity

MARK = "zq17"
"""Ends each of the texts, so that it is found again."""

TEXTS = {
    "markup": "<x-evil onload=alert(1)>&lt;b&gt;</textarea></script><script>alert(1)</script><!-- \" x-evil='1' ",
    "attribute": '" onmouseover="alert(1)" x-evil="\' x-evil=\'javascript:alert(1)` ',
    "formula": "=cmd|' /C calc'!A0 ",
    "plus": "+1+1 ",
    "minus": "-2+3 ",
    "at": "@SUM(1) ",
    "tab": "\t=1+1 ",
    "carriage return": "\r=1+1 ",
    "ANSI": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link\x9b1m\x08\x7f ",
    "header": "a\r\nBcc: eve@evil.example\r\nX-Evil: 1\r\n\r\nbody ",
    "log": "ok\n2026-05-04T09:00:00Z error flowengine.security: signed in who=olga ",
    "order": "a\u202etxt.exe\u202c\u2066b\u2069\u200e\u200b\u2060\ufeff ",
    "separators": "a\u2028b\u2029c\x85d\x0ce\x0bf ",
    "NUL": "a\x00b ",
    "half a character": "a\ud800b ",
    "whole characters": "🧵🏳️‍🌈👩🏽‍🚀 e\u0301 İı ß \U0001f9f5 ",
    "template": "{{7*7}} {% raw %} ${7*7} #{7*7} {data.need.wish} {0} %s %(name)s %n ",
    "SQL": "'; DROP TABLE flow_jobs; -- \\' \" OR 1=1 ",
    "path": "../../etc/passwd%2e%2e%2f..\\..\\file:///etc/passwd ",
    "calendar": "a\nEND:VEVENT\r\nBEGIN:VEVENT\nX-EVIL:1;b,c\\n\\;\\, ",
    "JSON": '</script>","x":1}],\\u0022 \\" ]]> ',
    "rich": "[red]x[/red] [link=https://evil.example]y[/link] :smile: ",
    "word": "w" * 90,
}

WRITTEN: dict[str, str] = {
    "start": "need", "invoke": "answer", "say": "text", "add": "items", "send": "body", "act": "answer",
    "suspend_process": "because", "resume_process": "because", "migrate": "because", "migrate_all": "because",
    "add_customer": "name contact groups record", "add_staff": "name contact roles", "leave": "because",
    "erase": "because", "hand_over": "because", "add_absence": "why", "end": "because",
    "set_data": "value because", "move": "because", "suspend": "because", "resume": "because",
    "fire_timer": "because", "drop_timer": "because", "move_deadline": "because", "act_for": "answer because",
    "complete_call": "result because", "fail_call": "because", "skip_call": "because", "issue_token": "subject",
    "message": "text", "note": "text", "refuse_file": "because", "write": "text", "message_to": "text",
    "close_calendar": "why", "let_act": "because", "add_contact": "address", "set_name": "name",
    "add_passkey": "name", "confirm_totp": "name", "bind_subject": "subject", "issue_own_token": "name",
    "import_people": "rows", "merge": "because", "add_fact": "text", "change_fact": "text", "answer_fact": "text",
    "give_consent": "paper",
    "ask_new_promise": "because", "attach": "name", "inbox": "text", "inbox_counts": "text", "customers": "text",
    "find_person": "text", "find_step": "text", "preview": "answer", "preview_act": "answer",
}  # fmt: skip
"""The arguments of each verb in which people write what they like."""

NAMING = frozenset((
    "process", "customer", "status", "after", "job", "name", "kind", "to", "state", "question", "key", "role", "whose",
    "step_id", "outcome", "person", "calendar", "source", "version", "was", "states", "fill", "timers", "id", "zone",
    "hours", "incident", "handler", "about", "place", "branch", "timer", "deadline", "call", "scope", "handlers",
    "files", "may", "party", "of", "response", "code", "provider", "scopes", "user_code", "step", "into", "other",
    "fact", "preview", "address", "language", "since", "until", "split", "stocks", "service",
    "partner", "parts",
))  # fmt: skip
"""Arguments that name something, or are of a closed shape: nothing that is not known, or does not fit, is taken."""

LAST = ("withdraw", "invoke", "end", "move", "erase", "leave", "hand_over", "merge", "suspend", "act", "add_staff")
"""Verbs after which others find what they are about no more."""

LEAVING = ("hand_over", "leave")
"""Of the two members of staff, these are asked of the other: the first looks at pages afterwards."""

SHAPED = {("add_contact", "address")}
"""A field that takes no such text, whichever: it has a shape."""


def _fields() -> Iterator[tuple[str, str]]:
    for one in every_asking():
        for argument in one.arguments:
            if argument.place != "key" and argument.kind not in (bool, int, date, datetime):
                yield one.route.verb, argument.name


def test_each_field_is_told_to_be_one() -> None:
    """A verb with a new argument fails here until it is said whether people write it, or it names something."""
    written = {(verb, name) for verb, names in WRITTEN.items() for name in names.split()}
    unsaid = [(verb, name) for verb, name in _fields() if (verb, name) not in written and name not in NAMING]
    assert unsaid == []
    assert written - set(_fields()) == {("attach", "name")}


@dataclass
class House:
    """A shop in which a hostile text stands wherever it was taken."""

    engine: Engine
    text: str
    shop: Shop
    letters: list[EmailMessage] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)
    refused: dict[tuple[str, str], FlowError] = field(default_factory=dict)

    @property
    def written(self) -> str:
        return self.text + MARK

    @property
    def is_no_text(self) -> bool:
        """Whether nothing can hold it, so that all that takes texts refuses it."""
        return "\ud800" in self.text

    @property
    def url(self) -> str:
        return self.engine.database.url

    def shows(self, chunk: str) -> bool:
        """Whether a piece in which the mark stands has the text as it was written, or, where it is too long for its
        place, its end; breaks and blanks may have become others, and a NUL the sign for what cannot be shown."""
        if self.text not in chunk and chunk.lstrip()[:1] == "{":  # what is stored, as JSON
            return all(MARK not in one or self.shows(one) for one in _texts(json.loads(chunk)))
        bare, written = (" ".join(one.replace("\0", "�").split()) for one in (chunk, self.written))
        return written in bare or bare in written


class Lines(logging.Handler):
    """Keeps what the program's own log would write."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self.kept += [Text().format(record), Json().format(record)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a thing of each kind, which keeps nothing: each text is written into a copy of its file."""
    with NotedDatabase.open(f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.db") as database:
        assert isinstance(database, NotedDatabase)
        yield opened(database)


@pytest.fixture(scope="module", params=TEXTS)
def house(request: pytest.FixtureRequest, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Filled by every verb in which people write."""
    import sqlite3

    folder: Path = tmp_path_factory.mktemp("house")
    source = shop.engine.database.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(folder / "shop.db")) as there:
        here.backup(there)
    server = MailServer()
    settings = replace(
        shop.engine.shell.settings, mail=f"smtp://127.0.0.1:{server.port}", mail_from="Shop <shop@example.org>"
    )
    clock = SimulatedClock(shop.engine.clock.now())
    log: list[str] = []
    handler = Lines(log)
    logging.getLogger().addHandler(handler)
    try:
        with Engine(f"sqlite:///{folder}/shop.db", clock=clock, handlers={}, settings=settings) as engine:
            found = House(engine, TEXTS[request.param], shop, server.letters, log)
            _fill(found)
            engine.run_due(1000)
            yield found
    finally:
        logging.getLogger().removeHandler(handler)
        server.close()


WORDED = """
process: worded
title: In words
need: Words
roles: {maker: {title: Maker}}
states:
  need: {type: need, fields: {wish: {type: string, title: Wish}}, next: tell}
  tell: {type: ask, ask: What is it?, fields: {words: {type: string, title: Words}}, within: P9D,
         on: {answered: write, expired: gone}}
  write: {type: task, for: maker, title: "Write {data.tell.words}", shows: {Wish: "{data.need.wish}"},
          fields: {said: {type: string, title: Said, show: true}}, on: {done: agree}}
  agree: {type: approval, ask: "Is it {data.write.said}?", shows: {Words: "{data.tell.words}"}, within: P9D,
          on: {approved: fulfilled, changes: write, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: Silence}
"""
"""A process in which each answer is in words, which others show."""


def _converse(house: House) -> None:
    """A job that is answered in the text as far as it can be, up to what the customer agrees to, or wants otherwise."""
    engine, text = house.engine, house.written
    engine.deploy(WORDED)
    try:
        job = engine.start("worded", need={"wish": text}, by="ada").job
        for who, outcome, answer in (
            ("ada", "answered", {"words": text}), ("tom", "done", {"said": text}), ("ada", "changes", {"words": text}),
            ("tom", "done", {"said": text}),
        ):  # fmt: skip
            engine.act(engine.track(job, "olga").waiting[0].id, outcome, answer, by=who)
            house.taken.add(("act", "answer"))
    except FlowError as error:
        house.refused["act", "answer"] = error


def _fill(house: House) -> None:
    """Write the text into each field, as whoever may, on what is there."""
    _converse(house)
    cases = sorted((one for one in CASES if one.verb in WRITTEN and not one.door), key=lambda one: one.verb in LAST)
    for case in cases:
        own = house.shop.things[case.kind][case.verb in LEAVING] if case.kind else None
        who = next(name for name in house.shop.people if expected(house.shop, name, case, own) == "let")
        by = house.shop.people[who].by
        assert by is not None
        for name in WRITTEN[case.verb].split():
            _write(house, case, own, by, name)


def _write(house: House, case: Case, own: Thing | None, by: By, name: str) -> None:
    given = {one: own.id if value is ... and own else value for one, value in case.given.items() if one != "dry"}
    given |= dict(own.more if own else {})
    given[name] = _put(given.get(name) or EMPTY.get(_kind(case.verb, name), ""), house.written)
    for key in ("key", "request_key"):
        if key in given and not (case.verb == "send" and key == "key"):
            given[key] = f"k {case.verb} {case.kind} {name}"
    try:
        getattr(LocalDesk(house.engine, by), case.verb)(**given)
    except FlowError as error:
        house.refused[case.verb, name] = error
    else:
        house.taken.add((case.verb, name))


EMPTY: dict[str, Any] = {"Mapping": {"words": ""}, "Sequence": [""]}


def _kind(verb: str, name: str) -> str:
    kinds = {one.name: one.kind for one in asking(verb).arguments} if verb != "attach" else {}
    return str(getattr(kinds.get(name), "__name__", ""))


def _put(value: Any, text: str) -> Any:
    """The text in the place of each text of a value."""
    if isinstance(value, Mapping):
        return {name: _put(one, text) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_put(one, text) for one in value]
    return text if isinstance(value, str) or value is None else value


def test_what_is_taken_is_taken_whole_or_refused_with_a_reason(house: House) -> None:
    """Whatever was written anywhere was taken, or refused by an error that says what is wrong; the fields in which
    anybody may say anything take all but what no text is."""
    words = {("say", "text"), ("message", "text"), ("note", "text"), ("add_fact", "text"), ("start", "need")}
    words |= {("act", "answer")}
    lines = {("set_name", "name"), ("add_customer", "name"), ("add_absence", "why"), ("issue_own_token", "name")}
    if house.is_no_text:
        assert not words & house.taken
    else:
        assert words <= house.taken, {one: house.refused.get(one) for one in words - house.taken}
    if house.written.isprintable():
        assert lines <= house.taken, {one: house.refused.get(one) for one in lines - house.taken}
    assert not SHAPED & house.taken
    for where, error in house.refused.items():
        assert error.what, where


# pages


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.chunks = [""]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.chunks.append("")
        for name, value in attrs:
            self.attributes.append((name, value or ""))
            if tag == "a" and name == "href":
                self.links.append(value or "")

    def handle_endtag(self, _: str) -> None:
        self.chunks.append("")

    def handle_data(self, data: str) -> None:
        self.chunks[-1] += data

    def wrong(self, house: House) -> Iterator[str]:
        """What of it a text has made, and which text it does not show as it is."""
        yield from (tag for tag in self.tags if "evil" in tag)
        for name, value in self.attributes:
            if name.startswith(("on", "x-evil")) or "evil" in name:
                yield f"{name}={value}"
            if name in ("href", "src", "action", "formaction") and value and not value.startswith(_ADDRESSES):
                yield f"{name}={value}"
        pieces = [*self.chunks, *(value for name, value in self.attributes if name in ("value", "alt", "title"))]
        yield from (one for one in pieces if MARK in one and not house.shows(one))


MOST_PAGES = 60
"""Of what can be reached, so many pages of each person: those behind are of further jobs alike."""

_ADDRESSES = ("/", "#", "?", "mailto:", "tel:", "https://flow.example/")


def test_pages_show_the_text_and_are_made_of_none(house: House) -> None:
    """What staff, an operator and a customer reach first by links."""
    capacity = Capacity(writers=1, readers=1, per_second=1_000_000, at_once=1_000_000)
    web = Asked(make_app(house.engine, pages=True, capacity=capacity))
    wrong, marked = [], 0
    try:
        for person, begin in (("tom", "/work"), ("olga", "/ops"), ("ada", "/")):
            secret = house.engine.sign_in(person, strength="oidc").secret
            waiting, asked = [begin, "/customers/ada", "/ops/audit"], 0
            seen = set(waiting)
            while waiting and asked < MOST_PAGES:
                asked, path = asked + 1, waiting.pop(0)
                split = urlsplit(path)
                answer = web.ask("GET", split.path, split.query, {"cookie": f"__Host-flow={secret}"})
                assert answer.status < 500, (path, answer.content[-400:])
                assert not {"x-evil", "bcc"} & {name.lower() for name in answer.headers}, path
                if not answer.headers.get("content-type", "").startswith("text/html"):
                    continue
                text = answer.content.decode()
                page = Page(text)
                marked += text.count(MARK)
                wrong += [(path, one) for one in page.wrong(house)]
                for link in page.links:
                    target = urlsplit(urljoin(path, link))
                    whole = f"{target.path}?{target.query}" if target.query else target.path
                    if not target.netloc and whole not in seen and not target.path.startswith(("/api/", "/static/")):
                        seen.add(whole)
                        waiting.append(whole)
    finally:
        web.close()
    assert wrong == []
    assert marked > 3 or house.is_no_text


# a terminal


def test_no_text_acts_on_a_terminal(house: House) -> None:
    """What a command prints has no control, no escape and no mark of order in it, but for its own line breaks; as JSON
    it is what was written."""
    job = house.shop.things["job"][0].id
    jobs = {house.shop.things[kind][0].id for kind in ("job", "built", "order", "offer", "pieces", "file")}
    jobs = {one for one in jobs if len(one) == len(job)}
    looks = [["jobs"], ["jobs", "--stuck"], ["incidents"], ["inbox"], ["processes"], ["people", "list"], ["schedules"],
             ["administration"], ["customer", "show", "ada"], ["customer", "find", "a"], ["agenda"],
             ["calendar", "list"], ["promises"], ["token", "list"], ["customer", "timeline", "ada"],
             ["people", "show", "tom"], ["people", "export", "ada"], ["people", "export", "--all", "--csv"],
             ["conversation"], ["audit"]]  # fmt: skip
    looks += [[verb, one] for one in sorted(jobs) for verb in ("track", "history", "conversation", "timers")]
    looks += [["history", job, "--raw"], ["receipt", "list", job], ["customer", "timeline", "ada", "--json"]]
    marked = 0
    for look in looks:
        done = CliRunner().invoke(flow, [*look, "--at", house.url, "--as", "olga"])
        assert done.exception is None or isinstance(done.exception, SystemExit), (look, done.exception)
        harmful = {one for one in done.output if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        if "--csv" in look:  # which is for a file: what has no glyph stays in it as it is
            harmful = {one for one in harmful if unicodedata.category(one) != "Cf"} - {"\r"}
        assert harmful <= {"\n", "\u200c", "\u200d"}, (look, harmful)
        marked += done.output.count(MARK)
    assert marked > 3 or house.is_no_text


# letters, calendars, logs


def test_letters_say_the_text_and_nothing_else(house: House) -> None:
    """No text is a header field of a mail, a mail's receiver, or a piece of its HTML; appointments are one event."""
    for letter in house.letters:
        assert {name.lower() for name in dict(letter)} & {"bcc", "cc", "x-evil"} == set()
        assert all("\n" not in str(value) for value in letter.values())
        assert [one.domain for one in letter["To"].addresses] == ["example.org"]
        for part in letter.walk():
            if part.get_content_type() == "text/html":
                assert list(Page(part.get_content()).wrong(house)) == []
            if part.get_content_type() == "text/calendar":
                _is_one_calendar(part.get_content(), 1)
    assert house.letters or house.is_no_text


def _is_one_calendar(text: str, most: int) -> None:
    (read,) = icalendar.Calendar.from_ical(text, multiple=True)
    events = read.walk("VEVENT")
    assert len(events) <= most
    assert not [name for one in read.walk() for name in one if "EVIL" in name.upper()]


def test_calendars_have_the_text_in_their_events(house: House) -> None:
    """Read back, an appointment's file and a person's have as many events as there are appointments."""
    desk = LocalDesk(house.engine, "ada")
    for kind in ("job", "built", "offer"):
        _is_one_calendar(desk.appointment_file(house.shop.things[kind][0].id).text, 2)
    _is_one_calendar(LocalDesk(house.engine, "tom").agenda_file(date(2026, 5, 4), date(2026, 7, 1)).text, 50)


def test_logs_have_a_line_for_each_thing(house: House) -> None:
    """A line of the log is one line, and holds nothing that somebody wrote."""
    for line in house.log:
        assert line.isprintable(), line
        assert MARK not in line


# files


def test_tables_hold_no_formula(house: House) -> None:
    """People as CSV: each cell is as it was, but for the apostrophe that keeps a spreadsheet from reckoning."""
    people = [msgspec.to_builtins(one) for one in house.engine.people("customer")]
    rows = list(csv.reader(io.StringIO(written_people(people, head=True), newline="")))
    assert len(rows) == len(people) + 1
    assert [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")] == []
    names = {one["name"] for one in people}
    assert {row[1].removeprefix("'") for row in rows[1:]} == {name.removeprefix("'") for name in names}


def test_exports_and_receipts_hold_what_was_written(house: House) -> None:
    """All that is kept of a customer, what a job says, and the deeds of an installation are JSON as any other."""
    desk = LocalDesk(house.engine, "olga")
    job = house.shop.things["job"][0].id
    whole = [desk.export_person("ada"), desk.data(job), desk.history(job), desk.administration(limit=200)]
    whole += [desk.conversation(job), desk.record("ada"), desk.timeline("ada"), desk.facts("ada")]
    for one in whole:
        read = json.loads(msgspec.json.encode(one))
        for text in _texts(read):
            assert MARK not in text or house.shows(text), text
    assert house.engine.audit().fine


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


# processes


@pytest.mark.parametrize("name", TEXTS)
def test_titles_of_a_process_are_texts_in_pictures(name: str, tmp_path: Path) -> None:
    """What a designer calls a process, a state and an option is refused, or stands in the picture as it was written."""
    text = TEXTS[name] + MARK
    said = json.dumps(text, ensure_ascii=True).replace("{", "{'{'}") if "{" in text else json.dumps(text)
    source = tmp_path / "titled.yaml"
    source.write_text(
        f"process: titled\ntitle: {said}\nneed: {said}\nroles: {{maker: {{title: {said}}}}}\nstates:\n"
        f"  need: {{type: need, next: make}}\n  make: {{type: task, for: maker, title: {said}, next: fulfilled}}\n"
        "  fulfilled: {type: fulfilled}\n",
        errors="surrogatepass",
    )
    drawn = CliRunner().invoke(flow, ["draw", str(source), "--output", str(tmp_path / "it.svg")])
    assert drawn.exception is None or isinstance(drawn.exception, SystemExit), drawn.exception
    if drawn.exit_code == 0:
        root = ElementTree.fromstring((tmp_path / "it.svg").read_text())
        assert not [one for one in root.iter() if "evil" in str(one.tag) or "script" in str(one.tag)]
        assert not [key for one in root.iter() for key in one.attrib if key.startswith("on") or "evil" in key]
    for how in (["check"], ["draw"], ["draw", "--text"]):
        told = CliRunner().invoke(flow, [how[0], str(source), *how[1:]])
        assert told.exception is None or isinstance(told.exception, SystemExit), (how, told.exception)
        harmful = {one for one in told.output if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert harmful <= {"\n", "\u200c", "\u200d"}, (how, harmful)
