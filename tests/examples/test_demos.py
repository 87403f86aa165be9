"""What `flow demo` tells of the club and of the contribution."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from flowengine import Engine, InvariantBroken
from flowengine.samples import example


@pytest.fixture
def told(tmp_path: Path):
    """A database to tell in, and a screen that keeps what it is shown."""
    return f"sqlite:///{tmp_path}/demo.db", Console(record=True, width=200, file=StringIO())


def test_a_club_shapes_its_matchday(told: tuple[str, Console]) -> None:
    """Fulfilled, with the promise kept; what was counted is what was cast; another vote is open for who looks on."""
    address, console = told
    played, kim, open_, who = example("club.demo").tell(address, console, 300)
    shown = console.export_text()
    assert "promise kept" in shown
    assert shown.count("each of them counted once") == 4
    assert "20 members leave and 30 join" in shown
    with Engine(address, handlers={}) as engine:
        assert engine.track(played, kim).status == "fulfilled"
        assert [item.short for item in engine.inbox(who) if item.short.startswith(open_)], "the vote waits for him"
        assert engine.audit().fine


def test_a_wrong_count_is_noticed(told: tuple[str, Console], monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail: a ballot of which the club does not know is one too many."""
    demo = example("club.demo")
    honest = demo.Club._cast

    def one_more(club, step, voting, wish):
        done = honest(club, step, voting, wish)
        stranger = next(id for id in club.electorate if id not in voting)
        club.engine.act(step, "vote", {"for": wish(stranger)}, by=stranger)
        return done

    monkeypatch.setattr(demo.Club, "_cast", one_more)
    with pytest.raises(InvariantBroken, match="counted is"):
        demo.tell(*told, 300)


def test_a_contribution_needs_nobody_who_assigns(told: tuple[str, Console]) -> None:
    """Claimed and left, it returns by itself; built, reviewed by others and released; all who took part are told."""
    address, console = told
    released, raised = example("contribution.demo").tell(address, console)
    shown = console.export_text()
    assert "nobody had to take it from Ben" in shown
    assert "Needed by: Ada; Built by: Dora; Reviewed by: Eve, Finn; Released by: Eve" in shown
    with Engine(address, handlers={}) as engine:
        assert engine.track(released, "ada").status == "fulfilled"
        assert [item.short for item in engine.inbox("finn") if item.short.startswith(raised)]
        assert engine.audit().fine
