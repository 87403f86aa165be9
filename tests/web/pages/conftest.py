"""Debian's Chromium for tests of pages, and a house whose pages they walk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from house import House, opened
from inside_house import ask_cy, busy_house
from playwright.sync_api import Browser, sync_playwright

from flowengine import SimulatedClock

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, started once a file: while it is there, an event loop runs in this thread."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield found
        found.close()


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    """A house with nothing in it but an operator."""
    clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
    with opened(sqlite_url, clock, handlers={}) as found:
        found.engine.add_staff("olga", "Olga", roles=["operator"])
        yield found


@pytest.fixture
def busy(sqlite_url: str) -> Iterator[House]:
    """A house in which much is under way."""
    with busy_house(sqlite_url) as found:
        yield found


@pytest.fixture
def full(busy: House) -> House:
    """A house in which each kind of step waits for a customer besides."""
    ask_cy(busy)
    return busy
