"""OpenTelemetry: a span around each command and each attempt of a handler. The one file that imports it.

Only the API is needed; where the spans go is set up by the application, with the SDK of its choice. The context goes
on with a service call: the act's span is the parent of the handler's, though hours and machines may lie between, and
the handler's own goes into ``HandlerCall.trace`` and into the headers of services over HTTP. Attributes are ids and
names, never data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from flowengine.runtime.observing import Attempted, Commanded
from flowengine.store import Saved

_PROPAGATOR = TraceContextTextMapPropagator()
_BY_TYPE: Any = {"record_exception": False, "set_status_on_exception": False}
"""An error is told by its type alone: its words may hold what a customer wrote."""


class Telemetry:
    """Spans by the tracer of the given provider, or of the global one.

    >>> engine.watch(Telemetry())  # doctest: +SKIP
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer: Tracer = trace.get_tracer("flowengine", tracer_provider=provider)

    @contextmanager
    def command(self, seen: Commanded) -> Iterator[None]:
        with self._tracer.start_as_current_span("flow command", **_BY_TYPE) as span:
            seen.trace = seen.trace or _traceparent()
            with _noting(span):
                yield
            if seen.saved:
                span.update_name(f"flow {seen.saved[0].command}")
                span.set_attributes(_facts(seen.saved))

    @contextmanager
    def attempt(self, seen: Attempted) -> Iterator[None]:
        call = seen.call
        facts = {"flow.job": call.job, "flow.process": call.process, "flow.state": call.state, "flow.key": call.key}
        with self._tracer.start_as_current_span(
            f"flow handler {call.handler}",
            context=_context(call.trace),
            kind=SpanKind.CONSUMER,
            attributes=facts | {"flow.handler": call.handler, "flow.attempt": call.attempt},
            **_BY_TYPE,
        ) as span:
            seen.trace = _traceparent() or seen.trace
            with _noting(span):
                yield
            if seen.outcome:
                span.set_attribute("flow.outcome", seen.outcome)


def _facts(saved: Sequence[Saved]) -> dict[str, str | int | list[str]]:
    """What a command wrote; where several were settled together, they are the same command of several jobs."""
    first = saved[0]
    if len(saved) > 1:
        return {"flow.jobs": [f"{one.job} {one.seq}" for one in saved], "flow.command": first.command}
    return {"flow.job": first.job, "flow.seq": first.seq, "flow.command": first.command}


def _traceparent() -> str:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent", "")


def _context(traceparent: str) -> Context | None:
    return _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None


@contextmanager
def _noting(span: Span) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        span.set_status(StatusCode.ERROR, type(error).__name__)
        span.set_attribute("error.type", type(error).__name__)
        raise
