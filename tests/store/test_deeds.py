"""The chain of administrative deeds: whatever is changed in it behind the engine's back is found (L5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
import sqlalchemy as sa
from noted_database import NotedDatabase

from flowengine import Engine
from flowengine.core.values import Actor
from flowengine.errors import ConnectionLost, HistoryBroken
from flowengine.store import Database, Transaction, persistence, schema
from flowengine.store.administration import Deed
from flowengine.store.tables import HEAD

T = TypeVar("T")
OLGA = Actor(kind="operator", id="olga", roles=("operator",))
NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
UNLOCK = {
    "sqlite": ("DROP TRIGGER flow_deeds_unchanged", "DROP TRIGGER flow_deeds_kept"),
    "postgresql": ("SET LOCAL session_replication_role = replica",),  # no triggers, in this transaction
}


def tamper(url: str, *statements: str, unlocked: bool = True) -> None:
    """Change rows with SQL of one's own; the triggers are taken away first."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in [*(UNLOCK[engine.dialect.name] if unlocked else ()), *statements]:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def note(tx: Transaction, verb: str, about: str = "", also: str = "", **words: str) -> None:
    tx.deeds.note(Deed(seq=0, at=NOW, by=OLGA, verb=verb, about=about, also=also, words=dict(words)))


@pytest.fixture
def deeds(database: Database) -> Database:
    """Four deeds: about Ada, about her and Ben, about Ben, about nobody."""
    for given in (("add_contact", "ada", ""), ("merge", "ben", "ada"), ("add_contact", "ben", ""), ("deploy", "suit")):
        database.keep(lambda tx, given=given: note(tx, *given, because=f"{given[0]}, in words"))  # type: ignore[misc]
    return database


def found(database: Database) -> str:
    """What is wrong with the chain; nothing where it is whole."""
    with database.reading() as tx:
        try:
            tx.deeds.check()
        except HistoryBroken as broken:
            return broken.what
    return ""


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE flow_deeds SET body = replace(body, '\"olga\"', '\"mona\"') WHERE seq = 2", "deed 2 is not what was"),
        ("UPDATE flow_deeds SET about = 'eve' WHERE seq = 1", "the columns of administrative deed 1"),
        ("UPDATE flow_deeds SET at = at + 1 WHERE seq = 3", "the columns of administrative deed 3"),
        ("UPDATE flow_deeds SET contents = replace(contents, 'words', 'swords') WHERE seq = 3", "a word of admin"),
        ("UPDATE flow_deeds SET contents = NULL WHERE seq = 3", "a word of administrative deed 3"),
        ("DELETE FROM flow_deeds WHERE seq = 2", "deed 2 is missing"),
        ("DELETE FROM flow_deeds WHERE seq = 4", "the head of their chain is another"),
        ("DELETE FROM flow_settings WHERE name = 'deeds'", "the head of their chain is another"),
        ("INSERT INTO flow_deeds SELECT 5, at, verb, about, also, hash, body, contents FROM flow_deeds WHERE seq = 4",
         "deed 5 is not what was written"),
    ],
)  # fmt: skip
def test_what_was_changed_is_found(deeds: Database, database_url: str, statement: str, what: str) -> None:
    """One edited, added, missing or cut-off deed is found, and where; without that the chain is whole."""
    assert found(deeds) == ""
    tamper(database_url, statement)
    assert what in found(deeds)


def test_the_database_itself_refuses(deeds: Database, database_url: str) -> None:
    """Rows are neither changed nor deleted; and contents not without being about to erase, nor anything beside them."""
    erasing = "INSERT INTO flow_settings (name, value) VALUES ('erasing', 'yes')"
    for statements in (
        ("UPDATE flow_deeds SET verb = 'merge'",),
        ("UPDATE flow_deeds SET contents = '[]'",),
        ("DELETE FROM flow_deeds WHERE seq = 4",),
        (erasing, "UPDATE flow_deeds SET about = 'eve'"),
        (erasing, "DELETE FROM flow_deeds"),
    ):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            tamper(database_url, *statements, unlocked=False)
    assert found(deeds) == ""


def test_erased_words_leave_the_chain_whole(deeds: Database) -> None:
    """What was written about somebody is gone from all deeds about him, and only from those; a deed has to say so."""
    with deeds.writing() as tx:
        assert tx.deeds.erase(["ada"]) == [1, 2]
        told = [(one.seq, one.words["because"], one.erased) for one in tx.deeds.page()]
        assert told == [
            (4, "deploy, in words", False),
            (3, "add_contact, in words", False),
            (2, "erased", True),
            (1, "erased", True),
        ]
        with pytest.raises(HistoryBroken, match="words of administrative deed 1 are erased, and no later one says"):
            tx.deeds.check()
        tx.deeds.note(Deed(seq=0, at=NOW, by=OLGA, verb="erase", about="ada", facts={"deeds": [[1, 2]]}))
    with deeds.reading() as tx:
        checked = tx.deeds.check()
        assert (checked.deeds, checked.erased, checked.hash) == (5, 2, tx.deeds.page(limit=1)[0].hash)
        assert [one.seq for one in tx.deeds.page("ada")] == [5, 2, 1]
        assert [one.seq for one in tx.deeds.page("ada", after=5, limit=1)] == [2]


def test_a_chain_without_its_head_is_not_begun_anew(deeds: Database, database_url: str) -> None:
    """Who takes the head away does not get a second chain, whose first deed would hide those before."""
    tamper(database_url, "DELETE FROM flow_settings WHERE name = 'deeds'", unlocked=False)
    with pytest.raises(HistoryBroken, match="the head of the chain of administrative deeds is gone"):
        deeds.keep(lambda tx: note(tx, "deploy", "suit"))


@pytest.mark.parametrize("kept", [True, False])
def test_a_deed_is_noted_once_though_the_answer_is_lost(database: Database, kept: bool) -> None:
    """Where a commit's answer is lost, the chain tells whether it was kept: the work is done again if it was not."""
    done = 0

    def once(work: Callable[[Transaction], T]) -> T:
        nonlocal done
        done += 1
        with database.writing() as tx:
            result = work(tx)
            if done == 1 and not kept:
                raise ConnectionLost("the answer was lost", in_doubt=True)
        if done == 1:
            raise ConnectionLost("the answer was lost", in_doubt=True)
        return result

    persistence.keep(once, lambda tx: note(tx, "deploy", "suit"), 60)
    assert done == 2
    with database.reading() as tx:
        assert tx.deeds.check().deeds == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_of_the_version_before_begins_its_chain(kind: str, request: pytest.FixtureRequest) -> None:
    """The upgrade is the first deed, once; what was there before goes on, and what comes is chained behind it."""
    url = str(request.getfixturevalue("empty_sqlite_url" if kind == "sqlite" else "empty_postgres_url"))
    with NotedDatabase.open(url, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, "0018")
    insert = (
        "INSERT INTO flow_people (id, kind, name_key, contact_key, body, created) VALUES ('ada', 'customer', 'ada', '',"
        ' \'{"id":"ada","kind":"customer","name":"Ada","created":"2026-03-01T12:00:00Z"}\', 5)'
    )
    tamper(url, insert, unlocked=False)
    with Database.open(url, check=False) as database:
        assert database.upgrade() == database.upgrade() == HEAD
    with Engine(url) as engine:
        engine.add_contact("ada", "ada@example.org")
        assert [one.what for one in engine.administration()] == [
            "added a contact of Ada (ada): ada@example.org",
            f"brought the database from schema 0018 to {HEAD}",
        ]
        assert (engine.audit().deeds, engine.audit().problems) == (2, ())
