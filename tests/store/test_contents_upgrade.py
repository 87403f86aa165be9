"""A database that was written before contents stood beside the history is rewritten, and an archive of then is read.

``before_contents`` holds the rows of such a database, and such an archive.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from noted_database import NotedDatabase

from flowengine import Database, Engine, SchemaMismatch
from flowengine.client import verify_archive
from flowengine.core import commands as c
from flowengine.store import schema
from flowengine.store.history import Verified
from flowengine.store.holes import beside
from flowengine.store.tables import metadata

BEFORE = Path(__file__).parent / "before_contents"
ROWS: dict[str, list[dict[str, Any]]] = json.loads((BEFORE / "rows.json").read_text())
JOBS = sorted(row["id"] for row in ROWS["flow_jobs"])
OLD = {(row["job_id"], row["seq"]): row for row in ROWS["flow_history"]}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database of the revision before, with two jobs of which one is over."""
    found = str(request.getfixturevalue("empty_sqlite_url" if request.param == "sqlite" else "empty_postgres_url"))
    with NotedDatabase.open(found, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, "0008")
            for name, rows in ROWS.items():
                table = metadata.tables[name]
                for row in rows if name != "flow_settings" else ():
                    given = {key: one["bytes"].encode() if isinstance(one, dict) else one for key, one in row.items()}
                    connection.execute(table.insert().values(given))
    return found


def upgraded(url: str) -> None:
    with Database.open(url, check=False) as database:
        database.upgrade()


def changed(url: str, statement: str) -> None:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def test_histories_are_rewritten_and_say_the_same(url: str) -> None:
    """Each entry reads as before, its contents stand beside it, and the chain is whole."""
    upgraded(url)
    with Engine(url) as engine:
        assert engine.audit().fine
        with engine.database.reading() as tx:
            for job in JOBS:
                entries = tx.history.of(job)
                assert tx.history.verify(job) == Verified(entries=len(entries), erased=0)
                assert any(entry.holes for entry in entries)
                for entry in entries:
                    old = json.loads(OLD[job, entry.seq]["body"])
                    assert (entry.seq, entry.key) == (old["seq"], old.get("key", ""))
            said = [one.command.text for one in tx.history.of(JOBS[0]) if isinstance(one.command, c.Say)]
        assert said == ['ada says: mind the the hall, "~t" and é']
        assert engine.data(JOBS[0])["need"]["room"] == 'the hall, "~t" and é'


def test_no_content_is_left_in_the_chained_bytes(url: str) -> None:
    """What people wrote is in no body any more, so that it can be erased from then on."""
    upgraded(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT body, contents FROM flow_history").all()
    engine.dispose()
    assert not any("hall" in body or "oak" in body or "wider" in body for body, _ in rows)
    kept = [content for _, contents in rows for content in beside(contents).contents()]
    assert any("a little wider" in str(content) for content in kept)
    with Engine(url) as engine_:
        engine_.erase("ada", because="She asked")
        assert engine_.audit().erased == 1


def test_the_hash_of_before_is_kept(url: str) -> None:
    """What was written down elsewhere of a chain can still be compared with."""
    upgraded(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.select(metadata.tables["flow_rechained"])).all()
    engine.dispose()
    before = {(row["id"], row["seq"], row["hash"]) for row in ROWS["flow_jobs"]}
    assert {tuple(row) for row in found} == before


def test_jobs_go_on_after_the_upgrade(url: str) -> None:
    """A receipt is repeated, and an act is chained to what was rewritten."""
    upgraded(url)
    with Engine(url) as engine:
        (step,) = [item.id for item in engine.inbox("mika")]
        engine.act(step, "done", {"note": "now"}, by="mika")
        assert engine.audit().fine


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE flow_history SET body = replace(body, 'oak', 'ash') WHERE seq = 3 AND job_id = '{job}'",
        "UPDATE flow_jobs SET hash = 'x' WHERE id = '{job}'",
        "UPDATE flow_jobs SET seq = 99 WHERE id = '{job}'",
    ],
)
def test_what_is_broken_is_left_as_it_is(url: str, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    """A broken history is not made whole by an upgrade: it is told, and an audit finds it as before."""
    lost = "DROP TRIGGER flow_history_unchanged" + (" ON flow_history" if url.startswith("postgresql") else "")
    changed(url, lost)
    changed(url, damage.format(job=JOBS[0]))
    # the upgrade takes the trigger away itself
    again = (
        "CREATE TRIGGER flow_history_unchanged BEFORE UPDATE OR DELETE ON flow_history FOR EACH ROW"
        " EXECUTE FUNCTION flow_history_refuse()"
        if url.startswith("postgresql")
        else "CREATE TRIGGER flow_history_unchanged BEFORE UPDATE ON flow_history BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    changed(url, again)
    upgraded(url)
    assert [record.getMessage() for record in caplog.records if record.name == "flowengine.store"] == [
        f"the history of job {JOBS[0]} is broken, and is left as it is"
    ]
    with Engine(url) as engine:
        assert {problem.job for problem in engine.audit().problems} == {JOBS[0]}
    engine_ = sa.create_engine(url)
    with engine_.connect() as connection:
        assert connection.exec_driver_sql("SELECT job_id FROM flow_rechained").scalars().all() == [JOBS[1]]
        query = f"SELECT seq, body FROM flow_history WHERE job_id = '{JOBS[0]}' AND seq <> 3"
        for seq, body in connection.exec_driver_sql(query):
            assert body == OLD[JOBS[0], seq]["body"]
    engine_.dispose()


def test_the_history_is_append_only_again(url: str) -> None:
    """After the upgrade the database refuses to change an entry, as before."""
    upgraded(url)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        changed(url, "UPDATE flow_history SET body = ''")


def test_code_of_before_does_not_open_it(url: str) -> None:
    """It could not read what is written now: the schema says since when code can."""
    upgraded(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT value FROM flow_settings WHERE name = 'oldest_code'").scalar_one()
    engine.dispose()
    assert found >= "0011"


def test_it_is_not_opened_before_the_upgrade(url: str) -> None:
    """This code reads no history of before."""
    with pytest.raises(SchemaMismatch):
        Database.open(url)


def test_an_archive_of_before_is_verified() -> None:
    """What was archived with its contents in the chain is whole; a word changed in it is found."""
    found = verify_archive(BEFORE / "archive.jsonl")
    assert (found.jobs, found.entries, found.erased, found.fine) == (1, 9, 0, True)


def test_damage_in_an_archive_of_before_is_found(tmp_path: Path) -> None:
    """A changed word breaks its chain."""
    damaged = tmp_path / "archive.jsonl"
    damaged.write_text((BEFORE / "archive.jsonl").read_text().replace("sanded", "sawn d"))
    (problem,) = verify_archive(damaged).problems
    assert "is not what was written" in problem.what
