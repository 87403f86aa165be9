"""The shell around the pure core: one command, one transaction."""

from flowengine.engine.engine import By, Engine
from flowengine.engine.handlers import NOTIFY, Handler, HandlerCall, Outcome

__all__ = ["NOTIFY", "By", "Engine", "Handler", "HandlerCall", "Outcome"]
