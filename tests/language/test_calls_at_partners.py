"""What the file must say of a call at a partner, and may not of one here."""

from __future__ import annotations

import pytest

from flowengine.language import parse, problems

TEXT = """
process: coat
need: A coat
roles: {buyer: Buyer}
states:
  need: {type: need, next: order}
  order: {type: call, process: cloth, STATE, on: {fulfilled: fulfilled, ended: gone, expired: gone}}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: There is none}
"""


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        ("at: mill, for: buyer, within: P9D", []),
        ("at: mill, for: customer, within: P9D, agreement: 0a1b2c3d4e5f6789", []),
        ("at: mill, within: P9D", ["missing-key"]),
        ("at: 'https://mill.example', for: buyer, within: P9D", ["bad-name"]),
        ("for: buyer, within: P9D", ["unknown-key"]),
        ("agreement: 0a1b2c3d4e5f6789, within: P9D", ["unknown-key"]),
        ("at: mill, for: smith, within: P9D", ["unknown-role"]),
        ("at: mill, for: customer", ["no-deadline", "unused-outcome"]),
    ],
)
def test_who_answers_a_partner_is_said(state: str, codes: list[str]) -> None:
    """With a partner there is somebody who answers him, and where that is the customer a deadline (L8)."""
    found = [one.code for one in problems(TEXT.replace("STATE", state), "coat.yaml")]
    assert found[: len(codes)] == codes[: len(found)]
    assert bool(found) == bool(codes)


def test_what_was_accepted_before_is_still_read() -> None:
    """A version in use that names an address, as earlier ones did, and nobody who answers: its jobs go on (L6)."""
    text = TEXT.replace("STATE", "at: 'https://mill.example/flow', within: P9D")
    order = parse(text, "coat.yaml", check=False).root.states["order"]
    assert (order.at, order.answerers) == ("https://mill.example/flow", ())
