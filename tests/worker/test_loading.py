"""Handlers by name, and services for which there are none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowengine import Engine, HandlerMissing
from flowengine.worker import load_handlers
from flowengine.worker.loading import unserved

SUIT = """
process: suit
title: A suit
need: A suit
states:
  need: {type: need, next: making}
  making:
    type: parallel
    branches:
      cloth:
        start: buy
        states: {buy: {type: service, call: buy_cloth, undo: give_back, on: {done: done, failed: done}}}
      button: {start: carve, states: {carve: {type: service, call: carve_button, on: {done: done, failed: done}}}}
    on: {joined: tell}
  tell: {type: service, http: "https://mill.example/told", on: {done: either, failed: gone}}
  either:
    type: race
    of:
      press: {type: service, call: press}
      rest: {type: wait, for: P1D}
    on: {press: again, rest: fulfilled}
  again: {type: service, call: buy_cloth, on: {done: fulfilled, failed: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No cloth}
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(f"sqlite:///{tmp_path}/flow.db", handlers={"press": lambda _: {}}) as engine:
        engine.deploy(SUIT)
        yield engine


def test_services_without_a_handler_are_found(engine: Engine) -> None:
    """Each handler that a deployed process calls (members of races and undo handlers too) and that nobody serves is
    found, with the services that call it."""
    assert unserved(engine) == {
        "buy_cloth": ["suit.again", "suit.buy"],
        "give_back": ["suit.buy"],
        "carve_button": ["suit.carve"],
    }


def test_external_workers_serve(engine: Engine) -> None:
    """What the token of an external worker names is served, until it is revoked."""
    made = engine.issue_token("worker", "the mill", handlers=["buy_cloth", "give_back"])
    assert set(unserved(engine)) == {"carve_button"}
    engine.revoke_token(made.id)
    assert set(unserved(engine)) == {"buy_cloth", "give_back", "carve_button"}


def test_only_the_latest_version_counts(engine: Engine) -> None:
    """What only an earlier version called is not asked for."""
    engine.deploy(SUIT.replace("call: carve_button", "call: press"))
    assert "carve_button" not in unserved(engine)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def order(call: return 1", "breaks_a.py, line 1"),
        ("raise RuntimeError('no shop today')", "RuntimeError: no shop today"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import no_such_library", "No module named 'no_such_library'"),
        ("HANDLERS = {'order': 3}", "neither a function nor a mapping"),
    ],
)
def test_whatever_a_module_does_is_told(
    source: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that cannot be imported is refused with the reason, whatever it raises."""
    (tmp_path / "breaks_a.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "breaks_a", raising=False)
    with pytest.raises(HandlerMissing) as caught:
        load_handlers("breaks_a")
    assert words in str(caught.value)
    sys.modules.pop("breaks_a", None)


def test_a_deployment_says_whom_it_needs(engine: Engine) -> None:
    """Deploying tells at once which handlers nobody here has, so that a worker gets them before a call needs them."""
    assert engine.deploy(SUIT).unserved == ("buy_cloth", "give_back", "carve_button")
    engine.register({"buy_cloth": lambda _: {}, "give_back": lambda _: {}, "carve_button": lambda _: {}})
    assert engine.deploy(SUIT).unserved == ()
