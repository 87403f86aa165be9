"""The shell around the pure core: one command, one transaction."""

from flowengine.engine.engine import By, Engine
from flowengine.engine.handlers import NOTIFY, GiveUp, Handler, HandlerCall, Later, Outcome, TryLater
from flowengine.engine.settings import Settings

__all__ = ["NOTIFY", "By", "Engine", "GiveUp", "Handler", "HandlerCall", "Later", "Outcome", "Settings", "TryLater"]
