"""A small flow for tests of the database: a customer begins a job, people talk about it, and the history tells."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from flowengine import Engine
from flowengine.errors import FlowError
from flowengine.store import Database

PROCESS = """
process: talk
title: Something to talk about
need: To be heard
states:
  need: {type: need, ask: What is it about?, fields: {subject: {type: string}}, next: settle}
  settle:
    type: ask
    ask: Is it settled?
    fields: {words: {type: string}}
    within: P9D
    on: {answered: fulfilled, expired: given_up}
  fulfilled: {type: fulfilled}
  given_up: {type: ended, because: Nobody answered}
"""

VOTE = """
process: meeting
title: Something to decide
need: A decision
groups: {members: {title: Members}}
states:
  need: {type: need, next: vote}
  vote:
    type: vote
    of: {group: members}
    options: [attack, defend]
    rule: majority
    early: true
    within: P2D
    on: {decided: fulfilled, tied: given_up, no_quorum: given_up}
  fulfilled: {type: fulfilled}
  given_up: {type: ended, because: Nobody agreed}
"""
MEMBERS = ("ada", "ben", "cid", "dan")


@contextmanager
def engine_on(
    url: str, *, timeout: float = 10.0, patience: float | None = None, answer: float = 30.0
) -> Iterator[Engine]:
    """An engine on a database that is opened with these bounds, in seconds."""
    with Database.open(url, timeout=timeout, patience=patience, answer=answer) as database:
        yield Engine(database)


@contextmanager
def engines_on(url: str, many: int, **bounds: float) -> Iterator[list[Engine]]:
    """Several engines, with connections of their own, as if they were on machines of their own."""
    with ExitStack() as stack:
        yield [stack.enter_context(engine_on(url, **bounds)) for _ in range(many)]


def prepare(url: str) -> None:
    """Make the tables, and put the processes in use."""
    with Engine(url) as engine:
        engine.deploy(PROCESS)
        engine.deploy(VOTE)
        for member in MEMBERS:
            engine.add_customer(member, member.title(), groups=["members"])


def begin(engine: Engine, key: str | None = None) -> str:
    """A job of Ada's; gives its id."""
    return engine.start("talk", by="ada", need={"subject": "a suit"}, key=key).job


def said(engine: Engine, job: str) -> list[str]:
    """What was said about a job, in its order, as the history tells it; the audit must hold (L5)."""
    found = engine.audit(job)
    assert not found.problems, found.problems
    with engine.database.reading() as tx:
        entries = tx.history.of(job)
    return [entry.command.text for entry in entries if entry.command.__class__.__name__ == "Say"]  # type: ignore[union-attr]


class Crowd:
    """Threads that talk about jobs of their own until they are told to stop, each with its own request keys.

    What was acknowledged is in ``heard``; what was refused, in ``errors``. A request is repeated with its key until it
    is acknowledged, as a careful client does, unless ``once``.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        self.heard: dict[str, list[str]] = {}
        self.errors: list[FlowError] = []
        self._stop = threading.Event()
        self._engines = engines
        self._threads = [threading.Thread(target=self._talk, args=(engine,)) for engine in engines]
        self._raised: list[BaseException] = []

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive(), "a client hangs"
        assert not self._raised, self._raised

    def count(self) -> int:
        return sum(len(words) for words in self.heard.values())

    def until(self, many: int) -> None:
        """Wait until so many more acts were acknowledged to everybody together."""
        goal = self.count() + many
        while self.count() < goal:
            assert not self._raised, self._raised
            assert any(thread.is_alive() for thread in self._threads)
            threading.Event().wait(0.01)

    def _talk(self, engine: Engine) -> None:
        try:
            job = self._insist(lambda key: begin(engine, key), f"start-{uuid.uuid4()}")
            words = self.heard.setdefault(job, [])
            while not self._stop.is_set():
                word = f"word {len(words)}"
                self._insist(lambda key, word=word: engine.say(job, word, by="ada", key=key), f"{job} {word}")  # type: ignore[misc]
                words.append(word)
        except BaseException as error:
            self._raised.append(error)

    def _insist(self, ask: Callable[[str], str | object], key: str) -> str:
        for _ in range(100):
            try:
                return str(ask(key))
            except FlowError as error:
                self.errors.append(error)
                threading.Event().wait(0.05)
        raise AssertionError(f"refused for ever: {self.errors[-1]}")

    def check(self, engine: Engine) -> None:
        """All that was acknowledged is in the history, once, and nothing else is."""
        assert self.count() > 0
        for job, words in self.heard.items():
            assert said(engine, job) == words
