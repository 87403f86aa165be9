"""Histories are append-only and chained; whatever is changed behind the engine's back is found (L5)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from drafts import NOW, act, begin, fork, move_on, poll, say

from flowengine.core.values import Actor
from flowengine.errors import HistoryBroken, NotFound
from flowengine.store import Database, new_id
from flowengine.store.audit import audit_job
from flowengine.store.history import Verified

UNLOCK = {
    "sqlite": ("DROP TRIGGER flow_history_unchanged", "DROP TRIGGER flow_history_kept"),
    "postgresql": ("SET LOCAL session_replication_role = replica",),  # no triggers, in this transaction
}
ARCHIVING = "INSERT INTO flow_settings (name, value) VALUES ('archiving', 'yes')"


def tamper(url: str, *statements: str, unlocked: bool = True) -> None:
    """Change rows with SQL of one's own; the triggers are taken away first."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            for statement in [*(UNLOCK[engine.dialect.name] if unlocked else ()), *statements]:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


@pytest.fixture
def job(database: Database) -> str:
    """A job with five entries in its history."""
    made = begin(database)
    for work in (move_on, say, move_on, say):
        act(database, made, work)
    return made


def broken(database: Database, job: str) -> str:
    """What the verification finds wrong."""
    with database.reading() as tx, pytest.raises(HistoryBroken) as raised:
        tx.history.verify(job)
    with database.reading() as tx:
        assert audit_job(tx, job).problems
    return str(raised.value)


def test_a_whole_history_is_verified(database: Database, job: str) -> None:
    """An untouched history verifies and tells how many entries it has."""
    with database.reading() as tx:
        assert tx.history.verify(job) == Verified(entries=5, erased=0)
        assert audit_job(tx, job).problems == ()
        assert audit_job(tx, job).entries == 5


def test_entries_come_back_as_they_were(database: Database, job: str) -> None:
    """Each entry keeps who, when, the command and its events."""
    with database.reading() as tx:
        entries = tx.history.of(job)
        assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
        assert {entry.by for entry in entries} == {Actor(kind="customer", id="ada")}
        assert {entry.at for entry in entries} == {NOW}
        assert tx.history.of(job, after=4) == entries[4:]
        assert tx.history.of(new_id()) == []


def test_an_edited_entry_is_found(database: Database, database_url: str, job: str) -> None:
    """A changed word in one entry breaks the chain at that entry."""
    tamper(database_url, "UPDATE flow_history SET body = replace(body, 'note', 'wish') WHERE seq = 3")
    assert "entry 3" in broken(database, job)


def test_an_edited_time_is_found(database: Database, database_url: str, job: str) -> None:
    """A changed time beside an unchanged entry is found."""
    tamper(database_url, "UPDATE flow_history SET at = at + 1 WHERE seq = 2")
    assert "entry 2" in broken(database, job)


def test_a_missing_entry_is_found(database: Database, database_url: str, job: str) -> None:
    """A deleted entry is missed."""
    tamper(database_url, "DELETE FROM flow_history WHERE seq = 2")
    assert "entry 2 is missing" in broken(database, job)


def test_a_cut_off_end_is_found(database: Database, database_url: str, job: str) -> None:
    """Entries cut off at the end are missed, for the job's row knows the last."""
    tamper(database_url, "DELETE FROM flow_history WHERE seq > 3")
    assert "3 entries" in broken(database, job)


def test_swapped_entries_are_found(database: Database, database_url: str, job: str) -> None:
    """Two entries that changed places break the chain."""
    tamper(
        database_url,
        "UPDATE flow_history SET seq = 99 WHERE seq = 2",
        "UPDATE flow_history SET seq = 2 WHERE seq = 4",
        "UPDATE flow_history SET seq = 4 WHERE seq = 99",
    )
    assert "entry 2" in broken(database, job)


def test_an_entry_of_another_job_is_found(database: Database, database_url: str, job: str) -> None:
    """A history copied from another job does not fit, although its chain is whole."""
    other = begin(database)
    for work in (move_on, say, move_on, say):
        act(database, other, work)
    tamper(
        database_url,
        f"DELETE FROM flow_history WHERE job_id = '{job}'",
        f"UPDATE flow_history SET job_id = '{job}' WHERE job_id = '{other}'",
    )
    assert "entry 1" in broken(database, job)


def test_an_edited_hash_is_found(database: Database, database_url: str, job: str) -> None:
    """A rewritten last entry with a fitting hash does not fit the job's row."""
    tamper(database_url, f"UPDATE flow_jobs SET hash = 'x' WHERE id = '{job}'")
    assert "last entry" in broken(database, job)


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE flow_jobs SET head = replace(head, '\"serial\":', '\"serial\":9')", "head"),
        ("UPDATE flow_jobs SET data = replace(data, 'wedding', 'funeral')", "data"),
        ("UPDATE flow_jobs SET root = replace(root, 'Choose', 'Lose')", "branch main"),
        ("UPDATE flow_jobs SET customer = 'ben'", "customer"),
        ("UPDATE flow_jobs SET short = 'beef'", "short"),
        ("UPDATE flow_jobs SET status = 'ended'", "status"),
        ("UPDATE flow_branches SET body = replace(body, 'sew', 'sow')", "branch main/pieces"),
        ("DELETE FROM flow_branches WHERE id = 'main/pieces#9/1'", "not stored"),
        ("DELETE FROM flow_steps WHERE audience = 'person:ada'", "person:ada"),
        ("UPDATE flow_steps SET audience = 'person:eve' WHERE audience = 'person:ada'", "person:eve"),
        ("UPDATE flow_steps SET claimed = 'eve' WHERE audience = 'person:ada'", "does not agree"),
        ("UPDATE flow_steps SET answered = 1 WHERE audience = 'person:voter1'", "person:voter1"),
        ("UPDATE flow_timers SET wake = wake + 1", "timer 3"),
        ("DELETE FROM flow_timers", "not stored"),
    ],
)
def test_the_audit_finds_what_does_not_follow_from_the_history(
    database: Database, database_url: str, statement: str, word: str
) -> None:
    """Any change to what is stored beside the history is named (L5)."""
    job = begin(database)
    act(database, job, lambda draft: fork(draft, 2) and None)
    act(database, job, lambda draft: poll(draft, 2) and None)
    with database.reading() as tx:
        assert audit_job(tx, job).problems == ()
    tamper(database_url, statement, unlocked=False)
    with database.reading() as tx:
        problems = audit_job(tx, job).problems
    assert any(word in problem for problem in problems), problems


def test_the_history_cannot_be_changed(database: Database, database_url: str, job: str) -> None:
    """The database itself refuses to change an entry, and to delete one unless it is being archived."""
    for statement in ("UPDATE flow_history SET body = '{}'", "DELETE FROM flow_history"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            tamper(database_url, statement, unlocked=False)
    tamper(database_url, ARCHIVING, "DELETE FROM flow_history", "DELETE FROM flow_settings", unlocked=False)
    with database.reading() as tx:
        assert tx.history.of(job) == []


def test_an_unknown_job_has_no_history(database: Database) -> None:
    """Verifying a job that is not there raises NotFound."""
    with database.reading() as tx, pytest.raises(NotFound):
        tx.history.verify(new_id())
