"""A small workshop on a database of its own, and the `flow` command run on it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from flowengine.cli import flow
from flowengine.cli.terminal import Terminal
from flowengine.clock import Clock, SimulatedClock

WORKSHOP = """
process: workshop
title: A table made with you
need: A table
roles: {maker: {title: Maker}}
options:
  wood:
    - {id: oak, title: Oak, price: 120, lead_time: P10D}
    - {id: pine, title: Pine, price: 60}
calendars:
  bench: {zone: UTC, open: {mon-sun: "08:00-18:00"}, every: PT30M, notice: PT0S, ahead: P7D}
states:
  need:
    type: need
    ask: What do you need?
    fields:
      wish: {type: string, title: Your wish}
      width: {type: number, title: Width, unit: cm, minimum: 20, maximum: 300}
      by: {type: string, format: date, title: Needed by, optional: true}
    next: choose
  choose:
    type: choice
    phase: Your choice
    ask: Which wood should it be?
    choose:
      wood: {from: wood, title: Wood}
      legs: {from: [3, 4], title: Legs}
      extras: {from: [wax, drawer], title: Extras, min: 0, max: 2}
    within: P14D
    on: {chosen: visit, expired: gone}
  visit:
    type: fitting
    with: maker
    calendar: bench
    length: PT30M
    phase: Your visit
    ask: When can you come?
    fields: {height: {type: number, title: Height, unit: cm}}
    within: P14D
    on: {held: buy, missed: visit, expired: gone}
  buy:
    type: service
    call: buy_wood
    retry: {attempts: 1}
    input: {wood: data.choose.wood}
    on: {done: build}
  build:
    type: task
    for: maker
    phase: Being built
    ask: Build the table
    uses: choose.wood
    shows: {Wish: "{data.need.wish}"}
    on: {done: hear, broken: buy}
  hear:
    type: message
    name: dried
    on: {received: accept}
  accept:
    type: approval
    by: customer
    phase: Your verdict
    ask: Is it right?
    within: P14D
    on: {approved: fulfilled, changes: build, declined: gone, expired: gone}
  fulfilled: {type: fulfilled, because: The table is there}
  gone: {type: ended, because: It came to nothing}
always:
  withdraw: {by: customer, title: Withdraw, when: '!passed("build")', to: gone}
  rethink: {by: customer, title: Choose again, when: 'passed("choose") && !passed("buy")', to: choose}
"""

HANDLERS = """
def buy_wood(call):
    if call.input["wood"] == "pine":
        raise RuntimeError("the wood is \\x1b[31mgone\\u202e")
    return {"order": "W-1"}

HANDLERS = {"buy_wood": buy_wood}
"""


if TYPE_CHECKING:
    from flowengine.engine import Engine

NEAR = (
    "login",
    "logout",
    "worker",
    "db",
    "archive",
    "serve",
    "new",
    "check",
    "try",
    "paths",
    "accepts",
    "completion",
    "demo",
)
"""Commands that ask no desk, or stay where the database is."""

FAR = (
    "test_calendars_cli", "test_customers", "test_operators", "test_staff", "test_voting",
)  # fmt: skip
"""Files whose tests of the shop run near, on its database, and far, on a server before it."""


ONLY_NEAR = {
    "test_who_acts_must_be_said": "a server knows who acts by his token",
    "test_my_jobs_are_those_that_i_began_and_nobodys_are_none": "as above",
    "test_acting_looks_in_one_transaction_and_acts_in_one": "it counts the statements of one process",
    "test_somebody_leaves": "his tokens are revoked with him",
    "test_who_was_erased_is_nobody": "as above",
    "test_who_asks_is_somebody_whole": "what is typed is no way to say who one is at a server",
    "test_somebody_who_is_not_known_is_told_so": "who is not known has no token",
    "test_nobody_becomes_a_customer_by_a_typing_error": "as above",
    "test_an_id_of_an_identity_provider_acts": "as above",
}
"""Tests that mean nothing before a server, each with the reason."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The shop of some files stands near and far."""
    if "shop" in metafunc.fixturenames and metafunc.module.__name__ in FAR:
        near = metafunc.function.__name__ in ONLY_NEAR
        metafunc.parametrize("shop", ["near"] if near else ["near", "far"], indirect=True)


