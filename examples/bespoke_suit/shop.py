"""The shop's handlers at the pretend mill of the current folder, for ``flow worker --handlers``.

    flow worker --handlers examples.bespoke_suit.shop:HANDLERS

The mill's file is ``mill.db``, or whatever the environment variable ``SUIT_MILL`` names.
"""

from __future__ import annotations

import os

from .handlers import handlers
from .mill import Mill

MILL = Mill(os.environ.get("SUIT_MILL", "mill.db"))
HANDLERS = handlers(MILL)
