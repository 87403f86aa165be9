"""Where somebody signs in, as the door knows it."""

from __future__ import annotations

from flowengine.core.values import Value
from flowengine.people.identities import Identity


class Browser(Value, frozen=True, kw_only=True):
    """Where somebody signs in: the network ``address`` and the ``agent`` by which it calls itself, both for whoever
    looks at his sessions, the address for counting how often something is asked.

    ``current`` is who is signed in there just now. Somebody else is let in only with ``switch``: he has been asked who
    he is now, and the session of the other ends.
    """

    address: str = ""
    agent: str = ""
    current: Identity | None = None
    switch: bool = False
