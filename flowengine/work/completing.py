"""Finishing later: a call is completed, or given up, by whoever holds its token.

A token is ``<job id>.<number>.<mac>``: an HMAC-SHA256 under a secret of the database, so it is the same at each attempt
of the call, needs no place of its own, and cannot be made up. The same completion again gives the same receipt (L3).
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode

from flowengine.commands import access
from flowengine.commands.receipts import body_hash, encoded, given
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.fields import as_plain
from flowengine.core.values import Actor, Json
from flowengine.errors import BadAnswer, KeyConflict, NotFound, StaleCommand
from flowengine.people.identities import actor_key
from flowengine.runtime.handler_threads import LONGEST_ERROR
from flowengine.store import ClaimedCall, Transaction
from flowengine.store.receipts import FORGOTTEN
from flowengine.views.replies import Receipt
from flowengine.work.ending import Done, Over, command_of, end

COMPLETER = Actor(kind="service", id="completion")
"""Under whose name the receipts of completions are kept."""

_TOKEN = re.compile(rf"({access.JOB_ID})\.([0-9]{{1,12}})\.([A-Za-z0-9_-]{{43}})", re.ASCII)


def token(shell: Shell, job: str, number: int) -> str:
    """The token that completes a call. Inside a transaction only after :meth:`Secret.made`."""
    return _signed(shell.secret.made(shell), f"{job}.{number}")


def _signed(secret: bytes, call: str) -> str:
    mac = hmac.digest(secret, f"complete {call}".encode(), "sha256")
    return f"{call}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def _call_of(shell: Shell, text: str) -> tuple[str, int]:
    """The call that a token is for. Raises NotFound for one that was not given out here, whatever is wrong with it."""
    match = _TOKEN.fullmatch(text) if isinstance(text, str) else None
    secret = shell.secret.found(shell) if match else None
    if match is None or secret is None:
        raise _unknown()
    if not hmac.compare_digest(_signed(secret, f"{match[1]}.{match[2]}").encode(), text.encode()):
        raise _unknown()
    return match[1], int(match[2])


def _unknown() -> NotFound:
    return NotFound(
        "there is no call for this token", where="token", possible=("the token that its handler was given",)
    )


def complete(shell: Shell, text: str, outcome: str, result: Json) -> Receipt:
    """End a call with an outcome. Raises BadAnswer for what the process cannot take: then the call still waits."""
    return _end(shell, text, Done(outcome, as_plain(result, name="result")))


def give_up(shell: Shell, text: str, error: str) -> Receipt:
    """Have a call fail for good: its route ``failed``, or an incident."""
    return _end(shell, text, Over(str(error)[:LONGEST_ERROR] or "given up", certain=True))


def _end(shell: Shell, text: str, verdict: Done | Over) -> Receipt:
    job_id, number = _call_of(shell, text)
    asked = command_of(number, verdict, COMPLETER)
    body = body_hash(job_id, asked)

    def work(tx: Transaction) -> Receipt:
        try:
            job = access.locked(tx, job_id)
        except access.Hidden:
            raise _unknown() from None
        row = tx.calls.get(job_id, number)
        before = _before(tx, job_id, row, body, asked)
        if before is not None:
            return before
        if row is None:
            raise StaleCommand("the call is no longer open", where=f"call {job_id}.{number}")
        ended = end(shell, tx, job, row, verdict, strict=True)
        assert ended.receipt is not None, "what is not refused is written in the job's history"
        if ended.incident and isinstance(verdict, Done):
            raise BadAnswer({"": ended.incident}, where=f"call {job_id}.{number}")
        key = _key(job_id, number, tx.calls.get(job_id, number))
        tx.receipts.add(actor_key(COMPLETER), key, job_id, body, encoded(ended.receipt), shell.clock.now())
        return ended.receipt

    return shell.keep(work)


def _key(job_id: str, number: int, row: ClaimedCall | None) -> str:
    """The key of a completion's receipt. A call that was given up and became an incident is open and may be tried
    again, by which its epoch changes: then it can be completed, or given up, anew."""
    return f"{job_id}.{number}" if row is None else f"{job_id}.{number} {row.epoch}"


def _before(
    tx: Transaction, job_id: str, row: ClaimedCall | None, body: str, asked: c.Finish | c.Fail
) -> Receipt | None:
    """What was answered to the same completion before (L3). Raises KeyConflict after another one, unless that left an
    incident, which a result resolves. Once the call is closed, each completion that ever was is known."""
    where, again = f"call {job_id}.{asked.call}", "the same completion again"
    other = KeyConflict("the call was completed before, in another way", where=where, possible=(again,))
    key = _key(job_id, asked.call, row)
    if row is not None:
        try:
            return given(tx.receipts.find(actor_key(COMPLETER), key), key, body)
        except KeyConflict:
            if isinstance(asked, c.Finish):
                return None
            raise other from None
    known = tx.receipts.starting(actor_key(COMPLETER), key)
    same = next((stored for _, stored in known if stored[0] in (body, FORGOTTEN)), None)
    if same is None and any(one == key for one, _ in known):
        raise other
    return given(same, key, body)
