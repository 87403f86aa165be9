"""What a worker or server that runs by itself works on: an engine, its settings, handlers and observers.

OpenTelemetry watches where ``FLOW_TELEMETRY`` is ``on``: the global tracer, which ``opentelemetry-instrument`` sets up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flowengine.clock import Clock
from flowengine.distribution import installing
from flowengine.engine import Engine
from flowengine.errors import Refused
from flowengine.runtime.settings import Settings
from flowengine.worker.alone import memory_bound
from flowengine.worker.loading import load_handlers, unserved
from flowengine.worker.loop import Worker

_WORDS = ("on", "off")


class Standalone:
    """An engine on a database's URL. Raises Refused, NotConfigured, HandlerMissing for what it cannot be told."""

    def __init__(
        self, address: str, environment: Mapping[str, str], clock: Clock | None = None, handlers: Sequence[str] = ()
    ) -> None:
        memory_bound(environment)  # refused now, not at the first call that needs it
        self.engine = Engine(address, clock=clock, settings=Settings.from_environment(environment))
        try:
            _watch(self.engine, environment)
            for reference in handlers:
                self.engine.register(load_handlers(reference))
        except BaseException:
            self.engine.close()
            raise

    def worker(self, **terms: Any) -> Worker:
        """A worker for what is due there; ``terms`` are those of :class:`Worker`."""
        return Worker(self.engine, **terms)

    def remarks(self) -> list[str]:
        """What is worth knowing before it begins: which handlers are not here."""
        found = []
        for handler, places in unserved(self.engine).items():
            more = f" and {len(places) - 2} more" if len(places) > 2 else ""
            found.append(f"no handler {handler!r} is here, which {', '.join(places[:2])}{more} will call")
        return found

    @contextmanager
    def measured(self, place: tuple[str, int] | None) -> Iterator[None]:
        """Answer Prometheus at a host and port meanwhile, where they are named."""
        if place is None:
            yield
            return
        try:
            from flowengine.worker.metrics import Metrics
        except ModuleNotFoundError as missing:
            raise Refused(
                f"for --metrics, {missing.name} must be installed", possible=(installing("metrics"),)
            ) from missing
        _, close = Metrics(self.engine).serve(*place)
        try:
            yield
        finally:
            close()

    def __enter__(self) -> Standalone:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()


def _watch(engine: Engine, environment: Mapping[str, str]) -> None:
    wanted = environment.get("FLOW_TELEMETRY", "off").lower()
    if wanted not in _WORDS:
        raise Refused(f"{wanted!r} is not known here", where="FLOW_TELEMETRY", possible=_WORDS)
    if wanted == "off":
        return
    try:
        from flowengine.runtime.telemetry import Telemetry
    except ModuleNotFoundError as missing:
        raise Refused(
            f"for FLOW_TELEMETRY=on, {missing.name} must be installed",
            possible=(installing("telemetry"),),
        ) from missing
    engine.watch(Telemetry())
