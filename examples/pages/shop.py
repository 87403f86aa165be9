"""What the three hosts have in common: a flow, people, and a look."""

from __future__ import annotations

from pathlib import Path

from flowengine import Engine
from flowengine.web.pages import Look

HERE = Path(__file__).parent
LOOK = Look(name="Wheel & Chain", tokens={"thread": "#0b5d4e"}, dark={"thread": "#7fd6c2"})
PEOPLE = {"ada": "Ada", "max": "Max, who mends"}
"""Who can sign in at the host, by the id that he has there. A real host asks for more than a name."""

MENDING = """
process: mending
title: A bicycle mended
need: A bicycle that rides
roles: {mechanic: {title: Mechanic}}
states:
  need:
    type: need
    ask: What is wrong with it?
    fields: {trouble: {type: string, title: The trouble}}
    next: mend
  mend: {type: task, for: mechanic, title: Mend the bicycle, phase: Being mended, on: {done: try_it}}
  try_it:
    type: approval
    by: customer
    ask: Does it ride?
    within: P7D
    on: {approved: fulfilled, changes: mend, declined: gone, expired: fulfilled}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: The customer has given up on it}
"""


def open_shop(url: str) -> Engine:
    """An engine with the flow and the people. Raises what the engine raises."""
    engine = Engine(url)
    engine.deploy(MENDING)
    engine.add_customer("ada", "Ada")
    engine.add_staff("max", "Max", roles=["mechanic"])
    return engine
