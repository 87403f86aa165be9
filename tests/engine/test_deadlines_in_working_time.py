"""Working time through the engine: zones of the installation, public holidays, and a library that is missing later."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from flowengine import Database, Engine, ExpressionFailed, ProcessRefused, Settings, SimulatedClock
from flowengine.language.public_holidays import public_holidays

REPAIR = """
process: repair
need: A watch that runs
roles: {watchmaker: Watchmaker}
calendars:
  shop: {open: {mon-fri: "09:00-12:00, 13:00-17:00"}, every: PT30M, closed: {holidays: GB-ENG}}
states:
  need: {type: need, next: look}
  look: {type: task, for: watchmaker, next: repair}
  repair: {type: task, for: watchmaker, within: {working: P3D}, on: {done: fulfilled, expired: late}}
  late: {type: ended, because: It took too long}
  fulfilled: {type: fulfilled}
"""


@contextmanager
def without_the_library() -> Iterator[None]:
    """As where the extra is not installed, in a process that has asked for no holidays yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "holidays", None)
        public_holidays.cache_clear()
        yield
    public_holidays.cache_clear()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 12, 23, 15, tzinfo=UTC))  # Wednesday, ten in the morning in New York


@pytest.fixture
def repairs(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """An installation in New York, with a watchmaker and a customer."""
    with Engine(database, clock=clock, handlers={}, settings=Settings(zone="America/New_York")) as engine:
        engine.add_customer("ada", "Ada")
        engine.add_staff("wim", "Wim", roles=["watchmaker"])
        yield engine


def the_step(engine: Engine) -> str:
    (item,) = engine.inbox("wim")
    return item.id


def test_a_deadline_over_christmas_in_the_zone_of_the_installation(repairs: Engine, clock: SimulatedClock) -> None:
    """Three working days from the 23rd end on the 30th, at the same time of day, where nobody works at Christmas."""
    repairs.deploy(REPAIR)
    job = repairs.start("repair", by="ada").job
    repairs.act(the_step(repairs), "done", by="wim")
    (item,) = repairs.inbox("wim")
    assert item.due == datetime(2026, 12, 30, 15, tzinfo=UTC)  # the 24th, 29th and 30th
    clock.set(datetime(2026, 12, 30, 14, 59, tzinfo=UTC))
    repairs.run_due()
    assert repairs.track(job, by="wim").status == "open"
    clock.set(datetime(2026, 12, 30, 15, tzinfo=UTC))
    repairs.run_due()
    assert repairs.track(job, by="wim").status == "ended"
    assert repairs.audit(job).fine


def test_a_process_with_holidays_is_refused_where_nobody_knows_them(repairs: Engine) -> None:
    """Deploying it says what to install."""
    with without_the_library(), pytest.raises(ProcessRefused) as refused:
        repairs.deploy(f"{REPAIR}# nobody has read it yet\n")
    (problem,) = refused.value.problems
    assert (problem.code, problem.place.line) == ("unknown-holidays", 6)
    assert "needflow[holidays]" in problem.hint


def test_a_library_that_is_gone_later_opens_no_shop(repairs: Engine) -> None:
    """An act that would need the holidays is refused, typed, with nothing lost; it works once they are known again."""
    repairs.deploy(REPAIR)
    job = repairs.start("repair", by="ada").job
    step = the_step(repairs)
    with without_the_library():
        with pytest.raises(ExpressionFailed, match="is not installed"):
            repairs.act(step, "done", by="wim")
        assert the_step(repairs) == step
        assert repairs.audit(job).fine
    repairs.act(step, "done", by="wim")
    assert the_step(repairs) != step
