"""Leases of external workers: the right to report on one attempt of one call.

A lease is a text that only the claim gives out, sealed with the database's secret: so whoever shows one did claim the
call, and can be told that it is lost. It is good for every token of the same subject, so that tokens can be replaced
while work goes on.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import NamedTuple

from flowengine.commands import access
from flowengine.commands.shell import Shell
from flowengine.commands.tokens import TokenView
from flowengine.errors import StaleCommand
from flowengine.store import ClaimedCall, Transaction
from flowengine.store.codec import micros, moment

_LEASE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([A-Za-z0-9_-]{22})", re.ASCII)
_CALL = re.compile(rf"({access.JOB_ID})\.([0-9]{{1,12}})", re.ASCII)
_SHOWN = 100


class Lease(NamedTuple):
    """A claim of one call: which one, of which epoch, since when, and by whom."""

    id: str
    job: str
    number: int
    epoch: int
    began: datetime
    subject: str


def written(shell: Shell, lease: Lease) -> str:
    """The lease as its holder shows it."""
    return f"{lease.epoch}-{micros(lease.began)}-{_seal(shell, lease)}"


def _seal(shell: Shell, lease: Lease) -> str:
    """128 bits, which only who knows the database's secret can make."""
    words = f"lease {lease.id} {lease.epoch} {micros(lease.began)} {lease.subject}"
    mac = hmac.digest(shell.secret.made(shell), words.encode(), "sha256")
    return urlsafe_b64encode(mac[:16]).decode().rstrip("=")


def read(shell: Shell, who: TokenView, id: str, text: str) -> Lease:
    """The lease of a call that was given to the token's subject. Raises NotFound for any other (L4)."""
    call, parts = _CALL.fullmatch(id), _LEASE.fullmatch(text)
    if call is None or parts is None:
        raise access.no_such("call", id[:_SHOWN])
    lease = Lease(id, call[1], int(call[2]), int(parts[1]), _moment(int(parts[2])), who.subject)
    if not hmac.compare_digest(_seal(shell, lease), parts[3]):
        raise access.no_such("call", id)
    return lease


def _moment(microseconds: int) -> datetime:
    try:
        return moment(microseconds)
    except OverflowError:
        return moment(0)  # such a lease was never written: its seal is wrong


def held(tx: Transaction, who: TokenView, mine: Lease) -> ClaimedCall:
    """The call, while the lease is the last that was given out and nothing was reported under it (L10)."""
    claimed = tx.calls.get(mine.job, mine.number)
    if claimed is None or claimed.epoch != mine.epoch or not claimed.worker or claimed.call.incident:
        raise lost(mine)
    if claimed.call.handler not in who.handlers:
        raise access.no_such("call", mine.id)
    return claimed


def lost(mine: Lease, why: str = "the call is over, or another has it by now") -> StaleCommand:
    """What late work is answered: it changes nothing (L10)."""
    return StaleCommand(
        f"the lease is lost: {why}", where=mine.id, possible=("drop the work: whatever comes of it changes nothing",)
    )
