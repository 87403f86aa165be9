"""The engine: everything that can be asked of flows, typed and in one place.

:class:`Engine` is made of parts, one a noun, in files of their own; what it does with jobs stands in ``face``.
"""

from __future__ import annotations

from flowengine.engine.face import Engine
from flowengine.people.identities import By

__all__ = ["By", "Engine"]
