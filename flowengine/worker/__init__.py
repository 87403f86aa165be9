"""The loop that keeps flows going: due timers, service calls and the outbox."""

from flowengine.worker.loading import load_handlers
from flowengine.worker.loop import Worker

__all__ = ["Worker", "load_handlers"]
