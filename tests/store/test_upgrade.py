"""A schema that is upgraded under running processes, and code of the revision before on a newer schema."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from noted_database import NotedDatabase

from flowengine import Database, Engine, SchemaMismatch
from flowengine.core.values import Head, Step
from flowengine.store import schema, steps
from flowengine.store.codec import decode, moment
from flowengine.store.tables import HEAD, metadata

SMALL = """
process: small
title: Small
need: Something small
states:
  need: {type: need, next: order}
  order: {type: service, call: order, within: P1D, on: {done: fulfilled, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It took too long}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database's URL."""
    return str(request.getfixturevalue("empty_sqlite_url" if request.param == "sqlite" else "empty_postgres_url"))


@pytest.fixture
def outside(url: str) -> Iterator[sa.Engine]:
    """The database as any other program reaches it."""
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


def first_revision(url: str) -> None:
    """Make the tables of the first revision."""
    with NotedDatabase.open(url, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, "0001")


def test_the_first_revision_is_upgraded_with_what_is_in_it(url: str, outside: sa.Engine) -> None:
    """Rows that code of the first revision wrote are worked off by this one, their new columns filled in."""
    first_revision(url)
    with pytest.raises(SchemaMismatch) as refused:
        Database.open(url)
    assert refused.value.possible == ("flow db upgrade",)
    with outside.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO flow_outbox (job_id, seq, number, kind, body, next_at, attempts, last_error)"
                " VALUES ('j', 1, 1, 'referral', '{}', 5, 0, '')"
            )
        )
    with Database.open(url, check=False) as database:
        assert database.upgrade() == HEAD
    with outside.connect() as connection:
        row = connection.execute(sa.select(metadata.tables["flow_outbox"])).mappings().one()
    assert (row["lane"], row["incident"], row["next_at"]) == ("", "", 5)


def test_open_steps_are_as_urgent_after_an_upgrade(url: str, outside: sa.Engine) -> None:
    """The columns by which inboxes are sorted are filled in for the steps that are there, as new ones have them."""
    with NotedDatabase.open(url, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, "0009")
    bodies = {
        1: '{"number":1,"branch":"main","state":"s","title":"Größe","opened":"2026-03-01T12:00:00Z"}',
        2: '{"number":2,"branch":"main","state":"s","opened":"2026-03-01T12:00:00Z","due":"2026-03-05T12:00:00.5Z",'
        '"claimed":"tom","excluded":["ann","bö"]}',
    }
    head = '{"job":"j","process":"p","version":"v","customer":"ada","started":"2026-03-01T12:00:00Z","promise":'
    head += '{"by":"2026-03-03T00:00:00Z","made":"2026-03-01T12:00:00Z","first":"2026-03-03T00:00:00Z"}}'
    job = sa.text(
        "INSERT INTO flow_jobs (id, short, process, version, customer, status, seq, hash, started, updated, head, data)"
        " VALUES ('j', 'j', 'p', 'v', 'ada', 'open', 1, '', 5, 5, :head, '{}')"
    )
    step = sa.text(
        "INSERT INTO flow_steps (job_id, number, audience, seat, answered, branch, opened, process, customer, body)"
        " VALUES ('j', :number, :audience, 1, 0, 'main', 5, 'p', 'ada', :body)"
    )
    with outside.begin() as connection:
        connection.execute(job, {"head": head})
        for number, body in bodies.items():
            for audience in ("role:tailor", "customers"):
                connection.execute(step, {"number": number, "audience": audience, "body": body})
    with Database.open(url, check=False) as database:
        database.upgrade()
    promise = decode(head, Head).promise
    with outside.connect() as connection:
        rows = connection.execute(sa.select(metadata.tables["flow_steps"])).mappings().all()
    assert len(rows) == 4
    for row in rows:
        wanted = steps.derived(decode(bodies[row["number"]], Step), promise) | {"customer": "ada"}
        wanted = steps.for_audience(wanted, row["audience"])
        assert {name: row[name] for name in wanted} == wanted


def test_code_of_the_revision_before_goes_on_writing(url: str, outside: sa.Engine) -> None:
    """After the upgrade an insert that knows none of the new columns still works: processes are replaced one by one."""
    first_revision(url)
    with Database.open(url, check=False) as database:
        database.upgrade()
    insert = (
        "INSERT INTO flow_calls (job_id, number, branch, body, incident, next_at, epoch, attempts, worker, lease_until,"
        " last_error) VALUES ('j', 4, 'main', '{}', '', 5, 0, 0, '', NULL, '')"
    )
    with outside.begin() as connection:
        connection.execute(sa.text(insert))
        row = connection.execute(sa.select(metadata.tables["flow_calls"])).mappings().one()
    assert (row["lane"], row["alone"], row["progress"], row["trace"]) == ("", 0, "", "")


