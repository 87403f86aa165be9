"""Scopes that begin in one of several ways."""

from __future__ import annotations

import pytest
from rehearsal import TOM, Rehearsal

from flowengine.interop.mermaid import mermaid
from flowengine.interop.text_tree import text_tree
from flowengine.language import parse, problems

TEXT = """
process: sample
need: Something
roles: {tailor: {title: Tailor}}
states:
  need:
    type: need
    fields: {rush: {type: boolean}, pieces: {type: array, items: {type: integer, minimum: 0, maximum: 9}}}
    next: making
  making:
    type: parallel
    branches:
      cloth:
        start: [{to: cut, when: data.need.rush, title: in a hurry}, {to: order, set: {ordered: true}}]
        states:
          cut: {type: task, for: tailor, next: done}
          order: {type: task, for: tailor, next: done}
    next: pieces
  pieces:
    type: each
    of: data.need.pieces
    start: [{to: sew, when: item > 0}, done]
    states: {sew: {type: task, for: tailor, next: done}}
    next: boxing
  boxing:
    type: stage
    start: [{to: wrap, when: data.need.rush}, {to: fulfilled, when: '!data.need.rush'}]
    states: {wrap: {type: task, for: tailor, next: done}}
    next: fulfilled
  fulfilled: {type: fulfilled}
"""


def test_the_first_way_whose_condition_holds_is_taken_in_each_kind_of_scope() -> None:
    """A branch, the items of an each and a stage begin where their data say; the last way is taken else."""
    process = parse(TEXT)
    job = Rehearsal(process, need={"rush": True, "pieces": [0, 2, 0]})
    assert (job.standing, "ordered" in job.data) == (["cut", "making"], False)
    job.act("cut", "done", by=TOM)
    assert job.standing == ["pieces", "sew"], "the items that are nothing are done at once"
    job.act("sew", "done", by=TOM)
    assert job.standing == ["boxing", "wrap"]
    slow = Rehearsal(process, need={"rush": False, "pieces": []})
    assert (slow.standing, slow.data["ordered"]) == (["making", "order"], True)
    slow.act("order", "done", by=TOM)
    assert slow.status == "fulfilled", "a way to begin may lead to an end of the process"


def test_pictures_show_how_it_begins_as_a_decision() -> None:
    """Both pictures show the ways to begin, with their titles or conditions."""
    process = parse(TEXT)
    assert '{"<b>Start of Cloth</b>"}:::decision' in mermaid(process)
    assert '|"in a hurry"| s_cut' in mermaid(process)
    assert "in a hurry → cut" in text_tree(process)


WRONG = {
    "no way holds": ("[{to: wrap, when: data.need.rush}]", "no-fallback", "data.need.rush is no"),
    "behind one that always holds": ("[wrap, {to: fulfilled, when: data.need.rush}]", "dead-route", "never taken"),
    "never": ("[{to: wrap, when: size(data.need.pieces) < 0}, done]", "never-holds", "never holds"),
    "data that are not there": ("[{to: wrap, when: data.made.ok}, done]", "unknown-data", "made"),
    "data that come later": ("[{to: wrap, when: data.wrap.ok}, done]", "missing-data", "wrap"),
    "another scope": ("[{to: cut, when: data.need.rush}, done]", "foreign-target", "cut"),
    "no state": ("[{to: wrapp, when: data.need.rush}, done]", "unknown-target", "wrapp"),
    "nothing was done yet": ("[{to: wrap, undo: true}]", "unknown-key", "undo"),
    "a way that nothing takes": ("[{to: done, when: data.need.rush}, done]", "unreachable-state", "wrap"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_way_to_begin_is_checked_like_a_decision(name: str) -> None:
    """Ways that cover no case, can never be taken, read what is not there or lead nowhere are refused."""
    start, code, words = WRONG[name]
    lines = TEXT.splitlines()
    at = next(number for number, line in enumerate(lines) if "to: wrap" in line)
    lines[at] = f"    start: {start}"
    text = "\n".join(lines).replace("wrap: {type: task,", "wrap: {type: task, fields: {ok: {type: boolean}},")
    found = [one for one in problems(text) if one.code == code]
    assert found, problems(text)
    assert words in found[0].message
