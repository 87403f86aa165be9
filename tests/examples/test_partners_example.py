"""Two organisations whose servers and workers are killed while orders go on between them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def partners(monkeypatch: pytest.MonkeyPatch):
    """The example, as it is in a checkout."""
    monkeypatch.syspath_prepend(str(ROOT))
    from examples.partners import __main__ as partners

    return partners


def test_orders_come_to_their_ends_whatever_is_killed(partners, tmp_path: Path) -> None:
    """Servers and workers of both are killed; each order is there once on both sides, as it should be."""
    told: list[str] = []
    placed = partners.play(tmp_path, 4, kills=6, every=1.0, seed=3, tell=told.append)
    assert len(placed.begun) >= 4
    assert told[-1].startswith("6 processes were killed")


@pytest.mark.parametrize(("place", "wrong"), [("SAID", {"plain": ["done"]}), ("OURS", {"plain": "withdrawn"})])
def test_what_is_not_as_it_should_be_is_noticed(partners, tmp_path: Path, place: str, wrong: dict[str, object]) -> None:
    """The check can fail: something that was done otherwise, and another end."""
    from examples.partners import orders
    from examples.whole_story.person import NotAsTold

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "KINDS", ("plain",))
        patch.setitem(getattr(orders, place), "plain", wrong["plain"])
        with pytest.raises(NotAsTold, match="order 0"):
            partners.play(tmp_path, 1, tell=lambda _: None)
