"""Processes as pictures: what is said in them and where it stands, not how it looks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import ImageFont

from flowengine import Refused
from flowengine.interop.drawing import Crowd, JobPath, picture, png, stylesheet
from flowengine.interop.drawing.arranging import Placed, Plan, arrange, lettering
from flowengine.interop.drawing.lettering import FONT, Lettering, widths
from flowengine.interop.drawing.scene import Card, Exit, Frame, Scene
from flowengine.interop.drawing.telling import tell
from flowengine.language import load, parse
from flowengine.language.model import Process

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))
SUIT = PROCESSES[0].with_name("bespoke_suit.yaml")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script> & ]]> \"'",
    "\x1b[2J\x07\x00 \u202egnihtyna\u2066",
    "W" * 200,
    "מזמינים חליפה חדשה",
    "👩‍🚀 🧵 漢字の題",
)
SHOP = """
process: shop
title: A shop
need: Something
roles: {maker: {title: The maker}}
states:
  need: {type: need, fields: {wish: {type: string}}, next: choose}
  choose:
    type: choice
    choose: {wood: {from: [oak, pine]}}
    within: P7D
    on: {chosen: work, expired: call}
  call: {type: task, for: maker, on: {reached: choose, not_reached: gone}}
  work:
    type: parallel
    branches:
      order:
        start: buy
        states:
          buy: {type: service, call: buy_wood, on: {done: dry, failed: phone}}
          dry: {type: wait, for: P3D, on: {elapsed: done}}
          phone: {type: task, for: maker, on: {done: done}}
      plan: {type: task, title: The plan, for: maker, when: data.need.wish != "x"}
      build: {after: [order, plan], type: task, for: maker}
    on: {joined: talk}
  talk:
    type: race
    of:
      answer: {type: ask, fields: {words: {type: string}}}
      later: {type: wait, for: P3D}
    on: {answer: tries, later: judge}
  tries:
    type: each
    of: '[1, 2]'
    as: try
    start: try_it
    states: {try_it: {type: task, for: maker, on: {done: done}}}
    on: {joined: judge}
  judge:
    type: decision
    rules: [{when: data.need.wish == "x", to: accept, title: it is an x}]
    else: polish
  polish: {type: task, for: maker, on: {done: accept}}
  accept:
    type: approval
    by: customer
    within: P7D
    on: {approved: fulfilled, changes: polish, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No answer}
always:
  withdraw: {by: customer, when: '!passed("saw")', undo: true, to: gone}
