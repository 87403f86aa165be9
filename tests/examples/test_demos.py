"""What `flow demo` tells of the club, of the contribution, of co-creation and of partners."""

from __future__ import annotations

import json
import re
import sys
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from flowengine import Engine, InvariantBroken
from flowengine.cli import flow
from flowengine.interop.stock_files import read_stock
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


def test_ideas_are_made_real_or_answered(told: tuple[str, Console]) -> None:
    """One is changed, voted on, tried without the tester who does not come, and adopted; one is answered twice; all who
    took part are told; a third waits for Finn."""
    address, console = told
    adopted, raised = example("co_creation.demo").tell(address, console)
    shown = console.export_text()
    assert "What worries them: Ben: The cloth is thin. Does it hold a bottle?" in shown
    assert "to him the vote is not there" in shown
    assert "cannot vote again" in shown
    assert "Finn has not come" in shown
    assert "Talked over by: Ben, Dora; Voted on: by 6 of 8, in secret; Tried by: Ben, Eve; Made by: Mia" in shown
    assert "Ask for changes: What should change?: What is it that speaks against wood?" in shown
    assert "Ben, Cem, Dora, Eve, Finn, Hana, Ida are told: We do not make it: Buttons of wood" in shown
    with Engine(address, handlers={}) as engine:
        assert engine.track(adopted, "ada").status == "fulfilled"
        assert [item.short for item in engine.inbox("finn") if item.short.startswith(raised)]
        assert engine.audit().fine


def test_whoever_is_not_told_is_noticed(told: tuple[str, Console], monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail: who is asked to try it and does not come has no part, and is not told."""
    demo = example("co_creation.demo")
    honest = demo.Idea.tries

    def one_more(idea) -> None:
        honest(idea)
        idea.part["finn"] = None

    monkeypatch.setattr(demo.Idea, "tries", one_more)
    with pytest.raises(InvariantBroken, match="are told"):
        demo.tell(*told)


def test_a_shop_orders_from_a_mill(told: tuple[str, Console], tmp_path: Path) -> None:
    """The mill's offer is before the shop's buyer, an answer outlives a server that is down, a withdrawal crosses; both
    databases are whole, and each order is there once."""
    address, console = told
    theirs = f"sqlite:///{tmp_path}/supplier.db"
    sewn, waiting, order = example("partners.demo").tell(address, theirs, console)
    shown = console.export_text()
    assert "(Price: £126.00) → Ask for changes: What should change?: A lower price" in shown
    assert "The shop sees: ▶ ended: The customer does not want the goods" in shown
    with Engine(address, handlers={}) as shop, Engine(theirs, handlers={}) as mill:
        assert shop.track(sewn, "ada").status == mill.track(order, "tailor").status == "fulfilled"
        assert [item.short for item in shop.inbox("bea") if item.short.startswith(waiting)], "she may sew"
        assert shop.audit().fine
        assert mill.audit().fine


def test_what_crosses_twice_is_noticed(
    told: tuple[str, Console], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check can fail: a mill that begins an order of its own accord has one too many."""
    demo = example("partners.demo")
    honest = demo.Both.send

    def one_more(both, parcel: str) -> None:
        honest(both, parcel)
        day = f"{both.shop.clock.now().date().replace(year=2099)}"
        both.mill.engine.start("supplier", by="tailor", need={"article": "Tweed", "pieces": 1, "needed_by": day})

    monkeypatch.setattr(demo.Both, "send", one_more)
    with pytest.raises(InvariantBroken, match="the mill's jobs have come to"):
        demo.tell(told[0], f"sqlite:///{tmp_path}/supplier.db", told[1])


def test_partners_need_the_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the demo says what is missing, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    for name in [one for one in sys.modules if one.startswith(("flowengine_examples.partners", "flowengine.web"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = CliRunner().invoke(flow, ["demo", "--partners", "--json"])
    refused = json.loads(done.stdout)
    assert done.exit_code == 1
    assert refused["what"] == "for two organisations that speak over HTTP, uvicorn must be installed"
    assert "web" in refused["possible"][0]
    assert list(tmp_path.iterdir()) == []


def test_a_shop_orders_by_its_forecast(told: tuple[str, Console], tmp_path: Path) -> None:
    """Most pieces are there in time, with less in stock than by the shelf alone; what is in stock is left as a file."""
    address, console = told
    stock = tmp_path / "stock.csv"
    done, waiting = example("stockroom.demo").tell(address, stock, console)
    shown = console.export_text()
    told_of = re.search(r"(\d+) % were.*\nwith ([\d.]+) pieces.*\n.*taken ([\d.]+),", shown)
    assert told_of is not None
    share, kept, alone = map(float, told_of.groups())
    assert share >= 93
    assert kept < 0.8 * alone
    with Engine(address, handlers={}) as engine:
        assert engine.track(done, "tom").status == "fulfilled"
        assert [item.short for item in engine.inbox("tom") if item.short == waiting]
        assert all(
            row.pieces is not None for row in engine.forecast("coat", stocks=read_stock(stock.read_bytes())).rows
        )
