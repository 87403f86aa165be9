"""Finding the branches that stand in a scope, without reading those that cannot."""

from __future__ import annotations

from collections.abc import Iterator

from flowengine.core.machines import Compiled
from flowengine.core.position import Position
from flowengine.core.values import ROOT, Branch


def branches_in(position: Position, compiled: Compiled, path: str) -> Iterator[Branch]:
    """The branches that run in a scope, in the order they were made: the root, or those of a parallel, each or stage.

    Those that are pending or done are left out.
    """
    if path == "":
        root = position.branch(ROOT)
        assert root is not None, "the root branch is always open"
        yield root
    elif position.head.branches:
        for parent in branches_in(position, compiled, compiled.parent_scope[path]):
            for child in position.children(parent.id):
                if child.scope == path and not child.pending and not child.done:
                    yield child
