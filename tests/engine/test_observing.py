"""Meters and tracers see each command and each attempt, and nothing of what customers wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flowengine import Database, Engine, HandlerCall, NotFound, Outcome, SimulatedClock
from flowengine.runtime.telemetry import Telemetry
from flowengine.worker.metrics import Metrics

SHOP = """
process: cloth_shop
title: Cloth
need: Cloth
states:
  need: {type: need, fields: {metres: {type: integer}, words: {type: string, optional: true}}, next: order}
  order:
    type: service
    call: order_cloth
    input: {metres: data.need.metres}
    retry: {attempts: 2, first: PT10S}
    on: {done: fulfilled, none_left: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: None was left}
"""

SECRET = "for my secret wedding"


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))


@pytest.fixture
def shop(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """A shop whose mill fails at the first attempt, and has none left of a hundred metres."""

    def order_cloth(call: HandlerCall) -> object:
        traces.append(call.trace)
        if call.attempt == 1:
            raise RuntimeError(f"the mill did not answer {SECRET}")
        return Outcome("none_left") if call.input["metres"] == 100 else {"order": "M-1"}

    traces: list[str] = []
    with Engine(database, clock=clock, handlers={"order_cloth": order_cloth}) as engine:
        engine.deploy(SHOP)
        engine.traces = traces  # type: ignore[attr-defined]  # for the tests to look at
        yield engine


def work(engine: Engine, clock: SimulatedClock) -> None:
    engine.run_due()
    clock.advance(timedelta(minutes=1))
    engine.run_due()


def spans(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def test_a_handler_runs_under_the_trace_of_the_act_that_called_it(shop: Engine, clock: SimulatedClock) -> None:
    """The spans of both attempts are children of the act's span, and the handler is given their traceparent."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    shop.watch(Telemetry(provider))
    job = shop.start("cloth_shop", by="ada", need={"metres": 3, "words": SECRET}).job
    work(shop, clock)
    (act,) = spans(exporter, "flow Start")
    first, second = spans(exporter, "flow handler order_cloth")
    (finish,) = spans(exporter, "flow Finish")
    assert act.context is not None
    assert first.parent is not None
    assert second.parent is not None
    assert first.parent.span_id == second.parent.span_id == act.context.span_id
    assert first.context.trace_id == second.context.trace_id == act.context.trace_id
    assert [trace.split("-")[2] for trace in shop.traces] == [  # type: ignore[attr-defined]
        f"{span.context.span_id:016x}" for span in (first, second)
    ]
    assert (first.status.is_ok, first.attributes["error.type"]) == (False, "RuntimeError")
    assert (second.attributes["flow.outcome"], second.attributes["flow.attempt"]) == ("done", 2)
    assert finish.attributes["flow.job"] == job
    told = " ".join(span.to_json() for span in exporter.get_finished_spans())
    assert SECRET not in told


def test_a_refused_command_is_a_span_with_its_error(shop: Engine) -> None:
    """What is refused is told by its type; its words, which may name what somebody typed, are not."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    shop.watch(Telemetry(provider))
    with pytest.raises(NotFound):
        shop.act("0123abcd.7", by="ada")
    (span,) = exporter.get_finished_spans()
    assert (span.status.is_ok, span.attributes["error.type"]) == (False, "NotFound")
    assert "0123abcd" not in span.to_json()


def figures(text: bytes) -> dict[str, float]:
    found = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) ([0-9.e+-]+)$", text.decode(), re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_metrics_count_commands_attempts_and_what_waits(shop: Engine, clock: SimulatedClock) -> None:
    """Counters are of this process, gauges of the database: open jobs, backlogs with their age, incidents."""
    metrics = Metrics(shop)
    shop.start("cloth_shop", by="ada", need={"metres": 3})
    shop.start("cloth_shop", by="ben", need={"metres": 100})
    clock.advance(timedelta(seconds=30))
    before = figures(metrics.text())
    assert before['flow_commands_total{command="Start"}'] == 2
    assert before['flow_open_jobs{process="cloth_shop"}'] == 2
    assert before['flow_ready_calls{lane=""}'] == 2
    assert before['flow_ready_calls_oldest_seconds{lane=""}'] == 30
    work(shop, clock)
    with pytest.raises(NotFound):
        shop.track("none", by="ada")
    with pytest.raises(NotFound):
        shop.act("0123abcd.7", by="ada")
    after = figures(metrics.text())
    assert after['flow_attempts_total{handler="order_cloth",outcome="failed"}'] == 2
    assert after['flow_attempts_total{handler="order_cloth",outcome="done"}'] == 1
    assert after['flow_attempts_total{handler="order_cloth",outcome="none_left"}'] == 1
    assert after['flow_attempt_seconds_count{handler="order_cloth"}'] == 4
    assert after['flow_refused_total{error="NotFound"}'] == 1
    assert 'flow_open_jobs{process="cloth_shop"}' not in after
    assert after["flow_running_calls"] == 0
    assert after['flow_incidents{kind="timer",process=""}'] == 0
    assert SECRET not in metrics.text().decode()


def test_incidents_are_measured_by_process(shop: Engine, clock: SimulatedClock) -> None:
    """What gave up is counted until an operator has it tried again."""
    shop.register({"order_cloth": lambda _: {}["nothing"]})
    shop.start("cloth_shop", by="ada", need={"metres": 3})
    work(shop, clock)
    found = shop.measures()
    assert (found.call_incidents, found.jobs, found.timer_incidents) == ({"cloth_shop": 1}, {"cloth_shop": 1}, 0)
    assert figures(Metrics(shop).text())['flow_incidents{kind="call",process="cloth_shop"}'] == 1


def test_open_steps_count_once_for_several_who_are_asked(database: Database, clock: SimulatedClock) -> None:
    """A step that waits for three is one step."""
    vote = """
process: outing
title: Outing
need: A day out
groups: {club: {title: Club}}
states:
  need: {type: need, next: where}
  where: {type: vote, ask: Where to?, of: {group: club}, options: [sea, hills], within: P3D,
    on: {decided: fulfilled, no_quorum: fulfilled, tied: fulfilled}}
  fulfilled: {type: fulfilled}
"""
    with Engine(database, clock=clock) as engine:
        for name in ("ada", "ben", "cy"):
            engine.add_customer(name, groups=["club"])
        engine.deploy(vote)
        engine.start("outing", by="ada")
        assert engine.measures().steps == {"outing": 1}


def test_metrics_are_served(shop: Engine) -> None:
    """A worker's own port answers with the same text."""
    metrics = Metrics(shop)
    shop.start("cloth_shop", by="ada", need={"metres": 3})
    port, close = metrics.serve("127.0.0.1", 0)
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert b'flow_open_jobs{process="cloth_shop"} 1.0' in answer.read()
    close()
