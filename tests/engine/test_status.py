"""How an installation fares: what is wrong first, with what helps; and how it is set, without its secrets."""

from __future__ import annotations

import dataclasses
import os
import re
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from waiting import until

from flowengine import Engine, HandlerCall, NotAllowed, SimulatedClock, Worker, exact
from flowengine.reading.administration import settings as told
from flowengine.runtime.settings import Settings
from flowengine.runtime.ways_in import WaysIn
from flowengine.store import presence
from flowengine.worker import presence as worker_presence

ORDER = """
process: order
need: Cloth
states:
  need: {type: need, next: mill}
  mill: {type: service, call: mill, retry: {attempts: 1}, on: {done: wait}}
  wait: {type: ask, within: P2D, on: {answered: fulfilled, expired: fulfilled}}
  fulfilled: {type: fulfilled}
"""


def _closed(call: HandlerCall) -> None:  # noqa: ARG001 - as handlers are called
    raise RuntimeError("the mill is closed")


def wrong(engine: Engine) -> list[str]:
    """What is wrong and grave, in words."""
    return [one.what for one in engine.status().wrong if one.grave]


def test_nothing_is_wrong_where_all_is_done(engine: Engine) -> None:
    """What does not happen since nothing is set for it is told, and is not grave."""
    found = engine.status()
    assert wrong(engine) == []
    helps = [("start one: flow worker",), ("set FLOW_URL",), ("set FLOW_MAIL and FLOW_MAIL_FROM",)]
    assert [one.possible for one in found.wrong] == helps
    assert (found.schema, found.jobs, found.steps) == (found.newest, 0, 0)
    assert re.fullmatch(r"(SQLite|PostgreSQL) \d+\.\d+.*", found.database)


def test_what_nobody_does_is_wrong(engine: Engine, clock: SimulatedClock) -> None:
    """Once it has been due for more than a minute: since when, how many, and what helps."""
    engine.deploy(ORDER)
    engine.add_customer("ada", "Ada")
    engine.start("order", by="ada", need={})
    clock.advance(timedelta(seconds=59))
    assert wrong(engine) == []
    clock.advance(timedelta(minutes=3))
    (found,) = [one for one in engine.status().wrong if one.grave]
    assert found.what.startswith("Calls of services have been due for 3 minutes")
    assert found.possible == ("start one: flow worker",)
    (calls,) = [one for one in engine.status().queues if one.name == "calls"]
    assert (calls.due, calls.since) == (1, clock.now() - timedelta(minutes=3, seconds=59))


def test_what_gave_up_is_wrong(engine: Engine) -> None:
    """Counted, with where it is found."""
    engine.register({"mill": _closed})
    engine.deploy(ORDER)
    engine.add_customer("ada", "Ada")
    engine.start("order", by="ada", need={})
    engine.run_due()
    assert wrong(engine) == ["Calls of services gave up: 1"]
    assert [one.gave_up for one in engine.status().queues] == [1, 0, 0]


def test_a_worker_is_seen_while_it_has_calls(engine: Engine) -> None:
    """How many, and until when."""
    seen: list[Any] = []

    def look(call: HandlerCall) -> None:  # noqa: ARG001 - as handlers are called
        seen.append(engine.status())

    engine.register({"mill": look})
    engine.deploy(ORDER)
    engine.add_customer("ada", "Ada")
    engine.start("order", by="ada", need={})
    engine.run_due()
    (worker,) = seen[0].workers
    assert (worker.calls, seen[0].running, worker.until > seen[0].at) == (1, 1, True)
    assert engine.status().workers == ()


def test_a_worker_shows_that_it_is_there(
    engine: Engine, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while it waits: where it runs, and when it was seen; it is there no more once it has stopped. One that fell
    silent is told of for a day, and nothing is decided by it."""
    monkeypatch.setattr(worker_presence, "EVERY", 0.05)
    worker = Worker(engine, told=lambda _: None)
    running = Thread(target=worker.run)
    running.start()
    try:
        found = until(lambda: engine.status().workers)
        assert [(one.id, one.seen, one.calls) for one in found] == [(worker.name, clock.now(), 0)]
        assert found[0].where.endswith(f":{os.getpid()}")
        assert not any("worker" in one.what for one in engine.status().wrong)
    finally:
        worker.stop()
        running.join(20)
    assert engine.status().workers == ()
    with engine.database.writing() as tx:
        presence.show(tx.settings, "worker-that-died", "mill:7", clock.now())
    clock.advance(timedelta(minutes=2))
    assert [one.where for one in engine.status().workers] == ["mill:7"]
    assert any("No worker was seen" in one.what for one in engine.status().wrong)
    clock.advance(timedelta(days=2))
    with engine.database.writing() as tx:
        presence.show(tx.settings, "another", "mill:8", clock.now())
    assert [one.where for one in engine.status().workers] == ["mill:8"]


def test_of_secrets_is_told_only_that_they_are() -> None:
    """Each setting is told by the variable that its description names; what is not to be printed is not told."""
    hidden = {one.name for one in (*dataclasses.fields(Settings), *dataclasses.fields(WaysIn)) if not one.repr}
    given = {"http_secret", "mail", "ballot_secret", "files"}
    assert hidden >= {*given, "hook_secrets"}
    found = Settings(
        http_secret="whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4", mail="smtp://me:pass@host:587", mail_from="a@b.example",
        files="s3://key@bucket", ballot_secret="ballot-secret", facts_closed_to={"note": ("sales",)}, staff_as="Lund",
    )  # fmt: skip
    rows = {one.name: one for one in told(found)}
    assert {name: rows[name].value for name in hidden} == {name: "set" if name in given else "" for name in hidden}
    assert rows["staff_as"].value == "Lund"
    assert rows["facts_closed_to"].value == "note=sales"
    assert "operator=2 hours/1 day" in rows["sessions"].value
    described = re.findall(r"``(\w+)`` \| (?:``(\w+)``|several|) ?\|", f"{Settings.__doc__}{WaysIn.__doc__}")
    assert {one.name: one.variable for one in rows.values()} == {
        name: variable for name, variable in described if name != "ways_in"
    }


def test_only_operators_are_told(engine: Engine) -> None:
    """Customers and staff are refused; all of it is plain JSON."""
    engine.add_staff("tom", "Tom", roles=["tailor"])
    engine.add_customer("ada", "Ada")
    for who in ("tom", "ada"):
        with pytest.raises(NotAllowed, match="only an operator may see how the installation fares"):
            engine.status(by=who)
    assert b"pass" not in exact.encode(engine.status())
