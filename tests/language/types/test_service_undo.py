"""``undo`` of a service: a handler, or with the words and the costs that its customer is told of."""

from __future__ import annotations

import pytest

from flowengine.errors import ProcessRefused
from flowengine.language import parse
from flowengine.language.types import Service

FILE = """
process: paid
title: Paid
need: Something
roles: {{maker: {{title: Maker}}}}
states:
  need: {{type: need, fields: {{n: {{type: number}}, secret: {{type: string}}}}, next: note}}
  note: {{type: task, for: maker, fields: {{inner: {{type: string}}}}, next: pay}}
  pay: {{type: service, call: pay, undo: {undo}, on: {{done: fulfilled, failed: fulfilled}}}}
  fulfilled: {{type: fulfilled}}
"""


def service(undo: str) -> Service:
    found = parse(FILE.format(undo=undo), "paid.yaml").root.states["pay"]
    assert isinstance(found, Service)
    return found


def test_a_handler_alone_is_what_it_was() -> None:
    """Files from before mean what they meant."""
    found = service("refund")
    assert (found.undo, found.undo_words, found.undo_costs) == ("refund", None, None)
    assert service("{call: refund}") == found


def test_words_and_costs_stand_beside_the_handler() -> None:
    """They are read as a text and an expression, and the handler is one of those that the service calls."""
    found = service('{call: refund, words: "You get {data.need.n} back", costs: data.need.n / 10}')
    assert (found.undo, found.handlers) == ("refund", ("pay", "refund"))
    assert str(found.undo_words) == "You get {data.need.n} back"
    assert str(found.undo_costs) == "data.need.n / 10"


@pytest.mark.parametrize(
    ("undo", "code"),
    [
        ("{words: Sorry}", "missing-key"),
        ("{call: refund, word: Sorry}", "unknown-key"),
        ('{call: refund, words: "{data.need.m}"}', "unknown-field"),
        ('{call: refund, words: "{data.note.inner}"}', "internal-data"),
        ('{call: refund, costs: "data.need.secret"}', "type-mix"),
    ],
)
def test_what_is_wrong_in_it_is_told(undo: str, code: str) -> None:
    """Keys, data that there are not, data that no customer may see (L9), and costs that are no number."""
    with pytest.raises(ProcessRefused) as refused:
        service(undo)
    assert code in {one.code for one in refused.value.problems}
