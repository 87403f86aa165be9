"""A vote that was opened before there were boxes goes on as it was opened, with a seat for each voter.

``before_ballots`` holds the rows of such a database, with a ballot cast by Max.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from noted_database import NotedDatabase

from flowengine import Database, Engine, SimulatedClock
from flowengine.store import schema

ROWS: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parent / "before_ballots/rows.json").read_text())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A database of the revision before, with a vote that is open."""
    found = str(request.getfixturevalue("empty_sqlite_url" if request.param == "sqlite" else "empty_postgres_url"))
    with NotedDatabase.open(found, check=False) as database:
        assert isinstance(database, NotedDatabase)
        with database.driver.migrating() as connection:
            schema.upgrade(connection, "0011")
            order = ["flow_people", *(name for name in ROWS if name not in ("flow_people", "flow_settings"))]
            for name in order:
                for row in ROWS[name]:
                    given = {key: one["bytes"].encode() if isinstance(one, dict) else one for key, one in row.items()}
                    names = sa.text(
                        f"INSERT INTO {name} ({', '.join(given)}) VALUES ({', '.join(f':{one}' for one in given)})"
                    )
                    connection.execute(names, given)
    return found


def test_an_open_vote_goes_on_as_it_was_opened(url: str) -> None:
    """Its ballot counts, may be changed, and others are cast; the next vote has a box."""
    with Database.open(url, check=False) as database:
        database.upgrade()
    clock = SimulatedClock(datetime(2026, 5, 5, 9, tzinfo=UTC))
    with Engine(url, clock=clock, handlers={}) as engine:
        (job,) = [row.id for row in engine.jobs(status="open")]
        assert engine.inbox("max") == []
        (step,) = [item.id for item in engine.inbox("mia")]
        engine.act(step, "vote", {"for": "defend"}, by="mia")
        engine.act(step, "vote", {"for": "defend"}, by="max")
        assert len(engine.history(job)) == 4
        clock.advance(timedelta(days=3))
        engine.run_due()
        assert engine.data(job)["vote"]["tally"] == {"attack": 0, "defend": 2}
        assert engine.audit().fine
        engine.start("ballot", by="ada")
        (item,) = engine.inbox("mo")
        engine.act(item.id, "vote", {"for": "attack"}, by="mo")
        assert engine.ballot(item.id, by="mo").voted
