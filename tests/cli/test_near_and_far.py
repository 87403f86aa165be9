"""What commands say is the same near and far, but for ids: the life of a job by customers, staff and operators."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowengine import Engine, SimulatedClock
from flowengine.client import server_address

if TYPE_CHECKING:
    from conftest import Flow

LINES = [
    # customers
    ("ada", "processes"),
    ("ada", "start workshop --set wish=Table --set width=80"),
    ("ada", ""),
    ("ada", "inbox"),
    ("ada", "inbox --count"),
    ("ada", "act --set wood=oak --set legs=4 --set extras=wax"),
    ("ada", "act --outcome book --set slot=2026-05-05T10:00:00Z"),
    ("ada", "agenda --from 2026-05-04 --to 2026-05-09"),
    ("ada", "track JOB"),
    ("ada", "jobs --mine"),
    ("ada", "say JOB How-heavy? --kind question"),
    ("ada", "change JOB"),
    ("ada", "history JOB"),
    ("ada", "people list"),
    ("ada", "act JOB --outcome nothing"),
    ("ada", "act JOB --set wood=ash"),
    ("ben", "track JOB"),
    ("ben", "start workshop --set wish=Chair --set width=five"),
    ("ben", "start workshop --set wish=Chair --set width=45 --key k"),
    ("ben", "start workshop --set wish=Chair --set width=45 --key k"),
    ("ben", "start workshop --set wish=Other --set width=45 --key k"),
    ("ben", "withdraw OTHER --yes"),
    ("ben", "track OTHER"),
    # staff
    ("tom", ""),
    ("tom", "inbox"),
    ("tom", "track JOB"),
    ("tom", "claim JOB"),
    ("tess", "claim JOB"),
    ("tom", "release JOB"),
    ("tom", "say JOB As-heavy-as-a-table --kind answer"),
    ("tom", "people show ada"),
    ("tom", "people away tom 2026-06-01 2026-06-03 --because Holiday"),
    ("tom", "people hours tom mon-fri=09:00-17:00"),
    ("tom", "people back tom 2026-06-01"),
    ("tom", "migrate JOB"),
    ("tom", "start workshop --for ben --set wish=Bench --set width=150"),
    ("tom", "jobs --mine"),
    # operators
    ("olga", "jobs"),
    ("olga", "jobs --stuck"),
    ("olga", "jobs --status open --process workshop -o short,customer,status"),
    ("olga", "history JOB"),
    ("olga", "history JOB --raw"),
    ("olga", "timers JOB"),
    ("olga", "deadline JOB --to 2026-05-20T12:00Z --because Later --dry"),
    ("olga", "suspend JOB --because Why"),
    ("ada", "track JOB"),
    ("olga", "resume JOB --because Because"),
    ("olga", "audit"),
    ("olga", "incidents"),
    ("olga", "schedules"),
    ("olga", "people add una --name Una --role maker"),
    ("olga", "people list --kind staff"),
    ("olga", "deploy workshop.yaml"),
    ("olga", "diff workshop.yaml"),
    ("olga", "agreement workshop"),
    ("olga", "draw workshop --format text"),
    ("olga", "draw workshop --counts --svg"),
    ("olga", "draw --job JOB --svg"),
    ("olga", "send dried --job JOB"),
    ("olga", "end JOB --because Over --yes"),
    ("olga", "people leave una --because Gone --yes"),
    ("olga", "people erase cleo --because Asked --yes"),
    ("", "jobs"),
    ("", "history JOB"),
    ("", "jobs --late"),
]

_MASKS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\b(?:[0-9a-f]{8,12}|[0-9a-f]{64})\b"), "ID"),
    (re.compile(r"\d+(?= administrative deeds)|(?<=\"deeds\": )\d+"), "MANY"),
    (re.compile(r"(--at|FLOW_AT=) ?\S+"), r"\1 PLACE"),
    (re.compile(r"  at https?://\S+"), ""),
]
"""What differs between two databases, and between two places: there tokens are made, which is noted. Moments do not:
both are in the same simulated time."""


@pytest.fixture
def both(empty: Flow, sqlite_file: Path, tmp_path: Path) -> Iterator[tuple[Flow, Flow]]:
    """Two workshops alike, one near and one far, in the same time."""
    shops = []
    for name, far in (("near", False), ("far", True)):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copyfile(sqlite_file, folder / "flow.db")
        clock = SimulatedClock(datetime(2026, 5, 4, 9, tzinfo=UTC))
        with Engine(f"sqlite:///{folder}/flow.db", clock=clock) as engine:
            engine.deploy(empty.folder / "workshop.yaml")
            engine.add_customer("ada", "Ada", "ada@example.org")
            engine.add_customer("ben", "Ben")
            engine.add_customer("cleo", "Cleo")
            for id, name, role in (("tom", "Tom", "maker"), ("tess", "Tess", "maker"), ("olga", "Olga", "operator")):
                engine.add_staff(id, name, [role])
        shops.append(type(empty)(folder, clock, far))
    near, far = shops
    with near.closing, far.closing:
        yield near, far


@pytest.mark.parametrize("json", [False, True], ids=["words", "json"])
def test_each_command_says_the_same_near_and_far(both: tuple[Flow, Flow], json: bool) -> None:
    """Words, JSON, refusals and exit codes are the same, line by line, through the life of a job."""
    otherwise = {}
    jobs: list[dict[str, str]] = [{}, {}]
    for who, line in LINES:
        told = []
        for shop, ids in zip(both, jobs, strict=True):
            if line and "JOB" in line and "JOB" not in ids:
                ids["JOB"] = shop.json("jobs", "--customer", "ada", who="olga")[0]["short"]
            if "OTHER" in line and "OTHER" not in ids:
                ids["OTHER"] = shop.json("jobs", "--customer", "ben", who="olga")[0]["short"]
            words = [ids.get(word, word) for word in line.split()]
            result = shop.run(*words, *(["--json"] if json else []), who=who, code=None)
            told.append((result.exit_code, _masked(result.stdout), _masked(result.stderr)))
        if told[0] != told[1]:
            otherwise[f"{who}: {line}"] = told
    assert otherwise == {}


def _masked(text: str) -> str:
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


def test_a_server_is_asked_by_its_one_address(both: tuple[Flow, Flow]) -> None:
    """The far shop really stands before a server."""
    near, far = both
    assert near.at.startswith("sqlite:///")
    assert server_address(far.at) == far.at
    assert far.run("whoami", who="ada").stdout.startswith(f"At {far.at}\nYou are Ada (ada; customer)\n")
    assert near.run("whoami", who="ada").stdout.startswith(f"At {near.at}\nYou are Ada (ada; customer)\n")
