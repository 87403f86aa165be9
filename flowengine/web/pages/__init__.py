"""Pages: what customers, staff and operators do in a browser, without a script of theirs being needed.

Each page is a function that is given a :class:`~flowengine.web.pages.visit.Visit` (who asks, his desk, what was posted,
how he is spoken to) and answers by it; the pages of one noun stand in one file, which names them in its ``pages``.
"""

from __future__ import annotations

from flowengine.web.pages.install import add_pages
from flowengine.web.pages.look import Look

__all__ = ["Look", "add_pages"]
