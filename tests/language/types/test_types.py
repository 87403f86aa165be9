"""The types of states: each says what it is, and whoever asks hears it from the type."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from language_samples import STATES, state

import flowengine
from flowengine import Engine, SimulatedClock
from flowengine.core.kinds import KINDS
from flowengine.core.kinds.base import Waiting
from flowengine.core.spot import Result, Spot
from flowengine.interop.mermaid import _SHAPES, mermaid
from flowengine.interop.text_tree import _MARKS, text_tree
from flowengine.language import parse, problems
from flowengine.language.model import State
from flowengine.language.parser.common_keys import LEADING, TITLE_KEY
from flowengine.language.parser.json_schema import make_schema
from flowengine.language.parser.records import Key
from flowengine.language.parser.scalars import TITLE
from flowengine.language.parts import EXPIRED, Option
from flowengine.language.types import TYPES
from flowengine.language.value_shapes import Lists
from flowengine.speech.words import ENGLISH

PACKAGE = Path(flowengine.__file__).parent
TOGETHER = {"race", "parallel", "each", "stage"}
"""Types that hold others; the core does them itself."""


def sample(name: str) -> State:
    """The state of a type with all its keys."""
    return parse(state(name, STATES[name]), check=False).root.states["it"]


@pytest.mark.parametrize("name", TYPES)
def test_a_type_declares_itself_in_the_package_of_types(name: str) -> None:
    """Each type stands in the package of types, under the name by which files call it."""
    assert TYPES[name].type == name
    assert TYPES[name].__module__.startswith("flowengine.language.types.")
    assert {cls.type for cls in TYPES.values()} == set(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_what_a_type_says_of_its_outcomes_agrees(name: str) -> None:
    """Rare outcomes, and those that must lead somewhere, are outcomes that it has."""
    made = sample(name)
    assert set(made.must_lead) <= set(made.possible)
    if not made.open_outcomes:
        assert set(made.rare) <= set(made.outcomes)
    assert not any(made.is_usual(outcome) for outcome in made.rare)
    assert made.is_rare(EXPIRED)
    assert all(made.knows(outcome) for outcome in made.possible)


@pytest.mark.parametrize("name", TYPES)
def test_words_are_there_for_what_can_be_done(name: str) -> None:
    """What the history says of moves and endings can be filled in, and endings are outcomes of the type."""
    cls = TYPES[name]
    assert set(cls.endings) <= set(cls.outcomes)
    for words in (*cls.moves.values(), *cls.endings.values()):
        assert "%" not in ENGLISH.say(words, what="A", at="B", choice="C", title="D")
    for outcome in cls.outcomes:
        assert sample(name).ended(ENGLISH, outcome, "The title", {}, decided=False)


@pytest.mark.parametrize("name", TYPES)
def test_a_type_can_be_drawn(name: str) -> None:
    """Each symbol is known to both pictures; what holds others is drawn as a frame."""
    assert TYPES[name].symbol in _MARKS
    assert TYPES[name].symbol in _SHAPES or name in TOGETHER


@pytest.mark.parametrize("name", sorted(set(TYPES) - TOGETHER - {"fulfilled", "ended"}))
def test_a_type_behaves(name: str) -> None:
    """Each type that is something by itself has its kind."""
    assert name in KINDS


@pytest.mark.parametrize("name", TYPES)
def test_what_customers_are_told_is_among_what_is_saved(name: str) -> None:
    """The keys of an answer that a customer is told are keys that it has (L9)."""
    made, lists = sample(name), Lists({"parts": (Option(id="a", title="A"),)})
    for outcome in made.possible:
        saved = made.saved(outcome, lists)
        members = frozenset(getattr(saved.shape, "members", ())) if saved is not None else frozenset()
        if members:
            assert made.told_keys(members) <= members | made.marked


def test_nobody_else_tells_the_types_apart_that_hold_no_others() -> None:
    """Which of these types a state has is asked by its own kind, the one that runs its calls, and nobody else."""
    leaves = {cls.__name__ for name, cls in TYPES.items() if name not in {*TOGETHER, "fulfilled", "service", "call"}}
    asked = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.parent.name not in ("types", "kinds")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("flowengine.language.types")
        and leaves & {alias.name for alias in node.names}
    }
    box = {"core/casting.py", "commands/voting.py"}  # ballots are cast beside the job, and only a vote has them
    assert asked == {"core/answers.py", *box}  # whether a ballot is secret


# a type of one's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheer(State):
    """Says hurrah, and goes on."""

    type = "cheer"
    keys = (TITLE_KEY, *LEADING, Key("loudly", TITLE, "How loudly.", True))
    outcomes = ("cheered",)
    passes = True
    symbol = "message"

    loudly: str = ""

    @property
    def detail(self) -> str:
        return f"hurrah, {self.loudly}"


class Cheering(Waiting[Cheer]):
    """Is over at once."""

    def enter(self, spot: Spot) -> Result | None:
        return Result("cheered", by="the crowd") if self.state(spot).loudly else None


CHEERED = """
process: match
need: To win
states:
  need: {type: need, next: cheer}
  cheer: {type: cheer, loudly: very, next: fulfilled}
  fulfilled: {type: fulfilled}
"""


def test_a_type_is_added_by_its_class_and_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A type that is only registered is read, described for editors, checked, drawn and run."""
    assert [problem.code for problem in problems(CHEERED)] == ["unknown-type"]
    monkeypatch.setitem(TYPES, "cheer", Cheer)  # the lines that a new type has in the two tables, for this test alone
    monkeypatch.setitem(KINDS, "cheer", Cheering())
    assert make_schema()["$defs"]["state_cheer"]["required"] == ["type", "loudly"]
    led_nowhere = CHEERED.replace(", next: fulfilled}\n  ful", "}\n  ful")
    assert "missing-outcome" in {problem.code for problem in problems(led_nowhere)}
    assert [problem.code for problem in problems(CHEERED.replace("loudly", "loud"))] == ["unknown-key"]
    process = parse(CHEERED)
    assert '<i>hurrah, very</i>"]:::message' in mermaid(process)
    assert "✉ cheer                      Cheer, hurrah, very → fulfilled" in text_tree(process)
    with Engine("sqlite://", clock=SimulatedClock(datetime(2027, 1, 4, tzinfo=UTC)), handlers={}) as engine:
        engine.add_customer("ada")
        engine.deploy(CHEERED)
        job = engine.start("match", by="ada").job
        assert engine.track(job, by="ada").status == "fulfilled"
        assert engine.audit(job).fine
