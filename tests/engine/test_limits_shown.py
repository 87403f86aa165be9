"""Limits on options that an expression gives: what a customer sees of them (L9)."""

from __future__ import annotations

from flowengine import Engine

TEXT = """
process: sampling
need: A sample
roles: {tailor: {title: Tailor}}
states:
  need: {type: need, next: find}
  find: {type: task, for: tailor, fields: {cloths: {type: array, show: true, minItems: 1}}, next: choose}
  choose:
    type: choice
    choose: {cloth: {from: '{dyn(data.find.cloths)}', min: 2, max: 2, limits: {colour: {blue: 1}}}}
    within: P1D
    on: {chosen: fulfilled, expired: fulfilled}
  fulfilled: {type: fulfilled}
"""
CLOTHS = [
    {"id": "a", "colour": "blue", "margin": 8088},
    {"id": "b", "colour": "blue", "margin": 8088},
    {"id": "c", "colour": "red", "margin": 8088},
]


def test_a_customer_sees_what_limits_go_by_and_nothing_else_that_an_option_holds(engine: Engine) -> None:
    """He could not keep limits on what he does not see."""
    engine.deploy(TEXT)
    engine.start("sampling", by="ada")
    (task,) = engine.inbox("tom")
    engine.act(task.id, "done", {"cloths": CLOTHS}, by="tom")
    (item,) = engine.inbox("ada")
    (field,) = engine.step(item.id, "ada").form.ways[0].fields
    assert [one.more for one in field.options] == [{"colour": "blue"}, {"colour": "blue"}, {"colour": "red"}]
    assert engine.act(item.id, "chosen", {"cloth": ["a", "c"]}, by="ada").status == "fulfilled"
