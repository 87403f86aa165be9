"""After an upgrade each open step is on its person's page, and can be done there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from forms import send
from house import House, opened
from inside_house import ask_cy, busy_house
from noted_database import NotedDatabase

from flowengine import Database, SimulatedClock
from flowengine.store import schema
from flowengine.store.tables import metadata

STORED = Path(__file__).parents[2] / "store"
FILLED_FIRST = ("flow_people", "flow_jobs")


def _written(url: str, revision: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    """A database of a revision before with these rows in it, of which it takes what it has a place for; upgraded."""
    with NotedDatabase.open(url, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, revision)
            there = sa.inspect(connection)
            known = set(there.get_table_names())
            first = [name for name in FILLED_FIRST if name in rows]
            for name in [*first, *(one for one in rows if one not in first)]:
                if name not in known or name in ("flow_schema", "flow_settings"):
                    continue
                columns = {one["name"] for one in there.get_columns(name)}
                for row in rows[name]:
                    given = {key: _value(value) for key, value in row.items() if key in columns}
                    names = ", ".join(given)
                    marks = ", ".join(f":{one}" for one in given)
                    connection.execute(sa.text(f"INSERT INTO {name} ({names}) VALUES ({marks})"), given)
    with Database.open(url, check=False) as database:
        database.upgrade()


def _value(value: Any) -> Any:
    return value["bytes"].encode() if isinstance(value, dict) else value


def _stored(name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads((STORED / name / "rows.json").read_text())
    return found


def _rows(url: str) -> dict[str, list[dict[str, Any]]]:
    """All that is in a database."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            name: [dict(row) for row in connection.execute(sa.text(f"SELECT * FROM {name}")).mappings()]
            for name in metadata.tables
        }
    engine.dispose()
    return found


def test_a_vote_of_the_eleventh_revision(empty_sqlite_url: str) -> None:
    """Who has voted may change it, and who has not finds it on the first page."""
    _written(empty_sqlite_url, "0011", _stored("before_ballots"))
    clock = SimulatedClock(datetime(2026, 5, 5, 9, tzinfo=UTC))
    with opened(empty_sqlite_url, clock, handlers={}) as house:
        path = f"/steps/{house.engine.inbox(by='mo')[0].id}"
        for person, first in (("mia", "Waits for you"), ("max", "You can still change these")):
            visitor = house.visitor(person)
            home = visitor.get("/")
            assert home.text.index(first) < home.text.index(path)
            done = send(visitor, visitor.get(path), path, way="vote", vote__for="defend")
            assert done.status_code == 303, done.text
        clock.advance(timedelta(days=3))
        house.engine.run_due()
        (job,) = house.engine.jobs()
        assert house.engine.data(job.id)["vote"]["tally"] == {"attack": 0, "defend": 2}


def test_a_task_of_the_eighth_revision(empty_sqlite_url: str) -> None:
    """It stands in the worklist of who has its role, and is done there."""
    _written(empty_sqlite_url, "0008", _stored("before_contents"))
    clock = SimulatedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    with opened(empty_sqlite_url, clock, handlers={}) as house:
        mika, (step,) = house.visitor("mika"), house.engine.inbox(by="mika")
        assert f"/work/{step.id}" in mika.get("/work").text
        page = mika.get(f"/work/{step.id}")
        done = send(mika, page, f"/work/{step.id}", done__note="Oiled twice")
        assert done.status_code == 303
        assert house.engine.inbox(by="mika") == []


@pytest.mark.parametrize("revision", ["0018"])
def test_a_house_in_which_much_is_under_way(empty_sqlite_url: str, tmp_path: Path, revision: str) -> None:
    """Every open step of every person is on his page, and its form is there."""
    with busy_house(f"sqlite:///{tmp_path / 'before.db'}") as before:
        ask_cy(before)
        waiting = {person: _waits(before, person) for person in ("ada", "bob", "cy", "tom", "mia", "ned")}
        now = before.clock.now()
    _written(empty_sqlite_url, revision, _rows(f"sqlite:///{tmp_path / 'before.db'}"))
    with opened(empty_sqlite_url, SimulatedClock(now), handlers={}) as house:
        assert {person: _waits(house, person) for person in waiting} == waiting
        for person, steps in waiting.items():
            visitor = house.visitor(person)
            inside = person in ("tom", "mia", "ned")
            listed = visitor.get("/work" if inside else "/").text
            for step in steps:
                assert step in listed, (person, step)
                assert visitor.get(f"/{'work' if inside else 'steps'}/{step}").status_code == 200
        cy = house.visitor("cy")
        choice = next(one.id for one in house.engine.inbox(by="cy") if one.title == "Choose your cloth")
        page = cy.get(f"/steps/{choice}")
        typed = {"chosen__cloth": "tweed", "chosen__buttons__horn": "4"}
        assert send(cy, page, f"/steps/{choice}", stage="send", **typed).status_code == 303
        assert sum(map(len, waiting.values())) > 10


def _waits(house: House, person: str) -> list[str]:
    return sorted(one.id for one in house.engine.inbox(by=person))
