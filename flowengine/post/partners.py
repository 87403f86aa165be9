"""What is said to partners: that a job is wanted, what was answered, that nobody waits any more, how a job stands; and
records of customers who consent."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from flowengine import exact
from flowengine.commands import consents, partners
from flowengine.commands.exchanged import heard_by
from flowengine.commands.partners import Begin, Leave, Look, News, Reply
from flowengine.commands.shell import Shell
from flowengine.core import commands as c
from flowengine.core.values import Actor
from flowengine.errors import AnswerRefused, NotFound, OutsideError, StaleCommand, Unreachable
from flowengine.language.types import Call
from flowengine.outside.http import Answer, client
from flowengine.runtime.partners import Partner
from flowengine.store import OutboxMessage

WITHIN = 20.0
"""Seconds that one answer may take."""


def send(shell: Shell, row: OutboxMessage) -> None:
    """Say one thing to a partner, and take what he answers. Raises what the outbox tries again, or gives up."""
    partner = shell.settings.partners[str(row.body["at"])]
    if row.body["say"] in ("record", "consent_ends"):
        _tell_of_record(shell, partner, row)
        return
    said = _said(shell, row)
    if said is None:
        return
    answer = _asked(shell, partner, row.id, said)
    if isinstance(said, News):
        _judge(answer, partner, gone=True)
        return
    _heard(shell, partner, row, said, answer)


def _tell_of_record(shell: Shell, partner: Partner, row: OutboxMessage) -> None:
    """Send a customer's record, or that he consents no more."""
    with shell.reading() as tx:
        said = consents.said(tx, row)
    if said is None:
        return
    consent, body = said
    signed = partner.signed(row.id, shell.clock.now(), body)
    answer = client(shell.settings.http_allow).post(partner.address, body, signed, within=WITHIN)
    if not 200 <= answer.status < 300:
        if row.body["say"] == "record":
            consents.refused(shell, row, _words(answer))
        _judge(answer, partner, gone=True)
        raise AnswerRefused(f"{partner.name} answers {answer.status}: {_words(answer)}", where=partner.name)
    partners.check_answer(partner, answer.headers, answer.body, shell, row.id)
    heard_by(answer.body, partner.name, consent)
    if row.body["say"] == "record":
        consents.taken(shell, row)


def _said(shell: Shell, row: OutboxMessage) -> Begin | Reply | Leave | News | None:
    """What a row is, as it is by now; None where it need not be said any more."""
    body = row.body
    if body["say"] == "news":
        with shell.reading() as tx:
            return partners.news(shell, tx, row.job)
    call = f"{row.job}.{body['call']}"
    if body["say"] == "leave":
        return Leave(call=call)
    state = _state(shell, row)
    if state is None:
        return None  # the job has gone on meanwhile; what says that it left stands behind this in its lane
    if body["say"] == "answer":
        return Reply(call=call, step=str(body["step"]), outcome=str(body["outcome"]), answer=body["answer"])
    need = {"process": str(body["process"]), "need": body["need"], "depth": int(body["depth"])}
    return Begin(call=call, agreement=state.agreement, **need)


def _state(shell: Shell, row: OutboxMessage) -> Call | None:
    """The state whose call it is, while it is awaited."""
    with shell.reading() as tx:
        try:
            job = tx.jobs.get(row.job)
        except NotFound:
            return None
        name = job.position.branch_of_call(int(row.body["call"]))
        branch = job.position.branch(name) if name is not None else None
        call = next((one for one in branch.calls if one.number == row.body["call"]), None) if branch else None
        if call is None:
            return None
        found = shell.catalogue.compiled(tx, job.process, job.version).states[call.state].member(call.member)
    assert isinstance(found, Call), "what is said to partners is of calls"
    return found


def _asked(shell: Shell, partner: Partner, id: str, said: Begin | Reply | Leave | Look | News) -> Answer:
    body = exact.encode(said)
    signed = partner.signed(id, shell.clock.now(), body)
    return client(shell.settings.http_allow).post(partner.address, body, signed, within=WITHIN)


def _heard(shell: Shell, partner: Partner, row: OutboxMessage, said: Begin | Reply | Leave, answer: Answer) -> None:
    """What came of it: news of the job; or it was refused, which ends the call, or has the question asked again."""
    if 200 <= answer.status < 300:
        told = partners.told_by(partner, answer.headers, answer.body, shell, row.id)
        partners.take(shell, partner, told, took=said.step if isinstance(said, Reply) else "")
        return
    _judge(answer, partner, gone=False)
    words = f"{partner.name}: {_words(answer)}"
    if isinstance(said, Leave):
        return  # there is nothing to leave
    if isinstance(said, Begin):
        by = Actor(kind="service", id=f"partner:{partner.name}")
        with suppress(StaleCommand):
            shell.by_engine(row.job, c.Fail(by=by, call=int(row.body["call"]), error=words, certain=True))
        return
    id = f"{row.id}.look"
    now = _asked(shell, partner, id, Look(call=said.call))
    if not 200 <= now.status < 300:
        _judge(now, partner, gone=False)
        raise AnswerRefused(f"{partner.name} answers {now.status}: {_words(now)}", where=partner.name)
    told = partners.told_by(partner, now.headers, now.body, shell, id)
    partners.take(shell, partner, told, took=said.step, refused=words)


def _judge(answer: Answer, partner: Partner, *, gone: bool) -> None:
    """Raises what is tried again where it is not now that it can be done; with ``gone``, also what never can. To a call
    that is not there any more nothing has to be told."""
    status, what = answer.status, f"{partner.name} answers {answer.status}: {_words(answer)}"
    if status in (502, 503, 504):
        raise Unreachable(what, where=partner.name)
    if status in (401, 408, 425, 429) or status >= 500:  # 401: a secret is being changed, or a clock is wrong
        raise OutsideError(what, where=partner.name)
    if gone and status not in (200, 404, 409, 410):
        raise AnswerRefused(what, where=partner.name)


def _words(answer: Answer) -> str:
    """What a refusal says."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        told = msgspec.json.decode(answer.body)
        if isinstance(told, dict):
            return str(told.get("detail") or told.get("title") or "")[:500]
    return f"status {answer.status}"
