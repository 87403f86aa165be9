"""A voter's own ballot, and what shows that it was counted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from flowengine.core.values import Json
from flowengine.views.replies import View


class ProofNode(View, frozen=True, kw_only=True):
    """A hash beside the way from a ballot up to the root of its box, and the side on which it stands."""

    side: Literal["left", "right"]
    hash: str


class BallotView(View, frozen=True, kw_only=True):
    """A voter's own ballot in a vote, and what became of the vote's box.

    ``state`` is ``open``, ``counted``, or ``left`` (the vote was left without a result). ``voted`` says that he has
    voted, ``ballot`` what: ``{"for": …}`` or ``{"abstain": true}``; null where he has not, and where it was erased.
    ``may_change``: he may vote, or vote anew. ``voters`` may vote, ``cast`` counts the ballots in the box once it is
    counted, ``root`` is their hash, to which the history of the job commits.

    ``counted``: his ballot is among them. ``leaf`` is its hash, sha256 of a byte 0 and the lines ``id``, ``weight`` in
    millionths, ``salt`` and ``written``; with ``beside`` it leads to the root: each node is sha256 of a byte 1, the
    left hash and the right one.
    """

    step: str
    title: str
    state: Literal["open", "counted", "left"]
    due: datetime | None = None
    voted: bool
    ballot: Json = None
    may_change: bool
    voters: int
    cast: int | None = None
    root: str = ""
    counted: bool = False
    leaf: str = ""
    id: str = ""
    weight: int = 0
    salt: str = ""
    written: str = ""
    beside: tuple[ProofNode, ...] = ()
