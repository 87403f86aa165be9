"""Handlers for a real ``flow worker``: they note what they do in the folder that FAULT_FOLDER names."""

from __future__ import annotations

import os
import time
from pathlib import Path

from roles import Journal

from flowengine import HandlerCall


def work(call: HandlerCall) -> dict[str, int]:
    """Note the attempt, and take a moment for it."""
    effects = Journal(Path(os.environ["FAULT_FOLDER"]) / "effects")
    effects.write(key=call.key, attempt=call.attempt, input=call.input, handler=call.handler)
    time.sleep(0.02)
    effects.write(key=call.key, attempt=call.attempt, ended=True)
    effects.close()
    return {"attempt": call.attempt}


HANDLERS = {"first": work, "second": work, "third": work}