"""


@pytest.fixture(scope="module")
def shop() -> Process:
    return parse(SHOP, check=False)


@pytest.fixture(scope="module")
def suit() -> Process:
    return load(SUIT, check=False)


@pytest.fixture(scope="module")
def shipped() -> list[Process]:
    return [load(path, check=False) for path in PROCESSES]


def things(scene: Scene) -> dict[str, Card | Frame]:
    """All cards and frames of a scene, by what they are called in it; frames aside by their title."""
    found: dict[str, Card | Frame] = {}
    for thing in (*scene.things, *scene.asides):
        if not isinstance(thing, Exit):
            found[thing.name or thing.title] = thing
            found |= things(thing.scene) if isinstance(thing, Frame) else {}
    return found


def names(scene: Scene) -> list[str]:
    return [thing.name for thing in scene.things]


def lines(thing: Card | Frame) -> list[tuple[str, str]]:
    return [(line.kind, line.text.replace("\u00a0", " ")) for line in thing.lines]


def test_usual_ways_are_arrows_and_others_lines(shop: Process) -> None:
    """A card says where its deadline leads; what is hoped for leads on by arrows, and words where there are several."""
    scene = tell(shop).scene
    arrows = [(one.source, one.target, one.label, one.back) for one in scene.arrows]
    assert ("choose", "work", "", False) in arrows
    assert ("judge", "accept", "it is an x", False) in arrows
    assert ("judge", "polish", "else", False) in arrows
    assert ("accept", "polish", "changes", True) in arrows
    assert not [one for one in arrows if "call" in one[:2] or "gone" in one[:2]]
    found = things(scene)
    assert lines(found["choose"]) == [("who", "customer"), ("late", "7 days → Call")]
    assert ("way", "declined → Gone") in lines(found["accept"])


def test_what_only_unusual_ways_reach_stands_aside(shop: Process) -> None:
    """States that only a deadline leads to have a frame of their own, and so have the ends, and what is always open."""
    scene = tell(shop).scene
    assert [(one.title, names(one.scene)) for one in scene.asides] == [
        ("At any time", ["always withdraw"]),
        ("When an answer does not come", ["call"]),
        ("How else it can end", ["gone"]),
    ]
    assert ("way", "→ Gone, undoing what was done") in lines(things(scene)["always withdraw"])
    assert lines(things(scene)["call"])[1:] == [("way", "reached → Choose"), ("way", "not reached → Gone")]


def test_scopes_are_frames(shop: Process) -> None:
    """Branches, each and race hold what is in them; a branch of one state is its card."""
    found = things(tell(shop).scene)
    work, tries, talk = found["work"], found["tries"], found["talk"]
    assert isinstance(work, Frame)
    assert isinstance(tries, Frame)
    assert isinstance(talk, Card)
    assert names(work.scene) == ["work/order/", "plan", "build"]
    assert [(one.source, one.target) for one in work.scene.arrows] == [("work/order/", "build"), ("plan", "build")]
    assert ("note", 'only if data.need.wish != "x"') in lines(found["plan"])
    assert (tries.note, names(tries.scene)) == ("for each try", ["try_it"])
    assert [(one.title, one.kind) for one in talk.members] == [("Answer", "customer"), ("Later", "clock")]


def test_each_state_of_every_process_is_drawn_once(shipped: list[Process]) -> None:
    """Nothing that is shipped is left out of its picture, nor stands in it twice."""
    for process in shipped:
        found = Counter(_cards(tell(process).scene))
        assert {name for name in found if not name.startswith("always ")} == {one.name for one in process.states()}
        assert set(found.values()) == {1}, process.name


def _cards(scene: Scene) -> Iterator[str]:
    for thing in (*scene.things, *scene.asides):
        if not isinstance(thing, Exit):
            yield from [thing.name] if thing.name and not thing.name.endswith("/") else []
            yield from _cards(thing.scene) if isinstance(thing, Frame) else ()


@pytest.mark.usefixtures("graphviz")
def test_nothing_lies_over_anything_else(shipped: list[Process]) -> None:
    """In all that is shipped no two boxes meet, everything is inside what is around it, texts inside their cards."""
    for process in shipped:
        plan = arrange(tell(process).scene)
        _look(plan)
        assert plan.w <= 1060, f"{process.name} is wider than a page shows it readably"


def _look(plan: Plan) -> None:
    for index, one in enumerate(plan.things):
        assert one.box.x >= -0.5
        assert one.box.y >= -0.5
        assert one.box.x + one.box.w <= plan.w + 0.5
        assert one.box.y + one.box.h <= plan.h + 0.5
        assert not [other for other in plan.things[:index] if one.box.meets(other.box, 0)], one.thing
        _texts(one)
        if one.inside is not None:
            assert one.at[0] + one.inside.w <= one.box.w
            assert one.at[1] + one.inside.h <= one.box.h
            _look(one.inside)


def _texts(one: Placed) -> None:
    for row in one.rows:
        assert row.x + lettering(row.kind).width(row.text) <= one.box.w, row
        assert row.y + lettering(row.kind).line <= one.box.h, row


@pytest.mark.usefixtures("graphviz")
def test_a_picture_stands_alone(suit: Process) -> None:
    """The SVG is well-formed, named and described for those who hear it, has its styles in one place, light and dark,
    and nothing that runs or that another picture on the page could meet."""
    svg = picture(suit)
    root = ElementTree.fromstring(svg)
    assert root.find(f"{SVG}title").text == suit.title  # type: ignore[union-attr]
    assert "On the usual way: Need, then Cloth" in str(root.find(f"{SVG}desc").text)  # type: ignore[union-attr]
    assert root.get("data-process") == f"bespoke_suit {suit.version}"
    assert root.get("role") == "img"
    assert len(root.findall(f".//{SVG}style")) == 1
    assert "prefers-color-scheme:dark" in svg
    assert not re.search(r" (style|on\w+|id)=", svg)
    assert "<script" not in svg
    used = {one for element in root.iter() for one in element.get("class", "").split()}
    styled = set(re.findall(r"\.([a-z-]+)", stylesheet()))
    assert used - styled <= {"arrow", "row", "passed", "here"}
    for selectors in re.findall(r"([^{}@]+)\{", re.sub(r"@media[^{]*\{", "", stylesheet())):
        assert all(one.startswith(".flow-picture ") for one in selectors.split(","))


@pytest.mark.usefixtures("graphviz")
def test_embedded_it_has_no_styles_and_leads_where_the_page_says(shop: Process) -> None:
    """On a page it brings classes alone; a card is a link where the page gives one, and only to a page."""
    svg = picture(shop, links={"choose": "/ops/states/choose?a=1&b=2", "work": "https://example.org/"}, embedded=True)
    root = ElementTree.fromstring(svg)
    assert root.findall(f".//{SVG}style") == []
    assert [one.get("href") for one in root.iter(f"{SVG}a")] == ["/ops/states/choose?a=1&b=2", "https://example.org/"]
    assert root.get("role") == "group"
    for bad in ("javascript:alert(1)", "//elsewhere.example", "data:text/html,x", ""):
        with pytest.raises(Refused, match="address of a page"):
            picture(shop, links={"choose": bad})


@pytest.mark.usefixtures("graphviz")
def test_a_job_has_its_way_in_it(shop: Process) -> None:
    """What a job passed is ticked, where it stands is said in words, and the rest is still to come."""
    events = [
        {"event": "Entered", "state": "need"},
        {"event": "Entered", "state": "pick"},
        {"event": "Migrated", "version": "x", "states": {"pick": "choose"}},
        {"event": "Left", "state": "choose"},
        {"event": "Entered", "state": "work"},
    ]
    path = JobPath.of(events, ["work"])
    found = things(tell(shop, path).scene)
    standing = {name: thing.standing for name, thing in found.items()}
    assert [standing[one] for one in ("need", "choose", "work", "plan")] == ["passed", "passed", "here", "ahead"]
    svg = picture(shop, path=path)
    assert svg.count(">here now<") == 1
    assert svg.count("✓") == 2
    assert "not yet" in svg


def test_counts_say_how_many_and_how_long(shop: Process) -> None:
    """A state says how many jobs stand there; those in states of other versions are told above."""
    day = timedelta(days=1)
    many, one = Crowd(jobs=1200, median=3 * day, longest=12 * day), Crowd(jobs=1, median=day, longest=day)
    shown = tell(shop, counts={"choose": many, "tries": one, "gone_by": one})
    found = things(shown.scene)
    assert [text for kind, text in lines(found["choose"]) if kind == "crowd"] == [
        "1,200 jobs here",
        "median 3 days, longest 12 days",
    ]
    assert [text for kind, text in lines(found["tries"]) if kind == "crowd"] == ["1 job here for 24 hours"]
    assert shown.notes == ("1 more stand in states that this version does not have",)


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.usefixtures("graphviz")
def test_no_title_does_harm(shop: Process, title: str) -> None:
    """Markup, controls, what turns texts round, what is long and what the font lacks: a picture is made of all."""
    states = {name: replace(state, title=title) for name, state in shop.root.states.items()}
    process = replace(shop, title=title, need=title, root=replace(shop.root, states=states))
    svg = picture(process)
    ElementTree.fromstring(svg)
    assert "<script" not in svg
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", svg)
    _look(arrange(tell(process).scene))
    assert png(process, zoom=0.5).startswith(b"\x89PNG")


def test_a_text_is_as_wide_as_its_font_makes_it() -> None:
    """The table of widths is that of the fonts that lie beside it."""
    text = "Fitting → Šaty, Anzüge & Κοστούμι; костюм 100% (2×)"
    for weight in widths():
        with (FONT / f"inter-{weight}.ttf").open("rb") as file:
            wide = ImageFont.truetype(file, 1000, layout_engine=ImageFont.Layout.BASIC).getlength(text)
        assert Lettering(1000, weight).width(text) == pytest.approx(wide, rel=0.002)


def test_text_breaks_into_lines_that_fit() -> None:
    """No line is wider than there is room; what does not fit ends in …; letters are never lost before."""
    small = Lettering(11)
    for text in ("a few words that need two lines or three of them to stand in", "W" * 50, "a " + "W" * 30):
        broken = small.wrap(text, 80)
        assert all(small.width(line) <= 80 for line in broken)
        assert len(broken) <= 3
    assert small.wrap("a few words", 300) == ("a few words",)
    assert small.wrap("W" * 50, 80)[-1].endswith("…")
    assert "".join(small.wrap("W" * 12, 80)) == "W" * 12


def test_a_process_too_large_to_be_seen_is_refused(shop: Process) -> None:
    """A picture of thousands of states is not begun."""
    task = shop.root.states["polish"]
    states = {f"s{number}": replace(task, name=f"s{number}") for number in range(1001)}
    with pytest.raises(Refused, match="too large for a picture"):
        picture(replace(shop, root=replace(shop.root, states=shop.root.states | states)))


WITHOUT = """
import sys
sys.modules["pygraphviz"] = sys.modules["resvg_py"] = None
from flowengine.errors import NotConfigured
from flowengine.interop import drawing
from flowengine.interop.drawing.raster import rasterised
from flowengine.language import load
process = load(sys.argv[1], check=False)
for make in (lambda: drawing.picture(process), lambda: drawing.png(process), lambda: rasterised("<svg/>")):
    try:
        make()
    except NotConfigured as error:
        print(error.what, *error.possible)
"""


def test_a_library_that_cannot_be_loaded_says_what_the_system_lacks(tmp_path: Path) -> None:
    """The wheel of pygraphviz does not bring all that it needs of a system; where that is missing, its name is told."""
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('libX11.so.6: cannot open shared object file')\n")
    code = WITHOUT.replace('sys.modules["pygraphviz"] = ', "")
    words = [sys.executable, "-c", code, str(PROCESSES[0])]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    told = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()
    assert told[0].startswith("the library pygraphviz cannot be loaded: libX11.so.6: cannot open")
    assert "apt-get install libx11-6" in told[0]


def test_a_missing_library_is_named_with_what_installs_it() -> None:
    """Without Graphviz there is no picture, without resvg no PNG; either way it is said how to get it."""
    words = [sys.executable, "-c", WITHOUT, str(PROCESSES[0])]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert ["pygraphviz" in line for line in told] == [True, True, False]
    assert told[2].startswith("pictures in PNG need the library resvg-py, which is not installed")
    assert all(line.endswith("pip install 'needflow[draw]'") for line in told)
