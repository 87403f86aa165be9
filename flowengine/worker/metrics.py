"""Prometheus: what this process did, and how much waits in the database. The one file that imports prometheus_client.

| metric | type | labels | what |
|-|-|-|-|
| ``flow_commands_total`` | counter | command | commands that this process carried out |
| ``flow_command_seconds`` | histogram | - | how long a command took, the wait for locks and the commit included |
| ``flow_refused_total`` | counter | error | commands of this process that were refused or failed, by error |
| ``flow_attempts_total`` | counter | handler, outcome | attempts of handlers here; ``failed`` where they raised |
| ``flow_attempt_seconds`` | histogram | handler | how long an attempt took |
| ``flow_open_jobs``, ``flow_open_steps`` | gauge | process | what is open in the database |
| ``flow_ready_calls``, ``flow_ready_calls_oldest_seconds`` | gauge | lane | service calls that nobody has taken |
| ``flow_running_calls`` | gauge | - | service calls that some worker has |
| ``flow_due_timers``, ``flow_due_timers_oldest_seconds`` | gauge | - | timers that are due and not fired |
| ``flow_outbox``, ``flow_outbox_oldest_seconds`` | gauge | - | messages that are due and not sent |
| ``flow_incidents`` | gauge | kind, process | what gave up and waits for an operator |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from flowengine.engine import Engine
from flowengine.errors import FlowError
from flowengine.runtime.observing import Attempted, Commanded
from flowengine.store.measures import Backlog, Measures

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """What this process did, and what waits in the engine's database. Watches the engine from now on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.registry = CollectorRegistry()
        self._commands = Counter("flow_commands", "Commands carried out here.", ["command"], registry=self.registry)
        self._refused = Counter("flow_refused", "Commands refused or failed here.", ["error"], registry=self.registry)
        self._attempts = Counter(
            "flow_attempts", "Attempts of handlers here.", ["handler", "outcome"], registry=self.registry
        )
        self._command_seconds = Histogram(
            "flow_command_seconds", "How long a command took.", buckets=_SECONDS, registry=self.registry
        )
        self._attempt_seconds = Histogram(
            "flow_attempt_seconds", "How long an attempt took.", ["handler"], buckets=_SECONDS, registry=self.registry
        )
        self.registry.register(_Database(engine))
        engine.watch(self)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it. Raises StoreError when the database does not answer."""
        return generate_latest(self.registry)

    def serve(self, host: str, port: int) -> tuple[int, Callable[[], None]]:
        """Answer ``GET /metrics`` in a thread: the port (for ``port`` 0 a free one), and how to stop it."""
        server, thread = start_http_server(port, host, self.registry)

        def close() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return int(server.server_port), close

    @contextmanager
    def command(self, seen: Commanded) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        except Exception as error:
            self._refused.labels(error.code if isinstance(error, FlowError) else type(error).__name__).inc()
            raise
        finally:
            for _ in seen.saved or (None,):
                self._command_seconds.observe(perf_counter() - began)
        for one in seen.saved:
            self._commands.labels(one.command).inc()

    @contextmanager
    def attempt(self, seen: Attempted) -> Iterator[None]:
        began, handler = perf_counter(), seen.call.handler
        outcome = "failed"
        try:
            yield
            outcome = seen.outcome or "done"
        finally:
            self._attempts.labels(handler, outcome).inc()
            self._attempt_seconds.labels(handler).observe(perf_counter() - began)


class _Database:
    """A collector that looks into the database whenever it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self) -> Iterator[Metric]:
        """Nothing is looked at when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        found = self._engine.measures()
        yield _gauge("flow_open_jobs", "Open jobs.", "process", found.jobs)
        yield _gauge("flow_open_steps", "Open steps.", "process", found.steps)
        yield _gauge("flow_running_calls", "Service calls that some worker has.", "", {"": found.running})
        yield from _backlogs("flow_ready_calls", "Service calls that no worker has taken yet", "lane", found.calls)
        yield from _backlogs("flow_due_timers", "Timers that are due and not fired", "", {"": found.timers})
        yield from _backlogs("flow_outbox", "Messages that are due and not sent", "", {"": found.outbox})
        yield _incidents(found)


def _gauge(name: str, about: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([key] if label else [], value)
    return family


def _backlogs(name: str, about: str, label: str, values: dict[str, Backlog]) -> Iterator[Metric]:
    yield _gauge(name, f"{about}.", label, {key: one.count for key, one in values.items()})
    oldest = {key: one.oldest for key, one in values.items()}
    yield _gauge(f"{name}_oldest_seconds", f"{about}: since when the oldest is due.", label, oldest)


def _incidents(found: Measures) -> Metric:
    family = GaugeMetricFamily("flow_incidents", "What gave up and waits for an operator.", labels=["kind", "process"])
    for process, count in found.call_incidents.items():
        family.add_metric(["call", process], count)
    for process, count in found.schedule_incidents.items():
        family.add_metric(["schedule", process], count)
    for process, count in found.late_promises.items():
        family.add_metric(["promise", process], count)
    family.add_metric(["timer", ""], found.timer_incidents)
    family.add_metric(["message", ""], found.message_incidents)
    family.add_metric(["attention", ""], found.attention)
    return family
