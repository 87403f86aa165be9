"""What partners agree on: what changes it, and what does not."""

from __future__ import annotations

import pytest

from flowengine.interop.agreement import agreement, differences, version_of
from flowengine.language import parse
from flowengine.samples import process_file

SUPPLIER = process_file("supplier").read_text("utf-8")


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("Do you order at this price, for this day?", "Will you have it?", []),
        ("sales: {title: Sales}", "sales: {title: Salesmen}", []),
        ("within: P7D", "within: P9D", []),
        ("maximum: 10000}", "maximum: 9}", ["need: pieces is otherwise"]),
        ("goods.all_right: fulfilled", "goods.good: fulfilled", ["asks: arrive.goods is otherwise"]),
        ("not_to_be_had: {type: ended", "gone: {type: ended", ["ends: not_to_be_had is gone", "ends: gone is new"]),
        ("maxLength: 60, show: true}", "maxLength: 60}", ["tells: send is gone"]),
        ("withdraw: {title", "take_back: {title", ["withdrawal is not possible now"]),
    ],
)
def test_an_agreement_is_the_shape_of_what_crosses(was: str, becomes: str, told: list[str]) -> None:
    """Words, people and times may change; fields, ways, what is told and ends may not without a new version."""
    text = SUPPLIER.replace(was, becomes)
    assert text != SUPPLIER
    before, after = agreement(parse(SUPPLIER)), agreement(parse(text, check=False))
    assert differences(before, after) == told
    assert (version_of(before) == version_of(after)) == (not told)
