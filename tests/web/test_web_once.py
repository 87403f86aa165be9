"""Whatever changes something is done once under a request key (L3), whether the verb has one of its own or not."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from matrix_cases import CASES, Case
from matrix_expected import expected
from matrix_shop import Answer, Asked, Shop, Thing, opened
from noted_database import NotedDatabase

from flowengine import Engine, SimulatedClock
from flowengine.client import LocalDesk
from flowengine.client.wire import KEY_HEADER, NOTHING_TWICE, REPLAYED_HEADER, asking, every_asking
from flowengine.commands.once import KEPT, SHOWN_ONCE
from flowengine.errors import KeyConflict, Refused, StaleCommand
from flowengine.people.permissions import LOOKS
from flowengine.store.receipts import ANSWERED
from flowengine.web import make_app
from flowengine.web.limiting import Capacity

CHANGING = [one.route.verb for one in every_asking() if one.takes_key]
ASKED = {case.verb: case for case in reversed(CASES) if case.verb in CHANGING and not case.door}
"""The first case of each verb."""

SAID = frozenset({"add_fact", "write", "message_to"})
"""Verbs that find what was said by the key of its request, and keep no other answer."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a thing of each kind, which keeps nothing: each test begins with a copy of its file."""
    with NotedDatabase.open(f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.db") as database:
        assert isinstance(database, NotedDatabase)
        yield opened(database)


@pytest.fixture
def copied(shop: Shop, tmp_path: Path) -> Iterator[Engine]:
    """An engine on a copy of the shop."""
    source = shop.engine.database.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(tmp_path / "shop.db")) as there:
        here.backup(there)
    settings = replace(shop.engine.shell.settings)
    clock = SimulatedClock(shop.engine.clock.now())
    with Engine(f"sqlite:///{tmp_path}/shop.db", clock=clock, handlers={}, settings=settings) as engine:
        yield engine
    shutil.rmtree(tmp_path)


def web_of(shop: Shop, engine: Engine) -> Asked:
    """The copy over HTTP, where the application vouches for who asks."""
    capacity = Capacity(writers=1, readers=1, per_second=1_000_000, at_once=1_000_000)
    return Asked(make_app(engine, authenticate=lambda r: shop.people[r.headers["x-actor"]].by, capacity=capacity))


def kept_in(engine: Engine) -> list[str]:
    """All that is kept."""
    with closing(sqlite3.connect(engine.database.url.removeprefix("sqlite:///"))) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [str((name, *row)) for name in tables for row in database.execute(f"SELECT * FROM {name}")]


def given_to(case: Case, thing: Thing | None) -> dict[str, Any]:
    """The arguments of a case on a thing, without its key; it is done, and not only tried."""
    key = asking(case.verb).key
    found = {name: thing.id if value is ... and thing else value for name, value in case.given.items()}
    without = ("dry", key.name if key else "")
    return {name: value for name, value in (found | dict(thing.more if thing else {})).items() if name not in without}


OTHERWISE: dict[str, dict[str, Any]] = {
    "act_for": {"outcome": "changes"},
    "add_fact": {"text": "It is light"},
    "set_hours": {"hours": {"tue": "09:00-12:00"}},
}
"""What is said otherwise, where the first argument said otherwise would be no argument."""


def other_than(case: Case, own: Thing | None, foreign: Thing | None) -> tuple[str, dict[str, Any]]:
    """Another request: of the same verb, in which something is said otherwise, else of another thing; of another verb
    where the other thing is not there for who asks."""
    given = given_to(case, own)
    if case.verb in OTHERWISE:
        return case.verb, given | OTHERWISE[case.verb]
    for one in asking(case.verb).arguments:
        if one.place == "body" and given.get(one.name):
            return case.verb, given | {one.name: _other(given[one.name])}
    if own is not None and asking(case.verb).key is not None:
        return "say", {"job": own.job, "text": "Another thing"}
    if foreign is None:
        return "set_name", {"person": "ada"}
    return case.verb, given_to(case, foreign)


def _other(value: Any) -> Any:
    if isinstance(value, date):  # a moment is one too
        return value + timedelta(days=1)
    if isinstance(value, str | list):
        return value + value[:1]
    return {"other": 1} | value if isinstance(value, dict) else not value


def ask(web: Asked, who: str, verb: str, given: dict[str, Any], key: str) -> Answer:
    sent = asking(verb).request(given)
    headers = {"x-actor": who, "x-request-id": "same", KEY_HEADER.lower(): key}
    return web.ask(sent.method, sent.path, urlencode(sent.query), headers, sent.body or b"")


def test_each_verb_that_changes_something_is_among_them() -> None:
    """A verb that is new, and changes something, is asked here twice, or is said to do nothing twice."""
    changing = {one.route.verb for one in every_asking() if one.route.method != "GET"} - LOOKS - NOTHING_TWICE
    assert changing == ASKED.keys()


