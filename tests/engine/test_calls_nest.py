"""Jobs that call jobs: processes that do so for ever are not put in use, and calls nest only so deep (L12)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from flowengine import Engine, SimulatedClock
from flowengine.errors import ProcessRefused
from flowengine.store.tables import jobs as jobs_table


def calling(name: str, other: str, first: str = "") -> str:
    """A process that calls another, at once or after a state that leads to ``again``."""
    return f"""
process: {name}
need: It
states:
  need: {{type: need, next: {first.split(":")[0] or "again"}}}
  {first or "# nothing waits"}
  again: {{type: call, process: {other}, on: {{fulfilled: fulfilled, ended: gone}}}}
  fulfilled: {{type: fulfilled}}
  gone: {{type: ended, because: It could not be done}}
"""


def test_processes_that_call_one_another_for_ever_are_refused(engine: Engine) -> None:
    """The last of the circle is refused, whichever comes last; a new version in which something waits is not."""
    engine.deploy(calling("one", "two"))
    with pytest.raises(ProcessRefused, match="two calls one, one calls two"):
        engine.deploy(calling("two", "one"))
    engine.deploy(calling("one", "two", "rest: {type: wait, for: P1D, next: again}"))
    engine.deploy(calling("two", "one"))
    with pytest.raises(ProcessRefused, match="one calls two, two calls one"):
        engine.deploy(calling("one", "two"))


def test_a_call_that_would_be_too_deep_is_an_incident(engine: Engine, clock: SimulatedClock, database_url: str) -> None:
    """A job that is called too deep does not begin: the call is an operator's, and all jobs around it stand and go on
    once it is skipped."""
    engine.deploy(calling("deep", "deep", "rest: {type: wait, for: PT1H, next: again}"))
    lies_deep(database_url, engine.start("deep", by="ada", need={}).job, 61)
    for _ in range(8):
        clock.advance(timedelta(hours=1))
        engine.run_due()
    jobs = engine.jobs(process="deep")
    assert len(jobs) == 4
    assert {job.customer for job in jobs} == {"ada"}
    (incident,) = engine.incidents()
    assert "called 65 deep" in incident.error
    engine.retry(incident.id, by="olga")
    engine.run_due()
    (incident,) = engine.incidents()
    assert len(engine.jobs(process="deep")) == 4
    engine.skip_call(incident.id, "It goes no deeper", outcome="fulfilled", by="olga")
    engine.run_due()
    assert {job.status for job in engine.jobs(process="deep")} == {"fulfilled"}


def lies_deep(url: str, job: str, depth: int) -> None:
    """Have a job's own row tell that so many calls are around it."""
    database = sa.create_engine(url)
    mine = jobs_table.c.id == job
    with database.begin() as connection:
        head = json.loads(connection.execute(sa.select(jobs_table.c.head).where(mine)).scalar_one())
        connection.execute(sa.update(jobs_table).where(mine).values(head=json.dumps(head | {"depth": depth})))
    database.dispose()