def test_a_called_job_is_found_whoever_started_it(url: str, outside: sa.Engine) -> None:
    """For which call a job was started is filled in for those that are there, and for those that code of the revision
    before starts after the upgrade."""
    insert = sa.text(
        "INSERT INTO flow_jobs (id, short, process, version, customer, status, seq, hash, started, updated, head, data)"
        " VALUES (:id, :id, 'p', 'v', 'ada', 'open', 1, '', 5, 5, :head, '{}')"
    )
    heads = {"called": '{"job":"called","parent":"a.1"}', "wished": '{"job":"wished"}'}
    later = {"also_called": '{"job":"also_called","parent":"a.2"}', "also_wished": '{"job":"also_wished"}'}
    first_revision(url)
    with Database.open(url, check=False) as database:
        with outside.begin() as connection:
            connection.execute(insert, [{"id": id, "head": head} for id, head in heads.items()])
        database.upgrade()
        with outside.begin() as connection:
            connection.execute(insert, [{"id": id, "head": head} for id, head in later.items()])
        with database.reading() as tx:
            found = [tx.jobs.child_of("a", call) for call in (1, 2, 3)]
    assert found == ["called", "also_called", None]
    with outside.connect() as connection:
        table = metadata.tables["flow_jobs"]
        rows = connection.execute(sa.select(table.c.id, table.c.parent)).all()
    assert {id for id, parent in rows if parent is None} == {"wished", "also_wished"}


def test_what_was_promised_is_filled_in(url: str, outside: sa.Engine) -> None:
    """Open jobs that code of the revision before left behind are found when they are late; not those whose promise is
    kept, or that are over. Code of that revision goes on writing, and its jobs have it from their next act on."""
    insert = sa.text(
        "INSERT INTO flow_jobs (id, short, process, version, customer, status, seq, hash, started, updated, head, data)"
        " VALUES (:id, :id, 'p', 'v', 'ada', :status, 1, '', 5, 5, :head, '{}')"
    )
    by = '"by":"2026-05-10T22:59:59.999999Z","made":"2026-05-01T10:00:00Z","first":"2026-05-10T22:59:59.999999Z"'
    heads = {
        "late": ("open", f'{{"job":"late","promise":{{{by}}}}}'),
        "kept": ("open", f'{{"job":"kept","promise":{{{by},"kept":true}}}}'),
        "over": ("ended", f'{{"job":"over","promise":{{{by}}}}}'),
        "nothing": ("open", '{"job":"nothing"}'),
    }
    rows = [{"id": id, "status": status, "head": head} for id, (status, head) in heads.items()]
    many = [{"id": f"many{number:04}", "status": "open", "head": heads["late"][1]} for number in range(1_500)]
    first_revision(url)
    with Database.open(url, check=False) as database:
        with outside.begin() as connection:
            connection.execute(insert, rows + many)
        database.upgrade()
        with outside.begin() as connection:
            connection.execute(insert, {"id": "later", "status": "open", "head": heads["late"][1]})
        by_when = moment(1_778_453_999_999_999)
        with database.reading() as tx:
            found = tx.jobs.overdue(by_when + timedelta(microseconds=1))
            assert tx.jobs.overdue(by_when) == []
    assert found == ["late", *(row["id"] for row in many)]


