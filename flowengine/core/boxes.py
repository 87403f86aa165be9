"""A ballot box: the papers of a vote, kept apart from the position while the vote runs, closed once and counted once.

In memory the ballots of a vote are the seats of its step. A world that keeps boxes (:meth:`World.freeze`) takes them
out of the position: who may vote is frozen there, ballots go in without a command, and the box comes back with the
command that closes the vote. What the history commits to is the box's root.

The root is the hash of a Merkle tree, as certificates are logged by (B. Laurie, A. Langley, E. Kasper, *RFC 6962*,
2013): a leaf is ``sha256(0x00 + paper)``, a node ``sha256(0x01 + left + right)``, and a node without a right
neighbour goes up as it is. The papers are in the order of their ids. So a few hashes beside a paper show that it was
in the box when it was counted, and nothing of the other papers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from flowengine import exact
from flowengine.core.values import Json

LAYER = 1024
"""Papers below one node of the layer that is kept, so that for a proof no more than these are read; a power of two."""


class Electorate(NamedTuple):
    """Who may vote, frozen: how many, with what weight together, and the hash of their list."""

    voters: int
    weight: exact.Number
    hash: str = ""


class Papers(NamedTuple):
    """Papers that say the same: what they say, the weight of each, and how many there are."""

    ballot: Json
    weight: exact.Number
    times: int


class Box(NamedTuple):
    """A box that is being counted: ``papers``, each kind of them once, and the root; empty where it is only looked
    what would be. ``read`` makes a ballot of what was written."""

    written: Sequence[tuple[str, exact.Number, int]]
    read: Callable[[str], Json]
    root: str = ""

    @property
    def papers(self) -> Iterable[Papers]:
        """The papers, each kind of them once."""
        return (Papers(self.read(text), weight, times) for text, weight, times in self.written)


def leaf(id: str, weight: int, salt: str, ballot: str) -> bytes:
    """The hash of a paper: of its id, its weight in millionths, its salt and what it says. It is one call and no more,
    for there may be a million of them."""
    return sha256(f"\0{id}\n{weight}\n{salt}\n{ballot}".encode()).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two nodes."""
    return sha256(b"\1" + left + right).digest()


def root(nodes: Sequence[bytes]) -> bytes:
    """The root above nodes of one level; of none, the hash of nothing."""
    if not nodes:
        return sha256(b"").digest()
    level = list(nodes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof(nodes: Sequence[bytes], index: int) -> list[tuple[str, bytes]]:
    """The hashes beside the way from a node up to the root, each with the side on which it stands."""
    level, beside = list(nodes), []
    while len(level) > 1:
        other = index ^ 1
        if other < len(level):
            beside.append(("left" if other < index else "right", level[other]))
        level, index = _above(level), index // 2
    return beside


def leads_to(leaf: bytes, beside: Iterable[tuple[str, bytes]]) -> bytes:
    """The root to which a leaf leads with the hashes beside its way."""
    for side, other in beside:
        leaf = node(other, leaf) if side == "left" else node(leaf, other)
    return leaf


def _above(level: Sequence[bytes]) -> list[bytes]:
    # as node does; a million calls of it would be a fifth of what a box takes to be counted
    pairs = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    return pairs + list(level[-1:]) if len(level) % 2 else pairs
