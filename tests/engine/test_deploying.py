"""A process is put in use under the version of what it means (L6)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from engine_flows import SUIT

from flowengine import Database, Engine, SimulatedClock


def test_another_way_of_writing_it_is_there_already(engine: Engine, suit: Callable[..., str]) -> None:
    """A comment, other line ends and a byte order mark make no version; what was kept first stays."""
    job = suit()
    for text in (f"# as ever\n{SUIT}", SUIT.replace("\n", "\r\n"), f"\ufeff{SUIT}"):
        again = engine.deploy(text)
        assert (again.new, again.version) == (False, engine.track(job, "olga").version)
    assert len(engine.processes()) == 1
    assert engine.process("small_suit").source == SUIT


def test_versions_of_the_text_stay_valid(engine: Engine, database: Database, clock: SimulatedClock) -> None:
    """What was put in use when versions were made of the text keeps its version, and the same file deployed again is
    there already: the latest, or an older one, which is the latest then."""
    older, newer = SUIT.replace("Choose your cloth", "Choose"), SUIT.replace("Choose your cloth", "Choose it")
    version = {text: sha256(text.encode()).hexdigest()[:12] for text in (older, newer)}
    with database.writing() as tx:
        for text in (older, newer):
            tx.processes.add("small_suit", version[text], "A suit", text, clock.now())
    other = Engine(database, clock=clock, handlers={})
    job = other.start("small_suit", by="ada", need={"occasion": "A wedding"}).job
    assert other.track(job, "olga").version == version[newer]
    assert other.process("small_suit").version == version[newer]
    assert other.inbox("ada")[0].title == "Choose it"
    assert engine.process("small_suit").version == version[newer]
    again = other.deploy(f"# the same\n{newer}")
    assert (again.new, again.version) == (False, version[newer])
    back = other.deploy(older)
    assert (back.new, back.version) == (False, version[older])
    assert other.process("small_suit").version == version[older]
    assert len(other.processes()) == 3
    assert not other.deploy(SUIT).new
