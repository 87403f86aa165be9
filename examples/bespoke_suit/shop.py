"""The shop's handlers at the pretend mill and till of the current folder, for ``flow worker --handlers``.

    flow worker --handlers examples.bespoke_suit.shop:HANDLERS

Their files are ``mill.db`` and ``till.db``, or whatever the environment variables ``SUIT_MILL`` and ``SUIT_TILL`` name.
"""

from __future__ import annotations

import os

from .handlers import handlers
from .mill import Mill
from .till import Till

MILL = Mill(os.environ.get("SUIT_MILL", "mill.db"))
TILL = Till(os.environ.get("SUIT_TILL", "till.db"))
HANDLERS = handlers(MILL, TILL)