def test_an_engine_goes_on_while_the_schema_grows(url: str, outside: sa.Engine) -> None:
    """A column and an index that come under a running engine change nothing for it, and a new one opens beside it."""
    with Engine(url, handlers={"order": lambda _: None}) as engine:
        engine.deploy(SMALL)
        first = engine.start("small", by="ada").job
        with outside.begin() as connection:
            connection.execute(sa.text("ALTER TABLE flow_jobs ADD COLUMN later TEXT NOT NULL DEFAULT ''"))
            connection.execute(sa.text("ALTER TABLE flow_calls ADD COLUMN later TEXT NOT NULL DEFAULT ''"))
            connection.execute(sa.text("CREATE INDEX ix_later ON flow_jobs (later, id)"))
            connection.execute(sa.text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
        second = engine.start("small", by="ben").job
        assert engine.run_due().calls == 2
        assert {row.id for row in engine.jobs(status="fulfilled")} == {first, second}
        with Engine(url) as another:
            assert another.audit().fine
            assert another.track(first, by="ada").status == "fulfilled"


def test_a_newer_schema_says_whose_code_still_works(url: str, outside: sa.Engine) -> None:
    """A newer schema is taken while it says that this code works on it, and refused once it says no more."""
    Database.open(url).close()
    with outside.begin() as connection:
        connection.execute(sa.text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    Database.open(url).close()
    with outside.begin() as connection:
        connection.execute(sa.text("UPDATE flow_settings SET value = '9998' WHERE name = 'oldest_code'"))
    with pytest.raises(SchemaMismatch) as refused:
        Database.open(url)
    assert refused.value.possible == ("a newer flowengine",)


def test_who_waits_is_read_anew_after_an_upgrade(url: str, outside: sa.Engine) -> None:
    """A job that code of an older revision brought to where it waits is found by a message that names no job, once the
    schema was upgraded, and is not read twice."""
    with Engine(url) as engine:
        engine.deploy(
            SMALL.replace("type: service, call: order,", "type: message, name: order,").replace("done:", "received:")
        )
        job = engine.start("small", by="ada").job
        with outside.begin() as connection:
            connection.execute(sa.text("DELETE FROM flow_awaiting"))
        engine.database.upgrade()
        assert engine.send("order").job == job
        with outside.connect() as connection:
            assert connection.execute(sa.select(metadata.tables["flow_awaiting"])).all() == []


def test_customers_keep_what_they_have_booked(url: str, outside: sa.Engine) -> None:
    """What a customer booked before people had bookings of their own is in his way afterwards, of two at one time one;
    code of the revision before, which knows no holds that end by themselves, still books."""
    job = sa.text(
        "INSERT INTO flow_jobs (id, short, process, version, customer, status, seq, hash, started, updated, head, data)"
        " VALUES (:id, :id, 'p', 'v', 'ada', 'open', 1, '', 5, 5, '{}', '{}')"
    )
    cell = sa.text(
        "INSERT INTO flow_bookings (calendar, cell, seat, until, job_id, slot, slot_end)"
        " VALUES (:calendar, :cell, 1, :until, :job, :slot, :end)"
    )
    hour, now = 3_600_000_000, moment(0)
    first_revision(url)
    with Database.open(url, check=False) as database:
        with outside.begin() as connection:
            connection.execute(job, [{"id": id} for id in ("first", "second")])
            for one, calendar in (("first", "shop"), ("second", "garden")):
                both = [{"cell": at, "until": at + hour} for at in (hour, 2 * hour)]
                whole = {"job": one, "calendar": calendar, "slot": hour, "end": 3 * hour}
                connection.execute(cell, [whole | part for part in both])
        assert database.upgrade() == HEAD
        late = {"job": "first", "calendar": "shop", "slot": 9 * hour, "end": 10 * hour, "cell": 9 * hour}
        with outside.begin() as connection:
            connection.execute(cell, late | {"until": 10 * hour})
        with database.reading() as tx:
            found = tx.bookings.of(["shop", "garden", "person:ada"], moment(0), moment(20 * hour), now)
    assert [len(found[name]) for name in ("shop", "garden", "person:ada")] == [2, 1, 1]
    ((start, end, job_id),) = found["person:ada"]
    assert (start, end, job_id) == (moment(hour), moment(3 * hour), job_id)


def test_the_contact_of_each_person_becomes_his_first(url: str, outside: sa.Engine) -> None:
    """What was one text is a row that finds him; blank ones, and odd ones, lose nothing."""
    with NotedDatabase.open(url, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, "0011")
    row = sa.text(
        "INSERT INTO flow_people (id, kind, name_key, contact_key, body, created)"
        " VALUES (:id, 'customer', '', '', :body, 5)"
    )
    body = '{{"id":"{id}","kind":"customer","contact":"{contact}","created":"2026-03-01T12:00:00Z"}}'
    contacts = {"ada": "Ada@Example.org", "ben": "020 7946 0000", "cleo": "Room 12", "dan": " "}
    with outside.begin() as connection:
        for id, contact in contacts.items():
            connection.execute(row, {"id": id, "body": body.format(id=id, contact=contact)})
    with Database.open(url, check=False) as database:
        database.upgrade()
    with Engine(url) as engine:
        found = {id: [(one.kind, one.address) for one in engine.contacts(id)] for id in contacts}
        assert found == {
            "ada": [("mail", "Ada@Example.org")],
            "ben": [("phone", "020 7946 0000")],
            "cleo": [("other", "Room 12")],
            "dan": [],
        }
        assert engine.find_person("ada@example.org").id == "ada"
        assert engine.find_person("room 12").id == "cleo"


def test_promises_and_lives_from_before_expected_dates_are_looked_at(url: str, outside: sa.Engine) -> None:
    """A promise that is there, or that code of the revision before makes, is looked at like any other; what of a job
    was counted before is left until the job acts again."""
    with NotedDatabase.open(url, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, "0023")
    promise = sa.text(
        "INSERT INTO flow_promises (job_id, process, customer, state, promised, body)"
        " VALUES (:id, 'p', 'ada', :state, 5, '{}')"
    )
    life = sa.text("INSERT INTO flow_lives (job_id, seq, body) VALUES (:id, 3, '{}')")
    with Database.open(url, check=False) as database:
        with outside.begin() as connection:
            connection.execute(promise, [{"id": "a", "state": "open"}, {"id": "b", "state": "kept"}])
            connection.execute(life, {"id": "a"})
        database.upgrade()
        with outside.begin() as connection:
            connection.execute(promise, {"id": "c", "state": "open"})
            connection.execute(life, {"id": "c"})
        now = moment(10)
        with database.reading() as tx:
            assert [one.job for one in tx.promises.to_look_at(now, timedelta(hours=1), 9)] == ["a", "c"]
            assert tx.insights.standing(now, 9) == []
            assert tx.expected.of("p") == []
