"""The bespoke suit by the command line alone, on both databases: as customer, tailor, cutter and operator."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flowengine import SimulatedClock, SystemClock
from flowengine.cli import flow
from flowengine.samples import process_file

ROOT = Path(__file__).parents[2]
README = ROOT / "examples" / "bespoke_suit" / "README.md"
MEASURES = "--set chest=102 --set waist=88.5 --set hips=104 --set sleeve=64 --set inside_leg=81"

Run = Callable[..., Any]


@pytest.fixture
def run(database_url: str, tmp_path: Path, clock: SimulatedClock, mill: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one ``flow`` command line, at the clock's time, and gives its JSON. The shop's mill is the test's own."""
    monkeypatch.setattr(SystemClock, "now", lambda self: clock.now())  # noqa: ARG005 - the signature of the method
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setenv("FLOW_AT", database_url)
    monkeypatch.setenv("SUIT_MILL", str(tmp_path / "mill.db"))
    from examples.bespoke_suit import shop
    from examples.bespoke_suit.handlers import handlers

    monkeypatch.setattr(shop, "HANDLERS", handlers(mill))

    def run(line: str, *, fine: bool = True) -> Any:
        result = CliRunner().invoke(flow, [*shlex.split(line), "--json"])
        assert (result.exit_code == 0) is fine, f"{line}\n{result.output}"
        return json.loads(result.stdout)

    return run


def test_a_suit_by_the_command_line(run: Run, clock: SimulatedClock, mill: Any) -> None:
    """A suit is made by commands alone, with a missed appointment, a change of mind and an alteration."""
    run(f"deploy {process_file('bespoke_suit')}")
    run("people add ada --name Ada")
    for id, role in (("hana", "host"), ("tom", "tailor"), ("carl", "cutter"), ("olga", "operator")):
        run(f"people add {id} --role {role}")
    job = run("start bespoke_suit --as ada --set occasion='A wedding' --set needed_by=2099-09-01")["job"]

    def act(who: str, rest: str) -> None:
        run(f"act {job} --as {who} {rest}")

    def book() -> None:
        refused = run(f"act {job} --as ada --outcome book --set slot=?", fine=False)
        slot = refused["possible"][0]
        act("ada", f"--outcome book --set slot={slot}")
        clock.set(datetime.fromisoformat(slot))

    def work() -> None:
        run("worker --once --handlers examples.bespoke_suit.shop:HANDLERS")

    act("ada", "--set cloth=navy_flannel")
    act("ada", "--set style=three_piece --set pockets=3 --set lining=plain")
    book()
    act("tom", "--outcome missed")
    book()
    act("tom", f"--outcome held {MEASURES}")
    work()
    act("carl", "--set number=P-117")
    run(f"change {job} change_cloth --as ada")
    work()
    act("ada", "--set cloth=grey_worsted")
    work()
    act("ada", "--set initials=AL")
    orders = {order.item: order for order in mill.orders() if order.status == "placed"}
    assert set(orders) == {"grey_worsted", "lining_plain"}
    run(f"send cloth_delivered --key {orders['grey_worsted'].number} --job {job} --as olga")
    act("carl", "--outcome done")
    act("tom", "--outcome done")
    book()
    act("tom", "--outcome held --set baste_again=false --set findings='Shoulder'")
    act("tom", "--outcome done")
    book()
    act("tom", "--outcome held --set alter=true --set findings='Sleeves'")
    act("tom", "--outcome done")
    book()
    act("tom", "--outcome held --set alter=false")
    act("tom", "--outcome done")
    act("ada", "--outcome approved")
    act("ada", "--set rating=5")
    track = run(f"track {job} --as ada")
    assert (track["status"], track["promise"]["kept"]) == ("fulfilled", True)
    assert run("audit")["problems"] == []


def _commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = (line.split("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line.startswith("flow ")]


@pytest.mark.parametrize("line", _commands())
def test_the_readme_names_commands_that_are_there(line: str) -> None:
    """Each command in the example's README is one, with options that it has."""
    result = CliRunner().invoke(flow, [*shlex.split(line)[1:], "--help"])
    assert result.exit_code == 0, result.output
    assert f"{shlex.split(line)[1]} " in result.stdout.splitlines()[0]


def test_the_story_is_told(tmp_path: Path) -> None:
    """``python -m examples.bespoke_suit`` tells one suit to its end."""
    from flowengine import Engine, SimulatedClock
    from flowengine.samples import suit_shop

    suit_shop()
    from flowengine_bespoke_suit.__main__ import MONDAY
    from flowengine_bespoke_suit.mill import Mill
    from flowengine_bespoke_suit.story import tell

    lines: list[str] = []
    clock = SimulatedClock(MONDAY)
    with Engine("sqlite://", clock=clock, handlers={}) as engine:
        job = tell(engine, clock, Mill(tmp_path / "mill.db", today=lambda: clock.now().date()), lines.append)
        assert engine.track(job, "ada").status == "fulfilled"
    told = "\n".join(lines)
    for part in ("waits in vain", "changes her mind", "navy flannel: cancelled", "finds something", "promise was kept"):
        assert part in told
