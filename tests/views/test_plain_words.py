"""What somebody is told of what he did: each type of state has words for each thing that can be done on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowengine.core import commands as c
from flowengine.core import events as e
from flowengine.core.values import Actor, Booking, Step
from flowengine.language import load
from flowengine.language.model import Process, State
from flowengine.language.parts import EXPIRED
from flowengine.language.types import TYPES, Vote
from flowengine.speech.words import ENGLISH
from flowengine.views.answered import THANKS, Saying, ended
from flowengine.views.history_lines import Teller
from flowengine.views.plainly import sentence

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
AT = datetime(2027, 1, 5, 10, tzinfo=UTC)
ADA, TOM = Actor(kind="customer", id="ada"), Actor(kind="staff", id="tom", roles=("tailor",))
OF_A_PROGRAM = re.compile(r"_|[{}]|\b[0-9a-f]{8}-[0-9a-f]{4}-")


def _acted(process: Process, state: State, member: str, outcome: str, by: Actor) -> str:
    """What he is told who has ended a state so, or made that move."""
    one = state.member(member)
    asked = one.ask.source.partition("{")[0] if one.ask is not None else ""
    step = Step(number=2, branch="main", state=state.name, member=member, title=asked or one.title, opened=AT)
    events: list[e.AnyEvent]
    if outcome in one.moves:
        events = [e.Moved(branch="main", step=2, move=outcome, by=by.id)]
        events += [e.Kept(branch="main", member=member, inner=Booking(phase="booked", slot=AT))]
    else:
        ended_as = f"{member}.{outcome}" if member else outcome
        events = [e.Left(branch="main", state=state.name, outcome=ended_as, by=by.id)]
    saying = Saying(Teller(process, {}), by.kind == "customer", "Ada", e.StepOpened(step=step))
    return saying.told(c.Act(by=by, step=2, outcome=outcome), events)


def _done_by_people(process: Process) -> list[tuple[State, str, str]]:
    """Each thing that somebody can do in a process: the state, the member of a race, and the outcome or move."""
    found = []
    for state in process.states():
        for member, one in state.members.items():
            if one.audience:
                ways = [*one.moves, *([] if isinstance(one, Vote) else one.ending)]
                if member:
                    ways += [name.partition(".")[2] for name in state.on if name.startswith(f"{member}.")]
                found += [(state, member, way) for way in dict.fromkeys(ways) if way != EXPIRED]
    return found


@pytest.mark.parametrize("path", PROCESSES, ids=lambda path: path.stem)
@pytest.mark.parametrize("by", [ADA, TOM], ids=["customer", "staff"])
def test_all_that_can_be_done_is_told_in_a_sentence(path: Path, by: Actor) -> None:
    """In the shipped processes nobody reads the name of a state or of an outcome, whatever he does."""
    process = load(path).settled("UTC")
    done = _done_by_people(process)
    assert done
    for state, member, outcome in done:
        words = _acted(process, state, member, outcome, by)
        assert not OF_A_PROGRAM.search(words), words
        assert words == sentence(words)
        assert words.startswith(THANKS) <= (by is ADA), "only customers are thanked"


def test_each_type_has_words_for_what_is_done_on_it() -> None:
    """What people do on a type's own terms is in its row, or told by its own words; nothing falls back on a name."""
    for name, cls in TYPES.items():
        own_words = cls.replied is not State.replied
        people = cls.outcomes if cls.replies or own_words else ()
        missing = [one for one in (*people, *cls.moves) if one not in cls.replies and not own_words]
        assert not missing, f"{name} has no words for {missing}"
    answered = {name for name, cls in TYPES.items() if cls.replies or cls.replied is not State.replied}
    assert answered == {"need", "choice", "ask", "fitting", "approval", "vote", "feedback", "task"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Noted: “Yes.”", "Noted: “Yes.”"), ("Notiert: „Ja.“", "Notiert: „Ja.“"),
        ("Notiert: „Ja?“", "Notiert: „Ja?“"),
        ("Notiert: „Ja“", "Notiert: „Ja“."), ("Noted: “Yes”", "Noted: “Yes”."),
        ("Abgelehnt („Nein!“)", "Abgelehnt („Nein!“)."),
        ("“", "“."), ("", ""),
    ],
)  # fmt: skip
def test_a_sentence_has_one_full_stop_in_each_language(words: str, told: str) -> None:
    """Also where what somebody wrote ends it, between the marks of either."""
    assert sentence(words) == told


def test_an_end_is_told_with_what_came_of_it() -> None:
    """A job that is over says why, or what need is fulfilled."""
    assert ended(ENGLISH, "fulfilled", "A loaf of bread", "") == "It is fulfilled: A loaf of bread."
    assert ended(ENGLISH, "fulfilled", "A loaf of bread", "The loaf was good!") == "It is fulfilled: The loaf was good!"
    assert ended(ENGLISH, "ended", "A loaf of bread", "Nobody came") == "It is over: Nobody came."
