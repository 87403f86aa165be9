"""Contents stand beside the chained history: they are read as they were, and what is changed or missing is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from drafts import act, begin, move_on, say
from hypothesis import given
from hypothesis import strategies as st
from test_history import broken, tamper

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import Actor
from flowengine.errors import HistoryBroken
from flowengine.store import Database, Entry
from flowengine.store.audit import audit_job
from flowengine.store.codec import moment
from flowengine.store.history import Verified, read, written
from flowengine.store.holes import beside

ADA = Actor(kind="customer", id="ada")
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def entry(*values: Any, text: str = "hm", key: str = "") -> Entry:
    events = tuple(e.Saved(branch="main", place=f"a{number}", value=value) for number, value in enumerate(values))
    return Entry(seq=1, at=moment(0), by=ADA, command=c.Say(by=ADA, text=text), key=key, events=events)


def back(made: Entry) -> Entry:
    new = written(made)
    return read("job", 1, new.body.decode(), new.contents)


@given(JSON, JSON, TEXTS)
def test_an_entry_is_read_as_it_was(one: Any, other: Any, text: str) -> None:
    """Whatever was written comes back, and none of it is in the chained bytes."""
    made = entry(one, other, one, text=text)
    found = back(made)
    assert (found.command, found.events, found.erased) == (made.command, made.events, False)


def test_equal_contents_of_an_entry_share_a_hole() -> None:
    """One salt and one hash for each different content; another entry has others."""
    first, second = written(entry("said", "said", text="said")), written(entry("said", "said", text="said"))
    assert len(beside(first.contents).kept) == 1
    assert first.body != second.body
    assert b"said" not in first.body.replace(b"Said", b"")


def test_what_looks_like_a_hole_is_none() -> None:
    """Neither a text nor a request key in the shape of a hole is taken for one, also once it is erased."""
    hole = "~t" + 64 * "0"
    made = entry(hole, text=f'"{hole}"', key=hole)
    new = written(made)
    found = read("job", 1, new.body.decode(), new.contents)
    assert (found.command, found.events, found.key) == (made.command, made.events, hole)
    gone = read("job", 1, new.body.decode(), beside(new.contents).without(lambda _: True))
    assert (gone.key, gone.erased, gone.command) == (hole, True, c.Say(by=ADA, text="erased"))


def test_an_erased_content_reads_as_nothing() -> None:
    """A text says so, an object and a list are empty, anything else is null: of the shape that it had."""
    new = written(entry("a", 3, [1], {"b": 1}))
    found = read("job", 1, new.body.decode(), beside(new.contents).without(lambda _: True))
    assert [event.value for event in found.events if isinstance(event, e.Saved)] == ["erased", None, [], {}]


def test_some_contents_of_an_entry_can_be_erased() -> None:
    """The others stay as they are."""
    new = written(entry("mine", "his"))
    found = read("job", 1, new.body.decode(), beside(new.contents).without(lambda content: content == "his"))
    assert [event.value for event in found.events if isinstance(event, e.Saved)] == ["mine", "erased"]
    assert found.erased


@pytest.mark.parametrize(
    "contents", [None, "[]", "{}", "nonsense", '["a"]', '[["zz","1"]]', '[["00"]]', '[["00","1"]]']
)
def test_what_stands_beside_must_fit(contents: str | None) -> None:
    """Nothing, too little and what is no list of contents are all refused."""
    new = written(entry("a"))
    with pytest.raises(HistoryBroken, match="a content of entry 1"):
        read("job", 1, new.body.decode(), contents)


@pytest.fixture
def job(database: Database) -> str:
    """A job with four entries."""
    made = begin(database)
    for work in (move_on, say, say):
        act(database, made, work)
    return made


def contents_of(url: str, seq: int) -> list[Any]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT contents FROM flow_history WHERE seq = {seq}").scalar_one()
    engine.dispose()
    return list(json.loads(found))


def put(url: str, seq: int, contents: list[Any] | None) -> None:
    value = "NULL" if contents is None else "'" + json.dumps(contents).replace("'", "''") + "'"
    tamper(url, f"UPDATE flow_history SET contents = {value} WHERE seq = {seq}")


@pytest.mark.usefixtures("job")
def test_the_chain_holds_no_content(database_url: str) -> None:
    """What was said is beside the body, not in it."""
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM flow_history").scalars().all()
    engine.dispose()
    for words in ("wedding", "Choose", "navy", '"hm"'):
        assert not any(words in body for body in bodies)
    assert any("hm" in content for _, content in contents_of(database_url, 3))


def test_an_edited_content_is_found(database: Database, database_url: str, job: str) -> None:
    """Another word in a content does not have its hash."""
    (salt, _), *more = contents_of(database_url, 3)
    put(database_url, 3, [[salt, '"mh"'], *more])
    assert "content of entry 3" in broken(database, job)


def test_an_edited_salt_is_found(database: Database, database_url: str, job: str) -> None:
    """Nor has it with another salt."""
    (salt, content), *more = contents_of(database_url, 3)
    put(database_url, 3, [[salt[::-1], content], *more])
    assert "content of entry 3" in broken(database, job)


def test_an_edited_hole_is_found(database: Database, database_url: str, job: str) -> None:
    """A hole is in the chained bytes."""
    tamper(database_url, "UPDATE flow_history SET body = replace(body, '~t', '~j') WHERE seq = 3")
    assert "entry 3 is not what was written" in broken(database, job)


@pytest.mark.parametrize("left", [None, []])
def test_a_missing_content_is_found(database: Database, database_url: str, job: str, left: list[Any] | None) -> None:
    """Contents that are taken away are missed."""
    put(database_url, 3, left)
    assert "content of entry 3" in broken(database, job)


@pytest.mark.parametrize("twice", [False, True])
def test_a_content_too_many_is_found(database: Database, database_url: str, job: str, twice: bool) -> None:
    """One for which there is no hole, and one that is there twice."""
    kept = contents_of(database_url, 3)
    put(database_url, 3, [*kept, kept[0] if twice else ["00" * 16, '"new"']])
    assert "content of entry 3" in broken(database, job)


def test_a_content_of_another_entry_is_found(database: Database, database_url: str, job: str) -> None:
    """Equal contents of two entries have salts of their own."""
    put(database_url, 3, contents_of(database_url, 4))
    assert "content of entry 3" in broken(database, job)


def test_an_erasure_that_no_entry_tells_is_found(database: Database, database_url: str, job: str) -> None:
    """Whoever leaves the hash alone, as an erasure does, has not appended the entry that says so."""
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        query = "SELECT contents FROM flow_history WHERE seq = 3"
        kept = beside(connection.exec_driver_sql(query).scalar_one())
    engine.dispose()
    put(database_url, 3, json.loads(kept.without(lambda _: True)))
    assert "no later entry says that they were" in broken(database, job)


def test_contents_can_be_changed_only_to_erase(database: Database, database_url: str, job: str) -> None:
    """The database lets a transaction that says so change contents, and nothing else, and none be taken away."""
    allow = "INSERT INTO flow_settings (name, value) VALUES ('erasing', 'yes')"
    over = "DELETE FROM flow_settings WHERE name = 'erasing'"
    change = "UPDATE flow_history SET contents = '[]' WHERE seq = 3"
    for statements in (
        (change,),
        (allow, "UPDATE flow_history SET contents = NULL WHERE seq = 3"),
        (allow, "UPDATE flow_history SET contents = '[]', body = '{}' WHERE seq = 3"),
        (allow, "UPDATE flow_history SET contents = '[]', hash = '' WHERE seq = 3"),
        (allow, "UPDATE flow_history SET contents = '[]', at = 0 WHERE seq = 3"),
        (allow, "UPDATE flow_history SET contents = '[]', seq = 9 WHERE seq = 3"),
        (allow, "DELETE FROM flow_history WHERE seq = 3"),
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            tamper(database_url, *statements, unlocked=False)
    with database.reading() as tx:
        assert tx.history.verify(job) == Verified(entries=4, erased=0)
        assert audit_job(tx, job).problems == ()
    tamper(database_url, allow, change, over, unlocked=False)
    assert "content of entry 3" in broken(database, job)
