"""How often something may be asked: by one address, of one contact, of one person. The counts are in the database, so
that all servers share them; what has been asked too often is refused until the stretch of time has slid on.

Nobody can be told apart by it: it counts what was asked, whether there is such a contact or not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from math import ceil
from typing import NamedTuple, TypeVar

from flowengine.commands.shell import Shell
from flowengine.errors import Refused, TooMany
from flowengine.speech.phrases import phrase
from flowengine.store import Transaction
from flowengine.store.throttles import Hits

T = TypeVar("T")


class Limit(NamedTuple):
    """So many in such a stretch of time, which slides."""

    most: int
    window: timedelta


_MINUTES, _DAY = timedelta(minutes=15), timedelta(days=1)
LIMITS = {
    "code to contact": Limit(5, _MINUTES),
    "codes to contact": Limit(20, _DAY),
    "code from address": Limit(30, _MINUTES),
    "answer from address": Limit(60, _MINUTES),
    "link from address": Limit(120, _MINUTES),
    "totp of person": Limit(10, _MINUTES),
    "device from address": Limit(60, _MINUTES),
    "device of person": Limit(20, _MINUTES),
    "passkey from address": Limit(120, _MINUTES),
    "provider from address": Limit(120, _MINUTES),
    "start to contact": Limit(3, timedelta(hours=1)),
    "start from address": Limit(10, timedelta(hours=1)),
}
"""What is counted: what, of or from whom. Many people may share an address, so that it may ask more often."""


def count(shell: Shell, tx: Transaction, **asked: str) -> None:
    """Count what is asked: ``code_to_contact="ada@example.org"``. What is not known (an address, say) is not counted.

    Raises TooMany. What is to stay counted though it comes to nothing is done by :func:`settled`.
    """
    now = shell.clock.now()
    tx.throttles.tidy(now)
    for words, whom in asked.items():
        what = words.replace("_", " ")
        if whom:
            limit = LIMITS[what]
            name = sha256(f"{what}\0{whom.strip().casefold()}".encode(errors="surrogatepass")).hexdigest()
            wait = _wait(tx.throttles.hit(name, now, limit.window), limit)
            if wait:
                raise TooMany(
                    phrase("this was asked too often"),
                    possible=(phrase("ask again in %(wait)s s", wait=wait),),
                    retry_after=wait,
                )


def _wait(hits: Hits, limit: Limit) -> int:
    """Seconds until one more is within the limit, which the last one already is counted for; 0 if it is."""
    before = hits.before * (1 - hits.passed)
    if hits.now + before <= limit.most:
        return 0
    free = limit.most - 1
    if hits.now - 1 <= free and hits.before:
        passed = 1 - (free - (hits.now - 1)) / hits.before
    else:
        passed = 2 - free / max(hits.now - 1, 1)
    return max(1, ceil((passed - hits.passed) * limit.window.total_seconds()))


def settled(shell: Shell, work: Callable[[Transaction], T | Refused]) -> T:
    """Do ``work`` in a transaction and give what it gives. A refusal that it gives back is raised once that is
    committed, so that what was counted, or used up, stays so."""
    found = shell.keep(work)
    if isinstance(found, Refused):
        raise found
    return found
