"""Mermaid drawings of processes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowengine.interop.mermaid import escaped, mermaid
from flowengine.interop.text_tree import text_tree
from flowengine.language import parse
from flowengine.language.model import Process

PROCESSES = sorted((Path(__file__).parents[2] / "processes").glob("*.yaml"))

FLOW = """
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
    on: {chosen: work, expired: gone}
  work:
    type: parallel
    branches:
      order:
        start: buy
        states:
          buy: {type: service, call: buy_wood, on: {done: done, failed: phone}}
          phone: {type: task, for: maker, on: {done: done}}
      plan: {start: draw, states: {draw: {type: task, for: maker, on: {done: done}}}}
      build: {after: [order, plan], start: saw, states: {saw: {type: task, for: maker, on: {done: done}}}}
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
    start: try_it
    states: {try_it: {type: task, for: maker, on: {done: done}}}
    on: {joined: judge}
  judge:
    type: decision
    rules: [{when: data.need.wish == "x", to: accept}]
    else: accept
  accept:
    type: approval
    by: customer
    within: P7D
    on: {approved: fulfilled, changes: work, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: No answer}
always:
  withdraw: {by: customer, when: '!passed("saw")', undo: true, to: gone}
"""


@pytest.fixture(scope="module")
def shop() -> Process:
    return parse(FLOW, check=False)


def nodes(text: str) -> set[str]:
    """The ids of all nodes that are drawn."""
    return set(re.findall(r"^ +(s_[\w-]+?)(?:[\[({>]|@)", text, re.M))


def arrows(text: str) -> list[tuple[str, str, str]]:
    """All arrows as (source, label, target)."""
    found = re.findall(r'^  (s_[\w-]+) (?:-->|-\.->|-\.-) (?:\|"(.*?)"\| )?(s_[\w-]+)$', text, re.M)
    return [(source, label, target) for source, label, target in found]


def test_every_arrow_joins_two_nodes_that_are_drawn(shop: Process) -> None:
    """No arrow of a drawing begins or ends at a node that is not there."""
    text = mermaid(shop)
    drawn = nodes(text)
    assert arrows(text)
    for source, _, target in arrows(text):
        assert source in drawn, source
        assert target in drawn, target


@pytest.mark.parametrize("file", PROCESSES, ids=lambda file: file.stem)
def test_the_projects_own_processes_are_drawn_whole(file: Path) -> None:
    """Every state of every process of the project has a node or a frame, and every arrow joins nodes."""
    process = parse(file.read_bytes(), str(file), check=False)
    text = mermaid(process)
    drawn = nodes(text)
    for state in process.states():
        assert f"s_{state.name}" in drawn or f"subgraph s_{state.name}-frame" in text, state.name
    assert {end for source, _, target in arrows(text) for end in (source, target)} <= drawn
    assert text.count("subgraph ") == len(re.findall(r"^ *end$", text, re.M))


def test_customers_staff_code_and_ends_look_different(shop: Process) -> None:
    """One sees where the customer is in the flow."""
    text = mermaid(shop)
    assert re.search(r"s_choose\(\[.*:::customer", text)
    assert re.search(r"s_draw\[.*The maker.*:::task", text)
    assert re.search(r"s_buy\[\[.*buy_wood.*:::code", text)
    assert re.search(r"s_fulfilled.*:::fulfilled", text)
    assert re.search(r"s_talk-later\{\{.*3 days.*:::clock", text)


def test_outcomes_are_on_the_arrows(shop: Process) -> None:
    """An outcome stands on its arrow; outcomes to one place share it; a usual single one is left out."""
    found = arrows(mermaid(shop))
    assert ("s_choose", "chosen", "s_work-in") in found
    assert ("s_accept", "declined", "s_gone") in found
    assert ("s_need", "", "s_choose") in found
    assert [label[-6:] for source, label, _ in found if source == "s_judge"] == ["/ else"]


def test_deadlines_are_told_in_words_and_coloured(shop: Process) -> None:
    """What happens when nobody answers in time stands out."""
    text = mermaid(shop)
    late = [index for index, (_, label, _) in enumerate(arrows(text)) if label == "not within 7 days"]
    assert len(late) == 2
    assert f"linkStyle {late[0]},{late[1]} stroke" in text


def test_always_entries_are_dashed(shop: Process) -> None:
    """What may happen at any time leads away by a dashed arrow."""
    assert '  s_always-withdraw -.-> |"undo"| s_gone' in mermaid(shop)


def test_branches_follow_each_other_as_after_says(shop: Process) -> None:
    """A branch starts at the ends of those it comes after, and only the last ones lead to the join."""
    found = {(source, target) for source, _, target in arrows(mermaid(shop))}
    assert {("s_work-order-end", "s_saw"), ("s_work-plan-end", "s_saw"), ("s_work-build-end", "s_work-out")} <= found
    assert ("s_work-order-end", "s_work-out") not in found
    assert ("s_work-in", "s_saw") not in found


def test_the_states_where_a_job_stands_are_marked(shop: Process) -> None:
    """A state and the frame around it are marked; nothing is, when no state is given."""
    text = mermaid(shop, ["work", "buy"])
    assert "class s_buy here" in text
    assert "class s_work-frame here" in text
    assert "here" not in mermaid(shop)


def test_the_usual_way_leaves_out_what_nobody_hopes_for(shop: Process) -> None:
    """Deadlines, failures and changes of mind, and the states that only they lead to, are left out."""
    text = mermaid(shop, usual=True)
    assert {"s_phone", "s_always-withdraw"} <= nodes(mermaid(shop))
    assert not {"s_phone", "s_always-withdraw"} & nodes(text)
    assert "not within" not in text
    assert {"s_need", "s_choose", "s_buy", "s_saw", "s_talk-later", "s_try_it", "s_fulfilled"} <= nodes(text)
    assert {end for source, _, target in arrows(text) for end in (source, target)} <= nodes(text)


HOSTILE = [
    '"]; click x href "javascript:alert(1)"',
    "<script>alert(1)</script>",
    "%%{init: {'securityLevel': 'loose'}}%%",
    "`**x**`",
    "#quot;",
    "a\u202eb\x1b[31m\x00",
    "1. one",
    "- two",
    "end",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_can_leave_its_label(text: str) -> None:
    """A text keeps to letters, digits, harmless signs and codes, whatever it holds."""
    safe = escaped(text)
    assert re.fullmatch(r"(?:[\w .,!?()+/'’–—…:=€£$*×-]|#\d+;)*", safe), safe
    assert not set(safe) & set('"<>`{}[]%\x1b\x00\u202e')
    assert not re.match(r"\d+\.|[-+*]", safe)


def test_hostile_titles_stay_inside_their_nodes() -> None:
    """A process whose titles are hostile has the same nodes and arrows as one whose titles are not."""
    hostile = FLOW.replace("title: A shop", r'title: "x\"]; click"').replace("The maker", "'<b>%%{init}%%</b>'")
    assert nodes(mermaid(parse(hostile, check=False))) == nodes(mermaid(parse(FLOW, check=False)))


def test_what_starts_a_job_leads_to_the_need() -> None:
    """Messages and schedules that start jobs are drawn before the need, in the picture and in the outline."""
    text = """
process: small
need: Something
starts:
  - {message: asked, customer: key, when: key != ""}
  - {every: 0 7 * * mon, customer: '"ada"'}
states:
  need: {type: need, next: work}
  work: {type: task, for: staff, on: {done: fulfilled}}
  fulfilled: {type: fulfilled}
"""
    picture = mermaid(parse(text))
    assert "by message asked if key != #34;#34;" in picture
    assert "at 0 7 #42; #42; mon" in picture or "at 0 7 * * mon" in picture
    assert picture.count(" --> s_need") == 2
    assert "Starts by message asked" in text_tree(parse(text))
    assert "Starts at 0 7 * * mon" in text_tree(parse(text))