@pytest.mark.parametrize("verb", CHANGING)
def test_a_request_that_is_sent_twice_is_done_once(shop: Shop, copied: Engine, verb: str) -> None:
    """The second is answered as the first was, and says so, and nothing is written; another under its key is refused,
    and nothing is written either. What shows a secret says that it was done, in the place of the secret."""
    case = ASKED[verb]
    own, foreign = shop.things[case.kind][:2] if case.kind else (None, None)
    given = given_to(case, own)
    who = next(name for name in shop.people if expected(shop, name, case, own) == "let")
    web = web_of(shop, copied)
    try:
        before = kept_in(copied)
        first = ask(web, who, verb, given, "k-1")
        assert first.status < 400, first.content
        after = kept_in(copied)
        assert after != before
        second = ask(web, who, verb, given, "k-1")
        third = ask(web, who, *other_than(case, own, foreign), "k-1")
        assert kept_in(copied) == after
    finally:
        web.close()
    if verb in SHOWN_ONCE:
        assert (second.status, json.loads(second.content)["error"]) == (409, "StaleCommand")
        secrets = [one for one in json.loads(first.content).values() if isinstance(one, str) and len(one) >= 43]
        assert secrets
        assert not [one for one in secrets if one in str(after)]
    else:
        assert (second.status, second.content) == (first.status, first.content)
        if verb not in SAID:
            assert second.headers.get(REPLAYED_HEADER.lower()) == "true"
    assert (third.status, json.loads(third.content)["error"]) == (409, "KeyConflict"), third.content


def test_a_desk_asks_once_in_process(copied: Engine) -> None:
    """``once`` has the verb that follows done once: the same value is answered, and who asks without it does it again.
    A key is somebody's own; what is refused is not kept; what is tried needs none."""
    desk = LocalDesk(copied, "olga")
    first = desk.once("k").leave("tom", because="She moves")
    assert desk.once("k").leave("tom", because="She moves") == first
    with pytest.raises(KeyConflict):
        desk.once("k").leave("tom", because="He moves")
    assert desk.once("k").leave("tom", because="It is tried", dry=True).person == "tom"
    with pytest.raises(Refused):
        desk.once("").once("x" * 201).set_name("ada", "Ada Lund")
    assert LocalDesk(copied, "ada").once("k").set_name("ada", "Ada Lund").name == "Ada Lund"
    begun = LocalDesk(copied, "ada").once("k2").start("table", need={"wish": "For two"})
    assert LocalDesk(copied, "ada").once("k2").start("table", need={"wish": "For two"}) == begun
    with pytest.raises(Refused):
        desk.once("k3").add_contact("ben", "no address at all")
    assert desk.once("k3").add_contact("ben", "ben2@example.org").address == "ben2@example.org"


def test_answers_are_kept_for_a_week_and_forgotten_with_a_person(copied: Engine) -> None:
    """After a week the key is fresh. Of a person who is erased no answer is left, only that it was done."""
    desk, clock = LocalDesk(copied, "olga"), copied.clock
    assert isinstance(clock, SimulatedClock)
    desk.once("k").add_contact("new_ada", "mira@example.org")
    desk.once("k2").set_name("new_ada", "Mira of the hill")
    assert any("Mira of the hill" in row and ANSWERED in row for row in kept_in(copied))
    copied.erase("new_ada", because="She asked for it")
    rows = [row for row in kept_in(copied) if ANSWERED in row]
    assert len(rows) == 2
    assert not [row for row in rows if "mira" in row.lower() or "new_ada" in row]
    with pytest.raises(StaleCommand, match="erased"):
        desk.once("k2").set_name("new_ada", "Mira of the hill")
    desk.once("k4").set_name("ben", "Benedict")
    clock.advance(KEPT + timedelta(days=1))
    desk.once("k5").set_name("ben", "Ben")
    assert len([row for row in kept_in(copied) if ANSWERED in row]) == 1
    assert desk.once("k4").set_name("ben", "Benedict").name == "Benedict"


def test_somebody_new_begins_once(copied: Engine) -> None:
    """A start by somebody whom nobody knows, sent twice with a key, is one job and one code; another is a conflict."""
    given: dict[str, Any] = {"need": {"wish": "For two"}, "name": "Mira", "contact": "mira@example.org", "key": "k"}
    first = copied.start_publicly("table", **given)
    jobs = len(copied.jobs(limit=200))
    assert copied.start_publicly("table", **given) == first
    assert len(copied.jobs(limit=200)) == jobs
    with pytest.raises(KeyConflict):
        copied.start_publicly("table", **given | {"name": "Mara"})
    assert copied.start_publicly("table", **given | {"key": "k2"}).job != first.job
