"""What the tests of signing in share: an engine that knows its own address, and codes as their letters have them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from engine_flows import SUIT

from flowengine import BadToken, Database, Engine, NotFound, Settings, SimulatedClock, TooMany
from flowengine.commands.codes import digits_of
from flowengine.people.browsers import Browser
from flowengine.runtime.ways_in import WaysIn
from flowengine.views.signing_in import CodeSent, NewSession

URL = "https://flow.example"
HERE = Browser(address="192.0.2.7", agent="Firefox")


def opened(database: Database, clock: SimulatedClock, ways_in: WaysIn | None = None, **more: object) -> Engine:
    """An engine with the small suit in use, and Ada, Ben, a tailor and an operator."""
    settings = Settings(url=URL, ways_in=ways_in or WaysIn(public=("small_suit",)), **more)  # type: ignore[arg-type]
    engine = Engine(database, clock=clock, handlers={}, settings=settings)
    engine.deploy(SUIT)
    engine.add_customer("ada", "Ada", contact="ada@example.org")
    engine.add_customer("ben", "Ben")
    engine.add_staff("tom", "Tom", roles=["tailor"], contact="tom@example.org")
    engine.add_staff("olga", "Olga", roles=["operator"])
    return engine


def digits(engine: Engine, sent: CodeSent) -> str:
    """The digits that the letter of a code has."""
    return digits_of(engine.shell.secret.made(engine.shell), sent.id)


def wrong(engine: Engine, sent: CodeSent) -> str:
    """Digits that it has not."""
    right = digits(engine, sent)
    return f"{(int(right) + 1) % 10**6:06d}"


def by_code(engine: Engine, contact: str, browser: Browser = HERE) -> NewSession:
    """A session of the strength ``code``."""
    sent = engine.send_code(contact, browser=browser)
    return engine.check_code(sent.id, digits(engine, sent), browser=browser)


def start(engine: Engine, who: str = "ada") -> str:
    """Begin a suit: the job's id."""
    return engine.start("small_suit", by=who, need={"occasion": "A wedding"}).job


def too_many(ask: Callable[[int], object], most: int = 200) -> TooMany:
    """Ask until it was too often, whatever else is wrong with it: how that is said."""
    for number in range(most):
        try:
            with suppress(BadToken, NotFound):
                ask(number)
        except TooMany as refused:
            return refused
    pytest.fail(f"{most} were not too many")
