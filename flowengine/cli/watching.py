"""Who watches a worker or server that runs from the command line: OpenTelemetry, where ``FLOW_TELEMETRY`` is ``on``."""

from __future__ import annotations

from collections.abc import Mapping

from flowengine.distribution import installing
from flowengine.engine import Engine
from flowengine.errors import Refused

WORDS = ("on", "off")


def watch(engine: Engine, environment: Mapping[str, str]) -> None:
    """Let the global tracer watch, which ``opentelemetry-instrument`` sets up. Raises Refused when that cannot be."""
    wanted = environment.get("FLOW_TELEMETRY", "off").lower()
    if wanted not in WORDS:
        raise Refused(f"{wanted!r} is not known here", where="FLOW_TELEMETRY", possible=WORDS)
    if wanted == "off":
        return
    try:
        from flowengine.runtime.telemetry import Telemetry
    except ModuleNotFoundError as missing:
        raise Refused(
            f"for FLOW_TELEMETRY=on, {missing.name} must be installed", possible=(installing("telemetry"),)
        ) from missing
    engine.watch(Telemetry())