@dataclass
class Flow:
    """Runs ``flow`` in this process, as a program would: with no terminal. Far, commands go to a server of the same
    database, each with the token of who acts."""

    folder: Path
    clock: Clock | None = None
    """The time in which the commands live, where it is not the machine's."""
    far: bool = False
    closing: ExitStack = field(default_factory=ExitStack)
    _server: tuple[str, Engine] | None = None
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def near(self) -> str:
        """The address of the database."""
        return f"sqlite:///{self.folder}/flow.db"

    @property
    def at(self) -> str:
        """Where commands go."""
        return self.server()[0] if self.far else self.near

    def now(self) -> datetime:
        """The time of the server: that of the commands."""
        return self.clock.now() if self.clock else datetime.now(UTC)

    def server(self) -> tuple[str, Engine]:
        """The server, which starts when it is first asked."""
        from served_engine import serving_engine

        from flowengine.engine import Engine

        if self._server is None:
            engine = self.closing.enter_context(Engine(f"sqlite:///{self.folder}/flow.db", clock=self))
            self._server = self.closing.enter_context(serving_engine(engine)), engine
        return self._server

    def token(self, who: str) -> str | None:
        """The token by which somebody asks the server; nobody has one who is not known."""
        from served_engine import token_of

        from flowengine import FlowError

        engine = self.server()[1]
        if who not in self._tokens:
            try:
                self._tokens[who] = token_of(engine, engine.find_person(who).id if who else "")
            except FlowError:
                return None
        return self._tokens[who]

    def stored(self, id: str, **known: Any) -> None:
        """A customer as an older database may hold him: his name and contact are not what may be entered now."""
        from datetime import UTC, datetime

        from flowengine.store import Database, Person

        with Database.open(f"sqlite:///{self.folder}/flow.db") as database, database.writing() as tx:
            tx.people.add(Person(id=id, kind="customer", created=datetime(2026, 1, 1, tzinfo=UTC), **known))

    def run(self, *words: str, who: str = "", code: int | None = 0, **more: Any) -> Result:
        """One command; ``code`` is the exit code that is expected, or None for any."""
        at = ["--at", self.near]
        named = words[words.index("--as") + 1] if "--as" in words[:-1] else who
        if self.far and not {*words} & {"--at", *NEAR} and (token := self.token(named)):
            at = ["--at", self.at]
            more["env"] = more.get("env", {}) | {"FLOW_TOKEN": token}
        words = (*at, *(["--as", who] if who else []), *words)
        result = CliRunner().invoke(flow, words, obj=Terminal(clock=self.clock), **more)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code is None or result.exit_code == code, result.output
        return result

    def json(self, *words: str, who: str = "", code: int = 0, **more: Any) -> Any:
        """The one JSON document that a command writes; nothing else may be written."""
        result = self.run(*words, "--json", who=who, code=code, **more)
        assert result.stderr == ""
        assert result.stdout.isascii()
        return json.loads(result.stdout)

    def start(self, who: str = "ada", wish: str = "A table") -> str:
        """Begin a job, of somebody who may be new; its short id."""
        receipt = self.json("start", "workshop", "--new", "--set", f"wish={wish}", "--set", "width=80", who=who)
        short: str = self.json("track", receipt["job"])["short"]
        return short

    def step(self, job: str, who: str) -> str:
        """The step of a job that waits for somebody."""
        found: str = next(one["short"] for one in self.json("inbox", who=who) if one["short"].startswith(job))
        return found

    def visited_with_wish(self, wish: str) -> str:
        """A job with that wish which is being built."""
        job = self.visited(wish=wish)
        self.work()
        return job

    def visited(self, wood: str = "oak", who: str = "ada", wish: str = "A table") -> str:
        """A job whose customer has chosen and has been there, so that the wood is to be bought."""
        job = self.booked(wood, who, wish)
        self.run("act", self.step(job, "tom"), "--outcome", "held", "--set", "height=75", who="tom")
        return job

    def booked(self, wood: str = "oak", who: str = "ada", wish: str = "A table") -> str:
        """A job whose customer has chosen, and booked an appointment the day before now, which has begun since."""
        self.clock = SimulatedClock(datetime.now(UTC) - timedelta(days=1))
        job = self.start(who, wish)
        self.run("act", job, "--set", f"wood={wood}", "--set", "legs=4", "--set", "extras=", who=who)
        self.run("act", job, "--outcome", "book", "--set", f"slot={self.free(job, who)[0]}", who=who)
        self.clock = None
        return job

    def free(self, job: str, who: str) -> list[str]:
        """The slots that can be booked."""
        from flowengine.engine import Engine

        with Engine(f"sqlite:///{self.folder}/flow.db", clock=self.clock) as engine:
            step = engine.step(self.step(job, who), who)
            return [slot.isoformat() for slot in step.slots]

    def work(self) -> Any:
        """Run what is due."""
        return self.json("worker", "--once", "--handlers", "workshop_handlers")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """A folder without a database."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "FLOW_AT",
        "FLOW_AS",
        "FLOW_TOKEN",
        "FLOW_PROXY",
        "FLOW_INSECURE",
        "COLUMNS",
    ):  # whoever runs the tests in parallel sets the last
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FLOW_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FLOW_CONFIG", str(tmp_path / "config"))
    (tmp_path / "workshop.yaml").write_text(WORKSHOP, "utf-8")
    (tmp_path / "workshop_handlers.py").write_text(HANDLERS, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Flow(tmp_path)


@pytest.fixture
def shop(empty: Flow, sqlite_file: Path, request: pytest.FixtureRequest) -> Iterator[Flow]:
    """The workshop in use: Ada and Ben are customers, Tom and Tess make, Olga operates."""
    from flowengine.engine import Engine

    shutil.copyfile(sqlite_file, empty.folder / "flow.db")
    with Engine(f"sqlite:///{empty.folder}/flow.db") as engine:
        engine.deploy(empty.folder / "workshop.yaml")
        engine.add_customer("ada", "Ada", "ada@example.org")
        engine.add_customer("ben", "Ben")
        engine.add_staff("tom", "Tom", ["maker"])
        engine.add_staff("tess", "Tess", ["maker"])
        engine.add_staff("olga", "Olga", ["operator"])
    with empty.closing:
        empty.far = getattr(request, "param", "near") == "far"
        yield empty
